package passkey

import (
	"bytes"
	"errors"
	"fmt"
)

// DiagnoseRegistrationJSON is DiagnoseJSON for the JSON of a registration: with a complete rule,
// a reason for refusal is listed exactly if ParseRegistration or Verify refuses.
func DiagnoseRegistrationJSON(raw []byte, rule Rule, known ...string) []Finding {
	x := exam{purpose: TypeCreate, rule: rule, known: known}
	r, err := ParseRegistration(raw)
	if err == nil {
		x.client(&r.ClientData)
		x.authenticator(&r.AuthData)
		x.attested(r)
		return x.result()
	}
	x.refused(err)
	if !errors.Is(err, ErrTooLarge) {
		x.registration(raw)
	}
	return x.result()
}

// attested remarks on what a registration that parses does not prove.
func (x *exam) attested(r *Registration) {
	if r.Trust == TrustUnverified {
		x.note("attestationObject", "a statement of format "+quote(r.Format), "", "nothing here checks it: the AAGUID remains a claim")
	}
	if r.Discoverable != nil && !*r.Discoverable {
		x.note("clientExtensionResults", "a credential that is not discoverable", "residentKey \"discouraged\", or a security key without room", "keep its ID: nobody can sign in without being told it")
	}
}

// registration examines JSON that the strict parser refused.
func (x *exam) registration(raw []byte) {
	top, inner := x.open(raw)
	if inner == nil {
		return
	}
	if _, ok := inner["signature"]; ok && inner["attestationObject"] == nil {
		x.add(Finding{Cause: ErrPurpose, Where: "response", Seen: "signature", Want: "attestationObject", Source: "the answer of a sign-in was sent to register"})
	}
	id := x.ids(top)
	clientData := x.field(inner, "clientDataJSON", "response.clientDataJSON")
	if clientData != nil {
		if c, err := ParseClientData(clientData); err != nil {
			x.refused(err)
			x.lenientClient(clientData)
		} else {
			x.client(&c)
		}
	}
	if object := x.field(inner, "attestationObject", "response.attestationObject"); object != nil {
		x.attestation(object, id, clientData)
	}
}

// attestation examines an attestation object.
func (x *exam) attestation(object, id, clientData []byte) {
	o, err := parseAttestationObject(object)
	if err != nil {
		source := ""
		switch {
		case len(object) >= 37 && Flags(object[32]).AT():
			source = "authenticator data were sent in place of the attestation object"
		case bytes.Contains(object, []byte("\x68authData")):
			source = "an authenticator whose CBOR is not canonical"
		}
		x.refusedFrom(err, source)
		return
	}
	a, err := ParseAuthenticatorData(o.authData)
	if err != nil {
		source := authDataSource(o.authData)
		if errors.Is(err, ErrAlgorithm) {
			source = "pubKeyCredParams offered more than ES256, and the authenticator took another; Windows Hello likes RS256"
		}
		x.refusedFrom(err, source)
		if len(o.authData) >= 37 {
			a = AuthenticatorData{RPIDHash: [32]byte(o.authData), Flags: Flags(o.authData[32]), SignCount: be32(o.authData[33:])}
			x.authenticator(&a)
		}
		return
	}
	x.authenticator(&a)
	if a.Credential == nil {
		x.refusedFrom(&Error{Cause: ErrFlags, Where: "authenticatorData", Seen: a.Flags.String(), Want: "an attested credential (AT)"}, "the authenticator data of a sign-in")
		return
	}
	if id != nil && !bytes.Equal(id, a.Credential.ID) {
		x.add(Finding{Cause: ErrIDMismatch, Where: "id", Seen: fmt.Sprintf("0x%x", id), Want: fmt.Sprintf("0x%x", a.Credential.ID), Source: "id and attestation object of two registrations were mixed"})
	}
	if clientData == nil {
		return
	}
	if _, err := o.check(&a, clientData); err != nil {
		x.refusedFrom(err, "clientDataJSON was changed on the way, or the authenticator is faulty")
	}
}
