package p256table

import (
	"bytes"
	"errors"
	"math/big"
	"testing"
)

func TestTablesAreThoseOfThePlainImplementation(t *testing.T) {
	for n := range 12 {
		k := numbered(t, n)
		for _, f := range Formats() {
			got, err := Build(f, k)
			if err != nil {
				t.Fatal(err)
			}
			if want := reference(f, k); !bytes.Equal(got, want) {
				t.Fatalf("%v of key %d differs", f, n)
			}
			if len(got) != f.Size() || got[0] != 0 {
				t.Errorf("%v has %d bytes and starts with %02x", f, len(got), got[0])
			}
		}
	}
}

// Keys with a known scalar: G, −G, 2^k·G, (n±1)/2·G, small multiples. The combs know no exception:
// their sums are fixed multiples of Q. FCL's layout has sums with G in them.
func TestTablesOfSpecialKeys(t *testing.T) {
	n := curve.Params().N
	scalars := []*big.Int{new(big.Int).Rsh(n, 1), new(big.Int).Add(new(big.Int).Rsh(n, 1), big.NewInt(1))}
	for i := int64(1); i <= 8; i++ {
		scalars = append(scalars, big.NewInt(i), big.NewInt(-i))
	}
	for _, e := range []uint{4, 16, 31, 32, 43, 63, 64, 65, 127, 128, 192, 254, 255} {
		two := new(big.Int).Lsh(big.NewInt(1), e)
		scalars = append(scalars, two, new(big.Int).Neg(two))
	}
	refused, doubled := 0, 0
	for _, s := range scalars {
		k := multiple(t, s)
		for _, f := range Formats() {
			want := reference(f, k)
			infinite := bytes.Contains(want[64:], make([]byte, 64)) // crypto/elliptic's infinity is 0, 0
			got, err := Build(f, k)
			switch {
			case infinite && f == FCL:
				refused++
				if !errors.Is(err, ErrNoFCL) || got != nil {
					t.Errorf("FCL of %v·G holds infinity, but %v", s, err)
				}
			case err != nil:
				t.Errorf("%v of %v·G: %v", f, s, err)
			case !bytes.Equal(got, want):
				t.Errorf("%v of %v·G differs", f, s)
			case f == FCL && s.IsInt64() && s.Int64() == 1:
				doubled++
			}
		}
	}
	if refused == 0 || doubled == 0 {
		t.Errorf("of the special keys %d are refused by FCL, %d double: the test tests too little", refused, doubled)
	}
}

func TestNoKeyNoTable(t *testing.T) {
	if _, err := Build(Format1k, Key{}); !errors.Is(err, ErrNoKey) {
		t.Errorf("the zero Key: %v", err)
	}
	for _, f := range []Format{0, 1, 0x10, 0x15, 0x21, 0xff} {
		if _, err := Build(f, numbered(t, 1)); !errors.Is(err, ErrFormat) {
			t.Errorf("format %02x: %v", byte(f), err)
		}
	}
}
