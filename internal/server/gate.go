package server

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"
)

const requestIDHeader = "X-Request-Id"

// gate is in front of every route: host, origin, security headers, request id, panics.
type gate struct {
	host, origin string
	origins      []string
	log          *slog.Logger
	next         http.Handler
}

func newGate(b *Binding, origins []string, log *slog.Logger, next http.Handler) *gate {
	return &gate{
		host: hostPort(b.Port), origin: b.Origin(),
		origins: append([]string{b.Origin()}, origins...),
		log:     log, next: next,
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id := newRequestID()
	secure(w.Header())
	w.Header().Set(requestIDHeader, id)
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p) // the connection is to be dropped; net/http knows
			}
			g.log.Error("request panicked", "requestId", id, "panic", p, "stack", string(debug.Stack()))
			if !rec.wrote {
				panicked.write(rec)
			}
		}
		g.log.Debug("request", "requestId", id, "method", r.Method, "path", clip(r.URL.Path), "status", rec.status, "took", time.Since(start))
	}()
	if s, ok := g.refuse(r); ok {
		g.log.Info("request refused", "requestId", id, "code", s.code, "method", r.Method, "path", clip(r.URL.Path),
			"host", clip(r.Host), "origin", clip(r.Header.Get("Origin")))
		s.write(rec)
		return
	}
	g.next.ServeHTTP(rec, r)
}

// refuse is the part that keeps other websites out. A name that an attacker points at
// 127.0.0.1 arrives as Host; a page elsewhere is named by Origin, and where a browser
// leaves that out, Sec-Fetch-Site tells.
func (g *gate) refuse(r *http.Request) (refusal, bool) {
	if r.Host != g.host {
		return wrongHost(g.origin), true
	}
	if len(r.URL.RequestURI()) > maxTarget {
		return longTarget, true
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return refusal{}, false
	}
	switch origins := r.Header.Values("Origin"); {
	case len(origins) > 1, len(origins) == 1 && !slices.Contains(g.origins, origins[0]):
		return wrongSite, true
	case len(origins) == 0 && slices.Contains([]string{"cross-site", "same-site"}, r.Header.Get("Sec-Fetch-Site")):
		return wrongSite, true
	}
	return refusal{}, false
}

// secure sets what suits every reply; the page replaces the policy by its own.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "publickey-credentials-create=(self), publickey-credentials-get=(self), camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func newRequestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// clip keeps hostile text short in the log; the handler quotes it.
func clip(s string) string {
	const most = 100
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
