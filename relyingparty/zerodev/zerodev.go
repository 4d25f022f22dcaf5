package zerodev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/postern-dev/postern/relyingparty"
)

// Config of a Handler. The field comments are the manual; New checks it once.
type Config struct {
	// Server is what plain routes and projects have in common: the store, the secrets, the
	// limits (each project has its own buckets), the log. Its RelyingParties are those of
	// every project without its own. Tenant, Headers and Admit stay empty: they are the
	// projects'.
	Server relyingparty.Config

	// Plain serves the routes that name no project. Nil: they are refused.
	Plain *Project

	// Projects by id: 1 to 64 letters, digits, "-" and "_", as in the address.
	Projects map[string]Project
}

// Project is one application that uses the server.
type Project struct {
	// RelyingParties of this project. Nil: those of Config.Server. Passkeys belong to an RP
	// ID, so projects with the same one have the same passkeys.
	RelyingParties []relyingparty.RelyingParty

	// Headers are the names of the passkeyServerHeaders that pages may send, in any case of
	// letters. Nil: none.
	Headers []string

	// Check decides by the headers of a request whether it is served, such as APIKey's.
	// Its error goes to the log and must not repeat a secret. Nil: everybody is served.
	Check Check
}

// Check is the hook that sees the passkeyServerHeaders. It is called concurrently.
type Check func(context.Context, http.Header) error

// Handler routes to one relying party server per project. It is safe for concurrent use.
type Handler struct {
	plain    http.Handler // nil: nobody
	projects map[string]http.Handler
	nobody   http.Handler // answers for projects that do not exist
}

var _ http.Handler = (*Handler)(nil)

// ErrConfig is wrapped by every error of New that is not relyingparty.ErrConfig.
var ErrConfig = errors.New("zerodev: bad configuration")

func badConfig(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...))
}

var projectID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// reserved are ids whose address could not be told from a plain route's.
var reserved = []string{"register", "login"}

func checkID(id string) error {
	if !projectID.MatchString(id) || slices.Contains(reserved, id) {
		return badConfig("%q is no project id: 1 to 64 letters, digits, - and _; not %s", id, strings.Join(reserved, " or "))
	}
	return nil
}

// New checks the configuration and makes a Handler.
func New(cfg Config) (*Handler, error) {
	if cfg.Server.Tenant != "" || cfg.Server.Headers != nil || cfg.Server.Admit != nil {
		return nil, badConfig("Tenant, Headers and Admit are the projects'")
	}
	if cfg.Plain == nil && len(cfg.Projects) == 0 {
		return nil, badConfig("neither plain routes nor a project")
	}
	if cfg.Server.Log == nil {
		cfg.Server.Log = slog.Default()
	}
	h := &Handler{projects: map[string]http.Handler{}}
	if cfg.Plain != nil {
		s, err := cfg.server("", *cfg.Plain)
		if err != nil {
			return nil, err
		}
		h.plain = s
	}
	for id, p := range cfg.Projects {
		if err := checkID(id); err != nil {
			return nil, err
		}
		s, err := cfg.server(id, p)
		if err != nil {
			return nil, fmt.Errorf("project %s: %w", id, err)
		}
		h.projects[id] = s
	}
	s, err := cfg.nobody()
	if err != nil {
		return nil, err
	}
	h.nobody = s
	return h, nil
}

// server is the relying party server of a project.
func (cfg Config) server(id string, p Project) (*relyingparty.Server, error) {
	c := cfg.Server
	if p.RelyingParties != nil {
		c.RelyingParties = p.RelyingParties
	}
	c.Tenant = id
	c.Headers = append([]string{}, p.Headers...) // not nil: that would grant all
	c.Admit = p.Check
	if id != "" {
		c.Log = c.Log.With("project", id)
	}
	return relyingparty.New(c)
}

// nobody refuses whatever a page of any project asks, in the shape of the route and where
// that page can read it.
func (cfg Config) nobody() (*relyingparty.Server, error) {
	var parties []relyingparty.RelyingParty
	var headers []string
	add := func(p Project) {
		headers = append(headers, p.Headers...)
		for _, rp := range p.RelyingParties {
			i := slices.IndexFunc(parties, func(have relyingparty.RelyingParty) bool { return have.ID == rp.ID })
			if i < 0 {
				parties = append(parties, relyingparty.RelyingParty{ID: rp.ID, Origins: slices.Clone(rp.Origins)})
			} else {
				parties[i].Origins = append(parties[i].Origins, rp.Origins...)
			}
		}
	}
	add(Project{RelyingParties: cfg.Server.RelyingParties})
	if cfg.Plain != nil {
		add(*cfg.Plain)
	}
	for _, p := range cfg.Projects {
		add(p)
	}
	slices.Sort(headers)
	return cfg.server("", Project{
		RelyingParties: parties, Headers: slices.Compact(headers),
		Check: func(context.Context, http.Header) error { return relyingparty.ErrUnknownProject },
	})
}

// ServeHTTP serves the routes relative to where it is mounted.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, route := split(r.URL.Path)
	next := h.plain
	if id != "" {
		next = h.projects[id]
	}
	if next == nil {
		next = h.nobody
	}
	inner := *r
	inner.URL = &url.URL{Path: route} // relyingparty looks at nothing else of it
	next.ServeHTTP(w, &inner)
}

// split takes the version and the project out of a path: "/api/v4/p/login/options" is
// "p" and "/login/options".
func split(path string) (project, route string) {
	for _, version := range []string{"/api/v3/", "/api/v4/"} {
		rest, ok := strings.CutPrefix(path, version)
		if !ok {
			continue
		}
		id, tail, _ := strings.Cut(rest, "/")
		switch {
		case id == "":
			return "", path // no route
		case slices.Contains(reserved, id):
			return "", "/" + rest
		}
		return id, "/" + tail
	}
	return "", path
}
