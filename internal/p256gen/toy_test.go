// Every signature of small curves, by the same generator.

package p256gen

import (
	"math/big"
	"math/rand"
	"os"
	"testing"
)

// toy is a curve of p elements; no point of the combs of 4 (and, for the larger ones, 6) teeth is at infinity.
func toy(p, n, b, gx, gy int64) *Curve {
	return &Curve{big.NewInt(p), big.NewInt(n), big.NewInt(b), big.NewInt(gx), big.NewInt(gy)}
}

// verify is the definition, for points that are known by their multiples of G.
func (cv *Curve) verify(h, r, s, x, y *big.Int) bool {
	for _, v := range []*big.Int{r, s} {
		if v.Sign() == 0 || v.Cmp(cv.N) >= 0 {
			return false
		}
	}
	if !cv.OnCurve(x, y) {
		return false
	}
	w := new(big.Int).ModInverse(s, cv.N)
	u1, u2 := new(big.Int).Mul(h, w), new(big.Int).Mul(r, w)
	sum := cv.Add(cv.Mul(u1.Mod(u1, cv.N), cv.G()), cv.Mul(u2.Mod(u2, cv.N), Point{x, y}))
	return sum.X != nil && new(big.Int).Mod(sum.X, cv.N).Cmp(r) == 0
}

// unlessLong is how many signatures to try, and all (0) when there is time.
func unlessLong(some int) int {
	if os.Getenv("POSTERN_LONG") != "" {
		return 0
	}
	return some
}

// toyCases calls f for one signature for every u1 and u2, or for so many by chance: mostly valid ones.
func toyCases(cv *Curve, d int64, some int, f func(s signature, want bool)) {
	n := cv.N.Int64()
	q := cv.Mul(big.NewInt(d), cv.G())
	multiples := make([]int64, n) // x of each multiple of G modulo n, -1 at infinity
	multiples[0] = -1
	p := cv.G()
	for i := int64(1); i < n; i++ {
		multiples[i] = new(big.Int).Mod(p.X, cv.N).Int64()
		p = cv.Add(p, cv.G())
	}
	try := func(u1, u2 int64) {
		x := multiples[(u1+u2*d)%n]
		r := x
		if x <= 0 || (u1+u2)%5 == 0 {
			r = (u1*7+u2*3)%(n-1) + 1 // any other
		}
		s := new(big.Int).ModInverse(big.NewInt(u2), cv.N)
		s.Mul(s, big.NewInt(r)).Mod(s, cv.N)
		h := new(big.Int).Mul(s, big.NewInt(u1))
		f(signature{h.Mod(h, cv.N), big.NewInt(r), s, q.X, q.Y}, r == x)
	}
	rng := rand.New(rand.NewSource(d))
	for range some {
		try(rng.Int63n(n), 1+rng.Int63n(n-1))
	}
	for u1 := range n {
		for u2 := int64(1); some == 0 && u2 < n; u2++ {
			try(u1, u2)
		}
	}
}

// toyRun tries signatures: all of a curve, or so many for each key.
func toyRun(t *testing.T, cv *Curve, engine []byte, keys []int64, some int, put func(m *machine, q Point), data func(s signature) []byte) {
	t.Parallel()
	m := newMachine(t, true, engine, cv.verify)
	tried, fast := 0, 0
	for _, d := range keys {
		put(m, cv.Mul(big.NewInt(d), cv.G()))
		toyCases(cv, d, some, func(s signature, want bool) {
			got, _, slow := m.call(data(s))
			if got != want {
				t.Fatalf("d = %d, h = %d, r = %d, s = %d: %t", d, s.h, s.r, s.s, got)
			}
			tried++
			if !slow {
				fast++
			}
		})
	}
	t.Logf("%d signatures, %d without the slow verifier", tried, fast)
	if fast < tried/4 {
		t.Error("most go to the slow verifier")
	}
}

// The smaller the curve, the more additions meet equal or opposite points, and each has to be noticed. The upper columns
// of so short scalars are always the same, so on most small curves every signature is an exception; not on these.
func TestTableEnginesOnEverySignatureOfASmallCurve(t *testing.T) {
	large := toy(20011, 19937, 3, 1, 1)
	for _, c := range []struct {
		name  string
		cv    *Curve
		shape Table
		keys  []int64
		some  int
	}{
		{"512 of 131", toy(139, 131, 67, 1, 64), Table{G: NewComb(4, 2), Q: NewComb(4, 1)}, []int64{7}, 0},
		{"1k of 139", toy(163, 139, 138, 1, 25), Table{G: NewComb(4, 2), Q: NewComb(4, 2)}, []int64{7, 100}, unlessLong(3_000)},
		{"1k of 173", toy(179, 173, 76, 1, 49), Table{G: NewComb(4, 2), Q: NewComb(4, 2)}, []int64{1, 7}, unlessLong(1_000)},
		{"512 of 19937", large, Table512, []int64{1, 12345}, 1_000},
		{"1k of 19937", large, Table1k, []int64{19936, 12345}, 1_000},
		{"4k of 19937", large, Table4k, []int64{2, 12345}, 1_000},
		{"16k of 19937", large, Table16k, []int64{1, 12345}, 1_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			toyRun(t, c.cv, TableEngine(c.cv, c.shape, LoadSchedules(), slowAt), c.keys, c.some,
				func(m *machine, q Point) { m.put(tableAt, c.shape.Code(c.cv, q)) },
				func(s signature) []byte { return wordsOf(s.h, s.r, s.s, tableAt.Big()) })
		})
	}
}

func TestPlainEngineOnASmallCurve(t *testing.T) {
	cv := toy(20011, 19937, 3, 1, 1)
	toyRun(t, cv, PlainEngine(cv, LoadSchedules(), slowAt), []int64{1, 19936, 4321}, 1_000, func(*machine, Point) {},
		func(s signature) []byte { return wordsOf(s.h, s.r, s.s, s.x, s.y) })
}

// Here any w will do, since all scalars are short.
func TestEngineWithoutATableOnASmallCurve(t *testing.T) {
	cv := toy(20011, 19937, 3, 1, 1)
	w := int64(0)
	toyRun(t, cv, NoTableEngine(cv, LoadSchedules(), slowAt), []int64{1, 19936, 4321}, 1_000, func(*machine, Point) {},
		func(s signature) []byte {
			w++
			return append(wordsOf(s.h, s.r, s.s, s.x, s.y), toyHints(cv, s, big.NewInt(w*w%19936+1))...)
		})
}

// toyHints are hints for any w, whether or not the signature is valid.
func toyHints(cv *Curve, s signature, w *big.Int) []byte {
	mul := func(a, b *big.Int) *big.Int { c := new(big.Int).Mul(a, b); return c.Mod(c, cv.P) }
	y := new(big.Int).Sub(mul(s.r, s.r), big.NewInt(3))
	y.Mul(y, s.r).Add(y, cv.B).Mod(y, cv.P)
	inverse := new(big.Int).ModInverse(s.s, cv.N)
	u1, u2 := new(big.Int).Mul(s.h, inverse), new(big.Int).Mul(s.r, inverse)
	nonce := cv.Add(cv.Mul(u1.Mod(u1, cv.N), cv.G()), cv.Mul(u2.Mod(u2, cv.N), Point{s.x, s.y}))
	switch {
	case nonce.X != nil && nonce.X.Cmp(s.r) == 0:
		y = cv.Neg(nonce).Y
	case y.ModSqrt(y, cv.P) == nil:
		return make([]byte, 128)
	}
	q, r := Point{s.x, s.y}, Point{s.r, y}
	if b := new(big.Int).Mul(w, s.r); b.Mod(b, cv.N).Cmp(cv.halfN()) >= 0 {
		q = cv.Neg(q)
	}
	i1, i2 := jointInverses(cv, q, r)
	if i1 == nil || i2 == nil {
		return make([]byte, 128)
	}
	return wordsOf(w, y, i1, i2)
}

// jointInverses are the hints i1 and i2 for two points; nil where there is none.
func jointInverses(cv *Curve, q, r Point) (i1, i2 *big.Int) {
	mul := func(a, b *big.Int) *big.Int { c := new(big.Int).Mul(a, b); return c.Mod(c, cv.P) }
	three := func(p Point) *big.Int {
		m := mul(big.NewInt(3), new(big.Int).Sub(mul(p.X, p.X), big.NewInt(1)))
		v := new(big.Int).Lsh(p.Y, 1)
		d := new(big.Int).Sub(mul(mul(v, v), new(big.Int).Mul(big.NewInt(3), p.X)), mul(m, m))
		return mul(v, d)
	}
	q3, r3 := cv.Add(cv.Add(q, q), q), cv.Add(cv.Add(r, r), r)
	product := big.NewInt(1)
	for _, u := range []Point{r, r3} {
		for _, v := range []Point{q, q3} {
			product = mul(product, new(big.Int).Sub(u.X, v.X))
		}
	}
	return new(big.Int).ModInverse(mul(three(q), three(r)), cv.P), new(big.Int).ModInverse(product, cv.P)
}
