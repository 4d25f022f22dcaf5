// Errors of the parsers and encoders.

package seal

import "fmt"

// MalformedError says what is wrong with bytes from outside, or with an approval
// that cannot be written.
type MalformedError struct {
	Where string // "signer", "approval 2"
	What  string // one clause
}

func (e *MalformedError) Error() string { return "seal: " + e.Where + ": " + e.What }

func malformed(where, format string, args ...any) error {
	return &MalformedError{Where: where, What: fmt.Sprintf(format, args...)}
}
