// Kernel as the code of an ordinary account (EIP-7702).

package kernel

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// EIP7702 is the root of an ordinary account that runs Kernel's code: the key of its
// address, and no contract. Only [NewDelegated] makes such an account.
type EIP7702 struct{ Key common.Address }

// Contract implements [Validator]: there is none.
func (EIP7702) Contract(v Version) (common.Address, error) {
	if err := known(v); err != nil {
		return common.Address{}, err
	}
	if !v.AtLeast(V033) {
		return common.Address{}, &UnsupportedError{Version: v, What: "knows nothing of EIP-7702", Way: "use Kernel 0.3.3"}
	}
	return common.Address{}, nil
}

// InitData implements [Validator]: nothing is installed.
func (EIP7702) InitData() []byte { return nil }

func (e EIP7702) String() string { return "the key of the account's own address, " + e.Key.Hex() }

func (e EIP7702) check() error { return checkOwner(e.Key) }

// Delegated is an ordinary account (EOA) that runs the code of Kernel 0.3.3. Its key can do
// everything, for good, whatever the code says; permissions stand beside it as with any
// account of Kernel 3. The key has to sign an authorization once: see
// [account.RequestAuthorization].
type Delegated struct{ *Account }

var (
	_ Validator         = EIP7702{}
	_ account.Account   = Delegated{}
	_ account.Delegated = Delegated{}
)

// NewDelegated is the account that eoa becomes by running Kernel's code.
func NewDelegated(eoa common.Address) (Delegated, error) {
	a, err := Attach(eoa, V033, EIP7702{eoa})
	return Delegated{a}, err
}

// Delegate implements [account.Delegated].
func (d Delegated) Delegate() common.Address { return d.deployment.Implementation }

// isDelegated reports whether the account is its key's own address. Such a root is not to
// be had otherwise, and not to be lost.
func isDelegated(v Validator) bool {
	_, ok := v.(EIP7702)
	return ok
}

func refuseDelegated(v Version) error {
	return &UnsupportedError{Version: v, What: "takes the key of an address for the root of that address alone", Way: "use NewDelegated; what has a validator of its own is another account"}
}

// checkRoot refuses a root that does not fit an account at an address.
func checkRoot(v Version, address common.Address, root Validator) error {
	if e, ok := root.(EIP7702); ok && e.Key != address {
		return fmt.Errorf("%w (%s is at %s)", refuseDelegated(v), e.Key, address)
	}
	return nil
}
