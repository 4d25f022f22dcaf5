// Package artifacts brings the third-party files this program uses but may not or does not carry:
// the EntryPoint contracts of ERC-4337 (their sources are GPL, so their bytecode is in no MIT
// binary), MetaMask's Delegation Framework, Pimlico's paymaster contracts, and the @noble ES modules
// of the wallet page.
//
// Start with [Open]. It reads npm tarballs whose names, versions and sha512 integrity are pinned
// in manifest.json, from the user's cache or from a directory the user names, and downloads each
// missing one once from the registry of npm's configuration.
//
// Promised: nothing is read out of a tarball before its sha512 is checked, and nothing out of an
// unpacked package before the file's SHA-256 is; so neither registry nor cache nor mirror is
// trusted – at worst each refuses service. Contracts that public networks have are proven to be
// theirs by the address that their creation code leads to. Not promised: a download when there is no network;
// then the error says what to do.
package artifacts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options says where the packages come from. The zero value is what a user wants: the user's
// cache, and npm's configured registry for what is not in it.
type Options struct {
	// Dir is a directory with the tarballs as `npm pack` names them, or with unpacked packages
	// (a node_modules, or <name>-<version> folders). When set, no network and no cache are used.
	Dir string
	// CacheDir keeps downloaded tarballs. Empty: $POSTERN_CACHE, else postern/npm below the
	// user's cache directory.
	CacheDir string
	// Registry is the base URL of an npm registry. Empty: the one npm's configuration names
	// (npm_config_registry, ./.npmrc, ~/.npmrc, else https://registry.npmjs.org/).
	Registry string
	// Timeout bounds one download, connecting included. Zero: one minute.
	Timeout time.Duration
	// Log receives one line for each download. Nil: silent.
	Log *slog.Logger
	// Tests brings the packages as well that only tests use: a build of ZeroDev's Kernel.
	Tests bool
}

// Set is the opened packages, complete and checked. It is safe for concurrent use.
type Set struct {
	packages map[string]*content // by "name@version"
}

// Open returns the pinned packages, downloading those that are in neither Dir nor the cache.
// Several processes may open the same cache at once. Errors are [*Error].
func Open(ctx context.Context, o Options) (*Set, error) {
	list, err := manifest()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(p pin) bool { return p.Tests && !o.Tests })
	load, err := loader(o)
	if err != nil {
		return nil, err
	}
	contents := make([]*content, len(list))
	group, ctx := errgroup.WithContext(ctx)
	for i := range list {
		group.Go(func() (err error) {
			contents[i], err = load(ctx, &list[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	set := &Set{packages: make(map[string]*content, len(list))}
	for i, c := range contents {
		set.packages[list[i].String()] = c
	}
	return set, nil
}

// loader picks the road packages come by.
func loader(o Options) (func(context.Context, *pin) (*content, error), error) {
	if o.Dir != "" {
		return func(_ context.Context, p *pin) (*content, error) { return fromDir(o.Dir, p) }, nil
	}
	dir, err := cacheDir(o.CacheDir)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	conf, err := npmConfig(o.Registry)
	if err != nil {
		return nil, err
	}
	f := &fetcher{config: conf, timeout: o.Timeout, client: &http.Client{CheckRedirect: checkRedirect}}
	c := &cache{dir: dir, log: o.Log, fetch: f.fetch}
	return c.load, nil
}

func cacheDir(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	if dir = os.Getenv("POSTERN_CACHE"); dir != "" {
		return dir, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", &Error{Kind: ErrCache, Package: "npm packages", Err: err,
			Hint: "set POSTERN_CACHE to a writable directory, or pass --artifacts DIR"}
	}
	return filepath.Join(base, "postern", "npm"), nil
}

// File returns one used file of a package, such as "artifacts/EntryPoint.json". The caller must
// not change the bytes.
func (s *Set) File(name, version, path string) ([]byte, error) {
	c := s.packages[name+"@"+version]
	if c == nil {
		return nil, fmt.Errorf("artifacts: %s@%s: %w", name, version, ErrNotPinned)
	}
	data, ok := c.files[path]
	if !ok {
		return nil, fmt.Errorf("artifacts: %s in %s@%s: %w", path, name, version, ErrNotPinned)
	}
	return data, nil
}

// Kinds of failure, for errors.Is.
var (
	ErrUnavailable = errors.New("package not available") // network, registry or directory does not give it
	ErrIntegrity   = errors.New("integrity mismatch")    // bytes are not the pinned ones
	ErrMalformed   = errors.New("malformed package")     // right hash, unusable content (or a bad configuration)
	ErrCache       = errors.New("cache not usable")      // cannot read or write the cache directory
	ErrNotPinned   = errors.New("not in the manifest")   // asked for something this program does not use
)

// Error is a package that could not be had, with the way out.
type Error struct {
	Kind    error  // one of the Err… values
	Package string // name@version
	Err     error  // the cause, may be nil
	Hint    string // what the user can do, one sentence
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %v", e.Package, e.Kind)
	}
	return fmt.Sprintf("%s: %v: %v", e.Package, e.Kind, e.Err)
}

func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }
