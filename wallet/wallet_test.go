package wallet_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
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
	imported     = regexp.MustCompile(`(?m)^(?:import|export)\s(?:[^'"\n]*from )?['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)`)
)

func TestThePolicyCoversTheOneInlineElement(t *testing.T) {
	for _, name := range []string{"index.html", "backup.html"} {
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
	seen := reached(t, p, "/app.js", "/backup/main.js")
	for _, url := range p.Paths() {
		if path.Ext(url) == ".js" && !seen[url] {
			t.Errorf("%s is served and never imported", url)
		}
	}
	html := get(p, "/").Body.String()
	for _, m := range regexp.MustCompile(`modulepreload" href="\.([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if !seen[m[1]] {
			t.Errorf("%s is preloaded and never imported", m[1])
		}
	}
}

// reached lists the modules that those at from import, and what these import, at once or later.
func reached(t *testing.T, p *wallet.Page, from ...string) map[string]bool {
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
		for _, m := range imported.FindAllStringSubmatch(comment.ReplaceAllString(w.Body.String(), ""), -1) {
			name := m[1] + m[2]
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

// Sizes as a browser transfers them, without headers. The wallet loads the curves
// only when somebody signs in; the guided page needs them at once.
func TestThePagesAreSmall(t *testing.T) {
	p := newPage(t)
	all := sizes(t, p, "/app.js", "/", "/style.css", "/icon.svg")
	if load := all["own"] + all["/vendor/noble-hashes"]; load > 60_000 {
		t.Errorf("the wallet loads %d bytes, more than 60,000", load)
	}
	if all["all"] > 112_000 {
		t.Errorf("all of the wallet is %d bytes, more than 112,000", all["all"])
	}
	if guided := sizes(t, p, "/backup/main.js", "/backup", "/style.css", "/backup/style.css", "/icon.svg"); guided["all"] > 142_000 {
		t.Errorf("the guided page is %d bytes, more than 142,000", guided["all"])
	}
}

// sizes sums up the modules that entry imports, and the other files named.
func sizes(t *testing.T, p *wallet.Page, entry string, files ...string) map[string]int {
	t.Helper()
	sum := map[string]int{}
	for url := range reached(t, p, entry) {
		files = append(files, url)
	}
	slices.Sort(files)
	for _, url := range files {
		part := "own"
		if strings.HasPrefix(url, "/vendor/") {
			part = path.Dir(url)
			if strings.Contains(url, "curves") || path.Base(url) == "hmac.js" {
				part = "curves"
			}
		}
		n := get(p, url, "Accept-Encoding", "gzip").Body.Len()
		sum[part] += n
		sum["all"] += n
		t.Logf("%6d %s", n, url)
	}
	t.Logf("%s: compressed bytes: %v", entry, sum)
	return sum
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
