package search

import (
	"strings"
	"testing"
)

func TestASumOfProducts(t *testing.T) {
	p := Problem{In: []string{"a", "b"}, Out: []string{"c"}, Words: []string{"k"}, Height: 8, Ops: []Op{
		{"ab", "MULMOD", [2]string{"a", "b"}}, {"c", "ADDMOD", [2]string{"ab", "k"}},
	}}
	found := p.Solve(1000, 1, 4)
	// p below a and b: one push and two swaps; then p and k, and the modulus below: another push and a swap or two
	if len(found) != 1 || found[0].Gas > 34 || strings.Count(found[0].Code, "MOD") != 2 {
		t.Errorf("%+v", found)
	}
}

func TestTheFormulasAreSolved(t *testing.T) {
	for name, p := range map[string]Problem{"add": Add([]string{"X", "Z", "C", "A"}), "double": Double([]string{"X", "Z", "C", "A"})} {
		found := p.Solve(1000, 1, 7)
		best := 1 << 20
		for _, f := range found {
			best = min(best, f.Gas)
		}
		t.Logf("%s: %d orders, best %d gas", name, len(found), best)
		if len(found) == 0 || best > 330 {
			t.Errorf("%s: %d orders, best %d", name, len(found), best)
		}
	}
}
