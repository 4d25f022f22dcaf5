package guardian_test

import (
	"slices"
	"testing"

	"github.com/postern-dev/postern/account/guardian"
)

// Of several guardians one may reach the threshold alone; the only one of a tier is meant to.
func TestWhoNeedsNoOther(t *testing.T) {
	tier := func(threshold uint64, weights ...uint64) (out guardian.Tier) {
		out.Threshold = threshold
		for _, w := range weights {
			out.Guardians = append(out.Guardians, guardian.Guardian{Weight: w})
		}
		return out
	}
	for name, test := range map[string]struct {
		tiers []guardian.Tier
		alone []guardian.Place
	}{
		"two of three":        {[]guardian.Tier{tier(2, 1, 1, 1)}, nil},
		"the only one":        {[]guardian.Tier{tier(1, 1)}, nil},
		"one of two":          {[]guardian.Tier{tier(1, 1, 1)}, []guardian.Place{{Tier: 0, Guardian: 0}, {Tier: 0, Guardian: 1}}},
		"a heavy one, behind": {[]guardian.Tier{tier(2, 1, 1), tier(3, 1, 3, 2)}, []guardian.Place{{Tier: 1, Guardian: 1}}},
		"nobody":              {nil, nil},
	} {
		if got := (guardian.Setup{Tiers: test.tiers}).Alone(); !slices.Equal(got, test.alone) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
