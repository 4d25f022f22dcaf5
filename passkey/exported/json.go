package exported

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/postern-dev/postern/passkey"
)

// value is one JSON value in the file's own bytes, so that no copies of secrets are made on the
// way to them. The whole text was found valid before.
type value []byte

// document checks the whole text once, so that what walks in it need not.
func document(data []byte) (value, error) {
	if len(data) > MaxFile {
		return nil, refuse(passkey.ErrTooLarge, "", strconv.Itoa(MaxFile)+" bytes at most", "")
	}
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, refuse(passkey.ErrJSON, "", "a JSON document in UTF-8", notJSON(data))
	}
	return bytes.Trim(data, " \t\r\n"), nil
}

// notJSON says what a file that is not JSON may be.
func notJSON(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return "this is a ZIP archive: unpack it and give the JSON file in it"
	case bytes.HasPrefix(data, []byte("\x03\xd9\xa2\x9a")):
		return "this is a KeePass database: export the passkey from the entry's context menu"
	case bytes.HasPrefix(data, []byte("eyJ")):
		return "this looks like an encrypted transfer between password managers: import it into one and export from there"
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return "the file begins with a byte order mark: save it without"
	}
	return ""
}

func (v value) is(kind byte) bool { return len(v) > 0 && v[0] == kind }
func (v value) isNull() bool      { return string(v) == "null" }

// end is the index behind the value that begins at i.
func (v value) end(i int) int {
	depth := 0
	for ; i < len(v); i++ {
		switch v[i] {
		case '"':
			for i++; v[i] != '"'; i++ {
				if v[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i // of a number or word before it
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

func (v value) space(i int) int {
	for v[i] == ' ' || v[i] == '\t' || v[i] == '\r' || v[i] == '\n' {
		i++
	}
	return i
}

// elements calls f for each element of an array. Absent and null are an empty one.
func (v value) elements(f func(i int, e value) error) error {
	if len(v) == 0 || v.isNull() {
		return nil
	}
	if !v.is('[') {
		return refuse(passkey.ErrMember, "", "an array", "")
	}
	n := 0
	for i := v.space(1); v[i] != ']'; n++ {
		if v[i] == ',' {
			i = v.space(i + 1)
		}
		end := v.end(i)
		if err := f(n, v[i:end]); err != nil {
			return err
		}
		i = v.space(end)
	}
	return nil
}

// object gives the members of an object by name.
func (v value) object() (map[string]value, error) {
	if !v.is('{') {
		return nil, refuse(passkey.ErrMember, "", "an object", "")
	}
	members := map[string]value{}
	for i := v.space(1); v[i] != '}'; {
		if v[i] == ',' {
			i = v.space(i + 1)
		}
		end := v.end(i)
		name, err := v[i:end].text()
		if err != nil {
			return nil, err
		}
		i = v.space(v.space(end) + 1) // behind the colon
		end = v.end(i)
		if _, twice := members[string(name)]; twice {
			return nil, refuse(passkey.ErrDuplicate, shown(string(name)), "", "")
		}
		members[string(name)] = v[i:end]
		i = v.space(end)
	}
	return members, nil
}

// text is a string's bytes, in memory of its own unless nothing is escaped in it.
func (v value) text() ([]byte, error) {
	if !v.is('"') {
		return nil, refuse(passkey.ErrMember, "", "a string", "")
	}
	in := v[1 : len(v)-1]
	if bytes.IndexByte(in, '\\') < 0 {
		return in, nil
	}
	out := make([]byte, 0, len(in)) // escapes are never shorter than what they stand for
	for i := 0; i < len(in); i++ {
		if in[i] != '\\' {
			out = append(out, in[i])
			continue
		}
		i++
		if at := bytes.IndexByte([]byte(`"\/bfnrt`), in[i]); at >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[at])
			continue
		}
		n := 4 // uXXXX; a pair of surrogates is 6 more
		if i+11 <= len(in) && in[i+5] == '\\' && in[i+6] == 'u' && (in[i+1]|0x20) == 'd' && in[i+2] >= '8' {
			n = 10
		}
		var s string
		if err := json.Unmarshal([]byte(`"\`+string(in[i:i+n+1])+`"`), &s); err != nil {
			return nil, refuse(passkey.ErrJSON, "", "", "")
		}
		out = append(out, s...)
		i += n
	}
	return out, nil
}

// required is a string that must be there and not be empty.
func required(members map[string]value, name string) ([]byte, error) {
	v, ok := members[name]
	if !ok || v.isNull() {
		return nil, refuse(passkey.ErrMissing, name, "", "")
	}
	text, err := v.text()
	if err != nil {
		return nil, at(name, err)
	}
	if len(text) == 0 {
		return nil, refuse(passkey.ErrMissing, name, "", "")
	}
	return text, nil
}

// optional is a string that may be absent, null or empty.
func optional(members map[string]value, name string) ([]byte, error) {
	v, ok := members[name]
	if !ok || v.isNull() {
		return nil, nil
	}
	text, err := v.text()
	if err != nil {
		return nil, at(name, err)
	}
	return text, nil
}

// oneOf refuses a member that is there and says anything but want.
func oneOf(members map[string]value, name, want string) error {
	text, err := optional(members, name)
	if err != nil || len(text) == 0 || string(text) == want {
		return err
	}
	return &passkey.Error{Cause: passkey.ErrAlgorithm, Where: name, Seen: shown(string(text)), Want: want,
		Hint: "accounts on chains verify P-256 (ES256) only"}
}

var base64URL = base64.RawURLEncoding.Strict()

// bytes64 decodes base64url with or without its padding. Other alphabets, spare bits and white
// space are refused.
func bytes64(name string, text []byte) ([]byte, error) {
	if n := len(text); n%4 == 0 && n > 0 {
		text = bytes.TrimSuffix(text, []byte("="))
		text = bytes.TrimSuffix(text, []byte("="))
	}
	if bytes.ContainsAny(text, "\r\n") {
		return nil, refuse(passkey.ErrBase64, name, "", "")
	}
	out := make([]byte, base64URL.DecodedLen(len(text)))
	n, err := base64URL.Decode(out, text)
	if err != nil {
		clear(out)
		return nil, refuse(passkey.ErrBase64, name, "", "")
	}
	return out[:n:n], nil
}

// shown makes text from the file fit for a message.
func shown(text string) string {
	if len(text) > 64 {
		text = text[:64] + "…"
	}
	return fmt.Sprintf("%+q", text)
}
