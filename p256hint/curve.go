// The curve, by crypto/ecdh where that gives what is needed: it multiplies, but tells no more than x of a product.

package p256hint

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"math/big"
)

var (
	n = elliptic.P256().Params().N
	p = elliptic.P256().Params().P
)

// point is a point of the curve; x is nil at infinity.
type point struct{ x, y *big.Int }

// key is a point that crypto/ecdh has accepted.
type key struct {
	point
	public *ecdh.PublicKey
}

func newKey(x, y [32]byte) (key, error) {
	public, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, x[:]...), y[:]...))
	if err != nil {
		return key{}, &Error{BadKey}
	}
	return key{point{new(big.Int).SetBytes(x[:]), new(big.Int).SetBytes(y[:])}, public}, nil
}

func mulMod(a, b, m *big.Int) *big.Int {
	c := new(big.Int).Mul(a, b)
	return c.Mod(c, m)
}

// word writes a number below 2^256.
func word(v *big.Int) (out [32]byte) {
	v.FillBytes(out[:])
	return out
}

func negate(v point) point {
	if v.x == nil {
		return v
	}
	y := new(big.Int).Neg(v.y)
	return point{v.x, y.Mod(y, p)}
}

func add(u, v point) point {
	switch {
	case u.x == nil:
		return v
	case v.x == nil:
		return u
	}
	slope, below := new(big.Int).Sub(v.y, u.y), new(big.Int).Sub(v.x, u.x)
	if below.Sign() == 0 {
		if slope.Sign() != 0 {
			return point{}
		}
		slope.Mul(u.x, u.x).Sub(slope, big.NewInt(1)).Mul(slope, big.NewInt(3))
		below.Lsh(u.y, 1)
	}
	below.Mod(below, p)
	slope = mulMod(slope, below.ModInverse(below, p), p)
	x := mulMod(slope, slope, p)
	x.Sub(x, u.x).Sub(x, v.x).Mod(x, p)
	y := new(big.Int).Sub(u.x, x)
	y.Mul(y, slope).Sub(y, u.y).Mod(y, p)
	return point{x, y}
}

// timesG is k·G, for k below n.
func timesG(k *big.Int) point {
	if k.Sign() == 0 {
		return point{}
	}
	b := scalar(k).PublicKey().Bytes()
	return point{new(big.Int).SetBytes(b[1:33]), new(big.Int).SetBytes(b[33:])}
}

// scalar is k between 1 and n-1 as crypto/ecdh takes it.
func scalar(k *big.Int) *ecdh.PrivateKey {
	b := word(k)
	private, err := ecdh.P256().NewPrivateKey(b[:])
	if err != nil {
		panic(err) // k is in range
	}
	return private
}

// times is k·Q, for k between 1 and n-1. Its x is known, and y but for the sign: kQ + Q has the x of (k+1)Q.
func (q key) times(k *big.Int) point {
	next := new(big.Int).Add(k, big.NewInt(1))
	if next.Cmp(n) == 0 {
		return negate(q.point)
	}
	x := q.x1(k)
	y := mulMod(x, x, p)
	y.Sub(y, big.NewInt(3)).Mul(y, x).Add(y, elliptic.P256().Params().B)
	v := point{x, y.ModSqrt(y.Mod(y, p), p)}
	if sum := add(v, q.point); sum.x == nil || sum.x.Cmp(q.x1(next)) != 0 {
		return negate(v)
	}
	return v
}

// x1 is x of k·Q.
func (q key) x1(k *big.Int) *big.Int {
	b, err := scalar(k).ECDH(q.public)
	if err != nil {
		panic(err) // k is not a multiple of the order
	}
	return new(big.Int).SetBytes(b)
}
