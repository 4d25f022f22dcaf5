// What a passkey server keeps of passkeys, and whose signers they are.

package recovery

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/postern-dev/postern/passkey"
)

// Kept is what a passkey server keeps of one passkey.
type Kept struct {
	RPID string // that its signatures are bound to
	ID   []byte // credential ID
	Key  passkey.PublicKey
	Name string // what its owner called it; for people
	// Facts are what ceremonies have shown. Of its uses the server keeps the registration,
	// those at which something changed, and the last one.
	Facts   Passkey
	Created time.Time
	LastUse time.Time // zero: not since it was made
	Events  []KeptEvent
}

// EventRefused is the kind of event at which a server refused a use: the passkey's BE had changed.
const EventRefused = "backup_drift_refused"

// KeptEvent is something that happened to a passkey, for its owner to see.
type KeptEvent struct {
	When time.Time
	Kind string // for programs, as the server names it
	What string // for people
}

// key is how descriptions name a P-256 key.
func (k Kept) key() string { return keyText(k.Key) }

// keyText is x alone: the two keys that share one share their secret.
func keyText(k passkey.PublicKey) string {
	const digits = "0123456789abcdef"
	x := k.X()
	out := []byte("0x")
	for _, b := range x {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}

// WithPasskeys adds what passkey servers keep to the signers whose public keys they know.
// The signature of every use covers the RP ID, which becomes a domain of the description.
// Passkeys of other accounts are left out; of two words about one key, neither is taken.
func WithPasskeys(to *Account, kept ...Kept) *Account {
	a := *to
	a.Signers, a.Domains = slices.Clone(to.Signers), slices.Clone(to.Domains)
	for i := range a.Signers {
		s := &a.Signers[i]
		if s.Key == "" || s.Kind != KindPasskey {
			continue
		}
		var of []Kept
		for _, k := range kept {
			if !k.Key.IsZero() && strings.EqualFold(k.key(), s.Key) {
				of = append(of, k)
			}
		}
		if len(of) == 0 {
			continue
		}
		// Of one passkey, told of twice, what was told later.
		k := slices.MaxFunc(of, func(x, y Kept) int { return x.lastUse().Compare(y.lastUse()) })
		if slices.ContainsFunc(of, func(o Kept) bool { return o.RPID != k.RPID || string(o.ID) != string(k.ID) }) {
			continue
		}
		s.LastUse, s.Refused = k.lastUse(), nil
		for _, e := range k.Events {
			if e.Kind == EventRefused {
				s.Refused = append(s.Refused, Change{e.When, e.What})
			}
		}
		facts := k.Facts
		facts.Uses = slices.Clone(k.Facts.Uses)
		s.Passkey = &facts
		if !s.RPID.Relied() && a.rpID(k.RPID) {
			s.RPID = Known(k.RPID, Signed)
		}
	}
	return &a
}

func (k Kept) lastUse() time.Time {
	if k.LastUse.IsZero() {
		return k.Created
	}
	return k.LastUse
}

// rpID makes sure that there is a domain of this RP ID, and reports whether there can be one.
func (a *Account) rpID(id string) bool {
	if i := slices.IndexFunc(a.Domains, func(d Domain) bool { return d.ID == id }); i >= 0 {
		return a.Domains[i].Kind == DomainRPID
	}
	if id == "" || !plain(id) || strings.ContainsAny(id[:1], "?=") || len(a.Domains) == MaxDomains {
		return false
	}
	if slices.ContainsFunc(a.Signers, func(s Signer) bool { return s.ID == id }) || slices.ContainsFunc(a.Routes, func(r Route) bool { return r.ID == id }) {
		return false
	}
	a.Domains = append(a.Domains, Domain{ID: id, Kind: DomainRPID})
	return true
}

// renameRPID gives a domain that [WithPasskeys] made the ID that a file has for it.
func (a *Account) renameRPID(from, to string) {
	i := slices.IndexFunc(a.Domains, func(d Domain) bool { return d.ID == from && d.Kind == DomainRPID })
	if i < 0 || from == to || slices.ContainsFunc(a.Domains, func(d Domain) bool { return d.ID == to }) {
		return
	}
	a.Domains[i].ID, a.Domains[i].Name = to, from
	for k, s := range a.Signers {
		if s.RPID.Value == from {
			a.Signers[k].RPID.Value = to
		}
	}
}

// sortKept brings passkeys into an order that does not depend on who lists them.
func sortKept(kept []Kept) {
	slices.SortStableFunc(kept, func(x, y Kept) int {
		return cmp.Or(x.Created.Compare(y.Created), strings.Compare(x.RPID, y.RPID), strings.Compare(string(x.ID), string(y.ID)))
	})
}
