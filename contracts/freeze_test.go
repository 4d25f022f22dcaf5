package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
)

// anyModule is an account with one module that is both a validator and an executor, and does what it is told.
func anyModule(t *testing.T) (a *acct, p *rawPasskey, module common.Address, contract abi.ABI) {
	t.Helper()
	p = newPasskey(t, "frozen", seal.RequireUV)
	a = newAccount(t, osaka, equal(1, p.signer))
	module, contract = a.deploy("AnyModule")
	for _, typ := range []*big.Int{moduleValidator, moduleExecutor} {
		if err := a.do("installModule", typ, module, []byte{}); err != nil {
			t.Fatal(err)
		}
	}
	return a, p, module, contract
}

// runs has a module call the account.
func (a *acct) runs(module common.Address, contract abi.ABI, method string, args ...any) error {
	a.t.Helper()
	_, _, err := a.send(stranger, module, nil, pack(a.t, contract, "run", a.address, a.pack(method, args...)))
	return err
}

func uint48(n uint64) *big.Int { return new(big.Int).SetUint64(n) }

// validationData is what the account tells its EntryPoint.
func (a *acct) validationData(nonce *big.Int, hash common.Hash, signature []byte) *big.Int {
	a.t.Helper()
	return new(big.Int).SetBytes(a.must(a.entryPoint(), a.address, nil, a.validateData(nonce, hash, signature, new(big.Int))))
}

func timeRange(after, until uint64) *big.Int {
	n := new(big.Int).Lsh(uint48(after), 208)
	return n.Or(n, new(big.Int).Lsh(uint48(until), 160))
}

func TestAFrozenAccountsOperationsAreNotValidYet(t *testing.T) {
	a, p, module, contract := anyModule(t)
	hash := opHash("frozen")
	sig := p.approve(hash)
	lane := new(big.Int).Lsh(module.Big(), 96)
	until := a.now + 10*day
	if err := a.runs(module, contract, "freeze", uint48(until)); err != nil {
		t.Fatal(err)
	}
	if got := a.ask("frozenUntil").(*big.Int); got.Uint64() != until {
		t.Errorf("frozen until %s", got)
	}
	fail := big.NewInt(1)
	block := uint64(1) << 47 // EntryPoint v0.9: block numbers
	for i, c := range []struct{ says, want *big.Int }{
		{timeRange(0, 0), timeRange(until, 0)},
		{timeRange(5, until+9), timeRange(until, until+9)},
		{timeRange(until+1, until+9), timeRange(until+1, until+9)},
		{timeRange(0, until-1), timeRange(until, until-1)}, // never
		{fail, fail},
		{addr("aggregator").Big(), fail},
		{timeRange(block|5, block|9), fail},
	} {
		if got := a.validationData(lane, hash, common.BigToHash(c.says).Bytes()); got.Cmp(c.want) != 0 {
			t.Errorf("%d: the module says %x, the account %x, want %x", i, c.says, got, c.want)
		}
	}
	// The time is read from storage, not from the chain: ERC-7562.
	trace := a.watch(a.entryPoint(), common.Address{}, func() {
		if got := a.validationData(new(big.Int), hash, sig); got.Cmp(timeRange(until, 0)) != 0 {
			t.Errorf("validation data %x", got)
		}
		if got := a.validationData(new(big.Int), opHash("other"), sig); got.Cmp(fail) != 0 {
			t.Errorf("a bad signature: validation data %x", got)
		}
	})
	for _, f := range trace.faults {
		t.Error(f)
	}
	// An end that has passed changes nothing, though it is still said.
	a.now = until
	if got := a.validationData(new(big.Int), hash, sig); got.Cmp(timeRange(until, 0)) != 0 {
		t.Errorf("afterwards: %x", got)
	}
	if err := a.runs(module, contract, "freeze", uint48(0)); err != nil {
		t.Fatal(err)
	}
	for _, says := range []*big.Int{timeRange(5, 9), addr("aggregator").Big(), timeRange(block|5, block|9)} {
		if got := a.validationData(lane, hash, common.BigToHash(says).Bytes()); got.Cmp(says) != 0 {
			t.Errorf("not frozen: the module says %x, the account %x", says, got)
		}
	}
	if !a.validates(hash, sig) {
		t.Error("lifted, and yet")
	}
}

func TestAFrozenAccountObeysOnlyTheModuleThatFroze(t *testing.T) {
	a, p, module, contract := anyModule(t)
	other, otherABI := a.deploy("OpenExecutor")
	if err := a.do("installModule", moduleExecutor, other, []byte{}); err != nil {
		t.Fatal(err)
	}
	target, targetABI := a.deploy("Target")
	call := single(target, nil, pack(t, targetABI, "add", big.NewInt(1)))
	otherRuns := func() error {
		_, _, err := a.send(stranger, other, nil, pack(t, otherABI, "run", a.address, modeSingle, call))
		return err
	}
	hash := crypto.Keccak256Hash([]byte("message"))
	sig := p.approve(seal.PersonalSign(seal.PosternDomain(a.address, chainID), hash))
	byModule := append(module.Bytes(), 1)
	asks := func(from common.Address, sig []byte) bool {
		ret, err := a.view(from, a.address, a.pack("isValidSignature", hash, sig))
		if err != nil {
			t.Fatal(err)
		}
		return [4]byte(ret) == magic
	}
	_, _, err := a.send(stranger, a.address, nil, a.pack("freeze", uint48(a.now+1)))
	wantRevert(t, err, contracts.AccountABI, "ERC7579UninstalledModule")
	for _, from := range []common.Address{a.address, a.entryPoint()} {
		_, _, err := a.send(from, a.address, nil, a.pack("freeze", uint48(a.now+1)))
		wantRevert(t, err, contracts.AccountABI, "ERC7579UninstalledModule")
	}
	wantRevert(t, a.runs(module, contract, "freeze", uint48(a.now+60*day+1)), contracts.AccountABI, "FreezeTooLong")
	if err := a.runs(module, contract, "freeze", uint48(a.now+60*day)); err != nil {
		t.Fatal(err)
	}
	until := a.now + 10*day
	if err := a.runs(module, contract, "freeze", uint48(until)); err != nil { // its own it may shorten
		t.Fatal(err)
	}
	for _, moment := range []uint64{a.now, until - 1} {
		a.now = moment
		wantRevert(t, otherRuns(), contracts.AccountABI, "FrozenBy")
		if err := a.runs(module, contract, "executeFromExecutor", modeSingle, call); err != nil {
			t.Errorf("the module that froze: %v", err)
		}
		if asks(stranger, sig) || asks(stranger, byModule) || asks(other, sig) || !asks(module, sig) {
			t.Error("ERC-1271 while frozen")
		}
	}
	// Another executor can neither lift the freeze nor make it longer.
	second := addr("second module")
	a.state.SetCode(second, a.state.GetCode(module), tracing.CodeChangeUnspecified)
	if err := a.do("installModule", moduleExecutor, second, []byte{}); err != nil {
		t.Fatal(err)
	}
	for _, until := range []uint64{0, a.now + 1, a.now + 60*day} {
		wantRevert(t, a.runs(second, contract, "freeze", uint48(until)), contracts.AccountABI, "FrozenBy")
	}
	a.now = until
	if err := otherRuns(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if !asks(stranger, sig) || !asks(stranger, byModule) {
		t.Error("ERC-1271 afterwards")
	}
	if err := a.runs(second, contract, "freeze", uint48(a.now+1)); err != nil {
		t.Errorf("another module afterwards: %v", err)
	}
}

// Signers, weights and probes leave the freeze alone, and the freeze them: they share a slot.
func TestTheFreezeSharesItsSlotWithTheSigners(t *testing.T) {
	a, p, module, contract := anyModule(t)
	until := a.now + 10*day
	if err := a.runs(module, contract, "freeze", uint48(until)); err != nil {
		t.Fatal(err)
	}
	extra := newPasskey(t, "extra", seal.RequireUV).signer.Bytes()
	for _, step := range []func() error{
		func() error { return a.do("addSigners", [][]byte{extra}, []uint64{3}) },
		func() error { return a.do("setSignerWeights", [][]byte{extra}, []uint64{5}) },
		func() error { return a.do("setThreshold", uint64(2)) },
		func() error { _, _, err := a.send(stranger, a.address, nil, contracts.ProbePrecompile()); return err },
		func() error { return a.do("removeSigners", [][]byte{p.signer.Bytes()}) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		if got := a.ask("frozenUntil").(*big.Int).Uint64(); got != until {
			t.Fatalf("frozen until %d", got)
		}
	}
	if err := a.runs(module, contract, "freeze", uint48(0)); err != nil {
		t.Fatal(err)
	}
	m := &modelStore{threshold: 2, list: []modelSigner{{bytes: extra, weight: 5}}, precompile: 1}
	for slot, want := range m.storage() {
		if got := a.state.GetState(a.address, slot); got != want {
			t.Errorf("slot %s: %s, want %s", slot, got, want)
		}
	}
}
