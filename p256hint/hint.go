// Package p256hint computes what makes verifying a P-256 signature on chain cheaper: numbers that are hard to find and
// easy to check.
//
// Start with [For]: the hints of the verifier without a table. [Inverse] is the hint of the verifiers with one.
// [Hints.Check] and [CheckInverse] say whether hints are right.
//
// Promised: hints from here are accepted by the verifiers' fast path, and nothing is computed for a signature that is
// not valid. Not promised: that there are hints for every valid signature; where there are none the error says why
// ([Error]), and the verifier without hints does. Hints are not secret, and nobody has to trust them: a verifier checks
// each, and wrong ones cost gas and are never believed.
package p256hint

import "math/big"

// Hints are for the verifier without a table. With R the point a signature's nonce made, and R' = -R:
type Hints struct {
	W  [32]byte // ws mod n and wr mod n (or n - wr) are below 2^128, and at most one of them is even
	RY [32]byte // y of R'
	I1 [32]byte // the inverse of the product of the denominators of 3Q and 3R'
	I2 [32]byte // the inverse of the product of the differences of x between Q, 3Q and R', 3R'
}

// Bytes is how the verifier takes hints, after h, r, s, x and y.
func (h Hints) Bytes() []byte {
	out := append([]byte{}, h.W[:]...)
	out = append(out, h.RY[:]...)
	out = append(out, h.I1[:]...)
	return append(out, h.I2[:]...)
}

// Inverse is 1/s modulo the group's order, for the verifiers with a table.
func Inverse(s [32]byte) ([32]byte, error) {
	v := new(big.Int).SetBytes(s[:])
	if v.Sign() == 0 || v.Cmp(n) >= 0 {
		return [32]byte{}, &Error{OutOfRange}
	}
	return word(v.ModInverse(v, n)), nil
}

// For computes the hints of a signature (r, s) over the hash h by the key (x, y). It takes about a third of a
// millisecond.
func For(h, r, s, x, y [32]byte) (Hints, error) {
	hh, rr, ss := new(big.Int).SetBytes(h[:]), new(big.Int).SetBytes(r[:]), new(big.Int).SetBytes(s[:])
	if rr.Sign() == 0 || rr.Cmp(n) >= 0 || ss.Sign() == 0 || ss.Cmp(n) >= 0 {
		return Hints{}, &Error{OutOfRange}
	}
	q, err := newKey(x, y)
	if err != nil {
		return Hints{}, err
	}
	inverse := new(big.Int).ModInverse(ss, n)
	u1, u2 := mulMod(hh, inverse, n), mulMod(rr, inverse, n)
	nonce := add(timesG(u1), q.times(u2))
	if nonce.x == nil || new(big.Int).Mod(nonce.x, n).Cmp(rr) != 0 {
		return Hints{}, &Error{Invalid}
	}
	if nonce.x.Cmp(rr) != 0 {
		return Hints{}, &Error{Wrapped}
	}
	a, b, ok := halfSize(u2)
	if !ok {
		return Hints{}, &Error{NotShort}
	}
	minusR, key := negate(nonce), q.point
	if b.Sign() < 0 {
		key = negate(key)
	}
	d1, d2 := denominators(key, minusR)
	i1, i2 := d1.ModInverse(d1, p), d2.ModInverse(d2, p)
	if i1 == nil || i2 == nil {
		return Hints{}, &Error{Related}
	}
	return Hints{word(mulMod(a, inverse, n)), word(minusR.y), word(i1), word(i2)}, nil
}

// denominators are what divides in the points ±Q ± R and their triples: in the triples, and in the sums. The second is 0
// if R is one of ±Q, ±3Q, ±Q/3.
func denominators(q, r point) (triples, sums *big.Int) {
	q3, r3 := add(add(q, q), q), add(add(r, r), r)
	sums = big.NewInt(1)
	for _, u := range []point{r, r3} {
		for _, v := range []point{q, q3} {
			sums = mulMod(sums, new(big.Int).Sub(u.x, v.x), p)
		}
	}
	return mulMod(tripleDenominator(q), tripleDenominator(r), p), sums
}

// tripleDenominator is t·(3x·t² - M²) with t = 2y and M = 3x² - 3.
func tripleDenominator(v point) *big.Int {
	m := mulMod(v.x, v.x, p)
	m.Sub(m, big.NewInt(1)).Mul(m, big.NewInt(3))
	t := new(big.Int).Lsh(v.y, 1)
	d := mulMod(t, t, p)
	d.Mul(d, v.x).Mul(d, big.NewInt(3)).Sub(d, m.Mul(m, m))
	return mulMod(t, d, p)
}
