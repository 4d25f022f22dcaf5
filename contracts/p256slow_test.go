// The complete verifier against crypto/ecdsa, Wycheproof, and the cases in which points meet.

package contracts_test

//lint:file-ignore SA1019 points and scalars of every kind are needed here, keys that the newer functions refuse among them

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/p256gen"
)

// ecdsaInput is what a verifier is asked: digest, signature, key.
type ecdsaInput struct{ h, r, s, x, y *big.Int }

func (v ecdsaInput) bytes() []byte {
	var out []byte
	for _, w := range []*big.Int{v.h, v.r, v.s, v.x, v.y} {
		out = append(out, w.FillBytes(make([]byte, 32))...)
	}
	return out
}

// valid is what the standard library thinks.
func (v ecdsaInput) valid() bool {
	c := elliptic.P256()
	if v.x.Cmp(c.Params().P) >= 0 || v.y.Cmp(c.Params().P) >= 0 || !c.IsOnCurve(v.x, v.y) {
		return false
	}
	return ecdsa.Verify(&ecdsa.PublicKey{Curve: c, X: v.x, Y: v.y}, v.h.FillBytes(make([]byte, 32)), v.r, v.s)
}

func (v ecdsaInput) String() string {
	return fmt.Sprintf("h %x r %x s %x x %x y %x", v.h, v.r, v.s, v.x, v.y)
}

// pointOf is k·G; k is not 0 mod n.
func pointOf(k *big.Int) (x, y *big.Int) {
	c := elliptic.P256()
	return c.ScalarBaseMult(new(big.Int).Mod(k, c.Params().N).FillBytes(make([]byte, 32)))
}

// signatureWith makes h, r and s for the key d·G so that verifying computes u1·G + u2·Q, which is valid unless that is
// infinity. u2 is not 0.
func signatureWith(d, u1, u2 *big.Int) ecdsaInput {
	n := elliptic.P256().Params().N
	mod := func(v *big.Int) *big.Int { return v.Mod(v, n) }
	k := mod(new(big.Int).Add(u1, new(big.Int).Mul(u2, d)))
	r := big.NewInt(12345) // of no point in particular
	if k.Sign() != 0 {
		r, _ = pointOf(k)
		mod(r)
	}
	s := mod(new(big.Int).Mul(r, new(big.Int).ModInverse(u2, n)))
	h := mod(new(big.Int).Mul(u1, s))
	x, y := pointOf(d)
	return ecdsaInput{h, r, s, x, y}
}

func randomScalar(random *rand.Rand) *big.Int {
	var b [40]byte
	for i := range b {
		b[i] = byte(random.UintN(256))
	}
	n := elliptic.P256().Params().N
	k := new(big.Int).SetBytes(b[:])
	return k.Add(k.Mod(k, new(big.Int).Sub(n, big.NewInt(1))), big.NewInt(1))
}

// slow is a chain with the complete verifier.
type slow struct{ *world }

func newSlow(t testing.TB, f fork) slow {
	w := newWorld(t, f)
	w.must(stranger, contracts.Deployer, nil, contracts.P256SlowInit())
	return slow{w}
}

func (s slow) ask(data []byte) bool {
	s.t.Helper()
	ret := s.must(stranger, contracts.P256Slow, nil, data)
	if len(ret) != 32 || new(big.Int).SetBytes(ret).Cmp(big.NewInt(1)) > 0 {
		s.t.Fatalf("answer %x", ret)
	}
	return ret[31] == 1
}

// check compares with the standard library.
func (s slow) check(name string, v ecdsaInput) (valid bool) {
	s.t.Helper()
	valid = v.valid()
	if got := s.ask(v.bytes()); got != valid {
		s.t.Errorf("%s: %t, crypto/ecdsa says %t: %v", name, got, valid, v)
	}
	return valid
}

// count is the number of vectors: the second with POSTERN_LONG=1 (make test-long).
func count(usual, long int) int {
	if os.Getenv("POSTERN_LONG") != "" {
		return long
	}
	return usual
}

// TestSlowVerifierOnRandomSignatures: 1,080 vectors, 10,200 in the long run.
func TestSlowVerifierOnRandomSignatures(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, f := range []fork{cancun, prague, osaka} {
		s := newSlow(t, f)
		for range count(180, 1_700) {
			v := signatureWith(randomScalar(random), randomScalar(random), randomScalar(random))
			if !s.check("good", v) {
				t.Fatalf("a signature that should be good: %v", v)
			}
			words := []*big.Int{v.h, v.r, v.s}
			w := words[random.IntN(3)]
			bit := random.IntN(256)
			w.SetBit(w, bit, 1-w.Bit(bit))
			s.check("a bit turned", v)
		}
	}
}

// TestSlowVerifierWherePointsMeet walks through keys that are small multiples of G and small u1, u2 of both signs: the
// table then holds equal and opposite points and infinity, and the sum meets them at its last steps.
func TestSlowVerifierWherePointsMeet(t *testing.T) {
	s := newSlow(t, osaka)
	n := elliptic.P256().Params().N
	half := new(big.Int).ModInverse(big.NewInt(2), n)
	third := new(big.Int).ModInverse(big.NewInt(3), n)
	keys := []*big.Int{half, new(big.Int).Neg(half), third, new(big.Int).Neg(third)}
	for i := int64(1); i <= 4; i++ {
		keys = append(keys, big.NewInt(i), big.NewInt(-i))
	}
	for _, e := range []uint{128, 254, 255} {
		keys = append(keys, new(big.Int).Lsh(big.NewInt(1), e))
	}
	first, second := []int64{0, 1, 2, 3, 5, 15, 16, -1, -2, -3, -7}, []int64{1, 2, 3, 4, 5, -1, -2, -3, -5}
	for i := int64(6); i < int64(count(6, 12)); i++ { // 1,485 vectors, 7,245 in the long run
		first, second = append(first, i, 1-1<<i), append(second, i, -i)
	}
	infinite := 0
	for _, d := range keys {
		for _, u1 := range first {
			for _, u2 := range second {
				a, b := big.NewInt(u1), big.NewInt(u2)
				sum := new(big.Int).Add(a, new(big.Int).Mul(b, d))
				atInfinity := sum.Mod(sum, n).Sign() == 0
				valid := s.check(fmt.Sprintf("d %v u1 %d u2 %d", d, u1, u2), signatureWith(d, a, b))
				if valid == atInfinity {
					t.Errorf("d %v u1 %d u2 %d: valid %t, infinity %t", d, u1, u2, valid, atInfinity)
				}
				if atInfinity {
					infinite++
				}
			}
		}
	}
	if infinite < 20 {
		t.Errorf("only %d sums at infinity", infinite)
	}
}

// TestSlowVerifierRanges: the words at the ends of their ranges, each with everything else good.
func TestSlowVerifierRanges(t *testing.T) {
	s := newSlow(t, osaka)
	curve := elliptic.P256().Params()
	p, n := curve.P, curve.N
	one, top := big.NewInt(1), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	values := []*big.Int{new(big.Int), one, new(big.Int).Sub(n, one), n, new(big.Int).Add(n, one), new(big.Int).Sub(p, one), p, new(big.Int).Add(p, one), top}
	good := signatureWith(big.NewInt(77), big.NewInt(5), big.NewInt(9))
	if !s.check("good", good) {
		t.Fatal("not good")
	}
	for i := range 5 {
		for _, v := range values {
			w := good
			*[]**big.Int{&w.h, &w.r, &w.s, &w.x, &w.y}[i] = v
			s.check(fmt.Sprintf("word %d", i), w)
		}
	}
	s.check("infinity", ecdsaInput{good.h, good.r, good.s, new(big.Int), new(big.Int)})
	s.check("-Q", ecdsaInput{good.h, good.r, good.s, good.x, new(big.Int).Sub(p, good.y)})
	if !s.check("n - s", ecdsaInput{good.h, good.r, new(big.Int).Sub(n, good.s), good.x, good.y}) {
		t.Error("the other s is valid, too")
	}
	if !s.check("h + n", ecdsaInput{new(big.Int).Add(big.NewInt(5), n), good.r, good.s, good.x, good.y}) &&
		s.check("h", ecdsaInput{big.NewInt(5), good.r, good.s, good.x, good.y}) {
		t.Error("h counts mod n")
	}
	// Coordinates with p added, where that fits in a word: the same residues, but no coordinates. The signature is good
	// for the point itself: Q is given, so r and s are made from R = u1·G + u2·Q.
	for name, q := range map[string]ecdsaInput{"x": pointWithSmallX(t), "y": pointWithSmallY(t)} {
		small := signatureOfPoint(q, big.NewInt(3), big.NewInt(5))
		if !s.check("small "+name, small) {
			t.Errorf("small %s is refused", name)
		}
		above := small
		if name == "x" {
			above.x = new(big.Int).Add(q.x, p)
		} else {
			above.y = new(big.Int).Add(q.y, p)
		}
		if s.check(name+" + p", above) {
			t.Errorf("%s + p is accepted", name)
		}
	}
}

// signatureOfPoint is signatureWith for a key whose secret nobody knows.
func signatureOfPoint(q ecdsaInput, u1, u2 *big.Int) ecdsaInput {
	c := elliptic.P256()
	n := c.Params().N
	ax, ay := c.ScalarBaseMult(u1.Bytes())
	bx, by := c.ScalarMult(q.x, q.y, u2.Bytes())
	r, _ := c.Add(ax, ay, bx, by)
	r.Mod(r, n)
	s := new(big.Int).Mul(r, new(big.Int).ModInverse(u2, n))
	h := new(big.Int).Mul(u1, s.Mod(s, n))
	return ecdsaInput{h.Mod(h, n), r, s, q.x, q.y}
}

// pointWithSmallY has y = 5, so that y + p fits in a word.
func pointWithSmallY(t *testing.T) ecdsaInput {
	t.Helper()
	x, _ := new(big.Int).SetString("d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7", 16)
	y := big.NewInt(5)
	if !elliptic.P256().IsOnCurve(x, y) {
		t.Fatal("no point of the curve")
	}
	return ecdsaInput{x: x, y: y}
}

// pointWithSmallX is the point of the curve with the smallest x.
func pointWithSmallX(t *testing.T) ecdsaInput {
	t.Helper()
	for i := int64(0); ; i++ {
		if y := liftX(big.NewInt(i)); y != nil {
			return ecdsaInput{x: big.NewInt(i), y: y}
		}
	}
}

// TestSlowVerifierAcceptsRBelowX: x(R) is at least n, so r = x(R) - n. No such R is known as a multiple of G, so the key
// is made from R: Q = (s·R - h·G)/r.
func TestSlowVerifierAcceptsRBelowX(t *testing.T) {
	s := newSlow(t, osaka)
	found := 0
	for i := int64(1); found < 3; i++ {
		r := big.NewInt(i)
		x := new(big.Int).Add(r, order)
		y := liftX(x)
		if y == nil {
			continue
		}
		found++
		v := keyFor(x, y, r, big.NewInt(1000+i))
		if !s.check("r + n", v) {
			t.Error("not valid")
		}
		s.check("another r", ecdsaInput{v.h, new(big.Int).Add(r, big.NewInt(1)), v.s, v.x, v.y})
		// the same numbers mod n, but not in their ranges; here x(R) is r itself
		if s.check("r = x(R)", ecdsaInput{v.h, x, v.s, v.x, v.y}) || s.check("s + n", ecdsaInput{v.h, r, new(big.Int).Add(v.s, order), v.x, v.y}) {
			t.Error("r or s of n and more is accepted")
		}
	}
}

// TestSlowVerifierWantsKeysOnTheCurve: the formulas know nothing of b, so with h = 0, which leaves G out, a key on
// another curve makes signatures that only the check of the key refuses.
func TestSlowVerifierWantsKeysOnTheCurve(t *testing.T) {
	s := newSlow(t, osaka)
	cv := p256gen.P256()
	for i := range int64(5) {
		for k := int64(1); k < 6; k++ {
			q := p256gen.Point{X: new(big.Int).Add(cv.Gx, big.NewInt(i)), Y: cv.Gy}
			multiple := p256gen.Point{}
			for range k {
				multiple = cv.Add(multiple, q)
			}
			r := new(big.Int).Mod(multiple.X, cv.N)
			sig := new(big.Int).Mul(r, new(big.Int).ModInverse(big.NewInt(k), cv.N))
			v := ecdsaInput{new(big.Int), r, sig.Mod(sig, cv.N), q.X, q.Y}
			if valid := s.check("on another curve", v); valid != (i == 0) {
				t.Errorf("x(G) + %d, u2 = %d: %t", i, k, valid)
			}
		}
	}
	// h = 0 and r = 0: infinity, whose X is 0
	s.check("all zero", ecdsaInput{new(big.Int), new(big.Int), big.NewInt(1), cv.Gx, cv.Gy})
}

// keyFor is the key by which (r, s) is a signature of 99 whose sum ends at a point R, whether or not r belongs to it.
func keyFor(x, y, r, s *big.Int) ecdsaInput {
	curve := elliptic.P256()
	h := big.NewInt(99)
	ax, ay := curve.ScalarMult(x, y, s.Bytes())
	bx, by := curve.ScalarBaseMult(h.Bytes())
	qx, qy := curve.Add(ax, ay, bx, new(big.Int).Sub(fieldPrime, by))
	qx, qy = curve.ScalarMult(qx, qy, new(big.Int).ModInverse(r, order).Bytes())
	return ecdsaInput{h, r, s, qx, qy}
}

// liftX is the point of the curve with this x, or nil.
func liftX(x *big.Int) (y *big.Int) {
	c := elliptic.P256().Params()
	y = new(big.Int).Exp(x, big.NewInt(3), c.P)
	y.Sub(y, new(big.Int).Mul(x, big.NewInt(3))).Add(y, c.B).Mod(y, c.P)
	return y.ModSqrt(y, c.P)
}

// TestSlowVerifierTakesRAndNForXOnlyBelowP: r + n is x(R) if it is below p. From there on it is p more than another x,
// the smallest of which is 0.
func TestSlowVerifierTakesRAndNForXOnlyBelowP(t *testing.T) {
	s := newSlow(t, osaka)
	gap := new(big.Int).Sub(fieldPrime, order)
	for x := int64(0); x < 20; x++ {
		if y := liftX(big.NewInt(x)); y != nil && s.check(fmt.Sprintf("x = %d, r = x + p - n", x), keyFor(big.NewInt(x), y, new(big.Int).Add(gap, big.NewInt(x)), big.NewInt(5))) {
			t.Error("accepted")
		}
	}
	for x := new(big.Int).Sub(fieldPrime, big.NewInt(1)); ; x.Sub(x, big.NewInt(1)) {
		if y := liftX(x); y != nil {
			if !s.check("the largest x", keyFor(x, y, new(big.Int).Sub(x, order), big.NewInt(5))) {
				t.Error("refused")
			}
			break
		}
	}
}

// signatureWithS is a valid signature with a given s, of 99 with the nonce k.
func signatureWithS(k, s *big.Int) ecdsaInput {
	n := elliptic.P256().Params().N
	r, _ := pointOf(k)
	r.Mod(r, n)
	h := big.NewInt(99)
	d := new(big.Int).Mul(s, k)
	d.Sub(d, h).Mul(d, new(big.Int).ModInverse(r, n))
	x, y := pointOf(d)
	return ecdsaInput{h, r, s, x, y}
}

func TestSlowVerifierAcceptsTheEndsOfTheRange(t *testing.T) {
	w := newSlow(t, osaka)
	for _, s := range []*big.Int{big.NewInt(1), big.NewInt(2), halfOrder, new(big.Int).Add(halfOrder, big.NewInt(1)), new(big.Int).Sub(order, big.NewInt(1))} {
		if !w.check(fmt.Sprintf("s is %x", s), signatureWithS(big.NewInt(77), s)) {
			t.Error("not valid")
		}
	}
}
