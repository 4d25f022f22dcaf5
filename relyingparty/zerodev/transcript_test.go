package zerodev_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

type exchange struct {
	Mode string
	Req  struct {
		URL     string
		Headers map[string]string
		Body    map[string]any
	}
	Res struct {
		Status int
		Body   any
	}
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

// TestTheRecordingPlaysAtEveryAddress sends what the client sent in Register and Login, at
// its recorded address and at those of a project; the credential alone is made anew, for
// our challenge. Every member that it was answered has to be in our reply.
func TestTheRecordingPlaysAtEveryAddress(t *testing.T) {
	for _, at := range []string{"/api/v4", "/api/v3", "", "/api/v3/open", "/api/v4/open", "/api/v4/keyed"} {
		t.Run(at, func(t *testing.T) {
			p := newPage(t, newSite(t, ""), at, "X-Api-Key", "new key")
			var last answer
			played := 0
			for _, e := range transcript(t) {
				if e.Mode != "ok" {
					continue
				}
				played++
				route := strings.TrimPrefix(e.Req.URL, "/api/v4")
				var cred []byte
				var err error
				switch route {
				case "/register/verify":
					cred, err = p.key.Create(encode(t, last.body["options"]), origin)
					e.Req.Body["userId"] = last.body["userId"]
				case "/login/verify":
					cred, err = p.key.Get(last.raw, origin)
				}
				if err != nil {
					t.Fatal(err)
				}
				if cred != nil {
					e.Req.Body["cred"] = json.RawMessage(cred)
				}
				r := p.request("POST", route, encode(t, e.Req.Body))
				for name, v := range e.Req.Headers {
					r.Header.Set(name, v)
				}
				last = p.send(r)
				if last.status != e.Res.Status {
					t.Fatalf("%s: %d %s", route, last.status, last.raw)
				}
				got := leaves("", last.body, map[string]string{})
				for path, want := range leaves("", e.Res.Body, map[string]string{}) {
					if got[path] != want {
						t.Errorf("%s: %s is %q, was %q", route, path, got[path], want)
					}
				}
			}
			if played != 4 {
				t.Fatalf("%d exchanges", played)
			}
		})
	}
}

// leaves lists every value by its path: the type, and the value where the client or the
// browser acts on it and it is the same every time.
func leaves(at string, v any, into map[string]string) map[string]string {
	switch v := v.(type) {
	case map[string]any:
		into[at] = "object"
		for name, member := range v {
			leaves(at+"."+name, member, into)
		}
	case []any:
		into[at] = fmt.Sprintf("array of %d", len(v))
		for i, member := range v {
			leaves(fmt.Sprintf("%s[%d]", at, i), member, into)
		}
	default:
		into[at] = fmt.Sprintf("%T", v)
		for _, fixed := range []string{".type", ".alg", ".attestation", ".residentKey", ".userVerification", "verified", "rp.id", "rpId"} {
			if strings.HasSuffix(at, fixed) {
				into[at] = fmt.Sprint(v)
			}
		}
	}
	return into
}

// TestRecordedCredentialsAreRefusedForTheirChallengeAlone: Chromium's bytes pass every
// parser at every address; they were made for another server.
func TestRecordedCredentialsAreRefusedForTheirChallengeAlone(t *testing.T) {
	s, seen := newSite(t, ""), 0
	for _, e := range transcript(t) {
		if e.Req.Body["cred"] == nil {
			continue
		}
		seen++
		route := strings.TrimPrefix(e.Req.URL, "/api/v4")
		if e.Req.Body["userId"] != nil {
			e.Req.Body["userId"] = strings.Repeat("A", 22)
		}
		for _, at := range []string{"/api/v4", "/api/v4/open"} {
			newPage(t, s, at).post(route, e.Req.Body).says(route, http.StatusForbidden, "challenge_invalid")
		}
	}
	if seen < 4 {
		t.Fatalf("%d credentials in the recording", seen)
	}
}
