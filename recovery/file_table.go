// Tables of a file, read once and strictly.

package recovery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-dev/postern/internal/textfile"
)

// table is one table of the file and what was taken from it.
type table struct {
	f     *fileReader
	n     *textfile.Node
	field string
	known []string
}

func (f *fileReader) table(n *textfile.Node, field string) *table {
	if n.Form != textfile.Table {
		f.refuse(n, field, "write a table: { name = value }", "it is no table")
		n = &textfile.Node{Line: n.Line, Column: n.Column, Form: textfile.Table}
	}
	return &table{f: f, n: n, field: field}
}

func (f *fileReader) refuse(n *textfile.Node, field, way, format string, args ...any) {
	if f.err == nil {
		f.err = n.Fail(field, way, format, args...)
	}
}

func (t *table) at(key string) string {
	if t.field == "" {
		return key
	}
	return t.field + ", " + key
}

func (t *table) take(key string) *textfile.Node {
	t.known = append(t.known, key)
	return t.n.Values[key]
}

// done refuses keys that nobody took.
func (t *table) done() {
	for _, k := range t.n.Keys {
		if !slices.Contains(t.known, k) {
			t.f.refuse(t.n.Values[k], t.at(k), "the names here are "+strings.Join(t.known, ", "), "nobody knows this name")
		}
	}
}

// text is "" if the key is missing.
func (t *table) text(key string) string {
	n := t.take(key)
	if n == nil {
		return ""
	}
	return t.f.text(n, t.at(key))
}

func (f *fileReader) text(n *textfile.Node, field string) string {
	if n.Form != textfile.String || n.Text == "" || !plain(n.Text) {
		f.refuse(n, field, fmt.Sprintf(`write "text", at most %d bytes`, maxName), "it is no short plain text")
		return ""
	}
	return n.Text
}

// must is text that cannot be missing.
func (t *table) must(key, way string) string {
	if t.n.Values[key] == nil {
		t.f.refuse(t.n, t.at(key), way, "it is missing")
	}
	return t.text(key)
}

// stated is text as a fact; false says that there is none.
func (t *table) stated(key string) Fact[string] {
	n := t.take(key)
	switch {
	case n == nil:
		return Fact[string]{}
	case n.Form == textfile.Bare && n.Text == "false":
		return Known("", Stated)
	}
	return Known(t.f.text(n, t.at(key)), Stated)
}

func (t *table) yes(key string) Fact[bool] {
	n := t.take(key)
	if n == nil {
		return Fact[bool]{}
	}
	if n.Form != textfile.Bare || n.Text != "true" && n.Text != "false" {
		t.f.refuse(n, t.at(key), "write true or false, or leave it out if you do not know", "it is neither true nor false")
	}
	return Known(n.Text == "true", Stated)
}

// list is a list of texts; one text stands for a list of one.
func (t *table) list(key string) (out []string, there bool) {
	n := t.take(key)
	switch {
	case n == nil:
		return nil, false
	case n.Form == textfile.String:
		return []string{t.f.text(n, t.at(key))}, true
	}
	for _, x := range t.nodes(n, key, MaxSigners) {
		out = append(out, t.f.text(x, t.at(key)))
	}
	return out, true
}

func (t *table) listed(key string) Fact[[]string] {
	out, there := t.list(key)
	if !there {
		return Fact[[]string]{}
	}
	return Known(out, Stated)
}

func (t *table) nodes(n *textfile.Node, key string, most int) []*textfile.Node {
	switch {
	case n == nil:
	case n.Form != textfile.List:
		t.f.refuse(n, t.at(key), "write [ … ]", "it is no list")
	case len(n.List) > most:
		t.f.refuse(n, t.at(key), "describe what always shares its fate as one", "%d of them, more than %d", len(n.List), most)
	default:
		return n.List
	}
	return nil
}

func (f *fileReader) number(n *textfile.Node, field string) uint64 {
	v, err := strconv.ParseUint(n.Text, 10, 64)
	if n.Form != textfile.Bare || err != nil {
		f.refuse(n, field, "write a whole number without quotes", "it is no number")
	}
	return v
}
