package accounttest

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// flippedFields changes each field of a sealed operation and hands it to the
// EntryPoint: whatever a bundler changes, the account must notice.
func (s *suite) flippedFields(t *testing.T) {
	number := func(f func(*userop.Op) **big.Int) func(*userop.Op) {
		return func(op *userop.Op) {
			p := f(op)
			*p = new(big.Int).Xor(*p, big.NewInt(4))
		}
	}
	mutations := map[string]func(*userop.Op){
		"sender":                func(op *userop.Op) { op.Sender[19] ^= 1 },
		"nonce sequence":        number(func(op *userop.Op) **big.Int { return &op.Nonce }),
		"nonce key":             func(op *userop.Op) { op.Nonce = new(big.Int).Xor(op.Nonce, new(big.Int).Lsh(big.NewInt(1), 64)) },
		"factory":               func(op *userop.Op) { op.Factory[19] ^= 1 },
		"no factory":            func(op *userop.Op) { op.Factory, op.FactoryData = nil, nil },
		"factory data":          func(op *userop.Op) { op.FactoryData[len(op.FactoryData)-1] ^= 1 },
		"factory data appended": func(op *userop.Op) { op.FactoryData = append(op.FactoryData, 0) },
		"callGasLimit":          number(func(op *userop.Op) **big.Int { return &op.CallGasLimit }),
		"verificationGasLimit":  number(func(op *userop.Op) **big.Int { return &op.VerificationGasLimit }),
		"preVerificationGas":    number(func(op *userop.Op) **big.Int { return &op.PreVerificationGas }),
		"maxFeePerGas":          number(func(op *userop.Op) **big.Int { return &op.MaxFeePerGas }),
		"maxPriorityFeePerGas":  number(func(op *userop.Op) **big.Int { return &op.MaxPriorityFeePerGas }),
		"paymaster": func(op *userop.Op) {
			pm := common.HexToAddress("0x00000000000000000000000000000000000e0a12")
			op.Paymaster, op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = &pm, big.NewInt(50_000), new(big.Int)
		},
		"callData appended": func(op *userop.Op) { op.CallData = append(op.CallData, 0) },
		"callData cut":      func(op *userop.Op) { op.CallData = op.CallData[:len(op.CallData)-1] },
		"empty callData":    func(op *userop.Op) { op.CallData = nil },
	}
	for i := range s.op.CallData {
		mutations[fmt.Sprintf("callData byte %d", i)] = func(op *userop.Op) { op.CallData[i] ^= 1 << (i % 8) }
	}
	for name, mutate := range mutations {
		op := s.op.Clone()
		mutate(op)
		s.refuse(t, name, op)
	}
}

func (s *suite) flippedSignature(t *testing.T) {
	for i := range s.op.Signature {
		sig := slices.Clone(s.op.Signature)
		sig[i] ^= 1 << (i % 8)
		s.otherSignature(t, fmt.Sprintf("signature byte %d", i), sig)
	}
}

func (s *suite) cutSignature(t *testing.T) {
	real := s.op.Signature
	for name, sig := range map[string][]byte{
		"empty":            {},
		"one byte shorter": real[:len(real)-1],
		"half":             real[:len(real)/2],
		"one byte more":    append(append([]byte(nil), real...), 0),
		"twice":            append(append([]byte(nil), real...), real...),
		"zeros":            make([]byte, len(real)),
		"one byte":         {real[0]},
	} {
		s.otherSignature(t, name, sig)
	}
}

// otherSignature hands in the operation with another signature.
func (s *suite) otherSignature(t *testing.T, what string, sig []byte) {
	t.Helper()
	op := s.op.Clone()
	op.Signature = sig
	if s.Same == nil || !s.Same(s.op.Signature, sig) {
		s.refuse(t, what, op)
	} else if err := s.handle(t, op); err != nil {
		t.Errorf("%s: refused, though it is read as the sealed signature: %v", what, err)
	}
}

// elsewhere seals the operation as if on another chain, EntryPoint or nonce.
func (s *suite) elsewhere(t *testing.T) {
	approve := func(op *userop.Op, chainID *big.Int) []byte {
		c, err := s.Authority.Challenge(op.Clone(), chainID)
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Approve(c)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := s.Authority.Seal(op.Clone(), a)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	op := s.op.Clone()
	op.Signature = approve(op, new(big.Int).Add(s.chainID, big.NewInt(1)))
	s.refuse(t, "sealed for another chain", op)

	other := s.op.Clone()
	other.Nonce = new(big.Int).Add(other.Nonce, big.NewInt(1))
	op = s.op.Clone()
	op.Signature = approve(other, s.chainID)
	s.refuse(t, "sealed for another nonce", op)

	op = other.Clone()
	op.Signature = approve(other, s.chainID)
	if code := account.AACode(s.handle(t, op)); code != "AA25" {
		t.Errorf("a nonce ahead of its turn gives %q, not AA25", code)
	}

	other = s.op.Clone()
	other.Sender[0] ^= 1
	if _, err := s.Authority.Challenge(other, s.chainID); err == nil {
		t.Error("the authority makes a challenge for another account")
	}
}

// otherOperation gives an approval of one operation for another.
func (s *suite) otherOperation(t *testing.T) {
	c, err := s.Authority.Challenge(s.op.Clone(), s.chainID)
	if err != nil {
		t.Fatal(err)
	}
	other := s.op.Clone()
	other.CallGasLimit = new(big.Int).Add(other.CallGasLimit, big.NewInt(1))
	d, err := s.Authority.Challenge(other, s.chainID)
	if err != nil {
		t.Fatal(err)
	}
	if c.Digest == d.Digest {
		t.Fatal("two operations have one digest")
	}
	a, err := s.Approve(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(a); err == nil {
		t.Error("the challenge accepts an approval of another operation")
	}
	if err := c.Verify(account.Approval{}); err == nil {
		t.Error("the challenge accepts an empty approval")
	}
}
