// What the chain remembers of a permission.

package grant

import (
	"math/big"
	"slices"
)

// State is what the policy contracts remember, and the chain's clock.
type State struct {
	Now      uint64 // Unix time of the block
	Policies []PolicyState
}

// PolicyState is what one policy remembers; which fields count depends on it.
type PolicyState struct {
	Allowed *big.Int // gas: wei that are left; nil is 0
	Count   uint64   // rate limit: operations that are left, with reset: until ResetAt
	StartAt uint64   // rate limit: no operation is valid before
	ResetAt uint64   // rate limit with reset: when Count fills up again
}

// NewState is the state right after the permission is installed.
func (g Grant) NewState(now uint64) State {
	s := State{Now: now, Policies: make([]PolicyState, len(g.Policies))}
	for i, p := range g.Policies {
		if isNil(p) {
			continue
		}
		switch p := p.(type) {
		case *Gas:
			s.Policies[i].Allowed = p.allowed()
		case *RateLimit:
			s.Policies[i].Count, s.Policies[i].StartAt = p.Count, p.StartAt
			if p.Reset {
				s.Policies[i].ResetAt = (now + p.Interval) & maxUint48
			}
		}
	}
	return s
}

func (s State) clone() State {
	s.Policies = slices.Clone(s.Policies)
	return s
}
