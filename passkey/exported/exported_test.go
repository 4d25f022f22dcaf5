package exported

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
)

func TestAnExportedPasskeyAnswersAChallengeLikeAnyOther(t *testing.T) {
	for _, p := range parseFile(t, "cxf.json").Passkeys {
		challenge := bytes.Repeat([]byte{7}, 32)
		a, err := p.Assert(challenge, Flags(passkey.Required, passkey.Any, passkey.Any))
		if err != nil {
			t.Fatal(err)
		}
		rule := passkey.Rule{RPID: p.RPID, Origins: []string{Origin(p.RPID)}, Challenge: challenge,
			UserVerification: passkey.Required, BackupEligible: passkey.Required, BackedUp: passkey.Required}
		if err := a.Verify(p.Key, rule); err != nil {
			t.Error(err)
		}
		if !passkey.VerifyLimited(a.ClientData.Raw, passkey.TypeGet, challenge, Origin(p.RPID), "") {
			t.Error("the client data is not as browsers write them")
		}
	}
}

func TestFlagsNeverContradictThemselvesNorTheRule(t *testing.T) {
	for r := range 27 {
		req := [3]passkey.Requirement{passkey.Requirement(r / 9), passkey.Requirement(r / 3 % 3), passkey.Requirement(r % 3)}
		f := Flags(req[0], req[1], req[2])
		if !f.UP() || f.BS() && !f.BE() {
			t.Errorf("%v: %v", req, f)
		}
		for i, on := range []bool{f.UV(), f.BE(), f.BS()} {
			impossible := i == 2 && req[1] == passkey.Forbidden && req[2] == passkey.Required // no rule says this
			if !impossible && (on && req[i] == passkey.Forbidden || !on && req[i] == passkey.Required) {
				t.Errorf("%v: %v", req, f)
			}
		}
	}
}

func TestPrivateKeysAreNeitherPrintedNorLeftBehind(t *testing.T) {
	f := parseFile(t, "keepassxc.passkey")
	p := f.Passkeys[0]
	scalar := testKey(7)[36:68]
	if !bytes.Equal(p.secret()[:], scalar) {
		t.Fatal("this test looks for the wrong bytes")
	}
	asJSON, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
		fmt.Fprintf(&all, verb+verb+verb+verb+"\n", p, *f, p.secret, []any{f, p, *p})
	}
	for _, form := range []string{fmt.Sprintf("%x", scalar), fmt.Sprintf("%X", scalar), b64(scalar), fmt.Sprint(scalar), fmt.Sprintf("%q", scalar)} {
		if strings.Contains(all.String()+string(asJSON), strings.Trim(form, "[]")) {
			t.Errorf("the private key is printed as %s", form)
		}
	}
	kept, words := p.secret(), p.Key
	f.Wipe()
	if *kept != [32]byte{} {
		t.Error("the private key is still there after Wipe")
	}
	if _, err := p.Assert(make([]byte, 32), passkey.FlagUP); !errors.Is(err, ErrWiped) {
		t.Errorf("signing after Wipe: %v", err)
	}
	if p.Key != words {
		t.Error("Wipe changed the public key")
	}
	f.Wipe() // twice is harmless
}

func TestShortChallengesAreNotSigned(t *testing.T) {
	p := parseFile(t, "keepassxc.passkey").Passkeys[0]
	if _, err := p.Assert(make([]byte, 15), passkey.FlagUP); !errors.Is(err, passkey.ErrChallenge) {
		t.Errorf("%v", err)
	}
}

func TestFilesThatAreTooLargeAreNotRead(t *testing.T) {
	if _, err := Parse(make([]byte, MaxFile+1)); !errors.Is(err, passkey.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	many := `{"encrypted":false,"items":[{"login":{"fido2Credentials":[` + strings.Repeat("{},", MaxPasskeys) + `{}]}}]}`
	if _, err := Parse([]byte(many)); !errors.Is(err, passkey.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	deep := `{"encrypted":false,"items":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`
	if _, err := Parse([]byte(deep)); !errors.Is(err, passkey.ErrMember) {
		t.Errorf("%v", err)
	}
}

func TestWhatAnotherFileMayBeIsSaid(t *testing.T) {
	for _, data := range []string{"PK\x03\x04", "\x03\xd9\xa2\x9a\x67", "eyJhbGciOiJ", "\xef\xbb\xbf{}"} {
		_, err := Parse([]byte(data))
		var e *passkey.Error
		if !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%q: %v has no hint", data, err)
		}
	}
}

// Every flipped byte of a private key's DER either makes no difference to the key, or is refused.
func TestDamagedKeysAreRefusedOrTheSame(t *testing.T) {
	good := testKey(1)
	var to [32]byte
	want, err := pkcs8(good, &to)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			var to [32]byte
			if key, err := pkcs8(bad, &to); err == nil {
				t.Errorf("byte %d, bit %d: accepted as %v", i, bit, key == want)
			}
		}
		if _, err := pkcs8(good[:i], &to); err == nil {
			t.Errorf("cut to %d bytes: accepted", i)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*", "testdata/refused/*"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			if data, err := os.ReadFile(path); err == nil && len(data) < 20000 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if (err == nil) != (file != nil) {
			t.Fatal("neither or both")
		}
		if err != nil {
			return
		}
		for _, p := range file.Passkeys {
			a, err := p.Assert(make([]byte, 32), Flags(passkey.Required, passkey.Any, passkey.Any))
			if err != nil {
				t.Fatalf("a passkey that was read cannot sign: %v", err)
			}
			if err := a.Verify(p.Key, passkey.Rule{RPID: p.RPID, Origins: []string{Origin(p.RPID)}, Challenge: make([]byte, 32)}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The walker of JSON finds what encoding/json finds.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{}`, `[1, -2.5e3 ,"a\u0041\ud83d\ude00\udc00x\ud800\u0041\n\/"]`, `{"a":{"b":[{},[],""," }]"]},"c\"":null , "d":true}`, `"\\"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := document(data)
		if err != nil {
			return
		}
		compareJSON(t, doc, 0)
	})
}

func compareJSON(t *testing.T, v value, depth int) {
	if depth > 50 {
		return
	}
	switch {
	case v.is('{'):
		var want map[string]json.RawMessage
		if err := json.Unmarshal(v, &want); err != nil {
			t.Fatal(err)
		}
		got, err := v.object()
		if errors.Is(err, passkey.ErrDuplicate) {
			return
		}
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %v, %v", v, got, err)
		}
		for name := range maps.Keys(want) {
			if !bytes.Equal(got[name], want[name]) {
				t.Fatalf("%q of %q: %q", name, v, got[name])
			}
			compareJSON(t, got[name], depth+1)
		}
	case v.is('['):
		var want []json.RawMessage
		if err := json.Unmarshal(v, &want); err != nil {
			t.Fatal(err)
		}
		n := 0
		err := v.elements(func(i int, e value) error {
			if i != n || !bytes.Equal(e, want[i]) {
				t.Fatalf("%d of %q: %q", i, v, e)
			}
			n++
			compareJSON(t, e, depth+1)
			return nil
		})
		if err != nil || n != len(want) {
			t.Fatalf("%q: %d, %v", v, n, err)
		}
	case v.is('"'):
		var want string
		if err := json.Unmarshal(v, &want); err != nil {
			t.Fatal(err)
		}
		if got, err := v.text(); err != nil || string(got) != want {
			t.Fatalf("%q: %q, %v, want %q", v, got, err, want)
		}
	}
}
