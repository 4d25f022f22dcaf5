// How a refusal is said.

package recovery

import "fmt"

// Error says what is wrong with a description or a file, where, and what to do instead.
type Error struct {
	Line, Column int // from 1; 0 where there is no text
	Code         Code
	Field        string // "route guardians"
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
	return "recovery: " + at + e.What
}

// Hint is the way out.
func (e *Error) Hint() string { return e.Way }

// TooLargeError says that an account is too large for exact results.
type TooLargeError struct {
	What         string
	Count, Limit int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("recovery: %d %s, more than %d", e.Count, e.What, e.Limit)
}

// Hint is the way out.
func (e *TooLargeError) Hint() string {
	return "describe keys that always share their fate as one, and state what is not known"
}
