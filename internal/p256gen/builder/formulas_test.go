package builder

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postern-dev/postern/internal/p256gen"
)

// interpret runs a schedule on a stack. Words that are no instructions push what words holds.
func interpret(t *testing.T, code string, prime *big.Int, words map[string]*big.Int, stack ...*big.Int) []*big.Int {
	t.Helper()
	depth := func(s string) int {
		d, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, w := range strings.Fields(code) {
		n := len(stack)
		switch {
		case words[w] != nil:
			stack = append(stack, words[w])
		case strings.HasPrefix(w, "DUP"):
			stack = append(stack, stack[n-depth(w[3:])])
		case strings.HasPrefix(w, "SWAP"):
			d := depth(w[4:])
			stack[n-1], stack[n-1-d] = stack[n-1-d], stack[n-1]
		case w == "SUB":
			stack = append(stack[:n-2], new(big.Int).Sub(stack[n-1], stack[n-2]))
			if stack[n-2].Sign() < 0 {
				t.Fatalf("a subtraction below zero: %s", code)
			}
		case w == "MULMOD" || w == "ADDMOD":
			if stack[n-3].Cmp(prime) != 0 {
				t.Fatalf("another modulus: %s", code)
			}
			r := new(big.Int).Add(stack[n-1], stack[n-2])
			if w == "MULMOD" {
				r.Mul(stack[n-1], stack[n-2])
			}
			stack = append(stack[:n-3], r.Mod(r, prime))
		default:
			t.Fatalf("word %q", w)
		}
	}
	return stack
}

// jacobian is a point (x·z², y·z³, z) of P-256.
func jacobian(p p256gen.Point, z *big.Int) (x, y *big.Int) {
	prime := p256gen.P256().P
	zz := new(big.Int).Mul(z, z)
	x, y = new(big.Int).Mul(p.X, zz), new(big.Int).Mul(p.Y, zz.Mul(zz, z))
	return x.Mod(x, prime), y.Mod(y, prime)
}

func multiple(cv *p256gen.Curve, k int) p256gen.Point {
	var p p256gen.Point
	for range k {
		p = cv.Add(p, cv.G())
	}
	return p
}

func TestTheDoublingDoublesAndTurnsTheSign(t *testing.T) {
	cv := p256gen.P256()
	random := rand.New(rand.NewPCG(21, 22))
	for k := 1; k < 40; k++ {
		point := multiple(cv, k)
		z := new(big.Int).SetUint64(random.Uint64() | 1)
		x, y := jacobian(point, z)
		tt := new(big.Int).Exp(z, big.NewInt(4), cv.P)
		tt.Mul(tt, new(big.Int).Sub(cv.P, threeHalves(cv.P))).Mod(tt, cv.P)
		words := map[string]*big.Int{"p": cv.P, "k": threeHalves(cv.P)}
		got := interpret(t, doubling, cv.P, words, x, tt, y, z)
		if len(got) != 4 {
			t.Fatalf("%d values", len(got))
		}
		x, tt, y, z = got[0], got[1], got[2], got[3]
		wantX, wantY := jacobian(cv.Neg(cv.Add(point, point)), z)
		if x.Cmp(wantX) != 0 || y.Cmp(wantY) != 0 {
			t.Fatalf("%d·G doubled is another point", k)
		}
		want := new(big.Int).Exp(z, big.NewInt(4), cv.P)
		want.Mul(want, new(big.Int).Sub(cv.P, threeHalves(cv.P))).Mod(want, cv.P)
		if tt.Cmp(want) != 0 {
			t.Fatalf("T of %d·G doubled is not -3/2·Z⁴", k)
		}
	}
}

func TestBothSumsAreTheSums(t *testing.T) {
	cv := p256gen.P256()
	neg := func(v *big.Int) *big.Int { return new(big.Int).Sub(cv.P, v) }
	for i := 1; i < 12; i++ {
		for j := i + 1; j < 13; j++ {
			a, b := multiple(cv, i), multiple(cv, j)
			difference := new(big.Int).Sub(a.X, b.X)
			difference.Mod(difference, cv.P)
			before := big.NewInt(int64(1000*i + j))
			product := new(big.Int).ModInverse(new(big.Int).Mul(before, difference), cv.P)
			got := interpret(t, bothSums, cv.P, map[string]*big.Int{
				"p": cv.P, "before": before, "difference": difference,
				"nxa": neg(a.X), "nya": neg(a.Y), "nxb": neg(b.X), "yb": b.Y, "nyb": neg(b.Y),
			}, product)
			minus, plus := cv.Add(a, cv.Neg(b)), cv.Add(a, b)
			want := []*big.Int{new(big.Int).ModInverse(before, cv.P), minus.X, minus.Y, plus.X, plus.Y}
			if !slices.EqualFunc(got, want, func(a, b *big.Int) bool { return a.Cmp(b) == 0 }) {
				t.Fatalf("%d·G and %d·G: %x, want %x", i, j, got, want)
			}
		}
	}
}

// TestNoAdditionIsExceptional goes through all additions of all formats by the multiples of the key they add: two of
// them have the same x only if their sum or difference is a multiple of the order.
func TestNoAdditionIsExceptional(t *testing.T) {
	n := p256gen.P256().N
	additions := 0
	both := func(a, b *big.Int) (plus, minus *big.Int) {
		additions++
		plus, minus = new(big.Int).Add(a, b), new(big.Int).Sub(a, b)
		if new(big.Int).Mod(plus, n).Sign() == 0 || new(big.Int).Mod(minus, n).Sign() == 0 {
			t.Fatalf("%x and %x meet", a, b)
		}
		return plus, minus
	}
	// half gives the sums of teeth, lowest first, by index
	var half func(teeth []*big.Int) []*big.Int
	cross := func(lower, upper []*big.Int, h int) []*big.Int {
		out := make([]*big.Int, len(lower)*len(upper)*2)
		for a := range upper {
			for b := range lower {
				plus, minus := pairIndex(h, a, b)
				out[plus], out[minus] = both(upper[a], lower[b])
			}
		}
		return out
	}
	half = func(teeth []*big.Int) []*big.Int {
		switch len(teeth) {
		case 1:
			return teeth
		case 3:
			return cross(teeth[:1], half(teeth[1:]), 1)
		}
		h := len(teeth) / 2
		return cross(half(teeth[:h]), half(teeth[h:]), h)
	}
	for _, c := range []p256gen.Comb{p256gen.NewComb(4, 1), p256gen.NewComb(4, 2), p256gen.NewComb(6, 2), p256gen.NewComb(8, 2)} {
		for block := range c.V {
			var teeth []*big.Int
			for j := range c.T {
				teeth = append(teeth, new(big.Int).Lsh(big.NewInt(1), uint(block*c.E+j*c.A)))
			}
			for i, got := range half(teeth) {
				want := new(big.Int).Set(teeth[c.T-1])
				for j := range c.T - 1 {
					if i>>j&1 == 1 {
						want.Add(want, teeth[j])
					} else {
						want.Sub(want, teeth[j])
					}
				}
				if got.Cmp(want) != 0 {
					t.Fatalf("%+v: point %d is not that of the format", c, i)
				}
			}
		}
	}
	if want := 3*6 + 2*(2*3+16) + 2*(2*6+64); additions != want {
		t.Errorf("%d additions, not %d", additions, want)
	}
}
