// Signatures to try: random ones, and those that hurt other verifiers or might hurt these.

package p256gen

import (
	"crypto/ecdh"
	"fmt"
	"math/big"
	"math/rand"
	"os"
)

// vector is a signature, which may be bad, with the bytes that hints are computed for: those of a valid signature from
// which it was made.
type vector struct {
	name string
	signature
	origin signature
}

// counts are how many random vectors there are and how many edge vectors at least: POSTERN_LONG=1 asks for the full
// numbers.
func counts() (random, edge int) {
	if os.Getenv("POSTERN_LONG") != "" {
		return 10_000, 5_000
	}
	return 1_000, 1_000
}

// base is k·G by the standard library.
func base(k *big.Int) Point {
	private, err := ecdh.P256().NewPrivateKey(k.FillBytes(make([]byte, 32)))
	if err != nil {
		panic(err)
	}
	b := private.PublicKey().Bytes()
	return Point{new(big.Int).SetBytes(b[1:33]), new(big.Int).SetBytes(b[33:])}
}

// signFast is sign for P-256.
func signFast(d, k, h *big.Int) signature {
	n := P256().N
	q, r := base(d), base(k).X
	r = new(big.Int).Mod(r, n)
	s := new(big.Int).Mul(r, d)
	s.Add(s, h).Mul(s, new(big.Int).ModInverse(k, n)).Mod(s, n)
	return signature{h, r, s, q.X, q.Y}
}

func randomVectors(seed int64, count int) []vector {
	cv, rng := P256(), rand.New(rand.NewSource(seed))
	var out []vector
	d := random(rng, cv)
	for i := range count {
		if i%8 == 0 {
			d = random(rng, cv)
		}
		good := signFast(d, random(rng, cv), new(big.Int).Rand(rng, ones(256)))
		v := vector{fmt.Sprint("random ", i), good, good}
		if i%3 == 2 { // one bit of one word is another
			word := []**big.Int{&v.h, &v.r, &v.s}[rng.Intn(3)]
			bit := rng.Intn(256)
			*word = new(big.Int).SetBit(*word, bit, 1-(*word).Bit(bit))
			v.name += " flipped"
		}
		out = append(out, v)
	}
	return out
}

// fromScalars is a signature for which u1 = h/s and u2 = r/s, valid unless r would be zero or the sum is infinity.
func fromScalars(d, u1, u2 *big.Int) signature {
	n := P256().N
	sum := new(big.Int).Mul(u2, d)
	sum.Add(sum, u1).Mod(sum, n)
	q, r := base(d), big.NewInt(7) // at infinity any r will do: there is no x
	if sum.Sign() != 0 {
		r = new(big.Int).Mod(base(sum).X, n)
	}
	if u2.Sign() == 0 {
		return signature{u1, r, big.NewInt(1), q.X, q.Y}
	}
	s := new(big.Int).ModInverse(u2, n)
	s.Mul(s, r).Mod(s, n)
	h := new(big.Int).Mul(u1, s)
	return signature{h.Mod(h, n), r, s, q.X, q.Y}
}

// wrapped is a valid signature whose nonce's point has x = r + n, by a key nobody knows the secret of.
func wrapped(skip int) signature {
	cv := P256()
	for x := new(big.Int).Set(cv.N); ; x.Add(x, big.NewInt(1)) {
		y := new(big.Int).Mul(x, x)
		y.Sub(y, big.NewInt(3)).Mul(y, x).Add(y, cv.B).Mod(y, cv.P)
		if y.ModSqrt(y, cv.P) == nil || x.Cmp(cv.N) == 0 {
			continue
		}
		if skip--; skip >= 0 {
			continue
		}
		r := new(big.Int).Sub(x, cv.N)
		h, s := big.NewInt(123456789), big.NewInt(987654321)
		q := cv.Add(cv.Mul(s, Point{x, y}), cv.Neg(cv.Mul(h, cv.G())))
		q = cv.Mul(new(big.Int).ModInverse(r, cv.N), q)
		return signature{h, r, s, q.X, q.Y}
	}
}

// edgeVectors are at least count signatures with something special about them.
func edgeVectors(seed int64, count int) []vector {
	cv, rng := P256(), rand.New(rand.NewSource(seed))
	n := cv.N
	var out []vector
	add := func(name string, s, origin signature) { out = append(out, vector{name, s, origin}) }
	with := func(name string, s signature, change func(*signature)) {
		c := s
		change(&c)
		add(name, c, s)
	}
	small := func(k int64) *big.Int {
		v := big.NewInt(k)
		return v.Mod(v, n)
	}

	good := signFast(random(rng, cv), random(rng, cv), random(rng, cv))
	limits := []*big.Int{new(big.Int), n, new(big.Int).Add(n, big.NewInt(1)), minus(n, 1), cv.P, ones(256), big.NewInt(1)}
	for _, v := range limits {
		with(fmt.Sprintf("r = %x", v), good, func(s *signature) { s.r = v })
		with(fmt.Sprintf("s = %x", v), good, func(s *signature) { s.s = v })
		with(fmt.Sprintf("h = %x", v), good, func(s *signature) { s.h = v })
	}
	for _, h := range []*big.Int{new(big.Int), n, ones(256), cv.P} { // hashes are reduced
		add(fmt.Sprintf("valid for h = %x", h), signFast(big.NewInt(77), random(rng, cv), h), good)
		out[len(out)-1].origin = out[len(out)-1].signature
	}
	for i := range 6 {
		s := wrapped(i)
		add("x = r + n", s, s)
		with("x = r + n, other hash", s, func(s *signature) { s.h = small(5) })
		with("x = r + n, s negative", s, func(s *signature) { s.s = new(big.Int).Sub(n, s.s) })
	}

	keys := map[string]*big.Int{"1": small(1), "-1": small(-1), "2": small(2), "-2": small(-2), "3": small(3), "1/2": cv.halfN()}
	names := []string{"1", "-1", "2", "-2", "3", "1/2"}
	for _, bit := range []uint{4, 16, 22, 32, 43, 64, 86, 127, 128, 129, 172, 192, 215, 224, 255} {
		name := fmt.Sprint("2^", bit)
		keys[name] = new(big.Int).Lsh(big.NewInt(1), bit)
		names = append(names, name)
	}
	scalars := []*big.Int{small(0), small(1), small(2), small(3), small(-1), small(-2), cv.halfN(), new(big.Int).Lsh(big.NewInt(1), 128)}
	for _, name := range names {
		d := keys[name]
		for _, u1 := range scalars {
			for _, u2 := range scalars[1:] {
				s := fromScalars(d, u1, u2)
				add(fmt.Sprintf("d = %s, u1 = %x, u2 = %x", name, u1, u2), s, s)
			}
		}
		s := fromScalars(d, big.NewInt(3), small(0))
		add("d = "+name+", u2 = 0", s, s)
		// u1 = ±u2 d leads to equal, opposite and infinite sums on the way
		for range 3 {
			u := random(rng, cv)
			du := new(big.Int).Mul(u, d)
			du.Mod(du, n)
			for _, pair := range [][2]*big.Int{{u, u}, {du, u}, {new(big.Int).Sub(n, du), u}, {new(big.Int).Sub(n, u), u}} {
				s := fromScalars(d, pair[0], pair[1])
				add("d = "+name+", scalars related by the key", s, s)
				with("d = "+name+", related, and another hash", s, func(s *signature) { s.h = new(big.Int).Add(s.h, big.NewInt(1)) })
			}
		}
	}
	for i := 0; len(out) < count; i++ {
		// scalars with few bits, long runs and repeated patterns, with their neighbours
		d, u1, u2 := pattern(rng, n), pattern(rng, n), pattern(rng, n)
		s := fromScalars(d, u1, u2)
		add(fmt.Sprint("pattern ", i), s, s)
		switch i % 4 {
		case 0:
			with(fmt.Sprint("pattern ", i, " with -s"), s, func(s *signature) { s.s = new(big.Int).Sub(n, s.s) })
		case 1:
			with(fmt.Sprint("pattern ", i, " with h + 1"), s, func(s *signature) { s.h = new(big.Int).Add(s.h, big.NewInt(1)) })
		case 2:
			with(fmt.Sprint("pattern ", i, " with r + 1"), s, func(s *signature) { s.r = new(big.Int).Add(s.r, big.NewInt(1)) })
		}
	}
	return out
}

// pattern is a number from 1 to n-1 without much randomness in it.
func pattern(rng *rand.Rand, n *big.Int) *big.Int {
	v := new(big.Int)
	switch rng.Intn(4) {
	case 0: // a run of ones
		v.Lsh(ones(1+rng.Intn(200)), uint(rng.Intn(64)))
	case 1: // a few bits
		for range 1 + rng.Intn(3) {
			v.SetBit(v, rng.Intn(256), 1)
		}
	case 2: // the same byte everywhere
		v = every(8, int64(rng.Intn(256)))
	default: // the negative of a small number
		v.Sub(n, big.NewInt(int64(1+rng.Intn(40))))
	}
	if v.Mod(v, n); v.Sign() == 0 {
		return big.NewInt(1)
	}
	return v
}
