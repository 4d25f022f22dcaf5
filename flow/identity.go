package flow

import (
	"encoding/hex"
	"strings"
)

// Address is an account's address: 8 bytes, big endian.
type Address [8]byte

// Identifier is the hash by which a block or a transaction is known.
type Identifier [32]byte

// ParseAddress reads 16 hexadecimal digits, with or without 0x.
func ParseAddress(text string) (a Address, err error) {
	if !decodeHex(a[:], text) {
		return Address{}, refused(ErrAddress, "", "%.40q", text)
	}
	return a, nil
}

// ParseIdentifier reads 64 hexadecimal digits.
func ParseIdentifier(text string) (id Identifier, err error) {
	if strings.HasPrefix(text, "0x") || !decodeHex(id[:], text) {
		return Identifier{}, refused(ErrIdentifier, "", "%.80q", text)
	}
	return id, nil
}

// String is 0x and 16 hexadecimal digits.
func (a Address) String() string { return "0x" + a.Hex() }

// Hex is 16 hexadecimal digits, the form of the Access API.
func (a Address) Hex() string { return hex.EncodeToString(a[:]) }

// String is 64 hexadecimal digits.
func (id Identifier) String() string { return hex.EncodeToString(id[:]) }

func decodeHex(to []byte, text string) bool {
	text = strings.TrimPrefix(text, "0x")
	if len(text) != 2*len(to) {
		return false
	}
	_, err := hex.Decode(to, []byte(text))
	return err == nil
}
