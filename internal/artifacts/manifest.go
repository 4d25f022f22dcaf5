package artifacts

import (
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// manifestJSON is written by pin.mjs.
//
//go:embed manifest.json
var manifestJSON []byte

// pin is one npm package: what it must be, and which of its files are used.
type pin struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Tarball   string            `json:"tarball"`   // file name that `npm pack` gives it
	Size      int64             `json:"size"`      // bytes of the tarball, exact
	Integrity string            `json:"integrity"` // "sha512-" + base64, as npm writes it
	Tests     bool              `json:"tests"`     // used by tests only
	Files     map[string]string `json:"files"`     // path below the package root → SHA-256, hex
}

func (p *pin) String() string { return p.Name + "@" + p.Version }

// base is the package's name without its scope.
func (p *pin) base() string { return p.Name[strings.LastIndexByte(p.Name, '/')+1:] }

// scope is "@noble" of "@noble/hashes", empty for an unscoped package.
func (p *pin) scope() string {
	if scope, _, ok := strings.Cut(p.Name, "/"); ok {
		return scope
	}
	return ""
}

// check tells whether tarball is the pinned one.
func (p *pin) check(tarball []byte) error {
	sum := sha512.Sum512(tarball)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != p.Integrity {
		return fmt.Errorf("%d bytes with %s, want %d bytes with %s", len(tarball), got, p.Size, p.Integrity)
	}
	return nil
}

func manifest() ([]pin, error) {
	var list []pin
	if err := json.Unmarshal(manifestJSON, &list); err != nil {
		return nil, fmt.Errorf("artifacts: reading the manifest: %w", err)
	}
	return list, nil
}
