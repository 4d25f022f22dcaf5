package p256gen

import (
	"math/big"
	"math/rand"
	"testing"

	"github.com/postern-dev/postern/p256hint"
)

func w32(v *big.Int) (out [32]byte) {
	v.FillBytes(out[:])
	return out
}

// hinted is calldata for the engine without a table.
func (s signature) hinted(t testing.TB) []byte {
	t.Helper()
	hints, err := p256hint.For(w32(s.h), w32(s.r), w32(s.s), w32(s.x), w32(s.y))
	if err != nil {
		t.Fatal(err)
	}
	return append(wordsOf(s.h, s.r, s.s, s.x, s.y), hints.Bytes()...)
}

func TestTheEngineWithoutATableTakesItsHints(t *testing.T) {
	cv := P256()
	code := NoTableEngine(cv, LoadSchedules(), slowAt)
	t.Logf("%d bytes", len(code))
	m := newMachine(t, true, code, verifyGo)
	rng := rand.New(rand.NewSource(1))
	var sum, most uint64
	branches := map[string]int{}
	const runs = 60
	for range runs {
		sig := sign(cv, random(rng, cv), random(rng, cv), random(rng, cv))
		data := sig.hinted(t)
		w := wordAt(data, 5)
		a, b := w.Mul(w, sig.s).Mod(w, cv.N), new(big.Int).Mul(wordAt(data, 5), sig.r)
		b.Mod(b, cv.N)
		branch := "b positive"
		if b.Cmp(cv.halfN()) >= 0 {
			branch = "b negative"
			b.Sub(cv.N, b)
		}
		switch {
		case a.Bit(0) == 0:
			branch += ", a even"
		case b.Bit(0) == 0:
			branch += ", b even"
		}
		branches[branch]++
		valid, gas, slow := m.call(data)
		if !valid || slow {
			t.Fatalf("%s: valid %t, slow %t", branch, valid, slow)
		}
		sum, most = sum+gas, max(most, gas)
	}
	t.Logf("mean %d gas, at most %d; %v", sum/runs, most, branches)
	if len(branches) != 6 {
		t.Errorf("branches taken: %v", branches)
	}
}

// thinned is the schedules without some of them, chosen by chance: other orders, other ties, other programs.
func thinned(seed int64) *Schedules {
	rng := rand.New(rand.NewSource(seed))
	s := LoadSchedules()
	for f := range s {
		for before := range s[f] {
			for after := range s[f][before] {
				if rng.Intn(2) == 0 {
					s[f][before][after] = nil
				}
			}
		}
	}
	return s
}

// The values change places with every schedule, and their names have to follow, in every branch: a draft that forgot it
// after the correction refused all signatures that needed one, unless chance had chosen a schedule that moves nothing.
func TestWhicheverSchedulesAreChosenTheAnswersAreTheSame(t *testing.T) {
	cv := P256()
	rng := rand.New(rand.NewSource(6))
	var signatures []signature
	for range 24 {
		signatures = append(signatures, signFast(random(rng, cv), random(rng, cv), random(rng, cv)))
	}
	no := func(_, _, _, _, _ *big.Int) bool { return false }
	for seed := range int64(6) {
		m := newMachine(t, true, NoTableEngine(cv, thinned(seed), slowAt), no)
		for _, s := range signatures {
			if valid, _, slow := m.call(s.hinted(t)); !valid || slow {
				t.Errorf("seed %d: valid %t, slow %t", seed, valid, slow)
			}
		}
		m = newMachine(t, true, TableEngine(cv, Table1k, thinned(seed), slowAt), no)
		for _, s := range signatures[:4] {
			m.put(tableAt, tableOf(t, Table1k, s))
			if valid, _, slow := m.call(wordsOf(s.h, s.r, s.s, tableAt.Big())); !valid || slow {
				t.Errorf("seed %d, table: valid %t, slow %t", seed, valid, slow)
			}
		}
	}
}
