package passkey

import (
	"crypto/elliptic"
	"math/big"
	"slices"
)

// Recover finds the public keys that the assertion can have been made with: 1 to 4 of them, of
// which one is the signer's (SEC 1 §4.1.6). Every candidate verifies the signature; only other
// knowledge, such as an account address derived from the key, or a second assertion, tells
// which is the right one. The data are public, so time does not matter.
func (a *Assertion) Recover() []PublicKey {
	digest := a.Digest()
	return recoverKeys(digest[:], a.Signature)
}

// RecoverFrom finds the public keys that all of the assertions can have been made with: after two of one passkey, its own
// alone, but for chances of 2⁻¹²⁸. Assertions of several passkeys leave none.
func RecoverFrom(assertions ...*Assertion) (keys []PublicKey) {
	for i, a := range assertions {
		if i == 0 {
			keys = a.Recover()
			continue
		}
		others := a.Recover()
		keys = slices.DeleteFunc(keys, func(k PublicKey) bool { return !slices.Contains(others, k) })
	}
	return keys
}

func recoverKeys(digest []byte, sig Signature) []PublicKey {
	curve := elliptic.P256()
	n, p := curve.Params().N, curve.Params().P
	r, s := new(big.Int).SetBytes(sig.R[:]), new(big.Int).SetBytes(sig.S[:])
	inverse := new(big.Int).ModInverse(r, n)
	if inverse == nil {
		return nil
	}
	// Q = s/r·R - e/r·G for every point R whose x coordinate is r modulo n.
	scaleR := new(big.Int).Mul(s, inverse)
	scaleR.Mod(scaleR, n)
	scaleG := new(big.Int).SetBytes(digest)
	scaleG.Mul(scaleG, inverse).Neg(scaleG).Mod(scaleG, n)

	//lint:ignore SA1019 key recovery needs point arithmetic; its inputs are public and on the curve
	gx, gy := curve.ScalarBaseMult(scaleG.Bytes())
	var keys []PublicKey
	for x := new(big.Int).Set(r); x.Cmp(p) < 0; x.Add(x, n) {
		for parity := byte(2); parity <= 3; parity++ {
			rx, ry := elliptic.UnmarshalCompressed(curve, append([]byte{parity}, x.FillBytes(make([]byte, 32))...))
			if rx == nil {
				continue
			}
			//lint:ignore SA1019 as above
			qx, qy := curve.ScalarMult(rx, ry, scaleR.Bytes())
			//lint:ignore SA1019 as above
			qx, qy = curve.Add(qx, qy, gx, gy)
			var b [64]byte
			qx.FillBytes(b[:32])
			qy.FillBytes(b[32:])
			if k, err := ParseRaw(b[:]); err == nil { // infinity is no key
				keys = append(keys, k)
			}
		}
	}
	return keys
}
