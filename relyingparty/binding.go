package relyingparty

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// The binding cookie ties a challenge to the browser that asked for it. It is random,
// carries no meaning and is no session.
const (
	bindingSize   = 16
	bindingMaxAge = 24 * 60 * 60 // seconds
)

func bindingName(secure bool) string {
	if secure {
		return "__Host-postern-binding"
	}
	return "postern-binding"
}

// secureCookie: pages on http://localhost get a cookie without Secure, because not
// every browser keeps a secure one there. CrossSite needs Secure in any case.
func (s *Server) secureCookie(origin string) bool {
	return s.cfg.CrossSite || strings.HasPrefix(origin, "https:")
}

// binding is the digest of the browser's cookie. Without a cookie it is one that no
// challenge carries.
func (s *Server) binding(r *http.Request, origin string) digest16 {
	if s.cfg.DangerNoBinding {
		return digest16{}
	}
	value, ok := readBinding(r, bindingName(s.secureCookie(origin)))
	if !ok {
		return digestOf("no binding")
	}
	return digestOf("binding", value)
}

func readBinding(r *http.Request, name string) ([]byte, bool) {
	c, err := r.Cookie(name)
	if err != nil {
		return nil, false
	}
	value, err := b64.DecodeString(c.Value)
	return value, err == nil && len(value) == bindingSize
}

// bind gives the browser a cookie, keeping one it already has so that two tabs can
// be in a ceremony at once.
func (s *Server) bind(w http.ResponseWriter, r *http.Request, origin string) digest16 {
	if s.cfg.DangerNoBinding {
		return digest16{}
	}
	secure := s.secureCookie(origin)
	value, ok := readBinding(r, bindingName(secure))
	if !ok {
		value = make([]byte, bindingSize)
		rand.Read(value)
	}
	c := &http.Cookie{
		Name: bindingName(secure), Value: b64.EncodeToString(value), Path: "/",
		MaxAge: bindingMaxAge, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
	if s.cfg.CrossSite {
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
	}
	http.SetCookie(w, c)
	return digestOf("binding", value)
}
