package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/time/rate"

	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/relyingparty"
)

const (
	rpID   = "example.org"
	origin = "https://wallet.example.org"
)

// server is one of those that share a store's database, and with it the secrets; nil: its own.
func server(t testing.TB, store relyingparty.Store, secrets func(context.Context) ([][]byte, error)) http.Handler {
	t.Helper()
	s, err := relyingparty.New(relyingparty.Config{
		RelyingParties: []relyingparty.RelyingParty{{ID: rpID, Origins: []string{origin}}},
		Store:          store, SecretsNow: secrets,
		Limits: relyingparty.Limits{PerClient: rate.Inf, Global: rate.Inf},
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// browser has a cookie and an authenticator, and asks whichever server it is sent to.
type browser struct {
	t       testing.TB
	cookies []*http.Cookie
	key     *softkey.Authenticator
}

func newBrowser(t testing.TB) *browser { return &browser{t: t, key: softkey.New()} }

func (b *browser) post(at http.Handler, path string, body any) (int, []byte) {
	b.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		b.t.Error(err)
	}
	r := httptest.NewRequest("POST", path, bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", origin)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	at.ServeHTTP(w, r)
	if got := w.Result().Cookies(); len(got) > 0 {
		b.cookies = got
	}
	return w.Code, w.Body.Bytes()
}

// registration is the body of register/verify, with options of a server.
func (b *browser) registration(at http.Handler) map[string]any {
	b.t.Helper()
	code, raw := b.post(at, "/register/options", map[string]any{"username": "alice"})
	var o struct {
		Options json.RawMessage
		UserID  string
	}
	if err := json.Unmarshal(raw, &o); err != nil || code != http.StatusOK {
		b.t.Fatalf("%d %s", code, raw)
	}
	cred, err := b.key.Create(o.Options, origin)
	if err != nil {
		b.t.Fatal(err)
	}
	return map[string]any{"username": "alice", "userId": o.UserID, "cred": json.RawMessage(cred)}
}

// assertion is the body of login/verify, with options of a server.
func (b *browser) assertion(at http.Handler) map[string]any {
	b.t.Helper()
	code, raw := b.post(at, "/login/options", map[string]any{})
	if code != http.StatusOK {
		b.t.Fatalf("%d %s", code, raw)
	}
	cred, err := b.key.Get(raw, origin)
	if err != nil {
		b.t.Fatal(err)
	}
	return map[string]any{"cred": json.RawMessage(cred)}
}

func (b *browser) must(at http.Handler, path string, body map[string]any) {
	b.t.Helper()
	if code, raw := b.post(at, path, body); code != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, code, raw)
	}
}
