package inspect

import (
	"bytes"
	"errors"

	"github.com/postern-dev/postern/passkey"
)

// attestationObject recognises the CBOR map {fmt, attStmt, authData}.
func (in *inspector) attestationObject(b []byte) (Reading, bool) {
	if len(b) < 8 || b[0]>>5 != 5 || !bytes.Contains(b, []byte("\x68authData")) || !bytes.Contains(b, []byte("\x63fmt")) {
		return Reading{}, false
	}
	return in.explainAttestation(b), true
}

func (in *inspector) explainAttestation(b []byte) Reading {
	r := Reading{Kind: "attestation-object", Title: "attestation object", Likelihood: Certain}
	authData := embeddedAuthData(b)
	if authData != nil {
		part := in.explainAuthData(authData)
		r.Parts = append(r.Parts, part)
	}
	// The strict parser wants the whole registration; a stand-in client data will do for
	// everything but a self attestation, which signs it.
	id := []byte{0}
	if a, err := passkey.ParseAuthenticatorData(authData); err == nil && a.Credential != nil {
		id = a.Credential.ID
	}
	reg, err := passkey.NewRegistration(id, b, []byte(`{"type":"webauthn.create","challenge":"AAAAAAAAAAAAAAAAAAAAAA","origin":"https://localhost","crossOrigin":false}`))
	switch {
	case err == nil:
		r.fact("format", shown(reg.Format))
	case errors.Is(err, passkey.ErrAttestation) && bytes.Contains(b, []byte("\x66packed")):
		r.fact("format", "packed")
		r.note("self-attestation", "a self attestation signs the client data too: pass the whole registration to have it checked")
	default:
		r.refused("attestation", err)
		if authData == nil && len(b) < 37 {
			r.note("cut", "it is too short to hold authenticator data")
		}
	}
	return r
}

// embeddedAuthData finds the bytes of the member authData, nil if there are none.
func embeddedAuthData(b []byte) []byte {
	i := bytes.Index(b, []byte("\x68authData"))
	if i < 0 {
		return nil
	}
	rest := b[i+9:]
	switch {
	case len(rest) > 1 && rest[0] >= 0x40 && rest[0] <= 0x57:
		return rest[1:min(len(rest), 1+int(rest[0]-0x40))]
	case len(rest) > 2 && rest[0] == 0x58:
		return rest[2:min(len(rest), 2+int(rest[1]))]
	case len(rest) > 3 && rest[0] == 0x59:
		return rest[3:min(len(rest), 3+int(rest[1])<<8+int(rest[2]))]
	}
	return nil
}
