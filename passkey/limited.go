package passkey

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// VerifyLimited is the Limited Verification Algorithm of §5.8.1.2: it compares clientDataJSON
// with the serialisation that browsers are to write, and parses nothing. Verifiers on chains
// that know no JSON do the same, so it tells whether they can accept the client data. An empty
// topOrigin means a ceremony that is not cross-origin.
//
// Not verified, as in the specification: what follows the members that it knows, where a member
// might occur a second time. ParseClientData refuses that.
func VerifyLimited(clientDataJSON []byte, purpose string, challenge []byte, origin, topOrigin string) bool {
	expected := []byte(`{"type":`)
	expected = appendCCD(expected, purpose)
	expected = append(expected, `,"challenge":`...)
	expected = appendCCD(expected, base64.RawURLEncoding.EncodeToString(challenge))
	expected = append(expected, `,"origin":`...)
	expected = appendCCD(expected, origin)
	if topOrigin == "" {
		expected = append(expected, `,"crossOrigin":false`...)
	} else {
		expected = append(expected, `,"crossOrigin":true,"topOrigin":`...)
		expected = appendCCD(expected, topOrigin)
	}
	rest, ok := bytes.CutPrefix(clientDataJSON, expected)
	return ok && len(rest) > 0 && (rest[0] == '}' || rest[0] == ',')
}

// appendCCD is CCDToString of §5.8.1.1: a JSON string with the fewest escapes.
func appendCCD(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"':
			b = append(b, `\"`...)
		case r == '\\':
			b = append(b, `\\`...)
		case r < 0x20:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
