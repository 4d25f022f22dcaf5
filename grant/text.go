// The text of policy files: the part of TOML that they need, and JSON. Every
// value knows where it stands.

package grant

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type form byte

const (
	formString form = iota + 1
	formBare        // number, true, false, date
	formList
	formTable
)

// node is a value of a file.
type node struct {
	line, column int
	form         form
	text         string
	list         []*node
	keys         []string // in the order of the file
	values       map[string]*node
}

func (n *node) fail(field, way, format string, args ...any) error {
	return &Error{Line: n.line, Column: n.column, Field: field, What: fmt.Sprintf(format, args...), Way: way}
}

func (n *node) set(key string, v *node) bool {
	if _, twice := n.values[key]; twice {
		return false
	}
	n.keys, n.values[key] = append(n.keys, key), v
	return true
}

// Limits of files from outside.
const (
	maxFile      = 256 << 10 // bytes
	maxFileDepth = 12
)

type textReader struct {
	data   []byte
	at     int
	line   int
	start  int // of the line
	seen   int // up to where characters are counted
	column int // there, from 0
	json   bool
	tables map[*node]bool // opened by a header
}

// parseText reads JSON if the text begins with a brace, else TOML.
func parseText(data []byte) (*node, error) {
	if len(data) > maxFile {
		return nil, fail("file", "split it into several grants", "%d bytes, more than %d", len(data), maxFile)
	}
	if !utf8.Valid(data) {
		return nil, fail("file", "save it as UTF-8", "it is not UTF-8 text")
	}
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	r := &textReader{data: data, line: 1, json: len(trimmed) > 0 && trimmed[0] == '{', tables: map[*node]bool{}}
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
func (r *textReader) here() *node {
	if r.seen < r.start || r.seen > r.at {
		r.seen, r.column = r.start, 0
	}
	r.column += utf8.RuneCount(r.data[r.seen:r.at])
	r.seen = r.at
	return &node{line: r.line, column: r.column + 1}
}

func (r *textReader) fail(way, format string, args ...any) error {
	return r.here().fail("", way, format, args...)
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

func newTable(at *node) *node {
	at.form, at.values = formTable, map[string]*node{}
	return at
}

func (r *textReader) toml() (*node, error) {
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
func (r *textReader) header(root *node) (*node, error) {
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
		if !last && r.peek() != '.' || depth > maxFileDepth {
			return nil, r.fail("write [name] or [[name]]", "a header that does not end with %s", end)
		}
		found := table.values[key]
		switch {
		case last && end == "]]":
			if found == nil {
				found = at
				found.form = formList
				r.tables[found] = true
				table.set(key, found)
			}
			if !r.tables[found] || found.form != formList {
				return nil, at.fail(key, "write it in one way", "it is there already, and not as [[%s]]", key)
			}
			t := newTable(&node{line: at.line, column: at.column})
			r.tables[t] = true
			found.list = append(found.list, t)
			r.at += len(end)
			return t, nil
		case found == nil:
			found = newTable(at)
			r.tables[found] = true
			table.set(key, found)
		case last:
			return nil, at.fail(key, "write it once; of several write each as [["+key+"]]", "the table [%s] is there twice", key)
		case found.form == formList && r.tables[found]:
			found = found.list[len(found.list)-1]
		case !r.tables[found]:
			return nil, at.fail(key, "write it in one way", "it is a value already")
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
	for r.at < len(r.data) && (wordByte(r.data[r.at]) || r.data[r.at] == '-') {
		r.at++
	}
	if r.json || r.at == start {
		return "", r.fail("write a name; in JSON in quotes", "a name is missing")
	}
	return string(r.data[start:r.at]), nil
}

// pair reads a key and its value into a table.
func (r *textReader) pair(table *node, between byte, depth int) error {
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
		return at.fail(key, "write it once", "it is there twice")
	}
	return nil
}

func (r *textReader) value(depth int) (*node, error) {
	n := r.here()
	if depth > maxFileDepth {
		return nil, r.fail("write it flatter", "more than %d levels", maxFileDepth)
	}
	switch c := r.peek(); {
	case c == '"' || c == '\'' && !r.json:
		text, err := r.quoted()
		n.form, n.text = formString, text
		return n, err
	case c == '[':
		n.form = formList
		return n, r.sequence(']', func() error {
			v, err := r.value(depth + 1)
			n.list = append(n.list, v)
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
	n.form, n.text = formBare, string(r.data[start:r.at])
	if n.text == "" {
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
