// The table: each event and each pair.

package recovery

import "slices"

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

func (r *Report) table() {
	list := events(r.account, r.worst)
	high := map[string]happening{}
	for _, e := range slices.Concat(list, events(r.account, r.best)) {
		high[e.ID] = r.best.happen(r.account, e) // the second list knows better what can be moved
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
