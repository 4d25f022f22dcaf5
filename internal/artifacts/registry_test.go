package artifacts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// entry is one file of a made-up tarball.
type tarEntry struct {
	name string
	body string
	kind byte
}

func file(name, body string) tarEntry { return tarEntry{name, body, tar.TypeReg} }

func makeTarball(t testing.TB, entries ...tarEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644}
		if e.kind == tar.TypeReg {
			h.Size = int64(len(e.body))
		} else {
			h.Linkname = e.body
		}
		if err := tw.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if e.kind == tar.TypeReg {
			io.WriteString(tw, e.body)
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pinned is the pin of a tarball whose used files are given.
func pinned(tarball []byte, files map[string]string) *pin {
	sum := sha512.Sum512(tarball)
	p := &pin{Name: "@some/thing", Version: "1.2.3", Tarball: "some-thing-1.2.3.tgz", Size: int64(len(tarball)),
		Integrity: "sha512-" + base64.StdEncoding.EncodeToString(sum[:]), Files: map[string]string{}}
	for name, body := range files {
		sum := sha256.Sum256([]byte(body))
		p.Files[name] = hex.EncodeToString(sum[:])
	}
	return p
}

// load opens one package through a registry served by handler.
func load(t *testing.T, dir string, p *pin, handler http.HandlerFunc) (*content, error) {
	t.Helper()
	t.Setenv("npm_config_registry", "")
	server := httptest.NewServer(handler)
	defer server.Close()
	open, err := loader(Options{CacheDir: dir, Registry: server.URL, Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return open(t.Context(), p)
}

func TestRegistryThatMisbehavesIsNamed(t *testing.T) {
	good := makeTarball(t, file("package/a.js", "export {}"))
	p := pinned(good, map[string]string{"a.js": "export {}"})
	tampered := slices.Clone(good)
	tampered[len(tampered)/2] ^= 1
	write := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Write(b) }
	}
	cases := map[string]struct {
		answer http.HandlerFunc
		want   error
	}{
		"tampered":  {write(tampered), ErrIntegrity},
		"truncated": {write(good[:len(good)-9]), ErrIntegrity},
		"longer":    {write(append(slices.Clone(good), make([]byte, 1<<20)...)), ErrIntegrity},
		"empty":     {write(nil), ErrIntegrity},
		"html":      {write([]byte("<!doctype html><title>Sign in to the network</title>")), ErrIntegrity},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			w.Write(good[:10])
		}, ErrUnavailable},
		"not found": {http.NotFound, ErrUnavailable},
		"forbidden": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, ErrUnavailable},
		"slow":      {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ErrUnavailable},
		"slow body": {func(w http.ResponseWriter, r *http.Request) {
			w.Write(good[:10])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ErrUnavailable},
		"circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, ErrUnavailable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := load(t, dir, p, c.answer)
			var e *Error
			if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Hint == "" || e.Package != "@some/thing@1.2.3" {
				t.Errorf("got %v, want %v with a hint", err, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("cache holds %v", left)
			}
		})
	}
}

func TestPackageThatMisbehavesIsRefused(t *testing.T) {
	used := map[string]string{"a.js": "1"}
	bomb := strings.Repeat("\x00", maxUnpacked)
	many := []tarEntry{}
	for range maxEntries + 1 {
		many = append(many, file("package/other", ""))
	}
	cases := map[string][]tarEntry{
		"traversal":       {file("package/../../a.js", "1")},
		"traversal later": {file("package/a.js", "1"), file("../evil", "1")},
		"absolute":        {file("/package/a.js", "1")},
		"backslash":       {file("package\\a.js", "1")},
		"symlink":         {{"package/a.js", "/etc/passwd", tar.TypeSymlink}},
		"hard link":       {{"package/a.js", "/etc/passwd", tar.TypeLink}},
		"twice":           {file("package/a.js", "1"), file("package/a.js", "1")},
		"missing":         {file("package/b.js", "1")},
		"other content":   {file("package/a.js", "2")},
		"bomb":            {file("package/big", bomb), file("package/a.js", "1")},
		"huge used file":  {file("package/a.js", bomb[:maxFile+1])},
		"many entries":    many,
	}
	for name, entries := range cases {
		t.Run(name, func(t *testing.T) {
			tarball := makeTarball(t, entries...)
			_, err := load(t, t.TempDir(), pinned(tarball, used), func(w http.ResponseWriter, _ *http.Request) { w.Write(tarball) })
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v, want ErrMalformed", err)
			}
		})
	}
}

func TestCacheServesAndHeals(t *testing.T) {
	good := makeTarball(t, file("package/a.js", "1"))
	p := pinned(good, map[string]string{"a.js": "1"})
	dir := t.TempDir()
	var asked atomic.Int32
	serve := func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write(good)
	}
	for i, want := range []int32{1, 1, 2, 3} {
		switch i {
		case 2:
			os.WriteFile(filepath.Join(dir, p.Tarball), good[:20], 0o644)
		case 3:
			os.WriteFile(filepath.Join(dir, p.Tarball), bytes.Repeat([]byte{1}, 10*len(good)), 0o644)
		}
		if _, err := load(t, dir, p, serve); err != nil {
			t.Fatal(err)
		}
		if asked.Load() != want {
			t.Errorf("round %d: registry asked %d times, want %d", i, asked.Load(), want)
		}
	}
	// Damaged, and the registry gives the same damage: one try, then an error.
	os.WriteFile(filepath.Join(dir, p.Tarball), good[:20], 0o644)
	asked.Store(0)
	_, err := load(t, dir, p, func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.Write(good[:20]) })
	if !errors.Is(err, ErrIntegrity) || asked.Load() != 1 {
		t.Errorf("got %v after %d requests", err, asked.Load())
	}
}

func TestManyProcessesShareACache(t *testing.T) {
	good := makeTarball(t, file("package/a.js", "1"))
	p := pinned(good, map[string]string{"a.js": "1"})
	dir := t.TempDir()
	c := func() *cache {
		return &cache{dir: dir, log: discard(), fetch: func(context.Context, *pin) ([]byte, error) { return good, nil }}
	}
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if _, err := c().load(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("cache holds %v", left)
	}
}

func TestUnwritableCacheIsNamed(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	os.WriteFile(blocked, nil, 0o644)
	good := makeTarball(t, file("package/a.js", "1"))
	_, err := load(t, filepath.Join(blocked, "cache"), pinned(good, map[string]string{"a.js": "1"}), func(w http.ResponseWriter, _ *http.Request) { w.Write(good) })
	if !errors.Is(err, ErrCache) {
		t.Errorf("got %v, want ErrCache", err)
	}
}

func TestTarballIsFoundThroughMetadata(t *testing.T) {
	good := makeTarball(t, file("package/a.js", "1"))
	p := pinned(good, map[string]string{"a.js": "1"})
	_, err := load(t, t.TempDir(), p, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.EscapedPath() {
		case "/@some%2fthing/1.2.3":
			io.WriteString(w, `{"dist":{"tarball":"http://`+r.Host+`/elsewhere.tgz"}}`)
		case "/elsewhere.tgz":
			w.Write(good)
		default:
			http.NotFound(w, r)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDirectoryReplacesTheNetwork(t *testing.T) {
	good := makeTarball(t, file("package/a.js", "1"))
	p := pinned(good, map[string]string{"a.js": "1"})
	put := func(files map[string]string) string {
		dir := t.TempDir()
		for name, body := range files {
			name = filepath.Join(dir, filepath.FromSlash(name))
			os.MkdirAll(filepath.Dir(name), 0o755)
			os.WriteFile(name, []byte(body), 0o644)
		}
		return dir
	}
	cases := map[string]struct {
		files map[string]string
		want  error
	}{
		"tarball":              {map[string]string{"some-thing-1.2.3.tgz": string(good)}, nil},
		"registry's name":      {map[string]string{"thing-1.2.3.tgz": string(good)}, nil},
		"node_modules":         {map[string]string{"@some/thing/package.json": `{"version":"1.2.3"}`, "@some/thing/a.js": "1"}, nil},
		"unpacked tarball":     {map[string]string{"thing-1.2.3/package/package.json": `{"version":"1.2.3"}`, "thing-1.2.3/package/a.js": "1"}, nil},
		"empty":                {nil, ErrUnavailable},
		"other version":        {map[string]string{"@some/thing/package.json": `{"version":"1.2.4"}`, "@some/thing/a.js": "1"}, ErrUnavailable},
		"damaged tarball":      {map[string]string{"some-thing-1.2.3.tgz": string(good[:50])}, ErrIntegrity},
		"changed file":         {map[string]string{"@some/thing/package.json": `{"version":"1.2.3"}`, "@some/thing/a.js": "2"}, ErrIntegrity},
		"file missing":         {map[string]string{"@some/thing/package.json": `{"version":"1.2.3"}`}, ErrUnavailable},
		"package.json strange": {map[string]string{"@some/thing/package.json": `[`, "@some/thing/a.js": "1"}, ErrUnavailable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := fromDir(put(c.files), p)
			var e *Error
			if c.want == nil && (err != nil || string(got.files["a.js"]) != "1") || c.want != nil && (!errors.Is(err, c.want) || !errors.As(err, &e) || e.Hint == "") {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	dir := put(map[string]string{"@some/thing/package.json": `{"version":"1.2.3"}`})
	if os.Symlink("/etc/hostname", filepath.Join(dir, "@some", "thing", "a.js")) == nil {
		if _, err := fromDir(dir, p); !errors.Is(err, ErrUnavailable) {
			t.Errorf("link out of the package: %v", err)
		}
	}
}
