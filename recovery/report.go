// The audit.

package recovery

// Report is what an audit finds. It is a function of the description alone.
type Report struct {
	Format  string `json:"format"` // "postern-audit-1"
	Account string `json:"account,omitempty"`
	Address string `json:"address,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Source  Source `json:"source"` // who vouches for signers, thresholds and delays
	// Urgent is what the description says must be known first; the verdict begins with it.
	Urgent []string `json:"urgent,omitempty"`
	// Supposed are changes that are counted as made and are not; the verdict begins with them.
	Supposed []string `json:"supposed,omitempty"`
	// Today is the state before anything happens.
	Today    Outcome        `json:"today"`
	Findings []Finding      `json:"findings,omitempty"`
	Notes    []string       `json:"notes,omitempty"` // of the description
	Signers  []SignerReport `json:"signers"`
	Classes  []ClassReport  `json:"classes,omitempty"` // the table of sync-ability and discoverability
	Domains  []DomainReport `json:"domains"`           // assumed ones among them
	Links    []Link         `json:"links"`             // what is lost or stolen with what
	Rows     []Row          `json:"rows"`              // each event
	Pairs    []Pair         `json:"pairs"`             // each pair of events
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
	r := &Report{Format: Format, Account: a.Name, Address: a.Address, Kind: a.Kind, Source: a.Source, Findings: found, Urgent: a.Urgent, Supposed: a.Supposed, Notes: a.Notes, account: a}
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
	r.classes()
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

// Outcome is what any losses and compromises, named by IDs of signers and domains, lead to.
func (r *Report) Outcome(lost, taken []string) Outcome {
	h := r.worst.happen(r.account, Event{Lost: lost, Taken: taken})
	return r.worst.outcome(r.account, h.lost, h.taken)
}
