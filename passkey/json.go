package passkey

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A strict JSON reader (RFC 8259, I-JSON's RFC 7493 rules on names): UTF-8 without a byte order
// mark, no duplicate names, no lone surrogates, nothing after the value, bounded depth and
// number of members. It walks the input in place and allocates only to decode escapes.

const (
	jsonMaxDepth   = 16
	jsonMaxMembers = 64
)

type scanner struct {
	b     []byte
	i     int
	where string
}

func (s *scanner) bad(format string, args ...any) error {
	return &Error{Cause: ErrJSON, Where: s.at(), Seen: fmt.Sprintf(format, args...)}
}

func (s *scanner) at() string { return s.where + ", byte " + strconv.Itoa(s.i) }

// begin checks what holds for the whole text.
func (s *scanner) begin(limit int) error {
	switch {
	case len(s.b) > limit:
		return &Error{Cause: ErrTooLarge, Where: s.where, Seen: fmt.Sprintf("%d bytes", len(s.b)), Want: fmt.Sprintf("at most %d", limit)}
	case bytes.HasPrefix(s.b, []byte("\xef\xbb\xbf")):
		return s.bad("a byte order mark")
	case !utf8.Valid(s.b):
		return s.bad("bytes that are not UTF-8")
	}
	return nil
}

// end checks that nothing but white space follows.
func (s *scanner) end() error {
	if s.peek() != 0 || s.i < len(s.b) {
		return s.bad("more after the end")
	}
	return nil
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// expect takes one byte after white space.
func (s *scanner) expect(c byte) error {
	if got := s.peek(); got != c {
		return s.bad("%s where %q is expected", byteName(got, s.i < len(s.b)), c)
	}
	s.i++
	return nil
}

func byteName(c byte, present bool) string {
	if !present {
		return "the end of the text"
	}
	return strconv.QuoteRuneToASCII(rune(c))
}

// str reads a string.
func (s *scanner) str() (jsonString, error) {
	if err := s.expect('"'); err != nil {
		return jsonString{}, err
	}
	start, escaped := s.i, false
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return jsonString{s.b[start : s.i-1], escaped}, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return jsonString{}, err
			}
		case c < 0x20:
			return jsonString{}, s.bad("a control character in a string")
		}
	}
	return jsonString{}, s.bad("a string without end")
}

// escape checks the escape at the cursor and moves to its last byte.
func (s *scanner) escape() error {
	if s.i+1 >= len(s.b) {
		return s.bad("a string without end")
	}
	switch s.b[s.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
		return nil
	case 'u':
		v := hex4(s.b[s.i+2:])
		if v < 0 {
			return s.bad("a broken escape")
		}
		if !utf16.IsSurrogate(rune(v)) {
			s.i += 5
			return nil
		}
		rest := s.b[s.i+6:]
		if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' || utf16.DecodeRune(rune(v), rune(hex4(rest[2:]))) == utf8.RuneError {
			return s.bad("a lone surrogate")
		}
		s.i += 11
		return nil
	}
	return s.bad("a broken escape")
}

// object walks over the members of an object and refuses a name that occurs twice.
type object struct {
	names [jsonMaxMembers][]byte
	n     int
}

// next moves to the value of the next member and returns its name; false at the end.
func (s *scanner) next(o *object) ([]byte, bool, error) {
	if o.n == 0 {
		if err := s.expect('{'); err != nil {
			return nil, false, err
		}
		if s.peek() == '}' {
			s.i++
			return nil, false, nil
		}
	} else {
		if s.peek() == '}' {
			s.i++
			return nil, false, nil
		}
		if err := s.expect(','); err != nil {
			return nil, false, err
		}
	}
	k, err := s.str()
	if err != nil {
		return nil, false, err
	}
	name := k.raw
	if k.escaped {
		name = []byte(k.text())
	}
	for _, old := range o.names[:o.n] {
		if bytes.Equal(old, name) {
			return nil, false, &Error{Cause: ErrDuplicate, Where: s.at(), Seen: quote(string(name)) + " twice", Want: "every member once"}
		}
	}
	if o.n == jsonMaxMembers {
		return nil, false, s.bad("more than %d members", jsonMaxMembers)
	}
	o.names[o.n] = name
	o.n++
	return name, true, s.expect(':')
}

// skip walks over any value.
func (s *scanner) skip(depth int) error {
	if depth > jsonMaxDepth {
		return s.bad("nesting deeper than %d", jsonMaxDepth)
	}
	switch c := s.peek(); {
	case c == '{':
		return s.skipObject(depth)
	case c == '[':
		return s.skipArray(depth)
	case c == '"':
		_, err := s.str()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case s.literal("true"), s.literal("false"), s.literal("null"):
		return nil
	default:
		return s.bad("%s where a value is expected", byteName(c, s.i < len(s.b)))
	}
}

func (s *scanner) skipObject(depth int) error {
	var o object
	for {
		_, more, err := s.next(&o)
		if err != nil || !more {
			return err
		}
		if err := s.skip(depth + 1); err != nil {
			return err
		}
	}
}

func (s *scanner) skipArray(depth int) error {
	return s.array(func(int) error { return s.skip(depth + 1) })
}

// array calls item before each element; item must read it.
func (s *scanner) array(item func(i int) error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.i++
		return nil
	}
	for i := 0; ; i++ {
		if err := item(i); err != nil {
			return err
		}
		if s.peek() == ']' {
			s.i++
			return nil
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}

// literal takes the word if it stands at the cursor.
func (s *scanner) literal(word string) bool {
	if s.peek(); len(s.b)-s.i >= len(word) && string(s.b[s.i:s.i+len(word)]) == word {
		s.i += len(word)
		return true
	}
	return false
}

// number checks RFC 8259's grammar of numbers.
func (s *scanner) number() error {
	digits := func() bool {
		start := s.i
		for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
			s.i++
		}
		return s.i > start
	}
	at := func(set string) bool {
		if s.i < len(s.b) && bytes.IndexByte([]byte(set), s.b[s.i]) >= 0 {
			s.i++
			return true
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		return s.bad("a broken number")
	}
	if at(".") && !digits() {
		return s.bad("a broken number")
	}
	if at("eE") {
		at("+-")
		if !digits() {
			return s.bad("a broken number")
		}
	}
	return nil
}
