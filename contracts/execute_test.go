package contracts_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func pack(t testing.TB, contract abi.ABI, method string, args ...any) []byte {
	t.Helper()
	data, err := contract.Pack(method, args...)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ERC-7579 modes: call type and execution type are the first two bytes.
var (
	modeSingle      = [32]byte{0: 0x00}
	modeSingleTry   = [32]byte{0: 0x00, 1: 0x01}
	modeBatch       = [32]byte{0: 0x01}
	modeBatchTry    = [32]byte{0: 0x01, 1: 0x01}
	modeStatic      = [32]byte{0: 0xfe}
	modeDelegate    = [32]byte{0: 0xff}
	modeUnknownExec = [32]byte{1: 0x02}
)

// single is target ‖ value ‖ data.
func single(to common.Address, value *big.Int, data []byte) []byte {
	if value == nil {
		value = new(big.Int)
	}
	return append(append(to.Bytes(), value.FillBytes(make([]byte, 32))...), data...)
}

type execution struct {
	Target   common.Address
	Value    *big.Int
	CallData []byte
}

// batch is abi.encode(Execution[]).
func batch(t testing.TB, calls ...execution) []byte {
	t.Helper()
	typ, err := abi.NewType("tuple[]", "", []abi.ArgumentMarshaling{
		{Name: "target", Type: "address"}, {Name: "value", Type: "uint256"}, {Name: "callData", Type: "bytes"}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := abi.Arguments{{Type: typ}}.Pack(calls)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func executionAccount(t *testing.T) (*acct, common.Address, abi.ABI) {
	p := newPasskey(t, "execute", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	target, targetABI := a.deploy("Target")
	return a, target, targetABI
}

func (a *acct) sum(target common.Address, targetABI abi.ABI) int64 {
	ret := a.must(stranger, target, nil, pack(a.t, targetABI, "sum"))
	return new(big.Int).SetBytes(ret).Int64()
}

func TestSingleAndBatchCalls(t *testing.T) {
	a, target, targetABI := executionAccount(t)
	add := func(n int64) []byte { return pack(t, targetABI, "add", big.NewInt(n)) }

	if err := a.do("execute", modeSingle, single(target, ether(1), add(5))); err != nil {
		t.Fatal(err)
	}
	if got := a.balance(target); got.Cmp(ether(1)) != 0 {
		t.Errorf("value sent: %s", got)
	}
	if caller := a.must(stranger, target, nil, pack(t, targetABI, "lastCaller")); common.BytesToAddress(caller) != a.address {
		t.Errorf("caller %x", caller)
	}
	calls := []execution{{target, new(big.Int), add(1)}, {target, ether(2), add(2)}, {addr("friend"), ether(1), nil}}
	if err := a.do("execute", modeBatch, batch(t, calls...)); err != nil {
		t.Fatal(err)
	}
	if got := a.sum(target, targetABI); got != 8 {
		t.Errorf("sum %d", got)
	}
	if got := a.balance(addr("friend")); got.Cmp(ether(1)) != 0 {
		t.Errorf("friend has %s", got)
	}
}

func TestFailedCallsRevertOrAreReported(t *testing.T) {
	a, target, targetABI := executionAccount(t)
	add := func(n int64) []byte { return pack(t, targetABI, "add", big.NewInt(n)) }
	calls := batch(t, execution{target, new(big.Int), add(1)}, execution{target, new(big.Int), add(13)}, execution{target, new(big.Int), add(2)})

	wantRevert(t, a.do("execute", modeSingle, single(target, nil, add(13))), targetABI, "Refused")
	wantRevert(t, a.do("execute", modeBatch, calls), targetABI, "Refused")
	if got := a.sum(target, targetABI); got != 0 {
		t.Errorf("a failed batch left %d behind", got)
	}
	if err := a.do("execute", modeSingleTry, single(target, nil, add(13))); err != nil {
		t.Error(err)
	}
	if err := a.do("execute", modeBatchTry, calls); err != nil {
		t.Error(err)
	}
	if got := a.sum(target, targetABI); got != 3 {
		t.Errorf("sum %d after a batch that tolerates failures", got)
	}
	logs := a.state.Logs()
	if want := contracts.AccountABI.Events["ERC7579TryExecuteFail"].ID; len(logs) == 0 || logs[len(logs)-1].Topics[0] != want {
		t.Error("no event tells of the failure")
	}
}

func TestUnknownModesAndMalformedCallsRevert(t *testing.T) {
	a, target, _ := executionAccount(t)
	wantRevert(t, a.do("execute", modeStatic, single(target, nil, nil)), contracts.AccountABI, "ERC7579UnsupportedCallType")
	wantRevert(t, a.do("execute", modeUnknownExec, single(target, nil, nil)), contracts.AccountABI, "ERC7579UnsupportedExecType")
	for _, data := range [][]byte{nil, {1}, make([]byte, 51)} {
		if a.do("execute", modeSingle, data) == nil {
			t.Errorf("single call of %d bytes executed", len(data))
		}
	}
	good := batch(t, execution{target, new(big.Int), []byte{1, 2, 3, 4}})
	for n := range len(good) - 32 { // the last word is padding around the data
		if a.do("execute", modeBatch, good[:n]) == nil {
			t.Errorf("batch cut to %d of %d bytes executed", n, len(good))
		}
	}
	for _, mode := range [][32]byte{modeSingle, modeSingleTry, modeBatch, modeBatchTry, modeDelegate} {
		if !a.ask("supportsExecutionMode", mode).(bool) {
			t.Errorf("mode %x unsupported", mode[:2])
		}
	}
}

func TestTheAccountReceives(t *testing.T) {
	a, _, _ := executionAccount(t)
	before := a.balance(a.address)
	a.must(stranger, a.address, ether(1), nil)
	if got := new(big.Int).Sub(a.balance(a.address), before); got.Cmp(ether(1)) != 0 {
		t.Errorf("received %s", got)
	}
	nft, nftABI := a.deploy("NFT")
	a.must(stranger, nft, nil, pack(t, nftABI, "mint", a.address, big.NewInt(7)))
	multi, multiABI := a.deploy("Multi")
	ids := []*big.Int{big.NewInt(1), big.NewInt(2)}
	a.must(stranger, multi, nil, pack(t, multiABI, "mint", a.address, ids[:1], ids[:1]))
	a.must(stranger, multi, nil, pack(t, multiABI, "mint", a.address, ids, ids))
	for _, id := range []string{"01ffc9a7", "4e2312e0", "150b7a02", "1626ba7e"} {
		if !a.ask("supportsInterface", [4]byte(common.FromHex(id))).(bool) {
			t.Errorf("interface %s unsupported", id)
		}
	}
	if a.ask("supportsInterface", [4]byte{0xff, 0xff, 0xff, 0xff}).(bool) {
		t.Error("interface 0xffffffff supported")
	}
}

func TestValidationPaysWhatIsMissing(t *testing.T) {
	p := newPasskey(t, "pay", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	hash := opHash("pay")
	before := a.balance(a.entryPoint())
	a.must(a.entryPoint(), a.address, nil, a.validateData(new(big.Int), hash, p.approve(hash), big.NewInt(12_345)))
	if got := new(big.Int).Sub(a.balance(a.entryPoint()), before); got.Int64() != 12_345 {
		t.Errorf("paid %s", got)
	}
}

func TestUpgradeKeepsSignersAndNeedsAnImplementation(t *testing.T) {
	p := newPasskey(t, "upgrade", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	next := a.install(userop.V09)
	// 1. Not to a contract that is no implementation, nor to nothing.
	target, _ := a.deploy("Target")
	for _, to := range []common.Address{target, addr("nothing"), a.address} {
		if a.do("upgradeToAndCall", to, []byte{}) == nil {
			t.Errorf("upgraded to %s", to)
		}
	}
	// 2. To the implementation for another EntryPoint, by a call of the account to itself.
	upgrade := a.pack("upgradeToAndCall", next.Implementation, []byte{})
	if err := a.do("execute", modeSingle, single(a.address, nil, upgrade)); err != nil {
		t.Fatal(err)
	}
	slot := a.state.GetState(a.address, implementationSlot)
	if common.BytesToAddress(slot[:]) != next.Implementation {
		t.Fatalf("points to %s", slot)
	}
	// 3. The signers are the same, the EntryPoint is the new one.
	_, _, err := a.send(a.entryPoint(), a.address, nil, a.pack("setThreshold", uint64(1)))
	wantRevert(t, err, contracts.AccountABI, "AccountUnauthorized")
	moved := &acct{a.world, next, a.params, a.address}
	hash := opHash("upgrade")
	if !moved.validates(hash, p.approve(hash)) {
		t.Error("the signer's approval is refused after the upgrade")
	}
	// 4. The implementation itself cannot be upgraded.
	_, _, err = a.send(next.EntryPoint.Address(), next.Implementation, nil, upgrade)
	wantRevert(t, err, contracts.AccountABI, "UUPSUnauthorizedCallContext")
}

func TestAccountIDNamesTheAccount(t *testing.T) {
	a, _, _ := executionAccount(t)
	if got := a.ask("accountId"); got != "postern.webauthnaccount.1.2.0" {
		t.Errorf("accountId %v", got)
	}
	if !bytes.Equal(a.state.GetCode(a.address)[:1], []byte{0x36}) {
		t.Error("the proxy does not start with CALLDATASIZE")
	}
}
