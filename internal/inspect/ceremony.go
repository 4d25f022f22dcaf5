package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-dev/postern/passkey"
)

// A wireCredential is the JSON of a ceremony's reply as loosely as it can be read: what
// is malformed must still be explained.
type wireCredential struct {
	ID         string `json:"id"`
	RawID      string `json:"rawId"`
	Type       string `json:"type"`
	Attachment string `json:"authenticatorAttachment"`
	Response   struct {
		AttestationObject string   `json:"attestationObject"`
		AuthenticatorData string   `json:"authenticatorData"`
		ClientDataJSON    string   `json:"clientDataJSON"`
		Signature         string   `json:"signature"`
		UserHandle        string   `json:"userHandle"`
		Transports        []string `json:"transports"`
	} `json:"response"`
}

// ceremony explains RegistrationResponseJSON and AuthenticationResponseJSON.
func (in *inspector) ceremony(text []byte, members map[string]json.RawMessage) (Reading, bool) {
	var response map[string]json.RawMessage
	if json.Unmarshal(members["response"], &response) != nil {
		return Reading{}, false
	}
	_, created := response["attestationObject"]
	_, signed := response["signature"]
	if !created && !signed && response["clientDataJSON"] == nil {
		return Reading{}, false
	}
	var wire wireCredential
	err := json.Unmarshal(text, &wire)
	if created {
		return in.registration(text, wire, err), true
	}
	return in.assertion(text, wire, err), true
}

func (in *inspector) registration(text []byte, wire wireCredential, err error) Reading {
	r := Reading{Kind: "registration", Title: "registration: reply of navigator.credentials.create()", Likelihood: Certain}
	in.envelope(&r, wire, err)
	reg, perr := passkey.ParseRegistration(text)
	if perr != nil {
		r.refused("registration", perr)
	} else {
		key := reg.Key()
		r.fact("attestation", reg.Format+" ("+reg.Trust.String()+")")
		if len(reg.Transports) > 0 {
			r.fact("transports", shown(strings.Join(reg.Transports, ", ")))
		}
		if reg.Discoverable != nil {
			r.fact("discoverable", fmt.Sprint(*reg.Discoverable))
			if !*reg.Discoverable {
				r.warn("not-discoverable", "the passkey is not discoverable: signing in without a user name will not find it", "residentKey was not \"required\"", "ask for residentKey \"required\"")
			}
		}
		if !in.opt.Key.IsZero() && key != in.opt.Key {
			r.wrong("other-key", "it registers another key than the one given", "two passkeys were mixed up", "")
		}
	}
	in.field(&r, "attestationObject", wire.Response.AttestationObject, func(b []byte) Reading { return in.explainAttestation(b) })
	in.field(&r, "clientDataJSON", wire.Response.ClientDataJSON, func(b []byte) Reading { return in.clientDataOf(b, passkey.TypeCreate) })
	r.sayOnce()
	return r
}

func (in *inspector) assertion(text []byte, wire wireCredential, err error) Reading {
	r := Reading{Kind: "assertion", Title: "assertion: reply of navigator.credentials.get()", Likelihood: Certain}
	in.envelope(&r, wire, err)
	if handle := wire.Response.UserHandle; handle != "" {
		if b, err := bytesOf(handle); err == nil {
			r.fact("user handle", userHandle(b))
		}
	}
	for _, part := range []struct {
		name, text string
		explain    func([]byte) Reading
	}{
		{"authenticatorData", wire.Response.AuthenticatorData, in.explainAuthData},
		{"clientDataJSON", wire.Response.ClientDataJSON, func(b []byte) Reading { return in.explainClientData(b, passkey.TypeGet) }},
		{"signature", wire.Response.Signature, in.explainDER},
	} {
		in.field(&r, part.name, part.text, part.explain)
	}
	// Package passkey judges an assertion as a whole; the parts only add what they warn of.
	for i := range r.Parts {
		r.Parts[i].Findings = slices.DeleteFunc(r.Parts[i].Findings, func(f Finding) bool { return f.Severity != Warning || f.Code == "member-order" })
	}
	r.Findings = nil
	r.diagnosed(passkey.DiagnoseJSON(text, in.key(), in.rule(), in.guesses()...))
	if a, err := passkey.ParseAssertion(text); err == nil {
		in.namesSigner(&r, a)
	}
	return r
}

// envelope explains what stands around the response.
func (in *inspector) envelope(r *Reading, wire wireCredential, err error) {
	if err != nil {
		r.wrong("member-type", strings.TrimPrefix(err.Error(), "json: "), "", "write it as credential.toJSON() does")
	}
	id := wire.ID
	if id == "" {
		id = wire.RawID
	}
	if b, err := bytesOf(id); err == nil {
		r.fact("credential id", fmt.Sprintf("%s (%d bytes)", shown(id), len(b)))
	} else if id != "" {
		r.fact("credential id", shown(id))
	}
	if wire.Attachment != "" {
		r.fact("attachment", shown(wire.Attachment))
	}
}

// field decodes one base64url member and explains it.
func (in *inspector) field(r *Reading, name, text string, explain func([]byte) Reading) {
	if text == "" {
		return // its absence is the strict parser's to report
	}
	b, err := bytesOf(text)
	switch {
	case err != nil && strings.HasPrefix(strings.TrimSpace(text), "{") && name == "clientDataJSON":
		r.wrong("encoding", name+" is the JSON text itself and not base64url", "a library that decoded it", "pass response.clientDataJSON as base64url of its exact bytes")
		b = []byte(text)
	case err != nil:
		r.wrong("encoding", name+" is not base64url", "bytes that were encoded in another way, or cut", "use credential.toJSON()")
		return
	case hasHexPrefix(text):
		r.wrong("encoding", name+" is hex where base64url belongs", "a library of the Ethereum side wrote it", "encode the bytes as base64url without padding")
	}
	part := explain(b)
	part.Title = name + ": " + part.Title
	r.Parts = append(r.Parts, part)
}

// clientDataOf explains client data with the challenge checked.
func (in *inspector) clientDataOf(b []byte, purpose string) Reading {
	part := in.explainClientData(b, purpose)
	in.checkChallenge(&part, assertionParts{clientData: b})
	return part
}

func (in *inspector) explainDER(b []byte) Reading {
	if r, ok := in.derSignature(b); ok {
		if len(r.Facts) == 0 {
			r.fact("bytes", hexOf(b))
		}
		return r
	}
	r := Reading{Kind: "der-signature", Title: "ECDSA signature", Likelihood: Certain}
	r.fact("bytes", hexOf(b))
	hint := "pass response.signature unchanged"
	if len(b) == 64 {
		r.wrong("der", "64 bytes are r ‖ s, not DER", "a library that converted it already", hint)
	} else {
		r.wrong("der", fmt.Sprintf("%d bytes that do not start as DER does (0x30)", len(b)), "", hint)
	}
	return r
}

// looseParts explains {authenticatorData, clientDataJSON, signature}, the form in which
// libraries of the Ethereum side pass an assertion on.
func (in *inspector) looseParts(members map[string]json.RawMessage) (Reading, bool) {
	get := func(name string) string {
		var s string
		if json.Unmarshal(members[name], &s) != nil {
			return ""
		}
		return s
	}
	r := Reading{Kind: "assertion-parts", Title: "parts of an assertion", Likelihood: Certain}
	clientData := []byte(get("clientDataJSON"))
	if !bytes.HasPrefix(clientData, []byte("{")) {
		b, err := bytesOf(string(clientData))
		if err != nil {
			r.wrong("encoding", "clientDataJSON is neither text nor base64url nor hex", "", "")
		}
		clientData = b
	}
	var authData []byte
	if text := get("authenticatorData"); text != "" {
		b, err := bytesOf(text)
		if err != nil {
			r.wrong("encoding", "authenticatorData is neither base64url nor hex", "", "")
		}
		authData = b
		r.Parts = append(r.Parts, in.explainAuthData(b))
	}
	purpose := ""
	if members["signature"] != nil {
		purpose = passkey.TypeGet
	}
	if len(clientData) > 0 {
		r.Parts = append(r.Parts, in.clientDataOf(clientData, purpose))
	}
	if text := get("signature"); text != "" {
		b, err := bytesOf(text)
		if err != nil {
			r.wrong("encoding", "signature is neither base64url nor hex", "", "")
			return r, true
		}
		in.looseSignature(&r, authData, clientData, b)
	}
	return r, true
}

func (in *inspector) looseSignature(r *Reading, authData, clientData, b []byte) {
	if len(b) == 64 {
		if part, ok := in.p1363(b); ok {
			r.Parts = append(r.Parts, part)
			in.checkSignature(r, authData, clientData, [32]byte(b[:32]), [32]byte(b[32:]))
			return
		}
	}
	r.Parts = append(r.Parts, in.explainDER(b))
	if sig, err := passkey.ParseDER(b); err == nil {
		in.checkSignature(r, authData, clientData, sig.R, sig.S)
	}
}
