package session_test

import (
	"context"
	"errors"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
)

// fake is a chain with one Kernel account, as a node tells of it. It has no logs.
type fake struct {
	id        int64
	account   common.Address
	code      []byte
	answers   map[common.Address]map[[4]byte][]byte
	missing   common.Address      // has no code, unlike all others
	installed kernel.PermissionID // the one that is installed
}

var _ account.Chain = (*fake)(nil)

// proxy is the code of Kernel's accounts.
var proxy = common.FromHex("0x363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3")

// newFake is a chain on which the account is not deployed.
func newFake(id int64, a common.Address) *fake {
	return &fake{id: id, account: a, answers: map[common.Address]map[[4]byte][]byte{}}
}

func (f *fake) says(who common.Address, signature string, words ...any) {
	if f.answers[who] == nil {
		f.answers[who] = map[[4]byte][]byte{}
	}
	f.answers[who][sel(signature)] = abiWords(words...)
}

func sel(signature string) [4]byte { return [4]byte(crypto.Keccak256([]byte(signature))) }

func abiWords(words ...any) (out []byte) {
	for _, w := range words {
		switch w := w.(type) {
		case int:
			out = append(out, common.BigToHash(big.NewInt(int64(w))).Bytes()...)
		case common.Address:
			out = append(out, common.LeftPadBytes(w[:], 32)...)
		case []byte: // from the left
			out = append(out, common.RightPadBytes(w, 32)...)
		case common.Hash:
			out = append(out, w[:]...)
		}
	}
	return out
}

// deploy puts the account there, as a version of Kernel with a validator that obeys
// a secp256k1 key.
func (f *fake) deploy(v kernel.Version, root common.Address, owner common.Address) {
	id := kernel.ValidatorID(root)
	f.code = proxy
	name := "kernel.advanced.v" + string(v)
	f.says(f.account, "accountId()", 32, len(name), []byte(name))
	f.says(f.account, "rootValidator()", id[:])
	f.says(f.account, "currentNonce()", 1)
	f.says(f.account, "validNonceFrom()", 0)
	f.says(f.account, "validationConfig(bytes21)", 0, 0)
	f.says(f.account, "isAllowedSelector(bytes21,bytes4)", 0)
	f.says(f.account, "permissionConfig(bytes4)", 32, 0, 0, 96, 0)
	f.says(root, "ecdsaValidatorStorage(address)", owner)
}

// install has the account say that it has the permission.
func (f *fake) install(p kernel.Permission) {
	f.installed = p.ID()
	f.says(f.account, "validationConfig(bytes21)", 1, 1)
	f.says(f.account, "isAllowedSelector(bytes21,bytes4)", 1)
	words := []any{32, []byte{byte(p.Flag >> 8), byte(p.Flag)}, p.Signer.Contract, 96, len(p.Policies)}
	for _, e := range p.Policies {
		words = append(words, slices.Clone(e[:22]))
	}
	f.says(f.account, "permissionConfig(bytes4)", words...)
	if key, ok := p.Signer.ECDSA(); ok {
		f.says(p.Signer.Contract, "signer(bytes32,address)", key)
	}
	if key, _, ok := p.Signer.WebAuthn(); ok {
		f.says(p.Signer.Contract, "webAuthnSignerStorage(bytes32,address)", common.Hash(key.X()), common.Hash(key.Y()))
	}
}

func (f *fake) ChainID(context.Context) (*big.Int, error) { return big.NewInt(f.id), nil }

func (f *fake) Code(_ context.Context, a common.Address) ([]byte, error) {
	if a == f.account {
		return f.code, nil
	}
	if a == f.missing {
		return nil, nil
	}
	return []byte{1}, nil
}

func (f *fake) Call(_ context.Context, to common.Address, data []byte) ([]byte, error) {
	if len(data) < 4 {
		return nil, errors.New("no function")
	}
	if s := sel("validationConfig(bytes21)"); [4]byte(data) == s && to == f.account {
		switch id := kernel.ValidationID(data[4:]); {
		case id.Type() == kernel.TypeValidator:
			return abiWords(1, 1), nil // the root's
		case id.Permission() != f.installed:
			return abiWords(0, 0), nil
		}
	}
	return slices.Clone(f.answers[to][[4]byte(data)]), nil
}

func (f *fake) Balance(context.Context, common.Address) (*big.Int, error) { return ether(1), nil }

func (f *fake) Fees(context.Context) (account.Fees, error) {
	return account.Fees{MaxFeePerGas: big.NewInt(2e9), MaxPriorityFeePerGas: big.NewInt(1e9)}, nil
}
