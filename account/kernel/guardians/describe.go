// What calls about guardians mean, for the person who approves them.

package guardians

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/internal/abituple"
)

// Account is a Kernel account whose summaries say in words what calls about its guardians
// mean, too.
type Account struct{ *kernel.Account }

var (
	_ account.Account   = Account{}
	_ account.Describer = Account{}
	_ account.Warner    = Account{}
)

const warnMessages = "enough of these guardians can sign messages for the account at once, without the delay and without the owner: a permit of a token is such a message"

// modules are the functions of Kernel that Install calls, and what it gives to one of them.
var modules = func() abi.ABI {
	a, err := abi.JSON(strings.NewReader(`[
{"type":"function","name":"installModule","inputs":[{"name":"kind","type":"uint256"},{"name":"module","type":"address"},{"name":"init","type":"bytes"}]},
{"type":"function","name":"validator","inputs":[{"name":"data","type":"bytes"},{"name":"hookData","type":"bytes"},{"name":"selector","type":"bytes"}]},
{"type":"function","name":"onInstall","inputs":[{"name":"data","type":"bytes"}]}]`))
	if err != nil {
		panic(err) // the text above is wrong; every test would fail
	}
	return a
}()

// DescribeCall implements [account.Describer].
func (a Account) DescribeCall(c account.Call) (string, bool) {
	if words, _ := a.read(c); words != "" && (c.Value == nil || c.Value.Sign() == 0) {
		return words, true
	}
	return a.Account.DescribeCall(c)
}

// WarnCall implements [account.Warner].
func (a Account) WarnCall(c account.Call) string {
	if words, warning := a.read(c); words != "" {
		return warning
	}
	return a.Account.WarnCall(c)
}

// read says what a call is, if it is exactly one that this package makes.
func (a Account) read(c account.Call) (words, warning string) {
	switch c.To {
	case Validator:
		return validatorWords(c.Data)
	case a.Address():
		return a.selfWords(c.Data)
	}
	return "", ""
}

func validatorWords(data []byte) (words, warning string) {
	m, err := contract.MethodById(data)
	if err != nil {
		return "", ""
	}
	args, err := abiargs.Method(m, data)
	if err != nil {
		return "", ""
	}
	switch m.Name {
	case "veto":
		hash := args[0].([32]byte)
		return fmt.Sprintf("stop the recovery %s for good", common.Hash(hash)), ""
	case "renew":
		if s, ok := setupOf(args); ok {
			return "put other guardians in the place of those that guard this account: " + s.words(), warnMessages
		}
	}
	return "", ""
}

func (a Account) selfWords(data []byte) (words, warning string) {
	if action, err := a.InstallModule(kernel.ModuleFallback, Action, actionData()); err == nil && bytes.Equal(data, action[0].Data) {
		return "let operations that guardians have approved of change the owner", ""
	}
	if calls, err := Uninstall(a.Account); err == nil {
		switch {
		case bytes.Equal(data, calls[0].Data):
			return "do without guardians", ""
		case bytes.Equal(data, calls[1].Data):
			return "remove the recovery action", ""
		}
	}
	recovery := contract.Methods["doRecovery"]
	if args, err := abiargs.Method(&recovery, data); err == nil {
		return a.recoveryWords(args[0].(common.Address), args[1].([]byte))
	}
	m := modules.Methods["installModule"]
	args, err := abiargs.Method(&m, data)
	if err != nil || args[0].(*big.Int).Cmp(big.NewInt(int64(kernel.ModuleValidator))) != 0 || args[1].(common.Address) != Validator {
		return "", ""
	}
	init := args[2].([]byte)
	if len(init) < common.AddressLength {
		return "", ""
	}
	parts, err := abiargs.Unpack(modules.Methods["validator"].Inputs, init[common.AddressLength:])
	if err != nil || !bytes.Equal(init, validatorData(parts[0].([]byte))) {
		return "", ""
	}
	inputs, err := abiargs.Unpack(contract.Methods["install"].Inputs, parts[0].([]byte))
	if err != nil {
		return "", ""
	}
	if s, ok := setupOf(inputs); ok {
		return "let guardians recover this account: " + s.words(), warnMessages
	}
	return "", ""
}

// recoveryWords are Kernel's own for a root validator that gets a new owner.
func (a Account) recoveryWords(validator common.Address, data []byte) (words, warning string) {
	if validator != a.RootContract() {
		return "", ""
	}
	install := account.Call{To: validator, Data: slices.Concat(modules.Methods["onInstall"].ID, abituple.Encode(abituple.Bytes(data)))}
	words, ok := a.Account.DescribeCall(install)
	if !ok {
		return "", ""
	}
	return "recover this account: " + words, a.Account.WarnCall(install)
}

// setupOf reads the four values of a setup. Numbers have to be as short as the contract takes them.
func setupOf(args []any) (s Setup, ok bool) {
	who, weights := args[0].([]common.Address), args[1].([]*big.Int)
	if len(who) != len(weights) || len(who) == 0 || args[2].(*big.Int).BitLen() > 24 || args[3].(*big.Int).BitLen() > 48 {
		return s, false
	}
	for i, w := range weights {
		if w.BitLen() > 24 {
			return Setup{}, false
		}
		s.Guardians = append(s.Guardians, Guardian{who[i], uint32(number(w))})
	}
	s.Threshold, s.Delay = uint32(number(args[2])), seconds(args[3])
	return s, true
}

// seconds are the validator's 48 bits, as far as a duration goes.
func seconds(v any) time.Duration {
	return time.Duration(min(number(v), uint64(math.MaxInt64/time.Second))) * time.Second
}

// words are the first of Words, as part of a sentence.
func (s Setup) words() string {
	return strings.TrimSuffix(s.Words()[0], ".")
}
