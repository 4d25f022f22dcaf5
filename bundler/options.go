// Options and the endpoint behind every client.

package bundler

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	defaultTimeout = 20 * time.Second
	defaultBody    = 4 << 20
	defaultRetries = 2
)

// Options of a connection. The zero value is good for most.
type Options struct {
	// HTTP makes the requests; nil is a client of its own. Redirects are never
	// followed, whatever it says: a key in the URL would travel along.
	HTTP *http.Client
	// Header is added to every request, an API key for example.
	Header http.Header
	// Timeout bounds one request with its answer; 0 is 20 seconds. The context
	// bounds the whole call with its retries.
	Timeout time.Duration
	// MaxBody is the longest answer that is read, in bytes; 0 is 4 MiB.
	MaxBody int64
	// Retries is how often a request is repeated after the connection failed or
	// the server was overloaded; 0 is 2, negative is never. All requests of this
	// package are safe to repeat.
	Retries int
}

// endpoint is one JSON-RPC server. It is safe for concurrent use.
type endpoint struct {
	url     string
	shown   string   // the URL without secrets
	secrets []string // scrubbed from every text
	header  http.Header
	http    *http.Client
	timeout time.Duration
	maxBody int64
	retries int
	id      atomic.Uint64
}

// ErrURL is returned for an address that is no HTTP URL. The address is not
// repeated: it may hold a key.
var ErrURL = errors.New("bundler: an http or https URL with a host is needed")

func newEndpoint(rawURL string, o Options) (*endpoint, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, ErrURL
	}
	if o.Timeout < 0 || o.MaxBody < 0 {
		return nil, fmt.Errorf("bundler: negative timeout or body limit")
	}
	e := &endpoint{
		url: rawURL, shown: showURL(u), secrets: secrets(u, o.Header), header: o.Header.Clone(),
		timeout: o.Timeout, maxBody: o.MaxBody, retries: o.Retries,
	}
	if e.timeout == 0 {
		e.timeout = defaultTimeout
	}
	if e.maxBody == 0 {
		e.maxBody = defaultBody
	}
	switch {
	case e.retries == 0:
		e.retries = defaultRetries
	case e.retries < 0:
		e.retries = 0
	}
	client := http.Client{Transport: ownTransport()}
	if o.HTTP != nil {
		client = *o.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e.http = &client
	return e, nil
}

// ownTransport keeps enough connections for the reads that a prepare makes at once.
func ownTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 16
	return t
}

// showURL is scheme and host; providers put keys into path, query and user.
func showURL(u *url.URL) string {
	s := u.Scheme + "://" + u.Host
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		s += "/…"
	}
	return s
}

// secrets lists the parts of URL and headers that may be keys, as written and
// decoded.
func secrets(u *url.URL, h http.Header) []string {
	var out []string
	add := func(s string, min int) {
		if len(s) >= min {
			out = append(out, s)
		}
	}
	if u.User != nil {
		add(u.User.Username(), 4)
		if p, ok := u.User.Password(); ok {
			add(p, 1)
			add(url.QueryEscape(p), 1)
		}
	}
	for _, p := range [2]string{u.Path, u.EscapedPath()} {
		for part := range strings.SplitSeq(p, "/") {
			add(part, 8)
		}
	}
	for _, vs := range u.Query() {
		for _, v := range vs {
			add(v, 4)
			add(url.QueryEscape(v), 4)
		}
	}
	add(u.RawQuery, 4)
	for _, vs := range h {
		for _, v := range vs {
			add(v, 4)
			if _, token, ok := strings.Cut(v, " "); ok { // "Bearer …"
				add(token, 4)
			}
		}
	}
	return out
}

// scrub removes secrets from text that came from outside.
func (e *endpoint) scrub(s string) string {
	for _, secret := range e.secrets {
		s = strings.ReplaceAll(s, secret, "…")
	}
	return s
}
