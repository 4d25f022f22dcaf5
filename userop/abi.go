// The little of the Solidity ABI that operations need: one struct of words and
// byte strings, and arrays of it. Written by hand because the decoder meets
// hostile input: nothing is copied before all offsets and lengths are checked.

package userop

import (
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// field is one member of an ABI struct: a 32-byte word or a byte string.
type field struct {
	word    [32]byte
	data    []byte
	dynamic bool
}

func (f field) number() *big.Int { return new(big.Int).SetBytes(f.word[:]) }

func (f field) halves() (high, low *big.Int) {
	return new(big.Int).SetBytes(f.word[:16]), new(big.Int).SetBytes(f.word[16:])
}

func (f field) address(name string) (common.Address, error) {
	if [12]byte(f.word[:12]) != [12]byte{} {
		return common.Address{}, fieldErrf(name, ErrFormat, "an address with more than 20 bytes")
	}
	return common.BytesToAddress(f.word[12:]), nil
}

// fieldEncoder collects fields and the first error.
type fieldEncoder struct {
	fields []field
	err    error
}

func (e *fieldEncoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *fieldEncoder) word(b []byte) {
	var f field
	copy(f.word[32-len(b):], b)
	e.fields = append(e.fields, f)
}

func (e *fieldEncoder) bytes(b []byte) {
	e.fields = append(e.fields, field{data: b, dynamic: true})
}

func (e *fieldEncoder) number(name string, n *big.Int, bits int) {
	var f field
	if err := checkNumber(name, n, bits); err != nil {
		e.fail(err)
	} else {
		n.FillBytes(f.word[:])
	}
	e.fields = append(e.fields, f)
}

// pair packs two 128-bit numbers into one word, the first in the high half.
func (e *fieldEncoder) pair(highName string, high *big.Int, lowName string, low *big.Int) {
	var f field
	if err := checkNumber(highName, high, 128); err != nil {
		e.fail(err)
	} else if err := checkNumber(lowName, low, 128); err != nil {
		e.fail(err)
	} else {
		high.FillBytes(f.word[:16])
		low.FillBytes(f.word[16:])
	}
	e.fields = append(e.fields, f)
}

func checkNumber(name string, n *big.Int, bits int) error {
	switch {
	case n == nil:
		return fieldErr(name, ErrMissing)
	case n.Sign() < 0:
		return fieldErrf(name, ErrRange, "negative")
	case n.BitLen() > bits:
		return fieldErrf(name, ErrRange, "%d bits, at most %d fit", n.BitLen(), bits)
	}
	return nil
}

// encodeTuple writes the struct's head and tail.
func encodeTuple(fields []field) []byte {
	size := 32 * len(fields)
	for _, f := range fields {
		if f.dynamic {
			size += 32 + padded(len(f.data))
		}
	}
	out := make([]byte, 0, size)
	tail := 32 * len(fields)
	for _, f := range fields {
		if !f.dynamic {
			out = append(out, f.word[:]...)
			continue
		}
		out = appendUint(out, uint64(tail))
		tail += 32 + padded(len(f.data))
	}
	for _, f := range fields {
		if f.dynamic {
			out = appendBytes(out, f.data)
		}
	}
	return out
}

// decodeTuple reads a struct of the given shape from the start of b. Byte
// strings alias b. It returns how many bytes of byte strings there were.
func decodeTuple(b []byte, shape string) ([]field, int, error) {
	if len(b) < 32*len(shape) {
		return nil, 0, fmt.Errorf("user operation: %w: struct cut short", ErrFormat)
	}
	fields := make([]field, len(shape))
	total := 0
	for i := range shape {
		copy(fields[i].word[:], b[32*i:])
		if shape[i] != 'd' {
			continue
		}
		data, err := decodeBytes(b, fields[i].word)
		if err != nil {
			return nil, 0, err
		}
		total += len(data)
		fields[i] = field{data: data, dynamic: true}
	}
	return fields, total, nil
}

// decodeBytes follows the offset to a length-prefixed byte string in b.
func decodeBytes(b []byte, offset [32]byte) ([]byte, error) {
	o, err := decodeSmall(offset, len(b)-32)
	if err != nil {
		return nil, err
	}
	n, err := decodeSmall([32]byte(b[o:o+32]), len(b)-o-32)
	if err != nil {
		return nil, err
	}
	return b[o+32 : o+32+n : o+32+n], nil
}

// decodeSmall reads a word as a number of at most limit.
func decodeSmall(w [32]byte, limit int) (int, error) {
	hi := [24]byte(w[:24])
	n := binary.BigEndian.Uint64(w[24:])
	if hi != [24]byte{} || limit < 0 || n > uint64(limit) {
		return 0, fmt.Errorf("user operation: %w: an offset or length points outside the data", ErrFormat)
	}
	return int(n), nil
}

func padded(n int) int { return (n + 31) &^ 31 }

func appendUint(out []byte, n uint64) []byte {
	var w [32]byte
	binary.BigEndian.PutUint64(w[24:], n)
	return append(out, w[:]...)
}

func appendBytes(out, data []byte) []byte {
	out = appendUint(out, uint64(len(data)))
	out = append(out, data...)
	return append(out, make([]byte, padded(len(data))-len(data))...)
}

func appendAddress(out []byte, a common.Address) []byte {
	out = append(out, make([]byte, 12)...)
	return append(out, a[:]...)
}
