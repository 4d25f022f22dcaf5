package p256gen

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand"
	"strings"
	"testing"
)

var errSchedule = errors.New("no schedule")

// interpret runs a schedule; the words p, x, y and k push what they stand for.
func interpret(code string, stack []*big.Int, words map[string]*big.Int) ([]*big.Int, error) {
	for _, w := range strings.Fields(code) {
		n := len(stack)
		need := func(k int) error {
			if n < k {
				return fmt.Errorf("%w: %s on %d values", errSchedule, w, n)
			}
			return nil
		}
		var d int
		var err error
		switch {
		case words[w] != nil:
			stack = append(stack, words[w])
		case strings.HasPrefix(w, "DUP"):
			if _, err = fmt.Sscanf(w, "DUP%d", &d); err == nil {
				err = need(d)
			}
			if err == nil {
				stack = append(stack, stack[n-d])
			}
		case strings.HasPrefix(w, "SWAP"):
			if _, err = fmt.Sscanf(w, "SWAP%d", &d); err == nil {
				err = need(d + 1)
			}
			if err == nil {
				stack[n-1], stack[n-1-d] = stack[n-1-d], stack[n-1]
			}
		case w == "POP":
			if err = need(1); err == nil {
				stack = stack[:n-1]
			}
		case w == "SUB":
			if err = need(2); err == nil {
				stack = append(stack[:n-2], new(big.Int).Sub(stack[n-1], stack[n-2]))
				if stack[n-2].Sign() < 0 {
					err = fmt.Errorf("%w: a difference below zero", errSchedule)
				}
			}
		case w == "MULMOD" || w == "ADDMOD":
			if err = need(3); err == nil && stack[n-3] != words["p"] {
				err = fmt.Errorf("%w: a modulus that is not p", errSchedule)
			}
			if err == nil {
				r := new(big.Int)
				if w == "MULMOD" {
					r.Mul(stack[n-1], stack[n-2])
				} else {
					r.Add(stack[n-1], stack[n-2])
				}
				stack = append(stack[:n-3], r.Mod(r, words["p"]))
			}
		default:
			err = fmt.Errorf("%w: word %s", errSchedule, w)
		}
		if err != nil {
			return nil, err
		}
	}
	return stack, nil
}

// formulas are those of the package comment, on values X, Z, A, C and words x, y, k.
func formulas(p *big.Int, double bool, v, w map[string]*big.Int) map[string]*big.Int {
	mod := func(x *big.Int) *big.Int { return x.Mod(x, p) }
	mul := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
	add := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Add(a, b)) }
	sub := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Sub(a, b)) }
	X, Z, A, C := v["X"], v["Z"], v["A"], v["C"]
	out := map[string]*big.Int{}
	if double {
		V := mul(A, A)
		S, M := mul(X, V), mul(w["k"], mul(add(X, Z), sub(X, Z)))
		out["X"] = sub(mul(M, M), add(S, S))
		out["Z"] = mul(V, Z)
		out["A"] = add(mul(M, sub(out["X"], S)), mul(V, V))
		out["C"] = mul(V, mul(A, C))
		return out
	}
	P, R := add(mul(w["x"], Z), X), add(mul(w["y"], C), A)
	PP := mul(P, P)
	PPP, Q := mul(P, PP), mul(X, PP)
	out["X"] = sub(add(mul(R, R), PPP), add(Q, Q))
	out["Z"] = mul(Z, PP)
	out["A"] = add(mul(R, sub(out["X"], Q)), mul(A, PPP))
	out["C"] = mul(C, PPP)
	return out
}

// each calls f for every committed schedule.
func (s *Schedules) each(f func(double bool, before, after Order, x *Schedule)) {
	for i, steps := range []*Steps{&s.Add, &s.Double} {
		for before := range steps {
			for after, x := range steps[before] {
				if x != nil {
					f(i == 1, Order(before), Order(after), x)
				}
			}
		}
	}
}

func TestEveryScheduleComputesItsFormula(t *testing.T) {
	p := P256().P
	rng := rand.New(rand.NewSource(1))
	number := func() *big.Int { return new(big.Int).Rand(rng, p) }
	count := 0
	LoadSchedules().each(func(double bool, before, after Order, x *Schedule) {
		count++
		for range 2 {
			v := map[string]*big.Int{"X": number(), "Z": number(), "A": number(), "C": number()}
			words := map[string]*big.Int{"p": p, "x": number(), "y": number(), "k": number()}
			want := formulas(p, double, v, words)
			var stack []*big.Int
			for _, name := range before.String() {
				stack = append(stack, v[string(name)])
			}
			stack, err := interpret(x.Code, stack, words)
			if err != nil || len(stack) != 4 {
				t.Fatalf("doubling %t, %s to %s: %d values, %v", double, before, after, len(stack), err)
			}
			for i, name := range after.String() {
				if stack[i].Cmp(want[string(name)]) != 0 {
					t.Fatalf("doubling %t, %s to %s: %c is wrong", double, before, after, name)
				}
			}
		}
	})
	if count < 400 {
		t.Errorf("%d schedules", count)
	}
}

// The formulas themselves, against points: the values of an accumulator before and after a step.
func TestTheFormulasAreThoseOfTheCurve(t *testing.T) {
	cv := P256()
	rng := rand.New(rand.NewSource(2))
	k := new(big.Int).Mul(cv.halfP(), big.NewInt(3))
	for range 20 {
		p, q := cv.Mul(random(rng, cv), cv.G()), cv.Mul(random(rng, cv), cv.G())
		for _, negative := range []bool{true, false} {
			z := random(rng, cv) // ZZ = z², ZZZ = z³
			zz, zzz := new(big.Int).Exp(z, big.NewInt(2), cv.P), new(big.Int).Exp(z, big.NewInt(3), cv.P)
			v := map[string]*big.Int{"X": new(big.Int).Mul(p.X, zz), "Z": new(big.Int).Neg(zz), "A": new(big.Int).Mul(p.Y, zzz), "C": zzz}
			w := map[string]*big.Int{"x": q.X, "y": q.Y, "k": k}
			if negative {
				v["A"].Neg(v["A"])
			} else {
				w["y"] = cv.Neg(q).Y
			}
			for _, double := range []bool{false, true} {
				got, want := formulas(cv.P, double, v, w), cv.Add(p, q)
				if double {
					want = cv.Add(p, p)
				}
				x := new(big.Int).ModInverse(got["Z"], cv.P)
				x.Mul(x, got["X"]).Neg(x).Mod(x, cv.P)
				y := new(big.Int).ModInverse(got["C"], cv.P)
				y.Mul(y, got["A"])
				if !negative { // the sign has turned
					y.Neg(y)
				}
				if y.Mod(y, cv.P); x.Cmp(want.X) != 0 || y.Cmp(want.Y) != 0 {
					t.Fatalf("double %t, negative %t: another point", double, negative)
				}
			}
		}
	}
}

func TestABadScheduleIsRefused(t *testing.T) {
	for _, file := range []string{`{`, `{"add":{"AXC":{"ACXZ":""}}}`, `{"add":{"ACXZ":{"A C X":"POP"}}}`} {
		if _, err := ParseSchedules([]byte(file)); err == nil {
			t.Errorf("%s is read", file)
		}
	}
}
