package passkey

import (
	"bytes"
	"fmt"
)

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

const (
	maxTransports = 16
	maxTransport  = 32
)

// readCreated reads the members that only a registration has.
func (e *envelope) readCreated(s *scanner, name string) (err error) {
	switch name {
	case "attestationObject":
		e.attestation, err = s.plain("response.attestationObject")
	case "publicKey":
		if s.literal("null") {
			return nil
		}
		e.publicKey, err = s.plain("response.publicKey")
	case "publicKeyAlgorithm":
		e.algorithm, err = s.integer("response.publicKeyAlgorithm")
		e.hasAlgorithm = true
	case "transports":
		return e.readTransports(s)
	default:
		err = s.skip(2)
	}
	return err
}

func (e *envelope) readTransports(s *scanner) error {
	if c := s.peek(); c != '[' {
		return badMember("response.transports", byteName(c, s.i < len(s.b)), "a list")
	}
	return s.array(func(i int) error {
		t, err := s.decoded("response.transports")
		if err != nil {
			return err
		}
		if i >= maxTransports || len(t) > maxTransport {
			return badMember("response.transports", quote(t), fmt.Sprintf("at most %d words of at most %d bytes", maxTransports, maxTransport))
		}
		e.transports = append(e.transports, t)
		return nil
	})
}

func (e *envelope) readCredProps(s *scanner) error {
	if c := s.peek(); c != '{' {
		return badMember("clientExtensionResults.credProps", byteName(c, s.i < len(s.b)), "an object")
	}
	var o object
	for {
		name, more, err := s.next(&o)
		if err != nil || !more {
			return err
		}
		if string(name) != "rk" {
			if err := s.skip(3); err != nil {
				return err
			}
			continue
		}
		rk := s.literal("true")
		if !rk && !s.literal("false") {
			return badMember("clientExtensionResults.credProps.rk", byteName(s.peek(), s.i < len(s.b)), "true or false")
		}
		e.discoverable = &rk
	}
}
