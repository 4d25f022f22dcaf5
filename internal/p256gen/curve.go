// Curves and their points in plain arithmetic: what the programs are written from, and what they are tested against.

package p256gen

import (
	"crypto/elliptic"
	"math/big"
)

// Curve is y² = x³ - 3x + b over the field of P, with a base point (Gx, Gy) of prime order N < P. The generator works
// for any such curve: small ones test it exhaustively.
type Curve struct{ P, N, B, Gx, Gy *big.Int }

// P256 is the curve of passkeys.
func P256() *Curve {
	c := elliptic.P256().Params()
	return &Curve{c.P, c.N, c.B, c.Gx, c.Gy}
}

// Point is a point of a curve; X is nil at infinity.
type Point struct{ X, Y *big.Int }

// G is the base point.
func (cv *Curve) G() Point { return Point{cv.Gx, cv.Gy} }

// halfN is 1/2 mod n, halfP is 1/2 mod p.
func (cv *Curve) halfN() *big.Int { return new(big.Int).Rsh(new(big.Int).Add(cv.N, big.NewInt(1)), 1) }
func (cv *Curve) halfP() *big.Int { return new(big.Int).Rsh(new(big.Int).Add(cv.P, big.NewInt(1)), 1) }

// minus is n - k for a small k; with p it is the residue of -k.
func minus(n *big.Int, k int64) *big.Int { return new(big.Int).Sub(n, big.NewInt(k)) }

// Neg is -p.
func (cv *Curve) Neg(p Point) Point {
	if p.X == nil {
		return p
	}
	y := new(big.Int).Neg(p.Y)
	return Point{p.X, y.Mod(y, cv.P)}
}

// Add is p + q.
func (cv *Curve) Add(p, q Point) Point {
	switch {
	case p.X == nil:
		return q
	case q.X == nil:
		return p
	}
	var slope, below *big.Int
	if p.X.Cmp(q.X) == 0 {
		if p.Y.Cmp(q.Y) != 0 || p.Y.Sign() == 0 {
			return Point{}
		}
		slope = new(big.Int).Mul(p.X, p.X)
		slope.Sub(slope, big.NewInt(1)).Mul(slope, big.NewInt(3))
		below = new(big.Int).Lsh(p.Y, 1)
	} else {
		slope = new(big.Int).Sub(q.Y, p.Y)
		below = new(big.Int).Sub(q.X, p.X)
	}
	slope.Mul(slope, below.ModInverse(below.Mod(below, cv.P), cv.P)).Mod(slope, cv.P)
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, p.X).Sub(x, q.X).Mod(x, cv.P)
	y := new(big.Int).Sub(p.X, x)
	y.Mul(y, slope).Sub(y, p.Y).Mod(y, cv.P)
	return Point{x, y}
}

// Mul is k·p for k ≥ 0.
func (cv *Curve) Mul(k *big.Int, p Point) Point {
	var r Point
	for i := k.BitLen() - 1; i >= 0; i-- {
		r = cv.Add(r, r)
		if k.Bit(i) == 1 {
			r = cv.Add(r, p)
		}
	}
	return r
}

// OnCurve tells whether (x, y) is a point, with both coordinates reduced.
func (cv *Curve) OnCurve(x, y *big.Int) bool {
	if x.Cmp(cv.P) >= 0 || y.Cmp(cv.P) >= 0 {
		return false
	}
	r := new(big.Int).Mul(x, x)
	r.Sub(r, big.NewInt(3)).Mul(r, x).Add(r, cv.B).Sub(r, new(big.Int).Mul(y, y))
	return r.Mod(r, cv.P).Sign() == 0
}
