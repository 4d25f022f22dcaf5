// Package abituple reads and writes the little of the Solidity ABI that
// signatures are made of: one tuple of words and byte strings. It reads only the
// canonical encoding, which is the one that [Encode] writes: what has exactly
// one encoding can be recognised without guessing, and written again to the same
// bytes.
package abituple

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Field is one member of a tuple: a 32-byte word, or dynamic bytes (a Solidity
// bytes or string).
type Field struct {
	Word    [32]byte
	Data    []byte
	Dynamic bool
}

// Word is a static member.
func Word(w [32]byte) Field { return Field{Word: w} }

// Bytes is a dynamic member.
func Bytes(b []byte) Field { return Field{Data: b, Dynamic: true} }

// Number is a static member that holds n, which is not negative.
func Number(n int) (f Field) {
	binary.BigEndian.PutUint64(f.Word[24:], uint64(n))
	return f
}

// Int is the word as a number; math.MaxInt32 stands for itself and all above.
func (f Field) Int() int {
	if [28]byte(f.Word[:28]) != [28]byte{} {
		return math.MaxInt32
	}
	return int(min(binary.BigEndian.Uint32(f.Word[28:]), math.MaxInt32))
}

// Reason says in which way bytes are not a tuple.
type Reason int

// The reasons.
const (
	Truncated    Reason = iota + 1 // it ends too early, or is of another shape
	Trailing                       // bytes follow its end
	NotCanonical                   // an offset or a padding that Encode would not write
)

// Error is a refusal.
type Error struct {
	Reason Reason
	Field  int // counted from 1; 0 if it is about the whole
	What   string
}

func (e *Error) Error() string { return e.What }

func refuse(reason Reason, field int, format string, args ...any) error {
	return &Error{reason, field, fmt.Sprintf(format, args...)}
}

func padded(n int) int { return (n + 31) &^ 31 }

// Encode is abi.encode of the fields as separate values: no offset leads.
func Encode(fields ...Field) []byte {
	tail := 32 * len(fields)
	size := tail
	for _, f := range fields {
		if f.Dynamic {
			size += 32 + padded(len(f.Data))
		}
	}
	out := make([]byte, size)
	for i, f := range fields {
		word := out[32*i : 32*i+32]
		if !f.Dynamic {
			copy(word, f.Word[:])
			continue
		}
		binary.BigEndian.PutUint64(word[24:], uint64(tail))
		binary.BigEndian.PutUint64(out[tail+24:], uint64(len(f.Data)))
		copy(out[tail+32:], f.Data)
		tail += 32 + padded(len(f.Data))
	}
	return out
}

// EncodeStruct is abi.encode of one dynamic struct: the word 0x20, then the tuple.
func EncodeStruct(fields ...Field) []byte {
	w := Number(32).Word
	return append(w[:], Encode(fields...)...)
}

// Decode reads what [Encode] writes and nothing else: offsets in order and
// without gaps, zero padding, nothing behind the end. shape has a 'w' for a word
// and a 'd' for dynamic bytes, which refer to b in the result.
func Decode(b []byte, shape string) ([]Field, error) {
	next := 32 * len(shape)
	if len(b) < next {
		return nil, refuse(Truncated, 0, "%d bytes, at least %d: cut short, or of another layout", len(b), next)
	}
	fields := make([]Field, len(shape))
	for i := range shape {
		f := Word([32]byte(b[32*i:]))
		if shape[i] == 'd' {
			if f.Int() != next {
				return nil, refuse(NotCanonical, i+1, "field %d does not lie at %d, where its canonical encoding has it", i+1, next)
			}
			var err error
			if f, err = decodeBytes(b[next:], i+1); err != nil {
				return nil, err
			}
			next += 32 + padded(len(f.Data))
		}
		fields[i] = f
	}
	if next != len(b) {
		return nil, refuse(Trailing, 0, "%d bytes follow its end", len(b)-next)
	}
	return fields, nil
}

// decodeBytes reads a length, as many bytes, and zeros up to a whole word, from
// the front of b.
func decodeBytes(b []byte, field int) (Field, error) {
	if len(b) < 32 {
		return Field{}, refuse(Truncated, field, "cut short before field %d", field)
	}
	size := Word([32]byte(b)).Int()
	if size > len(b)-32 || padded(size) > len(b)-32 {
		return Field{}, refuse(Truncated, field, "cut short in field %d", field)
	}
	for _, p := range b[32+size : 32+padded(size)] {
		if p != 0 {
			return Field{}, refuse(NotCanonical, field, "field %d is padded with something else than zeros", field)
		}
	}
	return Bytes(b[32 : 32+size : 32+size]), nil
}

// DecodeStruct reads what [EncodeStruct] writes and nothing else.
func DecodeStruct(b []byte, shape string) ([]Field, error) {
	if len(b) < 32 {
		return nil, refuse(Truncated, 0, "%d bytes, shorter than a word", len(b))
	}
	if Word([32]byte(b)).Int() != 32 {
		return nil, refuse(NotCanonical, 0, "it does not start with the word 0x20 that abi.encode of a struct starts with")
	}
	return Decode(b[32:], shape)
}
