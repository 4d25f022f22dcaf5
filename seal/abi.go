// The little of the Solidity ABI that signatures need: one tuple of words and
// byte strings, read only in its canonical form.

package seal

import (
	"encoding/binary"
)

// abiField is one member of a tuple: a 32-byte word, or dynamic bytes (a
// Solidity bytes or string).
type abiField struct {
	word    [32]byte
	data    []byte
	dynamic bool
}

func abiWord(w [32]byte) abiField   { return abiField{word: w} }
func abiBytes(b []byte) abiField    { return abiField{data: b, dynamic: true} }
func abiNumber(n int) (f abiField)  { binary.BigEndian.PutUint64(f.word[24:], uint64(n)); return f }
func abiPadded(n int) int           { return (n + 31) &^ 31 }
func abiStruct(tuple []byte) []byte { w := abiNumber(32).word; return append(w[:], tuple...) }
func (f abiField) number() (int, bool) {
	for _, b := range f.word[:28] {
		if b != 0 {
			return 0, false
		}
	}
	n := binary.BigEndian.Uint32(f.word[28:])
	return int(n), n < 1<<31
}

// encodeTuple is abi.encode of the fields as separate values: no offset leads.
func encodeTuple(fields ...abiField) []byte {
	size := 32 * len(fields)
	for _, f := range fields {
		if f.dynamic {
			size += 32 + abiPadded(len(f.data))
		}
	}
	out, tail := make([]byte, size), 32*len(fields)
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

// decodeTuple reads what encodeTuple writes and nothing else: offsets in order
// and without gaps, zero padding, nothing behind the end. shape has a 'w' for a
// word and a 'd' for dynamic bytes. Dynamic fields refer to b.
func decodeTuple(where string, b []byte, shape string) ([]abiField, error) {
	if len(b) > MaxABI {
		return nil, malformed(where, "%d bytes, at most %d", len(b), MaxABI)
	}
	next := 32 * len(shape)
	if len(b) < next {
		return nil, malformed(where, "%d bytes, at least %d: it is cut short or of another layout", len(b), next)
	}
	fields := make([]abiField, len(shape))
	for i := range shape {
		f := &fields[i]
		f.word = [32]byte(b[32*i:])
		if shape[i] == 'w' {
			continue
		}
		offset, ok := f.number()
		if !ok || offset != next {
			return nil, malformed(where, "field %d lies at offset %#x, not at %d where its canonical encoding has it", i+1, trimmed(f.word), next)
		}
		if len(b)-offset < 32 {
			return nil, malformed(where, "field %d is cut short", i+1)
		}
		size, ok := abiWord([32]byte(b[offset:])).number()
		if !ok || abiPadded(size) > len(b)-offset-32 {
			return nil, malformed(where, "field %d is cut short", i+1)
		}
		start := offset + 32
		next = start + abiPadded(size)
		for _, p := range b[start+size : next] {
			if p != 0 {
				return nil, malformed(where, "field %d is padded with something else than zeros", i+1)
			}
		}
		*f = abiField{data: b[start : start+size : start+size], dynamic: true}
	}
	if next != len(b) {
		return nil, malformed(where, "%d bytes follow its end", len(b)-next)
	}
	return fields, nil
}

// decodeStruct reads abi.encode of one dynamic struct: the word 0x20, then the tuple.
func decodeStruct(where string, b []byte, shape string) ([]abiField, error) {
	if len(b) < 32 {
		return nil, malformed(where, "%d bytes, shorter than a word", len(b))
	}
	if n, ok := abiWord([32]byte(b)).number(); !ok || n != 32 {
		return nil, malformed(where, "it does not start with the word 0x20 that abi.encode of a struct starts with")
	}
	return decodeTuple(where, b[32:], shape)
}

func trimmed(w [32]byte) []byte {
	b := w[:]
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// MaxABI is the longest ABI-encoded signature that is read, in bytes. No block
// has room for a longer one.
const MaxABI = 1 << 17
