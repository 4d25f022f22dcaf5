//lint:file-ignore SA1019 crypto/elliptic is plain and independent, which is what a reference needs.

package p256table

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"testing"
)

// A signature's two scalars, u for G and v for Q, are read from the table in 64 columns of eight
// bits, the highest first. The loop that starts where the search for the first column ended gives
// u·G + v·Q; FreshCryptoLib's ecZZ_mulmuladd_S8_hackmem always goes on from column 62.
func TestTheLoopOfFCLCountsAColumnTwice(t *testing.T) {
	k := numbered(t, 1)
	code, err := Build(FCL, k)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Parse(code)
	if err != nil {
		t.Fatal(err)
	}
	q := point{new(big.Int).SetBytes(k.x[:]), new(big.Int).SetBytes(k.y[:])}
	wrong, empty := 0, 0
	for n := range 40 {
		u, v := scalar("u", n), scalar("v", n)
		if n%4 == 0 { // such as one in 256 is by chance
			for _, s := range []*big.Int{u, v} {
				for j := range 4 {
					s.SetBit(s, 64*j+63, 0)
				}
			}
		}
		first := 63
		for column(u, v, first) == 0 {
			first--
		}
		want := multiplePoint(u).add(q.times(v))
		if got := readFCL(table, u, v, first, first-1); got.x.Cmp(want.x) != 0 {
			t.Fatalf("the table gives another sum for %v and %v", u, v)
		}
		got := readFCL(table, u, v, first, 62)
		if (got.x.Cmp(want.x) != 0) != (first != 63) {
			t.Errorf("first column %d: the faulty loop's result is right or wrong where it should not be", first)
		}
		if first != 63 {
			empty++
		}
		if got.x.Cmp(want.x) != 0 {
			wrong++
		}
	}
	if empty == 0 || wrong != empty {
		t.Errorf("%d empty columns, %d wrong results", empty, wrong)
	}
}

// readFCL takes the point of column first and goes on from column next.
func readFCL(table Table, u, v *big.Int, first, next int) point {
	at := func(c int) point {
		x, y := table.Point(column(u, v, c))
		return point{new(big.Int).SetBytes(x[:]), new(big.Int).SetBytes(y[:])}
	}
	sum := at(first)
	for c := next; c >= 0; c-- {
		sum = sum.double(1)
		if column(u, v, c) != 0 {
			sum = sum.add(at(c))
		}
	}
	return sum
}

// column is bits c, 64+c, 128+c and 192+c of u, then of v: a place in the table.
func column(u, v *big.Int, c int) (place int) {
	for j := range 4 {
		place |= int(u.Bit(64*j+c))<<j | int(v.Bit(64*j+c))<<(4+j)
	}
	return place
}

func scalar(name string, n int) *big.Int {
	h := sha256.Sum256(fmt.Append(nil, name, n))
	s := new(big.Int).SetBytes(h[:])
	return s.Mod(s, curve.Params().N)
}

func multiplePoint(k *big.Int) point {
	x, y := curve.ScalarBaseMult(k.Bytes())
	return point{x, y}
}

func (p point) times(k *big.Int) point {
	x, y := curve.ScalarMult(p.x, p.y, k.Bytes())
	return point{x, y}
}
