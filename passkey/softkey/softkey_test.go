package softkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
)

const (
	rpID   = "localhost"
	origin = "http://localhost:8080"
)

var challenge = []byte("0123456789abcdef0123456789abcdef")

func creation(change func(*passkey.CreationOptions)) []byte {
	o := passkey.NewCreationOptions(passkey.RelyingParty{ID: rpID, Name: "test"}, passkey.User{ID: []byte("alice"), Name: "alice"}, challenge)
	if change != nil {
		change(o)
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return b
}

func request(change func(*passkey.RequestOptions), ids ...[]byte) []byte {
	o := passkey.NewRequestOptions(rpID, challenge, ids...)
	if change != nil {
		change(o)
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return b
}

func create(t *testing.T, a *softkey.Authenticator, change func(*passkey.CreationOptions)) *passkey.Registration {
	t.Helper()
	b, err := a.Create(creation(change), origin)
	if err != nil {
		t.Fatal(err)
	}
	r, err := passkey.ParseRegistration(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t *testing.T, a *softkey.Authenticator, options []byte) *passkey.Assertion {
	t.Helper()
	b, err := a.Get(options, origin)
	if err != nil {
		t.Fatal(err)
	}
	as, err := passkey.ParseAssertion(b)
	if err != nil {
		t.Fatal(err)
	}
	return as
}

func wantException(t *testing.T, err error, name string) {
	t.Helper()
	var e *softkey.DOMException
	if !errors.As(err, &e) || e.Name != name || !strings.HasPrefix(err.Error(), name) {
		t.Errorf("got %v, want %s", err, name)
	}
}

// Given the options of a recorded Chromium ceremony and set up as that authenticator was, the
// answer is the recorded one: the same client data byte for byte, the same authenticator data up
// to key and ID, the same JSON members in the same order.
func TestAnswersAsChromiumDid(t *testing.T) {
	raw, err := os.ReadFile("../testdata/chromium156-virtual-authenticator.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Origin   string
		Captures []struct {
			Label, Kind, Note string
			Options           json.RawMessage
			Response          map[string]any
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	backup := map[string][2]bool{"device-bound": {false, false}, "eligible-not-backed-up": {true, false}, "synced": {true, true}}
	devices := map[string]*softkey.Authenticator{}
	compared := 0
	for _, c := range file.Captures {
		flags, ok := backup[c.Label]
		if !ok || strings.TrimSpace(c.Note) != "get" && c.Kind == "get" {
			continue // the authenticator was told to misbehave
		}
		var text []byte
		if c.Kind == "create" {
			devices[c.Label] = softkey.New(softkey.WithSeed([]byte(c.Label)), softkey.WithBackup(flags[0], flags[1]), softkey.WithSignCounter(),
				softkey.WithTransports("internal"), softkey.WithAAGUID(passkey.AAGUID{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}))
			text, err = devices[c.Label].Create(c.Options, file.Origin)
		} else {
			var o passkey.RequestOptions // the recorded ID is not ours
			if err := json.Unmarshal(c.Options, &o); err != nil {
				t.Fatal(err)
			}
			o.AllowCredentials[0].ID = devices[c.Label].Credentials()[0].ID
			// Chromium adds a member now and then, so that nobody relies on a template.
			recorded := decode(t, c.Response["response"].(map[string]any)["clientDataJSON"])
			devices[c.Label].SetQuirks(softkey.Quirks{ExtraMember: bytes.Contains(recorded, []byte("other_keys"))})
			options, merr := json.Marshal(o)
			if merr != nil {
				t.Fatal(merr)
			}
			text, err = devices[c.Label].Get(options, file.Origin)
		}
		if err != nil {
			t.Fatal(err)
		}
		var ours map[string]any
		if err := json.Unmarshal(text, &ours); err != nil {
			t.Fatal(err)
		}
		// Go sorts the names of maps, as WebIDL orders the members of dictionaries.
		if again, _ := json.Marshal(ours); !bytes.Equal(again, text) {
			t.Errorf("members are not in order: %s", text)
		}
		delete(c.Response["clientExtensionResults"].(map[string]any), "prf") // not supported here
		if got, want := shape(ours), shape(c.Response); !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s: shape\n%v\nwant\n%v", c.Label, c.Kind, got, want)
		}
		mine, theirs := ours["response"].(map[string]any), c.Response["response"].(map[string]any)
		if mine["clientDataJSON"] != theirs["clientDataJSON"] {
			t.Errorf("%s %s: client data %s", c.Label, c.Kind, decode(t, mine["clientDataJSON"]))
		}
		n := map[string]int{"create": 37 + 16 + 2, "get": 37}[c.Kind]
		if a, b := decode(t, mine["authenticatorData"]), decode(t, theirs["authenticatorData"]); !bytes.Equal(a[:n], b[:n]) || len(a) != len(b) {
			t.Errorf("%s %s: authenticator data\n%x\n%x", c.Label, c.Kind, a, b)
		}
		if c.Kind == "create" {
			a, b := decode(t, mine["attestationObject"]), decode(t, theirs["attestationObject"])
			if head := 30; !bytes.Equal(a[:head], b[:head]) || len(a) != len(b) {
				t.Errorf("attestation object\n%x\n%x", a, b)
			}
		}
		compared++
	}
	if compared != 6 {
		t.Errorf("compared %d ceremonies, want 6", compared)
	}
}

// shape replaces every scalar that is free to differ by its kind.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = shape(e)
		}
		return out
	case string:
		if len(v) > 20 {
			return "text"
		}
	}
	return v
}

func decode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSameSeedSameAnswers(t *testing.T) {
	run := func(seed string) string {
		a := softkey.New(softkey.WithSeed([]byte(seed)))
		first, err := a.Create(creation(nil), origin)
		if err != nil {
			t.Fatal(err)
		}
		second, err := a.Get(request(nil), origin)
		if err != nil {
			t.Fatal(err)
		}
		return string(first) + string(second)
	}
	first, again, other := run("a"), run("a"), run("b")
	if first != again {
		t.Error("one seed, two answers")
	}
	if first == other {
		t.Error("two seeds, one answer")
	}
	a, b := softkey.New(), softkey.New()
	if create(t, a, nil).Key() == create(t, b, nil).Key() {
		t.Error("two authenticators without a seed share a key")
	}
	if create(t, a, func(o *passkey.CreationOptions) { o.User.ID = []byte("bob") }).Key() == a.Credentials()[0].Key {
		t.Error("two credentials share a key")
	}
}

func TestProviderCounterAndBackup(t *testing.T) {
	id := passkey.AAGUID{0xba, 0xda}
	a := softkey.New(softkey.WithAAGUID(id), softkey.WithBackup(false, false), softkey.WithSignCounter())
	r := create(t, a, nil)
	if r.AuthData.Credential.AAGUID != id || r.AuthData.Flags.BE() || r.AuthData.SignCount != 1 {
		t.Errorf("%v %v %d", r.AuthData.Credential.AAGUID, r.AuthData.Flags, r.AuthData.SignCount)
	}
	a.SetBackup(true, false)
	if got := get(t, a, request(nil)); got.AuthData.Flags.String() != "UP|UV|BE" || got.AuthData.SignCount != 2 || a.Credentials()[0].SignCount != 2 {
		t.Errorf("%v %d", got.AuthData.Flags, got.AuthData.SignCount)
	}
}

func TestSignNeedsNoOptions(t *testing.T) {
	a := softkey.New()
	r := create(t, a, nil)
	as, err := a.Sign(r.ID, challenge, "any.example", "https://elsewhere.example")
	if err != nil {
		t.Fatal(err)
	}
	rule := passkey.Rule{RPID: "any.example", Origins: []string{"https://elsewhere.example"}, Challenge: challenge, UserVerification: passkey.Required, UserHandle: []byte("alice")}
	if err := as.Verify(r.Key(), rule); err != nil || as.Attachment != "platform" || string(as.UserHandle) != "alice" {
		t.Error(err)
	}
	_, err = a.Sign([]byte("unknown"), challenge, rpID, origin)
	wantException(t, err, "NotAllowedError")
	_, err = a.SignDigest([]byte("unknown"), [32]byte{})
	wantException(t, err, "NotAllowedError")
	a.SetQuirks(softkey.Quirks{LongFormDER: true})
	if as, err := a.Sign(r.ID, challenge, rpID, origin); !errors.Is(err, passkey.ErrSignatureForm) || as != nil {
		t.Error(err)
	}
}

// Quirks do what they say to the signature's s.
func TestHighAndLowS(t *testing.T) {
	a := softkey.New()
	r := create(t, a, nil)
	for _, high := range []bool{true, false} {
		a.SetQuirks(softkey.Quirks{HighS: high, LowS: !high})
		for range 8 {
			b, err := a.Get(request(nil, r.ID), origin)
			if err != nil {
				t.Fatal(err)
			}
			key := r.Key()
			noted := false
			for _, f := range passkey.DiagnoseJSON(b, &key, passkey.Rule{}) {
				noted = noted || strings.Contains(f.Seen, "half the group order")
			}
			if noted != high {
				t.Fatalf("high %t, noted %t", high, noted)
			}
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	a := softkey.New(softkey.WithSignCounter())
	id := create(t, a, nil).ID
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := a.Get(request(nil, id), origin); err != nil {
					t.Error(err)
				}
				a.SetQuirks(softkey.Quirks{NoUV: true})
			}
		})
	}
	wg.Wait()
	if n := a.Credentials()[0].SignCount; n != 161 {
		t.Errorf("count %d, want 161", n)
	}
}
