package passkey

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
)

const maxAttestation = 64 << 10

// attestationObject is the CBOR of §6.5.4 taken apart.
type attestationObject struct {
	format    string
	statement []byte // CBOR, canonical, one item
	authData  []byte
}

// parseAttestationObject reads {"fmt": text, "attStmt": map, "authData": bytes} and nothing else.
func parseAttestationObject(b []byte) (o attestationObject, err error) {
	if len(b) > maxAttestation {
		return o, &Error{Cause: ErrTooLarge, Where: "attestationObject", Seen: fmt.Sprintf("%d bytes", len(b)), Want: fmt.Sprintf("at most %d", maxAttestation)}
	}
	r := cborReader{b: b, where: "attestationObject"}
	pairs, err := r.mapHead()
	if err != nil {
		return o, err
	}
	if pairs != 3 {
		return o, r.bad("a map of %d members where fmt, attStmt and authData are expected", pairs)
	}
	for _, name := range [3]string{"\x63fmt", "\x67attStmt", "\x68authData"} {
		key, err := r.key(nil)
		if err != nil {
			return o, err
		}
		if string(key) != name {
			return o, r.bad("member %s where %q is expected", quote(string(key[1:])), name[1:])
		}
		switch name {
		case "\x63fmt":
			var text []byte
			text, err = r.str(cborText)
			o.format = string(text)
		case "\x67attStmt":
			start := r.i
			err = r.skip(1)
			o.statement = b[start:r.i]
		default:
			o.authData, err = r.str(cborBytes)
		}
		if err != nil {
			return o, err
		}
	}
	if r.i != len(b) {
		return o, r.bad("%d bytes after the end", len(b)-r.i)
	}
	if len(o.format) > 32 {
		return o, badAttestation("a format name of more than 32 bytes (§8.1)", "a short name")
	}
	return o, nil
}

// check verifies the statement as far as this package does: "none" must be empty, packed self
// attestation must carry the credential's own signature (§8.2, §8.7). Everything else is left
// unverified.
func (o *attestationObject) check(a *AuthenticatorData, clientData []byte) (Trust, error) {
	switch o.format {
	case "none":
		if string(o.statement) != "\xa0" {
			return 0, badAttestation("a statement with format none", "an empty one")
		}
		return TrustNone, nil
	case "packed":
		if a.Credential.Key.IsZero() {
			return TrustUnverified, nil // of a curve that is verified elsewhere: see WalletMode.Read
		}
		return o.checkPacked(a, clientData)
	}
	return TrustUnverified, nil
}

func (o *attestationObject) checkPacked(a *AuthenticatorData, clientData []byte) (Trust, error) {
	r := cborReader{b: o.statement, where: "attStmt"}
	pairs, err := r.mapHead()
	if err != nil {
		return 0, err
	}
	var key, der []byte
	var alg int64
	for ; pairs > 0; pairs-- {
		if key, err = r.key(key); err != nil {
			return 0, err
		}
		switch string(key) {
		case "\x63alg":
			alg, _, err = r.integer()
		case "\x63sig":
			der, err = r.str(cborBytes)
		case "\x63x5c":
			return TrustUnverified, nil
		default:
			return 0, badAttestation("member "+quote(string(key[1:])), "alg, sig and x5c only")
		}
		if err != nil {
			return 0, err
		}
	}
	if alg != -7 {
		return 0, badAttestation("self attestation with "+algorithmName(alg), "the credential's own algorithm, ES256 (-7)")
	}
	sig, err := ParseDER(der)
	if err != nil {
		return 0, err
	}
	digest := signedDigest(a.Raw, clientData)
	if !ecdsa.VerifyASN1(a.Credential.Key.ECDSA(), digest[:], sig.DER()) {
		return 0, badAttestation("a self attestation that does not verify", "the credential's own signature")
	}
	return TrustSelf, nil
}

// signedDigest is the hash that a credential signs: SHA-256(authData ‖ SHA-256(clientData)).
func signedDigest(authData, clientData []byte) [32]byte {
	inner := sha256.Sum256(clientData)
	var room [256]byte
	if len(authData)+32 <= len(room) {
		return sha256.Sum256(append(append(room[:0], authData...), inner[:]...))
	}
	h := sha256.New()
	h.Write(authData)
	h.Write(inner[:])
	return [32]byte(h.Sum(nil))
}

func badAttestation(seen, want string) error {
	return &Error{Cause: ErrAttestation, Where: "attestationObject", Seen: seen, Want: want}
}
