package relyingparty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
	"golang.org/x/time/rate"
)

const (
	rpID   = "example.org"
	origin = "https://wallet.example.org"
)

// clock is a time that tests move.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// countingStore counts what reaches the store.
type countingStore struct {
	*sqlite.Store
	reads, writes atomic.Int64
	fail          atomic.Pointer[error]
}

func (s *countingStore) Credential(ctx context.Context, rp string, id []byte) (*relyingparty.Credential, error) {
	s.reads.Add(1)
	return s.Store.Credential(ctx, rp, id)
}

func (s *countingStore) Commit(ctx context.Context, c relyingparty.Commit) error {
	s.writes.Add(1)
	if err := s.fail.Load(); err != nil {
		return *err
	}
	return s.Store.Commit(ctx, c)
}

// site is a server under test with its parts at hand.
type site struct {
	*relyingparty.Server
	store *countingStore
	clock *clock
	log   *syncBuffer
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func openStore(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), path)
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

// newSite serves example.org from an ephemeral store, without limits, unless changed.
func newSite(t testing.TB, change ...func(*relyingparty.Config)) *site {
	t.Helper()
	s := &site{clock: &clock{}, log: &syncBuffer{}}
	cfg := relyingparty.Config{
		RelyingParties: []relyingparty.RelyingParty{{ID: rpID, Name: "Example", Origins: []string{origin, "https://example.org"}}},
		Limits:         relyingparty.Limits{PerClient: rate.Inf, Global: rate.Inf},
		Now:            s.clock.now,
		Log:            slog.New(slog.NewTextHandler(s.log, nil)),
	}
	for _, c := range change {
		c(&cfg)
	}
	if cfg.Store == nil {
		cfg.Store = openStore(t, sqlite.Ephemeral)
	}
	s.store = &countingStore{Store: cfg.Store.(*sqlite.Store)}
	cfg.Store = s.store
	var err error
	if s.Server, err = relyingparty.New(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

// browser is a page with cookies and an authenticator.
type browser struct {
	t       testing.TB
	site    http.Handler
	origin  string // empty: a client that sends no Origin
	page    string // origin that the authenticator sees; empty: origin
	rpID    string // sent in the body when set
	cookies map[string]string
	key     *softkey.Authenticator
}

func newBrowser(t testing.TB, s http.Handler, opts ...softkey.Option) *browser {
	return &browser{t: t, site: s, origin: origin, cookies: map[string]string{}, key: softkey.New(opts...)}
}

// answer is a reply, decoded.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   map[string]any
	raw    []byte
}

func (b *browser) request(method, path string, body []byte) *http.Request {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if b.origin != "" {
		r.Header.Set("Origin", b.origin)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b *browser) send(r *http.Request) answer {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	a := answer{t: b.t, status: res.StatusCode, header: res.Header}
	var err error
	if a.raw, err = io.ReadAll(res.Body); err != nil {
		b.t.Fatal(err)
	}
	if res.StatusCode != http.StatusNoContent {
		if err := json.Unmarshal(a.raw, &a.body); err != nil {
			b.t.Fatalf("%s %s: reply is no JSON: %v: %q", r.Method, r.URL.Path, err, a.raw)
		}
	}
	return a
}

func (b *browser) post(path string, body map[string]any) answer {
	b.t.Helper()
	if b.rpID != "" {
		body["rpID"] = b.rpID
	}
	return b.send(b.request("POST", path, encode(b.t, body)))
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (b *browser) at() string {
	if b.page != "" {
		return b.page
	}
	return b.origin
}

// registration asks for options and has the authenticator answer; it returns the body
// of register/verify.
func (b *browser) registration(extra ...string) map[string]any {
	b.t.Helper()
	ask := map[string]any{"username": "alice"}
	for i := 0; i+1 < len(extra); i += 2 {
		ask[extra[i]] = extra[i+1]
	}
	o := b.post("/register/options", ask)
	if o.status != http.StatusOK {
		b.t.Fatalf("register/options: %d %s", o.status, o.raw)
	}
	cred, err := b.key.Create(encode(b.t, o.body["options"]), b.at())
	if err != nil {
		b.t.Fatal(err)
	}
	return map[string]any{"username": ask["username"], "userId": o.body["userId"], "cred": json.RawMessage(cred)}
}

func (b *browser) register(extra ...string) answer {
	b.t.Helper()
	return b.post("/register/verify", b.registration(extra...))
}

// assertion asks for options and has the authenticator answer; it returns the body of
// login/verify.
func (b *browser) assertion() map[string]any {
	b.t.Helper()
	o := b.post("/login/options", map[string]any{})
	if o.status != http.StatusOK {
		b.t.Fatalf("login/options: %d %s", o.status, o.raw)
	}
	cred, err := b.key.Get(o.raw, b.at())
	if err != nil {
		b.t.Fatal(err)
	}
	return map[string]any{"cred": json.RawMessage(cred)}
}

func (b *browser) login() answer {
	b.t.Helper()
	return b.post("/login/verify", b.assertion())
}

// credential is what the store holds of the browser's newest passkey.
func (b *browser) credential(s *site) *relyingparty.Credential {
	b.t.Helper()
	list := b.key.Credentials()
	c, err := s.store.Store.Credential(context.Background(), list[len(list)-1].RPID, list[len(list)-1].ID)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// registered is the answer of a successful register/verify, and nothing else.
func (a answer) registered() {
	a.t.Helper()
	if a.status != http.StatusOK || a.body["verified"] != true || len(a.body) != 1 {
		a.t.Fatalf("not registered: %d %s", a.status, a.raw)
	}
}

func (a answer) loggedIn() {
	a.t.Helper()
	if v, _ := a.body["verification"].(map[string]any); a.status != http.StatusOK || v["verified"] != true || a.body["error"] != nil {
		a.t.Fatalf("not logged in: %d %s", a.status, a.raw)
	}
}

// refused checks a refusal: a status of its own, the code, the whole error object, and
// that a client which looks at verified only reads false.
func (a answer) refused(status int, code string) {
	a.t.Helper()
	e, _ := a.body["error"].(map[string]any)
	if a.status != status || e["code"] != code {
		a.t.Fatalf("got %d %s, want %d %s", a.status, a.raw, status, code)
	}
	if e["message"] == "" || e["requestId"] == "" || e["requestId"] != a.header.Get("X-Request-Id") {
		a.t.Fatalf("incomplete error: %s", a.raw)
	}
	if v, ok := a.body["verified"]; ok && v != false {
		a.t.Fatalf("refused, yet verified: %s", a.raw)
	}
	if v, ok := a.body["verification"].(map[string]any); ok && v["verified"] != false {
		a.t.Fatalf("refused, yet verified: %s", a.raw)
	}
	if a.body["pubkey"] != nil || a.body["options"] != nil || a.body["challenge"] != nil {
		a.t.Fatalf("refused, yet it gives something away: %s", a.raw)
	}
}
