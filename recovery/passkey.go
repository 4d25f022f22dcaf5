// What ceremonies have shown of a passkey.

package recovery

import (
	"fmt"
	"time"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/provider"
)

// Passkey is what registration and later uses have shown. Its flags are signed by the
// passkey; everything else is somebody's claim unless a source says more.
type Passkey struct {
	AAGUID     Fact[passkey.AAGUID] `json:"aaguid"`
	Provider   string               `json:"provider,omitempty"` // that the AAGUID names
	Group      string               `json:"group,omitempty"`
	Transports []string             `json:"transports,omitempty"`
	Attachment string               `json:"attachment,omitempty"`
	// Discoverable is credProps.rk, or that it was found without its credential ID.
	Discoverable Fact[bool] `json:"discoverable"`
	// Uses are the registration and what was seen since, oldest first.
	Uses []Sighting `json:"uses,omitempty"`
}

// Sighting is one ceremony as its authenticator data describe it.
type Sighting struct {
	When  time.Time     `json:"when"`
	Flags passkey.Flags `json:"flags"`
	Count uint32        `json:"count"` // signature counter; 0 where there is none
}

// Registered takes what a registration shows. The AAGUID is a claim: no attestation is
// anchored in a maker's root here.
func Registered(r *passkey.Registration, when time.Time, table *provider.Table) *Passkey {
	p := &Passkey{Transports: r.Transports, Attachment: r.Attachment}
	if c := r.AuthData.Credential; c != nil {
		p.AAGUID = Known(c.AAGUID, Claimed)
		if known, ok := table.Lookup(c.AAGUID); ok {
			p.Provider, p.Group = known.Name, known.Group
		}
	}
	if r.Discoverable != nil {
		p.Discoverable = Known(*r.Discoverable, Claimed)
	}
	p.Uses = []Sighting{{when, r.AuthData.Flags, r.AuthData.SignCount}}
	return p
}

// Used adds what an assertion shows.
func (p *Passkey) Used(a *passkey.Assertion, when time.Time) {
	p.Uses = append(p.Uses, Sighting{when, a.AuthData.Flags, a.AuthData.SignCount})
	if len(a.UserHandle) > 0 && !p.Discoverable.Relied() {
		// A user handle is stored with discoverable credentials; others may return it too.
		p.Discoverable = Known(true, Claimed)
	}
}

// last is the latest sighting.
func (p *Passkey) last() (Sighting, bool) {
	if p == nil || len(p.Uses) == 0 {
		return Sighting{}, false
	}
	return p.Uses[len(p.Uses)-1], true
}

// Eligible reports whether the passkey may leave its device (BE). The flag is signed,
// but software may sign what it likes: a no is a fact only under an attestation.
func (p *Passkey) Eligible() Fact[bool] {
	s, ok := p.last()
	switch {
	case !ok:
		return Fact[bool]{}
	case s.Flags.BE():
		return Known(true, Signed)
	case p.AAGUID.Source >= Attested:
		return Known(false, Attested)
	}
	return Known(false, Claimed)
}

// BackedUp reports whether a copy exists outside the device (BS), as of the last use.
func (p *Passkey) BackedUp() Fact[bool] {
	s, ok := p.last()
	if !ok {
		return Fact[bool]{}
	}
	return Known(s.Flags.BS(), Signed)
}

// Change is something that a passkey's owner should hear of.
type Change struct {
	When time.Time `json:"when"`
	What string    `json:"what"`
}

// Changes lists what changed from use to use: copies that came or went, and a counter
// that went back, which a cloned key would cause.
func (p *Passkey) Changes() []Change {
	if p == nil {
		return nil
	}
	var out []Change
	var top uint32
	for i, now := range p.Uses {
		if i > 0 {
			before := p.Uses[i-1].Flags
			for _, c := range []struct {
				changed bool
				what    string
			}{
				{before.BS() && !now.Flags.BS(), "it is no longer backed up: it is on one device only now (BS 1→0)"},
				{!before.BS() && now.Flags.BS(), "it is backed up now: a cloud account holds a copy (BS 0→1)"},
				{!before.BE() && now.Flags.BE(), "it may be copied now, and could not before (BE 0→1)"},
				{before.BE() && !now.Flags.BE(), "it says that it can no longer be copied, which passkeys cannot become (BE 1→0)"},
				{now.Count <= top && top > 0, fmt.Sprintf("its counter went from %d to %d: two copies may be in use", top, now.Count)},
			} {
				if c.changed {
					out = append(out, Change{now.When, c.what})
				}
			}
		}
		top = max(top, now.Count)
	}
	return out
}

// Class is a field of the table of sync-ability and discoverability.
type Class struct {
	Synced       Fact[bool] `json:"synced"`
	Discoverable Fact[bool] `json:"discoverable"`
}

// Class says where a passkey stands in the table: by its flags, or else by what its owner
// states of the cloud account or the security key that holds it.
func (s Signer) Class() Class {
	c := Class{Synced: s.Passkey.Eligible()}
	if s.Passkey != nil {
		c.Discoverable = s.Passkey.Discoverable
	}
	switch {
	case c.Synced.Relied():
	case s.Cloud.Relied():
		c.Synced = Known(s.Cloud.Value != "", s.Cloud.Source)
	case is(s.Roaming):
		c.Synced = Known(false, s.Roaming.Source)
	}
	return c
}

// Words name the field; what is only claimed is marked.
func (c Class) Words() string {
	word := func(f Fact[bool], yes, no, unknown string) string {
		switch {
		case f.Source == Unknown:
			return unknown
		case !f.Relied():
			return map[bool]string{true: yes, false: no}[f.Value] + " (claimed)"
		}
		return map[bool]string{true: yes, false: no}[f.Value]
	}
	return word(c.Synced, "syncable", "bound to a device", "syncable or not: unknown") + ", " +
		word(c.Discoverable, "discoverable", "not discoverable", "discoverable or not: unknown")
}

// Examples are what the field usually holds; "" if the field is not known.
func (c Class) Examples() string {
	if c.Synced.Source == Unknown || c.Discoverable.Source == Unknown {
		return ""
	}
	switch {
	case c.Synced.Value && c.Discoverable.Value:
		return "Apple Passwords, Google Password Manager, 1Password, Bitwarden: survives a device, falls with the cloud account"
	case c.Synced.Value:
		return "a password manager asked for a second factor: survives a device, but needs its credential ID to be known"
	case c.Discoverable.Value:
		return "Windows Hello, a passkey on a security key: falls with the device"
	}
	return "a security key as second factor (U2F): falls with the device, and needs its credential ID to be known"
}
