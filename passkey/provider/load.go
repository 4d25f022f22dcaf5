package provider

import (
	"bytes"
	"cmp"
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
	t := &Table{own: map[passkey.AAGUID]Provider{}}
	if err := t.fill(json.NewDecoder(bytes.NewReader(b))); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return t, nil
}

// fill reads the object member by member, because encoding/json keeps the last of two silently.
func (t *Table) fill(d *json.Decoder) error {
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return errors.New("not an object")
	}
	for d.More() {
		if len(t.own) == MaxEntries {
			return fmt.Errorf("more than %d entries", MaxEntries)
		}
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		id, err := passkey.ParseAAGUID(name)
		if err != nil {
			return err
		}
		if _, twice := t.own[id]; twice || id.IsZero() {
			return fmt.Errorf("%s is zero or occurs twice", id)
		}
		if t.own[id], err = entry(d); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more after the object")
	}
	return nil
}

func entry(d *json.Decoder) (Provider, error) {
	var e struct {
		Name  string
		Group string
		Syncs *bool
	}
	if err := d.Decode(&e); err != nil {
		return Provider{}, err
	}
	p := Provider{Name: e.Name, Group: cmp.Or(e.Group, e.Name)}
	if !label(p.Name) || !label(p.Group) {
		return Provider{}, fmt.Errorf("a name and a group are 1 to %d printable bytes", MaxName)
	}
	if e.Syncs != nil {
		p.Syncs = map[bool]Sync{true: SyncYes, false: SyncNo}[*e.Syncs]
	}
	return p, nil
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
