// The account under test: creation, validation and calls as the EntryPoint makes them.

package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// acct is an account on a world.
type acct struct {
	*world
	d       contracts.Deployment
	params  contracts.Params
	address common.Address
}

func signerBytes(signers ...seal.Signer) [][]byte {
	var out [][]byte
	for _, s := range signers {
		out = append(out, s.Bytes())
	}
	return out
}

// equal gives every signer the weight 1.
func equal(threshold uint64, signers ...seal.Signer) contracts.Params {
	p := contracts.Params{Signers: signerBytes(signers...), Threshold: threshold}
	for range signers {
		p.Weights = append(p.Weights, 1)
	}
	return p
}

func addressSigner(t testing.TB, a common.Address) seal.Signer {
	t.Helper()
	s, err := seal.AddressSigner(a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newAccount makes a world with our contracts for EntryPoint 0.8 and one account.
func newAccount(t testing.TB, f fork, p contracts.Params) *acct {
	t.Helper()
	w := newWorld(t, f)
	return w.create(w.install(userop.V08), p)
}

func (w *world) create(d contracts.Deployment, p contracts.Params) *acct {
	w.t.Helper()
	address, err := d.Address(p)
	if err != nil {
		w.t.Fatal(err)
	}
	data, err := d.CreateAccount(p)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := common.BytesToAddress(w.must(stranger, d.Factory, nil, data)); got != address {
		w.t.Fatalf("factory made %s, computed %s", got, address)
	}
	w.fund(address, 10)
	return &acct{w, d, p, address}
}

func (a *acct) entryPoint() common.Address { return a.d.EntryPoint.Address() }

// packedOp is PackedUserOperation.
type packedOp struct {
	Sender             common.Address
	Nonce              *big.Int
	InitCode           []byte
	CallData           []byte
	AccountGasLimits   [32]byte
	PreVerificationGas *big.Int
	GasFees            [32]byte
	PaymasterAndData   []byte
	Signature          []byte
}

func (a *acct) validateData(nonce *big.Int, hash common.Hash, signature []byte, missing *big.Int) []byte {
	a.t.Helper()
	op := packedOp{Sender: a.address, Nonce: nonce, PreVerificationGas: new(big.Int), Signature: signature}
	data, err := contracts.AccountABI.Pack("validateUserOp", op, hash, missing)
	if err != nil {
		a.t.Fatal(err)
	}
	return data
}

// validates asks the account as its EntryPoint would. It must not revert, whatever the signature.
func (a *acct) validates(hash common.Hash, signature []byte) bool {
	a.t.Helper()
	ret, _, err := a.send(a.entryPoint(), a.address, nil, a.validateData(new(big.Int), hash, signature, new(big.Int)))
	if err != nil {
		a.t.Fatalf("validateUserOp with signature %x: %v", signature, err)
	}
	switch v := new(big.Int).SetBytes(ret); {
	case v.Sign() == 0:
		return true
	case v.IsUint64() && v.Uint64() == 1:
		return false
	default:
		a.t.Fatalf("validateUserOp returned %s", v)
		return false
	}
}

func (a *acct) pack(method string, args ...any) []byte {
	a.t.Helper()
	data, err := contracts.AccountABI.Pack(method, args...)
	if err != nil {
		a.t.Fatal(err)
	}
	return data
}

// ask reads a value from the account.
func (a *acct) ask(method string, args ...any) any {
	a.t.Helper()
	ret, err := a.view(stranger, a.address, a.pack(method, args...))
	if err != nil {
		a.t.Fatalf("%s: %v", method, err)
	}
	values, err := contracts.AccountABI.Unpack(method, ret)
	if err != nil || len(values) == 0 {
		a.t.Fatalf("%s: %x: %v", method, ret, err)
	}
	return values[0]
}

// do calls a method of the account as its EntryPoint does after validation.
func (a *acct) do(method string, args ...any) error {
	a.t.Helper()
	_, _, err := a.send(a.entryPoint(), a.address, nil, a.pack(method, args...))
	return err
}

// opHash is a made-up operation's hash.
func opHash(label string) common.Hash { return crypto.Keccak256Hash([]byte("op " + label)) }
