package p256hint

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"math/big"
	"testing"
)

func signed(t testing.TB) (h, r, s, x, y [32]byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rand.Read(h[:]); err != nil {
		t.Fatal(err)
	}
	rr, ss, err := ecdsa.Sign(rand.Reader, private, h[:])
	if err != nil {
		t.Fatal(err)
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return h, word(rr), word(ss), [32]byte(public[1:33]), [32]byte(public[33:])
}

func number(b [32]byte) *big.Int { return new(big.Int).SetBytes(b[:]) }

func TestHintsAreWhatTheVerifierChecks(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	even := 0
	for range 300 {
		h, r, s, x, y := signed(t)
		hints, err := For(h, r, s, x, y)
		if err != nil {
			t.Fatal(err)
		}
		a, b := mulMod(number(hints.W), number(s), n), mulMod(number(hints.W), number(r), n)
		if b.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
			b.Sub(n, b)
		}
		if a.Sign() == 0 || a.Cmp(limit) >= 0 || b.Cmp(limit) >= 0 || a.Bit(0)+b.Bit(0) == 0 {
			t.Fatalf("scalars %x and %x", a, b)
		}
		even += int(2 - a.Bit(0) - b.Bit(0))
		if _, err := newKey(r, hints.RY); err != nil {
			t.Fatal("R is not on the curve")
		}
	}
	t.Logf("%d of 300 signatures have an even scalar", even)
}

func TestWhatHasNoHintsSaysWhy(t *testing.T) {
	h, r, s, x, y := signed(t)
	flipped := h
	flipped[3] ^= 1
	var zero [32]byte
	for name, c := range map[string]struct {
		words [5][32]byte
		want  Reason
	}{
		"another hash":  {[5][32]byte{flipped, r, s, x, y}, Invalid},
		"r = 0":         {[5][32]byte{h, zero, s, x, y}, OutOfRange},
		"s = 0":         {[5][32]byte{h, r, zero, x, y}, OutOfRange},
		"s = n":         {[5][32]byte{h, r, word(n), x, y}, OutOfRange},
		"off the curve": {[5][32]byte{h, r, s, x, flipped}, BadKey},
		"infinity":      {[5][32]byte{h, r, s, zero, zero}, BadKey},
	} {
		_, err := For(c.words[0], c.words[1], c.words[2], c.words[3], c.words[4])
		var e *Error
		if !errors.As(err, &e) || e.Reason != c.want || e.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInverse(t *testing.T) {
	_, _, s, _, _ := signed(t)
	w, err := Inverse(s)
	if err != nil || mulMod(number(w), number(s), n).Cmp(big.NewInt(1)) != 0 {
		t.Fatalf("%x, %v", w, err)
	}
	for _, bad := range [][32]byte{{}, word(n)} {
		if _, err := Inverse(bad); err == nil {
			t.Errorf("an inverse of %x", bad)
		}
	}
}

func TestMultiplesOfAKeyNearTheEnds(t *testing.T) {
	_, _, _, x, y := signed(t)
	q, err := newKey(x, y)
	if err != nil {
		t.Fatal(err)
	}
	at, sum := big.NewInt(1), q.point
	for range 20 {
		if got := q.times(at); got.x.Cmp(sum.x) != 0 || got.y.Cmp(sum.y) != 0 {
			t.Fatalf("%d Q", at)
		}
		if got := q.times(new(big.Int).Sub(n, at)); got.x.Cmp(sum.x) != 0 || got.y.Cmp(negate(sum).y) != 0 {
			t.Fatalf("-%d Q", at)
		}
		at, sum = new(big.Int).Add(at, big.NewInt(1)), add(sum, q.point)
	}
}

func BenchmarkHints(b *testing.B) {
	h, r, s, x, y := signed(b)
	for b.Loop() {
		if _, err := For(h, r, s, x, y); err != nil {
			b.Fatal(err)
		}
	}
}
