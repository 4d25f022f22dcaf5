// What code Kernel's contracts are, on whatever chain.

package kernel

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
)

// contractCode is a contract of the public networks.
type contractCode struct {
	name    string
	address common.Address
	// hash is the keccak256 of its code after mask. It was made from creation code that
	// leads to the address by CREATE2; zero where no such code is known, so that only
	// whether there is a contract can be checked.
	hash common.Hash
	// version is that of an implementation, whose code holds its EIP-712 domain.
	version Version
}

// CodeError says that a contract is not what it should be.
type CodeError struct {
	Name    string // "ECDSA validator 0.3.1"; "" for an address that is not in the table
	Address common.Address
	Missing bool // there is no code at all
}

func (e *CodeError) Error() string {
	switch {
	case e.Name == "":
		return fmt.Sprintf("kernel: the contract %s is none of Kernel's that are known", e.Address)
	case e.Missing:
		return fmt.Sprintf("kernel: there is no %s at %s on this chain", e.Name, e.Address)
	}
	return fmt.Sprintf("kernel: the contract at %s is not the %s of public networks", e.Address, e.Name)
}

// Hint implements [account.Hinter].
func (e *CodeError) Hint() string {
	switch {
	case e.Name == "":
		return "use only what its author can be asked about: it may do everything that its kind can"
	case e.Missing:
		return "check the chain; ZeroDev's contracts can be deployed by anybody, at the same addresses"
	}
	return "do not use it: whoever wrote it may control the accounts that trust it"
}

var _ account.Hinter = (*CodeError)(nil)

// CheckCode asks the chain whether the contracts at these addresses – implementations,
// factories, validators, signers, policies – are those of the public networks, byte for
// byte. The error is a *[CodeError] for the first that is not. Of those whose source is
// public, but not the way in which it was compiled, it asks only whether there is a
// contract: [CodeProven] tells. It is the node's word.
func CheckCode(ctx context.Context, ch account.Chain, contracts ...common.Address) error {
	chainID, err := ch.ChainID(ctx)
	if err != nil {
		return fmt.Errorf("kernel: ask the node for its chain: %w", err)
	}
	for _, addr := range contracts {
		i := slices.IndexFunc(codes, func(c contractCode) bool { return c.address == addr })
		if i < 0 {
			return &CodeError{Address: addr}
		}
		c := codes[i]
		code, err := reader{ctx, ch, addr}.code(addr)
		switch {
		case err != nil:
			return err
		case len(code) == 0:
			return &CodeError{Name: c.name, Address: addr, Missing: true}
		case c.hash != (common.Hash{}) && crypto.Keccak256Hash(c.mask(chainID, code)) != c.hash:
			return &CodeError{Name: c.name, Address: addr}
		}
	}
	return nil
}

// CodeProven reports whether CheckCode knows the contract's code, or only its address.
func CodeProven(addr common.Address) bool {
	return slices.ContainsFunc(codes, func(c contractCode) bool { return c.address == addr && c.hash != common.Hash{} })
}

// CheckCode is the function of the same name for what the account itself rests on:
// implementation, root validator, and factories unless it was opened by its address.
func (a *Account) CheckCode(ctx context.Context, ch account.Chain) error {
	var list []common.Address
	if !isDelegated(a.root) {
		list = append(list, a.validator)
	}
	if a.deployment.Implementation != (common.Address{}) {
		list = append(list, a.deployment.Implementation)
	}
	if a.data != nil {
		list = append(list, a.deployment.Factory)
		if a.factory != a.deployment.Factory {
			list = append(list, a.factory)
		}
	}
	return CheckCode(ctx, ch, list...)
}

// mask puts zeros in the place of the words of an implementation that differ from chain to
// chain: the chain's id and the domain separator, which its constructor computes once.
func (c contractCode) mask(chainID *big.Int, code []byte) []byte {
	if c.version == "" {
		return code
	}
	d := domain(c.version, c.address, chainID)
	separator, id := d.Separator(), common.BigToHash(chainID)
	const push32 = 0x7f
	zeros := append([]byte{push32}, make([]byte, 32)...)
	for _, word := range [][]byte{separator[:], id[:]} {
		code = bytes.ReplaceAll(code, append([]byte{push32}, word...), zeros)
	}
	return code
}
