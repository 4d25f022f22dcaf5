// Who the guardians are.

package guardians

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/recovery"
)

// Where the contracts are, on every chain that has them.
var (
	// Validator is the weighted ECDSA validator of Kernel 0.3.x, version 0.0.3.
	Validator = common.HexToAddress("0xeD89244160CfE273800B58b1B534031699dFeEEE")
	// Action is the recovery action of Kernel 0.3.x.
	Action = common.HexToAddress("0xe884C2868CC82c16177eC73a93f7D9E6F3A5DC6E")
)

// Guardian is a secp256k1 key and what its word weighs, below 2^24.
type Guardian struct {
	Address common.Address
	Weight  uint32
}

// Setup is who can recover an account, and how long that waits.
type Setup struct {
	Guardians []Guardian
	Threshold uint32        // below 2^24
	Delay     time.Duration // whole seconds
	// DangerMessages has to be set: enough guardians can sign messages for the account at
	// once, permits of tokens among them.
	DangerMessages bool
}

// Limits of a setup. The delays are ours: the contract takes any.
const (
	MaxGuardians = 16
	MinDelay     = 24 * time.Hour
	MaxDelay     = 730 * 24 * time.Hour

	maxWeight = 1<<24 - 1
)

// SetupError says why a setup is refused.
type SetupError struct {
	Field, What, Way string
}

func (e *SetupError) Error() string { return fmt.Sprintf("guardians: %s: %s", e.Field, e.What) }

// Hint implements [account.Hinter].
func (e *SetupError) Hint() string { return e.Way }

var _ account.Hinter = (*SetupError)(nil)

// Check refuses what the contract refuses, and what would leave an account that its
// guardians take at once, or that nobody can recover.
func (s Setup) Check(acct common.Address) error {
	switch {
	case len(s.Guardians) == 0 || len(s.Guardians) > MaxGuardians:
		return &SetupError{"guardians", fmt.Sprintf("there are %d", len(s.Guardians)), fmt.Sprintf("name 1 to %d", MaxGuardians)}
	case s.Delay < MinDelay || s.Delay > MaxDelay || s.Delay%time.Second != 0:
		return &SetupError{"delay", fmt.Sprintf("it is %s", s.Delay), "use 1 to 730 days"}
	}
	sum := uint64(0)
	for i, g := range s.Guardians {
		field := fmt.Sprintf("guardians[%d]", i)
		switch {
		case g.Address == acct:
			return &SetupError{field, "the account cannot guard itself", "choose somebody else"}
		case g.Address.Big().BitLen() <= 16 || g.Address == end:
			return &SetupError{field, "nobody has the key of this address", "choose somebody else"}
		case g.Weight == 0 || g.Weight > maxWeight:
			return &SetupError{field, fmt.Sprintf("it weighs %d", g.Weight), "use small weights, at least 1"}
		case slices.ContainsFunc(s.Guardians[:i], func(o Guardian) bool { return o.Address == g.Address }):
			return &SetupError{field, "it stands there twice", "name it once"}
		}
		sum += uint64(g.Weight)
	}
	switch {
	case sum > maxWeight:
		return &SetupError{"guardians", fmt.Sprintf("they weigh %d together", sum), "use small weights"}
	case s.Threshold == 0 || uint64(s.Threshold) > sum:
		return &SetupError{"threshold", fmt.Sprintf("it is %d of %d", s.Threshold, sum), "ask for more than half of the weight"}
	case !s.DangerMessages:
		return &SetupError{"messages", "enough guardians could sign messages for the account at once, without the delay: a permit of a token is one", "set DangerMessages, or use a WebAuthnAccount, whose guardians cannot"}
	}
	return nil
}

// end is how the contract ends its list of guardians.
var end = common.BytesToAddress(bytes.Repeat([]byte{0xff}, 20))

// sorted is how the contract takes guardians: by address, the greatest first.
func (s Setup) sorted() []Guardian {
	return slices.SortedFunc(slices.Values(s.Guardians), func(a, b Guardian) int { return b.Address.Cmp(a.Address) })
}

// arguments are (guardians, weights, threshold, delay), abi.encode of which is what the
// validator is installed with.
func (s Setup) arguments() ([]common.Address, []*big.Int, *big.Int, *big.Int) {
	var who []common.Address
	var weights []*big.Int
	for _, g := range s.sorted() {
		who, weights = append(who, g.Address), append(weights, new(big.Int).SetUint64(uint64(g.Weight)))
	}
	return who, weights, new(big.Int).SetUint64(uint64(s.Threshold)), big.NewInt(int64(min(s.Delay/time.Second, math.MaxInt64)))
}

// Words are the setup for the account's owner.
func (s Setup) Words() []string {
	var who []string
	for _, g := range s.sorted() {
		who = append(who, fmt.Sprintf("%s (weighs %d)", g.Address, g.Weight))
	}
	after := recovery.Span(s.Delay) // "at once"
	if s.Delay > 0 {
		after = "after " + after
	}
	return []string{
		fmt.Sprintf("Guardians who weigh %d together can give the account a new owner %s: %s.", s.Threshold, after, strings.Join(who, ", ")),
		"The owner can veto each proposal until it is carried out. It does not expire.",
		"The same guardians can sign messages for the account at once, permits of tokens among them.",
	}
}

// Install are the account's calls that let guardians recover it: the recovery action, and
// the validator that may call it and nothing else.
func Install(a *kernel.Account, s Setup) ([]account.Call, error) {
	if !a.Version().AtLeast(kernel.V031) {
		return nil, &kernel.UnsupportedError{Version: a.Version(), What: "installs actions in another way", Way: "upgrade to Kernel 0.3.1 or later"}
	}
	if err := s.Check(a.Address()); err != nil {
		return nil, err
	}
	data, err := installArguments(s)
	if err != nil {
		return nil, err
	}
	action, err := a.InstallModule(kernel.ModuleFallback, Action, actionData())
	if err != nil {
		return nil, err
	}
	validator, err := a.InstallModule(kernel.ModuleValidator, Validator, validatorData(data))
	if err != nil {
		return nil, err
	}
	return append(action, validator...), nil
}

// Uninstall are the account's calls after which nobody guards it. What guardians have
// approved of and what is not carried out yet cannot be any more, unless they are installed
// again.
func Uninstall(a *kernel.Account) ([]account.Call, error) {
	validator, err := a.UninstallModule(kernel.ModuleValidator, Validator, nil)
	if err != nil {
		return nil, err
	}
	action, err := a.UninstallModule(kernel.ModuleFallback, Action, doRecovery)
	if err != nil {
		return nil, err
	}
	return append(validator, action...), nil
}

// Change is the account's call that puts other guardians in the place of those it has. It
// counts at once: veto what they have approved of first.
func Change(acct common.Address, s Setup) (account.Call, error) {
	if err := s.Check(acct); err != nil {
		return account.Call{}, err
	}
	who, weights, threshold, delay := s.arguments()
	return toValidator("renew", who, weights, threshold, delay)
}
