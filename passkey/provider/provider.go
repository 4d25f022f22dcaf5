// Package provider names the maker of a passkey from its AAGUID: a label for a list of passkeys, and a first guess at
// which cloud account a passkey lives in.
//
// Start with Lookup. The built-in table is small and only names; Load reads a longer one from a file of the operator's.
//
// An AAGUID is a claim: without a verified attestation any software can send any value, it is absent from assertions,
// and it goes stale when a passkey is exported. Decide nothing by it.
package provider

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-dev/postern/passkey"
)

// Provider is what an AAGUID stands for.
type Provider struct {
	Name  string `json:"name"`  // as its users know it: "Google Password Manager"
	Group string `json:"group"` // whose account it belongs to: "Google"; what one lock-out takes away together
	Syncs bool   `json:"syncs"` // whether its passkeys usually leave the device they were made on
}

// Table maps AAGUIDs to providers.
type Table map[passkey.AAGUID]Provider

// Limits of a loaded file.
const (
	MaxFile    = 1 << 20 // bytes
	MaxEntries = 4096
	maxText    = 80 // bytes of a name or group
)

// ErrTable is why a file is not a table of providers.
var ErrTable = errors.New("provider: not a table of providers")

//go:embed providers.json
var builtinJSON string

var builtin = mustLoad(builtinJSON)

func mustLoad(s string) Table {
	t, err := Load(strings.NewReader(s))
	if err != nil {
		panic(err) // the embedded file is tested
	}
	return t
}

// Lookup names an AAGUID by the built-in table. The zero AAGUID names nobody.
func Lookup(a passkey.AAGUID) (Provider, bool) { return builtin.Lookup(a) }

// Lookup names an AAGUID. The zero AAGUID names nobody.
func (t Table) Lookup(a passkey.AAGUID) (Provider, bool) {
	if a.IsZero() {
		return Provider{}, false
	}
	p, ok := t[a]
	return p, ok
}

// Load reads a table: one JSON object, AAGUID → {"name", "group", "syncs"}. Anything else in it is refused with ErrTable.
func Load(r io.Reader) (Table, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("provider: read table: %w", err)
	}
	if len(raw) > MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTable, MaxFile)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, fmt.Errorf("%w: want one JSON object", ErrTable)
	}
	t := Table{}
	for dec.More() {
		if len(t) == MaxEntries {
			return nil, fmt.Errorf("%w: more than %d entries", ErrTable, MaxEntries)
		}
		if err := t.readEntry(dec); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: text after the object", ErrTable)
	}
	return t, nil
}

func (t Table) readEntry(dec *json.Decoder) error {
	tok, err := dec.Token()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTable, err)
	}
	key, _ := tok.(string)
	a, err := passkey.ParseAAGUID(key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTable, err)
	}
	if _, twice := t[a]; twice || a.IsZero() {
		return fmt.Errorf("%w: %s stands twice or is zero", ErrTable, a)
	}
	var p Provider
	if err := dec.Decode(&p); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrTable, a, err)
	}
	if !isLabel(p.Name) || !isLabel(p.Group) {
		return fmt.Errorf("%w: %s: name and group are 1 to %d bytes of printable text", ErrTable, a, maxText)
	}
	t[a] = p
	return nil
}

func isLabel(s string) bool {
	return s != "" && len(s) <= maxText && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
