package relyingparty

import (
	"fmt"

	"github.com/postern-dev/postern/passkey/provider"
	"github.com/postern-dev/postern/recovery"
)

// Facts is what an audit is told of the passkey. The model (AAGUID) is the client's claim:
// no attestation is anchored here. record may be nil.
func (c *Credential) Facts(record *Record, names *provider.Table) recovery.Passkey {
	p := recovery.Passkey{Provider: c.Provider, Transports: c.Transports, Attachment: c.Attachment}
	if !c.AAGUID.IsZero() {
		p.AAGUID = recovery.Known(c.AAGUID, recovery.Claimed)
		if known, ok := names.Lookup(c.AAGUID); ok {
			p.Provider, p.Group = known.Name, known.Group
		}
	}
	if c.Discoverable != nil {
		p.Discoverable = recovery.Known(*c.Discoverable, recovery.Claimed)
	}
	if record != nil {
		for _, s := range record.History {
			p.Uses = append(p.Uses, recovery.Sighting{When: s.At, Flags: s.Flags, Count: s.SignCount})
		}
	}
	// The last use is not in the history if nothing changed.
	last := c.CreatedAt
	if !c.LastUsedAt.IsZero() {
		last = c.LastUsedAt
	}
	if n := len(p.Uses); n == 0 || p.Uses[n-1].When.Before(last) {
		p.Uses = append(p.Uses, recovery.Sighting{When: last, Flags: c.Flags, Count: c.SignCount})
	}
	return p
}

// Kept is what an audit, and its owner, are told of the passkey. record may be nil.
func (c *Credential) Kept(record *Record, names *provider.Table) recovery.Kept {
	k := recovery.Kept{
		RPID: c.RPID, ID: c.ID, Key: c.Key, Name: c.Name,
		Facts: c.Facts(record, names), Created: c.CreatedAt, LastUse: c.LastUsedAt,
	}
	if record != nil {
		for _, e := range record.Events {
			k.Events = append(k.Events, recovery.KeptEvent{When: e.At, Kind: string(e.Kind), What: e.Words()})
		}
	}
	return k
}

// Words say for a passkey's owner what happened.
func (e Event) Words() string {
	if e.Was == (Sighting{}) && e.Now == (Sighting{}) && e.Kind != EventRegistered {
		return string(e.Kind) + ": " + e.Detail // of a release that kept no more
	}
	switch e.Kind {
	case EventRegistered:
		return "it was registered"
	case EventCounterRegressed:
		return fmt.Sprintf("its counter went from %d to %d: two copies may be in use", e.Was.SignCount, e.Now.SignCount)
	case EventBackupEligible:
		return "it may be copied now, and could not before (BE 0→1)"
	case EventBackupDriftRefused:
		return fmt.Sprintf("a login was refused: whether it may be copied changed (BE %d→%d), which a passkey must not do", bit(e.Was.Flags.BE()), bit(e.Now.Flags.BE()))
	case EventBackupState:
		if e.Now.Flags.BS() {
			return "it is backed up now: a cloud account holds a copy (BS 0→1)"
		}
		return "it is no longer backed up: it is on one device only now (BS 1→0)"
	}
	return string(e.Kind) + ": " + e.Detail
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
