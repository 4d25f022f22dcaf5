package softkey

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"

	"github.com/postern-dev/postern/passkey"
)

// Quirks are ways to misbehave. The zero value behaves. Where nothing else is said they apply to
// both ceremonies.
type Quirks struct {
	NoUV       bool          // do not set UV, whatever was asked for (1Password on iOS does this)
	NoUP       bool          // do not set UP
	SetFlags   passkey.Flags // set these flags at the end, e.g. BS without BE
	ClearFlags passkey.Flags // clear these flags at the end

	HighS          bool // s above n/2, which is valid ECDSA that chains refuse
	LowS           bool // s at most n/2; otherwise s is whatever signing gave
	BogusSignature bool // a well-formed signature over something else
	LongFormDER    bool // the SEQUENCE's length in long form, which is not DER

	WrongType          bool   // webauthn.create in get and the other way round
	ReverseMembers     bool   // clientDataJSON's members in the opposite order
	AndroidPackageName string // androidPackageName as first member and no crossOrigin
	NoCrossOrigin      bool   // leave crossOrigin out, as Safari and Firefox did for long
	ExtraMember        bool   // a further member at the end, as Chromium adds at times
	Spaced             bool   // white space between the tokens of clientDataJSON
	EmbeddedIn         string // cross-origin ceremony under this top origin
	CrossOrigin        bool   // crossOrigin true without a name for the embedder, as Safari writes it
	TopOriginAlone     string // topOrigin with crossOrigin false, which contradict each other

	Origin    string // write this origin instead of the page's
	RPID      string // hash this RP ID instead of the one asked for
	Challenge []byte // sign this challenge instead of the one asked for
	IDSuffix  []byte // append these bytes to id, but not to rawId
}

// member is one name and JSON value of clientDataJSON.
type member struct{ name, value string }

// clientData writes clientDataJSON as browsers do (§5.8.1.1), quirks included.
func (q *Quirks) clientData(typ string, challenge []byte, origin string) []byte {
	if q.WrongType {
		typ = map[string]string{passkey.TypeGet: passkey.TypeCreate, passkey.TypeCreate: passkey.TypeGet}[typ]
	}
	if q.Challenge != nil {
		challenge = q.Challenge
	}
	if q.Origin != "" {
		origin = q.Origin
	}
	m := []member{
		{"type", text(typ)},
		{"challenge", text(base64.RawURLEncoding.EncodeToString(challenge))},
		{"origin", text(origin)},
	}
	switch {
	case q.AndroidPackageName != "":
		m = append([]member{{"androidPackageName", text(q.AndroidPackageName)}}, m...)
	case q.EmbeddedIn != "":
		m = append(m, member{"crossOrigin", "true"}, member{"topOrigin", text(q.EmbeddedIn)})
	case q.CrossOrigin:
		m = append(m, member{"crossOrigin", "true"})
	case q.TopOriginAlone != "":
		m = append(m, member{"crossOrigin", "false"}, member{"topOrigin", text(q.TopOriginAlone)})
	case !q.NoCrossOrigin:
		m = append(m, member{"crossOrigin", "false"})
	}
	if q.ExtraMember {
		m = append(m, member{"other_keys_can_be_added_here", text("do not compare clientDataJSON against a template. See https://goo.gl/yabPex")})
	}
	gap := ""
	if q.Spaced {
		gap = " "
	}
	out := "{" + gap
	for i := range m {
		e := m[i]
		if q.ReverseMembers {
			e = m[len(m)-1-i]
		}
		if i > 0 {
			out += "," + gap
		}
		out += text(e.name) + gap + ":" + gap + e.value
	}
	return []byte(out + gap + "}")
}

// text is a JSON string; none of ours holds <, > or &, which encoding/json would escape.
func text(s string) string {
	b, _ := json.Marshal(s) // cannot fail for a string
	return string(b)
}

// flags are the low bits of the flags byte.
func (q *Quirks) flags(verified, eligible, backedUp bool, more passkey.Flags) passkey.Flags {
	f := passkey.FlagUP | more
	if verified {
		f |= passkey.FlagUV
	}
	if eligible {
		f |= passkey.FlagBE
	}
	if backedUp {
		f |= passkey.FlagBS
	}
	if q.NoUV {
		f &^= passkey.FlagUV
	}
	if q.NoUP {
		f &^= passkey.FlagUP
	}
	return (f | q.SetFlags) &^ q.ClearFlags
}

// sign makes the DER signature over authData ‖ SHA-256(clientData), deterministic (RFC 6979).
func (q *Quirks) sign(c *credential, authData, clientData []byte) ([]byte, error) {
	inner := sha256.Sum256(clientData)
	digest := sha256.Sum256(append(append([]byte(nil), authData...), inner[:]...))
	if q.BogusSignature {
		digest = sha256.Sum256([]byte("something else"))
	}
	der, err := c.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	if q.HighS || q.LowS {
		sig, err := passkey.ParseDER(der) // makes s low
		if err != nil {
			return nil, err
		}
		if q.HighS {
			s := new(big.Int).SetBytes(sig.S[:])
			s.Sub(c.key.Params().N, s).FillBytes(sig.S[:])
		}
		der = sig.DER()
	}
	if q.LongFormDER {
		der = append([]byte{der[0], 0x81}, der[1:]...)
	}
	return der, nil
}
