package userop_test

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

func loadJSON(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func version(t testing.TB, v string) userop.EntryPoint {
	t.Helper()
	ep, err := userop.ParseVersion(v)
	if err != nil {
		t.Fatal(err)
	}
	return ep
}

func fromHex(s string) []byte { return common.FromHex(s) }

// randomOp makes an operation that ep can carry, with every optional part now
// and then.
func randomOp(r *rand.Rand, ep userop.EntryPoint) *userop.Op {
	bytes := func(n int) []byte {
		b := make([]byte, r.IntN(n+1))
		for i := range b {
			b[i] = byte(r.Uint32() >> r.IntN(9)) // zeros happen
		}
		return b
	}
	address := func() common.Address { return common.BytesToAddress(append(bytes(18), 7, byte(r.Uint32()))) }
	number := func(bits int) *big.Int {
		n := new(big.Int)
		for range 4 {
			n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(r.Uint64()))
		}
		return n.Rsh(n, uint(256-r.IntN(bits+1)))
	}
	op := &userop.Op{
		Sender: address(), Nonce: number(256), CallData: bytes(300),
		CallGasLimit: number(120), VerificationGasLimit: number(120), PreVerificationGas: number(120),
		MaxFeePerGas: number(120), MaxPriorityFeePerGas: number(120), Signature: bytes(200),
		PaymasterVerificationGasLimit: new(big.Int), PaymasterPostOpGasLimit: new(big.Int),
	}
	if r.IntN(2) == 0 {
		a := address()
		op.Factory, op.FactoryData = &a, bytes(100)
	}
	if r.IntN(2) == 0 {
		a := address()
		op.Paymaster, op.PaymasterData = &a, bytes(100)
		if ep != userop.V06 {
			op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = number(120), number(120)
		}
		if ep == userop.V09 && r.IntN(2) == 0 {
			op.PaymasterSignature = append(bytes(100), 1)
		}
	}
	return op
}

func rng(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(1, 2))
}

// sameOp compares what travels: nil and empty byte strings are the same.
func sameOp(a, b *userop.Op) bool {
	x, err1 := json.Marshal(canonical(a))
	y, err2 := json.Marshal(canonical(b))
	return err1 == nil && err2 == nil && string(x) == string(y)
}

func canonical(op *userop.Op) *userop.Op {
	c := op.Clone().Normalize()
	c.Delegate = nil
	for _, p := range []*[]byte{&c.FactoryData, &c.CallData, &c.PaymasterData, &c.PaymasterSignature, &c.Signature} {
		if *p == nil {
			*p = []byte{}
		}
	}
	return c
}
