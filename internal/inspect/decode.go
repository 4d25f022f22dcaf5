package inspect

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"
	"unicode/utf8"
)

// A candidate is the input under one assumption about how it was written.
type candidate struct {
	encoding string
	data     []byte
	note     *Finding // something about the writing itself
}

// decode lists what the input may be once unwrapped, most plausible first. The
// same text can be hex and base64url at once; then both are listed.
func decode(input []byte) []candidate {
	text := bytes.TrimSpace(bytes.TrimPrefix(input, []byte("\xef\xbb\xbf")))
	if len(text) == 0 {
		return nil
	}
	if !utf8.Valid(text) {
		return []candidate{{encoding: "binary", data: input}}
	}
	switch {
	case bytes.HasPrefix(text, []byte(sealedMagic)):
		return []candidate{{encoding: "text", data: input}} // every byte counts
	case text[0] == '{':
		if data, ok := indexedBytes(text); ok {
			return []candidate{{"json-object-of-bytes", data, &Finding{Warning, "stringified-bytes",
				"the bytes are written as a JSON object with the keys 0, 1, 2 …",
				"JSON.stringify of a Uint8Array",
				"use credential.toJSON(), or convert to base64url before JSON.stringify"}}}
		}
		return []candidate{{encoding: "json", data: text}}
	case text[0] == '[':
		var list []uint8Number
		if json.Unmarshal(text, &list) == nil && len(list) > 0 {
			data := make([]byte, len(list))
			for i, n := range list {
				data[i] = byte(n)
			}
			return []candidate{{encoding: "json-list-of-bytes", data: data}}
		}
		return []candidate{{encoding: "json", data: text}}
	case bytes.HasPrefix(text, []byte("-----BEGIN ")):
		if block, _ := pem.Decode(text); block != nil {
			return []candidate{{encoding: "pem", data: block.Bytes}}
		}
	case text[0] == '"' && text[len(text)-1] == '"', text[0] == '\'' && text[len(text)-1] == '\'':
		if len(text) > 2 {
			return decode(text[1 : len(text)-1])
		}
	}
	return decodeText(string(text))
}

func decodeText(text string) []candidate {
	if first, _, _ := strings.Cut(text, " "); len(first) <= 5 && aaCode.MatchString(first) {
		return []candidate{{encoding: "text", data: []byte(text)}} // AA24 is hex, too
	}
	packed := strings.Join(strings.Fields(text), "")
	var out []candidate
	if c, ok := decodeHex(packed); ok {
		out = append(out, c)
	}
	// Base64 may be broken into lines; words with spaces between them are a message,
	// whatever their letters.
	if words := strings.Contains(text, " "); !words && (len(out) == 0 || !hasHexPrefix(packed)) {
		if c, ok := decodeBase64(packed); ok {
			out = append(out, c)
		}
	}
	if c, ok := numberCandidate(packed); ok {
		out = append(out, c)
	}
	if len(out) == 0 {
		out = append(out, candidate{encoding: "text", data: []byte(text)})
	}
	return out
}

func hasHexPrefix(s string) bool {
	return strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") || strings.HasPrefix(s, `\x`)
}

func decodeHex(s string) (candidate, bool) {
	c := candidate{encoding: "hex"}
	if hasHexPrefix(s) {
		s = s[2:]
	}
	if len(s) == 0 || strings.Trim(s, "0123456789abcdefABCDEF") != "" {
		return c, false
	}
	if len(s)%2 == 1 {
		c.note = &Finding{Error, "odd-hex", "the hex text has an odd number of digits; the last one is left out here",
			"a copy that lost a character, or a number printed without its leading zero",
			"copy it again; pad numbers on the left to full bytes"}
		s = s[:len(s)-1]
	}
	var err error
	c.data, err = hex.DecodeString(s)
	return c, err == nil && len(c.data) > 0
}

func decodeBase64(s string) (candidate, bool) {
	body := strings.TrimRight(s, "=")
	if pad := len(s) - len(body); pad > 2 || len(body) == 0 {
		return candidate{}, false
	}
	enc, name := base64.RawURLEncoding, "base64url"
	if strings.ContainsAny(body, "+/") {
		enc, name = base64.RawStdEncoding, "base64"
	}
	data, err := enc.Strict().DecodeString(body)
	if err == nil {
		return candidate{encoding: name, data: data}, len(data) > 0
	}
	data, err = enc.DecodeString(body)
	return candidate{name, data, &Finding{Warning, "loose-base64", "the last base64 character carries bits that mean nothing",
		"text that was cut or edited", "strict decoders refuse it; encode the bytes again"}}, err == nil && len(data) > 0
}

// uint8Number is a JSON number from 0 to 255.
type uint8Number uint8

// indexedBytes reads {"0":73,"1":150,…}, the keys complete and in any order.
func indexedBytes(text []byte) ([]byte, bool) {
	if !bytes.HasPrefix(bytes.TrimLeft(text[1:], " \t\r\n"), []byte(`"0"`)) {
		return nil, false
	}
	var object map[string]uint8Number
	if json.Unmarshal(text, &object) != nil || len(object) == 0 {
		return nil, false
	}
	data := make([]byte, len(object))
	seen := make([]bool, len(object))
	for key, n := range object {
		i := 0
		if len(key) > 7 || len(key) > 1 && key[0] == '0' {
			return nil, false
		}
		for _, digit := range []byte(key) {
			if digit < '0' || digit > '9' {
				return nil, false
			}
			i = i*10 + int(digit-'0')
		}
		if i >= len(data) || seen[i] {
			return nil, false
		}
		data[i], seen[i] = byte(n), true
	}
	return data, true
}
