// Texts, numbers and literals of JSON, as JSON.stringify writes them.

package approval

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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
