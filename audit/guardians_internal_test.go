package audit

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/recovery"
)

// The quorum is met by exactly those sets of guardians that the contract hears: of two at
// least, with the threshold and more than half of the weight.
func TestMajoritiesAreTheContracts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + rng.IntN(6)
		tier := guardian.Tier{Guardians: make([]guardian.Guardian, n)}
		members := make([]recovery.Member, n)
		for i := range members {
			w := 1 + rng.Uint64N(1+rng.Uint64N(9))
			tier.Guardians[i].Weight, members[i].Weight = w, w
			members[i].Signer = string(rune('a' + i))
		}
		tier.Threshold = 1 + rng.Uint64N(tier.Weight())
		q, ok := majority(tier, members)
		for set := range uint(1) << n {
			weight, counted := uint64(0), uint64(0)
			for i := range n {
				if set>>i&1 == 1 {
					weight += tier.Guardians[i].Weight
					if ok {
						counted += q.Members[i].Weight
					}
				}
			}
			want := bits.OnesCount(set) >= 2 && weight >= tier.Threshold && 2*weight > tier.Weight()
			if got := ok && counted >= q.Threshold; got != want {
				t.Fatalf("%+v: the set %b is heard %v, want %v: %+v", tier, set, got, want, q)
			}
		}
	}
}
