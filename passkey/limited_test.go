package passkey_test

import (
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

func TestLimitedVerification(t *testing.T) {
	client := func(q softkey.Quirks) []byte {
		d := newDevice(t)
		d.SetQuirks(q)
		return parseResponse(t, d.get(t)).bytes(t, "clientDataJSON")
	}
	limited := func(b []byte, top string) bool {
		return passkey.VerifyLimited(b, passkey.TypeGet, testChallenge, testOrigin, top)
	}
	for _, c := range []struct {
		name string
		q    softkey.Quirks
		top  string
		want bool
	}{
		{"common", softkey.Quirks{}, "", true},
		{"further member", softkey.Quirks{ExtraMember: true}, "", true},
		{"embedded", softkey.Quirks{EmbeddedIn: "https://example.com"}, "https://example.com", true},
		{"embedded, not expected", softkey.Quirks{EmbeddedIn: "https://example.com"}, "", false},
		{"not embedded, expected", softkey.Quirks{}, "https://example.com", false},
		{"Android", softkey.Quirks{AndroidPackageName: "a.b"}, "", false},
		{"no crossOrigin", softkey.Quirks{NoCrossOrigin: true}, "", false},
		{"another order", softkey.Quirks{ReverseMembers: true}, "", false},
		{"white space", softkey.Quirks{Spaced: true}, "", false},
		{"type", softkey.Quirks{WrongType: true}, "", false},
		{"challenge", softkey.Quirks{Challenge: []byte("x")}, "", false},
		{"longer origin", softkey.Quirks{Origin: testOrigin + "1"}, "", false},
	} {
		if got := limited(client(c.q), c.top); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
	common := string(client(softkey.Quirks{}))
	if limited([]byte(strings.TrimSuffix(common, "}")), "") || limited([]byte(strings.Replace(common, "false}", "falsely}", 1)), "") {
		t.Error("accepted without an end")
	}
	// What the specification calls limited: the second type is not seen here, but when parsing.
	twice := []byte(strings.Replace(common, "}", `,"type":"webauthn.create"}`, 1))
	if !limited(twice, "") {
		t.Error("refused what the algorithm accepts")
	}
	_, err := passkey.ParseClientData(twice)
	wantCause(t, err, passkey.ErrDuplicate)
}

// CCDToString is JSON: any text comes back through the parser.
func TestLimitedVerificationWritesJSON(t *testing.T) {
	const odd = "a\"b\\c\x00\x1f\u007f\u00e9\u2028😀"
	b := []byte(`{"type":"webauthn.get","challenge":"` + challengeText + `","origin":"a\"b\\c\u0000\u001f` + "\u007f\u00e9\u2028😀" + `","crossOrigin":false}`)
	if !passkey.VerifyLimited(b, passkey.TypeGet, testChallenge, odd, "") {
		t.Error("escapes differ from §5.8.1.1")
	}
	c, err := passkey.ParseClientData(b)
	if err != nil || c.Origin != odd {
		t.Errorf("%q, %v", c.Origin, err)
	}
}
