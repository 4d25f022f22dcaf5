package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/postern-dev/postern/passkey"
)

// Limits of a file that Load reads.
const (
	MaxFile    = 4 << 20 // bytes
	MaxEntries = 10_000
	MaxName    = 64 // bytes of a name or group
)

// ErrFile is wrapped by all errors of Load about the content of a file.
var ErrFile = errors.New("provider file is malformed")

// Table is a table of an operator's own on top of the built-in one.
type Table struct{ own map[passkey.AAGUID]Provider }

// Load reads a table: a JSON object from AAGUIDs to objects with a member name, and optionally
// group and syncs (true or false). Other members, such as icons, are ignored, so the format of
// the community's list of AAGUIDs can be read as it is.
func Load(r io.Reader) (*Table, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading provider file: %w", err)
	}
	if len(b) > MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrFile, MaxFile)
	}
	var file map[string]struct {
		Name  string
		Group string
		Syncs *bool
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if len(file) > MaxEntries {
		return nil, fmt.Errorf("%w: more than %d entries", ErrFile, MaxEntries)
	}
	t := &Table{own: make(map[passkey.AAGUID]Provider, len(file))}
	for text, e := range file {
		id, err := passkey.ParseAAGUID(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
		if _, twice := t.own[id]; twice {
			return nil, fmt.Errorf("%w: %s occurs twice", ErrFile, id)
		}
		if e.Group == "" {
			e.Group = e.Name
		}
		if id.IsZero() || !label(e.Name) || !label(e.Group) {
			return nil, fmt.Errorf("%w: entry %s needs an AAGUID that is not zero and a name of 1 to %d printable bytes", ErrFile, id, MaxName)
		}
		p := Provider{Name: e.Name, Group: e.Group}
		if e.Syncs != nil {
			p.Syncs = map[bool]Sync{true: SyncYes, false: SyncNo}[*e.Syncs]
		}
		t.own[id] = p
	}
	return t, nil
}

// Lookup finds a provider in the operator's table, then in the built-in one. A nil Table has
// only the latter.
func (t *Table) Lookup(id passkey.AAGUID) (Provider, bool) {
	if t != nil {
		if p, ok := t.own[id]; ok {
			return p, true
		}
	}
	return Lookup(id)
}

// label accepts what may be shown: printable, no line breaks or direction marks.
func label(s string) bool {
	if s == "" || len(s) > MaxName || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
