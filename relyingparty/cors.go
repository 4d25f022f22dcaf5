package relyingparty

import (
	"net/http"
	"slices"
	"strings"
)

// allowOrigin is CORS and the origin check in one: a browser's request passes only
// from a configured origin, which is echoed exactly because credentials are sent.
// A request without Origin is no browser's cross-origin request and passes; what was
// signed names its origin all the same.
func (s *Server) allowOrigin(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Add("Vary", "Origin")
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return nil
	}
	if len(origins) > 1 || !s.origins[origins[0]] {
		return refuse(codeOrigin, nil)
	}
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "X-Request-Id")
	return nil
}

// preflight answers OPTIONS from an allowed origin. Client libraries let applications add
// headers of their own; those that are configured are granted, or without a
// configuration those that are asked for.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request, ep endpoint) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", ep.verb())
	h.Set("Access-Control-Max-Age", "600")
	if s.cfg.Headers != nil {
		allowed := s.cfg.Headers
		if ep.method != "" && !slices.Contains(allowed, "authorization") {
			allowed = append(slices.Clone(allowed), "authorization")
		}
		h.Set("Access-Control-Allow-Headers", strings.Join(allowed, ", "))
	} else {
		h.Add("Vary", "Access-Control-Request-Headers")
		if asked := r.Header.Get("Access-Control-Request-Headers"); isHeaderList(asked) {
			h.Set("Access-Control-Allow-Headers", asked)
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// isHeaderName is as strict as isHeaderList: a star, which means nothing where
// credentials are sent, is none.
func isHeaderName(s string) bool {
	return isHeaderList(s) && !strings.ContainsAny(s, ", ")
}

// isHeaderList: comma separated header names, of a bounded length.
func isHeaderList(s string) bool {
	if s == "" || len(s) > 1024 {
		return false
	}
	return !slices.ContainsFunc([]rune(s), func(c rune) bool {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return false
		}
		return !strings.ContainsRune("-_, ", c)
	})
}
