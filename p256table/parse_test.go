package p256table

import (
	"bytes"
	"errors"
	"testing"
)

func TestWhatIsBuiltIsParsedAndVerified(t *testing.T) {
	for n := range 20 {
		k := numbered(t, 100+n)
		for _, f := range Formats() {
			code, err := Build(f, k)
			if err != nil {
				t.Fatal(err)
			}
			table, err := Parse(code)
			if err != nil {
				t.Fatalf("%v: %v", f, err)
			}
			if table.Format != f || table.Key != k || !bytes.Equal(table.Bytes(), code) {
				t.Errorf("%v is read as %v of %v", f, table.Format, table.Key)
			}
			if x, y := table.Point(f.Points() - 1); !bytes.Equal(append(x[:], y[:]...), code[len(code)-64:]) {
				t.Errorf("%v: the last point is another", f)
			}
			if err := Verify(f, k, code); err != nil {
				t.Errorf("%v: %v", f, err)
			}
		}
	}
}

func TestATableThatIsNotTheKeysIsRefused(t *testing.T) {
	k, other := numbered(t, 1), numbered(t, 2)
	for _, f := range Formats() {
		code, _ := Build(f, k)
		for at := 0; at < len(code); at += 1 + len(code)/97 {
			for _, bit := range []byte{1, 0x80} {
				lie := bytes.Clone(code)
				lie[at] ^= bit
				if err := Verify(f, k, lie); !errors.Is(err, ErrDifferent) {
					t.Fatalf("%v with byte %d changed: %v", f, at, err)
				}
				if _, err := Parse(lie); err == nil {
					t.Fatalf("%v with byte %d changed is parsed: no single bit leads to another point", f, at)
				}
			}
		}
		whole, _ := Build(f, other)
		mixed := append(bytes.Clone(code[:len(code)-64]), whole[len(whole)-64:]...)
		if _, err := Parse(mixed); err != nil {
			t.Errorf("%v with a point of another key looks like a table: %v", f, err)
		}
		for name, lie := range map[string][]byte{
			"of another key": whole, "with a point of another key": mixed, "short": code[:len(code)-1], "long": append(bytes.Clone(code), 0), "empty": nil,
		} {
			if err := Verify(f, k, lie); !errors.Is(err, ErrDifferent) {
				t.Errorf("%v %s: %v", f, name, err)
			}
		}
		for _, g := range Formats() {
			if err := Verify(g, k, code); g != f && !errors.Is(err, ErrDifferent) {
				t.Errorf("%v passes as %v: %v", f, g, err)
			}
		}
	}
	if err := Verify(0x15, k, nil); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	if err := Verify(Format512, Key{}, nil); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
}

func TestWhatIsNoTableIsNotParsed(t *testing.T) {
	code, _ := Build(Format512, numbered(t, 1))
	fcl, _ := Build(FCL, numbered(t, 1))
	change := func(b []byte, at int, v byte) []byte {
		b = bytes.Clone(b)
		b[at] = v
		return b
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "one byte": {0}, "EF00": change(code, 0, 0xef), "unknown format": change(code, 1, 0x15), "version 2": change(code, 1, 0x21),
		"FCL's value": change(code, 1, byte(FCL)), "another format's length": change(code, 1, byte(Format1k)), "short": code[:len(code)-1], "long": append(bytes.Clone(code), 0),
		"key at infinity": append(append(bytes.Clone(code[:2]), make([]byte, 64)...), code[66:]...), "key off the curve": change(code, 40, code[40]^1),
		"points at infinity": append(bytes.Clone(code[:66]), make([]byte, 512)...), "x not below p": change(change(change(change(change(code, 66, 0xff), 67, 0xff), 68, 0xff), 69, 0xff), 73, 0xff),
		"FCL without label": change(fcl, 33, 0), "FCL short": fcl[:len(fcl)-1], "FCL with another key": change(fcl, 64*fclKey, fcl[64*fclKey]^1),
	} {
		if table, err := Parse(b); err == nil || table.Format != 0 || table.Key != (Key{}) {
			t.Errorf("%s is parsed", name)
		}
	}
}

// What is parsed is one of our formats, names a key and is encoded in one way.
func FuzzParse(f *testing.F) {
	for _, format := range Formats() {
		code, _ := Build(format, numbered(f, 7))
		f.Add(code)
		f.Add(code[:len(code)-1])
	}
	f.Add([]byte{})
	f.Add([]byte{0, 0x11})
	f.Fuzz(func(t *testing.T, code []byte) {
		table, err := Parse(code)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Hint() == "" || table.Format != 0 {
				t.Fatalf("refused without a cause: %v", err)
			}
			return
		}
		if len(code) != table.Format.Size() || !bytes.Equal(table.Bytes(), code) || table.Key == (Key{}) {
			t.Fatal("parsed what is no table")
		}
		want, err := Build(table.Format, table.Key)
		if (Verify(table.Format, table.Key, code) == nil) != (err == nil && bytes.Equal(code, want)) {
			t.Fatal("Verify and Build disagree")
		}
	})
}

func TestInitCodeReturnsTheCode(t *testing.T) {
	for _, n := range []int{1, 255, 256, 16450, 24576} {
		code := bytes.Repeat([]byte{7}, n)
		init, err := InitCode(code)
		if err != nil {
			t.Fatal(err)
		}
		// PUSH2 n DUP1 PUSH1 offset PUSH0 CODECOPY PUSH0 RETURN, and at the offset the code
		length, offset := int(init[1])<<8|int(init[2]), int(init[5])
		if length != n || !bytes.Equal(init[offset:], code) {
			t.Errorf("%d bytes: length %d, offset %d", n, length, offset)
		}
	}
	for _, n := range []int{0, 24577} {
		if _, err := InitCode(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are taken", n)
		}
	}
}
