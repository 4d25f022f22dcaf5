package p256table

import (
	"errors"
	"fmt"
)

// Causes of an [Error], for callers that act on them.
var (
	ErrFormat    = errors.New("no such table format")
	ErrNoKey     = errors.New("there is no key: the zero Key is none")
	ErrHex       = errors.New("a coordinate is 64 hex digits, with or without 0x")
	ErrTooLarge  = errors.New("a coordinate is not below the field's prime")
	ErrInfinity  = errors.New("the point at infinity is no key")
	ErrOffCurve  = errors.New("the point is not on P-256")
	ErrNoTable   = errors.New("the bytes are not a table")
	ErrDifferent = errors.New("the bytes are not the table of this key")
	ErrNoFCL     = errors.New("FCL's layout cannot hold this key's table")
)

// An Error says what is wrong with a key or a table.
type Error struct {
	Cause error  // one of the causes above
	Where string // what was looked at: "x", "point 17"; may be empty
	Seen  string // what stood there; may be empty
}

// Error implements error.
func (e *Error) Error() string {
	text := "p256table: "
	if e.Where != "" {
		text += e.Where + ": "
	}
	text += e.Cause.Error()
	if e.Seen != "" {
		text += fmt.Sprintf(" (%s)", e.Seen)
	}
	return text
}

// Unwrap gives the cause to errors.Is.
func (e *Error) Unwrap() error { return e.Cause }

// Hint is the way out, one sentence without a full stop.
func (e *Error) Hint() string {
	switch e.Cause {
	case ErrFormat:
		return "the formats are 512, 1k, 4k, 16k and fcl"
	case ErrNoKey, ErrHex, ErrTooLarge, ErrInfinity, ErrOffCurve:
		return "give x and y of the public key, big endian, 32 bytes each"
	case ErrNoTable:
		return "a table is the whole code of the contract, from its first byte 0x00"
	case ErrDifferent:
		return "do not use this table; build it again from the key"
	case ErrNoFCL:
		return "the key is a known multiple of the generator, so it protects nothing; use another"
	}
	return ""
}
