// The complete verifier against crypto/ecdsa, Wycheproof, and the cases in which points meet.

package contracts_test

//lint:file-ignore SA1019 points and scalars of every kind are needed here, keys that the newer functions refuse among them

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/postern-dev/postern/contracts"
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

func TestSlowVerifierOnRandomSignatures(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, f := range []fork{cancun, prague, osaka} {
		s := newSlow(t, f)
		for range 120 {
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
	infinite := 0
	for _, d := range keys {
		for _, u1 := range []int64{0, 1, 2, 3, 5, 15, 16, -1, -2, -3, -7} {
			for _, u2 := range []int64{1, 2, 3, 4, 5, -1, -2, -3, -5} {
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
	// x + p where that fits in a word: the same residue, but no coordinate
	small := pointWithSmallX(t)
	v := ecdsaInput{good.h, good.r, good.s, new(big.Int).Add(small.x, p), small.y}
	if s.check("x + p", v) {
		t.Error("x + p is accepted")
	}
}

// pointWithSmallX is the point of the curve with the smallest x.
func pointWithSmallX(t *testing.T) ecdsaInput {
	t.Helper()
	c := elliptic.P256().Params()
	for i := int64(0); ; i++ {
		x := big.NewInt(i)
		y2 := new(big.Int).Exp(x, big.NewInt(3), c.P)
		y2.Sub(y2, new(big.Int).Mul(x, big.NewInt(3))).Add(y2, c.B).Mod(y2, c.P)
		if y := new(big.Int).ModSqrt(y2, c.P); y != nil {
			return ecdsaInput{x: x, y: y}
		}
	}
}

// TestSlowVerifierAcceptsRBelowX: x(R) is at least n, so r = x(R) - n. No such R is known as a multiple of G, so the key
// is made from R: Q = (s·R - h·G)/r.
func TestSlowVerifierAcceptsRBelowX(t *testing.T) {
	s := newSlow(t, osaka)
	curve := elliptic.P256()
	c := curve.Params()
	gap := new(big.Int).Sub(c.P, c.N)
	found := 0
	for i := int64(1); found < 3; i++ {
		r := big.NewInt(i)
		x := new(big.Int).Add(r, c.N)
		if r.Cmp(gap) >= 0 {
			t.Fatal("too far")
		}
		y2 := new(big.Int).Exp(x, big.NewInt(3), c.P)
		y2.Sub(y2, new(big.Int).Mul(x, big.NewInt(3))).Add(y2, c.B).Mod(y2, c.P)
		y := new(big.Int).ModSqrt(y2, c.P)
		if y == nil {
			continue
		}
		found++
		sig, h := big.NewInt(1000+i), big.NewInt(99)
		ax, ay := curve.ScalarMult(x, y, sig.Bytes())
		bx, by := curve.ScalarBaseMult(h.Bytes())
		qx, qy := curve.Add(ax, ay, bx, new(big.Int).Sub(c.P, by))
		qx, qy = curve.ScalarMult(qx, qy, new(big.Int).ModInverse(r, c.N).Bytes())
		if !s.check("r + n", ecdsaInput{h, r, sig, qx, qy}) {
			t.Error("not valid")
		}
		s.check("another r", ecdsaInput{h, new(big.Int).Add(r, big.NewInt(1)), sig, qx, qy})
	}
}

func TestSlowVerifierWantsFiveWords(t *testing.T) {
	s := newSlow(t, osaka)
	good := signatureWith(big.NewInt(5), big.NewInt(6), big.NewInt(7)).bytes()
	if !s.ask(good) {
		t.Fatal("not good")
	}
	for _, length := range []int{0, 1, 31, 32, 128, 159} {
		if s.ask(good[:length]) {
			t.Errorf("%d bytes are accepted", length)
		}
	}
	if s.ask(append(good, 0)) {
		t.Error("161 bytes are accepted")
	}
}

// TestSlowVerifierNeverAnswersWithoutGas: a valid signature is found valid or the call fails.
func TestSlowVerifierNeverAnswersWithoutGas(t *testing.T) {
	s := newSlow(t, osaka)
	good := signatureWith(big.NewInt(5), big.NewInt(6), big.NewInt(7)).bytes()
	_, enough, err := s.send(stranger, contracts.P256Slow, nil, good)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for gas := uint64(100); gas < enough+10_000; gas += 200 + gas/200 {
		s.gas = gas
		ret, _, err := s.send(stranger, contracts.P256Slow, nil, good)
		if err != nil {
			failed++
		} else if len(ret) != 32 || ret[31] != 1 {
			t.Errorf("with %d gas: %x", gas, ret)
		}
	}
	if failed < 100 {
		t.Errorf("failed %d times", failed)
	}
}

func TestSlowVerifierOnWycheproof(t *testing.T) {
	s := newSlow(t, osaka)
	file, err := fs.ReadFile(wycheproof.TestVectors, "ecdsa_secp256r1_sha256_p1363_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectorFile
	if err := json.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	run, valid := 0, 0
	for _, g := range v.TestGroups {
		x, y := word(t, g.PublicKey.Wx), word(t, g.PublicKey.Wy)
		for _, c := range g.Tests {
			sig, err := hex.DecodeString(c.Sig)
			if err != nil {
				t.Fatal(err)
			}
			msg, err := hex.DecodeString(c.Msg)
			if err != nil {
				t.Fatal(err)
			}
			if len(sig) != 64 {
				continue // another encoding
			}
			h := sha256.Sum256(msg)
			data := append(append(append(h[:], sig...), x[:]...), y[:]...)
			if got := s.ask(data); got != (c.Result == "valid") {
				t.Errorf("%d %s: %t", c.TcID, c.Comment, got)
			}
			run++
			if c.Result == "valid" {
				valid++
			}
		}
	}
	if run < 200 || valid < 100 {
		t.Errorf("only %d vectors, %d valid", run, valid)
	}
}

func TestSlowVerifierStaysBelow200kGas(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	s := newSlow(t, osaka)
	least, most := uint64(1<<60), uint64(0)
	for range 30 {
		v := signatureWith(randomScalar(random), randomScalar(random), randomScalar(random))
		_, used, err := s.send(stranger, contracts.P256Slow, nil, v.bytes())
		if err != nil {
			t.Fatal(err)
		}
		least, most = min(least, used), max(most, used)
	}
	t.Logf("%d to %d gas", least, most)
	if most >= 200_000 {
		t.Errorf("%d gas", most)
	}
}
