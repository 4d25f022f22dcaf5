package gasreport

import (
	"math/rand/v2"
	"testing"
)

func TestTheCheapestChoiceIsTheOneWithTheSmallestSum(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		var all []choice
		for i := range 5 {
			c := choice{name: string(rune('a' + i)), build: random.Uint64N(400) * uint64(i), each: 1 + random.Uint64N(30)}
			all = append(all, c)
		}
		stretches := cheapestBy(all)
		if stretches[0].from != 1 || stretches[len(stretches)-1].to != 0 {
			t.Fatalf("%v does not begin with 1 or ends", stretches)
		}
		for n := uint64(1); n < 2000; n++ {
			least := ^uint64(0)
			for _, c := range all {
				least = min(least, c.build+n*c.each)
			}
			covered := 0
			for _, s := range stretches {
				if n >= s.from && (s.to == 0 || n <= s.to) {
					covered++
					if got := s.build + n*s.each; got != least {
						t.Fatalf("%v: for %d signatures %s costs %d, least is %d", all, n, s.name, got, least)
					}
				}
			}
			if covered != 1 {
				t.Fatalf("%v: %d signatures are in %d stretches", stretches, n, covered)
			}
		}
	}
}

func TestATablePaysAfterTheFirstSignatureThatMakesItCheaper(t *testing.T) {
	for _, c := range []struct {
		a, b choice
		want uint64
	}{
		{choice{each: 10}, choice{build: 100, each: 5}, 21}, // after 20 they are equal
		{choice{each: 10}, choice{build: 99, each: 5}, 20},
		{choice{each: 10}, choice{build: 1, each: 10}, 0},
		{choice{build: 5, each: 10}, choice{build: 5, each: 9}, 1},
	} {
		if got := after(c.a, c.b); got != c.want {
			t.Errorf("%v, %v: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
