package passkey

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Values inside strict JSON: text, base64url and integers.

// jsonString is the text between two quotes, escapes not yet decoded.
type jsonString struct {
	raw     []byte
	escaped bool
}

// text decodes escapes. The scanner has checked that they are well formed.
func (s jsonString) text() string {
	if !s.escaped {
		return string(s.raw)
	}
	out := make([]byte, 0, len(s.raw))
	for i := 0; i < len(s.raw); i++ {
		c := s.raw[i]
		if c != '\\' {
			out = append(out, c)
			continue
		}
		i++
		switch c = s.raw[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := rune(hex4(s.raw[i+1:]))
			i += 4
			if utf16.IsSurrogate(r) {
				r = utf16.DecodeRune(r, rune(hex4(s.raw[i+3:])))
				i += 6
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// hex4 reads four hexadecimal digits, or returns -1.
func hex4(b []byte) int {
	if len(b) < 4 {
		return -1
	}
	v := 0
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		v = v<<4 | int(c)
	}
	return v
}

// badMember is an error about a member's value.
func badMember(where, seen, want string) error {
	return &Error{Cause: ErrMember, Where: where, Seen: seen, Want: want}
}

// plain reads a string that must not need decoding, as base64url and the fixed words of the
// specification never do.
func (s *scanner) plain(where string) ([]byte, error) {
	if c := s.peek(); c != '"' {
		return nil, badMember(where, byteName(c, s.i < len(s.b)), "a string")
	}
	v, err := s.str()
	if err != nil {
		return nil, err
	}
	if v.escaped {
		return nil, badMember(where, "an escape in "+quote(string(v.raw)), "text without escapes")
	}
	return v.raw, nil
}

// decoded reads a string and decodes its escapes.
func (s *scanner) decoded(where string) (string, error) {
	if c := s.peek(); c != '"' {
		return "", badMember(where, byteName(c, s.i < len(s.b)), "a string")
	}
	v, err := s.str()
	return v.text(), err
}

// base64url is unpadded and refuses non-zero spare bits.
var base64url = base64.RawURLEncoding.Strict()

// appendBase64 decodes text behind dst.
func appendBase64(dst, text []byte, where string) ([]byte, error) {
	n := base64url.DecodedLen(len(text))
	if bytes.ContainsAny(text, "\r\n") { // encoding/base64 would ignore them
		return nil, badBase64(text, where)
	}
	start := len(dst)
	if cap(dst)-start < n {
		dst = append(make([]byte, 0, start+n), dst...)
	}
	if _, err := base64url.Decode(dst[start:start+n], text); err != nil {
		return nil, badBase64(text, where)
	}
	return dst[: start+n : cap(dst)], nil
}

func badBase64(text []byte, where string) error {
	e := &Error{Cause: ErrBase64, Where: where, Seen: quote(string(text)), Want: "A–Z a–z 0–9 - _ without padding"}
	switch {
	case bytes.ContainsAny(text, "+/"):
		e.Hint = "this is standard base64: replace + by - and / by _, and drop the padding"
	case bytes.ContainsRune(text, '='):
		e.Hint = "drop the padding"
	}
	return e
}

// integer reads a number without fraction or exponent, of at most 15 digits.
func (s *scanner) integer(where string) (int64, error) {
	c := s.peek()
	start := s.i
	if c != '-' && (c < '0' || c > '9') {
		return 0, badMember(where, byteName(c, s.i < len(s.b)), "an integer")
	}
	if err := s.number(); err != nil {
		return 0, err
	}
	text := string(s.b[start:s.i])
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || len(text) > 16 {
		return 0, badMember(where, quote(text), "an integer")
	}
	return v, nil
}
