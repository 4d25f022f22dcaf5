// An outcome with its reasons.

package recovery

import "slices"

// outcome is the state after an event, who brings the owner in, and who attacks.
func (m *model) outcome(a *Account, lost, taken set) Outcome {
	s := m.after(lost, taken)
	o := s.owner()
	out := Outcome{State: s.state()}
	if o.at >= 0 {
		s.entry(a, o, &out)
	}
	s.attack(a, o, &out)
	if out.State != Stolen {
		(s.hostile | s.m.everySigner()&^s.rescued).each(func(i int) { out.Replace = append(out.Replace, a.Signers[i].ID) })
	}
	return out
}

// entry says how the owner gets in.
func (s *situation) entry(a *Account, o standing, out *Outcome) {
	r := &s.m.routes[o.at]
	out.Route, out.Delay = r.id, r.delay
	for _, i := range r.pick(s.rescued, s.daily) {
		out.By = append(out.By, a.Signers[i].ID)
		s.steps(a, i, out)
	}
	if w := choose(s.m.ways, s.lost, true); len(s.m.ways) > 0 && w >= 0 {
		out.add(s.m.ways[w].rescue)
	}
}

// steps adds what has to be done so that a signer can sign.
func (s *situation) steps(a *Account, i int, out *Outcome) {
	p := &s.m.parties[i]
	if p.quorum != nil {
		for _, k := range p.quorum.pick(s.rescued, s.daily) {
			s.steps(a, k, out)
		}
		return
	}
	if w := choose(p.means, s.lost, true); w >= 0 && p.means[w].rescue != "" {
		out.add(a.Signers[i].Label() + ": " + p.means[w].rescue)
	}
}

func (o *Outcome) add(step string) {
	if step != "" && !slices.Contains(o.Steps, step) {
		o.Steps = append(o.Steps, step)
	}
}

// attack says which route somebody else can take: the one that cannot be stopped, else
// the fastest.
func (s *situation) attack(a *Account, o standing, out *Outcome) {
	found := -1
	for i := range s.m.routes {
		r := &s.m.routes[i]
		if !r.met(s.hostile) || out.State == Stolen && s.stops(r, o) {
			continue
		}
		if found < 0 || r.delay < s.m.routes[found].delay {
			found = i
		}
	}
	if found >= 0 {
		out.Attack, out.Within = s.m.routes[found].id, s.m.routes[found].delay
	}
}
