// Each check of the engines, with signatures that nothing but this check tells from valid ones, and hints of which one
// is wrong and the others fit it.

package p256gen

import (
	"bytes"
	"math/big"
	"math/rand"
	"testing"
)

// pointAt is the first point of the curve with an x from the given one on, by steps of 1 or -1.
func (cv *Curve) pointAt(x *big.Int, step int64) Point {
	for x = new(big.Int).Set(x); ; x.Add(x, big.NewInt(step)) {
		y := new(big.Int).Mul(x, x)
		y.Sub(y, big.NewInt(3)).Mul(y, x).Add(y, cv.B).Mod(y, cv.P)
		if y.ModSqrt(y, cv.P) != nil {
			return Point{new(big.Int).Set(x), y}
		}
	}
}

// endsAt is a signature with this r and s for a key that makes the sum end at a point, whether or not r belongs to it.
func endsAt(sum Point, h, r, s *big.Int) signature {
	cv := P256()
	q := cv.Add(cv.Mul(s, sum), cv.Neg(cv.Mul(h, cv.G())))
	q = cv.Mul(new(big.Int).ModInverse(r, cv.N), q)
	return signature{h, r, s, q.X, q.Y}
}

// r + n stands for x where it is below p, and only there: beyond, it is the x of another point.
func TestRAndNTogetherAreAnXOnlyBelowP(t *testing.T) {
	cv := P256()
	gap := new(big.Int).Sub(cv.P, cv.N)
	h, s := big.NewInt(31), big.NewInt(37)
	highest := cv.pointAt(minus(cv.P, 1), -1)
	onEveryPath(t, endsAt(highest, h, new(big.Int).Sub(highest.X, cv.N), s), true)
	onEveryPath(t, endsAt(highest, h, highest.X, s), false) // r is not below n
	lowest := cv.pointAt(cv.N, 1)
	onEveryPath(t, endsAt(lowest, h, new(big.Int).Sub(lowest.X, cv.N), s), true)
	for _, x := range []*big.Int{new(big.Int), big.NewInt(1), big.NewInt(1_000_000), random(rand.New(rand.NewSource(1)), cv)} {
		sum := cv.pointAt(x, 1)
		onEveryPath(t, endsAt(sum, h, new(big.Int).Add(sum.X, gap), s), false) // r + n = x + p
		if sum.X.Sign() > 0 {
			onEveryPath(t, endsAt(sum, h, sum.X, s), true)
		}
	}
}

// What is out of range is refused before anything is computed, and the ends of the range are in it.
func TestTheEndsOfTheRange(t *testing.T) {
	cv := P256()
	low, high := cv.pointAt(big.NewInt(1), 1), cv.pointAt(minus(cv.N, 1), -1)
	for _, s := range []*big.Int{big.NewInt(1), minus(cv.N, 1)} {
		onEveryPath(t, endsAt(low, big.NewInt(31), low.X, s), true)
		onEveryPath(t, endsAt(high, big.NewInt(31), high.X, s), true)
	}
	good := endsAt(low, big.NewInt(31), low.X, big.NewInt(5))
	plus := func(v *big.Int) *big.Int { return new(big.Int).Add(v, cv.N) }
	for _, p := range paths() {
		m := newMachine(t, true, p.engine(), verifyGo)
		p.install(t, m, good)
		for what, data := range p.calls(t, vector{"", good, good}, rand.New(rand.NewSource(2))) {
			if valid, _, _ := m.call(data); !valid {
				t.Errorf("%s %s: refused", p.name, what)
			}
			for word, values := range map[int][]*big.Int{
				1: {new(big.Int), cv.N, plus(big.NewInt(1)), plus(low.X), ones(256)}, 2: {new(big.Int), cv.N, plus(big.NewInt(1)), plus(good.s), ones(256)},
			} {
				for _, v := range values {
					bad := bytes.Clone(data)
					v.FillBytes(bad[32*word : 32*word+32])
					if valid, gas, slow := m.call(bad); valid || slow || gas > 200 {
						t.Errorf("%s %s, word %d is %x: %t, %d gas, slow %t", p.name, what, word, v, valid, gas, slow)
					}
				}
			}
		}
	}
}

// A coordinate that is not below p is not another way to write a key, even if it fits in a word.
func TestCoordinatesAreBelowP(t *testing.T) {
	cv := P256()
	wide := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), cv.P) // what p can be added to
	smallX := cv.pointAt(big.NewInt(0), 1)
	x, _ := new(big.Int).SetString("d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7", 16)
	for _, q := range []Point{smallX, {x, big.NewInt(5)}} {
		// u1 = 3, u2 = 5
		sum := cv.Add(cv.Mul(big.NewInt(3), cv.G()), cv.Mul(big.NewInt(5), q))
		r := new(big.Int).Mod(sum.X, cv.N)
		s := new(big.Int).ModInverse(big.NewInt(5), cv.N)
		s.Mul(s, r).Mod(s, cv.N)
		h := new(big.Int).Mul(s, big.NewInt(3))
		good := signature{h.Mod(h, cv.N), r, s, q.X, q.Y}
		onEveryPath(t, good, true)
		bad := good
		if q.X.Cmp(wide) < 0 {
			bad.x = new(big.Int).Add(q.X, cv.P)
		}
		if q.Y.Cmp(wide) < 0 {
			bad.y = new(big.Int).Add(q.Y, cv.P)
		}
		if bad == good {
			t.Fatal("nothing is changed")
		}
		data := append(wordsOf(bad.h, bad.r, bad.s, bad.x, bad.y), good.hinted(t)[160:]...)
		for _, engine := range [][]byte{NoTableEngine(cv, LoadSchedules(), slowAt), PlainEngine(cv, LoadSchedules(), slowAt)} {
			m := newMachine(t, true, engine, verifyGo)
			if valid, gas, slow := m.call(data); valid || slow || gas > 300 {
				t.Errorf("%x, %x: %t, %d gas, slow %t", bad.x, bad.y, valid, gas, slow)
			}
		}
	}
}

// atOnce is more gas than hints are checked with, and less than anything is added with; modexp and the slow double are in it.
const atOnce = 12_000

// wantAtOnce wants hints to be refused before anything is computed with them.
func (m *machine) wantAtOnce(name string, data []byte, want bool) {
	m.t.Helper()
	if got, gas, slow := m.call(data); got != want || !slow || gas > atOnce {
		m.t.Errorf("%s: %t with %d gas, slow %t", name, got, gas, slow)
	}
}

func TestEveryHintIsCheckedBeforeItIsUsed(t *testing.T) {
	cv := P256()
	m := newMachine(t, true, NoTableEngine(cv, LoadSchedules(), slowAt), verifyGo)
	sig := signFast(big.NewInt(4711), big.NewInt(815), big.NewInt(42))
	good := sig.hinted(t)
	if valid, gas, slow := m.call(good); !valid || slow || gas < 4*atOnce {
		t.Fatalf("valid %t, slow %t, %d gas", valid, slow, gas)
	}
	word := func(i int, v *big.Int) []byte {
		out := append([]byte{}, good...)
		v.FillBytes(out[32*i : 32*i+32])
		return out
	}
	plus := func(i int, k int64) *big.Int {
		v := new(big.Int).Add(wordAt(good, i), big.NewInt(k))
		return v.And(v, ones(256))
	}
	for i, name := range map[int]string{6: "yR", 7: "i1", 8: "i2"} {
		for what, v := range map[string]*big.Int{"0": new(big.Int), "1": big.NewInt(1), "p": cv.P, "all ones": ones(256), "one more": plus(i, 1), "one less": plus(i, -1),
			"its negative": new(big.Int).Sub(cv.P, wordAt(good, i))} {
			m.wantAtOnce(name+" is "+what, word(i, v), true)
		}
	}
	for what, v := range map[string]*big.Int{"0": new(big.Int), "n": cv.N, "1": big.NewInt(1), "all ones": ones(256), "one more": plus(5, 1)} {
		m.wantAtOnce("w is "+what, word(5, v), true)
	}
	for _, zero := range []*big.Int{new(big.Int), cv.N} {
		m.wantAtOnce("w is 0 and the others fit", append(good[:160:160], fit(cv, sig, zero, Point{sig.r, wordAt(good, 6)})...), true)
	}
	// hints for another point with the same x, and one with none: everything else fits it
	w := wordAt(good, 5)
	other := Point{sig.r, wordAt(good, 6)}
	if valid, gas, slow := m.call(append(good[:160:160], fit(cv, sig, w, cv.Neg(other))...)); !valid || !slow || gas < 4*atOnce {
		t.Errorf("R for R': %t, %d gas, slow %t", valid, gas, slow)
	}
	if valid, _, slow := m.call(append(good[:160:160], fit(cv, sig, w, other)...)); !valid || slow {
		t.Errorf("the hints are others: %t, slow %t", valid, slow)
	}
	m.wantAtOnce("R' is on another curve", append(good[:160:160], fit(cv, sig, w, Point{sig.r, new(big.Int).Xor(other.Y, big.NewInt(1))})...), true)
	// either point with x = 5, and w = 1
	low := cv.pointAt(big.NewInt(5), 1)
	for _, y := range []*big.Int{low.Y, cv.Neg(low).Y} {
		s := endsAt(low, big.NewInt(31), low.X, big.NewInt(37))
		data := append(wordsOf(s.h, s.r, s.s, s.x, s.y), fit(cv, s, big.NewInt(1), Point{low.X, y})...)
		if valid, _, slow := m.call(data); !valid || slow != (y == low.Y) {
			t.Errorf("w = 1: %t, slow %t", valid, slow)
		}
		// the same w in another form
		copy(data[160:192], wordsOf(new(big.Int).Add(cv.N, big.NewInt(1))))
		if valid, _, slow := m.call(data); !valid || slow != (y == low.Y) {
			t.Errorf("w = 1 + n: %t, slow %t", valid, slow)
		}
	}
}

// A y of R' that is not below p is another form of the right one, but differences would be wrong with it.
func TestYOfRIsBelowP(t *testing.T) {
	cv := P256()
	x, _ := new(big.Int).SetString("d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7", 16)
	r := Point{x, minus(cv.P, 5)} // so that y of R' is 5
	if !cv.OnCurve(r.X, r.Y) {
		t.Fatal("no point")
	}
	// a w for short scalars: with s = r both are the same
	s := endsAt(r, big.NewInt(31), x, x)
	w := new(big.Int).ModInverse(x, cv.N)
	w.Mul(w, big.NewInt(77)).Mod(w, cv.N)
	m := newMachine(t, true, NoTableEngine(cv, LoadSchedules(), slowAt), verifyGo)
	data := append(wordsOf(s.h, s.r, s.s, s.x, s.y), fit(cv, s, w, cv.Neg(r))...)
	if valid, _, slow := m.call(data); !valid || slow {
		t.Fatalf("valid %t, slow %t", valid, slow)
	}
	copy(data[192:224], wordsOf(new(big.Int).Add(cv.P, big.NewInt(5))))
	m.wantAtOnce("y + p", data, true)
}

// Where R is the key, or three times or a third of it, up to the sign, there is no i2: no word will do.
func TestRelatedPointsHaveNoHints(t *testing.T) {
	cv := P256()
	m := newMachine(t, true, NoTableEngine(cv, LoadSchedules(), slowAt), verifyGo)
	third := new(big.Int).ModInverse(big.NewInt(3), cv.N)
	for _, u2 := range []*big.Int{big.NewInt(1), minus(cv.N, 1), big.NewInt(3), minus(cv.N, 3), third, new(big.Int).Sub(cv.N, third)} {
		s := fromScalars(big.NewInt(4711), new(big.Int), u2)
		r := cv.Mul(u2, Point{s.x, s.y})
		w := new(big.Int).ModInverse(s.r, cv.N) // b = 1
		if u2.Cmp(third) == 0 || u2.Cmp(new(big.Int).Sub(cv.N, third)) == 0 {
			w = new(big.Int).ModInverse(s.s, cv.N) // a = 1
		}
		data := append(wordsOf(s.h, s.r, s.s, s.x, s.y), fit(cv, s, w, cv.Neg(r))...)
		for _, i2 := range []*big.Int{new(big.Int), big.NewInt(1), cv.P, ones(256)} {
			copy(data[256:], wordsOf(i2))
			m.wantAtOnce("related", data, true)
		}
	}
}

// fit are hints that fit w and a point for R', whatever that is: i1 and i2 pass.
func fit(cv *Curve, s signature, w *big.Int, r Point) []byte {
	q := Point{s.x, s.y}
	if b := new(big.Int).Mul(w, s.r); b.Mod(b, cv.N).Cmp(cv.halfN()) >= 0 {
		q = cv.Neg(q)
	}
	i1, i2 := jointInverses(cv, q, r)
	if i1 == nil {
		i1 = new(big.Int)
	}
	if i2 == nil {
		i2 = new(big.Int)
	}
	return wordsOf(w, r.Y, i1, i2)
}

// The engine without a table accepts when the sum is k0·G, both coordinates of it, and scalars are below 2^128. The
// signatures here are bad, and made so that without one of these checks they would be good.
func TestSumsThatAreNearlyRightAreWrong(t *testing.T) {
	cv := P256()
	n := cv.N
	m := newMachine(t, true, NoTableEngine(cv, LoadSchedules(), slowAt), verifyGo)
	d, k := big.NewInt(4711), new(big.Int).Lsh(big.NewInt(815), 100)
	q, r := base(d), base(k)
	mod := func(v *big.Int) *big.Int { return v.Mod(v, n) }
	two := new(big.Int).Lsh(big.NewInt(1), 128)
	// forged has scalars a and b, and the hash for which effectiveA·R' + effectiveB·Q + cG is end·G
	forged := func(a, b, effectiveA, effectiveB, end *big.Int) []byte {
		w := new(big.Int).ModInverse(r.X, n)
		mod(w.Mul(w, b))
		inverse := new(big.Int).ModInverse(w, n)
		s := mod(new(big.Int).Mul(a, inverse))
		h := new(big.Int).Mul(effectiveA, k) // R' is -k·G
		h.Add(h, end).Sub(h, new(big.Int).Mul(effectiveB, d))
		mod(h.Mul(h, inverse))
		sig := signature{h, r.X, s, q.X, q.Y}
		return append(wordsOf(h, sig.r, s, sig.x, sig.y), fit(cv, sig, w, cv.Neg(r))...)
	}
	zero := new(big.Int)
	odd := func(v int64) *big.Int { return new(big.Int).Sub(two, big.NewInt(v)) }
	for name, ab := range map[string][2]*big.Int{
		"both odd": {odd(1), odd(3)}, "a even": {odd(2), odd(3)}, "b even": {odd(1), odd(4)}, "small": {big.NewInt(1), big.NewInt(1)},
		"the smallest even a": {big.NewInt(2), big.NewInt(1)}, "the smallest even b": {big.NewInt(1), big.NewInt(2)},
	} {
		for _, sign := range []int64{1, -1} {
			a, b := ab[0], mod(new(big.Int).Mul(ab[1], big.NewInt(sign)))
			if valid, _, slow := m.call(forged(a, b, a, b, zero)); !valid || slow {
				t.Errorf("%s, %d: %t, slow %t", name, sign, valid, slow)
			}
			// the sum ends at -k0·G, which has the same x; at infinity, where there is none; elsewhere
			minusK0 := new(big.Int).Neg(noTableK0(cv))
			for what, end := range map[string]*big.Int{"-k0": new(big.Int).Lsh(minusK0, 1), "infinity": minusK0, "2 k0": noTableK0(cv), "near": big.NewInt(1)} {
				if valid, _, slow := m.call(forged(a, b, a, b, end)); valid || !slow {
					t.Errorf("%s, %d, at %s: %t, slow %t", name, sign, what, valid, slow)
				}
			}
			// the correction forgotten, or made with the other point
			for what, add := range map[string][2]int64{"R'": {1, 0}, "-R'": {-1, 0}, "Q": {0, 1}, "-Q": {0, -1}} {
				x, y := new(big.Int).Add(a, big.NewInt(add[0])), new(big.Int).Add(b, big.NewInt(add[1]))
				if valid, _, slow := m.call(forged(a, b, x, y, zero)); valid || !slow {
					t.Errorf("%s, %d, with %s too many: %t, slow %t", name, sign, what, valid, slow)
				}
			}
		}
	}
	// Above 2^128 digits are lost, or run over into the other scalar: the sum is that of other scalars. All of these go
	// to the slow verifier at once.
	for _, excess := range []*big.Int{two, new(big.Int).Lsh(two, 1), new(big.Int).Lsh(two, 7)} {
		for _, low := range []*big.Int{big.NewInt(1), big.NewInt(2), odd(1), odd(2), new(big.Int).Rsh(two, 1)} {
			large := new(big.Int).Add(low, excess)
			for _, other := range []*big.Int{big.NewInt(1), big.NewInt(3), odd(1), odd(3)} {
				for _, lost := range []*big.Int{zero, excess, new(big.Int).Lsh(two, 1)} {
					less := new(big.Int).Sub(large, lost)
					for name, data := range map[string][]byte{
						"a": forged(large, other, less, other, zero), "b": forged(other, large, other, less, zero),
						"n - b": forged(other, new(big.Int).Sub(n, large), other, new(big.Int).Neg(less), zero),
					} {
						m.wantAtOnce(name+" is too large", data, lost == zero)
					}
				}
			}
		}
	}
	// the largest and smallest there are
	for _, a := range []*big.Int{big.NewInt(1), odd(1)} {
		for _, b := range []*big.Int{big.NewInt(1), odd(1)} {
			if valid, _, slow := m.call(forged(a, b, a, b, zero)); !valid || slow {
				t.Errorf("%x, %x: %t, slow %t", a, b, valid, slow)
			}
		}
	}
	// both even
	if valid, _, slow := m.call(forged(big.NewInt(2), big.NewInt(4), big.NewInt(2), big.NewInt(4), zero)); !valid || !slow {
		t.Errorf("both even: %t, slow %t", valid, slow)
	}
	for _, e := range [][2]int64{{3, 5}, {3, 4}, {2, 5}, {3, 3}, {1, 5}} { // not corrected, or by one point only
		if valid, _, slow := m.call(forged(big.NewInt(2), big.NewInt(4), big.NewInt(e[0]), big.NewInt(e[1]), zero)); valid || !slow {
			t.Errorf("both even, and taken for %v: %t, slow %t", e, valid, slow)
		}
	}
}

// The hint of the engines with a table counts modulo n.
func TestAnInverseInAnotherForm(t *testing.T) {
	cv := P256()
	for name, shape := range tables {
		m := newMachine(t, true, TableEngine(cv, shape, LoadSchedules(), slowAt), verifyGo)
		low := cv.pointAt(big.NewInt(5), 1)
		s := endsAt(low, big.NewInt(31), low.X, new(big.Int).ModInverse(big.NewInt(9), cv.N))
		m.put(tableAt, tableOf(t, shape, s))
		plain := wordsOf(s.h, s.r, s.s, tableAt.Big())
		_, without, _ := m.call(plain)
		for what, c := range map[string]struct {
			hint *big.Int
			fits bool
		}{
			"1/s": {big.NewInt(9), true}, "1/s + n": {new(big.Int).Add(cv.N, big.NewInt(9)), true},
			"-1/s": {minus(cv.N, 9), false}, "0": {new(big.Int), false}, "n": {cv.N, false}, "s": {s.s, false}, "1": {big.NewInt(1), false}, "all ones": {ones(256), false},
		} {
			valid, gas, slow := m.call(append(plain[:128:128], wordsOf(c.hint)...))
			if !valid || slow || (gas < without) != c.fits {
				t.Errorf("%s, %s: %t, slow %t, %d gas, without %d", name, what, valid, slow, gas, without)
			}
		}
	}
}

// No engine is asked for a table that is not there (P256.sol, P256Verifier). If one were, zeros would be read for points,
// and the sum would not depend on r. It is nothing at all after the second addition, and then the slow verifier finds that
// (0, 0) is no key: what everybody could forge is refused.
func TestAnAbsentTableMakesNoSignatures(t *testing.T) {
	cv := P256()
	rng := rand.New(rand.NewSource(8))
	for name, shape := range tables {
		m := newMachine(t, true, TableEngine(cv, shape, LoadSchedules(), slowAt), verifyGo)
		for _, code := range [][]byte{{}, make([]byte, Header), make([]byte, 66+64*shape.Q.Points())} {
			m.put(tableAt, code)
			for range 5 {
				u1 := random(rng, cv)
				for what, x := range map[string]*big.Int{"u1 G": base(u1).X, "G": cv.Gx, "1": big.NewInt(1)} {
					r := new(big.Int).Mod(x, cv.N)
					s := random(rng, cv)
					h := new(big.Int).Mul(u1, s)
					if valid, _, slow := m.call(wordsOf(h.Mod(h, cv.N), r, s, tableAt.Big())); valid || !slow {
						t.Errorf("%s, %s: %t, slow %t", name, what, valid, slow)
					}
				}
			}
		}
	}
}
