// Owners that can sign, and those that cannot.

package hybrid

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

// OwnerError says that an address cannot be meant as the owner: no signature of
// it would ever be accepted. The contract would take it.
type OwnerError struct {
	Owner common.Address
	Why   string
}

func (e *OwnerError) Error() string {
	return fmt.Sprintf("hybrid: %s cannot sign as owner: %s", e.Owner, e.Why)
}

// Hint implements [account.Hinter].
func (e *OwnerError) Hint() string {
	return "the owner is the address of a secp256k1 key that you hold; leave it out where there is none"
}

var _ account.Hinter = (*OwnerError)(nil)

// whyDead says why nobody can sign as owner, as far as that shows without a
// chain; "" if nothing speaks against it.
func (a *Account) whyDead(owner common.Address, keys []Key) string {
	d := a.deployment
	for _, k := range keys {
		if !k.Public.IsZero() && owner == common.BytesToAddress(crypto.Keccak256(k.Public.Raw())) {
			return "it was computed from a P-256 key as if that were a secp256k1 key, so no private key belongs to it"
		}
	}
	for _, c := range []struct {
		addr common.Address
		name string
	}{
		{a.address, "the account itself"}, {d.Factory, "the account factory"}, {d.Implementation, "the account's implementation"},
		{d.Stateless, "MetaMask's EIP-7702 contract"}, {d.DelegationManager, "the DelegationManager"}, {d.P256, "the P-256 library"},
		{d.EntryPoint.Address(), "the EntryPoint"}, {contracts.Deployer, "the deterministic deployer"},
	} {
		if owner == c.addr && owner != (common.Address{}) {
			return "it is " + c.name
		}
	}
	if owner != (common.Address{}) && bytes.Equal(owner[:18], make([]byte, 18)) {
		return "it is one of the addresses reserved for precompiled contracts"
	}
	return ""
}

// CheckOwner asks a chain whether an address can sign as owner. The contract
// recovers a secp256k1 key from the owner's signature and asks no contract, whatever
// its documentation says of staked ones: an owner with code is a *[OwnerError],
// unless the code is an EIP-7702 delegation.
func CheckOwner(ctx context.Context, ch account.Chain, owner common.Address) error {
	why, err := deadOnChain(ctx, ch, owner)
	if err != nil {
		return err
	}
	if why != "" {
		return &OwnerError{Owner: owner, Why: why}
	}
	return nil
}

func deadOnChain(ctx context.Context, ch account.Chain, owner common.Address) (string, error) {
	if owner == (common.Address{}) {
		return "", nil
	}
	code, err := ch.Code(ctx, owner)
	if err != nil {
		return "", fmt.Errorf("hybrid: read the code of the owner %s: %w", owner, err)
	}
	if _, delegated := userop.ParseDelegation(code); delegated || len(code) == 0 {
		return "", nil // the key of an EIP-7702 account still signs
	}
	return "it is a contract, and this account recovers keys from signatures but asks no contract (ERC-1271)", nil
}
