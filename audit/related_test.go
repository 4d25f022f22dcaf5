package audit_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/audit"
)

func TestLabelsAreCountedAsBrowsersCountThem(t *testing.T) {
	r := must[*audit.RelatedOrigins](t)(audit.ParseRelatedOrigins("wallet.example", []byte(`{"x": 1, "origins": [
		"https://example.co.uk", "https://login.example.co.uk:8443/path", "https://EXAMPLE.com:443", "https://example.de",
		"https://second.com", "https://third.com", "https://fourth.com", "https://fifth.com",
		"https://sixth.com", "https://example.fr", "https://fifth.org",
		"http://second.com", "second.com", "https://localhost", "https://127.0.0.1", "https://127.1", "https://[::1]", "https://co.uk", "https://bücher.example", "https://a@second.com", ""]}`)))
	if want := []string{"example", "second", "third", "fourth", "fifth"}; !slices.Equal(r.Labels, want) {
		t.Errorf("labels %v, want %v", r.Labels, want)
	}
	for origin, want := range map[string]bool{
		"https://example.co.uk": true, "https://login.example.co.uk:8443": true, "https://example.com": true, "https://example.de": true, "https://fifth.com": true,
		"https://sixth.com": false, "https://example.fr": true, "https://fifth.org": true, "http://second.com": false, "https://127.0.0.1": false,
		"https://co.uk": false, "https://second.com:444": false, "": false,
	} {
		if r.Allows(origin) != want {
			t.Errorf("%s: %t", origin, !want)
		}
	}
	ignored := 0
	for _, o := range r.Origins {
		if (o.Ignored == "") != (o.Origin != "") {
			t.Errorf("%+v", o)
		}
		if o.Ignored != "" {
			ignored++
		}
	}
	if ignored != 11 {
		t.Errorf("%d are passed over: %+v", ignored, r.Origins)
	}
	words := strings.Join(r.Words("https://sixth.com", "https://fifth.com"), "\n")
	for _, w := range []string{"sixth is one too many", "https://sixth.com may not.", "It uses 5 of 5", "does not outlive wallet.example"} {
		if !strings.Contains(words, w) {
			t.Errorf("no %q in %s", w, words)
		}
	}
	if strings.Contains(words, "https://fifth.com may not.") {
		t.Error(words)
	}
}

func TestFilesThatBrowsersRefuse(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "a list": `["https://a.example"]`, "no list": `{"origins": "https://a.example"}`, "no origins": `{}`, "a number": `{"origins": ["https://a.example", 7]}`,
		"twice": `{"origins": [], "origins": []}`, "cut": `{"origins": [`, "a tail": `{"origins": []}x`, "TOML": `origins = []`,
		"too long": `{"origins": ["` + strings.Repeat("x", 64<<10) + `"]}`, "too many": `{"origins": [` + strings.Repeat(`"",`, 256) + `""]}`,
	} {
		r, err := audit.ParseRelatedOrigins("wallet.example", []byte(body))
		if e, ok := errors.AsType[*audit.RelatedOriginsError](err); !ok || r != nil || e.Hint() == "" || !strings.HasPrefix(err.Error(), "https://wallet.example/.well-known/webauthn: ") {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// site serves example.com and whatever else is asked for from one server.
func site(t *testing.T, h http.HandlerFunc) *http.Client {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	c := s.Client()
	// Without TLS there is a good file, which browsers do not ask for.
	open := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"origins":["https://second.example"]}`)
	}))
	t.Cleanup(open.Close)
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
		at := s.Listener
		if strings.HasSuffix(to, ":80") {
			at = open.Listener
		}
		return (&net.Dialer{}).DialContext(ctx, network, at.Addr().String())
	}
	return c
}

func TestTheFileIsFetchedAsBrowsersFetchIt(t *testing.T) {
	file := func(w http.ResponseWriter, kind string) {
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, `{"origins":["https://second.example"]}`)
	}
	good := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/moved":
			file(w, "application/json; charset=utf-8")
		case r.URL.Path == audit.RelatedPath && r.Header.Get("Cookie") == "" && r.Host == "example.com":
			http.Redirect(w, r, "/moved", http.StatusFound)
		default:
			t.Errorf("%s %s", r.Method, r.URL)
		}
	})
	good.Jar = must[*cookiejar.Jar](t)(cookiejar.New(nil))
	good.Jar.SetCookies(&url.URL{Scheme: "https", Host: "example.com"}, []*http.Cookie{{Name: "who", Value: "me"}})
	r := must[*audit.RelatedOrigins](t)(audit.CheckRelatedOrigins(t.Context(), good, "example.com"))
	if !r.Allows("https://second.example") || r.RPID != "example.com" {
		t.Errorf("%+v", r)
	}
	for name, h := range map[string]http.HandlerFunc{
		"not there":      http.NotFound,
		"not JSON":       func(w http.ResponseWriter, _ *http.Request) { file(w, "text/plain") },
		"no type":        func(w http.ResponseWriter, _ *http.Request) { file(w, "") },
		"another status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"in a circle":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"to plain HTTP": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/x", http.StatusFound)
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, strings.Repeat(" ", 1<<20))
		},
		"shorter than it says": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			file(w, "application/json")
		},
	} {
		got, err := audit.CheckRelatedOrigins(t.Context(), site(t, h), "example.com")
		if e, ok := errors.AsType[*audit.RelatedOriginsError](err); !ok || got != nil || e.Hint() == "" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "Example.com", "example.com/x", "example.com:443", "127.0.0.1", "a..b", "https://example.com", "bücher.example", strings.Repeat("a", 300), "a@b", "1.2.3"} {
		if _, err := audit.CheckRelatedOrigins(t.Context(), good, bad); !errors.As(err, new(*audit.RelatedOriginsError)) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := audit.CheckRelatedOrigins(ended, good, "example.com"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzRelatedOrigins(f *testing.F) {
	f.Add([]byte(`{"origins":["https://a.example.co.uk","x",""]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := audit.ParseRelatedOrigins("wallet.example", body)
		if (r == nil) != (err != nil) {
			t.Fatal("value and error")
		}
		if err == nil && (len(r.Labels) > audit.MaxLabels || len(r.Words()) < 3) {
			t.Fatalf("%+v", r)
		}
	})
}
