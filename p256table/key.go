package p256table

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// A Key is a point on P-256, not infinity. It is a comparable value; only NewKey and ParseKey make
// one that is not zero, so a non-zero Key has been checked.
type Key struct{ x, y [32]byte }

// NewKey takes the affine coordinates, big endian.
func NewKey(x, y [32]byte) (Key, error) {
	k := Key{x, y}
	if k == (Key{}) {
		return Key{}, &Error{Cause: ErrInfinity, Seen: "0, 0"}
	}
	var p affine
	if !p.x.setBytes(x[:]) {
		return Key{}, &Error{Cause: ErrTooLarge, Where: "x"}
	}
	if !p.y.setBytes(y[:]) {
		return Key{}, &Error{Cause: ErrTooLarge, Where: "y"}
	}
	if !p.onCurve() {
		return Key{}, &Error{Cause: ErrOffCurve}
	}
	return k, nil
}

// ParseKey reads the coordinates as text: 64 hex digits each, with or without 0x.
func ParseKey(x, y string) (Key, error) {
	var c [2][32]byte
	for i, text := range []string{x, y} {
		where := [...]string{"x", "y"}[i]
		digits := strings.TrimPrefix(text, "0x")
		if len(digits) != 64 {
			return Key{}, &Error{Cause: ErrHex, Where: where, Seen: fmt.Sprintf("%d characters", len(text))}
		}
		if _, err := hex.Decode(c[i][:], []byte(digits)); err != nil {
			return Key{}, &Error{Cause: ErrHex, Where: where, Seen: "another character"}
		}
	}
	return NewKey(c[0], c[1])
}

// X is the first coordinate, big endian.
func (k Key) X() [32]byte { return k.x }

// Y is the second coordinate, big endian.
func (k Key) Y() [32]byte { return k.y }

// String is 0x and the hex of x‖y.
func (k Key) String() string { return fmt.Sprintf("0x%x%x", k.x, k.y) }

// point is the key as arithmetic takes it.
func (k Key) point() (p affine) {
	p.x.setBytes(k.x[:])
	p.y.setBytes(k.y[:])
	return p
}
