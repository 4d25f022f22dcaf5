package contracts_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// The EntryPoints themselves refuse a frozen account's operation, and take it when the freeze is over: what
// `validAfter` means is theirs to say.
func TestEveryEntryPointHoldsAFrozenAccountBack(t *testing.T) {
	set, err := artifacts.Open(t.Context(), artifacts.Options{})
	if errors.Is(err, artifacts.ErrUnavailable) {
		t.Skipf("SKIPPED: the npm registry cannot be reached and the cache is empty: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range artifacts.Releases() {
		ep, ok := map[string]userop.EntryPoint{"0.7": userop.V07, "0.8": userop.V08, "0.9": userop.V09}[r.Version]
		if !ok {
			continue
		}
		code, err := set.EntryPoint(r.Version)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, osaka)
		d := w.install(ep)
		w.must(stranger, artifacts.Deployer, nil, append(r.Salt[:], code...))
		at := crypto.CreateAddress2(artifacts.Deployer, r.Salt, crypto.Keccak256(code))
		w.state.SetCode(ep.Address(), w.state.GetCode(at), tracing.CodeChangeUnspecified)
		p := newPasskey(t, "frozen", seal.RequireUV)
		a := w.create(d, equal(1, p.signer))
		module, contract := w.deploy("AnyModule")
		if err := a.do("installModule", moduleExecutor, module, []byte{}); err != nil {
			t.Fatal(err)
		}
		friend, sent := addr("friend of "+r.Version), int64(0)
		send := func(nonce uint64) error {
			op := &userop.Op{
				Sender: a.address, Nonce: new(big.Int).SetUint64(nonce), CallData: a.pack("execute", modeSingle, single(friend, big.NewInt(7), nil)),
				CallGasLimit: big.NewInt(100_000), VerificationGasLimit: big.NewInt(200_000), PreVerificationGas: big.NewInt(50_000),
				MaxFeePerGas: big.NewInt(1), MaxPriorityFeePerGas: big.NewInt(1), Signature: []byte{},
			}
			ask, err := userop.GetUserOpHash(ep, op)
			if err != nil {
				t.Fatal(err)
			}
			op.Signature = p.approve(common.BytesToHash(w.must(stranger, ep.Address(), nil, ask)))
			data, err := ep.HandleOps([]*userop.Op{op}, stranger)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = w.send(stranger, ep.Address(), nil, data)
			return err
		}
		lands := func(when string, nonce uint64) {
			t.Helper()
			if err := send(nonce); err != nil {
				t.Errorf("EntryPoint %s, %s: %v", r.Version, when, err)
			}
			if sent += 7; w.balance(friend).Int64() != sent {
				t.Errorf("EntryPoint %s, %s: the friend has %s", r.Version, when, w.balance(friend))
			}
		}
		lands("before", 0)
		until := w.now + 10*day
		if err := a.runs(module, contract, "freeze", uint48(until)); err != nil {
			t.Fatal(err)
		}
		for _, w.now = range []uint64{w.now, until - 1} {
			if err := send(1); err == nil || !strings.Contains(err.Error(), common.Bytes2Hex([]byte("AA22"))) {
				t.Errorf("EntryPoint %s takes an operation %d seconds before the end: %v", r.Version, until-w.now, err)
			}
		}
		w.now = until + 1 // from 0.8 on one second more
		lands("afterwards", 1)
		if err := a.runs(module, contract, "freeze", uint48(w.now+day)); err != nil {
			t.Fatal(err)
		}
		if err := send(2); err == nil {
			t.Errorf("EntryPoint %s: frozen again, and takes it", r.Version)
		}
		if err := a.runs(module, contract, "freeze", uint48(0)); err != nil {
			t.Fatal(err)
		}
		lands("lifted", 2)
	}
}
