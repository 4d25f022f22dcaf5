// JSON as JSON.stringify writes it: what is read is rewritten to that one form, and
// what cannot be is refused.

package approval

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of documents. A call policy carries whole contract interfaces.
const (
	maxText    = 2 << 20 // characters of base64
	maxDepth   = 32
	maxNodes   = 1 << 17 // values, of some hundred bytes each in memory
	maxMembers = 4096    // of one object
	maxNumber  = 64      // characters
)

type kind byte

const (
	object kind = iota + 1
	array
	text
	number
	literal // true, false, null
)

var kindNames = [...]string{object: "an object", array: "a list", text: "a text", number: "a number", literal: "true, false or null"}

// node is one value, by index in tree.nodes; 0 is the root, so that 0 also says "none".
type node struct {
	kind       kind
	parent     int
	start, end int // of the value in tree.text, with quotes and brackets
	key        int // where the member's name begins in tree.text, its quote; 0 for none
	keyEnd     int
	next       int // sibling
	first      int // child
	size       int // children
}

// tree is a parsed document: its text in the one form, and where everything stands.
type tree struct {
	text  []byte
	nodes []node
}

// parser rewrites in to out.
type parser struct {
	in   []byte
	at   int
	tree tree
}

// parseJSON reads one object.
func parseJSON(in []byte) (*tree, error) {
	if !utf8.Valid(in) {
		return nil, refuse("", "copy the approval again, as a whole", "the text inside is not UTF-8")
	}
	p := parser{in: in, tree: tree{text: make([]byte, 0, len(in)), nodes: make([]node, 0, min(16+len(in)/16, maxNodes))}}
	p.space()
	if p.peek() != '{' {
		return nil, refuse("", "an approval is base64 of a JSON object; copy it as a whole", "this is no approval")
	}
	p.add(0, 0, 0, 0)
	if err := p.value(0, 0); err != nil {
		return nil, err
	}
	p.space()
	if p.at != len(p.in) {
		return nil, p.fail(0, "there is more after the end")
	}
	return &p.tree, nil
}

// fail names the place as a path of members.
func (p *parser) fail(at int, format string, args ...any) error {
	return refuse(p.tree.path(at), "copy the approval again, as a whole", format, args...)
}

func (p *parser) peek() byte {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

func (p *parser) space() {
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\n' || p.in[p.at] == '\r' || p.in[p.at] == '\t') {
		p.at++
	}
}

// emit copies one structural character, and skips what may stand around it.
func (p *parser) emit() {
	p.tree.text = append(p.tree.text, p.in[p.at])
	p.at++
	p.space()
}

// add makes the node of a value that is about to be read, as the last of its
// parent's.
func (p *parser) add(parent, last, key, keyEnd int) int {
	i := len(p.tree.nodes)
	p.tree.nodes = append(p.tree.nodes, node{parent: parent, start: len(p.tree.text), key: key, keyEnd: keyEnd})
	switch {
	case i == 0:
		return 0
	case last == 0:
		p.tree.nodes[parent].first = i
	default:
		p.tree.nodes[last].next = i
	}
	p.tree.nodes[parent].size++
	return i
}

// value reads what stands at p.at, without space before it, into node i.
func (p *parser) value(i, depth int) error {
	if depth > maxDepth {
		return p.fail(i, "more than %d levels", maxDepth)
	}
	if i > maxNodes {
		return p.fail(i, "more than %d values", maxNodes)
	}
	k := literal
	read := p.literal
	switch c := p.peek(); {
	case c == '{':
		k = object
	case c == '[':
		k = array
	case c == '"':
		k, read = text, p.string
	case c == '-' || c >= '0' && c <= '9':
		k, read = number, p.number
	}
	p.tree.nodes[i].kind = k
	var err error
	if k == object || k == array {
		err = p.container(i, depth, k)
	} else {
		err = read(i)
	}
	p.tree.nodes[i].end = len(p.tree.text)
	return err
}

func (p *parser) container(i, depth int, k kind) error {
	end := byte('}')
	if k == array {
		end = ']'
	}
	p.emit()
	var keys keySet
	last := 0
	for n := 0; p.peek() != end; n++ {
		if n > 0 {
			if p.peek() != ',' {
				return p.fail(i, "it is cut off or malformed after %d entries", n)
			}
			p.emit()
		}
		key, keyEnd := 0, 0
		if k == object {
			if n == maxMembers {
				return p.fail(i, "more than %d members", maxMembers)
			}
			var err error
			if key, keyEnd, err = p.member(i, &keys); err != nil {
				return err
			}
		}
		last = p.add(i, last, key, keyEnd)
		if err := p.value(last, depth+1); err != nil {
			return err
		}
		p.space()
	}
	p.tree.text = append(p.tree.text, end)
	p.at++
	return nil
}

// member reads a name and its colon.
func (p *parser) member(i int, keys *keySet) (start, end int, err error) {
	start = len(p.tree.text)
	if p.peek() != '"' {
		return 0, 0, p.fail(i, "it is cut off, or a member has no name")
	}
	if err := p.string(i); err != nil {
		return 0, 0, err
	}
	end = len(p.tree.text)
	name := p.tree.text[start:end]
	if !keys.add(name) {
		return 0, 0, p.fail(i, "the member %.40s is there twice", name)
	}
	p.space()
	if p.peek() != ':' {
		return 0, 0, p.fail(i, "the member %.40s has no value", name)
	}
	p.emit()
	return start, end, nil
}

// keySet finds names that are there twice.
type keySet struct {
	few  [16][]byte
	n    int
	many map[string]bool
}

func (s *keySet) add(name []byte) bool {
	if s.many == nil && s.n < len(s.few) {
		for _, k := range s.few[:s.n] {
			if bytes.Equal(k, name) {
				return false
			}
		}
		s.few[s.n] = name
		s.n++
		return true
	}
	if s.many == nil {
		s.many = make(map[string]bool, 2*len(s.few))
		for _, k := range s.few {
			s.many[string(k)] = true
		}
	}
	if s.many[string(name)] {
		return false
	}
	s.many[string(name)] = true
	return true
}

// string copies a text with its quotes, escapes in the form of JSON.stringify.
func (p *parser) string(i int) error {
	p.tree.text = append(p.tree.text, '"')
	p.at++
	for {
		from := p.at
		for p.at < len(p.in) && p.in[p.at] >= 0x20 && p.in[p.at] != '"' && p.in[p.at] != '\\' {
			p.at++
		}
		p.tree.text = append(p.tree.text, p.in[from:p.at]...)
		switch p.peek() {
		case '"':
			p.tree.text = append(p.tree.text, '"')
			p.at++
			return nil
		case '\\':
			r, ok := p.escape()
			if !ok {
				return p.fail(i, "an escape in a text is malformed")
			}
			p.tree.text = appendRune(p.tree.text, r)
		default:
			return p.fail(i, "a text is cut off or has a control character in it")
		}
	}
}

const shortEscapes = "\"\\/bfnrt"
const shortRunes = "\"\\/\b\f\n\r\t"

// escape reads one escape; a surrogate without its partner stays alone.
func (p *parser) escape() (rune, bool) {
	if p.at+1 >= len(p.in) {
		return 0, false
	}
	if k := bytes.IndexByte([]byte(shortEscapes), p.in[p.at+1]); k >= 0 {
		p.at += 2
		return rune(shortRunes[k]), true
	}
	r, ok := p.hex4(p.at)
	if !ok {
		return 0, false
	}
	p.at += 6
	if utf16.IsSurrogate(r) {
		if low, ok := p.hex4(p.at); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				p.at += 6
				return both, true
			}
		}
	}
	return r, true
}

func (p *parser) hex4(at int) (rune, bool) {
	if at+6 > len(p.in) || p.in[at] != '\\' || p.in[at+1] != 'u' {
		return 0, false
	}
	n := rune(0)
	for _, c := range p.in[at+2 : at+6] {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 || c < '0' {
			return 0, false
		}
		n = n<<4 | rune(d)
	}
	return n, true
}

// appendRune writes a rune as JSON.stringify does within a text.
func appendRune(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	switch {
	case r == '"' || r == '\\':
		return append(b, '\\', byte(r))
	case r < 0x20:
		for k := 3; k < len(shortRunes); k++ {
			if rune(shortRunes[k]) == r {
				return append(b, '\\', shortEscapes[k])
			}
		}
		return append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
	case utf16.IsSurrogate(r):
		return append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
	}
	return utf8.AppendRune(b, r)
}

// number copies a number. JavaScript rewrites some as it reads them, and some it
// cannot keep: they are refused.
func (p *parser) number(i int) error {
	from := p.at
	for p.at < len(p.in) && bytes.IndexByte([]byte("+-.eE0123456789"), p.in[p.at]) >= 0 {
		p.at++
	}
	raw := p.in[from:p.at]
	if len(raw) > maxNumber || !canonicalNumber(raw) {
		return p.fail(i, "the number is not written as JavaScript writes it")
	}
	p.tree.text = append(p.tree.text, raw...)
	return nil
}

// canonicalNumber reports whether JavaScript writes the number again as it stands.
func canonicalNumber(raw []byte) bool {
	if plainDigits(raw) {
		return len(raw) < 2 || raw[0] != '0'
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return false
	}
	return f != 0 && string(appendFloat(nil, f)) == string(raw)
}

// plainDigits is the quick way of most numbers: all of them fit into 53 bits.
func plainDigits(raw []byte) bool {
	if len(raw) == 0 || len(raw) > 15 {
		return false
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// appendFloat is Number.prototype.toString.
func appendFloat(b []byte, f float64) []byte {
	if abs := max(f, -f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-2] == '0' { // e-07
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

func (p *parser) literal(i int) error {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(p.in[p.at:], []byte(word)) {
			p.tree.text = append(p.tree.text, word...)
			p.at += len(word)
			return nil
		}
	}
	if p.at >= len(p.in) {
		return p.fail(i, "it is cut off")
	}
	return p.fail(i, "this is not JSON")
}
