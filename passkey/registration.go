package passkey

import (
	"bytes"
	"fmt"
)

// Registration is a parsed response of navigator.credentials.create(). Parsing proves nothing
// about its origin: call Verify.
type Registration struct {
	ID           []byte   // credential ID, the one inside AuthData
	Transports   []string // claims of the client, e.g. "internal", "hybrid"
	Attachment   string   // "platform", "cross-platform" or "": a claim of the client
	AuthData     AuthenticatorData
	ClientData   ClientData
	Format       string // attestation statement format, e.g. "none"
	Trust        Trust
	Discoverable *bool // credProps.rk: a claim of the client; nil if it made none
}

// Trust says what the attestation proves about the authenticator's model.
type Trust uint8

// Levels of Trust.
const (
	TrustNone       Trust = iota // format "none": nothing
	TrustSelf                    // packed self attestation, verified: signed by the credential itself
	TrustUnverified              // another format: a statement is there and nobody has checked it
)

func (t Trust) String() string {
	switch t {
	case TrustNone:
		return "none"
	case TrustSelf:
		return "self"
	}
	return "unverified"
}

// ParseRegistration reads RegistrationResponseJSON (§5.1): what PublicKeyCredential.toJSON()
// gives after create(). The key is the attested one; where the client sends its own copies
// (publicKey, publicKeyAlgorithm, authenticatorData), they must agree with it.
func ParseRegistration(json []byte) (*Registration, error) {
	r, e, err := parseRegistration(json, coseKey)
	if err != nil {
		return nil, err
	}
	if err := r.agrees(e, r.Key().SPKI(), -7); err != nil {
		return nil, err
	}
	return r, nil
}

func parseRegistration(json []byte, readKey keyReader) (*Registration, *envelope, error) {
	var e envelope
	if err := e.parse(json, create); err != nil {
		return nil, nil, err
	}
	id, err := appendBase64(nil, e.id, "id")
	if err != nil {
		return nil, nil, err
	}
	object, err := appendBase64(nil, e.attestation, "response.attestationObject")
	if err != nil {
		return nil, nil, err
	}
	clientData, err := appendBase64(nil, e.clientData, "response.clientDataJSON")
	if err != nil {
		return nil, nil, err
	}
	r, err := newRegistration(id, object, clientData, readKey)
	if err != nil {
		return nil, nil, err
	}
	r.Transports, r.Attachment, r.Discoverable = e.transports, e.attachment, e.discoverable
	return r, &e, nil
}

// NewRegistration assembles a registration from the raw parts of a response. It refers to them.
func NewRegistration(id, attestationObject, clientDataJSON []byte) (*Registration, error) {
	return newRegistration(id, attestationObject, clientDataJSON, coseKey)
}

func newRegistration(id, attestationObject, clientDataJSON []byte, readKey keyReader) (*Registration, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	r := &Registration{ID: id}
	o, err := parseAttestationObject(attestationObject)
	if err != nil {
		return nil, err
	}
	if r.AuthData, err = parseAuthenticatorData(o.authData, readKey); err != nil {
		return nil, err
	}
	if r.AuthData.Credential == nil {
		return nil, &Error{Cause: ErrFlags, Where: "authenticatorData", Seen: r.AuthData.Flags.String(), Want: "an attested credential (AT)"}
	}
	if !bytes.Equal(r.AuthData.Credential.ID, id) {
		return nil, &Error{Cause: ErrIDMismatch, Where: "id", Seen: fmt.Sprintf("0x%x", id), Want: fmt.Sprintf("0x%x, the attested credential ID", r.AuthData.Credential.ID)}
	}
	if r.ClientData, err = ParseClientData(clientDataJSON); err != nil {
		return nil, err
	}
	r.Format = o.format
	if r.Trust, err = o.check(&r.AuthData, clientDataJSON); err != nil {
		return nil, err
	}
	return r, nil
}

// Key is the public key of the new credential.
func (r *Registration) Key() PublicKey {
	if r.AuthData.Credential == nil {
		return PublicKey{}
	}
	return r.AuthData.Credential.Key
}

// agrees compares the client's own copies with what was attested.
func (r *Registration) agrees(e *envelope, spki []byte, algorithm int64) error {
	for _, c := range []struct {
		where string
		text  []byte
		want  []byte
	}{
		{"response.publicKey", e.publicKey, spki},
		{"response.authenticatorData", e.authData, r.AuthData.Raw},
	} {
		if c.text == nil {
			continue
		}
		got, err := appendBase64(nil, c.text, c.where)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, c.want) {
			return &Error{Cause: ErrInconsistent, Where: c.where, Seen: headOf(got), Want: headOf(c.want)}
		}
	}
	if e.hasAlgorithm && e.algorithm != algorithm {
		return &Error{Cause: ErrInconsistent, Where: "response.publicKeyAlgorithm", Seen: algorithmName(e.algorithm), Want: algorithmName(algorithm)}
	}
	return nil
}
