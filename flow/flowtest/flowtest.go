// Package flowtest has the forms of signatures that nodes of Flow take and refuse, as makers of signatures, so that the
// same cases can be shown to package flow and to a node. It is for tests only.
package flowtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/passkey"
)

// Signer is a P-256 key that signs what a test wants, or a key elsewhere.
type Signer struct {
	key   *ecdsa.PrivateKey
	other func(digest [32]byte) []byte
}

// Elsewhere is a signer on a curve that the standard library does not have: r‖s of a digest.
func Elsewhere(sign func(digest [32]byte) []byte) *Signer { return &Signer{other: sign} }

// NewSigner makes a key from a name. The same name gives the same key, and a key the same signatures (RFC 6979).
func NewSigner(name string) *Signer {
	seed := sha256.Sum256([]byte("postern flowtest " + name))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		panic(err)
	}
	return &Signer{key: key}
}

// Public is the key, of P-256.
func (s *Signer) Public() passkey.PublicKey {
	k, err := passkey.NewPublicKey(&s.key.PublicKey)
	if err != nil {
		panic(err)
	}
	return k
}

// Sign is r‖s of a digest, with a low s.
func (s *Signer) Sign(digest [32]byte) []byte {
	if s.other != nil {
		return s.other(digest)
	}
	der, err := s.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	v, err := passkey.ParseDER(der)
	if err != nil {
		panic(err)
	}
	return v.P1363()
}

// RPID is the relying party of the cases' assertions, and Origin their page.
const (
	RPID   = "wallet.example"
	Origin = "https://wallet.example"
)

// Flags of authenticatorData.
const (
	UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
)

// Assertion is how an assertion is made; the zero value is not one. Start from Usual.
type Assertion struct {
	Client   string // clientDataJSON with CHALLENGE where the challenge's text stands
	RPIDHash [32]byte
	Flags    byte
	Count    uint32
	Tail     []byte // after the counter
}

// Usual is what browsers write.
func Usual() Assertion {
	return Assertion{
		Client:   `{"type":"webauthn.get","challenge":"CHALLENGE","origin":"` + Origin + `","crossOrigin":false}`,
		RPIDHash: sha256.Sum256([]byte(RPID)), Flags: UP | UV | BE | BS,
	}
}

// AuthData is authenticatorData.
func (a Assertion) AuthData() []byte {
	b := append(a.RPIDHash[:], a.Flags, byte(a.Count>>24), byte(a.Count>>16), byte(a.Count>>8), byte(a.Count))
	return append(b, a.Tail...)
}

// ClientData is clientDataJSON with a challenge's text in it.
func (a Assertion) ClientData(challenge string) []byte {
	return []byte(strings.ReplaceAll(a.Client, "CHALLENGE", challenge))
}

// Case is a signature of a message: what makes it, and what becomes of it.
type Case struct {
	Name string
	// Cause is nil if nodes take it; otherwise the rule that package flow names. Where it is one of ErrSignature, nodes
	// notice in execution only; elsewhere already when they are handed the transaction.
	Cause error
	Make  func(s *Signer, message []byte) (signature, extension []byte)
}

// Text is a challenge as browsers write it.
func Text(message []byte) string {
	h := sha256.Sum256(message)
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// SignedBy is the signature of authenticatorData ‖ SHA-256(clientDataJSON).
func (s *Signer) SignedBy(authData, client []byte) []byte {
	hash := sha256.Sum256(client)
	return s.Sign(sha256.Sum256(append(append([]byte{}, authData...), hash[:]...)))
}

// with is a case in which the usual assertion is changed before it is signed.
func with(name string, cause error, change func(a *Assertion)) Case {
	return Case{name, cause, func(s *Signer, message []byte) ([]byte, []byte) {
		a := Usual()
		change(&a)
		client := a.ClientData(Text(message))
		return s.SignedBy(a.AuthData(), client), flow.Extension(a.AuthData(), client)
	}}
}

func client(name string, cause error, text string) Case {
	return with(name, cause, func(a *Assertion) { a.Client = text })
}

func flags(name string, cause error, flags byte, tail ...byte) Case {
	return with(name, cause, func(a *Assertion) { a.Flags, a.Tail = flags, tail })
}

// challenge is a case in which the challenge's text is another.
func challenge(name string, cause error, text func(message []byte) string) Case {
	return Case{name, cause, func(s *Signer, message []byte) ([]byte, []byte) {
		a := Usual()
		c := a.ClientData(text(message))
		return s.SignedBy(a.AuthData(), c), flow.Extension(a.AuthData(), c)
	}}
}

// after is a case in which the usual signature and extension are changed after they were made.
func after(name string, cause error, change func(signature, extension []byte) ([]byte, []byte)) Case {
	return Case{name, cause, func(s *Signer, message []byte) ([]byte, []byte) {
		a := Usual()
		c := a.ClientData(Text(message))
		return change(s.SignedBy(a.AuthData(), c), flow.Extension(a.AuthData(), c))
	}}
}

func hash(message []byte) []byte {
	h := sha256.Sum256(message)
	return h[:]
}

// WebAuthn are cases of the WebAuthn scheme, and of what is taken for it.
func WebAuthn() []Case {
	const rest = `,"origin":"` + Origin + `","crossOrigin":false}`
	const get = `{"type":"webauthn.get","challenge":"CHALLENGE"`
	return []Case{
		// taken
		flags("UP and UV", nil, UP|UV),
		flags("UP alone", nil, UP),
		flags("BE", nil, UP|BE),
		flags("BE and BS", nil, UP|BE|BS),
		flags("reserved bits", nil, UP|0x02|0x20),
		flags("ED with bytes", nil, UP|ED, 0xa0),
		flags("AT with bytes that are none", nil, UP|AT, 1, 2, 3),
		after("high s", nil, func(signature, extension []byte) ([]byte, []byte) {
			s := new(big.Int).SetBytes(signature[32:])
			s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
			return signature, extension
		}),
		client("crossOrigin", nil, get+`,"origin":"`+Origin+`","crossOrigin":true,"topOrigin":"https://other.example"}`),
		client("another origin", nil, get+`,"origin":"https://phishing.example","crossOrigin":false}`),
		client("members that nobody knows", nil, get+`,"origin":"x","tokenBinding":{"status":"supported"},"other":[1,{}]}`),
		client("members in another order", nil, `{"origin":"`+Origin+`","challenge":"CHALLENGE","type":"webauthn.get"}`),
		client("no origin", nil, get+`}`),
		client("origin null", nil, get+`,"origin":null}`),
		client("names in capitals", nil, `{"TYPE":"webauthn.get","Challenge":"CHALLENGE","ORIGIN":"x"}`),
		client("the challenge twice, the last one right", nil, `{"type":"webauthn.get","challenge":"AAAA","challenge":"CHALLENGE"`+rest),
		client("the challenge twice, the right one in capitals", nil, `{"type":"webauthn.get","challenge":"AAAA","cHALLENGE":"CHALLENGE"`+rest),
		client("white space", nil, " {\n\t\"type\" : \"webauthn.get\" ,\r\"challenge\":\"CHALLENGE\" } \n"),
		client("escapes", nil, `{"type":"webauthn\u002eget","challenge":"CHALLENGE"`+rest),
		with("RP ID hash of zeros", nil, func(a *Assertion) { a.RPIDHash = [32]byte{} }),
		with("a counter", nil, func(a *Assertion) { a.Count = 77 }),
		challenge("line feed in the challenge", nil, func(m []byte) string { return Text(m)[:5] + `\n` + Text(m)[5:] }),
		challenge("bits after the challenge's end", nil, func(m []byte) string {
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			text := Text(m)
			return text[:42] + string(alphabet[strings.IndexByte(alphabet, text[42])|3])
		}),

		// refused at once
		challenge("challenge of another message", flow.ErrChallenge, func(m []byte) string { return Text(append(m[:len(m):len(m)], 1)) }),
		challenge("challenge without the domain tag", flow.ErrChallenge, func(m []byte) string { return Text(m[32:]) }),
		challenge("challenge padded", flow.ErrChallengeB64, func(m []byte) string { return Text(m) + "=" }),
		challenge("challenge in standard base64", flow.ErrChallengeB64, func(m []byte) string {
			// with the two characters that differ, whatever the message is
			return strings.NewReplacer("-", "+", "_", "/").Replace(Text(m))[:42] + "+"
		}),
		challenge("challenge in hexadecimal", flow.ErrChallengeB64, func(m []byte) string { return hex.EncodeToString(hash(m)) }),
		challenge("no challenge", flow.ErrChallengeB64, func([]byte) string { return "" }),
		client("the challenge twice, the last one wrong", flow.ErrChallengeB64, `{"type":"webauthn.get","challenge":"CHALLENGE","challenge":"AAAA"`+rest),
		flags("UP missing", flow.ErrUserPresence, UV),
		flags("no flags", flow.ErrUserPresence, 0),
		flags("BS without BE", flow.ErrBackupState, UP|BS),
		flags("AT without bytes", flow.ErrFlags, UP|AT),
		flags("ED without bytes", flow.ErrFlags, UP|ED),
		flags("bytes without AT or ED", flow.ErrFlags, UP, 0xa0),
		client("type create", flow.ErrType, `{"type":"webauthn.create","challenge":"CHALLENGE"`+rest),
		client("type payment", flow.ErrType, `{"type":"payment.get","challenge":"CHALLENGE"`+rest),
		client("no type", flow.ErrType, `{"challenge":"CHALLENGE"`+rest),
		client("not JSON", flow.ErrClientData, `type=webauthn.get&challenge=CHALLENGE`),
		client("text after the JSON", flow.ErrClientData, get+rest+`{}`),
		client("byte order mark", flow.ErrClientData, "\ufeff"+get+rest),
		client("origin a number", flow.ErrClientData, get+`,"origin":5}`),
		with("RP ID hash is the domain tag", flow.ErrDomainTag, func(a *Assertion) {
			a.RPIDHash = [32]byte{}
			copy(a.RPIDHash[:], flow.TagTransaction)
		}),
		{"authenticatorData of 36 bytes", flow.ErrAuthData, func(s *Signer, message []byte) ([]byte, []byte) {
			a := Usual()
			c, data := a.ClientData(Text(message)), a.AuthData()[:36]
			return s.SignedBy(data, c), flow.Extension(data, c)
		}},
		after("scheme 02", flow.ErrScheme, func(s, e []byte) ([]byte, []byte) { return s, append([]byte{2}, e[1:]...) }),
		after("no scheme", flow.ErrScheme, func(s, e []byte) ([]byte, []byte) { return s, e[1:] }),
		after("the scheme alone", flow.ErrExtension, func(s, e []byte) ([]byte, []byte) { return s, e[:1] }),
		after("a byte after the extension", flow.ErrExtension, func(s, e []byte) ([]byte, []byte) { return s, append(e, 0x80) }),
		{"a list of three", flow.ErrExtension, func(s *Signer, message []byte) ([]byte, []byte) {
			a := Usual()
			c := a.ClientData(Text(message))
			e := flow.Extension(a.AuthData(), c)
			// 01 f8 len … becomes 01 f8 len+1 … 80
			e[2]++
			return s.SignedBy(a.AuthData(), c), append(e, 0x80)
		}},
		{"a list of one", flow.ErrExtension, func(s *Signer, message []byte) ([]byte, []byte) {
			a := Usual()
			c := a.ClientData(Text(message))
			// 01 f8 len a5 authenticatorData, without the rest
			e := flow.Extension(a.AuthData(), c)[:4+37]
			return s.SignedBy(a.AuthData(), c), append([]byte{e[0], 0xc0 + 38}, e[3:]...)
		}},
		after("a length that is not the shortest", flow.ErrExtension, func(s, e []byte) ([]byte, []byte) {
			// 01 f8 len a5 … becomes 01 f8 len+1 b8 25 …
			e[2]++
			return s, append(append(append([]byte{}, e[:3]...), 0xb8, 37), e[4:]...)
		}),
		after("a length beyond the end", flow.ErrExtension, func(s, e []byte) ([]byte, []byte) { return s, e[:len(e)-1] }),
		{"clientDataJSON first", flow.ErrClientData, func(s *Signer, message []byte) ([]byte, []byte) {
			a := Usual()
			c := a.ClientData(Text(message))
			return s.SignedBy(a.AuthData(), c), flow.Extension(c, a.AuthData())
		}},
		after("a DER signature", flow.ErrSignatureLen, func(s, e []byte) ([]byte, []byte) {
			v, err := passkey.ParseP1363(s)
			if err != nil {
				panic(err)
			}
			return v.DER(), e
		}),

		// refused in execution
		after("no extension", flow.ErrSignature, func(s, _ []byte) ([]byte, []byte) { return s, nil }),
		after("the plain scheme", flow.ErrSignature, func(s, _ []byte) ([]byte, []byte) { return s, []byte{0} }),
		{"another key", flow.ErrSignature, func(_ *Signer, message []byte) ([]byte, []byte) {
			a, s := Usual(), NewSigner("another")
			c := a.ClientData(Text(message))
			return s.SignedBy(a.AuthData(), c), flow.Extension(a.AuthData(), c)
		}},
		{"authenticatorData changed afterwards", flow.ErrSignature, func(s *Signer, message []byte) ([]byte, []byte) {
			a := Usual()
			c := a.ClientData(Text(message))
			signature := s.SignedBy(a.AuthData(), c)
			a.Count++
			return signature, flow.Extension(a.AuthData(), c)
		}},
		{"clientDataJSON changed afterwards", flow.ErrSignature, func(s *Signer, message []byte) ([]byte, []byte) {
			a := Usual()
			c := a.ClientData(Text(message))
			signature := s.SignedBy(a.AuthData(), c)
			return signature, flow.Extension(a.AuthData(), []byte(strings.Replace(string(c), "wallet", "wAllet", 1)))
		}},
		after("r and s of another", flow.ErrSignature, func(s, e []byte) ([]byte, []byte) {
			return append(append([]byte{}, s[32:]...), s[:32]...), e
		}),
	}
}

// Plain are cases of the plain scheme.
func Plain() []Case {
	return []Case{
		{"no extension", nil, func(s *Signer, m []byte) ([]byte, []byte) { return s.Sign(sha256.Sum256(m)), nil }},
		{"the scheme's byte", nil, func(s *Signer, m []byte) ([]byte, []byte) { return s.Sign(sha256.Sum256(m)), []byte{0} }},
		{"bytes after the scheme's", flow.ErrPlainTail, func(s *Signer, m []byte) ([]byte, []byte) { return s.Sign(sha256.Sum256(m)), []byte{0, 1} }},
		{"SHA3-256 for a key with SHA2-256", flow.ErrSignature, func(s *Signer, m []byte) ([]byte, []byte) { return s.Sign(sha3.Sum256(m)), nil }},
		{"without the domain tag", flow.ErrSignature, func(s *Signer, m []byte) ([]byte, []byte) { return s.Sign(sha256.Sum256(m[32:])), nil }},
	}
}

// String is the case's name and what becomes of it.
func (c Case) String() string {
	if c.Cause == nil {
		return c.Name + ": taken"
	}
	return fmt.Sprintf("%s: %v", c.Name, c.Cause)
}
