// Accounts that cannot be read.

package audit

import (
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// NoAccountError says that there is no contract at an address.
type NoAccountError struct{ Address common.Address }

func (e *NoAccountError) Error() string {
	return fmt.Sprintf("audit: there is no account at %s on this chain", e.Address)
}

// Hint implements [account.Hinter].
func (e *NoAccountError) Hint() string {
	return "check address and chain; an account that was never used is not on its chain yet, and an ordinary account has one key only"
}

// UnknownError says that a contract is no account of a kind that is read here.
type UnknownError struct {
	Address common.Address
	// Delegate is the contract whose code an ordinary account runs (EIP-7702); zero for others.
	Delegate common.Address
	// Why has what each kind of account says of it.
	Why []error
}

func (e *UnknownError) Error() string {
	if e.Delegate != (common.Address{}) {
		return fmt.Sprintf("audit: %s is an ordinary account that runs the code of %s (EIP-7702)", e.Address, e.Delegate)
	}
	why := make([]string, len(e.Why))
	for i, err := range e.Why {
		why[i] = err.Error()
	}
	return fmt.Sprintf("audit: %s is of no kind that can be read: %s", e.Address, strings.Join(why, "; "))
}

// Hint implements [account.Hinter].
func (e *UnknownError) Hint() string {
	if e.Delegate != (common.Address{}) {
		return "the key of its own address controls it, whatever the code says; the chain does not know more"
	}
	return "WebAuthnAccount, MetaMask Hybrid 1.3.0 and ZeroDev Kernel are read; check address and chain, or describe who signs in a file (docs/recovery.md)"
}

var (
	_ account.Hinter = (*NoAccountError)(nil)
	_ account.Hinter = (*UnknownError)(nil)
)
