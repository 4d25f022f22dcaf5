// Package abiargs reads ABI-encoded arguments from outside: strictly, and at a
// cost in proportion to their length.
//
// Package abi of go-ethereum follows every offset, also when thousands of them
// lead to the same bytes, and copies what is there each time: half a megabyte
// becomes tens of gigabytes. And it reads encodings that nobody writes, whose
// words in a summary would not be all that there is. [Unpack] refuses both.
package abiargs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/ethereum/go-ethereum/accounts/abi"
)

// ErrNotCanonical is returned for everything that packing would not have written.
var ErrNotCanonical = errors.New("not the canonical ABI encoding of these arguments")

// Unpack decodes data, which must be what Pack of args writes, to its last byte.
func Unpack(args abi.Arguments, data []byte) ([]any, error) {
	m := measure{data: data, left: len(data)}
	types := make([]*abi.Type, len(args))
	for i := range args {
		types[i] = &args[i].Type
	}
	if !m.all(types, 0) {
		return nil, ErrNotCanonical
	}
	values, err := args.Unpack(data)
	if err != nil {
		return nil, ErrNotCanonical
	}
	again, err := args.Pack(values...)
	if err != nil || !bytes.Equal(again, data) {
		return nil, ErrNotCanonical
	}
	return values, nil
}

// Method is [Unpack] of a call: the function's selector and its arguments.
func Method(m *abi.Method, call []byte) ([]any, error) {
	if len(call) < 4 || !bytes.Equal(call[:4], m.ID) {
		return nil, ErrNotCanonical
	}
	return Unpack(m.Inputs, call[4:])
}

// measure adds up what decoding would read. In a canonical encoding no byte is
// read twice, so that the sum is never above the length.
type measure struct {
	data []byte
	left int
}

func (m *measure) take(n int) bool {
	if n > m.left {
		return false
	}
	m.left -= n
	return true
}

// number reads a length or an offset.
func (m *measure) number(at int) (int, bool) {
	if at < 0 || at > len(m.data)-32 || !m.take(32) {
		return 0, false
	}
	w := m.data[at : at+32]
	n := binary.BigEndian.Uint64(w[24:])
	return int(n), bytes.Equal(w[:24], make([]byte, 24)) && n <= math.MaxInt32
}

// all measures values that stand beside each other; offsets count from base.
func (m *measure) all(types []*abi.Type, base int) bool {
	at := base
	for _, t := range types {
		if !dynamic(t) {
			at += width(t)
			if !m.take(width(t)) {
				return false
			}
			continue
		}
		offset, ok := m.number(at)
		if !ok || !m.value(t, base+offset) {
			return false
		}
		at += 32
	}
	return true
}

// value measures a dynamic value.
func (m *measure) value(t *abi.Type, at int) bool {
	switch t.T {
	case abi.TupleTy:
		return m.all(t.TupleElems, at)
	case abi.ArrayTy:
		return m.repeat(t.Elem, t.Size, at)
	}
	n, ok := m.number(at)
	if !ok {
		return false
	}
	if t.T == abi.SliceTy {
		return m.repeat(t.Elem, n, at+32)
	}
	return m.take(n) // bytes, string
}

// repeat measures n values of one type.
func (m *measure) repeat(t *abi.Type, n, base int) bool {
	if !dynamic(t) {
		w := width(t)
		return n <= m.left/max(w, 1) && m.take(n*w)
	}
	for i := range n {
		offset, ok := m.number(base + 32*i)
		if !ok || !m.value(t, base+offset) {
			return false
		}
	}
	return true
}

// dynamic reports whether a type's values stand behind an offset.
func dynamic(t *abi.Type) bool {
	switch t.T {
	case abi.StringTy, abi.BytesTy, abi.SliceTy:
		return true
	case abi.ArrayTy:
		return dynamic(t.Elem)
	case abi.TupleTy:
		for _, e := range t.TupleElems {
			if dynamic(e) {
				return true
			}
		}
	}
	return false
}

// width is the length of a static type's values.
func width(t *abi.Type) int {
	switch t.T {
	case abi.ArrayTy:
		return t.Size * width(t.Elem)
	case abi.TupleTy:
		sum := 0
		for _, e := range t.TupleElems {
			sum += width(e)
		}
		return sum
	}
	return 32
}
