// What the P-256 engines cost, and that they work with the slow verifier and the tables that are on the chain.

package contracts_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
)

// tableEngines are the engines by the format of table they take.
var tableEngines = map[p256table.Format]contracts.P256Engine{
	p256table.Format512: contracts.P256Table512, p256table.Format1k: contracts.P256Table1k,
	p256table.Format4k: contracts.P256Table4k, p256table.Format16k: contracts.P256Table16k,
}

// engineWorld is a chain with all engines and the slow verifier.
func engineWorld(t testing.TB, f fork) *world {
	w := newWorld(t, f)
	w.must(stranger, contracts.Deployer, nil, contracts.P256SlowInit())
	for _, e := range contracts.P256Engines() {
		w.must(stranger, contracts.Deployer, nil, e.InitCode())
	}
	return w
}

// putTable puts the table of a key where no factory was, for gas: the address is as cold as any.
func putTable(t *testing.T, w *world, f p256table.Format, s ecdsaInput) common.Address {
	t.Helper()
	key, err := p256table.NewKey(word32(s.x), word32(s.y))
	if err != nil {
		t.Fatal(err)
	}
	code, err := p256table.Build(f, key)
	if err != nil {
		t.Fatal(err)
	}
	at := addr(fmt.Sprint("table of ", s.x, f))
	w.state.SetCode(at, code, tracing.CodeChangeUnspecified)
	return at
}

func word32(v *big.Int) (out [32]byte) {
	v.FillBytes(out[:])
	return out
}

// engineCall is a call of an engine.
type engineCall struct {
	to   common.Address
	data []byte
}

// engineCalls are calls by the name of the figure they are for.
func engineCalls(t *testing.T, w *world, s ecdsaInput) map[string]engineCall {
	t.Helper()
	calls := map[string]engineCall{}
	put := func(name string, e contracts.P256Engine, data []byte) { calls[name] = engineCall{e.Address, data} }
	inverse, err := p256hint.Inverse(word32(s.s))
	if err != nil {
		t.Fatal(err)
	}
	for format, e := range tableEngines {
		data := append(s.bytes()[:96], common.LeftPadBytes(putTable(t, w, format, s).Bytes(), 32)...)
		put("p256.table"+format.String(), e, data)
		put("p256.table"+format.String()+".hint", e, append(data[:128:128], inverse[:]...))
	}
	put("p256.notable", contracts.P256Plain, s.bytes())
	if hints, err := p256hint.For(word32(s.h), word32(s.r), word32(s.s), word32(s.x), word32(s.y)); err == nil {
		put("p256.notable.hint", contracts.P256NoTable, append(s.bytes(), hints.Bytes()...))
	}
	return calls
}

// signedInputs are valid signatures with a seed.
func signedInputs(seed uint64, count int) []ecdsaInput {
	random := rand.New(rand.NewPCG(seed, 1))
	var out []ecdsaInput
	for range count {
		out = append(out, signatureWith(randomScalar(random), randomScalar(random), randomScalar(random)))
	}
	return out
}

// p256Gas measures the engines: of figures that differ from one signature to the next, the mean.
func p256Gas(t *testing.T, f fork) figures {
	t.Helper()
	w := engineWorld(t, f)
	sums, times := figures{}, figures{}
	constant := figures{}
	for _, s := range signedInputs(4, 40) {
		for name, c := range engineCalls(t, w, s) {
			ret, used, err := w.send(stranger, c.to, nil, c.data)
			if err != nil || new(big.Int).SetBytes(ret).Cmp(big.NewInt(1)) != 0 {
				t.Fatalf("%s: %x, %v", name, ret, err)
			}
			if before, ok := constant[name]; ok && before != used && name != "p256.notable.hint" {
				t.Errorf("%s: %d gas, and %d for another signature", name, before, used)
			}
			constant[name] = used
			sums[name] += used
			times[name]++
		}
	}
	out := figures{}
	for name, sum := range sums {
		out[name] = sum / times[name]
	}
	return out
}

// atMost are the limits the engines were made for, on Osaka.
var atMost = figures{
	"p256.table16k": 36_500, "p256.table16k.hint": 32_000, "p256.table4k": 41_000, "p256.table4k.hint": 37_000,
	"p256.table1k": 48_500, "p256.table1k.hint": 44_500, "p256.notable.hint": 70_000, "p256.notable": 115_000,
}

func TestP256EnginesKeepWithinTheirLimits(t *testing.T) {
	got := p256Gas(t, osaka)
	for name, limit := range atMost {
		if got[name] == 0 || got[name] > limit {
			t.Errorf("%s: %d gas, the limit is %d", name, got[name], limit)
		}
	}
}

// Equal and opposite points, infinity and r + n, with the slow verifier that is deployed.
func TestP256EnginesFallBackOnTheSlowVerifier(t *testing.T) {
	w := engineWorld(t, osaka)
	n := new(big.Int).SetBytes(common.FromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
	number := big.NewInt
	minus := func(k int64) *big.Int { return new(big.Int).Sub(n, number(k)) }
	for _, s := range []ecdsaInput{
		signatureWith(number(1), number(9), number(9)), signatureWith(minus(1), number(9), number(6)),
		signatureWith(minus(1), number(6), number(9)), signatureWith(number(1), number(0), number(1)),
		signatureWith(number(3), minus(6), number(2)), signatureWith(number(2), number(2), number(1)),
		signatureWith(minus(1), number(5), number(5)), signatureWith(number(77), number(0), number(3)),
	} {
		for _, delta := range []int64{0, 1} {
			c := s
			c.h = new(big.Int).Add(s.h, number(delta))
			for name, call := range engineCalls(t, w, c) {
				ret := w.must(stranger, call.to, nil, call.data)
				if got := new(big.Int).SetBytes(ret).Sign() == 1; got != c.valid() || len(ret) != 32 {
					t.Errorf("%s: %x for %s", name, ret, c)
				}
			}
		}
	}
}
