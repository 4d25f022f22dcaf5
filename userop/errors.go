// Errors of this package.

package userop

import (
	"errors"
	"fmt"
)

// What can be wrong with a field. A [FieldError] wraps one of them.
var (
	ErrMissing     = errors.New("missing")
	ErrRange       = errors.New("out of range")
	ErrFormat      = errors.New("malformed")
	ErrUnexpected  = errors.New("not expected here")
	ErrDuplicate   = errors.New("given twice")
	ErrUnknown     = errors.New("unknown member")
	ErrUnsupported = errors.New("not supported by this EntryPoint version")
	ErrTooLarge    = errors.New("too large")
)

// FieldError says which field of an operation is wrong, and why.
type FieldError struct {
	Field string // wire name, "maxFeePerGas"
	Err   error  // one of the errors above, possibly wrapped with detail
}

func (e *FieldError) Error() string { return "user operation: " + e.Field + ": " + e.Err.Error() }
func (e *FieldError) Unwrap() error { return e.Err }

func fieldErr(field string, err error) error { return &FieldError{field, err} }

func fieldErrf(field string, err error, format string, args ...any) error {
	return &FieldError{field, fmt.Errorf("%w: %s", err, fmt.Sprintf(format, args...))}
}
