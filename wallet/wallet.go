// Package wallet is the wallet page: plain ES modules, embedded, served with a
// strict content security policy and the bytes that stand in the repository.
//
// Start at [New], which takes the two pinned packages of cryptography the page
// imports, and mount the result at the root of the page's origin. The page asks
// that origin for /config.json, /rpc and /passkeys/…, and nothing else of anyone.
//
// Promised: no inline script but the import map (its hash is in the policy), no
// request to another origin, no state on the server. Not promised: anything
// about the answers of /rpc. The page recomputes the operation hash itself, but
// balances and receipts are the node's word.
package wallet

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
)

//go:embed page
var embedded embed.FS

// Files is the page as it stands in the repository: index.html at the root.
func Files() fs.FS {
	sub, err := fs.Sub(embedded, "page")
	if err != nil {
		panic(err) // the directory is named in the embed directive above
	}
	return sub
}

var importMap = regexp.MustCompile(`(?s)<script type="importmap">(.*?)</script>`)

// errNoImportMap means that index.html lost its one inline element.
var errNoImportMap = errors.New("wallet: index.html has no import map")

// ImportMapHash is the CSP source expression ('sha256-…', quotes included) of
// the page's import map, the only inline element there is.
func ImportMapHash() (string, error) {
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		return "", fmt.Errorf("wallet: reading the page: %w", err)
	}
	m := importMap.FindSubmatch(page)
	if m == nil {
		return "", errNoImportMap
	}
	sum := sha256.Sum256(m[1])
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'", nil
}

// ContentSecurityPolicy is the policy the page is served with. Everything not
// named is refused: frames, plug-ins, inline styles, eval, other origins.
func ContentSecurityPolicy() (string, error) {
	hash, err := ImportMapHash()
	if err != nil {
		return "", err
	}
	return "default-src 'none'; script-src 'self' " + hash +
		"; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'" +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; require-trusted-types-for 'script'; trusted-types 'none'", nil
}
