package inspect

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/passkey"
)

// keyFacts are the same for every form a key is written in.
func (in *inspector) keyFacts(r *Reading, key passkey.PublicKey) {
	x, y := key.X(), key.Y()
	r.fact("x", hexOf(x[:]))
	r.fact("y", hexOf(y[:]))
	if !in.opt.Key.IsZero() && key != in.opt.Key {
		r.wrong("other-key", "it is not the key that was given", "two passkeys were mixed up", "compare x and y with the key of --key")
	}
}

var (
	spkiHead  = []byte{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}
	keyFields = []byte{0x01, 0x02, 0x03, 0x26} // kty: EC2, alg: ES256
)

// coseKey recognises a COSE_Key, also one that the strict parser refuses.
func (in *inspector) coseKey(b []byte) (Reading, bool) {
	r := Reading{Kind: "cose-key", Title: "COSE public key", Likelihood: Certain}
	key, err := passkey.ParseCOSE(b)
	if err == nil {
		in.keyFacts(&r, key)
		return r, true
	}
	// A map of 3 to 6 members that names EC2, or starts with kty as all of them do.
	if len(b) < 8 || b[0] < 0xa3 || b[0] > 0xa6 || b[1] != 0x01 && !bytes.Contains(b, keyFields) {
		return Reading{}, false
	}
	r.Likelihood = Likely
	r.refused("cose", err)
	if i := bytes.Index(b, keyFields); i == 1 && len(b) > 77 {
		if _, err := passkey.ParseCOSE(b[:77]); err == nil {
			r.wrong("trailing", fmt.Sprintf("%d bytes follow a good key", len(b)-77), "authenticator data cut at the wrong place: extensions follow the key", "take the first 77 bytes")
		}
	}
	return r, true
}

func (in *inspector) spki(b []byte) (Reading, bool) {
	if len(b) < 26 || b[0] != 0x30 || !bytes.Contains(b[:min(len(b), 32)], spkiHead[4:]) {
		return Reading{}, false
	}
	r := Reading{Kind: "spki-key", Title: "SPKI public key (DER), as getPublicKey() returns it", Likelihood: Certain}
	key, err := passkey.ParseSPKI(b)
	if err != nil {
		r.refused("spki", err)
		return r, true
	}
	in.keyFacts(&r, key)
	return r, true
}

func (in *inspector) sec1(b []byte) (Reading, bool) {
	r := Reading{Kind: "sec1-key", Title: "public key, SEC1 uncompressed (04 ‖ x ‖ y)", Likelihood: Certain}
	switch {
	case len(b) == 65 && b[0] == 4:
	case len(b) == 33 && (b[0] == 2 || b[0] == 3):
		// Every second x is on the curve, so the length and one byte prove little.
		r.Title, r.Likelihood = "public key, SEC1 compressed (02 or 03 ‖ x)", Likely
	default:
		return Reading{}, false
	}
	key, err := passkey.ParseSEC1(b)
	if err != nil {
		r.Likelihood = Possible
		r.refused("not-on-curve", err)
		offCurve(&r)
		return r, true
	}
	in.keyFacts(&r, key)
	return r, true
}

func (in *inspector) rawKey(b []byte) (Reading, bool) {
	if len(b) != 64 {
		return Reading{}, false
	}
	r := Reading{Kind: "raw-key", Title: "public key, 64 bytes x ‖ y", Likelihood: Certain}
	key, err := passkey.ParseRaw(b)
	if err != nil {
		r.Likelihood = Possible
		r.refused("not-on-curve", err)
		offCurve(&r)
		return r, true
	}
	in.keyFacts(&r, key)
	return r, true
}

func offCurve(r *Reading) {
	r.note("off-curve", "if this was meant to be a key, x and y may be swapped, cut, little endian, or of another curve such as secp256k1")
}

// jwk explains a JSON Web Key.
func (in *inspector) jwk(x, y, curve string) Reading {
	r := Reading{Kind: "jwk", Title: "JSON Web Key", Likelihood: Certain}
	r.fact("curve", shown(curve))
	if curve != "P-256" {
		r.wrong("curve", "the curve is not P-256", "a key of another algorithm", "passkeys for accounts need ES256 (-7) in pubKeyCredParams")
		return r
	}
	bx, errX := bytesOf(x)
	by, errY := bytesOf(y)
	if errX != nil || errY != nil {
		r.wrong("encoding", "x or y is not base64url", "", "")
		return r
	}
	key, err := passkey.ParseRaw(append(bx, by...))
	if err != nil || len(bx) != 32 {
		r.wrong("not-on-curve", fmt.Sprintf("x (%d bytes) and y (%d bytes) are no point on P-256", len(bx), len(by)), "leading zeros were dropped, or the members are swapped", "pad x and y to 32 bytes")
		return r
	}
	in.keyFacts(&r, key)
	return r
}

var errNotBytes = errors.New("neither hex nor base64")

// bytesOf reads text that is hex with 0x, base64url or base64.
func bytesOf(s string) ([]byte, error) {
	if hasHexPrefix(s) {
		return hex.DecodeString(s[2:])
	}
	if c, ok := decodeBase64(s); ok && c.note == nil {
		return c.data, nil
	}
	return nil, errNotBytes
}

// ParseBytes reads hex (with or without 0x when it can be nothing else), base64url or
// base64.
func ParseBytes(s string) ([]byte, error) {
	if c, ok := decodeHex(s); ok && c.note == nil {
		return c.data, nil
	}
	return bytesOf(s)
}
