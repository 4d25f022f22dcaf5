package relyingparty_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/relyingparty"
)

type exchange struct {
	Mode string
	Req  struct {
		URL     string
		Headers map[string]string
		Body    map[string]any
	}
	Res struct{ Body any }
}

func transcript(t *testing.T) []exchange {
	t.Helper()
	raw, err := os.ReadFile("testdata/passkey-server-transcript.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Transcript []exchange }
	if err := json.Unmarshal(raw, &golden); err != nil || len(golden.Transcript) == 0 {
		t.Fatalf("%d exchanges, %v", len(golden.Transcript), err)
	}
	return golden.Transcript
}

// localSite is a server for the page of the recording.
func localSite(t *testing.T) *browser {
	s := newSite(t, func(c *relyingparty.Config) {
		c.RelyingParties = []relyingparty.RelyingParty{{ID: "localhost", Origins: []string{"http://localhost:5173"}}}
	})
	b := newBrowser(t, s)
	b.origin = "http://localhost:5173"
	return b
}

// TestRecordedRequestsGetRepliesOfTheRecordedShape sends the bodies that the client
// library sent, with the credential replaced by one for our own challenge, and compares
// every member of the recorded replies by name and type.
func TestRecordedRequestsGetRepliesOfTheRecordedShape(t *testing.T) {
	b := localSite(t)
	var options map[string]any // of the last ceremony
	for i, e := range transcript(t) {
		if e.Mode != "ok" {
			continue
		}
		path := strings.TrimPrefix(e.Req.URL, "/api/v4")
		body := map[string]any{}
		for name, v := range e.Req.Body {
			body[name] = v
		}
		var cred []byte
		var err error
		switch path {
		case "/register/verify":
			cred, err = b.key.Create(encode(t, options["options"]), b.origin)
			body["userId"] = options["userId"]
		case "/login/verify":
			cred, err = b.key.Get(encode(t, options), b.origin)
		}
		if err != nil {
			t.Fatal(err)
		}
		if cred != nil {
			sameShape(t, path+" request", body["cred"], decoded(t, cred))
			body["cred"] = json.RawMessage(cred)
		}
		r := b.request("POST", path, encode(t, body))
		for name, v := range e.Req.Headers {
			r.Header.Set(name, v)
		}
		a := b.send(r)
		if a.status != http.StatusOK {
			t.Fatalf("exchange %d, %s: %d %s", i, path, a.status, a.raw)
		}
		sameShape(t, path, e.Res.Body, a.body)
		options = a.body
	}
}

func decoded(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// sameShape: every member of want is in got with the same type; constants are equal.
func sameShape(t *testing.T, at string, want, got any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			t.Fatalf("%s: %T, want an object", at, got)
		}
		for name, v := range w {
			if _, ok := g[name]; !ok {
				t.Errorf("%s: %s is missing", at, name)
				continue
			}
			sameShape(t, at+"."+name, v, g[name])
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) == 0 != (len(g) == 0) && !strings.HasSuffix(at, "transports") {
			t.Fatalf("%s: %v, want %v", at, got, w)
		}
		for i := range min(len(w), len(g)) {
			sameShape(t, fmt.Sprintf("%s[%d]", at, i), w[i], g[i])
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			t.Errorf("%s: %T, want %T", at, got, want)
		}
		for _, constant := range []string{".type", ".alg", ".attestation", ".residentKey", ".userVerification", ".verified", ".rp.id", ".rpId", ".publicKeyAlgorithm"} {
			if strings.HasSuffix(at, constant) && want != got {
				t.Errorf("%s: %v, want %v", at, got, want)
			}
		}
	}
}

// TestRecordedCredentialsAreReadAndRefusedForTheirChallenge: Chromium's bytes pass every
// parser; only the challenge, another server's, stands against them.
func TestRecordedCredentialsAreReadAndRefusedForTheirChallenge(t *testing.T) {
	b := localSite(t)
	n := 0
	for _, e := range transcript(t) {
		path := strings.TrimPrefix(e.Req.URL, "/api/v4")
		if e.Req.Body["cred"] == nil {
			continue
		}
		n++
		if path == "/register/verify" {
			e.Req.Body["userId"] = strings.Repeat("A", 22) // ours are base64url, the recording's a UUID
		}
		a := b.post(path, e.Req.Body)
		a.refused(http.StatusForbidden, "challenge_invalid")
		// What the library reads of a refusal.
		if path == "/register/verify" && a.body["verified"] != false {
			t.Fatalf("%s", a.raw)
		}
		if v, _ := a.body["verification"].(map[string]any); path == "/login/verify" && v["verified"] != false {
			t.Fatalf("%s", a.raw)
		}
	}
	if n < 4 {
		t.Fatalf("%d credentials in the recording", n)
	}
}
