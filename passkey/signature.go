package passkey

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Signature is an ECDSA signature over P-256: r and s big endian, 0 < r, s < n, and s at most
// n/2. Parsers turn a high s into n-s, which is the same signature; nothing else does.
type Signature struct{ R, S [32]byte }

// order is n, the order of P-256's base point, and halfOrder is (n-1)/2, both big endian.
var (
	order = [32]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51}
	halfOrder = [32]byte{0x7f, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8}
)

// ParseDER reads SEQUENCE { INTEGER r, INTEGER s } in strict DER: short lengths, minimal
// non-negative integers, nothing after.
func ParseDER(b []byte) (Signature, error) {
	sig, err := rawDER(b)
	if err != nil {
		return Signature{}, err
	}
	sig.normalise()
	return sig, nil
}

// rawDER is ParseDER without normalising s.
func rawDER(b []byte) (Signature, error) {
	sig, err := pairDER(b)
	if err != nil {
		return Signature{}, err
	}
	return sig, sig.inRange()
}

// pairDER reads two integers of up to 32 bytes, of any curve.
func pairDER(b []byte) (Signature, error) {
	switch {
	case len(b) < 2 || b[0] != 0x30:
		return Signature{}, badDER(headOf(b), "a SEQUENCE")
	case b[1] >= 0x80:
		return Signature{}, badDER("a length in long form", "the short form")
	case int(b[1]) != len(b)-2:
		return Signature{}, badDER(fmt.Sprintf("length %d with %d bytes following", b[1], len(b)-2), "the SEQUENCE to end the input")
	}
	var sig Signature
	rest, err := derInteger(&sig.R, b[2:])
	if err != nil {
		return Signature{}, err
	}
	if rest, err = derInteger(&sig.S, rest); err != nil {
		return Signature{}, err
	}
	if len(rest) != 0 {
		return Signature{}, badDER(fmt.Sprintf("%d bytes after s", len(rest)), "none")
	}
	return sig, nil
}

// derInteger reads one INTEGER into dst and returns what follows it.
func derInteger(dst *[32]byte, b []byte) ([]byte, error) {
	if len(b) < 3 || b[0] != 0x02 {
		return nil, badDER(headOf(b), "an INTEGER")
	}
	n := int(b[1])
	switch {
	case n >= 0x80:
		return nil, badDER("an INTEGER length in long form", "the short form")
	case n == 0 || n > len(b)-2:
		return nil, badDER(fmt.Sprintf("an INTEGER of %d bytes", n), "1 to 33 bytes, inside the SEQUENCE")
	}
	v, rest := b[2:2+n], b[2+n:]
	switch {
	case v[0] >= 0x80:
		return nil, badDER("a negative INTEGER", "a positive one")
	case v[0] == 0 && n > 1 && v[1] < 0x80:
		return nil, badDER("a padded INTEGER", "the shortest form")
	}
	if v[0] == 0 {
		v = v[1:]
	}
	if len(v) > 32 {
		return nil, badDER(fmt.Sprintf("an INTEGER of %d bytes", n), "at most 33 bytes")
	}
	copy(dst[32-len(v):], v)
	return rest, nil
}

func badDER(seen, want string) error {
	return &Error{Cause: ErrSignatureForm, Where: "DER", Seen: seen, Want: want}
}

// ParseP1363 reads 64 bytes r‖s, big endian.
func ParseP1363(b []byte) (Signature, error) {
	if len(b) != 64 {
		return Signature{}, &Error{Cause: ErrSignatureForm, Where: "P1363", Seen: fmt.Sprintf("%d bytes", len(b)), Want: "64 bytes r‖s"}
	}
	sig := Signature{R: [32]byte(b[:32]), S: [32]byte(b[32:])}
	if err := sig.inRange(); err != nil {
		return Signature{}, err
	}
	sig.normalise()
	return sig, nil
}

func (s *Signature) inRange() error {
	for _, v := range [2]*[32]byte{&s.R, &s.S} {
		if *v == ([32]byte{}) || bytes.Compare(v[:], order[:]) >= 0 {
			return &Error{Cause: ErrSignatureForm, Seen: fmt.Sprintf("0x%x", *v), Want: "r and s above zero and below the group order"}
		}
	}
	return nil
}

// highS reports s above n/2.
func (s *Signature) highS() bool { return bytes.Compare(s.S[:], halfOrder[:]) > 0 }

func (s *Signature) normalise() {
	if s.highS() {
		s.S = negate(s.S)
	}
}

// negate is n-v for 0 < v < n.
func negate(v [32]byte) [32]byte {
	var borrow uint64
	for i := 24; i >= 0; i -= 8 {
		var d uint64
		d, borrow = bits.Sub64(binary.BigEndian.Uint64(order[i:]), binary.BigEndian.Uint64(v[i:]), borrow)
		binary.BigEndian.PutUint64(v[i:], d)
	}
	return v
}

// DER is the strict DER form, 8 to 72 bytes.
func (s Signature) DER() []byte { return s.appendDER(make([]byte, 0, 72)) }

func (s Signature) appendDER(b []byte) []byte {
	b = append(b, 0x30, 0)
	start := len(b)
	for _, v := range [2]*[32]byte{&s.R, &s.S} {
		m := bytes.TrimLeft(v[:31], "\x00")
		m = v[31-len(m):]
		if m[0] >= 0x80 {
			b = append(append(b, 0x02, byte(len(m)+1), 0), m...)
		} else {
			b = append(append(b, 0x02, byte(len(m))), m...)
		}
	}
	b[start-1] = byte(len(b) - start)
	return b
}

// P1363 is r‖s: 64 bytes, big endian.
func (s Signature) P1363() []byte { return append(append(make([]byte, 0, 64), s.R[:]...), s.S[:]...) }
