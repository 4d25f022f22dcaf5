package p256table

import (
	"crypto/elliptic"
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"testing"
)

var bigP = elliptic.P256().Params().P

// edges are values at which limbs, carries and the reduction turn over.
func edges() []*big.Int {
	out := []*big.Int{new(big.Int), big.NewInt(1), big.NewInt(2), big.NewInt(3)}
	for _, k := range []uint{31, 32, 63, 64, 95, 96, 127, 128, 191, 192, 223, 224, 254, 255} {
		one := new(big.Int).Lsh(big.NewInt(1), k)
		out = append(out, one, new(big.Int).Sub(one, big.NewInt(1)), new(big.Int).Add(one, big.NewInt(1)))
	}
	for _, x := range out {
		out = append(out, new(big.Int).Mod(new(big.Int).Neg(x), bigP))
	}
	r := new(big.Int).Lsh(big.NewInt(1), 256)
	inv := new(big.Int).ModInverse(r, bigP)
	for _, x := range out { // and the values whose Montgomery form they are
		y := new(big.Int).Mul(x, inv)
		out = append(out, y.Mod(y, bigP))
	}
	return out
}

func fromBig(t testing.TB, x *big.Int) (z elem) {
	t.Helper()
	var b [32]byte
	if !z.setBytes(x.FillBytes(b[:])) {
		t.Fatalf("%x is refused", x)
	}
	return z
}

func toBig(z *elem) *big.Int {
	var b [32]byte
	z.put(b[:])
	return new(big.Int).SetBytes(b[:])
}

func below(r *rand.Rand, p *big.Int) *big.Int {
	var b [40]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	x := new(big.Int).SetBytes(b[:])
	return x.Mod(x, p)
}

func TestTheFieldIsThatOfBigIntegers(t *testing.T) {
	values := edges()
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		values = append(values, below(r, bigP))
	}
	for _, a := range values {
		for _, b := range values {
			checkField(t, a, b)
		}
	}
}

func checkField(t *testing.T, a, b *big.Int) {
	t.Helper()
	x, y := fromBig(t, a), fromBig(t, b)
	check := func(name string, got elem, want *big.Int) {
		t.Helper()
		want.Mod(want, bigP)
		if toBig(&got).Cmp(want) != 0 {
			t.Fatalf("%s of %x and %x is %x, not %x", name, a, b, toBig(&got), want)
		}
		if again := fromBig(t, want); got != again {
			t.Fatalf("%s of %x and %x is not in its one form", name, a, b)
		}
	}
	var z elem
	z.mul(&x, &y)
	check("product", z, new(big.Int).Mul(a, b))
	z.sqr(&x)
	check("square", z, new(big.Int).Mul(a, a))
	z.add(&x, &y)
	check("sum", z, new(big.Int).Add(a, b))
	z.sub(&x, &y)
	check("difference", z, new(big.Int).Sub(a, b))
	z = x
	z.mul(&z, &z)
	check("product in place", z, new(big.Int).Mul(a, a))
}

func TestInversesAreInverses(t *testing.T) {
	var values []elem
	var want []*big.Int
	for _, a := range edges() {
		x := fromBig(t, a)
		var z elem
		z.inv(&x)
		if a.Sign() == 0 {
			if !z.isZero() {
				t.Fatal("0 has an inverse")
			}
			continue
		}
		inverse := new(big.Int).ModInverse(a, bigP)
		if toBig(&z).Cmp(inverse) != 0 {
			t.Fatalf("1/%x is %x, not %x", a, toBig(&z), inverse)
		}
		values, want = append(values, x), append(want, inverse)
	}
	scratch := make([]elem, len(values))
	if !invAll(values, scratch) {
		t.Fatal("invAll refuses")
	}
	for i := range values {
		if toBig(&values[i]).Cmp(want[i]) != 0 {
			t.Fatalf("value %d of the batch is %x, not %x", i, toBig(&values[i]), want[i])
		}
	}
	if values[3] = (elem{}); invAll(values, scratch) {
		t.Fatal("a batch with a zero is inverted")
	}
	if !invAll(nil, nil) {
		t.Fatal("an empty batch is refused")
	}
}

func TestConstantsAreWhatTheyAreCalled(t *testing.T) {
	for name, c := range map[string]struct {
		got  elem
		want *big.Int
	}{
		"1":     {montOne, big.NewInt(1)},
		"2^256": {montRR, new(big.Int).Lsh(big.NewInt(1), 256)},
		"b":     {montB, elliptic.P256().Params().B},
	} {
		if want := new(big.Int).Mod(c.want, bigP); toBig(&c.got).Cmp(want) != 0 {
			t.Errorf("%s is %x", name, toBig(&c.got))
		}
	}
}

func TestElementsNotBelowPAreRefused(t *testing.T) {
	for _, d := range []int64{0, 1, 2, 1 << 40} {
		var z elem
		var b [32]byte
		if z.setBytes(new(big.Int).Add(bigP, big.NewInt(d)).FillBytes(b[:])) {
			t.Errorf("p+%d is taken", d)
		}
		if !z.setBytes(new(big.Int).Sub(bigP, big.NewInt(d+1)).FillBytes(b[:])) {
			t.Errorf("p−%d is refused", d+1)
		}
	}
	var z elem
	all, _ := hex.DecodeString("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")
	if z.setBytes(all) {
		t.Error("2^256−1 is taken")
	}
}

func FuzzField(f *testing.F) {
	f.Add([]byte{1}, []byte{2})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) > 40 || len(b) > 40 {
			t.Skip()
		}
		x, y := new(big.Int).SetBytes(a), new(big.Int).SetBytes(b)
		checkField(t, x.Mod(x, bigP), y.Mod(y, bigP))
	})
}

func BenchmarkFieldMul(b *testing.B) {
	x, y := montRR, montB
	for b.Loop() {
		x.mul(&x, &y)
	}
}

func BenchmarkFieldSqr(b *testing.B) {
	x := montRR
	for b.Loop() {
		x.sqr(&x)
	}
}

func BenchmarkFieldInv(b *testing.B) {
	x := montRR
	for b.Loop() {
		x.inv(&x)
	}
}
