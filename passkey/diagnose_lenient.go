package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Reading on where the strict parsers stop. Nothing that is read here is ever accepted.

// open takes the JSON of a credential apart that a strict parser refused; nil if it cannot.
func (x *exam) open(raw []byte) (top, inner map[string]any) {
	if err := json.Unmarshal(raw, &top); err != nil {
		x.explainText(raw)
		return nil, nil
	}
	if inside, ok := top["publicKey"].(map[string]any); ok && top["response"] == nil {
		x.note("credential", "a member publicKey around the credential", "options and answer were confused", "")
		top = inside
	}
	inner, _ = top["response"].(map[string]any)
	if inner == nil {
		x.note("response", "no object", "JSON.stringify(credential) in a browser whose credential has no toJSON()", "build the JSON from the credential's fields, each buffer as base64url")
		return nil, nil
	}
	if t, _ := top["type"].(string); t != "public-key" {
		x.add(Finding{Cause: ErrMember, Where: "type", Seen: quote(t), Want: `"public-key"`})
	}
	return top, inner
}

// ids reads id and rawId and compares them.
func (x *exam) ids(top map[string]any) []byte {
	id, rawID := x.field(top, "id", "id"), x.field(top, "rawId", "rawId")
	if id != nil && rawID != nil && !bytes.Equal(id, rawID) {
		x.add(Finding{Cause: ErrIDMismatch, Where: "rawId", Seen: fmt.Sprintf("0x%x", rawID), Want: fmt.Sprintf("0x%x", id)})
	}
	return id
}

// envelope examines the JSON of an assertion that the strict parser refused.
func (x *exam) envelope(raw []byte) {
	top, inner := x.open(raw)
	if inner == nil {
		return
	}
	if _, ok := inner["attestationObject"]; ok {
		x.add(Finding{Cause: ErrPurpose, Where: "response", Seen: "attestationObject", Want: "authenticatorData and signature", Source: "the answer of a registration was sent to sign in"})
	}
	id := x.ids(top)
	handle := x.field(inner, "userHandle", "response.userHandle")
	authData := x.field(inner, "authenticatorData", "response.authenticatorData")
	clientData := x.field(inner, "clientDataJSON", "response.clientDataJSON")
	der := x.field(inner, "signature", "response.signature")
	x.identity(id, handle)
	x.parts(authData, clientData, der)
}

// parts examines the three signed parts one by one; nil parts are missing.
func (x *exam) parts(authData, clientData, der []byte) {
	a := &Assertion{}
	whole := true
	if authData != nil {
		var err error
		if a.AuthData, err = ParseAuthenticatorData(authData); err != nil {
			x.refusedFrom(err, authDataSource(authData))
			whole = false
			if len(authData) >= 37 {
				a.AuthData = AuthenticatorData{Raw: authData, RPIDHash: [32]byte(authData), Flags: Flags(authData[32]), SignCount: be32(authData[33:])}
			}
		} else if a.AuthData.Flags.AT() {
			x.refusedFrom(&Error{Cause: ErrFlags, Where: "authenticatorData", Seen: a.AuthData.Flags.String(), Want: "no attested credential (AT) in an assertion"}, "the authenticator data of the registration were sent")
		}
		if a.AuthData.Raw != nil {
			x.authenticator(&a.AuthData)
		}
	}
	if clientData != nil {
		var err error
		if a.ClientData, err = ParseClientData(clientData); err != nil {
			whole = false
			x.refused(err)
			x.lenientClient(clientData)
		} else {
			x.client(&a.ClientData)
		}
	}
	if der != nil {
		var err error
		if a.Signature, err = ParseDER(der); err != nil {
			whole = false
			x.refusedFrom(err, derSource(der))
		}
		x.order(der)
	}
	if whole && authData != nil && clientData != nil && der != nil {
		x.signature(a)
	}
}

// lenientClient examines client data that the strict parser refused.
func (x *exam) lenientClient(raw []byte) {
	var m struct {
		Type, Challenge, Origin, TopOrigin string
		CrossOrigin                        bool
	}
	if json.Unmarshal(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), &m) != nil && m.Type == "" {
		return
	}
	c := ClientData{Type: m.Type, Origin: m.Origin, TopOrigin: m.TopOrigin, CrossOrigin: m.CrossOrigin}
	if v, _, err := lenientBytes(m.Challenge); err == nil {
		c.Challenge = v
	}
	x.client(&c)
}

// field reads a member that should be base64url, whatever form it has.
func (x *exam) field(m map[string]any, name, where string) []byte {
	v, present := m[name]
	if !present || v == nil {
		if name != "userHandle" {
			x.add(Finding{Cause: ErrMissing, Where: where, Seen: "nothing", Want: "base64url"})
		}
		return nil
	}
	switch v := v.(type) {
	case string:
		b, form, err := lenientBytes(v)
		switch {
		case err != nil && name == "userHandle":
			x.add(Finding{Cause: ErrBase64, Where: where, Seen: quote(v), Want: "base64url", Source: "@simplewebauthn/browser up to version 8, which sends the user handle as text"})
			return []byte(v)
		case err != nil:
			x.add(Finding{Cause: ErrBase64, Where: where, Seen: quote(v), Want: "base64url"})
			return nil
		case form != "":
			x.add(Finding{Cause: ErrBase64, Where: where, Seen: quote(v), Want: "unpadded base64url", Source: form + " was used instead of base64url"})
		}
		return b
	case map[string]any, []any:
		x.add(Finding{Cause: ErrMember, Where: where, Seen: "an object or list", Want: "base64url", Source: "JSON.stringify of an ArrayBuffer or Uint8Array instead of credential.toJSON()"})
	default:
		x.add(Finding{Cause: ErrMember, Where: where, Seen: fmt.Sprintf("%T", v), Want: "base64url"})
	}
	return nil
}

// lenientBytes decodes text and names the form if it is not canonical base64url.
func lenientBytes(s string) (b []byte, form string, err error) {
	fromHex, hexErr := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if hexErr == nil && len(fromHex) >= 32 { // may be canonical base64url by accident, but was not meant so
		return fromHex, "hexadecimal", nil
	}
	if b, err := appendBase64([]byte{}, []byte(s), ""); err == nil {
		return b, "", nil
	}
	if hexErr == nil {
		return fromHex, "hexadecimal", nil
	}
	for _, f := range [...]struct {
		e    *base64.Encoding
		name string
	}{
		{base64.URLEncoding, "padded base64url"}, {base64.StdEncoding, "standard base64"}, {base64.RawStdEncoding, "standard base64 without padding"},
		{base64.RawURLEncoding, "base64url with stray bits"},
	} {
		if b, err := f.e.DecodeString(s); err == nil {
			return b, f.name, nil
		}
	}
	return nil, "", badBase64([]byte(s), "")
}

func authDataSource(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xa3\x63fmt")):
		return "an attestation object was sent in place of authenticator data"
	case len(b) > 2 && b[0] == 0x58 && int(b[1]) == len(b)-2:
		return "authenticator data still wrapped as a CBOR byte string, as CTAP delivers them"
	case len(b) == 32:
		return "a hash was sent in place of authenticator data"
	case len(b) >= 37 && Flags(b[32]).BS() && !Flags(b[32]).BE():
		return illegalBackup
	}
	return ""
}

func derSource(b []byte) string {
	switch {
	case len(b) == 64:
		return "a raw signature r‖s, as WebCrypto makes; WebAuthn sends DER"
	case len(b) == 65 && (b[64] <= 1 || b[64] == 27 || b[64] == 28):
		return "an Ethereum signature r‖s‖v in place of a passkey's"
	case len(b) > 2 && b[0] == 0x30 && b[1] >= 0x80:
		return "an encoder that is not DER (long form of a length)"
	case len(b) > 2 && b[0] == 0x30 && int(b[1]) < len(b)-2:
		return "bytes appended to the signature, or a buffer longer than its content"
	case len(b) > 2 && b[0] == 0x30:
		return "a signature that was cut, or an encoder that is not DER"
	}
	return ""
}

// explainText remarks on input that is no JSON at all.
func (x *exam) explainText(raw []byte) {
	text := strings.TrimSpace(string(raw[:min(len(raw), 64)]))
	switch {
	case strings.HasPrefix(text, "<"):
		x.note("credential", "markup", "a page, such as an error page of a proxy, in place of JSON", "")
	case strings.HasPrefix(text, "[object"):
		x.note("credential", quote(text), "an object was turned into text without JSON.stringify", "")
	case strings.HasPrefix(text, "'"), strings.HasPrefix(text, "{'"):
		x.note("credential", quote(text), "single quotes: another language's notation in place of JSON", "")
	case text == "":
		x.note("credential", "nothing", "the body was not sent or was read twice", "")
	}
}
