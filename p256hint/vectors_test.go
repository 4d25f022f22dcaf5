package p256hint

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/vectors.json")

const vectorFile = "testdata/vectors.json"

// vectors are for whoever computes hints in another language. Other hints than these may be as good; these are what
// this package and the wallet's page compute.
type vectors struct {
	Note    string   `json:"note"`
	Vectors []vector `json:"vectors"`
}

type vector struct {
	Name string `json:"name"`
	H    string `json:"h"`
	R    string `json:"r"`
	S    string `json:"s"`
	X    string `json:"x"`
	Y    string `json:"y"`
	// Valid is whether (r, s) is a signature of h by the key (x, y), low s or not.
	Valid bool `json:"valid"`
	// Inverse is 1/s; empty if s is out of range.
	Inverse string `json:"inverse"`
	// W, YR, I1 and I2 are the hints of the verifier without a table; empty where Reason says why there are none.
	W      string `json:"w"`
	YR     string `json:"yR"`
	I1     string `json:"i1"`
	I2     string `json:"i2"`
	Reason Reason `json:"reason,omitempty"`
	// Even is how many of the two short scalars are even: 0, or 1, which takes the verifier's correction step.
	Even int `json:"even"`
}

type numbers struct{ h, r, s, x, y *big.Int }

// signWith signs h with the key d·G and the nonce k.
func signWith(d, k, h *big.Int) numbers {
	q, nonce := timesG(d), timesG(k)
	r := new(big.Int).Mod(nonce.x, n)
	s := mulMod(r, d, n)
	s = mulMod(s.Add(s, h), new(big.Int).ModInverse(k, n), n)
	return numbers{h, r, s, q.x, q.y}
}

// keyFor is a key by which (r, s) is a signature of h with the nonce's point.
func keyFor(t *testing.T, nonce point, h, s *big.Int) numbers {
	t.Helper()
	k, err := newKey(word(nonce.x), word(nonce.y))
	if err != nil {
		t.Fatal(err)
	}
	r := new(big.Int).Mod(nonce.x, n)
	perR := new(big.Int).ModInverse(r, n)
	q := add(k.times(mulMod(s, perR, n)), negate(timesG(mulMod(h, perR, n))))
	return numbers{h, r, s, q.x, q.y}
}

// wrappedPoint is the first point whose x is above n.
func wrappedPoint() point {
	for x := new(big.Int).Add(n, big.NewInt(1)); ; x.Add(x, big.NewInt(1)) {
		y := mulMod(x, x, p)
		y.Sub(y, big.NewInt(3)).Mul(y, x).Add(y, elliptic.P256().Params().B).Mod(y, p)
		if root := new(big.Int).ModSqrt(y, p); root != nil {
			return point{x, root}
		}
	}
}

func makeVectors(t *testing.T) vectors {
	random := rand.New(rand.NewPCG(19, 56))
	fresh := func() *big.Int {
		b := make([]byte, 40)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		v := new(big.Int).SetBytes(b)
		return v.Mod(v, n)
	}
	small, top := big.NewInt, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	minus := func(k int64) *big.Int { return new(big.Int).Sub(n, small(k)) }
	out := vectors{Note: "Hints for P-256 verifiers, by package p256hint; regenerate with go test ./p256hint -run Vectors -update. Words are big endian."}
	put := func(name string, c numbers) { out.Vectors = append(out.Vectors, describe(t, name, c)) }

	for i := range 32 {
		put(fmt.Sprintf("random %d", i), signWith(fresh(), fresh(), fresh()))
	}
	d, k, h := fresh(), fresh(), fresh()
	highS := signWith(d, k, h)
	if highS.s.Cmp(new(big.Int).Rsh(n, 1)) <= 0 {
		highS.s = new(big.Int).Sub(n, highS.s)
	}
	put("high s", highS)
	put("low s of the same", numbers{highS.h, highS.r, new(big.Int).Sub(n, highS.s), highS.x, highS.y})
	put("h = 0", signWith(d, k, small(0)))
	put("h = n", signWith(d, k, n))
	put("h = 2^256 - 1", signWith(d, k, top))
	for _, e := range []int64{1, 2, 3} {
		put(fmt.Sprintf("key %d·G", e), signWith(small(e), k, h))
		put(fmt.Sprintf("key -%d·G", e), signWith(minus(e), k, h))
		put(fmt.Sprintf("nonce %d", e), signWith(d, small(e), h))
		put(fmt.Sprintf("nonce -%d", e), signWith(d, minus(e), h))
	}
	some := timesG(k)
	put("r = s", keyFor(t, some, h, new(big.Int).Mod(some.x, n)))
	put("r = -s", keyFor(t, some, h, new(big.Int).Sub(n, new(big.Int).Mod(some.x, n))))
	put("s = 1", keyFor(t, some, h, small(1)))
	put("s = n - 1", keyFor(t, some, h, minus(1)))
	third := mulMod(d, new(big.Int).ModInverse(small(3), n), n)
	put("the nonce is the key", signWith(d, d, h))
	put("the nonce is the key's negative", signWith(d, new(big.Int).Sub(n, d), h))
	put("the nonce is three times the key", signWith(d, mulMod(d, small(3), n), h))
	put("the nonce is a third of the key", signWith(d, third, h))
	put("x of the nonce is r + n", keyFor(t, wrappedPoint(), h, fresh()))

	good := signWith(d, k, h)
	put("another hash", numbers{new(big.Int).Xor(h, small(1)), good.r, good.s, good.x, good.y})
	put("the key's negative", numbers{h, good.r, good.s, good.x, new(big.Int).Sub(p, good.y)})
	put("r = 0", numbers{h, small(0), good.s, good.x, good.y})
	put("r = n", numbers{h, n, good.s, good.x, good.y})
	put("s = 0", numbers{h, good.r, small(0), good.x, good.y})
	put("s = n", numbers{h, good.r, n, good.x, good.y})
	put("s = 2^256 - 1", numbers{h, good.r, top, good.x, good.y})
	put("a key off the curve", numbers{h, good.r, good.s, good.x, new(big.Int).Xor(good.y, small(1))})
	put("x = p", numbers{h, good.r, good.s, p, good.y})
	put("a key at infinity", numbers{h, good.r, good.s, small(0), small(0)})
	return out
}

func describe(t *testing.T, name string, c numbers) vector {
	t.Helper()
	v := vector{Name: name, Valid: standardSays(c)}
	in := [5][32]byte{word(c.h), word(c.r), word(c.s), word(c.x), word(c.y)}
	v.H, v.R, v.S, v.X, v.Y = text(in[0]), text(in[1]), text(in[2]), text(in[3]), text(in[4])
	if inverse, err := Inverse(in[2]); err == nil {
		v.Inverse = text(inverse)
	}
	hints, err := For(in[0], in[1], in[2], in[3], in[4])
	var e *Error
	switch {
	case err == nil:
		v.W, v.YR, v.I1, v.I2 = text(hints.W), text(hints.RY), text(hints.I1), text(hints.I2)
		a, b := shortScalars(c.r, c.s, number(hints.W))
		v.Even = int(2 - a.Bit(0) - b.Bit(0))
	case errors.As(err, &e):
		v.Reason = e.Reason
	default:
		t.Fatal(err)
	}
	if mayBeValid := v.Reason == "" || v.Reason == Wrapped || v.Reason == Related || v.Reason == NotShort; mayBeValid != v.Valid {
		t.Errorf("%s: %q, valid %t", name, v.Reason, v.Valid)
	}
	return v
}

// standardSays asks crypto/ecdsa.
func standardSays(c numbers) bool {
	x, y, h := word(c.x), word(c.y), word(c.h)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x[:], y[:]))
	return err == nil && ecdsa.Verify(key, h[:], c.r, c.s)
}

// shortScalars are ws and ±wr, as the verifier computes them.
func shortScalars(r, s, w *big.Int) (a, b *big.Int) {
	a, b = mulMod(w, s, n), mulMod(w, r, n)
	if b.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		b.Sub(n, b)
	}
	return a, b
}

func text(b [32]byte) string { return "0x" + hex.EncodeToString(b[:]) }

func TestVectors(t *testing.T) {
	made := makeVectors(t)
	var file bytes.Buffer
	enc := json.NewEncoder(&file)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(made); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(vectorFile, file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectorFile)
	if err != nil || !bytes.Equal(want, file.Bytes()) {
		t.Fatalf("%s is not what the code makes (%v): run with -update and look at the difference", vectorFile, err)
	}
	seen, even := map[Reason]int{}, 0
	for _, v := range made.Vectors {
		seen[v.Reason]++
		even += v.Even
	}
	for _, reason := range []Reason{"", OutOfRange, BadKey, Invalid, Wrapped, Related} {
		if seen[reason] == 0 {
			t.Errorf("no vector for %q", reason)
		}
	}
	if even == 0 {
		t.Error("no vector with an even scalar")
	}
}
