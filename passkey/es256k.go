package passkey

import (
	"errors"
	"fmt"
	"math/big"
)

// ES256K, ECDSA on secp256k1 with SHA-256, for wallets that ask for it: [WalletMode.ES256K]. Nothing else in this package
// takes such a key, and the standard library cannot verify what it signs; here it is read, and checked to be on its curve.

// COSE algorithms of a [WalletKey].
const (
	ES256  int64 = -7
	ES256K int64 = -47
)

// WalletKey is the public key of a registration in wallet mode: a point on P-256 (ES256) or on secp256k1 (ES256K).
type WalletKey struct {
	Algorithm int64
	Raw       [64]byte // x‖y, big endian
}

// Read reads RegistrationResponseJSON (§5.1) and checks it by the mode's Rule.
func (m WalletMode) Read(json []byte, rpID string, origins ...string) (*Registration, WalletKey, error) {
	rule := m.Rule(rpID, origins...)
	if err := rule.check(); err != nil {
		return nil, WalletKey{}, err
	}
	r, key, err := m.Parse(json)
	if err != nil {
		return nil, WalletKey{}, err
	}
	if err := checkCommon(&r.ClientData, &r.AuthData, &rule, TypeCreate); err != nil {
		return nil, WalletKey{}, err
	}
	return r, key, nil
}

// Parse is [ParseRegistration], which proves nothing, but takes a key of ES256K if the mode asks for it. The registration's
// own Key is zero then, its Trust says nothing of a packed attestation, and what it signs is read by [ParseES256K].
func (m WalletMode) Parse(json []byte) (*Registration, WalletKey, error) {
	key := WalletKey{Algorithm: ES256}
	r, e, err := parseRegistration(json, func(b []byte) (PublicKey, int, error) {
		k, n, err := coseKey(b)
		if m.ES256K && errors.Is(err, ErrAlgorithm) {
			key.Algorithm = ES256K
			n, err = key.readK1(b)
		}
		return k, n, err
	})
	if err != nil {
		return nil, WalletKey{}, err
	}
	spki := r.Key().SPKI()
	if key.Algorithm == ES256 {
		key.Raw = [64]byte(r.Key().Raw())
	} else {
		spki = append([]byte(k1SPKI), key.Raw[:]...)
	}
	if err := r.agrees(e, spki, key.Algorithm); err != nil {
		return nil, WalletKey{}, err
	}
	return r, key, nil
}

// k1Head frames x in the one canonical COSE encoding of an ES256K key, {1: 2, 3: -47, -1: 8, -2: x, -3: y} (RFC 8812
// §3.1); coseMid stands before y. k1SPKI is what stands before x‖y in DER: id-ecPublicKey, secp256k1, 04.
const (
	k1Head = "\xa5\x01\x02\x03\x38\x2e\x20\x08\x21\x58\x20"
	k1Len  = len(k1Head) + 32 + len(coseMid) + 32
	k1SPKI = "\x30\x56\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a\x03\x42\x00\x04"
)

// readK1 reads the key at the start of b and says how many bytes it took.
func (k *WalletKey) readK1(b []byte) (int, error) {
	mid := len(k1Head) + 32
	if len(b) < k1Len || string(b[:len(k1Head)]) != k1Head || string(b[mid:mid+len(coseMid)]) != coseMid {
		return 0, &Error{Cause: ErrAlgorithm, Where: "COSE key", Seen: headOf(b),
			Want: "ES256 (-7), or ES256K (-47) as exactly {1: 2, 3: -47, -1: 8, -2: x, -3: y}"}
	}
	copy(k.Raw[:32], b[len(k1Head):mid])
	copy(k.Raw[32:], b[mid+len(coseMid):k1Len])
	if !onSecp256k1(k.Raw) {
		return 0, &Error{Cause: ErrKey, Where: "COSE key", Want: "coordinates below the field prime that satisfy y² = x³ + 7"}
	}
	return k1Len, nil
}

// The field prime and the order of secp256k1 (SEC 2 §2.4.1).
var (
	k1Prime = bigHex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f")
	k1Order = bigHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
)

func bigHex(digits string) *big.Int {
	n, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		panic("not a number: " + digits)
	}
	return n
}

// onSecp256k1 checks y² = x³ + 7. The curve has prime order: every point but infinity will do, and infinity has no x.
func onSecp256k1(raw [64]byte) bool {
	x, y := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	if x.Cmp(k1Prime) >= 0 || y.Cmp(k1Prime) >= 0 {
		return false
	}
	right := new(big.Int).Exp(x, big.NewInt(3), k1Prime)
	right.Add(right, big.NewInt(7)).Mod(right, k1Prime)
	return y.Mul(y, y).Mod(y, k1Prime).Cmp(right) == 0
}

// ParseES256K reads AuthenticationResponseJSON (§5.1) of a credential with ES256K. The signature is r‖s with a low s, and
// the caller's to verify, over [Assertion.Digest]; the assertion's own, which would be of P-256, is zero, and verifies by no
// key. Check the rest by [Assertion.Meets].
func ParseES256K(json []byte) (a *Assertion, signature [64]byte, err error) {
	a, der, err := parseAssertion(json)
	if err != nil {
		return nil, signature, err
	}
	pair, err := pairDER(der)
	if err != nil {
		return nil, signature, err
	}
	r, s := new(big.Int).SetBytes(pair.R[:]), new(big.Int).SetBytes(pair.S[:])
	for _, v := range []*big.Int{r, s} {
		if v.Sign() == 0 || v.Cmp(k1Order) >= 0 {
			return nil, signature, &Error{Cause: ErrSignatureForm, Where: "DER", Seen: fmt.Sprintf("0x%x", v), Want: "r and s above zero and below the order of secp256k1"}
		}
	}
	if other := new(big.Int).Sub(k1Order, s); other.Cmp(s) < 0 {
		s = other
	}
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return a, signature, nil
}
