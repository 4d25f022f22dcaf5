package userop_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

func TestPreVerificationGas(t *testing.T) {
	op := &userop.Op{Sender: common.Address{1}, Nonce: big.NewInt(1), CallData: bytes.Repeat([]byte{1}, 100), Signature: bytes.Repeat([]byte{1}, 300)}
	for _, ep := range userop.EntryPoints() {
		base := userop.PreVerificationGas(op, ep)
		if base == nil || base.Int64() < 21000+18300+16*400 || base.Int64() > 60000 {
			t.Errorf("%s: %s", ep, base)
		}
		longer := op.Clone()
		longer.CallData = append(longer.CallData, bytes.Repeat([]byte{1}, 64)...)
		if d := new(big.Int).Sub(userop.PreVerificationGas(longer, ep), base).Int64(); d < 64*16 || d > 64*16+64 {
			t.Errorf("%s: 64 bytes more cost %d", ep, d)
		}
	}
	// With much data and little else, EIP-7623's floor counts; what validation
	// uses is set off against it.
	big1 := op.Clone()
	big1.CallData = bytes.Repeat([]byte{1}, 20000)
	floor := userop.PreVerificationGas(big1, userop.V08)
	if floor.Int64() < 21000+40*20000 {
		t.Errorf("%s is below the floor", floor)
	}
	big1.VerificationGasLimit = big.NewInt(100_000)
	if less := userop.PreVerificationGas(big1, userop.V08); new(big.Int).Sub(floor, less).Int64() < 39_000 {
		t.Errorf("%s, %s without validation", less, floor)
	}
	// A filled-in value must not change the estimate much: it is part of itself.
	filled := op.Clone()
	filled.PreVerificationGas = userop.PreVerificationGas(op, userop.V08)
	if d := new(big.Int).Sub(userop.PreVerificationGas(filled, userop.V08), filled.PreVerificationGas); d.Sign() > 0 {
		t.Errorf("grows by %s when filled in", d)
	}
	sponsored := op.Clone()
	sponsored.Paymaster = &common.Address{1}
	before := userop.PreVerificationGas(sponsored, userop.V08)
	sponsored.PaymasterVerificationGasLimit, sponsored.PaymasterPostOpGasLimit = big.NewInt(111_111), big.NewInt(22_222)
	if after := userop.PreVerificationGas(sponsored, userop.V08); after.Cmp(before) > 0 {
		t.Errorf("a paymaster's limits raise it from %s to %s", before, after)
	}
	op.Nonce = big.NewInt(-1)
	if n := userop.PreVerificationGas(op, userop.V08); n != nil {
		t.Error("estimated what cannot be packed:", n)
	}
}
