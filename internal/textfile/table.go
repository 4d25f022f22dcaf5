// Tables of a file, read once and strictly.

package textfile

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Reader takes a file's values out of its tables. After the first error it does nothing more.
type Reader struct{ err *Error }

// Err is the first thing that is wrong, or nil.
func (r *Reader) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// Refuse says what is wrong at a value, unless something was before.
func (r *Reader) Refuse(n *Node, field, way, format string, args ...any) {
	if r.err == nil {
		r.err = n.Fail(field, way, format, args...)
	}
}

// Place says that a value is refused for a reason that its own package gives, with its way out.
func (r *Reader) Place(n *Node, field string, err error) {
	if r.err != nil || err == nil {
		return
	}
	way := "write it differently"
	if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
		way = h.Hint()
	}
	r.err = n.Fail(field, way, "%v", err)
}

// Table opens a table; field is what errors call it, "" for the whole file.
func (r *Reader) Table(n *Node, field string) *Fields {
	if n.Form != Table {
		r.Refuse(n, field, "write a table: { name = value }", "it is no table")
		n = &Node{Line: n.Line, Column: n.Column, Form: Table}
	}
	return &Fields{Reader: r, Node: n, field: field}
}

// Fields are a table and what was taken from it.
type Fields struct {
	*Reader
	Node  *Node
	field string
	known []string
}

// At is what errors call a value of the table.
func (t *Fields) At(key string) string {
	if t.field == "" {
		return key
	}
	return t.field + ", " + key
}

// Take is the value of that name, nil if there is none.
func (t *Fields) Take(key string) *Node {
	t.known = append(t.known, key)
	return t.Node.Values[key]
}

// Done refuses names that nobody took.
func (t *Fields) Done() {
	for _, k := range t.Node.Keys {
		if !slices.Contains(t.known, k) {
			t.Refuse(t.Node.Values[k], t.At(k), "the names here are "+strings.Join(t.known, ", "), "nobody knows this name")
		}
	}
}

// Must is the value of that name, which cannot be missing.
func (t *Fields) Must(key, way string) *Node {
	n := t.Take(key)
	if n == nil {
		t.Refuse(t.Node, t.At(key), way, "it is missing")
	}
	return n
}

// Version refuses a file of another version than this.
func (t *Fields) Version(want uint64) {
	if n := t.Node.Values["format"]; n != nil && t.Node.Values["version"] == nil {
		if name := t.Text(n, t.At("format"), 40); name != "" {
			t.Refuse(n, t.At("format"), "give another file; what this one is: postern inspect FILE", "it is a file of another kind, %s", name)
		}
		return
	}
	if n := t.Must("version", "write version = "+strconv.FormatUint(want, 10)); n != nil {
		if got := t.Number(n, t.At("version")); got != want {
			t.Refuse(n, t.At("version"), "use a release of this program that reads it", "it is %d, and this program reads %d", got, want)
		}
	}
}

// Text is one line of text of at most that many bytes, which shows as it is.
func (r *Reader) Text(n *Node, field string, most int) string {
	if n == nil {
		return ""
	}
	odd := func(c rune) bool { return !unicode.IsGraphic(c) || unicode.In(c, unicode.Bidi_Control) }
	if n.Form != String || strings.TrimSpace(n.Text) == "" || len(n.Text) > most || strings.ContainsFunc(n.Text, odd) {
		r.Refuse(n, field, `write "text", at most `+strconv.Itoa(most)+" bytes on one line", "it is no short plain text")
		return ""
	}
	return n.Text
}

// Number is a whole number.
func (r *Reader) Number(n *Node, field string) uint64 {
	if n == nil {
		return 0
	}
	v, err := strconv.ParseUint(n.Text, 10, 64)
	if n.Form != Bare || err != nil {
		r.Refuse(n, field, "write a whole number without quotes", "it is no whole number")
	}
	return v
}

// Nodes are the values of a list.
func (t *Fields) Nodes(key string, most int) []*Node {
	n := t.Take(key)
	switch {
	case n == nil:
	case n.Form != List:
		t.Refuse(n, t.At(key), "write [ … ], or a table [["+key+"]] for each", "it is no list")
	case len(n.List) > most:
		t.Refuse(n, t.At(key), "leave some out", "%d of them, more than %d", len(n.List), most)
	default:
		return n.List
	}
	return nil
}
