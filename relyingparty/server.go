package relyingparty

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// requestTimeout bounds one request, far below the slack that keeps a used challenge
// remembered beyond its life.
const requestTimeout = 10 * time.Second

// Server is the HTTP handler. Make it with New; it is safe for concurrent use and
// holds nothing that must be closed. It bounds bodies and its own work; how long a
// client may take to send is for the http.Server in front of it (ReadTimeout).
type Server struct {
	cfg     Config
	sealing sealing
	limits  *limiter
	origins map[string]bool // of all relying parties
	routes  map[string]endpoint
}

var _ http.Handler = (*Server)(nil)

// endpoint is one route: what it does and the shape in which it refuses.
type endpoint struct {
	method string // "" is POST, with a body
	serve  func(*ceremony) (any, error)
	refuse func(errorBody) any
}

func (e endpoint) verb() string { return cmp.Or(e.method, http.MethodPost) }

// New checks the configuration and makes a Server.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	sealing, err := newSealing(cfg.Secrets, cfg.SecretsNow)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, sealing: sealing, limits: newLimiter(cfg.Limits), origins: map[string]bool{}}
	s.cfg.Secrets = nil
	for _, rp := range cfg.RelyingParties {
		for _, o := range rp.Origins {
			s.origins[o] = true
		}
	}
	s.routes = map[string]endpoint{
		"/register/options": {serve: s.registerOptions, refuse: refusedPlain},
		"/register/verify":  {serve: s.registerVerify, refuse: refusedRegister},
		"/login/options":    {serve: s.loginOptions, refuse: refusedPlain},
		"/login/verify":     {serve: s.loginVerify, refuse: refusedLogin},
	}
	if _, ok := cfg.Store.(Lister); ok {
		s.routes["/credentials"] = endpoint{method: http.MethodGet, serve: s.credentials, refuse: refusedPlain}
	}
	return s, nil
}

func refusedPlain(e errorBody) any    { return errorReply{e} }
func refusedRegister(e errorBody) any { return registerVerifyReply{Error: &e} }
func refusedLogin(e errorBody) any    { return loginVerifyReply{Error: &e} }

// ceremony is one request on its way.
type ceremony struct {
	ctx    context.Context
	w      http.ResponseWriter
	r      *http.Request
	id     string // request id
	now    time.Time
	rp     *RelyingParty
	origin string // the page's, or the RP's first when the client sends none
	body   request
}

// ServeHTTP serves the endpoints relative to where it is mounted.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := s.cfg.Now()
	id := w.Header().Get("X-Request-Id") // set by an outer handler of ours, never by the client
	if id == "" {
		id = newRequestID()
		w.Header().Set("X-Request-Id", id)
	}
	client := s.cfg.ClientIP(r.RemoteAddr, r.Header.Get)

	ep, known := s.routes[r.URL.Path]
	if !known {
		ep.refuse = refusedPlain
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	c := &ceremony{ctx: ctx, w: w, r: r, id: id, now: start}

	reply, err := func() (any, error) {
		if err := s.allowOrigin(w, r); err != nil {
			return nil, err
		}
		switch {
		case !known:
			return nil, refuse(codeNotFound, nil)
		case r.Method == http.MethodOptions && r.Header.Get("Origin") != "":
			s.preflight(w, r, ep)
			return nil, nil
		case r.Method != ep.verb():
			w.Header().Set("Allow", ep.verb()+", OPTIONS")
			return nil, refuse(codeMethod, nil)
		case !s.limits.allow(client, start):
			w.Header().Set("Retry-After", "1")
			return nil, refuse(codeRateLimited, nil)
		}
		if s.cfg.Admit != nil {
			if err := s.cfg.Admit(ctx, r.Header); err != nil {
				return nil, notAdmitted(err)
			}
		}
		if ep.method == "" {
			if err := s.prepare(c); err != nil {
				return nil, err
			}
		}
		return ep.serve(c)
	}()

	status := http.StatusOK
	switch {
	case err != nil:
		var body errorBody
		status, body = explain(err, id)
		reply = ep.refuse(body)
	case reply == nil:
		status = http.StatusNoContent // a preflight, already answered
	}
	if reply != nil {
		writeJSON(w, status, reply)
	}
	s.log(r, client.String(), id, status, err, s.cfg.Now().Sub(start))
}

// prepare reads the body and finds the relying party.
func (s *Server) prepare(c *ceremony) (err error) {
	if c.body, err = readRequest(c.w, c.r); err != nil {
		return err
	}
	c.origin = c.r.Header.Get("Origin")
	if c.rp, err = s.relyingParty(c.body.RPID, c.origin); err != nil {
		return err
	}
	if c.origin == "" {
		c.origin = c.rp.Origins[0]
	}
	return nil
}

// relyingParty finds the configuration a request means. The request only chooses; what
// is allowed comes from the configuration.
func (s *Server) relyingParty(id, origin string) (*RelyingParty, error) {
	var found *RelyingParty
	for i := range s.cfg.RelyingParties {
		rp := &s.cfg.RelyingParties[i]
		allowed := origin == "" || slices.Contains(rp.Origins, origin)
		switch {
		case id != "" && rp.ID == id && !allowed:
			return nil, refuse(codeOrigin, nil)
		case id != "" && rp.ID == id:
			return rp, nil
		case id == "" && allowed && found != nil:
			return nil, refuse(codeUnknownRP, nil) // ambiguous: the client must say
		case id == "" && allowed:
			found = rp
		}
	}
	if found == nil {
		return nil, refuse(codeUnknownRP, nil)
	}
	return found, nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// The replies marshal; a client that has gone is not our failure.
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) log(r *http.Request, client, id string, status int, err error, took time.Duration) {
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("requestId", id), slog.String("method", r.Method), slog.String("route", s.route(r.URL.Path)),
		slog.Int("status", status), slog.String("client", client), slog.Duration("took", took),
	}
	if err != nil {
		code, cause := loggable(err)
		attrs = append(attrs, slog.String("code", code))
		if cause != "" {
			attrs = append(attrs, slog.String("cause", cause))
		}
		if status >= 500 {
			level = slog.LevelError
		}
	}
	s.cfg.Log.LogAttrs(r.Context(), level, "passkey request", attrs...)
}

// route keeps hostile paths out of the log.
func (s *Server) route(path string) string {
	if _, ok := s.routes[path]; ok {
		return strings.TrimPrefix(path, "/")
	}
	return "unknown"
}

func newRequestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
