// JSON as JSON.stringify writes it: what is read is rewritten to that one form, and
// what cannot be is refused.

package approval

import (
	"bytes"
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
	err := p.value(0, 0)
	if p.space(); err == nil && p.at != len(p.in) {
		err = p.fail(0, "there is more after the end")
	}
	if err != nil {
		clear(p.tree.text) // there may be a private key in it
		return nil, err
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
