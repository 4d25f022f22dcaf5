package p256table

import (
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"
)

func TestBadKeysAreRefusedWithTheReason(t *testing.T) {
	k := numbered(t, 1)
	x, y := hex.EncodeToString(k.x[:]), hex.EncodeToString(k.y[:])
	at := func(v *big.Int) string { return hex.EncodeToString(v.FillBytes(make([]byte, 32))) }
	p, zero := at(bigP), strings.Repeat("0", 64)
	// x = 5 and x = 5 + p both fit 32 bytes and mean the same point; only the first is a key.
	five := big.NewInt(5)
	root := new(big.Int).Exp(five, big.NewInt(3), nil)
	root.Sub(root, big.NewInt(15)).Add(root, curve.Params().B).ModSqrt(root, bigP)
	for name, c := range map[string]struct {
		x, y  string
		cause error
	}{
		"infinity": {zero, zero, ErrInfinity}, "off the curve": {x, x, ErrOffCurve}, "0, 1": {zero, at(big.NewInt(1)), ErrOffCurve},
		"x = p": {p, y, ErrTooLarge}, "y = p": {x, p, ErrTooLarge}, "p, p": {p, p, ErrTooLarge}, "ff…": {strings.Repeat("f", 64), y, ErrTooLarge},
		"x + p": {at(new(big.Int).Add(five, bigP)), at(root), ErrTooLarge},
		"short": {x[1:], y, ErrHex}, "long": {"0" + x, y, ErrHex}, "a byte too long": {"00" + x, y, ErrHex}, "empty": {"", "", ErrHex}, "0x alone": {"0x", y, ErrHex}, "0x twice": {"0x0x" + x[2:], y, ErrHex},
		"no hex": {x[:63] + "g", y, ErrHex}, "a space": {" " + x[1:], y, ErrHex}, "not ASCII": {x[:62] + "é", y, ErrHex}, "0X": {"0X" + x, y, ErrHex},
	} {
		got, err := ParseKey(c.x, c.y)
		var e *Error
		if !errors.Is(err, c.cause) || !errors.As(err, &e) || e.Hint() == "" || got != (Key{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseKey(at(five), at(root)); err != nil {
		t.Errorf("x = 5: %v", err)
	}
	for _, text := range []string{x, "0x" + x, strings.ToUpper(x), "0x" + strings.ToUpper(x)} {
		if got, err := ParseKey(text, y); err != nil || got != k {
			t.Errorf("%s: %v", text, err)
		}
	}
	if back, err := NewKey(k.X(), k.Y()); err != nil || back != k || k.String() != "0x"+x+y {
		t.Errorf("%v comes back as %v: %v", k, back, err)
	}
}

func TestFormatsHaveNames(t *testing.T) {
	for _, f := range Formats() {
		if back, err := ParseFormat(f.String()); err != nil || back != f {
			t.Errorf("%v: %v, %v", f, back, err)
		}
	}
	for _, name := range []string{"", "0x11", "1K", "2k", "FCL"} {
		if _, err := ParseFormat(name); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if f := Format(0); f.Size() != 0 || f.Points() != 0 {
		t.Error("format 0 has a size")
	}
	for f, size := range map[Format]int{0x11: 578, 0x12: 1090, 0x13: 4162, 0x14: 16450, FCL: 16384} {
		if f.Size() != size {
			t.Errorf("%v has %d bytes", f, f.Size())
		}
	}
}
