package relyingparty_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/postern-dev/postern/relyingparty"
)

func benchSite(b *testing.B) *site {
	return newSite(b, func(c *relyingparty.Config) {
		c.Store = openStore(b, filepath.Join(b.TempDir(), "p.db"))
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	})
}

func BenchmarkLoginOptions(b *testing.B) {
	br := newBrowser(b, benchSite(b))
	br.assertionOptions()
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		br.site.ServeHTTP(w, br.request("POST", "/login/options", []byte("{}")))
	}
}

// BenchmarkLoginVerify is one login from many clients at once, each with one durable
// write; compare with the store's own BenchmarkCommit.
func BenchmarkLoginVerify(b *testing.B) {
	s := benchSite(b)
	br := newBrowser(b, s)
	br.register().registered()
	requests := make(chan *http.Request, b.N)
	b.StopTimer()
	for range b.N {
		requests <- br.request("POST", "/login/verify", encode(b, br.assertion()))
	}
	b.StartTimer()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			if s.ServeHTTP(w, <-requests); w.Code != http.StatusOK {
				b.Errorf("%d %s", w.Code, w.Body)
			}
		}
	})
}

// BenchmarkForgedChallengeRefused is what nonsense costs: no lookup, no signature check, no write.
func BenchmarkForgedChallengeRefused(b *testing.B) {
	s := benchSite(b)
	br := newBrowser(b, s)
	br.register().registered()
	raw := encode(b, br.assertion())
	br.site = benchSite(b) // another secret
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		br.site.ServeHTTP(w, br.request("POST", "/login/verify", raw))
	}
}
