package wallet_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/wallet"
)

func vendor(t *testing.T) wallet.Vendor {
	t.Helper()
	set, err := artifacts.Open(t.Context(), artifacts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := set.FS("@noble/hashes")
	if err != nil {
		t.Fatal(err)
	}
	curves, err := set.FS("@noble/curves")
	if err != nil {
		t.Fatal(err)
	}
	return wallet.Vendor{Hashes: hashes, Curves: curves}
}

func newPage(t *testing.T) *wallet.Page {
	t.Helper()
	p, err := wallet.New(vendor(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func get(p http.Handler, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestEveryFileIsServedPlainAndCompressed(t *testing.T) {
	p := newPage(t)
	for _, url := range p.Paths() {
		plain := get(p, url)
		packed := get(p, url, "Accept-Encoding", "br, gzip")
		if plain.Code != http.StatusOK || packed.Code != http.StatusOK {
			t.Fatalf("%s: status %d and %d", url, plain.Code, packed.Code)
		}
		if document := path.Ext(url) != ".js" && path.Ext(url) != ".css"; plain.Header().Get("X-Content-Type-Options") != "nosniff" || document != (plain.Header().Get("Content-Security-Policy") != "") {
			t.Errorf("%s: headers %v", url, plain.Header())
		}
		unpacked := packed.Body.Bytes()
		if packed.Header().Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			if unpacked, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(unpacked, plain.Body.Bytes()) {
			t.Errorf("%s: compressed and plain differ", url)
		}
		for _, first := range []*httptest.ResponseRecorder{plain, packed} {
			enc := "identity"
			if first == packed {
				enc = "gzip"
			}
			again := get(p, url, "If-None-Match", first.Header().Get("Etag"), "Accept-Encoding", enc)
			if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
				t.Errorf("%s: asked again with its tag: status %d, %d bytes", url, again.Code, again.Body.Len())
			}
		}
	}
}

func TestOnlyThePageIsServed(t *testing.T) {
	p := newPage(t)
	for _, url := range []string{"/nothing", "/wallet.go", "/../wallet.go", "/vendor/noble-curves/nist.js", "/vendor/noble-hashes/package.json", "/page/app.js"} {
		if w := get(p, url); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", url, w.Code)
		}
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
	for header, compressed := range map[string]bool{"": false, "gzip": true, "gzip;q=0": false, "br;q=1, gzip;q=0.5": true, "gzip; q=0.0": false, "GZIP": true, "gzipped": false} {
		if got := get(p, "/", "Accept-Encoding", header).Header().Get("Content-Encoding") == "gzip"; got != compressed {
			t.Errorf("Accept-Encoding %q: compressed %v", header, got)
		}
	}
}

// What opens the page for FCL stays within its reach, and nothing else of any page.
func TestOnlyThePageForFCLKeepsItsOpener(t *testing.T) {
	p := newPage(t)
	seen := 0
	for _, url := range append(p.Paths(), "/nothing", "/fcl/", "/fcl.html") {
		if ext := path.Ext(url); ext == ".js" || ext == ".css" {
			continue
		}
		h := get(p, url).Header()
		want := "same-origin"
		if url == "/fcl" {
			want = "unsafe-none"
			seen++
		}
		if got := h.Values("Cross-Origin-Opener-Policy"); len(got) != 1 || got[0] != want {
			t.Errorf("%s: Cross-Origin-Opener-Policy %q, want %q", url, got, want)
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s can be framed: %v", url, h)
		}
	}
	if seen != 1 {
		t.Error("there is no page for FCL")
	}
}

func TestAMissingModuleIsAnErrorAtStart(t *testing.T) {
	v := vendor(t)
	for _, broken := range []wallet.Vendor{{}, {Hashes: v.Hashes}, {Hashes: v.Curves, Curves: v.Curves}} {
		if p, err := wallet.New(broken); err == nil || p != nil {
			t.Errorf("a page without its modules: %v, %v", p, err)
		}
	}
}

var (
	comment      = regexp.MustCompile(`(?s)/\*.*?\*/`) // whose import(…) are types
	inlineScript = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)
	atOnce       = regexp.MustCompile(`(?m)^(?:import|export)\s(?:[^'"\n]*from )?['"]([^'"]+)['"]`)
	imported     = regexp.MustCompile(atOnce.String() + `|\bimport\(['"]([^'"]+)['"]\)`)
)

func TestThePolicyCoversTheOneInlineElement(t *testing.T) {
	for _, name := range []string{"index.html", "backup.html", "grant.html", "session.html", "recovery.html", "flow.html", "fcl.html"} {
		t.Run(name, func(t *testing.T) { policyCovers(t, name) })
	}
}

func policyCovers(t *testing.T, name string) {
	html, err := fs.ReadFile(wallet.Files(), name)
	if err != nil {
		t.Fatal(err)
	}
	policy := get(newPage(t), "/").Header().Get("Content-Security-Policy")
	inline := 0
	for _, m := range inlineScript.FindAllSubmatch(html, -1) {
		if len(m[2]) == 0 {
			continue
		}
		inline++
		sum := sha256.Sum256(m[2])
		if !bytes.Contains(m[1], []byte(`type="importmap"`)) || !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("inline script %q is not covered by %q", m[0], policy)
		}
	}
	if inline != 1 {
		t.Errorf("%d inline elements, want the import map alone", inline)
	}
	if m := regexp.MustCompile(`(?i)\son\w+=|\sstyle=|<style|javascript:[^ ]|https?://`).Find(html); m != nil {
		t.Errorf("%s has %q", name, m)
	}
	for _, bad := range []string{"unsafe", "*", "http"} {
		if strings.Contains(policy, bad) {
			t.Errorf("policy has %q: %s", bad, policy)
		}
	}
}

// The modules that are served are those that are imported, and no others.
func TestTheImportsAreTheModules(t *testing.T) {
	p := newPage(t)
	seen := reached(t, p, imported, "/app.js", "/backup/main.js", "/grant/owner.js", "/grant/session.js", "/recovery/main.js", "/flow/main.js", "/flow/fcl.js")
	for _, url := range p.Paths() {
		if path.Ext(url) == ".js" && !seen[url] {
			t.Errorf("%s is served and never imported", url)
		}
	}
	html := get(p, "/").Body.String()
	first, preloaded := reached(t, p, atOnce, "/app.js"), map[string]bool{"/app.js": true}
	for _, m := range regexp.MustCompile(`modulepreload" href="\.([^"]+)"`).FindAllStringSubmatch(html, -1) {
		preloaded[m[1]] = true
	}
	if !maps.Equal(preloaded, first) {
		t.Errorf("preloaded is %v, imported at once %v", preloaded, first)
	}
}

// reached lists the modules that those at from import, and what these import: as what matches, at once or later as well.
func reached(t *testing.T, p *wallet.Page, what *regexp.Regexp, from ...string) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	var walk func(url string)
	walk = func(url string) {
		if seen[url] {
			return
		}
		seen[url] = true
		w := get(p, url)
		if w.Code != http.StatusOK {
			t.Errorf("%s is imported and not served", url)
		}
		for _, m := range what.FindAllStringSubmatch(comment.ReplaceAllString(w.Body.String(), ""), -1) {
			name := strings.Join(m[1:], "")
			switch {
			case strings.HasPrefix(name, "@noble/"):
				walk("/vendor/noble-" + strings.TrimPrefix(name, "@noble/"))
			case strings.HasPrefix(name, "."):
				walk(path.Join(path.Dir(url), name))
			default:
				t.Errorf("%s imports %s", url, name)
			}
		}
	}
	for _, url := range from {
		walk(url)
	}
	return seen
}

// Sizes as a browser transfers them, without headers. The wallet loads the account's screen beside the first prompt, the
// curves when somebody signs in, and what makes payments cheaper only on a chain without P256VERIFY; the guided page needs
// the curves at once.
func TestThePagesAreSmall(t *testing.T) {
	p := newPage(t)
	start, screen := reached(t, p, atOnce, "/app.js"), reached(t, p, atOnce, "/app.js", "/send.js", "/check.js")
	for _, part := range []struct {
		name    string
		limit   int
		modules map[string]bool
		files   []string
	}{
		{"the first load", 54_000, start, []string{"/", "/style.css", "/icon.svg"}},
		{"the account's screen", 11_000, without(screen, start), nil},
		{"signing in", 52_500, without(reached(t, p, atOnce, "/recover.js"), start), nil},
		{"chains without P256VERIFY", 6_000, without(reached(t, p, atOnce, "/table.js", "/hints.js"), screen), nil},
		{"the guided page", 142_000, reached(t, p, imported, "/backup/main.js"), []string{"/backup", "/style.css", "/backup/style.css", "/icon.svg"}},
		{"the owner's page for session keys", 172_500, reached(t, p, imported, "/grant/owner.js"), []string{"/grant", "/style.css", "/grant/style.css", "/icon.svg"}},
		{"the session key's page", 172_500, reached(t, p, imported, "/grant/session.js"), []string{"/session", "/style.css", "/grant/style.css", "/icon.svg"}},
		{"the page for Flow", 130_000, reached(t, p, imported, "/flow/main.js"), []string{"/flow", "/style.css", "/grant/style.css", "/icon.svg"}},
		{"the page that apps open on Flow", 120_000, reached(t, p, imported, "/flow/fcl.js"), []string{"/fcl", "/style.css", "/grant/style.css", "/icon.svg"}},
		{"the page for recovery", 220_000, reached(t, p, imported, "/recovery/main.js"), []string{"/recovery", "/style.css", "/grant/style.css", "/recovery/style.css", "/icon.svg"}},
	} {
		files := slices.Sorted(maps.Keys(part.modules))
		sum := 0
		for _, url := range append(files, part.files...) {
			n := get(p, url, "Accept-Encoding", "gzip").Body.Len()
			sum += n
			t.Logf("%6d %s", n, url)
		}
		t.Logf("%s: %d compressed bytes", part.name, sum)
		if sum > part.limit {
			t.Errorf("%s is %d bytes, more than %d", part.name, sum, part.limit)
		}
	}
}

func without(some, others map[string]bool) map[string]bool {
	left := maps.Clone(some)
	maps.DeleteFunc(left, func(url string, _ bool) bool { return others[url] })
	return left
}

func TestNothingOfNobleIsInTheRepository(t *testing.T) {
	err := fs.WalkDir(wallet.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(wallet.Files(), name)
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte("Paul Miller")) || slices.Contains(strings.Split(name, "/"), "vendor") {
			t.Errorf("%s is third-party", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
