package p256gen

import (
	"math/big"
	"math/rand"
	"testing"
)

var tables = map[string]Table{"512": Table512, "1k": Table1k, "4k": Table4k, "16k": Table16k}

type signature struct{ h, r, s, x, y *big.Int }

// sign makes a signature of h by d with the nonce k; r or s may be zero.
func sign(cv *Curve, d, k, h *big.Int) signature {
	q, r := cv.Mul(d, cv.G()), cv.Mul(k, cv.G()).X
	r = new(big.Int).Mod(r, cv.N)
	s := new(big.Int).Mul(r, d)
	s.Add(s, h).Mul(s, new(big.Int).ModInverse(k, cv.N)).Mod(s, cv.N)
	return signature{h, r, s, q.X, q.Y}
}

func random(rng *rand.Rand, cv *Curve) *big.Int {
	return new(big.Int).Add(new(big.Int).Rand(rng, minus(cv.N, 1)), big.NewInt(1))
}

func TestTableEnginesCostTheSameForEverySignature(t *testing.T) {
	cv := P256()
	for name, shape := range tables {
		code := TableEngine(cv, shape, LoadSchedules(), slowAt)
		t.Logf("%s: %d bytes", name, len(code))
		for _, osaka := range []bool{false, true} {
			for _, hint := range []bool{false, true} {
				m := newMachine(t, osaka, code, verifyGo)
				rng := rand.New(rand.NewSource(1))
				var first uint64
				for i := range 12 {
					sig := sign(cv, random(rng, cv), random(rng, cv), random(rng, cv))
					m.put(tableAt, shape.Code(cv, Point{sig.x, sig.y}))
					data := wordsOf(sig.h, sig.r, sig.s, tableAt.Big())
					if hint {
						data = append(data, wordsOf(new(big.Int).ModInverse(sig.s, cv.N))...)
					}
					valid, gas, slow := m.call(data)
					if !valid || slow {
						t.Fatalf("%s: valid %t, slow %t", name, valid, slow)
					}
					if i == 0 {
						first = gas
						t.Logf("%s osaka %t hint %t: %d gas", name, osaka, hint, gas)
					}
					if gas != first {
						t.Errorf("%s: %d gas, then %d", name, first, gas)
					}
				}
			}
		}
	}
}
