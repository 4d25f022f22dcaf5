// A chain in memory with one account on it, as Kernel and its modules would answer.

package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// proxy is the code of every account.
var proxy = common.FromHex("0x363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3")

// chain has the account deployed, or not, and the permission installed, or not.
type chain struct {
	id         int64
	account    *kernel.Account
	deployed   bool
	nonce      uint32
	permission *kernel.Permission // installed
	grant      grant.Grant
}

var (
	_ account.Chain        = (*chain)(nil)
	_ kernel.StorageReader = (*chain)(nil)
)

func (c *chain) ChainID(context.Context) (*big.Int, error)                 { return big.NewInt(c.id), nil }
func (c *chain) Balance(context.Context, common.Address) (*big.Int, error) { return new(big.Int), nil }
func (c *chain) Fees(context.Context) (account.Fees, error)                { return account.Fees{}, errNotAsked }
func (c *chain) Storage(context.Context, common.Address, common.Hash) (common.Hash, error) {
	return common.BytesToHash(c.account.Deployment().Implementation.Bytes()), nil
}

var errNotAsked = errors.New("the chain in memory does not know that")

// Code is the account's proxy where it is deployed, and something at every other address: nothing here runs.
func (c *chain) Code(_ context.Context, a common.Address) ([]byte, error) {
	switch {
	case a != c.account.Address():
		return []byte{0xfe}, nil
	case c.deployed:
		return proxy, nil
	}
	return nil, nil
}

// Call answers view functions, by contract and function.
func (c *chain) Call(_ context.Context, to common.Address, data []byte) ([]byte, error) {
	for _, f := range c.functions() {
		if f.contract == to && [4]byte(crypto.Keccak256([]byte(f.signature))) == [4]byte(data) {
			if !c.asks(data[4:]) {
				if f.words == 0 {
					return none, nil
				}
				return make([]byte, 32*f.words), nil
			}
			return f.answer(), nil
		}
	}
	return nil, fmt.Errorf("%w: %s of %x", errNotAsked, to, data[:4])
}

// asks says whether the arguments are about what is there: this account, this permission, or the root.
func (c *chain) asks(args []byte) bool {
	address := common.LeftPadBytes(c.account.Address().Bytes(), 32)
	id := c.id4()
	switch {
	case len(args) == 0, len(args) == 32 && string(args) == string(address):
		return true
	case len(args) == 64 && string(args[32:]) == string(address):
		return c.permission != nil && [4]byte(args) == id
	}
	validation := kernel.PermissionID(id).Validation()
	root := kernel.ValidatorID(c.account.RootContract())
	permission := c.permission != nil && (string(args[:21]) == string(validation[:]) || len(args) == 32 && string(args[:4]) == string(id[:]))
	return permission || string(args[:21]) == string(root[:])
}

func (c *chain) id4() [4]byte {
	if c.permission == nil {
		return [4]byte{}
	}
	return c.permission.ID()
}

// none is permissionConfig of what is not installed.
var none = words(uint64(32), []byte{}, common.Address{}, uint64(96), uint64(0))()

type function struct {
	contract  common.Address
	signature string
	words     int // 0 for permissionConfig
	answer    func() []byte
}

// words packs values as the ABI does static ones: bytes on the left, the rest on the right.
func words(values ...any) func() []byte {
	return func() []byte {
		var out []byte
		for _, v := range values {
			switch v := v.(type) {
			case []byte:
				out = append(out, common.RightPadBytes(v, 32)...)
			case common.Address:
				out = append(out, common.LeftPadBytes(v[:], 32)...)
			case [32]byte:
				out = append(out, v[:]...)
			case uint64:
				out = append(out, common.LeftPadBytes(new(big.Int).SetUint64(v).Bytes(), 32)...)
			case *big.Int:
				out = append(out, common.LeftPadBytes(v.Bytes(), 32)...)
			default:
				panic(fmt.Sprintf("a word of %T", v))
			}
		}
		return out
	}
}

var noHook = common.BytesToAddress([]byte{1})

func (c *chain) functions() []function {
	at, root := c.account.Address(), kernel.ValidatorID(c.account.RootContract())
	list := []function{
		{at, "rootValidator()", 1, words(root[:])},
		{at, "currentNonce()", 1, words(uint64(c.nonce))},
		{at, "validNonceFrom()", 1, words(uint64(c.nonce))},
		{at, "validationConfig(bytes21)", 2, words(uint64(c.nonce), noHook)},
		{at, "isAllowedSelector(bytes21,bytes4)", 1, words(uint64(1))},
		{at, "permissionConfig(bytes4)", 0, c.permissionConfig},
	}
	switch r := c.account.Root().(type) {
	case kernel.ECDSA:
		list = append(list, function{c.account.RootContract(), "ecdsaValidatorStorage(address)", 1, words(r.Owner)})
	case kernel.MultiChainECDSA:
		list = append(list, function{c.account.RootContract(), "ecdsaValidatorStorage(address)", 1, words(r.Owner)})
	case kernel.WebAuthn:
		list = append(list, function{c.account.RootContract(), "webAuthnValidatorStorage(address)", 2, words(r.Key.X(), r.Key.Y())})
	case kernel.MultiChainWebAuthn:
		list = append(list, function{c.account.RootContract(), "webAuthnValidatorStorage(address)", 2, words(r.Key.X(), r.Key.Y())})
	}
	if c.permission == nil {
		return list
	}
	if k, ok := c.permission.Signer.ECDSA(); ok {
		list = append(list, function{c.permission.Signer.Contract, "signer(bytes32,address)", 1, words(k)})
	}
	if k, _, ok := c.permission.Signer.WebAuthn(); ok {
		list = append(list, function{c.permission.Signer.Contract, "webAuthnSignerStorage(bytes32,address)", 2, words(k.X(), k.Y())})
	}
	for _, p := range c.grant.Policies {
		switch p := p.(type) {
		case *grant.Gas:
			allowed, enforce := p.Allowed, uint64(0)
			if allowed == nil {
				allowed = new(big.Int)
			}
			if p.EnforcePaymaster {
				enforce = 1
			}
			list = append(list, function{p.Contract(), "gasPolicyConfig(bytes32,address)", 3, words(allowed, enforce, p.Paymaster)})
		case *grant.Timestamp:
			list = append(list, function{p.Contract(), "timestampPolicyConfig(bytes32,address)", 2, words(p.ValidAfter, p.ValidUntil)})
		case *grant.RateLimit:
			if p.Reset {
				list = append(list, function{p.Contract(), "rateLimitConfigs(bytes32,address)", 2, words(p.Interval, p.Count)},
					function{p.Contract(), "rateLimitState(bytes32,address)", 2, words(p.Count, uint64(0))})
				continue
			}
			list = append(list, function{p.Contract(), "rateLimitConfigs(bytes32,address)", 3, words(p.Interval, p.Count, p.StartAt)})
		}
	}
	return list
}

// permissionConfig is abi.encode((bytes2 flag, address signer, bytes22[] policies)).
func (c *chain) permissionConfig() []byte {
	p := c.permission
	out := words(uint64(32), []byte{byte(p.Flag >> 8), byte(p.Flag)}, p.Signer.Contract, uint64(96), uint64(len(p.Policies)))()
	for _, e := range p.Policies {
		out = append(out, words(e[:22])()...)
	}
	return out
}
