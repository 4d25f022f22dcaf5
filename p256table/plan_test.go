package p256table

import (
	"math/big"
	"testing"
)

// The sums of a comb are fixed multiples of Q. That none of them adds a point to itself or to its
// opposite, and that none is infinity, therefore holds for every key when it holds for the
// multiples. The same walk shows that each place holds the multiple that the format says.
func TestNoSumOfACombIsExceptionalForAnyKey(t *testing.T) {
	n := curve.Params().N
	for _, f := range []Format{Format512, Format1k, Format4k, Format16k} {
		l, p := layouts[f], plans[f]()
		at := make([]*big.Int, p.places)
		for _, tooth := range p.teeth {
			m := new(big.Int).Lsh(big.NewInt(1), uint(tooth.exponent))
			at[tooth.place] = m.Mod(m, n)
		}
		steps, outputs := 0, 0
		set := func(place int, m *big.Int) {
			if at[place] != nil || m.Mod(m, n).Sign() == 0 {
				t.Fatalf("%v: place %d is set twice, or infinity", f, place)
			}
			at[place] = m
		}
		for _, level := range p.levels {
			ready := append([]*big.Int(nil), at...)
			for _, s := range level {
				a, b := ready[s.a], ready[s.b]
				if a == nil || b == nil {
					t.Fatalf("%v: a step of a level needs another of it", f)
				}
				set(s.plus, new(big.Int).Add(a, b))
				set(s.minus, new(big.Int).Sub(a, b))
				if at[s.plus].Sign() == 0 || at[s.minus].Sign() == 0 {
					t.Fatalf("%v: places %d and %d are equal or opposite for every key", f, s.a, s.b)
				}
				steps++
			}
		}
		size := 1 << (l.teeth - 1)
		for i := range f.Points() {
			want := new(big.Int)
			for j := range l.teeth {
				m := new(big.Int).Lsh(big.NewInt(1), uint(l.exponent(j, i/size)))
				if j < l.teeth-1 && i%size>>j&1 == 0 {
					m.Neg(m)
				}
				want.Add(want, m)
			}
			if want.Mod(want, n); at[i] == nil || at[i].Cmp(want) != 0 {
				t.Fatalf("%v: point %d is another multiple", f, i)
			}
			outputs++
		}
		if outputs != f.Points() || steps == 0 {
			t.Fatalf("%v: %d points, %d steps looked at", f, outputs, steps)
		}
	}
}

func TestTheGeneratorIsTheGenerator(t *testing.T) {
	if !generator.onCurve() || toBig(&generator.x).Cmp(curve.Params().Gx) != 0 || toBig(&generator.y).Cmp(curve.Params().Gy) != 0 {
		t.Error("it is not")
	}
}
