package recovery

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// bruteForce tries every set of atoms and keeps the minimal ones, in order of size.
func bruteForce(n int, bad func(set) bool) []set {
	all := make([]set, 1<<n)
	for i := range all {
		all[i] = set(i)
	}
	slices.SortStableFunc(all, func(a, b set) int { return a.size() - b.size() })
	var out []set
	for _, s := range all {
		if !slices.ContainsFunc(out, func(m set) bool { return m.within(s) }) && bad(s) {
			out = append(out, s)
		}
	}
	return out
}

func TestCutSetsAreThoseOfBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := [4]int{} // by the size of the smallest
	for i := range 300 {
		a := sound(r, size{6, 4, 3})
		for name, read := range map[string]reading{"worst": nil, "best": best} {
			m, _, err := derive(a, read)
			if err != nil {
				t.Fatal(err)
			}
			if m.atoms() > 11 {
				continue
			}
			k := m.analyse()
			contested, gone := k.taken()
			for _, q := range []struct {
				name string
				f    ref
				bad  func(set) bool
			}{
				{"lock", k.locked(), func(s set) bool { return m.state(s, 0) >= Locked }},
				{"gone", gone, func(s set) bool { return m.state(0, s) >= Locked }},
				{"contested", contested, func(s set) bool { return m.state(0, s) >= Contested }},
			} {
				got, sizes, err := k.minimalSets(q.f, 1<<m.atoms())
				if err != nil {
					t.Fatal(err)
				}
				want := bruteForce(m.atoms(), q.bad)
				total := uint64(0)
				for _, n := range sizes {
					total += n
				}
				if total != uint64(len(want)) || !slices.IsSortedFunc(got, func(a, b set) int { return a.size() - b.size() }) {
					t.Fatalf("account %d, %s, %s: %d sets counted, brute force has %d", i, name, q.name, total, len(want))
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("account %d, %s, %s: %b, brute force has %b", i, name, q.name, got, want)
				}
				if len(want) > 0 {
					seen[min(3, want[0].size())]++
				}
			}
		}
	}
	for size, n := range seen {
		if n < 12 {
			t.Errorf("smallest cut sets of %d members: only %d seen", size, n)
		}
	}
}
