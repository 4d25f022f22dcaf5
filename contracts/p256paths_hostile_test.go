// The doors on chains that answer strangely or too little, and what a fuzzer finds.

package contracts_test

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
)

// answering stands for P256VERIFY and has one answer for everything.
type answering []byte

func (answering) RequiredGas([]byte) uint64    { return 6_900 }
func (answering) Name() string                 { return "answering" }
func (a answering) Run([]byte) ([]byte, error) { return a, nil }

// TestOnlyTheWordOneIsAYes: whatever else stands in memory, or is answered by what stands at P256VERIFY's address later
// on, is a no.
func TestOnlyTheWordOneIsAYes(t *testing.T) {
	w := newWorld(t, osaka)
	at, contract := w.deploy("P256Harness")
	one := common.LeftPadBytes([]byte{1}, 32)
	v := signatureWithS(big.NewInt(77), big.NewInt(5))
	rules := w.fork.config().Rules(big.NewInt(1), true, 1_700_000_000)
	for name, answer := range map[string][]byte{
		"nothing": nil, "31 bytes": one[1:], "33 bytes": append(bytes.Clone(one), 0), "64 bytes": append(bytes.Clone(one), one...), "0": make([]byte, 32),
		"2": common.LeftPadBytes([]byte{2}, 32), "1 and more above": append([]byte{1}, one[1:]...), "1": one,
	} {
		for _, function := range []string{"verifyAny", "verifyAnyAboveOne"} {
			env := w.strange(p256Verify, answering(answer))
			w.state.Prepare(rules, stranger, common.Address{}, &at, vm.ActivePrecompiles(rules), nil)
			data := pack(t, contract, function, uint8(1), word32(v.h), word32(v.r), word32(v.s), word32(v.x), word32(v.y), []byte{})
			ret, _, err := env.Call(stranger, at, data, vm.NewGasBudget(1_000_000, 0), new(uint256.Int))
			if err != nil || approves(t, ret) != (name == "1") {
				t.Errorf("%s, %s: %x, %v", function, name, ret, err)
			}
		}
	}
}

// dearVerify stands for P256VERIFY on a chain that charges a lot for it, or fails for bad signatures.
type dearVerify struct {
	gas   uint64
	fails bool
}

func (d dearVerify) RequiredGas([]byte) uint64 { return d.gas }
func (dearVerify) Name() string                { return "verify" }
func (d dearVerify) Run(in []byte) ([]byte, error) {
	if inputOf(in).valid() {
		return common.LeftPadBytes([]byte{1}, 32), nil
	}
	if d.fails {
		return nil, errors.New("bad signature")
	}
	return nil, nil
}

// TestAFailingPrecompileIsNoNo: when P256VERIFY fails, the arithmetic decides. Where that is not on the chain, or has
// too little gas, nobody decides – also if its address was made warm, so that asking it costs next to nothing.
func TestAFailingPrecompileIsNoNo(t *testing.T) {
	good := signatureWith(big.NewInt(77), big.NewInt(5), big.NewInt(9))
	bad := good
	bad.h = big.NewInt(1)
	w := newWorld(t, osaka)
	at, contract := w.deploy("P256Harness")
	rules := w.fork.config().Rules(big.NewInt(1), true, 1_700_000_000)
	ask := func(v ecdsaInput, verify dearVerify, limit uint64) (bool, error) {
		env := w.strange(p256Verify, verify)
		w.state.Prepare(rules, stranger, common.Address{}, &at, vm.ActivePrecompiles(rules), types.AccessList{{Address: contracts.P256Plain.Address}})
		data := pack(t, contract, "verifyAny", uint8(1), word32(v.h), word32(v.r), word32(v.s), word32(v.x), word32(v.y), []byte{})
		ret, _, err := env.Call(stranger, at, data, vm.NewGasBudget(limit, 0), new(uint256.Int))
		return err == nil && ret[31] == 1, err
	}
	for _, installed := range []bool{false, true} {
		if installed {
			w.installP256()
		}
		for _, price := range []uint64{3_450, 6_900, 49_000} {
			failed, valid := 0, 0
			for gas := uint64(2_000); gas < 60_000; gas += 61 {
				got, err := ask(good, dearVerify{gas: price}, gas)
				switch {
				case err != nil:
					failed++
				case !got:
					t.Fatalf("P256VERIFY for %d: refused with %d gas", price, gas)
				default:
					valid++
				}
			}
			if failed < 10 || valid < 10 {
				t.Errorf("P256VERIFY for %d: failed %d times, valid %d times", price, failed, valid)
			}
			if got, err := ask(bad, dearVerify{gas: price}, 1_000_000); got || err != nil {
				t.Errorf("a bad signature: %t, %v", got, err)
			}
		}
		// it takes all the gas that it was given
		if got, err := ask(good, dearVerify{6_900, true}, 20_000_000); !got || err != nil {
			t.Errorf("where P256VERIFY fails for bad signatures, a good one: %t, %v", got, err)
		}
		if got, err := ask(bad, dearVerify{6_900, true}, 20_000_000); got || (err == nil) != installed {
			t.Errorf("where P256VERIFY fails for bad signatures, engines installed %t: %t, %v", installed, got, err)
		}
	}
}

// Hints of the length for another path, or for none, are as good as no hints: whom the library asks, and with how many
// bytes.
func TestHintsOfOtherLengthsAreNotPassedOn(t *testing.T) {
	w, doors := allDoors(t)
	v := signatureWithS(big.NewInt(77), big.NewInt(5))
	w.buildAll(v)
	for _, path := range allPaths {
		engine, plain, hinted, fitting := contracts.P256Plain, 160, 288, 128
		switch path {
		case 0x01:
			continue
		case 0x11, 0x12, 0x13, 0x14:
			engine, plain, hinted, fitting = tableEngines[p256table.Format(path)], 128, 160, 32
		}
		for _, length := range []int{0, 1, 31, 32, 33, 64, 96, 127, 128, 129, 160, 288} {
			var to []common.Address
			var size []int
			w.tracer = &tracing.Hooks{OnEnter: func(depth int, _ byte, _, callee common.Address, input []byte, _ uint64, _ *big.Int) {
				if depth == 1 {
					to, size = append(to, callee), append(size, len(input))
				}
			}}
			if got, err := doors[0].ask(path, v, make([]byte, length)); !got || err != nil {
				t.Errorf("path %#x, %d bytes of hints: %t, %v", path, length, got, err)
			}
			w.tracer = nil
			want, wantSize := engine.Address, plain
			if length == fitting {
				wantSize = hinted
				if fitting == 128 {
					want = contracts.P256NoTable.Address
				}
			}
			if length == fitting { // the right ones save gas
				var right []byte
				if inverse, err := p256hint.Inverse(word32(v.s)); fitting == 32 && err == nil {
					right = inverse[:]
				} else if hints, err := p256hint.For(word32(v.h), word32(v.r), word32(v.s), word32(v.x), word32(v.y)); err == nil {
					right = hints.Bytes()
				}
				w.gas = 95_000
				if got, err := doors[0].ask(path, v, right); !got || err != nil {
					t.Errorf("path %#x, with its hints and little gas: %t, %v", path, got, err)
				}
				w.gas = 30_000_000
			}
			if len(to) != 1 || to[0] != want || size[0] != wantSize {
				t.Errorf("path %#x, %d bytes of hints: asked %v with %v bytes, not %v with %d", path, length, to, size, want, wantSize)
			}
		}
	}
}

// FuzzDoors drives the EVM and the standard library with the same words, at every door and over every path.
func FuzzDoors(f *testing.F) {
	w, doors := allDoors(f)
	for i := range int64(4) {
		f.Add([]byte{byte(i)}, []byte{2}, []byte{3}, uint64(77+i), uint64(5+i), []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, h, r, s []byte, secret, nonce uint64, hints []byte) {
		if len(h) > 32 || len(r) > 32 || len(s) > 32 || secret == 0 || nonce == 0 || len(hints) > 300 {
			return
		}
		for _, d := range doors {
			d.chain.t = t
		}
		random := rand.New(rand.NewPCG(secret, nonce))
		x, y := pointOf(new(big.Int).SetUint64(secret))
		number := func(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
		good := signatureWithS(new(big.Int).SetUint64(nonce), new(big.Int).SetUint64(secret))
		changed := good
		changed.h = number(h)
		for _, c := range []pathVector{{"words", ecdsaInput{number(h), number(r), number(s), x, y}, good}, {"valid", good, good}, {"another hash", changed, good}} {
			key, err := p256table.NewKey(word32(c.v.x), word32(c.v.y))
			if err != nil {
				continue
			}
			for _, format := range tableFormats {
				code, err := p256table.Build(format, key)
				if err != nil {
					t.Fatal(err)
				}
				w.state.SetCode(tableAt(t, format, key), code, tracing.CodeChangeUnspecified)
			}
			valid := everyDoor(t, doors, c, random)
			for _, path := range allPaths {
				for _, d := range doors {
					if got, err := d.ask(path, c.v, hints); err != errNoWay && (err != nil || got != d.wants(valid, c.v, hints)) {
						t.Errorf("%s: %s over %#x, hints %x: %t, %v: %v", c.name, d.name, path, hints, got, err, c.v)
					}
				}
			}
		}
	})
}

// TestTheLibrarysProbeCannotBeStarved: with too little gas it fails, and never takes the chain for one without P256VERIFY.
func TestTheLibrarysProbeCannotBeStarved(t *testing.T) {
	h := newHarness(t, osaka)
	failed, answered := 0, 0
	for gas := uint64(2_000); gas < 130_000; gas += 97 {
		h.gas = gas
		ret, _, err := h.send(stranger, h.at, nil, pack(t, h.contract, "probe"))
		switch {
		case err != nil:
			failed++
		case approves(t, ret):
			answered++
		default:
			t.Fatalf("with %d gas: no", gas)
		}
	}
	if failed < 100 || answered < 100 {
		t.Errorf("failed %d times, answered %d times", failed, answered)
	}
}

// TestTheLibraryTakesPForNoZero: coordinates to which p is added are no coordinates.
func TestTheLibraryTakesPForNoZero(t *testing.T) {
	h := newHarness(t, prague)
	onCurve := func(x, y *big.Int) bool {
		return approves(t, h.must(stranger, h.at, nil, pack(t, h.contract, "isOnCurve", word32(x), word32(y))))
	}
	x, y := pointWithSmallX(t), pointWithSmallY(t)
	if !onCurve(x.x, x.y) || !onCurve(y.x, y.y) {
		t.Error("points are refused")
	}
	if onCurve(new(big.Int).Add(x.x, fieldPrime), x.y) || onCurve(y.x, new(big.Int).Add(y.y, fieldPrime)) {
		t.Error("a coordinate above p is accepted")
	}
}
