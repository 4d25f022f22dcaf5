package browsertest

import (
	"context"
	_ "embed"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
	"github.com/postern-dev/postern/relyingparty/zerodev"
)

const (
	modules = "../../../interop/js/node_modules"
	apiKey  = "a key that the page sends"
)

// page.html is an application's page as its bundler would put it together: the packages
// that @zerodev/webauthn-key asks for, and npm's Buffer as the global that it expects.
//
//go:embed page.html
var pageHTML []byte

// viemJS is what a bundler leaves of viem for this one package.
const viemJS = `export { concatHex } from '/npm/viem/_esm/utils/data/concat.js';
export { pad } from '/npm/viem/_esm/utils/data/pad.js';
export { keccak256 } from '/npm/viem/_esm/utils/hash/keccak256.js';
export { toHex } from '/npm/viem/_esm/utils/encoding/toHex.js';
export { hexToBytes } from '/npm/viem/_esm/utils/encoding/toBytes.js';
export { bytesToBigInt } from '/npm/viem/_esm/utils/encoding/fromBytes.js';
`

// missing skips a test that cannot run, or fails it where it has to.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip("SKIPPED, NOT PASSED: " + what)
}

// listen serves on a free port of localhost and returns the origin.
func listen(t *testing.T, h func(origin string) http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://localhost:" + port
	s := &http.Server{Handler: h(origin)}
	go func() { _ = s.Serve(l) }() // ends with Close
	t.Cleanup(func() { s.Close() })
	return origin
}

// application serves the page and the files of npm's packages.
func application(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(modules, "@zerodev", "webauthn-key", "_esm", "index.js")); err != nil {
		missing(t, "@zerodev/webauthn-key is missing; run npm ci in interop/js")
	}
	files := http.StripPrefix("/npm/", http.FileServer(http.Dir(modules)))
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(pageHTML)
	})
	mux.HandleFunc("/viem.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(viemJS))
	})
	mux.HandleFunc("/npm/", func(w http.ResponseWriter, r *http.Request) {
		if path.Ext(r.URL.Path) == "" { // "@noble/curves/p256"
			r.URL.Path += ".js"
		}
		files.ServeHTTP(w, r)
	})
	return listen(t, func(string) http.Handler { return mux })
}

// passkeyServer serves plain routes and a project with an API key to pages of one origin.
func passkeyServer(t *testing.T, origins ...string) string {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "passkeys.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h, err := zerodev.New(zerodev.Config{
		Server: relyingparty.Config{
			RelyingParties: []relyingparty.RelyingParty{{ID: "localhost", Origins: origins}},
			Store:          store, Log: slog.New(slog.DiscardHandler),
		},
		Plain:    &zerodev.Project{},
		Projects: map[string]zerodev.Project{"app": {Headers: []string{"X-Api-Key"}, Check: zerodev.APIKey("X-Api-Key", apiKey)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return listen(t, func(string) http.Handler { return http.StripPrefix("/passkeys", h) }) + "/passkeys"
}

// chromium starts a browser of this test's own.
func chromium(t *testing.T) context.Context {
	t.Helper()
	binary := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			binary = found
			break
		}
	}
	if binary == "" {
		missing(t, "Chromium is not installed (Debian: apt-get install chromium)")
	}
	dir, err := os.MkdirTemp("", "postern-browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.UserDataDir(dir),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		stopBrowser()
		stopAllocator()
		os.RemoveAll(dir)
	})
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return browser
}
