// Signers and domains, each by each.

package recovery

import "slices"

// SignerReport is a signer and where it stands.
type SignerReport struct {
	Signer
	// Unable says why it cannot sign as it is now, and who vouches for that.
	Unable   Fact[string] `json:"unable,omitzero"`
	Label    string       `json:"label"`
	Routes   []string     `json:"routes"` // that it is a member of, or is behind
	Class    string       `json:"class,omitempty"`
	Examples string       `json:"examples,omitempty"`
	Provider string       `json:"provider,omitempty"`
	// ProviderSource says what the name of the provider is worth.
	ProviderSource Source   `json:"providerSource"`
	Changes        []Change `json:"changes,omitempty"`
	IfLost         State    `json:"ifLost"`
	IfStolen       State    `json:"ifStolen"`
}

// DomainReport is a domain and what its loss and its compromise lead to.
type DomainReport struct {
	Domain
	Label  string `json:"label"`
	IfLost State  `json:"ifLost"`
	// IfTaken is nil where taking it over gives nothing.
	IfTaken *State `json:"ifTaken,omitempty"`
	// Best are the states if every unknown turns out well, where they differ.
	BestLost  *State `json:"bestLost,omitempty"`
	BestTaken *State `json:"bestTaken,omitempty"`
}

// Link says that a signer is lost or stolen with a domain.
type Link struct {
	Signer string `json:"signer"`
	Domain string `json:"domain"`
	Lost   Tie    `json:"lost,omitempty"`
	Stolen Tie    `json:"stolen,omitempty"`
}

// Tie is how a signer hangs on a domain.
type Tie string

// The ties.
const (
	TieRescue  Tie = "rescue"  // it can be used in another way than every day
	TieSure    Tie = "sure"    // it goes with the domain
	TieAssumed Tie = "assumed" // nobody knows that it does not
)

// domains fills in the picture: signers by domains.
func (r *Report) domains() {
	r.Links = []Link{}
	before, none := r.worst.after(0, 0), r.best.after(0, 0)
	for j, d := range r.worst.domains {
		one := r.worst.domain(j)
		best := r.best.happen(r.account, Event{Lost: []string{d.ID}}).lost
		taken := d.Kind != DomainBundler && d.Kind != DomainChain
		lost := one
		if d.Kind == DomainSecret || d.Kind == DomainKey {
			lost = 0 // its owner still has it
		}
		out := DomainReport{Domain: d, Label: d.Label(), IfLost: r.worst.state(one, 0)}
		out.BestLost = differs(out.IfLost, r.best.state(best, 0))
		if taken {
			s := r.worst.state(lost, one)
			bestLost := best
			if lost == 0 {
				bestLost = 0
			}
			out.IfTaken, out.BestTaken = &s, differs(s, r.best.state(bestLost, best))
		}
		r.Domains = append(r.Domains, out)

		worst, top := r.worst.after(one, one), r.best.after(best, best)
		for i, s := range r.account.Signers {
			l := Link{Signer: s.ID, Domain: d.ID}
			switch {
			case before.rescued.has(i) && !worst.rescued.has(i) && none.rescued.has(i) && !top.rescued.has(i):
				l.Lost = TieSure
			case before.rescued.has(i) && !worst.rescued.has(i):
				l.Lost = TieAssumed
			case before.daily.has(i) && !worst.daily.has(i):
				l.Lost = TieRescue
			}
			switch {
			case taken && !before.hostile.has(i) && worst.hostile.has(i) && top.hostile.has(i):
				l.Stolen = TieSure
			case taken && !before.hostile.has(i) && worst.hostile.has(i):
				l.Stolen = TieAssumed
			}
			if l.Lost != "" || l.Stolen != "" {
				r.Links = append(r.Links, l)
			}
		}
	}
}

func (r *Report) signers() {
	for i, s := range r.account.Signers {
		out := SignerReport{Signer: s, Unable: s.Unable(), Label: s.Label(), Routes: []string{}, Changes: append(s.Passkey.Changes(), s.Refused...)}
		slices.SortStableFunc(out.Changes, func(x, y Change) int { return x.When.Compare(y.When) })
		for _, route := range r.account.Routes {
			if slices.ContainsFunc(route.Members, func(m Member) bool { return m.Signer == s.ID || r.behind(m.Signer, s.ID) }) {
				out.Routes = append(out.Routes, route.ID)
			}
		}
		if s.Kind == KindPasskey {
			out.Class, out.Examples = s.Class().Words(), s.Class().Examples()
		}
		if p := s.Passkey; p != nil && p.Provider != "" {
			out.Provider, out.ProviderSource = p.Provider, p.AAGUID.Source
		}
		out.IfLost, out.IfStolen = r.worst.state(atom(i), 0), r.worst.state(0, atom(i))
		r.Signers = append(r.Signers, out)
	}
}

// behind reports whether a contract's quorum has a signer in it, at any depth.
func (r *Report) behind(contract, id string) bool {
	for _, s := range r.account.Signers {
		if s.ID != contract || s.Quorum == nil {
			continue
		}
		for _, m := range s.Quorum.Members {
			if m.Signer == id || r.behind(m.Signer, id) {
				return true
			}
		}
	}
	return false
}
