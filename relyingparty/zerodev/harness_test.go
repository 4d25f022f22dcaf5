package zerodev_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"golang.org/x/time/rate"

	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
	"github.com/postern-dev/postern/relyingparty/zerodev"
)

// The page of the recording.
const (
	rpID   = "localhost"
	origin = "http://localhost:5173"
)

var routes = []string{"/register/options", "/register/verify", "/login/options", "/login/verify"}

type site struct {
	*zerodev.Handler
	store *sqlite.Store
	log   *logBuffer
}

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func openStore(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func config(store *sqlite.Store) zerodev.Config {
	return zerodev.Config{
		Server: relyingparty.Config{
			RelyingParties: []relyingparty.RelyingParty{{ID: rpID, Origins: []string{origin}}},
			Store:          store, Secrets: [][]byte{bytes.Repeat([]byte{7}, 32)},
			Limits: relyingparty.Limits{PerClient: rate.Inf, Global: rate.Inf},
		},
		Plain: &zerodev.Project{Headers: []string{"X-Test"}},
		Projects: map[string]zerodev.Project{
			"open":  {},
			"keyed": {Headers: []string{"X-Api-Key", "x-version"}, Check: zerodev.APIKey("x-api-key", "old key", "new key")},
		},
	}
}

func newSite(t testing.TB, path string, change ...func(*zerodev.Config)) *site {
	t.Helper()
	s := &site{store: openStore(t, path), log: &logBuffer{}}
	cfg := config(s.store)
	cfg.Server.Log = slog.New(slog.NewTextHandler(s.log, nil))
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if s.Handler, err = zerodev.New(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

// page is a browser's tab with cookies, an authenticator and the client's parameters.
type page struct {
	t       testing.TB
	site    http.Handler
	url     string // passkeyServerUrl, as a path
	headers http.Header
	origin  string
	cookies map[string]string
	key     *softkey.Authenticator
}

func newPage(t testing.TB, site http.Handler, url string, header ...string) *page {
	p := &page{t: t, site: site, url: url, origin: origin, headers: http.Header{}, cookies: map[string]string{}, key: softkey.New()}
	for i := 0; i+1 < len(header); i += 2 {
		p.headers.Add(header[i], header[i+1])
	}
	return p
}

func (p *page) request(method, route string, body []byte) *http.Request {
	r := httptest.NewRequest(method, p.url+route, bytes.NewReader(body))
	for name, values := range p.headers {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	if p.origin != "" {
		r.Header.Set("Origin", p.origin)
	}
	for name, value := range p.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

type answer struct {
	t      testing.TB
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (p *page) send(r *http.Request) answer {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.site.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		p.cookies[c.Name] = c.Value
	}
	a := answer{t: p.t, status: res.StatusCode, header: res.Header, raw: w.Body.Bytes()}
	if a.status == http.StatusNoContent {
		return a
	}
	if err := json.Unmarshal(a.raw, &a.body); err != nil {
		p.t.Fatalf("%s: reply is no JSON: %v: %q", r.URL.Path, err, a.raw)
	}
	return a
}

func (p *page) post(route string, body any) answer {
	p.t.Helper()
	return p.send(p.request("POST", route, encode(p.t, body)))
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// created is the body of register/verify for fresh options.
func (p *page) created() map[string]any {
	p.t.Helper()
	o := p.post("/register/options", map[string]any{"username": "alice"}).ok()
	cred, err := p.key.Create(encode(p.t, o.body["options"]), origin)
	if err != nil {
		p.t.Fatal(err)
	}
	return map[string]any{"userId": o.body["userId"], "username": "alice", "cred": json.RawMessage(cred)}
}

// got is the body of login/verify for fresh options.
func (p *page) got() map[string]any {
	p.t.Helper()
	o := p.post("/login/options", map[string]any{}).ok()
	cred, err := p.key.Get(o.raw, origin)
	if err != nil {
		p.t.Fatal(err)
	}
	return map[string]any{"cred": json.RawMessage(cred)}
}

func (a answer) ok() answer {
	a.t.Helper()
	if a.status != http.StatusOK || a.body["error"] != nil {
		a.t.Fatalf("%d %s", a.status, a.raw)
	}
	return a
}

// says checks a refusal: status, code, the route's shape, and that it gives nothing away.
func (a answer) says(route string, status int, code string) {
	a.t.Helper()
	e, _ := a.body["error"].(map[string]any)
	if a.status != status || e["code"] != code {
		a.t.Fatalf("%s: %d %s, want %d %s", route, a.status, a.raw, status, code)
	}
	verification, _ := a.body["verification"].(map[string]any)
	switch {
	case route == "/register/verify" && a.body["verified"] != false,
		route == "/login/verify" && verification["verified"] != false:
		a.t.Fatalf("%s: the client cannot read %s", route, a.raw)
	}
	for _, secret := range []string{"options", "challenge", "pubkey", "userId"} {
		if a.body[secret] != nil {
			a.t.Fatalf("%s: refused, yet it has %s: %s", route, secret, a.raw)
		}
	}
	if a.header.Get("Set-Cookie") != "" {
		a.t.Fatalf("%s: refused, yet a cookie", route)
	}
}
