// What to ask the user: the unknowns that matter.

package recovery

import (
	"cmp"
	"fmt"
	"slices"
)

// Question is an unknown whose answer may change the report.
type Question struct {
	Assumption
	Words string `json:"words"`
	// Rows are the events whose outcome is better if the answer is the good one, and
	// Singles the single points of failure that are none then, by this answer alone.
	Rows    []string `json:"rows,omitempty"`
	Singles []string `json:"singles,omitempty"`
}

var asks = map[About]string{
	AboutSync:       "Is %s copied to a cloud account, or is it on one device only?",
	AboutCloud:      "Which cloud account, if any, holds %s?",
	AboutDevices:    "Which devices or places hold %s?",
	AboutRPID:       "Which RP ID is %s bound to?",
	AboutApart:      "Does %s share a device, a place or a cloud account with anything else here?",
	AboutSecret:     "What does %s ask for on a new device: a passcode, a PIN, a password?",
	AboutOffline:    "Do devices keep their passkeys when %s is locked?",
	AboutSealed:     "Does somebody who takes over %s need its secret to get at the passkeys?",
	AboutExportable: "Can %s be exported or moved to another manager?",
	AboutRoaming:    "Is %s in a security key that any program can ask?",
}

// questions reads each unknown in the best way, one at a time and all others in the worst.
func (r *Report) questions() ([]Question, error) {
	var out []Question
	before := singles(r.account, r.worst)
	for _, unknown := range r.Unknown {
		m, _, err := derive(r.account, func(a Assumption) bool { return a.same(unknown) })
		if err != nil {
			return nil, err
		}
		about := unknown.Signer + unknown.Domain
		q := Question{Assumption: unknown, Words: fmt.Sprintf(asks[unknown.About], r.Label(about))}
		if unknown.Claim != "" {
			q.Words += fmt.Sprintf(" It claims to be of %s.", unknown.Claim)
		}
		for _, row := range r.Rows {
			h := m.happen(r.account, row.Event)
			if m.state(h.lost, h.taken) < row.Outcome.State {
				q.Rows = append(q.Rows, row.ID)
			}
		}
		after := singles(r.account, m)
		for _, s := range before.all() {
			if !slices.Contains(after.all(), s) {
				q.Singles = append(q.Singles, s)
			}
		}
		out = append(out, q)
	}
	slices.SortStableFunc(out, func(x, y Question) int {
		return cmp.Or(cmp.Compare(len(y.Singles), len(x.Singles)), cmp.Compare(len(y.Rows), len(x.Rows)))
	})
	return out, nil
}

// points are the single points of failure of a model.
type points struct{ lock, theft, contest []string }

// all marks which is which.
func (p points) all() (out []string) {
	for _, id := range p.lock {
		out = append(out, "lock:"+id)
	}
	for _, id := range p.theft {
		out = append(out, "theft:"+id)
	}
	return out
}

// singles finds them without diagrams. A chain that stops stops everything, whoever signs.
func singles(a *Account, m *model) points {
	var p points
	for i := range m.atoms() {
		id := ""
		if n := len(a.Signers); i < n {
			id = a.Signers[i].ID
		} else if d := m.domains[i-n]; d.Kind == DomainChain {
			continue
		} else {
			id = d.ID
		}
		if m.state(atom(i), 0) >= Locked {
			p.lock = append(p.lock, id)
		}
		switch s := m.state(0, atom(i)); {
		case s >= Locked:
			p.theft = append(p.theft, id)
		case s == Contested:
			p.contest = append(p.contest, id)
		}
	}
	return p
}
