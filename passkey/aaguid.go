package passkey

import (
	"encoding/hex"
	"strconv"
)

// AAGUID names the model of an authenticator or the provider of a passkey. Without verified
// attestation it is a claim: good for a label in a list, not for a decision.
type AAGUID [16]byte

// ParseAAGUID reads the form 8-4-4-4-12 of hexadecimal digits.
func ParseAAGUID(s string) (AAGUID, error) {
	bad := func() (AAGUID, error) {
		return AAGUID{}, &Error{Cause: ErrAAGUID, Seen: quote(s), Want: "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal"}
	}
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return bad()
	}
	var a AAGUID
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(a[:], []byte(digits)); err != nil {
		return bad()
	}
	return a, nil
}

// String is the lower-case form 8-4-4-4-12.
func (a AAGUID) String() string {
	h := hex.EncodeToString(a[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// IsZero reports the AAGUID of an authenticator that does not name itself.
func (a AAGUID) IsZero() bool { return a == AAGUID{} }

// MarshalText makes an AAGUID a string in JSON.
func (a AAGUID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is ParseAAGUID.
func (a *AAGUID) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAAGUID(string(b))
	return err
}

// quote shows hostile text in an error: quoted, escaped to ASCII and cut.
func quote(s string) string {
	const limit = 96
	if len(s) > limit {
		return strconv.QuoteToASCII(s[:limit]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
