package passkey

import (
	"encoding/binary"
	"fmt"
)

// coseAlgorithms names what authenticators offer besides ES256 (IANA COSE registry).
var coseAlgorithms = map[int64]string{
	-7: "ES256", -8: "EdDSA", -9: "ESP256", -19: "Ed25519", -35: "ES384", -36: "ES512", -37: "PS256",
	-38: "PS384", -39: "PS512", -47: "ES256K", -48: "ML-DSA-44", -49: "ML-DSA-65", -50: "ML-DSA-87",
	-53: "Ed448", -257: "RS256", -258: "RS384", -259: "RS512", -65535: "RS1",
}

func algorithmName(alg int64) string {
	if name, ok := coseAlgorithms[alg]; ok {
		return fmt.Sprintf("%s (%d)", name, alg)
	}
	return fmt.Sprint(alg)
}

// explainCOSE finds out why bytes that are not the one accepted COSE key are not: broken CBOR,
// another algorithm, or an ES256 key in another shape. It never accepts.
func explainCOSE(b []byte) error {
	r := cborReader{b: b, where: "COSE key"}
	pairs, err := r.mapHead()
	if err != nil {
		return err
	}
	var key []byte
	var alg int64
	hasAlg := false
	for ; pairs > 0; pairs-- {
		if key, err = r.key(key); err != nil {
			return err
		}
		if string(key) == "\x03" {
			alg, hasAlg, err = r.integer()
		} else {
			err = r.skip(2)
		}
		if err != nil {
			return err
		}
	}
	if !hasAlg {
		return &Error{Cause: ErrKeyFormat, Where: "COSE key", Seen: "no algorithm", Want: "ES256 (-7)"}
	}
	if alg != -7 {
		return &Error{Cause: ErrAlgorithm, Where: "COSE key", Seen: algorithmName(alg), Want: "ES256 (-7)",
			Hint: "offer only ES256 in pubKeyCredParams; a credential made with another algorithm cannot run an account"}
	}
	return &Error{Cause: ErrKeyFormat, Where: "COSE key", Seen: fmt.Sprintf("%d bytes 0x%x", r.i, b[:min(r.i, 16)]),
		Want: "exactly {1: 2, 3: -7, -1: 1, -2: x, -3: y} with 32-byte x and y"}
}

// integer reads a CBOR integer that fits in an int64.
func (r *cborReader) integer() (int64, bool, error) {
	start := r.i
	major, _, n, err := r.head()
	if err != nil {
		return 0, false, err
	}
	if major > cborNint || n > 1<<62 {
		r.i = start
		return 0, false, r.bad("no small integer")
	}
	if major == cborNint {
		return -1 - int64(n), true, nil
	}
	return int64(n), true, nil
}

// be16 and be32 read big endian numbers.
func be16(b []byte) int    { return int(binary.BigEndian.Uint16(b)) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
