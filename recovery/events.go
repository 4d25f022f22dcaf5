// What may happen to an account.

package recovery

import (
	"cmp"
	"fmt"
	"slices"
)

// EventKind is what an event is, for programs.
type EventKind string

// The kinds of events, in the order of the table.
const (
	DeviceLost        EventKind = "device-lost"
	DeviceStolen      EventKind = "device-stolen" // unlocked, or with its passcode
	DevicesLost       EventKind = "all-devices-lost"
	DevicesAndSecrets EventKind = "all-devices-lost-and-secrets-forgotten"
	SecretForgotten   EventKind = "secret-forgotten"
	SecretKnown       EventKind = "secret-known"
	CloudLost         EventKind = "cloud-lost"
	CloudTaken        EventKind = "cloud-taken"
	EcosystemLeft     EventKind = "ecosystem-left"
	EcosystemMoved    EventKind = "ecosystem-left-with-exchange"
	EcosystemTaken    EventKind = "ecosystem-taken"
	RPIDLost          EventKind = "rp-id-lost"
	RPIDTaken         EventKind = "rp-id-taken"
	VendorGone        EventKind = "vendor-gone"
	VendorTaken       EventKind = "vendor-taken"
	CustodyLost       EventKind = "custody-lost"
	CustodyTaken      EventKind = "custody-taken"
	BundlerGone       EventKind = "bundler-gone"
	ChainStopped      EventKind = "chain-stopped"
	KeysAreOne        EventKind = "key-lost"
	KeyTaken          EventKind = "key-taken"
	SignerLost        EventKind = "signer-lost"
	SignerTaken       EventKind = "signer-taken"
	GuardiansLost     EventKind = "guardians-lost"
	GuardiansCollude  EventKind = "guardians-collude"
)

// Event is something that may happen: losses, compromises, or both.
type Event struct {
	ID    string    `json:"id"` // unique in a report
	Kind  EventKind `json:"kind"`
	Words string    `json:"words"`
	// Assumed says that it happens to something that stands for what is not known.
	Assumed bool `json:"assumed,omitempty"`
	// Lost and Taken are IDs of signers and domains.
	Lost  []string `json:"lost,omitempty"`
	Taken []string `json:"taken,omitempty"`
}

// Inherent reports an event that no key of the account has a part in.
func (e Event) Inherent() bool { return e.Kind == ChainStopped || e.Kind == BundlerGone }

// happening is an event as sets of one model.
type happening struct{ lost, taken set }

var domainEvents = map[DomainKind][]struct {
	kind  EventKind
	words string
	lost  bool
	taken bool
}{
	DomainDevice: {{DeviceLost, "%s is lost or broken", true, false}, {DeviceStolen, "%s is stolen, unlocked or with its passcode", true, true}},
	// Who takes over an account locks its owner out of it.
	DomainCloud:     {{CloudLost, "%s is lost or locked", true, false}, {CloudTaken, "%s is taken over", true, true}},
	DomainSecret:    {{SecretForgotten, "%s is forgotten", true, false}, {SecretKnown, "%s is known to somebody else", false, true}},
	DomainEcosystem: {{EcosystemTaken, "%s turns against its users", true, true}},
	DomainRPID:      {{RPIDLost, "%s is gone", true, false}, {RPIDTaken, "%s is taken over, and a passkey is used there", true, true}},
	DomainVendor:    {{VendorGone, "%s is gone", true, false}, {VendorTaken, "%s turns against its users, and a passkey is used there", true, true}},
	DomainCustody:   {{CustodyLost, "%s is lost", true, false}, {CustodyTaken, "%s falls into other hands", true, true}},
	DomainBundler:   {{BundlerGone, "%s is gone", true, false}},
	DomainChain:     {{ChainStopped, "%s stops", true, false}},
	DomainKey:       {{KeysAreOne, "%s is lost", true, false}, {KeyTaken, "%s is stolen", false, true}},
}

// events lists what may happen to an account as a model has it.
func events(a *Account, m *model) []Event {
	var out []Event
	add := func(kind EventKind, id, words string, assumed bool, lost, taken []string) {
		if id != "" {
			id = ":" + id
		}
		out = append(out, Event{string(kind) + id, kind, words, assumed, lost, taken})
	}
	of := map[DomainKind][]string{}
	for _, d := range m.domains {
		of[d.Kind] = append(of[d.Kind], d.ID)
		for _, e := range domainEvents[d.Kind] {
			var lost, taken []string
			if e.lost {
				lost = []string{d.ID}
			}
			if e.taken {
				taken = []string{d.ID}
			}
			add(e.kind, d.ID, fmt.Sprintf(e.words, d.Label()), d.Assumed, lost, taken)
		}
		if d.Kind == DomainEcosystem {
			left, stuck := inEcosystem(a, m, d.ID)
			add(EcosystemLeft, d.ID, "you leave "+d.Label()+" and take nothing along", false, left, nil)
			add(EcosystemMoved, d.ID, "you leave "+d.Label()+" and move the passkeys that can be moved", false, stuck, nil)
		}
	}
	if devices := of[DomainDevice]; len(devices) > 1 || len(devices) == 1 && len(of[DomainSecret]) > 0 {
		if len(devices) > 1 {
			add(DevicesLost, "", "all devices are lost, recovery secrets are known", false, devices, nil)
		}
		if secrets := of[DomainSecret]; len(secrets) > 0 {
			add(DevicesAndSecrets, "", "all devices are lost, recovery secrets are forgotten", false, append(slices.Clone(devices), secrets...), nil)
		}
	}
	guards := guardians(a)
	for _, s := range a.Signers {
		lost, taken := "%s is lost", "%s is stolen"
		if s.somebody() {
			lost, taken = "%s cannot or will not sign", "%s turns against you"
		}
		add(SignerLost, s.ID, fmt.Sprintf(lost, s.Label()), false, []string{s.ID}, nil)
		add(SignerTaken, s.ID, fmt.Sprintf(taken, s.Label()), false, nil, []string{s.ID})
	}
	for k := 2; k <= len(guards); k++ {
		who := fmt.Sprintf("the worst %d of %d guardians", k, len(guards))
		if k == len(guards) {
			who = fmt.Sprintf("all %d guardians", k)
		}
		add(GuardiansLost, fmt.Sprint(k), who+" cannot or will not sign", false, worst(a, m, guards, k, true), nil)
		add(GuardiansCollude, fmt.Sprint(k), who+" turn against you", false, nil, worst(a, m, guards, k, false))
	}
	slices.SortStableFunc(out, func(x, y Event) int { return cmp.Compare(eventOrder[x.Kind], eventOrder[y.Kind]) })
	return out
}

var eventOrder = func() map[EventKind]int {
	order := map[EventKind]int{}
	for i, k := range []EventKind{DeviceLost, DeviceStolen, DevicesLost, DevicesAndSecrets, SecretForgotten, SecretKnown, CloudLost, CloudTaken,
		EcosystemLeft, EcosystemMoved, EcosystemTaken, VendorGone, VendorTaken, RPIDLost, RPIDTaken, CustodyLost, CustodyTaken,
		SignerLost, SignerTaken, GuardiansLost, GuardiansCollude, KeysAreOne, KeyTaken, BundlerGone, ChainStopped} {
		order[k] = i
	}
	return order
}()

// guardians are the signers that can only recover.
func guardians(a *Account) (out []string) {
	for _, s := range a.Signers {
		operates, recovers := false, false
		for _, r := range a.Routes {
			if slices.ContainsFunc(r.Members, func(m Member) bool { return m.Signer == s.ID }) {
				operates, recovers = operates || r.Use == Operate, recovers || r.Use == Recover
			}
		}
		if recovers && !operates {
			out = append(out, s.ID)
		}
	}
	return out
}

// inEcosystem are the passkeys that may live in an ecosystem: all, and those that cannot
// be moved to another. Who leaves it keeps the devices that are not in it.
func inEcosystem(a *Account, m *model, id string) (left, stuck []string) {
	j := slices.IndexFunc(m.domains, func(d Domain) bool { return d.ID == id })
	usable := m.usable(m.domain(j), true)
	all := m.usable(0, true)
	for i, s := range a.Signers {
		if s.Quorum != nil || !all.has(i) || usable.has(i) {
			continue
		}
		left = append(left, s.ID)
		if !m.parties[i].movable {
			stuck = append(stuck, s.ID)
		}
	}
	return left, stuck
}

// worst chooses the k guardians whose loss or collusion does most harm: of each quorum
// the heaviest; of those choices the one with the worst outcome.
func worst(a *Account, m *model, guards []string, k int, lost bool) []string {
	var found []string
	state, first := Works, true
	try := func(q *quorum) {
		chosen := slices.Clone(guards)
		weight := func(id string) (w uint64) {
			for i, at := range q.who {
				if a.Signers[at].ID == id {
					w += q.weight[i]
				}
			}
			return w
		}
		slices.SortStableFunc(chosen, func(x, y string) int { return cmp.Compare(weight(y), weight(x)) })
		chosen = chosen[:k]
		var s set
		for i, p := range a.Signers {
			if slices.Contains(chosen, p.ID) {
				s |= atom(i)
			}
		}
		now := m.state(s, 0)
		if !lost {
			now = m.state(0, s)
		}
		if first || now > state {
			found, state, first = chosen, now, false
		}
	}
	for i := range m.routes {
		try(&m.routes[i].quorum)
		for c := range m.routes[i].cancel {
			try(&m.routes[i].cancel[c])
		}
	}
	slices.Sort(found)
	return found
}

// happen makes sets of an event's names; names that a model does not have are left out.
func (m *model) happen(a *Account, e Event) happening {
	find := func(ids []string) (s set) {
		for _, id := range ids {
			for i := range a.Signers {
				if a.Signers[i].ID == id {
					s |= atom(i)
				}
			}
			for j := range m.domains {
				if m.domains[j].ID == id {
					s |= m.domain(j)
				}
			}
		}
		return s
	}
	return happening{find(e.Lost), find(e.Taken)}
}
