package p256hint

import (
	"errors"
	"math/big"
	"testing"
)

func reason(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func TestHintsCheckOut(t *testing.T) {
	for range 50 {
		h, r, s, x, y := signed(t)
		hints, err := For(h, r, s, x, y)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(hints.Bytes())
		if err != nil || again != hints {
			t.Fatalf("%v, %v", again, err)
		}
		if err := hints.Check(r, s, x, y); err != nil {
			t.Fatalf("%v: %v", hints, err)
		}
		inverse, err := Inverse(s)
		if err != nil || CheckInverse(inverse, s) != nil {
			t.Fatal(inverse, err)
		}
	}
}

func TestWrongHintsAreNamed(t *testing.T) {
	h, r, s, x, y := signed(t)
	good, err := For(h, r, s, x, y)
	if err != nil {
		t.Fatal(err)
	}
	words := func(v *Hints) map[Reason]*[32]byte {
		return map[Reason]*[32]byte{WrongW: &v.W, WrongRY: &v.RY, WrongI1: &v.I1, WrongI2: &v.I2}
	}
	for want := range words(&good) {
		for bit := range 256 {
			bad := good
			words(&bad)[want][bit/8] ^= 1 << (bit % 8)
			if got := reason(bad.Check(r, s, x, y)); got != want {
				t.Fatalf("bit %d: %q, not %q", bit, got, want)
			}
		}
	}
	inverse, err := Inverse(s)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 256 {
		bad := inverse
		bad[bit/8] ^= 1 << (bit % 8)
		if got := reason(CheckInverse(bad, s)); got != WrongInverse {
			t.Fatalf("bit %d: %q", bit, got)
		}
	}
	var zero [32]byte
	if got := reason(good.Check(zero, s, x, y)); got != OutOfRange {
		t.Error(got)
	}
	if got := reason(good.Check(r, word(n), x, y)); got != OutOfRange {
		t.Error(got)
	}
	if got := reason(good.Check(r, s, x, zero)); got != BadKey {
		t.Error(got)
	}
	for _, n := range []int{0, 127, 129} {
		if _, err := Parse(make([]byte, n)); reason(err) != BadLength {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	for _, r := range []Reason{BadLength, WrongInverse, WrongW, WrongRY, WrongI1, WrongI2, Related, Invalid} {
		if (&Error{r}).Hint() == "" {
			t.Errorf("%q has no way out", r)
		}
	}
}

// The bounds of the two scalars, by signatures with u2 such that w = a/s makes the scalars a and a·u2.
func TestScalarsAreShortAndNotBothEven(t *testing.T) {
	some, h := timesG(big.NewInt(777)), big.NewInt(99)
	two128 := new(big.Int).Lsh(big.NewInt(1), 128)
	plus := func(k int64) *big.Int { return new(big.Int).Add(two128, big.NewInt(k)) }
	for _, c := range []struct {
		name string
		a, b *big.Int
		ok   bool
	}{
		{"1, 1", big.NewInt(1), big.NewInt(1), true},
		{"the longest", plus(-1), plus(-1), true},
		{"the longest, b negative", plus(-1), new(big.Int).Sub(n, plus(-1)), true},
		{"a too long", plus(1), big.NewInt(1), false},
		{"a too long by one", two128, big.NewInt(1), false},
		{"b too long by one", big.NewInt(1), two128, false},
		{"b negative, too long by one", big.NewInt(1), new(big.Int).Sub(n, two128), false},
		{"a even", big.NewInt(2), big.NewInt(5), true},
		{"b even", big.NewInt(5), big.NewInt(2), true},
		{"both even", big.NewInt(2), big.NewInt(4), false},
	} {
		u2 := mulMod(c.b, new(big.Int).ModInverse(c.a, n), n)
		s := mulMod(some.x, new(big.Int).ModInverse(u2, n), n)
		signature := keyFor(t, some, h, s)
		hints := Hints{W: word(mulMod(c.a, new(big.Int).ModInverse(s, n), n)), RY: word(some.y)}
		want := WrongI1 // the next thing that is looked at
		if !c.ok {
			want = WrongW
		}
		if got := reason(hints.Check(word(signature.r), word(s), word(signature.x), word(signature.y))); got != want {
			t.Errorf("%s: %q, not %q", c.name, got, want)
		}
	}
	_, _, s, x, y := signed(t)
	hints := Hints{RY: word(some.y)}
	if got := reason(hints.Check(word(new(big.Int).Mod(some.x, n)), s, x, y)); got != WrongW {
		t.Errorf("w = 0: %q", got)
	}
}

// Words that verifiers reduce may be in another form than the least.
func TestAHintMayBeInAnotherForm(t *testing.T) {
	s := word(big.NewInt(1))
	if err := CheckInverse(word(new(big.Int).Add(n, big.NewInt(1))), s); err != nil {
		t.Error(err)
	}
}

// The hints of the point opposite to R' pass: nobody can tell them without the hash.
func TestHintsOfTheOppositePointCheckOut(t *testing.T) {
	for range 20 {
		h, r, s, x, y := signed(t)
		hints, err := For(h, r, s, x, y)
		if err != nil {
			t.Fatal(err)
		}
		hints.RY = word(new(big.Int).Sub(p, number(hints.RY)))
		if got := reason(hints.Check(r, s, x, y)); got != WrongI1 {
			t.Errorf("the inverse for R' serves -R': %q", got)
		}
		hints.I1 = word(new(big.Int).Sub(p, number(hints.I1)))
		if err := hints.Check(r, s, x, y); err != nil {
			t.Error(err)
		}
	}
}

// FuzzCheck: what parses has the same bytes again, and no hints make Check fail in any other way than by an answer.
func FuzzCheck(f *testing.F) {
	h, r, s, x, y := signed(f)
	hints, err := For(h, r, s, x, y)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hints.Bytes(), r[:], s[:])
	f.Add(make([]byte, 128), r[:], s[:])
	f.Fuzz(func(t *testing.T, b, rr, ss []byte) {
		v, err := Parse(b)
		if err != nil {
			return
		}
		if string(v.Bytes()) != string(b) {
			t.Fatalf("%x became %x", b, v.Bytes())
		}
		var r, s [32]byte
		copy(r[:], rr)
		copy(s[:], ss)
		if err := v.Check(r, s, x, y); err != nil && reason(err) == "" {
			t.Fatal(err)
		}
	})
}
