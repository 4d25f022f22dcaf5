// The table factory: the right bytes, at addresses that nobody else can take.

package contracts_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/p256gen/builder"
	"github.com/postern-dev/postern/p256table"
)

var tableFormats = []p256table.Format{p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k}

func newTables(t testing.TB, f fork) *world {
	w := newWorld(t, f)
	w.must(stranger, contracts.Deployer, nil, contracts.P256TableFactory.InitCode())
	if !bytes.Equal(w.state.GetCode(contracts.P256TableFactory.Address), contracts.P256TableFactory.Code()) {
		t.Fatal("the factory is not where it should be")
	}
	return w
}

// tableKey is the key k·G.
func tableKey(t testing.TB, k *big.Int) p256table.Key {
	t.Helper()
	x, y := pointOf(k)
	key, err := p256table.NewKey([32]byte(x.FillBytes(make([]byte, 32))), [32]byte(y.FillBytes(make([]byte, 32))))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func buildCall(t testing.TB, f p256table.Format, k p256table.Key) []byte {
	t.Helper()
	data, err := contracts.BuildTable(f, k)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func tableAt(t testing.TB, f p256table.Format, k p256table.Key) common.Address {
	t.Helper()
	at, err := contracts.TableAddress(f, k)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// wantTable checks that the right table, and nothing else, is at the right place.
func wantTable(t testing.TB, w *world, f p256table.Format, k p256table.Key, ret []byte) {
	t.Helper()
	at := tableAt(t, f, k)
	if !bytes.Equal(ret, common.LeftPadBytes(at[:], 32)) {
		t.Errorf("%v: returned %x, not %s", f, ret, at)
	}
	if err := p256table.Verify(f, k, w.state.GetCode(at)); err != nil {
		t.Errorf("%v of %v: %v", f, k, err)
	}
}

func TestFactoryBuildsTheTablesOfP256table(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	n := new(big.Int).Add(new(big.Int).Lsh(halfOrder, 1), big.NewInt(1))
	for _, rules := range []fork{cancun, prague, osaka} {
		w := newTables(t, rules)
		keys := []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(n, big.NewInt(1)), halfOrder, new(big.Int).Lsh(big.NewInt(1), 64)}
		for range 8 {
			keys = append(keys, randomScalar(random))
		}
		for i, d := range keys {
			for _, f := range tableFormats {
				if f == p256table.Format16k && i%4 != 0 {
					continue
				}
				k := tableKey(t, d)
				wantTable(t, w, f, k, w.must(stranger, contracts.P256TableFactory.Address, nil, buildCall(t, f, k)))
			}
		}
	}
}

var halfOrder, _ = new(big.Int).SetString("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8", 16)

// tableGas measures the whole call, without a transaction's own 21,000 and calldata. It is the same for every key.
func tableGas(t *testing.T, rules fork) figures {
	out := figures{}
	w := newTables(t, rules)
	for d := int64(1); d <= 3; d++ {
		k := tableKey(t, big.NewInt(d*d*987654321))
		for _, f := range tableFormats {
			_, used, err := w.send(stranger, contracts.P256TableFactory.Address, nil, buildCall(t, f, k))
			if err != nil {
				t.Fatal(err)
			}
			name := "table.build" + f.String()
			if d > 1 && used != out[name] {
				t.Errorf("%s: %d gas for one key, %d for another", name, out[name], used)
			}
			out[name] = used
		}
	}
	_, used, err := w.send(stranger, contracts.P256TableFactory.Address, nil, buildCall(t, p256table.Format4k, tableKey(t, big.NewInt(987654321))))
	if err != nil {
		t.Fatal(err)
	}
	out["table.again"] = used
	return out
}

// TestBuildGasKeepsItsLimits holds the targets, and what a block and a transaction (EIP-7825: 2²⁴) can pay.
func TestBuildGasKeepsItsLimits(t *testing.T) {
	got := tableGas(t, osaka)
	for name, limit := range map[string]uint64{"table.build1k": 330_000, "table.build4k": 960_000, "table.build16k": 1<<24 - 100_000, "table.again": 5_000} {
		if got[name] > limit || got[name] == 0 {
			t.Errorf("%s: %d gas, at most %d", name, got[name], limit)
		}
	}
	w := newTables(t, osaka)
	w.gas = 1<<24 - 21_000 - 100*16
	k := tableKey(t, big.NewInt(5))
	wantTable(t, w, p256table.Format16k, k, w.must(stranger, contracts.P256TableFactory.Address, nil, buildCall(t, p256table.Format16k, k)))
}

// wantTableError checks that a call reverts with an error of the factory.
func wantTableError(t testing.TB, name string, err error, want [4]byte) {
	t.Helper()
	var r *revertError
	if !errors.As(err, &r) || !bytes.Equal(r.data, want[:]) {
		t.Errorf("%s: %v, want revert with %x", name, err, want)
	}
}

func TestFactoryRefuses(t *testing.T) {
	w := newTables(t, osaka)
	factory := contracts.P256TableFactory.Address
	good := buildCall(t, p256table.Format1k, tableKey(t, big.NewInt(7)))
	p, _ := new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	with := func(word int, v *big.Int) []byte {
		out := bytes.Clone(good)
		v.FillBytes(out[4+32*word : 36+32*word])
		return out
	}
	both := func(x, y *big.Int) []byte {
		out := with(1, x)
		y.FillBytes(out[68:100])
		return out
	}
	top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	small, low := pointWithSmallX(t), pointWithSmallY(t)
	flipped := new(big.Int).SetBytes(good[68:100])
	flipped.Xor(flipped, big.NewInt(1))
	type refusal struct {
		data []byte
		want [4]byte
	}
	cases := map[string]refusal{
		"off the curve":       {with(2, flipped), contracts.ErrTableNotOnCurve},
		"infinity":            {both(new(big.Int), new(big.Int)), contracts.ErrTableNotOnCurve},
		"x + p":               {both(new(big.Int).Add(small.x, p), small.y), contracts.ErrTableNotOnCurve},
		"y + p":               {both(low.x, new(big.Int).Add(low.y, p)), contracts.ErrTableNotOnCurve},
		"x = p":               {with(1, p), contracts.ErrTableNotOnCurve},
		"y = p":               {with(2, p), contracts.ErrTableNotOnCurve},
		"y = 2^256 - 1":       {with(2, top), contracts.ErrTableNotOnCurve},
		"x and y exchanged":   {both(new(big.Int).SetBytes(good[68:100]), new(big.Int).SetBytes(good[36:68])), contracts.ErrTableNotOnCurve},
		"a byte less":         {good[:99], contracts.ErrTableUnknownCall},
		"selector alone":      {good[:4], contracts.ErrTableUnknownCall},
		"one byte":            {good[:1], contracts.ErrTableUnknownCall},
		"another function":    {append([]byte{1, 2, 3, 4}, good[4:]...), contracts.ErrTableUnknownCall},
		"the callback itself": {nil, contracts.ErrTableNotBuilding},
	}
	for _, f := range []int64{0, 1, 0x10, 0x15, 0xfc, 0x112, 0x1200} {
		cases[new(big.Int).SetInt64(f).Text(16)] = refusal{with(0, big.NewInt(f)), contracts.ErrTableUnknownFormat}
	}
	cases["format with a bit above"] = refusal{with(0, new(big.Int).SetBit(big.NewInt(0x12), 255, 1)), contracts.ErrTableUnknownFormat}
	for name, c := range cases {
		_, _, err := w.send(stranger, factory, nil, c.data)
		wantTableError(t, name, err, c.want)
	}
	_, _, err := w.send(stranger, factory, big.NewInt(1), good)
	wantTableError(t, "ether", err, contracts.ErrTableUnknownCall)
	_, _, err = w.send(stranger, factory, big.NewInt(1), nil)
	wantTableError(t, "ether alone", err, contracts.ErrTableNotBuilding)
	if n := w.state.GetNonce(factory); n != 1 {
		t.Errorf("the factory created %d contracts", n-1)
	}
	// the points with a small coordinate are keys like any other
	for _, q := range []ecdsaInput{small, low} {
		k, err := p256table.NewKey([32]byte(q.x.FillBytes(make([]byte, 32))), [32]byte(q.y.FillBytes(make([]byte, 32))))
		if err != nil {
			t.Fatal(err)
		}
		wantTable(t, w, p256table.Format1k, k, w.must(stranger, factory, nil, buildCall(t, p256table.Format1k, k)))
	}
}

func TestTableOfIsTheAddress(t *testing.T) {
	w := newTables(t, cancun)
	for _, f := range tableFormats {
		k := tableKey(t, big.NewInt(int64(f)))
		data, err := contracts.TableOf(f, k)
		if err != nil {
			t.Fatal(err)
		}
		at := tableAt(t, f, k)
		ret, err := w.view(stranger, contracts.P256TableFactory.Address, data)
		if err != nil || !bytes.Equal(ret, common.LeftPadBytes(at[:], 32)) {
			t.Errorf("%v: %x, %v, not %s", f, ret, err, at)
		}
	}
	if _, err := contracts.TableAddress(p256table.FCL, tableKey(t, big.NewInt(1))); err == nil {
		t.Error("an address for a format that the factory does not build")
	}
	if _, err := contracts.BuildTable(p256table.Format1k, p256table.Key{}); err == nil {
		t.Error("calldata without a key")
	}
}

// TestBeingFirstChangesNothing: whoever builds, and whatever is sent to the address before, the result is the same; to
// build again is cheap.
func TestBeingFirstChangesNothing(t *testing.T) {
	w := newTables(t, osaka)
	factory, k := contracts.P256TableFactory.Address, tableKey(t, big.NewInt(31337))
	at := tableAt(t, p256table.Format4k, k)
	w.fund(at, 3)
	w.fund(addr("front-runner"), 1)
	data := buildCall(t, p256table.Format4k, k)
	wantTable(t, w, p256table.Format4k, k, w.must(addr("front-runner"), factory, nil, data))
	nonce := w.state.GetNonce(factory)
	ret, used, err := w.send(stranger, factory, nil, data)
	if err != nil || used > 5_000 {
		t.Errorf("again: %d gas, %v", used, err)
	}
	wantTable(t, w, p256table.Format4k, k, ret)
	if w.state.GetNonce(factory) != nonce {
		t.Error("built again")
	}
	if w.balance(at).Cmp(ether(3)) != 0 {
		t.Error("the table's ether is gone")
	}
	// Calls of a table do nothing: its first byte is STOP.
	if ret, _, err := w.send(stranger, at, nil, []byte{1, 2, 3}); err != nil || len(ret) != 0 {
		t.Errorf("a call of the table: %x, %v", ret, err)
	}
}

// TestNobodyElseGetsToATablesAddress: the same salt and init code, from another creator, are another contract, which asks
// that creator.
func TestNobodyElseGetsToATablesAddress(t *testing.T) {
	w := newTables(t, osaka)
	k := tableKey(t, big.NewInt(4711))
	x, y := k.X(), k.Y()
	salt := crypto.Keccak256([]byte{byte(p256table.Format1k)}, x[:], y[:])
	initCode := common.FromHex("0x5f5f5f5f335afa3d5f5f3e6011575f5ffd5b3d5ff3")
	// the deployer, called back without calldata, fails
	if _, _, err := w.send(stranger, contracts.Deployer, nil, append(bytes.Clone(salt), initCode...)); err == nil {
		t.Error("the deployer answered")
	}
	if n := w.state.GetCodeSize(tableAt(t, p256table.Format1k, k)); n != 0 {
		t.Errorf("%d bytes of code at the table's address", n)
	}
}

type step struct {
	to   common.Address
	data []byte
	gas  uint32 // 0: all there is
}

// sequence puts a contract on the chain that makes calls one after another, in one transaction, and returns a word for
// each: whether it succeeded.
func (w *world) sequence(steps ...step) common.Address {
	program := func(dataAt int) (code, data []byte) {
		two := func(v int) []byte { return []byte{0x61, byte(v >> 8), byte(v)} }
		for i, s := range steps {
			code = slices.Concat(code, two(len(s.data)), two(dataAt+len(data)), []byte{0x5f, 0x39}) // CODECOPY to 0
			gas := []byte{0x5a}
			if s.gas > 0 {
				gas = binary.BigEndian.AppendUint32([]byte{0x63}, s.gas)
			}
			code = slices.Concat(code, []byte{0x5f, 0x5f}, two(len(s.data)), []byte{0x5f, 0x5f, 0x73}, s.to[:], gas, []byte{0xf1}) // CALL
			code = slices.Concat(code, two(0x1000+32*i), []byte{0x52})                                                             // MSTORE
			data = append(data, s.data...)
		}
		return slices.Concat(code, two(32*len(steps)), two(0x1000), []byte{0xf3}), data
	}
	code, _ := program(0)
	code, data := program(len(code))
	at := addr("sequence")
	w.state.SetCode(at, append(code, data...), tracing.CodeChangeUnspecified)
	return at
}

// run is what a sequence returned, a digit for each step.
func (w *world) run(steps ...step) string {
	w.t.Helper()
	ret := w.must(stranger, w.sequence(steps...), nil, nil)
	out := ""
	for i := range steps {
		out += string('0' + rune(ret[32*i+31]))
	}
	return out
}

// TestTheCallbackAnswersOnlyWhileBuilding: before, between and after builds of one transaction, good and failed ones, a
// call without calldata is refused; and builds do not disturb each other.
func TestTheCallbackAnswersOnlyWhileBuilding(t *testing.T) {
	w := newTables(t, prague)
	factory := contracts.P256TableFactory.Address
	k1, k2 := tableKey(t, big.NewInt(100)), tableKey(t, big.NewInt(101))
	offCurve := buildCall(t, p256table.Format1k, k1)
	offCurve[99] ^= 1
	callback := step{to: factory}
	got := w.run(callback,
		step{to: factory, data: buildCall(t, p256table.Format1k, k1)}, callback,
		step{to: factory, data: offCurve}, callback,
		step{to: factory, data: buildCall(t, p256table.Format4k, k2), gas: 500_000}, callback, // not enough
		step{to: factory, data: buildCall(t, p256table.Format512, k2)}, callback,
		step{to: factory, data: buildCall(t, p256table.Format512, k2)}, callback, // there already
	)
	if got != "01000001010" {
		t.Errorf("calls that succeeded: %s", got)
	}
	for _, table := range []struct {
		f p256table.Format
		k p256table.Key
	}{{p256table.Format1k, k1}, {p256table.Format512, k2}} {
		if err := p256table.Verify(table.f, table.k, w.state.GetCode(tableAt(t, table.f, table.k))); err != nil {
			t.Error(err)
		}
	}
	if n := w.state.GetCodeSize(tableAt(t, p256table.Format4k, k2)); n != 0 {
		t.Errorf("%d bytes of a table that had too little gas", n)
	}
}

// TestABuildCallsNobody follows a build: the init code, the way back into the factory and MODEXP are all that runs, so
// nobody gets to act while key and format stand in transient storage.
func TestABuildCallsNobody(t *testing.T) {
	w := newTables(t, osaka)
	factory, k := contracts.P256TableFactory.Address, tableKey(t, big.NewInt(55))
	at := tableAt(t, p256table.Format16k, k)
	var calls []string
	w.tracer = &tracing.Hooks{OnEnter: func(depth int, typ byte, from, to common.Address, _ []byte, _ uint64, _ *big.Int) {
		calls = append(calls, fmt.Sprintf("%d %v %s %s", depth, vm.OpCode(typ), from, to))
	}}
	w.must(stranger, factory, nil, buildCall(t, p256table.Format16k, k))
	modexp := common.BytesToAddress([]byte{5})
	want := []string{
		fmt.Sprintf("0 CALL %s %s", stranger, factory),
		fmt.Sprintf("1 CREATE2 %s %s", factory, at),
		fmt.Sprintf("2 STATICCALL %s %s", at, factory),
		fmt.Sprintf("3 STATICCALL %s %s", factory, modexp),
		fmt.Sprintf("3 STATICCALL %s %s", factory, modexp),
	}
	if !slices.Equal(calls, want) {
		t.Errorf("calls:\n%s", strings.Join(calls, "\n"))
	}
}

// TestTooLittleGasBuildsNothing: whatever gas is given, there is the right table or none.
func TestTooLittleGasBuildsNothing(t *testing.T) {
	w := newTables(t, osaka)
	factory, k := contracts.P256TableFactory.Address, tableKey(t, big.NewInt(56))
	at, data := tableAt(t, p256table.Format512, k), buildCall(t, p256table.Format512, k)
	built, failed := 0, 0
	clean := w.state
	for gas := uint64(1_000); gas < 216_000; gas += 311 {
		w.state, w.gas = clean.Copy(), gas
		_, _, err := w.send(stranger, factory, nil, data)
		switch code := w.state.GetCode(at); {
		case err == nil:
			built++
			if err := p256table.Verify(p256table.Format512, k, code); err != nil {
				t.Fatalf("with %d gas: %v", gas, err)
			}
		case len(code) != 0:
			t.Fatalf("with %d gas: %v, and %d bytes of code", gas, err, len(code))
		default:
			failed++
		}
	}
	if built < 5 || failed < 500 {
		t.Errorf("built %d times, failed %d times", built, failed)
	}
}

// lyingInverse stands for MODEXP and answers something else.
type lyingInverse []byte

func (lyingInverse) RequiredGas([]byte) uint64    { return 100 }
func (lyingInverse) Name() string                 { return "lie" }
func (l lyingInverse) Run([]byte) ([]byte, error) { return l, nil }

// modexpAddress is that of the precompile MODEXP (EIP-198).
var modexpAddress = common.BytesToAddress([]byte{5})

// strange is a chain on which a precompile is another, or nothing.
func (w *world) strange(at common.Address, precompile vm.PrecompiledContract) *vm.EVM {
	rules := w.fork.config().Rules(big.NewInt(1), true, 1_700_000_000)
	precompiles := maps.Clone(vm.ActivePrecompiledContracts(rules))
	delete(precompiles, at)
	if precompile != nil {
		precompiles[at] = precompile
	}
	env := runtime.NewEnv(&runtime.Config{
		ChainConfig: w.fork.config(), State: w.state, Origin: stranger, GasLimit: 30_000_000, BlockNumber: big.NewInt(1), Time: 1_700_000_000,
		Difficulty: new(big.Int), GasPrice: new(big.Int), Value: new(big.Int), BaseFee: new(big.Int), BlobBaseFee: new(big.Int), Random: &common.Hash{},
		GetHashFn: func(uint64) common.Hash { return common.Hash{} },
	})
	env.SetPrecompiles(precompiles)
	return env
}

// TestWrongInversesBuildNothing: a chain whose MODEXP is not there, or does not tell the truth.
func TestWrongInversesBuildNothing(t *testing.T) {
	one := common.LeftPadBytes([]byte{1}, 32)
	for name, liar := range map[string]vm.PrecompiledContract{
		"absent": nil, "empty": lyingInverse{}, "0": lyingInverse(make([]byte, 32)), "1": lyingInverse(one), "short": lyingInverse(one[:31]),
	} {
		w := newTables(t, osaka)
		k := tableKey(t, big.NewInt(57))
		env := w.strange(modexpAddress, liar)
		ret, _, err := env.Call(stranger, contracts.P256TableFactory.Address, buildCall(t, p256table.Format1k, k), vm.NewGasBudget(30_000_000, 0), new(uint256.Int))
		if !errors.Is(err, vm.ErrExecutionReverted) || !bytes.Equal(ret, contracts.ErrTableBuildFailed[:]) {
			t.Errorf("%s: %x, %v", name, ret, err)
		}
		if n := w.state.GetCodeSize(tableAt(t, p256table.Format1k, k)); n != 0 {
			t.Errorf("%s: %d bytes of code", name, n)
		}
	}
}

func TestInitCodeIsTheGenerators(t *testing.T) {
	if !bytes.Equal(builder.InitCode, common.FromHex("0x5f5f5f5f335afa3d5f5f3e6011575f5ffd5b3d5ff3")) {
		t.Error("the init code of package contracts is another")
	}
}
