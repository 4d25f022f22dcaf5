package passkey

import "fmt"

// maxCeremonyJSON bounds a response of create() or get().
const maxCeremonyJSON = 128 << 10

// maxUserHandle is the longest user handle in bytes (§5.4.3).
const maxUserHandle = 64

// Assertion is a parsed response of navigator.credentials.get(). Parsing proves nothing about
// who made it: call Verify.
type Assertion struct {
	ID         []byte // credential ID
	UserHandle []byte // nil if absent
	Attachment string // "platform", "cross-platform" or "": a claim of the client
	AuthData   AuthenticatorData
	ClientData ClientData
	Signature  Signature // over AuthData.Raw ‖ SHA-256(ClientData.Raw)
}

// ParseAssertion reads AuthenticationResponseJSON (§5.1): what PublicKeyCredential.toJSON()
// gives after get(). Unknown members are ignored.
func ParseAssertion(json []byte) (*Assertion, error) {
	a, der, err := parseAssertion(json)
	if err != nil {
		return nil, err
	}
	a.Signature, err = ParseDER(der)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// parseAssertion is ParseAssertion but for the signature, which depends on the curve.
func parseAssertion(json []byte) (a *Assertion, der []byte, err error) {
	var e envelope
	if err := e.parse(json, get); err != nil {
		return nil, nil, err
	}
	a = &Assertion{Attachment: e.attachment}
	texts := len(e.id) + len(e.userHandle) + len(e.authData) + len(e.clientData) + len(e.signature)
	p := packer{buf: make([]byte, 0, texts/4*3+5*3+challengeRoom)}
	a.ID = p.decode(e.id, "id")
	a.UserHandle = p.decode(e.userHandle, "response.userHandle")
	authData := p.decode(e.authData, "response.authenticatorData")
	clientData := p.decode(e.clientData, "response.clientDataJSON")
	der = p.decode(e.signature, "response.signature")
	if p.err != nil {
		return nil, nil, p.err
	}
	return a, der, a.fill(authData, clientData, p.buf[len(p.buf):])
}

// packer decodes several texts into one buffer and keeps the first error.
type packer struct {
	buf []byte
	err error
}

// decode returns the bytes of a base64url text, nil if it is empty. Appending to them cannot
// touch what follows in the buffer.
func (p *packer) decode(text []byte, where string) []byte {
	if len(text) == 0 || p.err != nil {
		return nil
	}
	start := len(p.buf)
	buf, err := appendBase64(p.buf, text, where)
	if err != nil {
		p.err = err
		return nil
	}
	p.buf = buf
	return buf[start:len(buf):len(buf)]
}

// challengeRoom is scratch space for the challenge in the assertion's one buffer.
const challengeRoom = 48

// NewAssertion assembles an assertion from the raw parts of a response. It refers to them.
func NewAssertion(id, authData, clientDataJSON, derSig []byte) (*Assertion, error) {
	a := &Assertion{ID: id}
	err := a.fill(authData, clientDataJSON, nil)
	if err != nil {
		return nil, err
	}
	if a.Signature, err = ParseDER(derSig); err != nil {
		return nil, err
	}
	return a, nil
}

// fill reads all but the signature.
func (a *Assertion) fill(authData, clientData, scratch []byte) (err error) {
	if err := checkID(a.ID); err != nil {
		return err
	}
	if len(a.UserHandle) > maxUserHandle {
		return badMember("response.userHandle", fmt.Sprintf("%d bytes", len(a.UserHandle)), "at most 64 bytes")
	}
	if a.AuthData, err = ParseAuthenticatorData(authData); err != nil {
		return err
	}
	if a.AuthData.Flags.AT() {
		return &Error{Cause: ErrFlags, Where: "authenticatorData", Seen: a.AuthData.Flags.String(), Want: "no attested credential (AT) in an assertion (§6.3.3)"}
	}
	a.ClientData, err = parseClientData(clientData, scratch)
	return err
}

func checkID(id []byte) error {
	if len(id) == 0 || len(id) > MaxCredentialID {
		return badMember("id", fmt.Sprintf("%d bytes", len(id)), fmt.Sprintf("1 to %d bytes", MaxCredentialID))
	}
	return nil
}
