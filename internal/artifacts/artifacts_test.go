package artifacts_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/artifacts"
)

// openReal reads the real packages, from the cache or the configured registry.
func openReal(t testing.TB, o artifacts.Options) *artifacts.Set {
	t.Helper()
	set, err := artifacts.Open(context.Background(), o)
	if errors.Is(err, artifacts.ErrUnavailable) {
		t.Skipf("SKIPPED: the npm registry cannot be reached and the cache is empty: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRealPackagesAreThePinnedOnes(t *testing.T) {
	dir := t.TempDir()
	openReal(t, artifacts.Options{CacheDir: dir}) // downloads all
	// The cache alone is enough now, as a cache and as a directory the user names.
	for _, o := range []artifacts.Options{{CacheDir: dir, Registry: "http://127.0.0.1:1"}, {Dir: dir}} {
		set, err := artifacts.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range artifacts.Releases() {
			code, err := set.EntryPoint(r.Version)
			if err != nil {
				t.Error(err)
				continue
			}
			if got := crypto.CreateAddress2(artifacts.Deployer, r.Salt, crypto.Keccak256(code)); (got == r.Address) == r.Candidate {
				t.Errorf("EntryPoint %s: CREATE2 gives %s, published at %s, candidate %v", r.Version, got, r.Address, r.Candidate)
			}
		}
		if _, err := set.EntryPoint("0.5"); !errors.Is(err, artifacts.ErrNotPinned) {
			t.Errorf("EntryPoint 0.5: %v", err)
		}
	}
}

func TestModulesAreServedUnmodifiedAndNothingElse(t *testing.T) {
	set := openReal(t, artifacts.Options{})
	for pkg, files := range map[string][]string{
		"@noble/hashes": {"sha3.js", "utils.js", "_u64.js", "LICENSE"},
		"@noble/curves": {"secp256k1.js", "nist.js", "abstract/weierstrass.js", "LICENSE"},
	} {
		modules, err := set.FS(pkg)
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(modules, files...); err != nil {
			t.Error(err)
		}
		err = fs.WalkDir(modules, ".", func(path string, d fs.DirEntry, err error) error {
			if !d.IsDir() && path != "LICENSE" && !strings.HasSuffix(path, ".js") {
				t.Errorf("%s is served", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		w := httptest.NewRecorder()
		http.FileServerFS(modules).ServeHTTP(w, httptest.NewRequest("GET", "/"+files[0], nil))
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %d %s", files[0], w.Code, w.Header())
		}
	}
	for _, pkg := range []string{"@noble/ciphers", "@account-abstraction/contracts", ""} {
		if _, err := set.FS(pkg); !errors.Is(err, artifacts.ErrNotPinned) {
			t.Errorf("FS(%q): %v", pkg, err)
		}
	}
}

func TestOfflineErrorSaysWhatToDo(t *testing.T) {
	_, err := artifacts.Open(t.Context(), artifacts.Options{CacheDir: t.TempDir(), Registry: "http://127.0.0.1:1"})
	var e *artifacts.Error
	if !errors.Is(err, artifacts.ErrUnavailable) || !errors.As(err, &e) {
		t.Fatal(err)
	}
	for _, word := range []string{"network", "--artifacts DIR", "npm pack"} {
		if !strings.Contains(e.Hint, word) {
			t.Errorf("hint %q lacks %q", e.Hint, word)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	openReal(b, artifacts.Options{})
	for b.Loop() {
		openReal(b, artifacts.Options{})
	}
}
