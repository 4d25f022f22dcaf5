package p256gen

import "math/big"

// Comb is a signed Lim-Lee comb: T teeth, A columns apart, in V blocks of E columns. Column c of block c/E holds the
// digits of weight 2^c, 2^(A+c), …, 2^((T-1)A+c); the topmost is the column's sign, the others, relative to it, its index.
type Comb struct{ T, A, V, E int }

// NewComb is the comb of t teeth and v blocks for scalars of 256 bits.
func NewComb(t, v int) Comb {
	a := (256 + t - 1) / t
	return Comb{t, a, v, (a + v - 1) / v}
}

// BlockPoints is the number of points of a block, Points that of all.
func (c Comb) BlockPoints() int { return 1 << (c.T - 1) }
func (c Comb) Points() int      { return c.V * c.BlockPoints() }

// bias is (2^(TA) - 1)/2 mod n: b = k/2 + bias mod n is the word whose bit i is 1 where digit i of k is 1, and 0 where
// it is -1, since Σ (2b_i - 1) 2^i = 2b - (2^(TA) - 1).
func (c Comb) bias(cv *Curve) *big.Int {
	o := ones(c.A * c.T)
	o.Mul(o, cv.halfN())
	return o.Mod(o, cv.N)
}

// Table lists the points of base: for block k and index i the point 2^(kE)·(2^((T-1)A)·base + Σ ±2^(jA)·base), plus
// where bit j of i is set.
func (cv *Curve) Table(c Comb, base Point) []Point {
	double := func(p Point, times int) Point {
		for range times {
			p = cv.Add(p, p)
		}
		return p
	}
	var out []Point
	for k := range c.V {
		teeth := make([]Point, c.T)
		teeth[0] = double(base, k*c.E)
		for j := 1; j < c.T; j++ {
			teeth[j] = double(teeth[j-1], c.A)
		}
		// from all minus, an index differs from one without its lowest set bit by twice a tooth
		block := make([]Point, c.BlockPoints())
		block[0] = teeth[c.T-1]
		for j := range c.T - 1 {
			block[0] = cv.Add(block[0], cv.Neg(teeth[j]))
			block[1<<j] = cv.Add(teeth[j], teeth[j])
		}
		for j := range c.T - 1 {
			twice := block[1<<j]
			for i := range 1 << j {
				block[1<<j+i] = cv.Add(block[i], twice)
			}
		}
		out = append(out, block...)
	}
	return out
}

// Bytes writes points as tables hold them: x and y of each, 32 bytes big endian.
func Bytes(points []Point) []byte {
	out := make([]byte, 0, 64*len(points))
	for _, p := range points {
		out = append(out, p.X.FillBytes(make([]byte, 32))...)
		out = append(out, p.Y.FillBytes(make([]byte, 32))...)
	}
	return out
}
