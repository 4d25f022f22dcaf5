package inspect

import (
	"bytes"
	"errors"
	"math/big"
)

// A field is one member of an ABI tuple: a static word, or dynamic bytes (a
// Solidity bytes or string).
type field struct {
	word    [32]byte
	data    []byte
	dynamic bool
}

var errABI = errors.New("not this ABI shape")

// abiDecode reads data as the members named by shape ('w' a static word, 'd'
// dynamic bytes), with no surprises allowed: offsets in order and without gaps,
// zero padding, nothing behind the end. What a strict reader accepts has exactly one
// encoding, so the shape is recognised and not guessed.
func abiDecode(data []byte, shape string) ([]field, error) {
	head := 32 * len(shape)
	if len(data) < head || len(data)%32 != 0 {
		return nil, errABI
	}
	fields, next := make([]field, len(shape)), head
	for i := range shape {
		word := data[32*i : 32*i+32]
		if shape[i] == 'w' {
			copy(fields[i].word[:], word)
			continue
		}
		offset, ok := smallUint(word)
		if !ok || offset != next || offset+32 > len(data) {
			return nil, errABI
		}
		size, ok := smallUint(data[offset : offset+32])
		if !ok || size > len(data)-offset-32 {
			return nil, errABI
		}
		start, end := offset+32, offset+32+(size+31)/32*32
		if end > len(data) || !allZero(data[start+size:end]) {
			return nil, errABI
		}
		fields[i], next = field{data: data[start : start+size], dynamic: true}, end
	}
	if next != len(data) {
		return nil, errABI
	}
	return fields, nil
}

// abiStruct reads abi.encode of one dynamic struct: the word 0x20, then the tuple.
func abiStruct(data []byte, shape string) ([]field, error) {
	if len(data) < 32 {
		return nil, errABI
	}
	if offset, ok := smallUint(data[:32]); !ok || offset != 32 {
		return nil, errABI
	}
	return abiDecode(data[32:], shape)
}

// smallUint reads a 32-byte big-endian word that fits 31 bits: every length and
// offset there can be in 1 MiB does.
func smallUint(word []byte) (int, bool) {
	if len(word) != 32 || !allZero(word[:28]) || word[28] > 0x7f {
		return 0, false
	}
	return int(word[28])<<24 | int(word[29])<<16 | int(word[30])<<8 | int(word[31]), true
}

// boolWord reads a word that is 0 or 1.
func boolWord(word [32]byte) (value, ok bool) {
	n, ok := smallUint(word[:])
	return n == 1, ok && n <= 1
}

// addressWord reads a word that holds an address: twelve zero bytes and twenty more.
func addressWord(word []byte) ([20]byte, bool) {
	var a [20]byte
	if len(word) != 32 || !allZero(word[:12]) {
		return a, false
	}
	copy(a[:], word[12:])
	return a, true
}

func allZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

func bigOf(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
