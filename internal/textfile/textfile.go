// Package textfile reads the files that people write: the part of TOML that they need, and
// JSON of the same shape. Every value knows where it stands, names that occur twice are
// refused, and nothing is allocated out of proportion to the text.
package textfile

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Form is what a value is.
type Form byte

// The forms.
const (
	String Form = iota + 1
	Bare        // number, true, false, date
	List
	Table
)

// Node is a value of a file.
type Node struct {
	Line, Column int // from 1
	Form         Form
	Text         string // of a String or Bare
	List         []*Node
	Keys         []string // of a Table, in the order of the file
	Values       map[string]*Node
}

// Error says what is wrong with a text, where, and what to do instead.
type Error struct {
	Line, Column int // from 1; 0 for the whole text
	Field        string
	What         string
	Way          string
}

func (e *Error) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	}
	if e.Field != "" {
		at += e.Field + ": "
	}
	return at + e.What
}

// Hint is the way out.
func (e *Error) Hint() string { return e.Way }

// Fail is an error at a value.
func (n *Node) Fail(field, way, format string, args ...any) *Error {
	return &Error{Line: n.Line, Column: n.Column, Field: field, What: fmt.Sprintf(format, args...), Way: way}
}

func (n *Node) set(key string, v *Node) bool {
	if _, twice := n.Values[key]; twice {
		return false
	}
	n.Keys, n.Values[key] = append(n.Keys, key), v
	return true
}

// Limits of files from outside.
const (
	MaxSize  = 256 << 10 // bytes
	maxDepth = 12
)

type textReader struct {
	data   []byte
	at     int
	line   int
	start  int // of the line
	seen   int // up to where characters are counted
	column int // there, from 0
	json   bool
	tables map[*Node]bool // opened by a header
}

// Parse reads JSON if the text begins with a brace, else TOML.
func Parse(data []byte) (*Node, error) {
	if len(data) > MaxSize {
		return nil, &Error{Field: "file", What: fmt.Sprintf("%d bytes, more than %d", len(data), MaxSize), Way: "split it"}
	}
	if !utf8.Valid(data) {
		return nil, &Error{Field: "file", What: "it is not UTF-8 text", Way: "save it as UTF-8"}
	}
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	r := &textReader{data: data, line: 1, json: len(trimmed) > 0 && trimmed[0] == '{', tables: map[*Node]bool{}}
	if !r.json {
		return r.toml()
	}
	r.space(true)
	root, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if r.space(true); r.at < len(r.data) {
		return nil, r.fail("leave it out", "text after the end of the object")
	}
	return root, nil
}

// here counts on from where it counted last: a file may be one long line.
func (r *textReader) here() *Node {
	if r.seen < r.start || r.seen > r.at {
		r.seen, r.column = r.start, 0
	}
	r.column += utf8.RuneCount(r.data[r.seen:r.at])
	r.seen = r.at
	return &Node{Line: r.line, Column: r.column + 1}
}

func (r *textReader) fail(way, format string, args ...any) error {
	return r.here().Fail("", way, format, args...)
}

func (r *textReader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

func (r *textReader) has(s string) bool { return bytes.HasPrefix(r.data[r.at:], []byte(s)) }

// space skips blanks and comments, and line ends too if asked.
func (r *textReader) space(lines bool) {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; {
		case c == ' ' || c == '\t' || c == '\r':
			r.at++
		case c == '\n' && lines:
			r.at++
			r.line, r.start = r.line+1, r.at
		case c == '#' && !r.json:
			for r.at < len(r.data) && r.data[r.at] != '\n' {
				r.at++
			}
		default:
			return
		}
	}
}

func newTable(at *Node) *Node {
	at.Form, at.Values = Table, map[string]*Node{}
	return at
}

func (r *textReader) toml() (*Node, error) {
	root := newTable(r.here())
	current := root
	for {
		if r.space(true); r.at >= len(r.data) {
			return root, nil
		}
		var err error
		if r.peek() == '[' {
			current, err = r.header(root)
		} else {
			err = r.pair(current, '=', 0)
		}
		if err != nil {
			return nil, err
		}
		if r.space(false); r.at < len(r.data) && r.peek() != '\n' {
			return nil, r.fail("put it on a line of its own", "text after the end of a line")
		}
	}
}

// header reads [a.b] or [[a.b]] and opens that table.
func (r *textReader) header(root *Node) (*Node, error) {
	end := "]"
	if r.has("[[") {
		end = "]]"
	}
	r.at += len(end)
	table := root
	for depth := 0; ; depth++ {
		r.space(false)
		at := r.here()
		key, err := r.key()
		if err != nil {
			return nil, err
		}
		r.space(false)
		last := r.has(end)
		if !last && r.peek() != '.' || depth > maxDepth {
			return nil, r.fail("write [name] or [[name]]", "a header that does not end with %s", end)
		}
		found := table.Values[key]
		switch {
		case last && end == "]]":
			if found == nil {
				found = at
				found.Form = List
				r.tables[found] = true
				table.set(key, found)
			}
			if !r.tables[found] || found.Form != List {
				return nil, at.Fail(key, "write it in one way", "it is there already, and not as [[%s]]", key)
			}
			t := newTable(&Node{Line: at.Line, Column: at.Column})
			r.tables[t] = true
			found.List = append(found.List, t)
			r.at += len(end)
			return t, nil
		case found == nil:
			found = newTable(at)
			r.tables[found] = true
			table.set(key, found)
		case last:
			return nil, at.Fail(key, "write it once; of several write each as [["+key+"]]", "the table [%s] is there twice", key)
		case found.Form == List && r.tables[found]:
			found = found.List[len(found.List)-1]
		case !r.tables[found]:
			return nil, at.Fail(key, "write it in one way", "it is a value already")
		}
		table = found
		if last {
			r.at += len(end)
			return table, nil
		}
		r.at++
	}
}

func (r *textReader) key() (string, error) {
	if r.peek() == '"' {
		return r.quoted()
	}
	start := r.at
	for !r.json && r.at < len(r.data) && (wordByte(r.data[r.at]) || r.data[r.at] == '-') {
		r.at++
	}
	if r.at == start {
		return "", r.fail("write a name; in JSON in quotes", "a name is missing")
	}
	return string(r.data[start:r.at]), nil
}

// pair reads a key and its value into a table.
func (r *textReader) pair(table *Node, between byte, depth int) error {
	at := r.here()
	key, err := r.key()
	if err != nil {
		return err
	}
	r.space(r.json)
	if r.peek() != between {
		return r.fail(fmt.Sprintf("write %s %c value; names with points go into [tables]", key, between), "%q is not followed by %c", key, between)
	}
	r.at++
	r.space(r.json)
	v, err := r.value(depth)
	if err != nil {
		return err
	}
	if !table.set(key, v) {
		return at.Fail(key, "write it once", "it is there twice")
	}
	return nil
}

func (r *textReader) value(depth int) (*Node, error) {
	n := r.here()
	if depth > maxDepth {
		return nil, r.fail("write it flatter", "more than %d levels", maxDepth)
	}
	switch c := r.peek(); {
	case c == '"' || c == '\'' && !r.json:
		text, err := r.quoted()
		n.Form, n.Text = String, text
		return n, err
	case c == '[':
		n.Form = List
		return n, r.sequence(']', func() error {
			v, err := r.value(depth + 1)
			n.List = append(n.List, v)
			return err
		})
	case c == '{':
		newTable(n)
		between := byte('=')
		if r.json {
			between = ':'
		}
		return n, r.sequence('}', func() error { return r.pair(n, between, depth+1) })
	}
	start := r.at
	for r.at < len(r.data) && (wordByte(r.data[r.at]) || strings.IndexByte("+-.:", r.data[r.at]) >= 0) {
		r.at++
	}
	n.Form, n.Text = Bare, string(r.data[start:r.at])
	if n.Text == "" {
		return nil, r.fail(`write "text", a number, true, false, [ … ] or { … }`, "a value is missing")
	}
	return n, nil
}

// sequence reads what stands between brackets, separated by commas.
func (r *textReader) sequence(end byte, element func() error) error {
	r.at++
	for first := true; ; first = false {
		if r.space(true); r.peek() == end && (first || !r.json) {
			break
		}
		if err := element(); err != nil {
			return err
		}
		if r.space(true); r.peek() == end {
			break
		}
		if r.peek() != ',' {
			return r.fail("separate with commas", "expected , or %c", end)
		}
		r.at++
		if r.json {
			if r.space(true); r.peek() == end {
				return r.fail("leave the last comma out", "a comma before %c", end)
			}
		}
	}
	r.at++
	return nil
}

// quoted reads a text on one line; in single quotes nothing is escaped.
func (r *textReader) quoted() (string, error) {
	quote := r.peek()
	if r.has(`"""`) || r.has("'''") {
		return "", r.fail("write it on one line", "texts over several lines are not read here")
	}
	start := r.at
	for r.at++; ; r.at++ {
		c := r.peek()
		switch {
		case r.at >= len(r.data) || c < ' ' && c != '\t':
			return "", r.fail("close it, and write line ends as \\n", "a text does not end on its line")
		case c == '\\' && quote == '"':
			r.at++
		case c == quote:
			r.at++
			if quote == '\'' {
				return string(r.data[start+1 : r.at-1]), nil
			}
			return r.unescape(string(r.data[start:r.at]))
		}
	}
}

// unescape takes the escapes that TOML and JSON have in common.
func (r *textReader) unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s[1 : len(s)-1], nil
	}
	for i := 1; i < len(s)-1; i++ {
		if s[i] != '\\' {
			continue
		}
		if i++; strings.IndexByte(`"\bfnrtu`, s[i]) < 0 {
			return "", r.fail(`write \" \\ \n \t or \u and four digits`, "the escape \\%c", s[i])
		}
	}
	out, err := strconv.Unquote(strings.ReplaceAll(s, "\t", `\t`))
	if err != nil {
		return "", r.fail(`write \" \\ \n \t or \u and four digits`, "an escape that means nothing")
	}
	return out, nil
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
