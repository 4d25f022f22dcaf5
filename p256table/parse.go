package p256table

import (
	"bytes"
	"fmt"
)

// A Table is what [Parse] read: a format, the key that the bytes name, and points of the curve.
// Whether they are the key's is for [Verify] to say.
type Table struct {
	Format Format
	Key    Key
	code   []byte
}

// Parse reads a table of any format; code must hold nothing else. It checks everything that can
// be seen without computing: length, header, that the key and all points are on the curve.
func Parse(code []byte) (Table, error) {
	t := Table{code: bytes.Clone(code)}
	key := 2
	switch {
	case len(code) == FCL.Size() && bytes.HasPrefix(code, append(make([]byte, 32), fclLabel...)):
		t.Format, key = FCL, 64*fclKey
	case len(code) < 2 || code[0] != 0:
		return Table{}, &Error{Cause: ErrNoTable, Where: "byte 0", Seen: fmt.Sprintf("0x%.8x", code[:min(len(code), 8)])}
	default:
		t.Format = Format(code[1])
		if l := layouts[t.Format]; l.teeth == 0 {
			return Table{}, &Error{Cause: ErrNoTable, Where: "format, byte 1", Seen: fmt.Sprintf("0x%02x", code[1])}
		}
		if len(code) != t.Format.Size() {
			return Table{}, &Error{Cause: ErrNoTable, Where: "length", Seen: fmt.Sprintf("%d bytes, format %v has %d", len(code), t.Format, t.Format.Size())}
		}
	}
	k, err := NewKey([32]byte(code[key:]), [32]byte(code[key+32:]))
	if err != nil {
		return Table{}, fmt.Errorf("p256table: the table's key: %w", err)
	}
	t.Key = k
	for i := range t.Format.Points() {
		var p affine
		if b := t.bytesOf(i); (t.Format != FCL || i > 0) && (!p.setBytes(b) || !p.onCurve()) {
			return Table{}, &Error{Cause: ErrNoTable, Where: fmt.Sprintf("point %d", i), Seen: fmt.Sprintf("0x%.8x…, not on the curve", b[:8])}
		}
	}
	return t, nil
}

func (t Table) bytesOf(i int) []byte {
	at := layouts[t.Format].header + 64*i
	return t.code[at : at+64]
}

// Point is point i, 0 ≤ i < t.Format.Points(), big endian. FCL's point 0 is the label.
func (t Table) Point(i int) (x, y [32]byte) {
	b := t.bytesOf(i)
	return [32]byte(b), [32]byte(b[32:])
}

// Bytes is the code again.
func (t Table) Bytes() []byte { return bytes.Clone(t.code) }

// Verify reports whether code is the table of key k in format f, all of it and nothing else. It
// believes nothing that code says: it builds the table and compares. The error names the first
// point that differs.
func Verify(f Format, k Key, code []byte) error {
	want, err := Build(f, k)
	if err != nil {
		return err
	}
	if bytes.Equal(code, want) {
		return nil
	}
	if len(code) != len(want) {
		return &Error{Cause: ErrDifferent, Where: "length", Seen: fmt.Sprintf("%d bytes, not %d", len(code), len(want))}
	}
	at := 0
	for code[at] == want[at] {
		at++
	}
	where := "header"
	if h := layouts[f].header; at >= h {
		where = fmt.Sprintf("point %d", (at-h)/64)
	}
	return &Error{Cause: ErrDifferent, Where: where, Seen: fmt.Sprintf("byte %d is 0x%02x, not 0x%02x", at, code[at], want[at])}
}
