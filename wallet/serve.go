// Serving the page: every file is read and compressed once, when the page is
// made, so that a request costs one write and a missing module is a start-up
// error instead of a blank screen.

package wallet

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Vendor holds the two pinned npm packages the page imports, each rooted where
// its package.json stands. Neither is trusted beyond its checksum, which whoever
// fetched it has checked.
type Vendor struct {
	Hashes fs.FS // @noble/hashes
	Curves fs.FS // @noble/curves
}

// The modules the pages reach, and no others, are served. A test walks the
// imports and compares.
var (
	hashModules  = []string{"_md.js", "_u64.js", "hmac.js", "sha2.js", "sha3.js", "utils.js"}
	curveModules = []string{"abstract/curve.js", "abstract/der.js", "abstract/modular.js", "abstract/weierstrass.js", "utils.js"}
)

// Page serves the wallet page at /, the guided page at /backup, the pages for session
// keys at /grant and /session, the one for recovery at /recovery, the one for Flow at /flow
// and the one that apps open through FCL at /fcl, with their modules, under GET and HEAD.
type Page struct {
	policy string
	// drawing also lets a document show pictures that its own scripts hold: an image runs nothing.
	drawing string
	files   map[string]file // by URL path
}

type file struct {
	kind        string // Content-Type
	etag        string
	policy      string // of content; empty: the page's
	plain, gzip []byte // gzip is nil where it would not be shorter
}

// New reads the page and the modules it imports and compresses them.
func New(v Vendor) (*Page, error) {
	policy, err := ContentSecurityPolicy()
	if err != nil {
		return nil, err
	}
	p := &Page{
		policy: policy, drawing: strings.Replace(policy, "img-src 'self'", "img-src 'self' blob:", 1),
		files: make(map[string]file),
	}
	own := Files()
	err = fs.WalkDir(own, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return p.add("/"+name, own, name)
	})
	if err != nil {
		return nil, fmt.Errorf("wallet: reading the page: %w", err)
	}
	if err := p.addRescue(); err != nil {
		return nil, fmt.Errorf("wallet: reading the rescue page: %w", err)
	}
	p.files["/"] = p.files["/index.html"]
	for _, page := range []string{"/backup", "/grant", "/session", "/recovery", "/flow"} {
		p.files[page] = p.files[page+".html"]
	}
	// FCL's has this path alone: see opened.
	p.files[opened] = p.files[opened+".html"]
	delete(p.files, opened+".html")
	for _, vendored := range []struct {
		prefix string
		from   fs.FS
		names  []string
	}{
		{"/vendor/noble-hashes/", v.Hashes, hashModules},
		{"/vendor/noble-curves/", v.Curves, curveModules},
	} {
		if vendored.from == nil {
			return nil, fmt.Errorf("wallet: no files for %s", vendored.prefix)
		}
		for _, name := range vendored.names {
			if err := p.add(vendored.prefix+name, vendored.from, name); err != nil {
				return nil, fmt.Errorf("wallet: %s%s: %w", vendored.prefix, name, err)
			}
		}
	}
	return p, nil
}

func (p *Page) add(url string, from fs.FS, name string) error {
	plain, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	kind, ok := contentTypes[path.Ext(name)]
	if !ok {
		return fmt.Errorf("no content type for %q", name)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(plain); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(plain)
	f := file{kind: kind, etag: base64.RawURLEncoding.EncodeToString(sum[:9]), plain: plain}
	if packed.Len() < len(plain) {
		f.gzip = packed.Bytes()
	}
	p.files[url] = f
	return nil
}

// documentHeaders are what a browser obeys in documents only. The policy of
// content is the page's own.
var documentHeaders = map[string]string{
	"Content-Security-Policy":    "",
	"X-Frame-Options":            "DENY",
	"Referrer-Policy":            "no-referrer",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Permissions-Policy": "publickey-credentials-create=(self), publickey-credentials-get=(self), clipboard-write=(self)" +
		", camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

// opened is the page that apps open in a window of its own and wait for: it has to reach
// the window that opened it, which Cross-Origin-Opener-Policy would cut off. All else
// holds for it as well; in a frame it is refused, because an app could lay its own words
// over it.
const opened = "/fcl"

var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript", // modules are UTF-8 by definition
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Paths lists every URL path that is served, sorted.
func (p *Page) Paths() []string {
	var paths []string
	for url := range p.files {
		paths = append(paths, url)
	}
	slices.Sort(paths)
	return paths
}

// ServeHTTP answers with a file of the page or 404; it takes nothing from the
// request but method, path and two headers.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch path.Ext(r.URL.Path) {
	case ".js", ".css":
		// What governs documents says nothing about these, and costs half a kilobyte each.
		for name := range documentHeaders {
			h.Del(name)
		}
	default:
		for name, value := range documentHeaders {
			h.Set(name, value)
		}
		h.Set("Content-Security-Policy", p.policy)
		if r.URL.Path == "/recovery" || r.URL.Path == "/recovery.html" {
			h.Set("Content-Security-Policy", p.drawing)
		}
		if r.URL.Path == opened {
			h.Set("Cross-Origin-Opener-Policy", "unsafe-none")
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "The page is read only.", http.StatusMethodNotAllowed)
		return
	}
	f, ok := p.files[r.URL.Path]
	if !ok {
		http.Error(w, "There is no such page. The wallet is at /.", http.StatusNotFound)
		return
	}
	if f.policy != "" {
		h.Set("Content-Security-Policy", f.policy)
	}
	h.Del("X-Request-Id") // finds a refusal in the log; this is none
	body, etag := f.plain, `"`+f.etag+`"`
	h.Set("Vary", "Accept-Encoding")
	if f.gzip != nil && acceptsGzip(r) {
		body, etag = f.gzip, `"`+f.etag+`-gz"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Etag", etag)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", f.kind)
	if r.Header.Get("If-None-Match") == etag {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the reader has gone; there is no one to tell
}

// acceptsGzip reads Accept-Encoding as browsers write it; a weight of zero is a no.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !strings.HasPrefix(strings.TrimSpace(weight), "q=0") || strings.Trim(strings.TrimSpace(weight), "q=0.") != ""
		}
	}
	return false
}
