package kernel

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

var (
	// ErrNoOwner says that a validator or signer names no key.
	ErrNoOwner = errors.New("kernel: no owner: the validator names no key")
	// ErrNoAddress says that the address of an account cannot be told without a chain.
	ErrNoAddress = errors.New("kernel: the creation code of this version's proxies is not known, so that its addresses cannot be told without a chain: ask the factory's getAccountAddress and give Config.Address")
	// ErrNoFactory says that an account was attached by its address, so that nothing is
	// known that deploys it.
	ErrNoFactory = errors.New("kernel: the account was attached by its address: what deploys it is not known")
	// ErrCallData is returned by Decode for callData of another form.
	ErrCallData = errors.New("kernel: this is no execute of Kernel, or not written as Kernel's clients write it")
	// ErrEnableData is returned for enable data that is not a permission's.
	ErrEnableData = errors.New("kernel: this is no enable data of a permission")
	// ErrMerkle is returned for a Merkle proof or signature that is malformed or does not prove.
	ErrMerkle = errors.New("kernel: the Merkle proof does not lead to the root that was signed")
	// ErrDuplicateLeaf says that two things to be approved at once are the same.
	ErrDuplicateLeaf = errors.New("kernel: two of the approvals are for the same account on the same chain")
)

// SelfCallError says that a call of the account to itself would not do what it
// says.
type SelfCallError struct {
	Call account.Call
	Why  string
}

func (e *SelfCallError) Error() string { return "kernel: a call of the account to itself: " + e.Why }

// Hint implements [account.Hinter].
func (e *SelfCallError) Hint() string { return "list the inner calls themselves" }

// NotSignerError says that somebody cannot approve for an account.
type NotSignerError struct {
	Account common.Address
	Who     string
}

func (e *NotSignerError) Error() string {
	return fmt.Sprintf("kernel: %s does not control the account %s", e.Who, e.Account)
}

// Hint implements [account.Hinter].
func (e *NotSignerError) Hint() string {
	return "use the key that the account's root validator knows"
}

var (
	_ account.Hinter = (*SelfCallError)(nil)
	_ account.Hinter = (*NotSignerError)(nil)
	_ account.Hinter = (*VersionError)(nil)
	_ account.Hinter = (*VulnerableError)(nil)
	_ account.Hinter = (*UnsupportedError)(nil)
)
