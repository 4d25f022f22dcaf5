package contracts_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// storeDriver takes the account, OpenZeppelin's own contract and the model through the same changes.
type storeDriver struct {
	*acct
	random  *rand.Rand
	model   *modelStore
	pool    [][]byte // signers that may be added
	oz      common.Address
	ozABI   abi.ABI
	touched map[common.Hash]bool // every slot of the account that was ever written
	logs    int                  // of the state, seen so far
}

func newStoreDriver(t *testing.T, f fork, seed uint64) *storeDriver {
	t.Helper()
	w := newWorld(t, f)
	deployment := w.install(userop.V08)
	d := &storeDriver{random: rand.New(rand.NewPCG(seed, 0)), model: &modelStore{}, touched: map[common.Hash]bool{}}
	w.tracer = &tracing.Hooks{OnOpcode: func(pc uint64, op byte, gas, cost uint64, scope tracing.OpContext, _ []byte, _ int, _ error) {
		if d.acct == nil || vm.OpCode(op) != vm.SSTORE || scope.Address() != d.address {
			return
		}
		d.touched[common.Hash(scope.StackData()[len(scope.StackData())-1].Bytes32())] = true
	}}
	verifier, _ := w.deploy("HashVerifier")
	for i, rule := range []seal.Rule{0, seal.RequireUV, 0x15, seal.RequireUV} {
		p := newPasskey(t, fmt.Sprint("store ", i), rule)
		d.pool = append(d.pool, p.signer.Bytes())
		if i == 0 {
			d.pool = append(d.pool, p.withRule(seal.RequireUV).signer.Bytes())
		}
	}
	for i := range 3 {
		d.pool = append(d.pool, addr(fmt.Sprint("store ", i)).Bytes())
	}
	for _, n := range []int{1, 11, 12, 100} {
		d.pool = append(d.pool, append(verifier.Bytes(), bytes.Repeat([]byte{byte(n)}, n)...))
	}

	// Any first signers that will do.
	params := contracts.Params{Threshold: 1}
	for i := range 1 + d.random.IntN(3) {
		params.Signers = append(params.Signers, d.pool[i])
		params.Weights = append(params.Weights, d.weight())
	}
	for slices.Contains(params.Weights, 0) || len(d.model.clone().add(params.Signers, params.Weights)) != 0 {
		for i := range params.Weights {
			params.Weights[i] = d.weight()
		}
	}
	d.model.add(params.Signers, params.Weights)
	d.model.setThreshold(1)
	d.oz, d.ozABI = w.deploy("OpenZeppelinSigners")
	w.must(stranger, d.oz, nil, pack(t, d.ozABI, "initialize", params.Signers, params.Weights, uint64(1)))
	address, err := deployment.Address(params)
	if err != nil {
		t.Fatal(err)
	}
	d.acct = &acct{w, deployment, params, address} // now its storage is watched
	w.create(deployment, params)
	d.logs = len(w.state.Logs())
	d.compare("created")
	return d
}

// weight is a small weight, or one at an end.
func (d *storeDriver) weight() uint64 {
	switch d.random.IntN(12) {
	case 0:
		return 0
	case 1:
		return math.MaxUint64 - uint64(d.random.IntN(3))
	case 2:
		return math.MaxUint64 / 2
	default:
		return 1 + uint64(d.random.IntN(4))
	}
}

// some is a few signers of the pool, mostly different ones, mostly such as are signers (or are not).
func (d *storeDriver) some(known bool) (signers [][]byte) {
	for range 1 + d.random.IntN(3) {
		s := d.pool[d.random.IntN(len(d.pool))]
		for range 8 {
			if (d.model.find(s) >= 0) == known && !slices.ContainsFunc(signers, func(o []byte) bool { return bytes.Equal(o, s) }) {
				break
			}
			s = d.pool[d.random.IntN(len(d.pool))]
		}
		signers = append(signers, s)
	}
	if d.random.IntN(30) == 0 {
		signers = append(signers, nil)
	}
	return signers
}

func (d *storeDriver) weights(n int) (weights []uint64) {
	for range n {
		weights = append(weights, d.weight())
	}
	if d.random.IntN(30) == 0 {
		weights = append(weights, 1)
	}
	return weights
}

// step makes one random change, to all three, and compares them. It tells whether the change was made.
func (d *storeDriver) step() (name string, done bool) {
	d.t.Helper()
	next := d.model.clone()
	var faults []string
	var added [][]byte
	var data, ozData []byte
	from := d.entryPoint()
	both := func(method string, args ...any) {
		name = method
		data, ozData = d.pack(method, args...), pack(d.t, d.ozABI, method, args...)
	}
	switch k := d.random.IntN(16); {
	case k < 4:
		signers := d.some(false)
		added = signers
		weights := d.weights(len(signers))
		faults = next.add(signers, weights)
		both("addSigners", signers, weights)
	case k < 8:
		signers := d.some(true)
		faults = next.remove(signers)
		both("removeSigners", signers)
	case k < 11:
		signers := d.some(true)
		weights := d.weights(len(signers))
		faults = next.setWeights(signers, weights)
		both("setSignerWeights", signers, weights)
	case k < 13:
		threshold := d.random.Uint64N(8)
		if total := d.model.total(); d.random.IntN(3) == 0 {
			threshold = total.Uint64() - 1 + d.random.Uint64N(3)
		}
		faults = next.setThreshold(threshold)
		both("setThreshold", threshold)
	case k < 15:
		signer, format, self := d.some(true)[0], []byte{0, 0x11, 0x12, 0x13}[d.random.IntN(4)], d.random.IntN(2) == 0
		faults = next.useTable(signer, format, self)
		name, data = "useTable", d.acct.pack("useTable", signer, format)
		if !self {
			from = stranger
		}
	default:
		next.precompile = 2
		if d.fork == osaka {
			next.precompile = 1
		}
		name, data, from = "probePrecompile", d.acct.pack("probePrecompile"), stranger
	}

	_, _, err := d.send(from, d.address, nil, data)
	if (err == nil) != (len(faults) == 0) {
		d.t.Fatalf("%s %x: %v, the model says %q", name, data, err, faults)
	}
	got := errorName(err, contracts.AccountABI)
	if err != nil && !slices.Contains(faults, got) {
		d.t.Fatalf("%s: ends with %s, the model says %q", name, got, faults)
	}
	if ozData != nil {
		_, _, ozErr := d.send(stranger, d.oz, nil, ozData)
		if (ozErr == nil) != (err == nil) {
			d.t.Fatalf("%s: %v, OpenZeppelin's %v", name, err, ozErr)
		}
		want := errorName(ozErr, d.ozABI)
		// OpenZeppelin's adds signers with a weight of 1 each before it looks at their weights.
		full := name == "addSigners" && want == "SafeCastOverflowedUintDowncast" && !new(big.Int).Add(d.model.total(), big.NewInt(int64(len(added)))).IsUint64()
		if len(faults) == 1 && got != want && faults[0] != "BadSigner" && !full {
			d.t.Fatalf("%s: ends with %s, OpenZeppelin's with %s", name, got, want)
		}
		d.compareLogs(name)
	}
	d.logs = len(d.state.Logs())
	if err == nil {
		d.model = next
	}
	d.compare(name)
	return name, err == nil
}

func errorName(err error, contract abi.ABI) string {
	var r *revertError
	if !errors.As(err, &r) || len(r.data) < 4 {
		return fmt.Sprint(err)
	}
	e, err := contract.ErrorByID([4]byte(r.data))
	if err != nil {
		return err.Error()
	}
	return e.Name
}

// compareLogs compares the events of the last change with those of OpenZeppelin's contract, in any order.
func (d *storeDriver) compareLogs(name string) {
	d.t.Helper()
	events := map[common.Address][]string{}
	logs := d.state.Logs()
	slices.SortFunc(logs, func(a, b *types.Log) int { return int(a.Index) - int(b.Index) })
	for _, l := range logs[d.logs:] {
		events[l.Address] = append(events[l.Address], fmt.Sprintf("%x %x", l.Topics, l.Data))
	}
	slices.Sort(events[d.address])
	slices.Sort(events[d.oz])
	if !slices.Equal(events[d.address], events[d.oz]) {
		d.t.Fatalf("%s: events %s, OpenZeppelin's %s", name, events[d.address], events[d.oz])
	}
}

// compare asks both contracts everything they can be asked, and the account's storage for every slot ever written.
func (d *storeDriver) compare(name string) {
	d.t.Helper()
	m := d.model
	want := map[string]any{
		"threshold": m.threshold, "totalWeight": m.total().Uint64(), "getSignerCount": big.NewInt(int64(len(m.list))),
	}
	for method, v := range want {
		d.same(name, v, method)
	}
	n := uint64(len(m.list))
	for _, r := range [][2]uint64{{0, math.MaxUint64}, {0, 1}, {1, n}, {n - 1, n + 1}, {2, 1}, {d.random.Uint64N(n + 2), d.random.Uint64N(n + 2)}} {
		slice := [][]byte{}
		for i := r[0]; i < min(r[1], n); i++ {
			slice = append(slice, m.list[i].bytes)
		}
		d.same(name, slice, "getSigners", r[0], r[1])
	}
	for _, s := range append([][]byte{nil, d.address.Bytes()}, d.pool...) {
		i := m.find(s)
		weight := uint64(0)
		if i >= 0 {
			weight = m.list[i].weight
		}
		d.same(name, i >= 0, "isSigner", s)
		d.same(name, weight, "signerWeight", s)
		d.comparePath(name, i, s)
	}
	got := map[common.Hash]common.Hash{}
	for k := range d.touched {
		if v := d.state.GetState(d.address, k); k != implementationSlot && v != (common.Hash{}) {
			got[k] = v
		}
	}
	should := m.storage()
	for k, v := range got {
		if should[k] != v {
			d.t.Fatalf("%s: slot %s is %s, not %s", name, k, v, should[k])
		}
	}
	if len(got) != len(should) {
		d.t.Fatalf("%s: %d slots in use, not %d", name, len(got), len(should))
	}
	// What the model itself must never lose.
	if m.threshold == 0 || n == 0 || len(m.reach()) != 0 {
		d.t.Fatalf("%s: threshold %d, %d signers of weight %s", name, m.threshold, n, m.total())
	}
}

// read asks without a copy of the state: these functions change nothing, and the slots are compared afterwards.
func (d *storeDriver) read(to common.Address, data []byte) ([]byte, error) {
	ret, _, err := d.send(stranger, to, nil, data)
	return ret, err
}

func (d *storeDriver) same(name string, want any, method string, args ...any) {
	d.t.Helper()
	data := d.acct.pack(method, args...)
	got, err := d.read(d.address, data)
	if err != nil {
		d.t.Fatalf("%s: %s%x: %v", name, method, args, err)
	}
	expected, err := contracts.AccountABI.Methods[method].Outputs.Pack(want)
	if err != nil {
		d.t.Fatal(err)
	}
	oz, err := d.read(d.oz, data)
	if !bytes.Equal(got, expected) || !bytes.Equal(oz, expected) || err != nil {
		d.t.Fatalf("%s: %s%x is %x, the model says %x, OpenZeppelin's %x, %v", name, method, args, got, expected, oz, err)
	}
}

func (d *storeDriver) comparePath(name string, i int, signer []byte) {
	d.t.Helper()
	ret, err := d.read(d.address, contracts.P256Path(signer))
	switch {
	case i < 0:
		wantRevert(d.t, err, contracts.AccountABI, "MultiSignerERC7913NonexistentSigner")
	case !d.model.list[i].passkey():
		wantRevert(d.t, err, contracts.AccountABI, "NotAPasskey")
	default:
		want := d.model.list[i].format
		if d.fork == osaka {
			want = 1
		}
		if got, perr := contracts.ParseP256Path(ret); err != nil || perr != nil || got != want {
			d.t.Fatalf("%s: path %#x (%x) instead of %#x: %v, %v", name, got, ret, want, err, perr)
		}
	}
}

func TestTheStoreIsWhatTheModelSaysAfterAnySequenceOfChanges(t *testing.T) {
	made := map[string][2]int{}
	for seed := range uint64(count(24, 400)) {
		d := newStoreDriver(t, []fork{prague, osaka}[seed%2], seed)
		for range 40 {
			name, done := d.step()
			n := made[name]
			if done {
				n[0]++
			} else {
				n[1]++
			}
			made[name] = n
		}
	}
	t.Logf("changes made and refused: %v", made)
	for name, n := range made {
		if n[0] < 10 || n[1] < 10 && name != "probePrecompile" {
			t.Errorf("%s: %d made, %d refused: too few to mean anything", name, n[0], n[1])
		}
	}
}

func FuzzTheStoreIsWhatTheModelSays(f *testing.F) {
	f.Add(uint64(1), uint8(20))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		d := newStoreDriver(t, prague, seed)
		for range steps {
			d.step()
		}
	})
}

// The namespaces of everything the account is made of do not meet.
func TestTheStoreIsApartFromEverythingElse(t *testing.T) {
	if want := common.HexToHash("0x9496912cf1ce71238f25997cc3655496a681b638cc0e5139aa787ffbf94c2300"); storeBase != want {
		t.Fatalf("the store is at %s", storeBase)
	}
	others := map[string]common.Hash{"ERC-1967 implementation": implementationSlot}
	for _, name := range []string{"Initializable", "AccountERC7579", "MultiSignerERC7913", "MultiSignerERC7913Weighted", "EIP712"} {
		others[name] = namespace("openzeppelin.storage." + name)
	}
	if want := common.HexToHash("0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00"); others["Initializable"] != want {
		t.Fatalf("Initializable's namespace %s, want %s", others["Initializable"], want)
	}
	for name, base := range others {
		if distance := new(big.Int).Abs(new(big.Int).Sub(base.Big(), storeBase.Big())); distance.BitLen() < 100 {
			t.Errorf("%s is %s slots from the store", name, distance)
		}
	}
}

func TestTheListNeverOutgrowsItsCounter(t *testing.T) {
	p, q := newPasskey(t, "first of many", seal.RequireUV), newPasskey(t, "last of many", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	// As if there were 2^24 − 2 signers, the last of which p is not.
	config := a.state.GetState(a.address, storeBase)
	put(config[13:16], 1<<24-2)
	put(config[16:24], 1<<24-2)
	a.state.SetState(a.address, storeBase, config)
	if err := a.do("addSigners", signerBytes(q.signer), []uint64{1}); err != nil {
		t.Fatal(err)
	}
	if n := a.ask("getSignerCount").(*big.Int); n.Int64() != 1<<24-1 {
		t.Errorf("%s signers", n)
	}
	wantRevert(t, a.do("addSigners", signerBytes(q.withRule(0).signer), []uint64{1}), contracts.AccountABI, "SafeCastOverflowedUintDowncast")
	if got := a.ask("getSigners", uint64(1<<24-2), uint64(1<<24)).([][]byte); len(got) != 1 || !bytes.Equal(got[0], q.signer.Bytes()) {
		t.Errorf("the last signer is %x", got)
	}
}

func TestAnUpgradeKeepsTheWholeStore(t *testing.T) {
	d := newStoreDriver(t, prague, 77)
	for range 30 {
		d.step()
	}
	next := d.install(userop.V09)
	if err := d.do("upgradeToAndCall", next.Implementation, []byte{}); err != nil {
		t.Fatal(err)
	}
	d.logs = len(d.state.Logs())
	d.d = next // the EntryPoint is another one now
	d.compare("upgraded")
	for range 10 {
		d.step()
	}
}
