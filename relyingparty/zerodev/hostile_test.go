package zerodev_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/zerodev"
)

// TestOfParallelReplaysOneWins: at two addresses of one project, on two servers that share
// store and secrets, as replicas do.
func TestOfParallelReplaysOneWins(t *testing.T) {
	s := newSite(t, filepath.Join(t.TempDir(), "passkeys.db"))
	cfg := config(s.store)
	cfg.Server.Log = slog.New(slog.DiscardHandler)
	replica, err := zerodev.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := newPage(t, s, "/api/v4/open")
	for _, ceremony := range []struct {
		route string
		body  func() map[string]any
	}{{"/register/verify", p.created}, {"/login/verify", p.got}} {
		raw := encode(t, ceremony.body())
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for i := range 32 {
			from := newPage(t, []http.Handler{s, replica}[i%2], []string{"/api/v3/open", "/api/v4/open"}[i/2%2])
			from.cookies = map[string]string{}
			for name, value := range p.cookies {
				from.cookies[name] = value
			}
			r := from.request("POST", ceremony.route, raw)
			wg.Go(func() {
				switch a := from.send(r); a.status {
				case http.StatusOK:
					won.Add(1)
				case http.StatusConflict:
					a.says(ceremony.route, http.StatusConflict, "challenge_used")
					lost.Add(1)
				default:
					t.Errorf("%s: %d %s", ceremony.route, a.status, a.raw)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 31 {
			t.Errorf("%s: %d won, %d lost", ceremony.route, won.Load(), lost.Load())
		}
	}
}

// TestTheKeyIsTheAttestedOne: a page that claims another key for its passkey does not get
// it stored, whatever it is told.
func TestTheKeyIsTheAttestedOne(t *testing.T) {
	s := newSite(t, "")
	p := newPage(t, s, "/api/v4/open")
	other := newPage(t, s, "/api/v4/open")
	if a := other.post("/register/verify", other.created()); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	for _, claim := range []map[string]any{
		{"publicKey": base64.RawURLEncoding.EncodeToString(other.key.Credentials()[0].Key.SPKI())},
		{"publicKeyAlgorithm": -257},
	} {
		body := p.created()
		response := map[string]any{}
		cred := member(t, body["cred"], "response", response)
		for name, v := range claim {
			if response[name] == nil {
				t.Fatalf("no %s to replace", name)
			}
			response[name] = v
		}
		body["cred"] = cred
		p.post("/register/verify", body).says("/register/verify", http.StatusBadRequest, "credential_invalid")
	}
	p.post("/register/verify", p.created()).ok()
	spki, err := base64.RawURLEncoding.DecodeString(p.post("/login/verify", p.got()).ok().body["pubkey"].(string))
	if err != nil {
		t.Fatal(err)
	}
	held := p.key.Credentials()
	if key, err := passkey.ParseSPKI(spki); err != nil || key != held[len(held)-1].Key {
		t.Fatalf("%x, %v", spki, err)
	}
}

// member decodes a credential and, into the given map, one of its objects, so that changes
// to that show.
func member(t *testing.T, cred any, name string, into map[string]any) map[string]any {
	t.Helper()
	var outer map[string]any
	if err := json.Unmarshal(cred.(json.RawMessage), &outer); err != nil {
		t.Fatal(err)
	}
	for k, v := range outer[name].(map[string]any) {
		into[k] = v
	}
	outer[name] = into
	return outer
}

func TestAChallengeIsGoodInItsOwnProjectOnly(t *testing.T) {
	s := newSite(t, "")
	at := map[string]*page{}
	key := newPage(t, s, "").key
	for _, url := range []string{"", "/api/v3/open", "/api/v4/keyed"} {
		at[url] = newPage(t, s, url, "X-Api-Key", "old key")
		at[url].key = key
	}
	at[""].post("/register/verify", at[""].created()).ok()
	key.Select(key.Credentials()[0].ID)
	for from, p := range at {
		for to, q := range at {
			if from == to {
				continue
			}
			q.cookies = p.cookies
			q.post("/login/verify", p.got()).says("/login/verify", http.StatusForbidden, "challenge_wrong_rp")
			q.post("/register/verify", p.created()).says("/register/verify", http.StatusForbidden, "challenge_wrong_rp")
		}
	}
	// The passkey, not the challenge, is the RP ID's: one registered at the plain routes
	// signs in at each.
	for _, p := range at {
		p.post("/login/verify", p.got()).ok()
	}
}

func TestTheCheckSeesTheHeadersBeforeAnythingIsDone(t *testing.T) {
	s := newSite(t, "")
	for name, headers := range map[string][]string{
		"none":        nil,
		"another":     {"X-Version", "new key"},
		"wrong":       {"X-Api-Key", "guessed"},
		"empty":       {"X-Api-Key", ""},
		"a beginning": {"X-Api-Key", "new ke"},
		"more":        {"X-Api-Key", "new key "},
		"two":         {"X-Api-Key", "new key", "X-Api-Key", "old key"},
		"joined":      {"X-Api-Key", "new key, old key"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPage(t, s, "/api/v4/keyed", headers...)
			for _, route := range routes {
				// Not even that the body is none is said.
				a := p.send(p.request("POST", route, []byte("no JSON")))
				a.says(route, http.StatusUnauthorized, "not_admitted")
				if a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Access-Control-Allow-Credentials") != "true" {
					t.Errorf("%s: the page cannot read why: %v", route, a.header)
				}
			}
		})
	}
	for _, secret := range []string{"new ke", "old key", "guessed"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log repeats %q", secret)
		}
	}
	if !strings.Contains(s.log.String(), zerodev.ErrWrongKey.Error()) || !strings.Contains(s.log.String(), "project=keyed") {
		t.Errorf("the log does not say why: %s", s.log)
	}
	for _, key := range []string{"old key", "new key"} {
		newPage(t, s, "/api/v3/keyed", "x-API-key", key).post("/login/options", map[string]any{}).ok()
	}
}

func TestCORSAllowsListedHeadersOfListedOrigins(t *testing.T) {
	s := newSite(t, "")
	for url, want := range map[string]string{
		"":              "content-type, x-test",
		"/api/v4/open":  "content-type",
		"/api/v3/keyed": "content-type, x-api-key, x-version",
		"/api/v4/none":  "content-type, x-api-key, x-test, x-version", // so that the page reads that there is none
	} {
		p := newPage(t, s, url)
		r := p.request("OPTIONS", "/login/options", nil)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "content-type,x-anything")
		a := p.send(r)
		if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Headers") != want ||
			a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%q: %d %v", url, a.status, a.header)
		}
		for _, elsewhere := range []string{"http://localhost:5174", "https://localhost:5173", "null", "*", "http://localhost:5173.evil.example"} {
			p.origin = elsewhere
			for _, method := range []string{"OPTIONS", "POST"} {
				a := p.send(p.request(method, "/login/verify", []byte("{}")))
				a.says("/login/verify", http.StatusForbidden, "origin_not_allowed")
				if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Access-Control-Allow-Headers") != "" {
					t.Errorf("%q from %s: %v", url, elsewhere, a.header)
				}
			}
		}
	}
}

func TestProjectsThatDoNotExistAreRefusedInTheShapeOfTheRoute(t *testing.T) {
	s := newSite(t, "")
	for _, url := range []string{"/api/v3/none", "/api/v4/OPEN", "/api/v4/open2", "/api/v4/%6fpen2", "/api/v4/" + strings.Repeat("a", 1000)} {
		for _, route := range routes {
			newPage(t, s, url).post(route, map[string]any{}).says(route, http.StatusNotFound, "unknown_project")
		}
	}
	for _, url := range []string{"/api", "/api/v2/open", "/api/v5/open", "/api/v4/open/open", "/api/v4/open/api/v4/open", "/API/v4/open", "/api/v4/", "/api/v3//api/v3"} {
		p := newPage(t, s, url)
		if a := p.post("/login/options", map[string]any{}); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", url, a.status, a.raw)
		}
	}
	bare := newSite(t, "", func(c *zerodev.Config) { c.Plain = nil })
	for _, url := range []string{"", "/api/v3", "/api/v4"} {
		for _, route := range routes {
			newPage(t, bare, url).post(route, map[string]any{}).says(route, http.StatusNotFound, "unknown_project")
		}
	}
	newPage(t, bare, "/api/v4/open").post("/login/options", map[string]any{}).ok()
}

func TestAProjectMayHaveRelyingPartiesOfItsOwn(t *testing.T) {
	const elsewhere = "https://app.example.org"
	s := newSite(t, "", func(c *zerodev.Config) {
		c.Projects["own"] = zerodev.Project{RelyingParties: []relyingparty.RelyingParty{{ID: "example.org", Origins: []string{elsewhere}}}}
	})
	p := newPage(t, s, "/api/v4/own")
	p.post("/login/options", map[string]any{}).says("", http.StatusForbidden, "origin_not_allowed")
	p.origin = elsewhere
	if o := p.post("/login/options", map[string]any{}).ok(); o.body["rpId"] != "example.org" {
		t.Errorf("%s", o.raw)
	}
	p.post("/login/options", map[string]any{"rpID": rpID}).says("", http.StatusNotFound, "unknown_rp")
	p.url = "/api/v4/open"
	p.post("/login/options", map[string]any{}).says("", http.StatusForbidden, "origin_not_allowed")
	p.url = "/api/v4/none"
	p.post("/login/verify", map[string]any{}).says("/login/verify", http.StatusNotFound, "unknown_project")
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	store := openStore(t, "")
	for name, c := range map[string]struct {
		want  error
		spoil func(*zerodev.Config)
	}{
		"nothing to serve": {zerodev.ErrConfig, func(c *zerodev.Config) { c.Plain, c.Projects = nil, nil }},
		"tenant":           {zerodev.ErrConfig, func(c *zerodev.Config) { c.Server.Tenant = "open" }},
		"headers":          {zerodev.ErrConfig, func(c *zerodev.Config) { c.Server.Headers = []string{} }},
		"admit":            {zerodev.ErrConfig, func(c *zerodev.Config) { c.Server.Admit = zerodev.APIKey("x", "y") }},
		"id of a route":    {zerodev.ErrConfig, func(c *zerodev.Config) { c.Projects["login"] = zerodev.Project{} }},
		"empty id":         {zerodev.ErrConfig, func(c *zerodev.Config) { c.Projects[""] = zerodev.Project{} }},
		"id with a path":   {zerodev.ErrConfig, func(c *zerodev.Config) { c.Projects["a/b"] = zerodev.Project{} }},
		"a line too many":  {zerodev.ErrConfig, func(c *zerodev.Config) { c.Projects["a\n"] = zerodev.Project{} }},
		"all headers":      {relyingparty.ErrConfig, func(c *zerodev.Config) { c.Plain.Headers = []string{"*"} }},
		"two in one":       {relyingparty.ErrConfig, func(c *zerodev.Config) { c.Plain.Headers = []string{"a, b"} }},
		"no header":        {relyingparty.ErrConfig, func(c *zerodev.Config) { c.Projects["x"] = zerodev.Project{Headers: []string{""}} }},
		"a broken header":  {relyingparty.ErrConfig, func(c *zerodev.Config) { c.Projects["x"] = zerodev.Project{Headers: []string{"a\r\nb: c"}} }},
		"no RP":            {relyingparty.ErrConfig, func(c *zerodev.Config) { c.Server.RelyingParties = nil }},
		"no store":         {relyingparty.ErrConfig, func(c *zerodev.Config) { c.Server.Store = nil }},
	} {
		cfg := config(store)
		if _, err := zerodev.New(cfg); err != nil {
			t.Fatal(err)
		}
		c.spoil(&cfg)
		if h, err := zerodev.New(cfg); !errors.Is(err, c.want) || h != nil {
			t.Errorf("%s: %v, %v", name, h, err)
		}
	}
}
