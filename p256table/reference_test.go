//lint:file-ignore SA1019 crypto/elliptic is plain and independent, which is what a reference needs.

package p256table

import (
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
	"testing"
)

// The plain implementation: the documented sums, one after the other, in crypto/elliptic.

type point struct{ x, y *big.Int }

var curve = elliptic.P256()

func (p point) add(q point) point {
	x, y := curve.Add(p.x, p.y, q.x, q.y) // crypto/elliptic's Add doubles where p = q
	return point{x, y}
}

func (p point) neg() point { return point{p.x, new(big.Int).Mod(new(big.Int).Neg(p.y), bigP)} }

func (p point) double(n int) point {
	for range n {
		p.x, p.y = curve.Double(p.x, p.y)
	}
	return p
}

func (p point) bytes() []byte {
	var b [64]byte
	p.x.FillBytes(b[:32])
	p.y.FillBytes(b[32:])
	return b[:]
}

func reference(f Format, k Key) []byte {
	q := point{new(big.Int).SetBytes(k.x[:]), new(big.Int).SetBytes(k.y[:])}
	if f == FCL {
		return referenceFCL(q)
	}
	shape := map[Format][2]int{0x11: {4, 1}, 0x12: {4, 2}, 0x13: {6, 2}, 0x14: {8, 2}}[f]
	teeth, blocks := shape[0], shape[1]
	a := (256 + teeth - 1) / teeth
	e := (a + blocks - 1) / blocks
	code := append([]byte{0, byte(f)}, q.bytes()...)
	for b := range blocks {
		tooth := []point{q.double(b * e)}
		for len(tooth) < teeth {
			tooth = append(tooth, tooth[len(tooth)-1].double(a))
		}
		for i := range 1 << (teeth - 1) {
			sum := tooth[teeth-1]
			for j, t := range tooth[:teeth-1] {
				if i>>j&1 == 0 {
					t = t.neg()
				}
				sum = sum.add(t)
			}
			code = append(code, sum.bytes()...)
		}
	}
	return code
}

func referenceFCL(q point) []byte {
	g := point{curve.Params().Gx, curve.Params().Gy}
	label := sha256.Sum256([]byte("itsakindofmagic\n"))
	out := append(make([]byte, 32), label[:]...)
	var base [8]point
	for j := range 4 {
		base[j], base[4+j] = g.double(64*j), q.double(64*j)
	}
	for i := 1; i < 256; i++ {
		sum := point{new(big.Int), new(big.Int)}
		for j, b := range base {
			if i>>j&1 == 1 {
				sum = sum.add(b)
			}
		}
		out = append(out, sum.bytes()...)
	}
	return out
}

// multiple is the key k·G.
func multiple(t testing.TB, k *big.Int) Key {
	t.Helper()
	x, y := curve.ScalarBaseMult(new(big.Int).Mod(k, curve.Params().N).Bytes())
	var b [2][32]byte
	x.FillBytes(b[0][:])
	y.FillBytes(b[1][:])
	key, err := NewKey(b[0], b[1])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// numbered is the key of SHA-256(n)·G.
func numbered(t testing.TB, n int) Key {
	h := sha256.Sum256(big.NewInt(int64(n)).Bytes())
	return multiple(t, new(big.Int).SetBytes(h[:]))
}

func multipleOf1(t testing.TB) Key { return multiple(t, big.NewInt(1)) }

func (k Key) opposite(t testing.TB) Key {
	y := new(big.Int).Sub(bigP, new(big.Int).SetBytes(k.y[:]))
	o, err := NewKey(k.x, [32]byte(y.FillBytes(make([]byte, 32))))
	if err != nil {
		t.Fatal(err)
	}
	return o
}
