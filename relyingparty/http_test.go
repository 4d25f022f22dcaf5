package relyingparty_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-dev/postern/relyingparty"
	"golang.org/x/time/rate"
)

var paths = []string{"/register/options", "/register/verify", "/login/options", "/login/verify"}

func TestOfParallelReplaysExactlyOneWins(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) { c.Store = openStore(t, filepath.Join(t.TempDir(), "p.db")) })
	b := newBrowser(t, s)
	replay := func(path string, body map[string]any) {
		t.Helper()
		raw := encode(t, body)
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for range 32 {
			r := b.request("POST", path, raw)
			wg.Go(func() {
				switch a := (&browser{t: t, site: s, cookies: map[string]string{}}).send(r); {
				case a.status == http.StatusOK:
					won.Add(1)
				case a.status == http.StatusConflict:
					lost.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.raw)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 31 {
			t.Fatalf("%s: %d won, %d lost", path, won.Load(), lost.Load())
		}
	}
	replay("/register/verify", b.registration())
	replay("/login/verify", b.assertion())
}

func TestAFloodOfOptionsWritesNothing(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, func(c *relyingparty.Config) { c.Store = openStore(t, filepath.Join(dir, "p.db")) })
	b := newBrowser(t, s)
	b.register().registered()
	state := func() (out string) {
		for _, name := range []string{"p.db", "p.db-wal"} {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			out += string(content)
		}
		return out
	}
	before, writes, reads := state(), s.store.writes.Load(), s.store.reads.Load()
	for range 1000 {
		clear(b.cookies)
		b.post("/register/options", map[string]any{"username": "x"})
		b.assertionOptions()
	}
	if s.store.writes.Load() != writes || s.store.reads.Load() != reads || state() != before {
		t.Fatal("the store was touched")
	}
}

func TestBadRequestsAreRefusedInTheShapeOfTheirEndpoint(t *testing.T) {
	b := newBrowser(t, newSite(t))
	for name, c := range map[string]struct {
		method, contentType, body string
		status                    int
		code                      string
	}{
		"GET":              {"GET", "application/json", "", 405, "method_not_allowed"},
		"no content type":  {"POST", "", "{}", 415, "unsupported_media_type"},
		"a form":           {"POST", "application/x-www-form-urlencoded", "{}", 415, "unsupported_media_type"},
		"almost JSON type": {"POST", "application/jsonp", "{}", 415, "unsupported_media_type"},
		"empty":            {"POST", "application/json", "", 400, "bad_request"},
		"an array":         {"POST", "application/json", "[]", 400, "bad_request"},
		"cut":              {"POST", "application/json", `{"username":"a`, 400, "bad_request"},
		"tail":             {"POST", "application/json", `{} {}`, 400, "bad_request"},
		"twice":            {"POST", "application/json", `{"rpID":"a","rpID":"b"}`, 400, "bad_request"},
		"twice, escaped":   {"POST", "application/json", `{"rpID":"a","rp\u0049D":"b"}`, 400, "bad_request"},
		"wrong type":       {"POST", "application/json", `{"username":7}`, 400, "bad_request"},
		"control":          {"POST", "application/json", `{"username":"a\u0000b"}`, 400, "bad_request"},
		"long name":        {"POST", "application/json", `{"username":"` + strings.Repeat("a", 257) + `"}`, 400, "bad_request"},
		"not UTF-8":        {"POST", "application/json", "{\"username\":\"\xff\"}", 400, "bad_request"},
		"deep":             {"POST", "application/json", `{"x":` + strings.Repeat("[", 30_000) + "}", 400, "bad_request"},
		"too large":        {"POST", "application/json", `{"x":"` + strings.Repeat("a", 70_000) + `"}`, 413, "body_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range paths {
				r := b.request(c.method, path, []byte(c.body))
				r.Header.Set("Content-Type", c.contentType)
				a := b.send(r)
				a.refused(c.status, c.code)
				if path == "/register/verify" && a.body["verified"] != false || path == "/login/verify" && a.body["verification"] == nil {
					t.Fatalf("%s: shape %s", path, a.raw)
				}
			}
		})
	}
	b.post("/nothing", nil).refused(http.StatusNotFound, "not_found")
	b.post("/credentials", nil).refused(http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestCredentialsThatAreNoneAreRefused(t *testing.T) {
	b := newBrowser(t, newSite(t))
	for _, cred := range []any{nil, "text", 7, []any{}, map[string]any{}, map[string]any{"id": strings.Repeat("A", 2000)}} {
		b.post("/register/verify", map[string]any{"userId": strings.Repeat("A", 22), "cred": cred}).refused(http.StatusBadRequest, "credential_invalid")
		b.post("/login/verify", map[string]any{"cred": cred}).refused(http.StatusBadRequest, "credential_invalid")
	}
}

func TestCORSEchoesOneExactAllowedOrigin(t *testing.T) {
	b := newBrowser(t, newSite(t))
	a := b.assertionOptions()
	if a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Access-Control-Allow-Credentials") != "true" || a.header.Get("Vary") != "Origin" {
		t.Fatalf("headers %v", a.header)
	}

	r := b.request("OPTIONS", "/login/options", nil)
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "content-type,x-test")
	p := b.send(r)
	if p.status != http.StatusNoContent || p.header.Get("Access-Control-Allow-Origin") != origin ||
		p.header.Get("Access-Control-Allow-Methods") != "POST" || p.header.Get("Access-Control-Allow-Headers") != "content-type,x-test" {
		t.Fatalf("preflight %d %v", p.status, p.header)
	}
	r = b.request("OPTIONS", "/login/options", nil)
	r.Header.Set("Access-Control-Request-Headers", "x-test\x7f: <injected>")
	if p := b.send(r); p.header.Get("Access-Control-Allow-Headers") != "" {
		t.Fatalf("granted %q", p.header.Get("Access-Control-Allow-Headers"))
	}

	for _, bad := range []string{"https://evil.example", "null", "*", origin + ".evil.example", "http://wallet.example.org", "https://WALLET.example.org", origin + ":443"} {
		for _, method := range []string{"POST", "OPTIONS"} {
			r := b.request(method, "/login/options", []byte("{}"))
			r.Header.Set("Origin", bad)
			a := b.send(r)
			a.refused(http.StatusForbidden, "origin_not_allowed")
			if h := a.header.Get("Access-Control-Allow-Origin"); h != "" {
				t.Fatalf("%s: allowed %q", bad, h)
			}
		}
	}
	r = b.request("POST", "/login/options", []byte("{}"))
	r.Header.Add("Origin", "https://evil.example")
	b.send(r).refused(http.StatusForbidden, "origin_not_allowed")
}

func TestAnOriginOfAnotherRPIsRefused(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) {
		c.RelyingParties = append(c.RelyingParties, relyingparty.RelyingParty{ID: "other.example", Origins: []string{"https://other.example"}})
	})
	b := newBrowser(t, s)
	b.rpID = "other.example"
	b.assertionOptions().refused(http.StatusForbidden, "origin_not_allowed")
}

func TestTheCookieIsAsStrictAsThePageAllows(t *testing.T) {
	for name, c := range map[string]struct {
		origin string
		cross  bool
		want   []string
	}{
		"https":      {origin, false, []string{"__Host-postern-binding=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=86400"}},
		"localhost":  {"http://localhost:8080", false, []string{"postern-binding=", "HttpOnly", "SameSite=Lax"}},
		"cross site": {origin, true, []string{"__Host-postern-binding=", "HttpOnly", "Secure", "SameSite=None", "Partitioned"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(cfg *relyingparty.Config) {
				cfg.RelyingParties[0].Origins = []string{c.origin}
				cfg.CrossSite = c.cross
			})
			b := newBrowser(t, s)
			b.origin = c.origin
			got := b.assertionOptions().header.Get("Set-Cookie")
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("%q lacks %q", got, w)
				}
			}
			if name == "localhost" && strings.Contains(got, "Secure") {
				t.Errorf("%q would be dropped", got)
			}
			again := b.assertionOptions().header.Get("Set-Cookie")
			if again != got {
				t.Errorf("a second tab gets another cookie: %q after %q", again, got)
			}
		})
	}
}

func TestLimitsHoldPerClientAndOverAll(t *testing.T) {
	ask := func(s *site, from string) int {
		b := newBrowser(t, s)
		r := b.request("POST", "/login/options", []byte("{}"))
		r.RemoteAddr = from
		return b.send(r).status
	}
	s := newSite(t, func(c *relyingparty.Config) {
		c.Limits = relyingparty.Limits{PerClient: 1, PerClientBurst: 2, Global: rate.Inf}
	})
	for i, c := range []struct {
		from string
		want int
	}{
		{"192.0.2.1:1", 200}, {"192.0.2.1:2", 200}, {"192.0.2.1:3", 429}, {"192.0.2.2:1", 200},
		{"[2001:db8::1]:1", 200}, {"[2001:db8::2]:1", 200}, {"[2001:db8::3]:1", 429}, {"[2001:db8:0:1::3]:1", 200},
		{"[::ffff:192.0.2.1]:9", 429}, {"nonsense", 200}, {"@", 200}, {"", 429},
	} {
		if got := ask(s, c.from); got != c.want {
			t.Errorf("request %d from %s: %d, want %d", i, c.from, got, c.want)
		}
	}
	s.clock.advance(time.Second)
	if got := ask(s, "192.0.2.1:1"); got != 200 {
		t.Errorf("after a second: %d", got)
	}

	s = newSite(t, func(c *relyingparty.Config) {
		c.Limits = relyingparty.Limits{PerClient: rate.Inf, Global: 1, GlobalBurst: 2}
	})
	for i, want := range []int{200, 200, 429} {
		if got := ask(s, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String()+":1"); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
}

func TestARateLimitedClientReadsARefusal(t *testing.T) {
	s := newSite(t, func(c *relyingparty.Config) { c.Limits = relyingparty.Limits{PerClient: 1, PerClientBurst: 1} })
	b := newBrowser(t, s)
	b.assertionOptions()
	for _, path := range paths {
		a := b.post(path, map[string]any{})
		a.refused(http.StatusTooManyRequests, "rate_limited")
		if a.header.Get("Retry-After") == "" {
			t.Fatal("no Retry-After")
		}
	}
}

func TestAnOuterRequestIDIsKeptAndTheClientsIsNot(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "outer")
		s.ServeHTTP(w, r)
	}))
	if got := b.assertionOptions().header.Get("X-Request-Id"); got != "outer" {
		t.Fatalf("got %q", got)
	}
	b.site = s
	r := b.request("POST", "/login/options", []byte("{}"))
	r.Header.Set("X-Request-Id", "chosen")
	if got := b.send(r).header.Get("X-Request-Id"); got == "chosen" || got == "" {
		t.Fatalf("got %q", got)
	}
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	store := openStore(t, "")
	for name, spoil := range map[string]func(*relyingparty.Config){
		"no store":         func(c *relyingparty.Config) { c.Store = nil },
		"no RP":            func(c *relyingparty.Config) { c.RelyingParties = nil },
		"no origin":        func(c *relyingparty.Config) { c.RelyingParties[0].Origins = nil },
		"RP twice":         func(c *relyingparty.Config) { c.RelyingParties = append(c.RelyingParties, c.RelyingParties[0]) },
		"IP address":       func(c *relyingparty.Config) { c.RelyingParties[0].ID = "127.0.0.1" },
		"RP ID with port":  func(c *relyingparty.Config) { c.RelyingParties[0].ID = "localhost:8080" },
		"upper case":       func(c *relyingparty.Config) { c.RelyingParties[0].ID = "Example.org" },
		"plain http":       func(c *relyingparty.Config) { c.RelyingParties[0].Origins = []string{"http://example.org"} },
		"wildcard":         func(c *relyingparty.Config) { c.RelyingParties[0].Origins = []string{"*"} },
		"origin with path": func(c *relyingparty.Config) { c.RelyingParties[0].Origins = []string{"https://example.org/"} },
		"short secret":     func(c *relyingparty.Config) { c.Secrets = [][]byte{make([]byte, 16)} },
		"secrets twice": func(c *relyingparty.Config) {
			c.Secrets, c.SecretsNow = [][]byte{make([]byte, 32)}, func(context.Context) ([][]byte, error) { return nil, nil }
		},
		"long TTL":         func(c *relyingparty.Config) { c.TTL = 2 * time.Hour },
		"negative TTL":     func(c *relyingparty.Config) { c.TTL = -1 },
		"negative limit":   func(c *relyingparty.Config) { c.Limits.PerClientBurst = -1 },
		"all headers":      func(c *relyingparty.Config) { c.Headers = []string{"*"} },
		"header injection": func(c *relyingparty.Config) { c.Headers = []string{"x\r\ny: z"} },
		"unknown policy":   func(c *relyingparty.Config) { c.RelyingParties[0].BackupDrift = 9 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := relyingparty.Config{Store: store, RelyingParties: []relyingparty.RelyingParty{{ID: "example.org", Origins: []string{"https://example.org"}}}}
			if _, err := relyingparty.New(cfg); err != nil {
				t.Fatal(err)
			}
			spoil(&cfg)
			if _, err := relyingparty.New(cfg); !errors.Is(err, relyingparty.ErrConfig) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// FuzzRequests: whatever the body, the reply is JSON, never a success at verify, never a
// server error.
func FuzzRequests(f *testing.F) {
	s := newSite(f, func(c *relyingparty.Config) { c.Log = slog.New(slog.DiscardHandler) })
	b := newBrowser(f, s)
	f.Add(uint8(0), []byte(`{"username":"alice","rpID":"example.org"}`))
	f.Add(uint8(1), encode(f, b.registration()))
	f.Add(uint8(2), []byte(`{}`))
	f.Add(uint8(3), encode(f, map[string]any{"cred": b.registration()["cred"]}))
	f.Add(uint8(0), []byte(`{"userHandle":"AQEBAQEBAQEBAQEBAQEBAQ"}`))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		clean := &browser{t: t, site: s, origin: origin, cookies: map[string]string{}}
		path := paths[int(which)%len(paths)]
		a := clean.send(clean.request("POST", path, body))
		if a.status >= 500 || strings.HasSuffix(path, "verify") && a.status == http.StatusOK {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		if !bytes.HasSuffix(a.raw, []byte("}\n")) {
			t.Fatalf("reply %q", a.raw)
		}
	})
}
