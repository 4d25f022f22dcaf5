package passkey

import (
	"bytes"
)

const maxClientData = 8 << 10

// Values of ClientData.Type.
const (
	TypeCreate = "webauthn.create"
	TypeGet    = "webauthn.get"
)

// ClientData is what the browser says about a ceremony (§5.8.1). The authenticator signs the
// SHA-256 of Raw.
type ClientData struct {
	Raw         []byte // as received
	Type        string // TypeGet, TypeCreate, or anything else that the text says
	Challenge   []byte
	Origin      string
	TopOrigin   string // "" if absent
	CrossOrigin bool   // false if absent

	// TypeOffset is the index in Raw of the first quote of `"type":"…"`, ChallengeOffset the
	// index of the first byte of the challenge's text, after its opening quote. Either is -1 if
	// the member is spelt in a way that verifiers on chains do not accept (white space around
	// the colon, escapes in the name).
	TypeOffset, ChallengeOffset int
}

// ParseClientData reads clientDataJSON. Members may stand in any order and unknown members are
// ignored, as §5.8.1 asks; duplicates, wrong types, escapes in type or challenge, trailing data,
// a byte order mark and invalid UTF-8 are refused. The result refers to b.
func ParseClientData(b []byte) (ClientData, error) { return parseClientData(b, nil) }

// parseClientData puts the challenge into the empty slice scratch if its capacity allows.
func parseClientData(b, scratch []byte) (ClientData, error) {
	if c, ok := fastClientData(b, scratch); ok {
		return c, nil
	}
	c, err := slowClientData(b, scratch)
	if err != nil {
		return ClientData{}, err
	}
	return c, nil
}

// The fixed parts of the serialisation of §5.8.1.1.
const (
	cdType      = `{"type":"`
	cdChallenge = `","challenge":"`
	cdOrigin    = `","origin":"`
	cdCrossTrue = `","crossOrigin":true}`
	cdCross     = `","crossOrigin":false}`
)

// fastClientData reads exactly the serialisation of §5.8.1.1 without extra members, which most
// browsers send. It accepts nothing that slowClientData would not read in the same way.
func fastClientData(b, scratch []byte) (c ClientData, ok bool) {
	if len(b) > maxClientData {
		return c, false
	}
	c = ClientData{Raw: b, TypeOffset: 1}
	rest, found := bytes.CutPrefix(b, []byte(cdType))
	if !found {
		return c, false
	}
	switch {
	case bytes.HasPrefix(rest, []byte(TypeGet+cdChallenge)):
		c.Type = TypeGet
	case bytes.HasPrefix(rest, []byte(TypeCreate+cdChallenge)):
		c.Type = TypeCreate
	default:
		return c, false
	}
	c.ChallengeOffset = len(cdType) + len(c.Type) + len(cdChallenge)
	rest = b[c.ChallengeOffset:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return c, false
	}
	challenge := rest[:end]
	if rest, found = bytes.CutPrefix(rest[end:], []byte(cdOrigin)); !found {
		return c, false
	}
	origin, found := bytes.CutSuffix(rest, []byte(cdCross))
	if !found {
		if origin, found = bytes.CutSuffix(rest, []byte(cdCrossTrue)); !found {
			return c, false
		}
		c.CrossOrigin = true
	}
	for _, x := range origin {
		if x < 0x20 || x > 0x7e || x == '"' || x == '\\' {
			return c, false
		}
	}
	var err error
	if c.Challenge, err = appendBase64(scratch, challenge, ""); err != nil {
		return c, false
	}
	c.Origin = string(origin)
	return c, true
}

// slowClientData reads any JSON object with the members of §5.8.1.
func slowClientData(b, scratch []byte) (c ClientData, err error) {
	s := scanner{b: b, where: "clientDataJSON"}
	if err := s.begin(maxClientData); err != nil {
		return c, err
	}
	c = ClientData{Raw: b, TypeOffset: -1, ChallengeOffset: -1}
	var hasType, hasChallenge, hasOrigin bool
	var o object
	for {
		name, more, err := s.next(&o)
		if err != nil {
			return c, err
		}
		if !more {
			break
		}
		afterColon := s.i
		switch string(name) {
		case "type":
			var text []byte
			if text, err = s.plain("clientDataJSON.type"); err != nil {
				return c, err
			}
			switch hasType = true; string(text) { // the usual words are not copied
			case TypeGet:
				c.Type = TypeGet
			case TypeCreate:
				c.Type = TypeCreate
			default:
				c.Type = string(text)
			}
			if start := afterColon - len(`"type":`); s.tight(start, `"type":"`) {
				c.TypeOffset = start
			}
		case "challenge":
			var text []byte
			if text, err = s.plain("clientDataJSON.challenge"); err != nil {
				return c, err
			}
			if c.Challenge, err = appendBase64(scratch, text, "clientDataJSON.challenge"); err != nil {
				return c, err
			}
			hasChallenge = true
			if s.tight(afterColon-len(`"challenge":`), `"challenge":"`) {
				c.ChallengeOffset = afterColon + 1
			}
		case "origin":
			hasOrigin = true
			c.Origin, err = s.decoded("clientDataJSON.origin")
		case "topOrigin":
			if c.TopOrigin, err = s.decoded("clientDataJSON.topOrigin"); err == nil && c.TopOrigin == "" {
				err = badMember("clientDataJSON.topOrigin", "an empty string", "an origin, or no such member")
			}
		case "crossOrigin":
			switch {
			case s.literal("true"):
				c.CrossOrigin = true
			case s.literal("false"):
			default:
				err = badMember("clientDataJSON.crossOrigin", byteName(s.peek(), s.i < len(s.b)), "true or false")
			}
		default:
			err = s.skip(1)
		}
		if err != nil {
			return c, err
		}
	}
	if err := s.end(); err != nil {
		return c, err
	}
	return c, missing("clientDataJSON", need{"type", hasType}, need{"challenge", hasChallenge}, need{"origin", hasOrigin})
}

// tight reports that the bytes at start are exactly lit.
func (s *scanner) tight(start int, lit string) bool {
	return start >= 0 && start+len(lit) <= len(s.b) && string(s.b[start:start+len(lit)]) == lit
}

type need struct {
	name string
	have bool
}

func missing(where string, needs ...need) error {
	for _, n := range needs {
		if !n.have {
			return &Error{Cause: ErrMissing, Where: where, Seen: "no " + n.name, Want: "a member " + n.name}
		}
	}
	return nil
}
