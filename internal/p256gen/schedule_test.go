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

// apply is a formula of the package comment, on the values of its system and the words x, y and k.
func apply(p *big.Int, f Formula, v, w map[string]*big.Int) map[string]*big.Int {
	mod := func(x *big.Int) *big.Int { return x.Mod(x, p) }
	mul := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
	add := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Add(a, b)) }
	sub := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Sub(a, b)) }
	X, Z, A, C, T := v["X"], v["Z"], v["A"], v["C"], v["T"]
	out := map[string]*big.Int{}
	if f == Convert {
		ZZ := mul(Z, Z)
		return map[string]*big.Int{"X": X, "A": A, "Z": sub(new(big.Int), ZZ), "C": mul(Z, ZZ)}
	}
	if f == Double || f == DoubleJacobian {
		V := mul(A, A)
		S := mul(X, V)
		var M *big.Int
		if f == Double {
			M = mul(w["k"], mul(add(X, Z), sub(X, Z)))
			out["Z"], out["C"] = mul(V, Z), mul(V, mul(A, C))
		} else {
			M = add(mul(w["k"], mul(X, X)), T)
			out["Z"], out["T"] = mul(A, Z), mul(T, mul(V, V))
		}
		out["X"] = sub(mul(M, M), add(S, S))
		out["A"] = add(mul(M, sub(out["X"], S)), mul(V, V))
		return out
	}
	var P, R *big.Int
	if f == Add {
		P, R = add(mul(w["x"], Z), X), add(mul(w["y"], C), A)
	} else {
		ZZ := mul(Z, Z)
		P, R = sub(X, mul(w["x"], ZZ)), add(mul(w["y"], mul(Z, ZZ)), A)
	}
	PP := mul(P, P)
	PPP, Q := mul(P, PP), mul(X, PP)
	out["X"] = sub(add(mul(R, R), PPP), add(Q, Q))
	out["A"] = add(mul(R, sub(out["X"], Q)), mul(A, PPP))
	if f == Add {
		out["Z"], out["C"] = mul(Z, PP), mul(C, PPP)
	} else {
		out["Z"], out["T"] = mul(Z, P), mul(T, mul(PP, PP))
	}
	return out
}

func TestEveryScheduleComputesItsFormula(t *testing.T) {
	p := P256().P
	rng := rand.New(rand.NewSource(1))
	number := func() *big.Int { return new(big.Int).Rand(rng, p) }
	for f, table := range LoadSchedules() {
		count := 0
		from, to := Formula(f).systems()
		for before := range table {
			for after, x := range table[before] {
				if x == nil {
					continue
				}
				count++
				before, after := from.order(Order(before)), to.order(Order(after))
				for range 2 {
					v := map[string]*big.Int{}
					for _, name := range "XZACT" {
						v[string(name)] = number()
					}
					words := map[string]*big.Int{"p": p, "x": number(), "y": number(), "k": number()}
					want := apply(p, Formula(f), v, words)
					var stack []*big.Int
					for _, name := range before {
						stack = append(stack, v[string(name)])
					}
					stack, err := interpret(x.Code, stack, words)
					if err != nil || len(stack) != 4 {
						t.Fatalf("%s, %s to %s: %d values, %v", Formula(f), before, after, len(stack), err)
					}
					for i, name := range after {
						if stack[i].Cmp(want[string(name)]) != 0 {
							t.Fatalf("%s, %s to %s: %c is wrong", Formula(f), before, after, name)
						}
					}
				}
			}
		}
		t.Logf("%s: %d schedules", Formula(f), count)
		if count < 24 {
			t.Errorf("%s: %d schedules", Formula(f), count)
		}
	}
}

// The formulas themselves, against points: the values of an accumulator before and after a step.
func TestTheFormulasAreThoseOfTheCurve(t *testing.T) {
	cv := P256()
	rng := rand.New(rand.NewSource(2))
	k := new(big.Int).Mul(cv.halfP(), big.NewInt(3))
	power := func(z *big.Int, n int64) *big.Int { return new(big.Int).Exp(z, big.NewInt(n), cv.P) }
	// values of a point with a factor z, in a system
	values := func(s system, p Point, z *big.Int, negative bool) map[string]*big.Int {
		v := map[string]*big.Int{"X": new(big.Int).Mul(p.X, power(z, 2)), "A": new(big.Int).Mul(p.Y, power(z, 3))}
		if negative {
			v["A"].Neg(v["A"])
		}
		if s == xyzz {
			v["Z"], v["C"] = new(big.Int).Neg(power(z, 2)), power(z, 3)
		} else {
			v["Z"], v["T"] = z, new(big.Int).Neg(new(big.Int).Mul(k, power(z, 4)))
		}
		return v
	}
	// point takes values apart again
	point := func(s system, v map[string]*big.Int, negative bool) Point {
		zz, zzz := new(big.Int).Neg(v["Z"]), v["C"]
		if s == jacobian {
			zz, zzz = power(v["Z"], 2), power(v["Z"], 3)
			if want := new(big.Int).Mul(k, power(v["Z"], 4)); want.Neg(want).Mod(want, cv.P).Cmp(v["T"]) != 0 {
				t.Fatal("T is wrong")
			}
		} else if power(zz, 3).Cmp(power(zzz, 2)) != 0 {
			t.Fatal("ZZ and ZZZ do not agree")
		}
		x, y := new(big.Int).ModInverse(zz.Mod(zz, cv.P), cv.P), new(big.Int).ModInverse(zzz, cv.P)
		x.Mul(x, v["X"]).Mod(x, cv.P)
		if y.Mul(y, v["A"]); negative {
			y.Neg(y)
		}
		return Point{x, y.Mod(y, cv.P)}
	}
	for range 20 {
		p, q, z := cv.Mul(random(rng, cv), cv.G()), cv.Mul(random(rng, cv), cv.G()), random(rng, cv)
		for _, negative := range []bool{true, false} {
			w := map[string]*big.Int{"x": q.X, "y": q.Y, "k": k}
			if !negative {
				w["y"] = cv.Neg(q).Y
			}
			for f := range formulas {
				from, to := f.systems()
				want, turned := cv.Add(p, q), !negative
				switch f {
				case Double, DoubleJacobian:
					want = cv.Add(p, p)
				case Convert:
					want, turned = p, negative
				}
				got := point(to, apply(cv.P, f, values(from, p, z, negative), w), turned)
				if got.X.Cmp(want.X) != 0 || got.Y.Cmp(want.Y) != 0 {
					t.Fatalf("%s, negative %t: another point", f, negative)
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
