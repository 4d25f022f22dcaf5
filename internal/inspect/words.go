package inspect

import (
	"bytes"
	"math/big"
)

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
