package passkey

import (
	"bytes"
	"fmt"
)

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
	var e envelope
	if err := e.parse(json, get); err != nil {
		return nil, err
	}
	a := &Assertion{Attachment: e.attachment}
	texts := len(e.id) + len(e.userHandle) + len(e.authData) + len(e.clientData) + len(e.signature)
	p := packer{buf: make([]byte, 0, texts/4*3+5*3+challengeRoom)}
	a.ID = p.decode(e.id, "id")
	a.UserHandle = p.decode(e.userHandle, "response.userHandle")
	authData := p.decode(e.authData, "response.authenticatorData")
	clientData := p.decode(e.clientData, "response.clientDataJSON")
	der := p.decode(e.signature, "response.signature")
	if p.err != nil {
		return nil, p.err
	}
	if err := a.fill(authData, clientData, der, p.buf[len(p.buf):]); err != nil {
		return nil, err
	}
	return a, nil
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
	if err := a.fill(authData, clientDataJSON, derSig, nil); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Assertion) fill(authData, clientData, der, scratch []byte) (err error) {
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
	if a.ClientData, err = parseClientData(clientData, scratch); err != nil {
		return err
	}
	a.Signature, err = ParseDER(der)
	return err
}

func checkID(id []byte) error {
	if len(id) == 0 || len(id) > MaxCredentialID {
		return badMember("id", fmt.Sprintf("%d bytes", len(id)), fmt.Sprintf("1 to %d bytes", MaxCredentialID))
	}
	return nil
}

// ceremony tells the two kinds of envelope apart.
type ceremony uint8

const (
	get ceremony = iota
	create
)

// envelope is the outer JSON of a response; texts are still base64url.
type envelope struct {
	id, authData, clientData, signature, userHandle []byte
	attachment                                      string

	// Of a registration only.
	attestation, publicKey []byte
	algorithm              int64
	hasAlgorithm           bool
	transports             []string
	discoverable           *bool
}

func (e *envelope) parse(json []byte, kind ceremony) error {
	s := scanner{b: json, where: "credential"}
	if err := s.begin(maxCeremonyJSON); err != nil {
		return err
	}
	var rawID, typ []byte
	hasResponse := false
	var o object
	for {
		name, more, err := s.next(&o)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		switch string(name) {
		case "id":
			e.id, err = s.plain("id")
		case "rawId":
			rawID, err = s.plain("rawId")
		case "type":
			typ, err = s.plain("type")
		case "authenticatorAttachment":
			err = e.readAttachment(&s)
		case "response":
			hasResponse = true
			err = e.readResponse(&s, kind)
		case "clientExtensionResults":
			err = e.readExtensions(&s, kind)
		default:
			err = s.skip(1)
		}
		if err != nil {
			return err
		}
	}
	if err := s.end(); err != nil {
		return err
	}
	if err := missing("credential", need{"id", e.id != nil}, need{"rawId", rawID != nil}, need{"type", typ != nil}, need{"response", hasResponse}); err != nil {
		return err
	}
	if string(typ) != "public-key" {
		return badMember("type", quote(string(typ)), `"public-key"`)
	}
	if !bytes.Equal(e.id, rawID) {
		return &Error{Cause: ErrIDMismatch, Where: "rawId", Seen: quote(string(rawID)), Want: quote(string(e.id)),
			Hint: "send id and rawId as the browser's toJSON() gives them: both base64url of the same bytes"}
	}
	return nil
}

func (e *envelope) readAttachment(s *scanner) error {
	if s.literal("null") {
		return nil
	}
	v, err := s.plain("authenticatorAttachment")
	switch string(v) {
	case "platform":
		e.attachment = "platform"
	case "cross-platform":
		e.attachment = "cross-platform"
	}
	return err // other words are for the future: §5.4.5 asks to ignore them
}

func (e *envelope) readResponse(s *scanner, kind ceremony) error {
	var o object
	for {
		name, more, err := s.next(&o)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		switch string(name) {
		case "authenticatorData":
			e.authData, err = s.plain("response.authenticatorData")
		case "clientDataJSON":
			e.clientData, err = s.plain("response.clientDataJSON")
		default:
			if kind == create {
				err = e.readCreated(s, string(name))
			} else {
				err = e.readGot(s, string(name))
			}
		}
		if err != nil {
			return err
		}
	}
	if kind == create {
		return missing("response", need{"clientDataJSON", e.clientData != nil}, need{"attestationObject", e.attestation != nil})
	}
	return missing("response", need{"authenticatorData", e.authData != nil}, need{"clientDataJSON", e.clientData != nil}, need{"signature", e.signature != nil})
}

// readGot reads the members that only an assertion has.
func (e *envelope) readGot(s *scanner, name string) (err error) {
	switch name {
	case "signature":
		e.signature, err = s.plain("response.signature")
	case "userHandle":
		if s.literal("null") {
			return nil
		}
		e.userHandle, err = s.plain("response.userHandle")
	default:
		err = s.skip(2)
	}
	return err
}

// readExtensions reads clientExtensionResults; only credProps of a registration is kept.
func (e *envelope) readExtensions(s *scanner, kind ceremony) error {
	if c := s.peek(); c != '{' {
		return badMember("clientExtensionResults", byteName(c, s.i < len(s.b)), "an object")
	}
	var o object
	for {
		name, more, err := s.next(&o)
		if err != nil || !more {
			return err
		}
		if kind == create && string(name) == "credProps" {
			err = e.readCredProps(s)
		} else {
			err = s.skip(2)
		}
		if err != nil {
			return err
		}
	}
}
