package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
	"github.com/postern-dev/postern/passkey/softkey"
)

// One passkey in each form in which people have it.
func TestAPasskeyIsTheSameInEveryForm(t *testing.T) {
	apple, err := passkey.ParseAAGUID("fbfc3007-154e-4ecc-8c0b-6e020557d7bd")
	if err != nil {
		t.Fatal(err)
	}
	device := softkey.New(softkey.WithSeed([]byte("forms")), softkey.WithAAGUID(apple))
	options, err := json.Marshal(passkey.NewCreationOptions(passkey.RelyingParty{ID: "localhost", Name: "L"}, passkey.User{ID: []byte{1}, Name: "a", DisplayName: "A"}, make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	registration, err := device.Create(options, "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	c := device.Credentials()[0]
	id := base64.RawURLEncoding.EncodeToString(c.ID)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for form, arg := range map[string]string{
		"pair":         id + ":" + c.Key.String(),
		"viem":         file("viem.json", `{"id":"`+id+`","publicKey":"`+c.Key.String()+`","raw":{"x":1}}`),
		"registration": file("registration.json", string(registration)),
	} {
		ref, err := parsePasskeyRef(arg)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if string(ref.credential) != string(c.ID) || ref.public != c.Key || ref.credentialText() != id {
			t.Errorf("%s: another passkey: %+v", form, ref)
		}
		if p, _ := provider.Lookup(apple); form == "registration" && ref.provider != p.Name {
			t.Errorf("the provider is %q", ref.provider)
		}
	}
	// A credential id that begins as an address and a key do.
	odd := "0xlooksLikeHexToo_A:" + c.Key.String()
	if key, err := parsePasskeyKey(odd); err != nil || key != c.Key {
		t.Errorf("the key of %s: %v", odd, err)
	}
	if s, credential, err := parseSignerRef("--new", odd); err != nil || base64.RawURLEncoding.EncodeToString(credential)+":"+c.Key.String() != odd {
		t.Errorf("the signer of %s: %v, credential %x, %v", odd, s, credential, err)
	}
	cut := strings.Replace(string(registration), `"attestationObject":"`, `"attestationObject":"AA`, 1)
	for form, arg := range map[string]string{
		"a changed registration": file("cut.json", cut), "a list": file("list.json", "[1]"), "an empty file": file("empty.json", ""),
		"a directory": dir, "no file": filepath.Join(dir, "none.json"), "half a pair": id + ":", "the other half": ":" + c.Key.String(),
		"no id":       file("noid.json", `{"id":"","publicKey":"`+c.Key.String()+`"}`),
		"a long file": file("long.json", strings.Repeat(" ", maxSecret+1)),
	} {
		if _, err := parsePasskeyRef(arg); err == nil || explain(err).Hint == "" {
			t.Errorf("%s: %v, hint %q", form, err, explain(err).Hint)
		}
	}
}

func FuzzPasskeyRef(f *testing.F) {
	f.Add(`{"id":"tcqRi4R7-tGnRenRrJYGhb3VA2Y","publicKey":"0xd65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48589cf350185e895372df6221ea3a137557e473fddb6755f05bd507c3c533fce9c91285"}`)
	f.Add(`{"format":"postern/dev-key/1"}`)
	f.Add(`{"response":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := readPasskeyRef(strings.NewReader(text), "nowhere")
		if err == nil && (len(ref.credential) == 0 || ref.public.IsZero()) {
			t.Fatalf("half a passkey: %+v", ref)
		}
		if err == nil && ref.key().Hash != passkeyRefOf(t, ref).key().Hash {
			t.Fatal("written and read again it is another")
		}
	})
}

// passkeyRefOf writes a passkey as a pair and reads it again.
func passkeyRefOf(t *testing.T, r passkeyRef) passkeyRef {
	t.Helper()
	out, err := passkeyOf(r.credentialText(), r.public.String())
	if err != nil {
		t.Fatal(err)
	}
	return out
}
