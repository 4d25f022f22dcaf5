package passkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"fmt"
)

// PublicKey is a point on P-256, not infinity. It is a comparable value; only parsers make one
// that is not zero, so holding a non-zero PublicKey is proof that it was checked.
type PublicKey struct{ x, y [32]byte }

// coseHead and coseMid frame x and y in the one canonical COSE encoding of an ES256 key:
// {1: 2, 3: -7, -1: 1, -2: x, -3: y} (§6.5.1.1).
const (
	coseHead = "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"
	coseMid  = "\x22\x58\x20"
	coseLen  = len(coseHead) + 32 + len(coseMid) + 32
)

// spkiHead is the DER SubjectPublicKeyInfo of id-ecPublicKey, prime256v1 up to the BIT STRING's
// content, which is the 65-byte uncompressed point (RFC 5480).
const spkiHead = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"

// ParseCOSE reads the canonical CBOR of a COSE ES256 key; b must hold nothing else.
func ParseCOSE(b []byte) (PublicKey, error) {
	k, n, err := coseKey(b)
	if err != nil {
		return PublicKey{}, err
	}
	if n != len(b) {
		return PublicKey{}, &Error{Cause: ErrKeyFormat, Where: "COSE key", Seen: fmt.Sprintf("%d bytes after the key", len(b)-n), Want: "none"}
	}
	return k, nil
}

// ParseSEC1 reads a point in SEC 1 form: 65 bytes uncompressed (0x04) or 33 compressed (0x02, 0x03).
func ParseSEC1(b []byte) (PublicKey, error) {
	switch {
	case len(b) == 65 && b[0] == 4:
		return point(b)
	case len(b) == 33 && (b[0] == 2 || b[0] == 3):
		x, y := elliptic.UnmarshalCompressed(elliptic.P256(), b)
		if x == nil {
			return PublicKey{}, offCurve()
		}
		var k PublicKey
		x.FillBytes(k.x[:])
		y.FillBytes(k.y[:])
		return k, nil
	}
	return PublicKey{}, &Error{Cause: ErrKeyFormat, Where: "SEC 1 key", Seen: headOf(b), Want: "65 bytes after 0x04 or 33 bytes after 0x02 or 0x03"}
}

// ParseRaw reads 64 bytes x‖y, big endian.
func ParseRaw(b []byte) (PublicKey, error) {
	if len(b) != 64 {
		return PublicKey{}, &Error{Cause: ErrKeyFormat, Where: "raw key", Seen: fmt.Sprintf("%d bytes", len(b)), Want: "64 bytes x‖y"}
	}
	var u [65]byte
	u[0] = 4
	copy(u[1:], b)
	return point(u[:])
}

// ParseSPKI reads DER SubjectPublicKeyInfo with a named curve and an uncompressed point: 91
// bytes, the form of response.publicKey in a browser.
func ParseSPKI(der []byte) (PublicKey, error) {
	if len(der) != len(spkiHead)+65 || string(der[:len(spkiHead)]) != spkiHead || der[len(spkiHead)] != 4 {
		return PublicKey{}, &Error{Cause: ErrKeyFormat, Where: "SPKI key", Seen: headOf(der), Want: "91 bytes of DER: id-ecPublicKey, prime256v1, uncompressed point"}
	}
	return point(der[len(spkiHead):])
}

// NewPublicKey takes over a key of the standard library after checking it.
func NewPublicKey(k *ecdsa.PublicKey) (PublicKey, error) {
	if k == nil || k.Curve != elliptic.P256() {
		return PublicKey{}, &Error{Cause: ErrAlgorithm, Want: "a key on P-256"}
	}
	b, err := k.Bytes()
	if err != nil {
		return PublicKey{}, offCurve()
	}
	return point(b)
}

// point checks an uncompressed point of 65 bytes.
func point(b []byte) (PublicKey, error) {
	if _, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b); err != nil {
		return PublicKey{}, offCurve()
	}
	var k PublicKey
	copy(k.x[:], b[1:33])
	copy(k.y[:], b[33:])
	return k, nil
}

func offCurve() error {
	return &Error{Cause: ErrKey, Want: "coordinates below the field prime that satisfy the curve equation", Hint: "the key was damaged, or x and y were swapped or reversed on the way"}
}

func headOf(b []byte) string {
	return fmt.Sprintf("%d bytes 0x%x…", len(b), b[:min(len(b), 4)])
}

// coseKey reads the key at the start of b and says how many bytes it took.
func coseKey(b []byte) (PublicKey, int, error) {
	mid := len(coseHead) + 32
	if len(b) >= coseLen && string(b[:len(coseHead)]) == coseHead && string(b[mid:mid+len(coseMid)]) == coseMid {
		var u [65]byte
		u[0] = 4
		copy(u[1:], b[len(coseHead):mid])
		copy(u[33:], b[mid+len(coseMid):coseLen])
		k, err := point(u[:])
		return k, coseLen, err
	}
	return PublicKey{}, 0, explainCOSE(b)
}

// X is the x coordinate, big endian.
func (k PublicKey) X() [32]byte { return k.x }

// Y is the y coordinate, big endian.
func (k PublicKey) Y() [32]byte { return k.y }

// Raw is x‖y: 64 bytes, big endian.
func (k PublicKey) Raw() []byte { return append(append(make([]byte, 0, 64), k.x[:]...), k.y[:]...) }

// SEC1 is the uncompressed point: 65 bytes, 0x04‖x‖y.
func (k PublicKey) SEC1() []byte {
	return append(append(append(make([]byte, 0, 65), 4), k.x[:]...), k.y[:]...)
}

// SEC1Compressed is the compressed point: 33 bytes, 0x02 or 0x03 by the parity of y, then x.
func (k PublicKey) SEC1Compressed() []byte {
	return append(append(make([]byte, 0, 33), 2|k.y[31]&1), k.x[:]...)
}

// COSE is the canonical CBOR of the COSE key: 77 bytes.
func (k PublicKey) COSE() []byte {
	b := append(make([]byte, 0, coseLen), coseHead...)
	b = append(b, k.x[:]...)
	b = append(b, coseMid...)
	return append(b, k.y[:]...)
}

// SPKI is the DER SubjectPublicKeyInfo: 91 bytes.
func (k PublicKey) SPKI() []byte {
	return append(append(make([]byte, 0, len(spkiHead)+65), spkiHead...), k.SEC1()...)
}

// ECDSA is the key for crypto/ecdsa. It is nil for the zero PublicKey.
func (k PublicKey) ECDSA() *ecdsa.PublicKey {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.SEC1())
	if err != nil {
		return nil // only the zero PublicKey is no point
	}
	return pub
}

// IsZero reports the zero value, which is no key.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// String is 0x and the 128 hexadecimal digits of x‖y.
func (k PublicKey) String() string { return "0x" + hex.EncodeToString(k.Raw()) }

// Compare orders keys by their raw bytes.
func (k PublicKey) Compare(o PublicKey) int { return bytes.Compare(k.Raw(), o.Raw()) }
