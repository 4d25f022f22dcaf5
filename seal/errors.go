// Errors of the parsers and encoders.

package seal

import (
	"fmt"

	"github.com/postern-dev/postern/passkey"
)

// Causes of refusals that have a name, for errors.Is; other refusals have package
// passkey's causes or none.
const (
	ErrTruncated passkey.Cause = "cut short"
	ErrTrailing  passkey.Cause = "bytes follow its end"
	ErrEncoding  passkey.Cause = "not its canonical encoding"
	ErrHighS     passkey.Cause = "s is not in its low form"
	ErrIndex     passkey.Cause = "an index points at something else"
)

// MalformedError says what is wrong with bytes from outside, or with an approval
// that cannot be written.
type MalformedError struct {
	Where string        // "signer", "approval 2"
	What  string        // one clause
	Cause passkey.Cause // "" if it has no name
}

func (e *MalformedError) Error() string { return "seal: " + e.Where + ": " + e.What }

// Unwrap makes errors.Is(err, ErrHighS) and the like work.
func (e *MalformedError) Unwrap() error {
	if e.Cause == "" {
		return nil
	}
	return e.Cause
}

// Hint is the way out, one sentence without a full stop; "" if none is known.
func (e *MalformedError) Hint() string {
	switch e.Cause {
	case ErrTruncated:
		return "pass the signature whole; what shows it in a log or a form may have cut it"
	case ErrTrailing:
		return "pass the signature alone, without what wraps or follows it"
	case ErrEncoding:
		return "encode it again with the function of this package that is named after the account"
	case ErrHighS:
		return "replace s by n − s: the same signature, and valid everywhere"
	case ErrIndex:
		return "compute indices in bytes of clientDataJSON as the authenticator's client gave it"
	case passkey.ErrUserPresence, passkey.ErrUserVerification:
		return `ask for an assertion with userVerification "required"`
	}
	return ""
}

func malformed(where, format string, args ...any) error {
	return caused("", where, format, args...)
}

func caused(cause passkey.Cause, where, format string, args ...any) error {
	return &MalformedError{Where: where, What: fmt.Sprintf(format, args...), Cause: cause}
}
