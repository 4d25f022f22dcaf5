package exported

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

var update = flag.Bool("update", false, "write the files of testdata that this package makes, and golden.json")

// golden is what every reader of exported passkeys must find in testdata: this package, and the
// rescue page's.
type golden struct {
	Files      []goldenFile      `json:"files"`
	Refused    []goldenRefused   `json:"refused"`
	Flags      []goldenFlags     `json:"flags"`
	Assertions []goldenAssertion `json:"assertions"`
}

type goldenFile struct {
	File     string          `json:"file"`
	Format   Format          `json:"format"`
	Passkeys []goldenPasskey `json:"passkeys"`
	Left     []goldenLeft    `json:"left"`
}

type goldenPasskey struct {
	CredentialID    string `json:"credentialId"` // base64url
	RPID            string `json:"rpId"`
	UserName        string `json:"userName"`
	UserDisplayName string `json:"userDisplayName"`
	UserHandle      string `json:"userHandle"` // base64url, "" for none
	PublicKey       string `json:"publicKey"`  // 0x, x‖y
}

type goldenLeft struct {
	Where string `json:"where"`
	RPID  string `json:"rpId"`
	Cause string `json:"cause"`
}

type goldenRefused struct {
	File  string `json:"file"`
	Cause string `json:"cause"`
}

type goldenFlags struct {
	UV    passkey.Requirement `json:"uv"` // 0 any, 1 required, 2 forbidden
	BE    passkey.Requirement `json:"be"`
	BS    passkey.Requirement `json:"bs"`
	Flags passkey.Flags       `json:"flags"`
}

type goldenAssertion struct {
	File           string        `json:"file"`
	Passkey        int           `json:"passkey"`
	Challenge      string        `json:"challenge"` // hex
	Flags          passkey.Flags `json:"flags"`
	ClientDataJSON string        `json:"clientDataJSON"`
	AuthData       string        `json:"authenticatorData"` // hex
	Digest         string        `json:"digest"`            // hex: what the key signs
	Signature      string        `json:"signature"`         // hex r‖s, low s; by RFC 6979, others verify as well
}

// testKey is the nth test key as PKCS#8.
func testKey(n int) []byte {
	scalar := sha256.Sum256(fmt.Appendf(nil, "postern exported passkey %d", n))
	k, err := ecdh.P256().NewPrivateKey(scalar[:])
	if err != nil {
		panic(err)
	}
	out, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err)
	}
	return out
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type object = map[string]any

func cxfDocument(credentials ...object) object {
	return object{
		"version": object{"major": 1, "minor": 0}, "exporterRpId": "manager.example", "exporterDisplayName": "Manager", "timestamp": 1767225600,
		"accounts": []any{object{"id": "AAAA", "username": "ada", "email": "ada@example.org", "collections": []any{},
			"items": []any{object{"id": "AQ", "title": "Wallet", "credentials": credentials}}}},
	}
}

func cxfPasskey(n int) object {
	return object{"type": "passkey", "credentialId": b64(fmt.Appendf(nil, "credential %d", n)), "rpId": "wallet.example",
		"username": "ada", "userDisplayName": "Ada Lovelace", "userHandle": b64(fmt.Appendf(nil, "handle %d", n)), "key": b64(testKey(n))}
}

func bitwardenDocument(credentials ...object) object {
	return object{"encrypted": false, "folders": []any{}, "items": []any{
		object{"id": "1", "type": 2, "name": "a note", "secureNote": object{"type": 0}, "login": nil},
		object{"id": "2", "type": 1, "name": "Wallet", "login": object{"username": "ada", "password": "not read", "totp": nil, "uris": []any{}, "fido2Credentials": credentials}},
		object{"id": "3", "type": 1, "name": "password only", "login": object{"username": "x", "password": "y", "fido2Credentials": []any{}}},
	}}
}

func bitwardenPasskey(n int) object {
	return object{"credentialId": fmt.Sprintf("2b3f1c0e-7a9d-4e2b-9c11-0f6a8d3e5b%02x", n), "keyType": "public-key", "keyAlgorithm": "ECDSA",
		"keyCurve": "P-256", "keyValue": b64(testKey(n)), "rpId": "wallet.example", "userHandle": b64(fmt.Appendf(nil, "handle %d", n)),
		"userName": "ada", "counter": "0", "rpName": "Wallet", "userDisplayName": "Ada Lovelace", "discoverable": "true", "creationDate": "2026-01-01T00:00:00.000Z"}
}

func keepassxcDocument(n int) object {
	return object{"credentialId": b64(fmt.Appendf(nil, "credential %d", n)), "relyingParty": "wallet.example", "url": "https://wallet.example",
		"userHandle": b64(fmt.Appendf(nil, "handle %d", n)), "username": "ada",
		"privateKey": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: testKey(n)}))}
}

func with(o object, pairs ...any) object {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == nil {
			delete(o, pairs[i].(string))
		} else {
			o[pairs[i].(string)] = pairs[i+1]
		}
	}
	return o
}

// madeFiles are the files of testdata that are made here; the others are published ones.
func madeFiles() map[string][]byte {
	_, ed, _ := ed25519.GenerateKey(bytes.NewReader(make([]byte, 64)))
	edDER, _ := x509.MarshalPKCS8PrivateKey(ed)
	other := testKey(90)
	copy(other[len(other)-64:], testKey(91)[len(other)-64:]) // another key's public half
	badScalar := testKey(92)
	copy(badScalar[36:68], bytes.Repeat([]byte{0xff}, 32))
	spare := b64([]byte("credential")) // 10 bytes: the last character carries four spare bits
	spare = spare[:len(spare)-1] + "B"
	out := map[string][]byte{}
	put := func(name string, v any) {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			panic(err)
		}
		out[name] = append(b, '\n')
	}
	put("cxf.json", cxfDocument(cxfPasskey(1), object{"type": "basic-auth", "username": object{}}, cxfPasskey(2), cxfPasskey(1),
		with(cxfPasskey(3), "userHandle", base64.URLEncoding.EncodeToString([]byte("handle 3")), "username", "name with \"quotes\", \\, \u202e and 🗝"),
		with(cxfPasskey(30), "userHandle", nil, "userDisplayName", nil),
		with(cxfPasskey(31), "key", b64(testKey(31))+"==")))
	put("bitwarden.json", bitwardenDocument(bitwardenPasskey(4),
		with(bitwardenPasskey(5), "credentialId", "b64."+b64([]byte("a longer credential id, 32 bytes")), "counter", "7", "rpId", "localhost"),
		with(bitwardenPasskey(6), "credentialId", b64([]byte("a bare credential id")), "userHandle", "", "userName", "")))
	put("bitwarden-left.json", bitwardenDocument(
		with(bitwardenPasskey(10), "keyAlgorithm", "EdDSA"),
		with(bitwardenPasskey(11), "keyValue", b64(edDER)),
		with(bitwardenPasskey(12), "keyValue", b64(other)),
		with(bitwardenPasskey(13), "keyValue", b64(badScalar)),
		with(bitwardenPasskey(14), "keyValue", b64(append(testKey(14), 0))),
		with(bitwardenPasskey(15), "keyValue", nil),
		with(bitwardenPasskey(16), "rpId", "Wallet.Example"),
		with(bitwardenPasskey(17), "rpId", ""),
		with(bitwardenPasskey(18), "credentialId", "b64."+spare),
		with(bitwardenPasskey(19), "credentialId", "b64."),
		with(bitwardenPasskey(20), "userHandle", b64(make([]byte, 65))),
		with(bitwardenPasskey(21), "userName", 7),
		with(bitwardenPasskey(22), "credentialId", "b64."+b64(make([]byte, 1024))),
		with(bitwardenPasskey(23), "userName", strings.Repeat("n", 1025)),
		bitwardenPasskey(24)))
	put("bitwarden-sealed.json", sealedFile())
	put("keepassxc.passkey", keepassxcDocument(7))
	crlf := keepassxcDocument(8)
	put("keepassxc-crlf.passkey", with(crlf, "privateKey", strings.ReplaceAll(crlf["privateKey"].(string), "\n", "\r\n")))

	put("refused/encrypted.json", object{"encrypted": true, "passwordProtected": true, "salt": "AAAA", "kdfType": 0, "kdfIterations": 600000, "data": "2.AAAA|AAAA|AAAA"})
	put("refused/format.json", object{"passkeys": []any{cxfPasskey(1)}})
	put("refused/version.json", with(cxfDocument(cxfPasskey(1)), "version", object{"major": 2, "minor": 0}))
	put("refused/none.json", cxfDocument())
	put("refused/none-that-can.json", bitwardenDocument(with(bitwardenPasskey(10), "keyAlgorithm", "EdDSA")))
	put("refused/array.json", with(bitwardenDocument(), "items", object{}))
	put("refused/no-object.json", []any{cxfPasskey(1)})
	put("refused/pem-type.passkey", with(keepassxcDocument(9), "privateKey", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: testKey(9)}))))
	put("refused/pem-twice.passkey", with(keepassxcDocument(9), "privateKey", strings.Repeat(keepassxcDocument(9)["privateKey"].(string), 2)))
	one := string(out["keepassxc.passkey"])
	out["refused/trailing.passkey"] = []byte(one + "{}")
	out["refused/twice.passkey"] = []byte(strings.Replace(one, `"username": "ada"`, `"username": "ada", "relyingParty": "other.example"`, 1))
	out["refused/twice-escaped.passkey"] = []byte(strings.Replace(one, `"username": "ada"`, `"username": "ada", "relyin\u0067Party": "other.example"`, 1))
	out["refused/utf8.passkey"] = []byte(strings.Replace(one, `"ada"`, "\"\xff\"", 1))
	out["refused/empty.json"] = nil
	out["refused/zip.json"] = []byte("PK\x03\x04\x14\x00\x00\x00")
	return out
}

func cause(err error) string {
	var c passkey.Cause
	if errors.As(err, &c) {
		return string(c)
	}
	return err.Error()
}

// observed is what this package says of testdata.
func observed(t *testing.T) golden {
	var g golden
	for _, name := range []string{"cxf-appendix-a.json", "cxf.json", "bitwarden.json", "bitwarden-left.json", "keepassxc.passkey", "keepassxc-crlf.passkey"} {
		f := parseFile(t, name)
		gf := goldenFile{File: name, Format: f.Format, Left: []goldenLeft{}}
		for i, p := range f.Passkeys {
			gf.Passkeys = append(gf.Passkeys, goldenPasskey{b64(p.CredentialID), p.RPID, p.UserName, p.UserDisplayName, b64(p.UserHandle), p.Key.String()})
			challenge := sha256.Sum256([]byte(name))
			flags := Flags(passkey.Required, passkey.Any, passkey.Any)
			if i == 1 {
				flags = Flags(passkey.Required, passkey.Forbidden, passkey.Any)
			}
			a, err := p.Assert(challenge[:], flags)
			if err != nil {
				t.Fatal(err)
			}
			digest := a.Digest()
			g.Assertions = append(g.Assertions, goldenAssertion{name, i, hex.EncodeToString(challenge[:]), flags, string(a.ClientData.Raw),
				hex.EncodeToString(a.AuthData.Raw), hex.EncodeToString(digest[:]), hex.EncodeToString(a.Signature.P1363())})
		}
		for _, l := range f.Left {
			gf.Left = append(gf.Left, goldenLeft{l.Where, l.RPID, cause(l.Cause)})
		}
		g.Files = append(g.Files, gf)
	}
	refused, err := filepath.Glob("testdata/refused/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range refused {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(data)
		if err == nil || f != nil {
			t.Errorf("%s: accepted", path)
			continue
		}
		g.Refused = append(g.Refused, goldenRefused{"refused/" + filepath.Base(path), cause(err)})
	}
	for r := range 27 {
		uv, be, bs := passkey.Requirement(r/9), passkey.Requirement(r/3%3), passkey.Requirement(r%3)
		g.Flags = append(g.Flags, goldenFlags{uv, be, bs, Flags(uv, be, bs)})
	}
	return g
}

func parseFile(t *testing.T, name string) *File {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(data)
	f, err := Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !bytes.Equal(data, before) {
		t.Errorf("%s: Parse changed its input", name)
	}
	Wipe(data) // nothing refers to it
	return f
}

func TestFilesOfEveryManagerAreReadAsRecorded(t *testing.T) {
	for name, want := range madeFiles() {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what this test makes (%v): go test -update", name, err)
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(observed(t)); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/golden.json"
	if *update {
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, buf.Bytes()) {
		t.Errorf("golden.json is not what this package finds (%v); got:\n%s", err, buf.Bytes())
	}
}
