package p256hint

import "math/big"

// halfSize finds a > 0 and b with a·u = b modulo n, both other than zero and below 2^128, not both even and if possible
// none: an even one costs the verifier an addition.
//
// The pairs (a, b) are a lattice of determinant n. Its reduced basis has two vectors of about √n, and small combinations
// of them are all short vectors there are. One of three combinations has both odd, since the determinant is odd; it
// is not always short enough.
func halfSize(u *big.Int) (a, b *big.Int, ok bool) {
	v, w := reduce(u)
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	best := 2
	for i := int64(-3); i <= 3; i++ {
		for j := int64(0); j <= 3; j++ {
			x, y := combine(i, v[0], j, w[0]), combine(i, v[1], j, w[1])
			if x.Sign() < 0 {
				x.Neg(x)
				y.Neg(y)
			}
			if x.Sign() == 0 || y.Sign() == 0 || x.Cmp(limit) >= 0 || y.CmpAbs(limit) >= 0 {
				continue
			}
			if even := int(2 - x.Bit(0) - y.Bit(0)); even < best {
				a, b, best = x, y, even
			}
		}
	}
	return a, b, best < 2
}

func combine(i int64, x *big.Int, j int64, y *big.Int) *big.Int {
	z := new(big.Int).Mul(big.NewInt(i), x)
	return z.Add(z, new(big.Int).Mul(big.NewInt(j), y))
}

// reduce is Lagrange's reduction of the basis (0, n), (1, u).
func reduce(u *big.Int) (v, w [2]*big.Int) {
	v = [2]*big.Int{new(big.Int), new(big.Int).Set(n)}
	w = [2]*big.Int{big.NewInt(1), new(big.Int).Set(u)}
	dot := func(x, y [2]*big.Int) *big.Int {
		z := new(big.Int).Mul(x[0], y[0])
		return z.Add(z, new(big.Int).Mul(x[1], y[1]))
	}
	for {
		length := dot(w, w)
		// the nearest integer to v·w / w·w: floor of (2 v·w + w·w) / (2 w·w)
		k := new(big.Int).Lsh(dot(v, w), 1)
		k.Add(k, length).Div(k, length.Lsh(length, 1))
		rest := [2]*big.Int{}
		for i := range rest {
			rest[i] = new(big.Int).Sub(v[i], new(big.Int).Mul(k, w[i]))
		}
		if dot(rest, rest).Cmp(dot(w, w)) >= 0 {
			return w, rest
		}
		v, w = w, rest
	}
}
