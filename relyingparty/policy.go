package relyingparty

import (
	"fmt"
	"time"

	"github.com/postern-dev/postern/passkey"
)

// assess compares a verified assertion with what is stored: what to write, what to
// put on the audit trail, and the refusal if policy has one.
func assess(c *Credential, flags passkey.Flags, count uint32, drift passkey.DriftPolicy, now time.Time) (Use, []Event, error) {
	use := Use{RPID: c.RPID, ID: c.ID, At: now, Flags: flags, SignCount: max(count, c.SignCount), Count: count}
	var events []Event
	note := func(kind EventKind, format string, args ...any) {
		events = append(events, Event{
			At: now, RPID: c.RPID, CredentialID: c.ID, Kind: kind, Detail: fmt.Sprintf(format, args...),
			Was: Sighting{Flags: c.Flags, SignCount: c.SignCount}, Now: Sighting{Flags: flags, SignCount: count},
		})
	}

	if was, is := c.Flags.BE(), flags.BE(); was != is {
		if was || drift != passkey.DriftAllowUpgrade {
			note(EventBackupDriftRefused, "flags %s after %s", flags, c.Flags)
			return Use{}, events, refuse(codeBackupDrift, nil)
		}
		note(EventBackupEligible, "flags %s after %s", flags, c.Flags)
	}
	if c.Flags.BS() != flags.BS() {
		note(EventBackupState, "flags %s after %s", flags, c.Flags)
	}
	// WebAuthn §7.2, signCount: zero on both sides means the authenticator keeps no counter.
	if (count != 0 || c.SignCount != 0) && count <= c.SignCount {
		note(EventCounterRegressed, "sign count %d after %d", count, c.SignCount)
	}
	use.Changed = len(events) > 0
	return use, events, nil
}
