package p256hint

import "math/big"

// Parse reads what [Hints.Bytes] writes.
func Parse(b []byte) (Hints, error) {
	if len(b) != 128 {
		return Hints{}, &Error{BadLength}
	}
	return Hints{[32]byte(b), [32]byte(b[32:]), [32]byte(b[64:]), [32]byte(b[96:])}, nil
}

// CheckInverse says whether w is the hint of the verifiers with a table for a signature with this s.
func CheckInverse(w, s [32]byte) error {
	if !inverts(w, new(big.Int).SetBytes(s[:]), n) {
		return &Error{WrongInverse}
	}
	return nil
}

// Check says which hint is wrong, by what the verifier without a table checks before it begins. It does not take the
// hash, and without that nobody can tell a y of R' from its negative: hints that pass are right, or those of the
// opposite point, which the verifier finds out at the end.
func (h Hints) Check(r, s, x, y [32]byte) error {
	rr, ss := new(big.Int).SetBytes(r[:]), new(big.Int).SetBytes(s[:])
	if rr.Sign() == 0 || rr.Cmp(n) >= 0 || ss.Sign() == 0 || ss.Cmp(n) >= 0 {
		return &Error{OutOfRange}
	}
	key, err := newKey(x, y)
	if err != nil {
		return err
	}
	minusR, err := newKey(r, h.RY)
	if err != nil {
		return &Error{WrongRY}
	}
	w := new(big.Int).SetBytes(h.W[:])
	a, b, q := mulMod(w, ss, n), mulMod(w, rr, n), key.point
	if b.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		b.Sub(n, b)
		q = negate(q)
	}
	if a.BitLen() > 128 || b.BitLen() > 128 || a.Bit(0)+b.Bit(0) == 0 {
		return &Error{WrongW}
	}
	triples, sums := denominators(q, minusR.point)
	switch {
	case !inverts(h.I1, triples, p):
		return &Error{WrongI1}
	case !inverts(h.I2, sums, p):
		return &Error{WrongI2}
	}
	return nil
}

// inverts asks as verifiers do, who multiply: they take words that are not in their least form.
func inverts(word [32]byte, v, m *big.Int) bool {
	return mulMod(new(big.Int).SetBytes(word[:]), v, m).Cmp(big.NewInt(1)) == 0
}
