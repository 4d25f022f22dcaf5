package p256gen

import (
	"math/rand"
	"testing"
)

func TestThePlainEngine(t *testing.T) {
	cv := P256()
	code := PlainEngine(cv, LoadSchedules(), slowAt)
	t.Logf("%d bytes", len(code))
	for _, osaka := range []bool{false, true} {
		m := newMachine(t, osaka, code, verifyGo)
		rng := rand.New(rand.NewSource(1))
		var first uint64
		for i := range 10 {
			sig := sign(cv, random(rng, cv), random(rng, cv), random(rng, cv))
			valid, gas, slow := m.call(wordsOf(sig.h, sig.r, sig.s, sig.x, sig.y))
			if !valid || slow {
				t.Fatalf("valid %t, slow %t", valid, slow)
			}
			if i == 0 {
				first = gas
				t.Logf("osaka %t: %d gas", osaka, gas)
			}
			if gas != first {
				t.Errorf("%d gas, then %d", first, gas)
			}
		}
	}
}
