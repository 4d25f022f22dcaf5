// The audit.

package recovery

import (
	"slices"
)

// Report is what an audit finds. It is a function of the description alone.
type Report struct {
	Format  string `json:"format"` // "postern-audit-1"
	Account string `json:"account,omitempty"`
	Address string `json:"address,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Source  Source `json:"source"` // who vouches for signers, thresholds and delays
	// Today is the state before anything happens.
	Today    Outcome        `json:"today"`
	Findings []Finding      `json:"findings,omitempty"`
	Signers  []SignerReport `json:"signers"`
	Domains  []DomainReport `json:"domains"` // assumed ones among them
	Links    []Link         `json:"links"`   // what is lost or stolen with what
	Rows     []Row          `json:"rows"`    // each event
	Pairs    []Pair         `json:"pairs"`   // each pair of events
	// Lock are the minimal sets of losses after which nobody gets in, Theft those of
	// compromises that lose the account, Contest those after which somebody else can
	// begin to take it.
	Lock    Cuts `json:"lock"`
	Theft   Cuts `json:"theft"`
	Contest Cuts `json:"contest"`
	// Unknown is what nobody vouches for and how it was counted; Questions are the
	// answers that would change the report, most telling first.
	Unknown   []Assumption `json:"unknown,omitempty"`
	Questions []Question   `json:"questions,omitempty"`
	Advice    []Advice     `json:"advice,omitempty"` // the first step; Plan has all
	Plan      []Advice     `json:"plan,omitempty"`
	Fixes     []Fix        `json:"fixes,omitempty"` // for each single point of failure

	account     *Account
	worst, best *model
}

// Format is what the JSON of a report says it is.
const Format = "postern-audit-1"

// Row is an event and what it leads to.
type Row struct {
	Event
	Outcome Outcome `json:"outcome"`
	// Best is the state if every unknown turns out well, where that differs.
	Best *State `json:"best,omitempty"`
}

// Pair is two events at once.
type Pair struct {
	A     string `json:"a"`
	B     string `json:"b"`
	State State  `json:"state"`
	// Worse says that each alone would be better.
	Worse bool `json:"worse,omitempty"`
	// Implied says that another pair which is worse together is part of this one.
	Implied bool   `json:"implied,omitempty"`
	Best    *State `json:"best,omitempty"`
}

// SignerReport is a signer and where it stands.
type SignerReport struct {
	Signer
	Label    string   `json:"label"`
	Routes   []string `json:"routes"` // that it is a member of, or is behind
	Class    string   `json:"class,omitempty"`
	Examples string   `json:"examples,omitempty"`
	Provider string   `json:"provider,omitempty"`
	// ProviderSource says what the name of the provider is worth.
	ProviderSource Source   `json:"providerSource"`
	Changes        []Change `json:"changes,omitempty"`
	IfLost         State    `json:"ifLost"`
	IfStolen       State    `json:"ifStolen"`
}

// Audit computes everything that a description says. It returns an *[Error] for a
// description that contradicts itself, and a *[TooLargeError] rather than a result that
// is not exact.
func Audit(a *Account) (*Report, error) {
	r, err := audit(a)
	if err != nil {
		return nil, err
	}
	r.Advice = options(a)
	r.Fixes = fixes(a)
	r.Plan, err = Plan(a)
	return r, err
}

func audit(a *Account) (*Report, error) {
	found := Check(a)
	if err := firstFatal(found); err != nil {
		return nil, err
	}
	r := &Report{Format: Format, Account: a.Name, Address: a.Address, Kind: a.Kind, Source: a.Source, Findings: found, account: a}
	var err error
	if r.worst, r.Unknown, err = derive(a, nil); err != nil {
		return nil, err
	}
	if r.best, _, err = derive(a, best); err != nil {
		return nil, err
	}
	r.domains()
	r.Today = r.worst.outcome(a, 0, 0)
	if err := r.cuts(); err != nil {
		return nil, err
	}
	r.table()
	r.signers()
	r.Questions, err = r.questions()
	return r, err
}

func (r *Report) cuts() error {
	k := r.worst.analyse()
	contested, gone := k.taken()
	for _, q := range []struct {
		f   ref
		out *Cuts
	}{{k.locked(), &r.Lock}, {gone, &r.Theft}, {contested, &r.Contest}} {
		sets, sizes, err := k.minimalSets(q.f, MaxCuts)
		if err != nil {
			return err
		}
		q.out.Sizes, q.out.Sets = sizes, []Cut{}
		for _, s := range sets {
			q.out.Sets = append(q.out.Sets, r.names(s))
		}
	}
	return nil
}

// names are a set's members: signers first.
func (r *Report) names(s set) Cut {
	out := Cut{}
	s.each(func(i int) {
		if n := len(r.account.Signers); i < n {
			out = append(out, r.account.Signers[i].ID)
		} else {
			out = append(out, r.worst.domains[i-n].ID)
		}
	})
	return out
}

// Label is the name of a signer or domain for people.
func (r *Report) Label(id string) string {
	for _, s := range r.account.Signers {
		if s.ID == id {
			return s.Label()
		}
	}
	for _, d := range r.Domains {
		if d.ID == id {
			return d.Label
		}
	}
	return id
}

func (r *Report) table() {
	list := events(r.account, r.worst)
	high := map[string]happening{}
	for _, e := range events(r.account, r.best) {
		high[e.ID] = r.best.happen(r.account, e)
	}
	low := make([]happening, len(list))
	alone := make([]State, len(list))
	for i, e := range list {
		low[i] = r.worst.happen(r.account, e)
		row := Row{Event: e, Outcome: r.worst.outcome(r.account, low[i].lost, low[i].taken)}
		h := high[e.ID]
		row.Best = differs(row.Outcome.State, r.best.state(h.lost, h.taken))
		r.doubt(&row.Outcome, h)
		alone[i] = row.Outcome.State
		r.Rows = append(r.Rows, row)
	}
	r.Pairs = []Pair{}
	var worse []happening // of pairs that are worse together
	var at []int
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			p := Pair{A: list[i].ID, B: list[j].ID}
			p.State = r.worst.state(low[i].lost|low[j].lost, low[i].taken|low[j].taken)
			x, y := high[p.A], high[p.B]
			p.Best = differs(p.State, r.best.state(x.lost|y.lost, x.taken|y.taken))
			p.Worse = p.State > alone[i] && p.State > alone[j]
			r.Pairs = append(r.Pairs, p)
			if p.Worse {
				both := happening{r.worst.down(low[i].lost | low[j].lost), r.worst.down(low[i].taken | low[j].taken)}
				worse = append(worse, both)
				at = append(at, len(r.Pairs)-1)
			}
		}
	}
	for i, x := range worse {
		r.Pairs[at[i]].Implied = slices.ContainsFunc(worse, func(y happening) bool {
			return y != x && y.lost.within(x.lost) && y.taken.within(x.taken)
		}) || slices.Contains(worse[:i], x)
	}
}

// doubt separates the signers that have to be replaced from those of which only the worst
// reading says so.
func (r *Report) doubt(o *Outcome, h happening) {
	s := r.best.after(h.lost, h.taken)
	sure := s.hostile | r.best.everySigner()&^s.rescued
	var replace []string
	for _, id := range o.Replace {
		i := slices.IndexFunc(r.account.Signers, func(x Signer) bool { return x.ID == id })
		if sure.has(i) {
			replace = append(replace, id)
		} else {
			o.Perhaps = append(o.Perhaps, id)
		}
	}
	o.Replace = replace
}

func differs(worst, best State) *State {
	if worst == best {
		return nil
	}
	return &best
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
		out := SignerReport{Signer: s, Label: s.Label(), Routes: []string{}, Changes: s.Passkey.Changes()}
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

// Outcome is what any losses and compromises, named by IDs of signers and domains, lead to.
func (r *Report) Outcome(lost, taken []string) Outcome {
	h := r.worst.happen(r.account, Event{Lost: lost, Taken: taken})
	return r.worst.outcome(r.account, h.lost, h.taken)
}
