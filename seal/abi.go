// The little of the Solidity ABI that signatures need: one tuple of words and
// byte strings, read only in its canonical form.

package seal

import (
	"encoding/binary"
	"math"
)

// MaxABI is the longest ABI-encoded signature that is read, in bytes. No block
// has room for a longer one.
const MaxABI = 1 << 17

// abiField is one member of a tuple: a 32-byte word, or dynamic bytes (a
// Solidity bytes or string).
type abiField struct {
	word    [32]byte
	data    []byte
	dynamic bool
}

func abiWord(w [32]byte) abiField { return abiField{word: w} }

func abiBytes(b []byte) abiField { return abiField{data: b, dynamic: true} }

func abiNumber(n int) (f abiField) {
	binary.BigEndian.PutUint64(f.word[24:], uint64(n))
	return f
}

// number is the word as a number; math.MaxInt32 stands for it and all above.
func (f abiField) number() int {
	if [28]byte(f.word[:28]) != [28]byte{} {
		return math.MaxInt32
	}
	return int(min(binary.BigEndian.Uint32(f.word[28:]), math.MaxInt32))
}

func abiPadded(n int) int { return (n + 31) &^ 31 }

// encodeTuple is abi.encode of the fields as separate values: no offset leads.
func encodeTuple(fields ...abiField) []byte {
	tail := 32 * len(fields)
	size := tail
	for _, f := range fields {
		if f.dynamic {
			size += 32 + abiPadded(len(f.data))
		}
	}
	out := make([]byte, size)
	for i, f := range fields {
		word := out[32*i : 32*i+32]
		if !f.dynamic {
			copy(word, f.word[:])
			continue
		}
		binary.BigEndian.PutUint64(word[24:], uint64(tail))
		binary.BigEndian.PutUint64(out[tail+24:], uint64(len(f.data)))
		copy(out[tail+32:], f.data)
		tail += 32 + abiPadded(len(f.data))
	}
	return out
}

// encodeStruct is abi.encode of one dynamic struct: the word 0x20, then the tuple.
func encodeStruct(fields ...abiField) []byte {
	w := abiNumber(32).word
	return append(w[:], encodeTuple(fields...)...)
}

// decodeTuple reads what encodeTuple writes and nothing else: offsets in order
// and without gaps, zero padding, nothing behind the end. shape has a 'w' for a
// word and a 'd' for dynamic bytes, which refer to b in the result.
func decodeTuple(where string, b []byte, shape string) ([]abiField, error) {
	next := 32 * len(shape)
	switch {
	case len(b) > MaxABI:
		return nil, malformed(where, "%d bytes, at most %d", len(b), MaxABI)
	case len(b) < next:
		return nil, caused(ErrTruncated, where, "%d bytes, at least %d: cut short, or of another layout", len(b), next)
	}
	fields := make([]abiField, len(shape))
	for i := range shape {
		f := abiWord([32]byte(b[32*i:]))
		if shape[i] == 'd' {
			if f.number() != next {
				return nil, caused(ErrEncoding, where, "field %d does not lie at %d, where its canonical encoding has it", i+1, next)
			}
			var err error
			if f, err = decodeBytes(where, b[next:], i+1); err != nil {
				return nil, err
			}
			next += 32 + abiPadded(len(f.data))
		}
		fields[i] = f
	}
	if next != len(b) {
		return nil, caused(ErrTrailing, where, "%d bytes follow its end", len(b)-next)
	}
	return fields, nil
}

// decodeBytes reads a length, as many bytes, and zeros up to a whole word, from
// the front of b.
func decodeBytes(where string, b []byte, field int) (abiField, error) {
	if len(b) < 32 {
		return abiField{}, caused(ErrTruncated, where, "cut short before field %d", field)
	}
	size := abiWord([32]byte(b)).number()
	if size > len(b)-32 || abiPadded(size) > len(b)-32 {
		return abiField{}, caused(ErrTruncated, where, "cut short in field %d", field)
	}
	data := b[32 : 32+size : 32+size]
	for _, p := range b[32+size : 32+abiPadded(size)] {
		if p != 0 {
			return abiField{}, caused(ErrEncoding, where, "field %d is padded with something else than zeros", field)
		}
	}
	return abiBytes(data), nil
}

// decodeStruct reads what encodeStruct writes and nothing else.
func decodeStruct(where string, b []byte, shape string) ([]abiField, error) {
	if len(b) < 32 {
		return nil, caused(ErrTruncated, where, "%d bytes, shorter than a word", len(b))
	}
	if abiWord([32]byte(b)).number() != 32 {
		return nil, caused(ErrEncoding, where, "it does not start with the word 0x20 that abi.encode of a struct starts with")
	}
	return decodeTuple(where, b[32:], shape)
}
