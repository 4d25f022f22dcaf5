// What is doubtful about a message before anybody signs it.

package guardian

import (
	"fmt"
	"slices"
	"time"
)

// Warnings are what the guardians of a setup should know of a message beside its words: it can
// be signed all the same. now is the chain's time, or this machine's, which may be another.
func Warnings(m Message, s Setup, now time.Time) (out []string) {
	if deadline := deadlineOf(m); !deadline.IsZero() && now.After(deadline) {
		out = append(out, fmt.Sprintf("It is too late: this could be sent until %s, and now it is %s. The contract would refuse it; have a new one made.", when(deadline), when(now)))
	}
	r, ok := m.(Recovery)
	if !ok {
		return out
	}
	for i, t := range s.Tiers {
		if slices.ContainsFunc(t.Guardians, func(g Guardian) bool { return ID(g.Signer) == ID(r.NewSigner) }) {
			out = append(out, fmt.Sprintf("The new signer is a guardian of the account, of %s: who has that key would have both the account and a voice in who gets it next. Bring in a key of the owner's, or choose another guardian afterwards.", tier(uint8(i))))
		}
	}
	return out
}

// Place is where a guardian stands in a setup.
type Place struct{ Tier, Guardian int }

// Alone are the guardians who reach their tier's threshold by themselves, although the tier has others:
// of several each is meant to be nothing alone. The only guardian of a tier is not among them.
func (s Setup) Alone() (out []Place) {
	for i, t := range s.Tiers {
		for j, g := range t.Guardians {
			if len(t.Guardians) > 1 && g.Weight >= t.Threshold {
				out = append(out, Place{i, j})
			}
		}
	}
	return out
}

// deadlineOf is by when a message must be sent; zero if it never is, or at any time.
func deadlineOf(m Message) time.Time {
	switch m := m.(type) {
	case Recovery:
		return m.Deadline
	case Freeze:
		return m.Deadline
	case Unfreeze:
		return m.Deadline
	}
	return time.Time{}
}
