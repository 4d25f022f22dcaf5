// How a refusal is said.

package grant

import "fmt"

// Error says what is wrong with a file, an expression or a policy's bytes, where,
// and what to do instead.
type Error struct {
	Line, Column int    // from 1; 0 where there is no text
	Field        string // "policy 2, allow 1", "valueLimit"
	What         string
	Way          string // the way out, one sentence, no full stop
}

func (e *Error) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	}
	if e.Field != "" {
		at += e.Field + ": "
	}
	return "grant: " + at + e.What
}

// Hint is the way out.
func (e *Error) Hint() string { return e.Way }

func fail(field, way, format string, args ...any) *Error {
	return &Error{Field: field, What: fmt.Sprintf(format, args...), Way: way}
}

// inField says where an error is, in front of what it says itself.
func inField(err error, format string, args ...any) error {
	e, ok := err.(*Error)
	if !ok {
		return err
	}
	out := *e
	if out.Field != "" {
		out.Field = ", " + out.Field
	}
	out.Field = fmt.Sprintf(format, args...) + out.Field
	return &out
}
