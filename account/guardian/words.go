// The words that a person reads before signing.

package guardian

import (
	"fmt"
	"strings"
	"time"

	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

// Name names a signer in short; of a passkey by so much of its key that nobody makes
// another one that is called the same.
func Name(s seal.Signer) string { return webauthn.Name(s) }

func names(list []seal.Signer) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = Name(s)
	}
	return strings.Join(out, ", ")
}

func when(t time.Time) string { return t.UTC().Format("2 January 2006 15:04:05 UTC") }

// tier counts for people: from 1.
func tier(n uint8) string { return fmt.Sprintf("tier %d", int(n)+1) }

// Words implements [Message].
func (r Recovery) Words() []string {
	w := []string{
		fmt.Sprintf("Recover the account %s: give it the new signer %s.", r.Account, Name(r.NewSigner)),
		fmt.Sprintf("These signers lose their access: %s.", names(r.Replaces)),
		fmt.Sprintf("It is proposed by the guardians of %s and begins to wait when it is sent; the account's owner can object all that time.", tier(r.Tier)),
		fmt.Sprintf("It can be sent until %s.", when(r.Deadline)),
	}
	if r.Table != 0 {
		w = append(w, fmt.Sprintf("The new signer's table of %s is built and used.", r.Table))
	}
	return append(w, "Sign only if the owner has asked you, in person or by voice, and has read the new signer's name to you.")
}

// Words implements [Message].
func (c CancelRecovery) Words() []string {
	return []string{fmt.Sprintf("Stop the recovery of %s that the guardians of %s have proposed, by the word of the guardians of %s.", c.Account, tier(c.Tier), tier(c.By))}
}

// Words implements [Message].
func (c CancelAll) Words() []string {
	return []string{fmt.Sprintf("Stop every recovery of the account %s that has been proposed. All approvals of guardians that were given before are void.", c.Account)}
}

// Words implements [Message].
func (f Freeze) Words() []string {
	return []string{
		fmt.Sprintf("Freeze the account %s: it can do nothing for the time that its owner has set up. Recovery goes on.", f.Account),
		fmt.Sprintf("By the word of the guardians of %s, until %s at the latest.", tier(f.Tier), when(f.Deadline)),
	}
}

// Words implements [Message].
func (f Unfreeze) Words() []string {
	return []string{
		fmt.Sprintf("End the freeze of the account %s.", f.Account),
		fmt.Sprintf("By the word of the guardians of %s, until %s at the latest.", tier(f.Tier), when(f.Deadline)),
	}
}

// Words implements [Message].
func (d Drill) Words() []string {
	return []string{
		fmt.Sprintf("A drill of %s: show that you could help to recover the account %s.", when(d.Date), d.Account),
		"No contract accepts this signature; nothing happens to the account.",
	}
}

// Words are the setup for its owner, a sentence each.
func (s Setup) Words() []string {
	var w []string
	for i, t := range s.Tiers {
		list := make([]string, len(t.Guardians))
		plain := true
		for j, g := range t.Guardians {
			list[j] = Name(g.Signer)
			plain = plain && g.Weight == 1
		}
		if !plain {
			for j, g := range t.Guardians {
				list[j] += fmt.Sprintf(" (weighs %d)", g.Weight)
			}
		}
		who := fmt.Sprintf("%d of %d guardians", t.Threshold, t.Weight())
		switch {
		case !plain:
			who = fmt.Sprintf("guardians who weigh %d of %d together", t.Threshold, t.Weight())
		case len(list) == 1 && t.Threshold == 1:
			who = "one guardian"
		}
		w = append(w, fmt.Sprintf("%s: %s can bring in a new signer after %s: %s.", upper(tier(uint8(i))), who, duration(t.Delay), strings.Join(list, ", ")))
	}
	w = append(w,
		"The account's owner can stop it all that time with any quorum of its own signers.",
		fmt.Sprintf("A proposal that nobody executes dies %s after its delay.", duration(s.Expiry)),
		fmt.Sprintf("A change of guardians, or leaving, takes %s.", duration(s.ChangeDelay)))
	if s.Freeze == 0 {
		return append(w, "Guardians cannot freeze the account.")
	}
	return append(w, fmt.Sprintf("A majority of a tier, of two guardians at least, can freeze the account for %s.", duration(s.Freeze)))
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// duration says whole days as days.
func duration(d time.Duration) string {
	days, hours := counted(d/day, "day"), counted(d%day/time.Hour, "hour")
	switch {
	case d%day == 0:
		return days
	case d%time.Hour != 0:
		return d.String()
	case d < day:
		return hours
	}
	return days + " and " + hours
}

func counted(n time.Duration, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
