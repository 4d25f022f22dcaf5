// A model as diagrams.

package recovery

import (
	"slices"
	"time"
)

// analysis is a model as diagrams. Domains are the first variables: they decide much.
type analysis struct {
	m *model
	d *diagrams
}

func (m *model) analyse() *analysis { return &analysis{m, newDiagrams(maxNodes)} }

// v is the variable of an atom.
func (a *analysis) v(i int) int {
	if n := len(a.m.parties); i < n {
		return len(a.m.domains) + i
	} else {
		return i - n
	}
}

func (a *analysis) atom(v int) int {
	if n := len(a.m.domains); v < n {
		return len(a.m.parties) + v
	} else {
		return v - n
	}
}

// some is true where one of a set is.
func (a *analysis) some(s set) ref {
	var vars []int
	s.each(func(i int) { vars = append(vars, a.v(i)) })
	slices.Sort(vars)
	f := ref(0)
	for _, v := range slices.Backward(vars) {
		f = a.d.make(uint8(v), f, 1)
	}
	return f
}

// barred is true where all means are.
func (a *analysis) barred(w []means) ref {
	f := ref(1)
	for _, m := range w {
		f = a.d.and(f, a.some(m.needs))
	}
	return f
}

// fails is true where too little of a quorum is left.
func (a *analysis) fails(q *quorum, dead []ref) ref {
	total := uint64(0)
	for _, w := range q.weight {
		total += w
	}
	if q.threshold > total {
		return 1
	}
	return a.d.atLeast(total-q.threshold+1, of(q, dead), q.weight)
}

func of(q *quorum, all []ref) []ref {
	out := make([]ref, len(q.who))
	for i, w := range q.who {
		out[i] = all[w]
	}
	return out
}

// locked is true of the losses after which nobody gets in.
func (a *analysis) locked() ref {
	dead := make([]ref, len(a.m.parties))
	for _, i := range a.m.order {
		p := &a.m.parties[i]
		f := a.d.variable(a.v(i))
		switch {
		case p.quorum != nil:
			f = a.d.or(f, a.fails(p.quorum, dead))
		default:
			f = a.d.or(f, a.barred(p.means))
		}
		dead[i] = f
	}
	out := ref(1)
	for i := range a.m.routes {
		out = a.d.and(out, a.fails(&a.m.routes[i].quorum, dead))
	}
	if len(a.m.ways) > 0 {
		out = a.d.or(out, a.barred(a.m.ways))
	}
	return out
}

// hostile is, of each signer, true of the compromises after which somebody else can use it.
func (a *analysis) hostile() []ref {
	out := make([]ref, len(a.m.parties))
	for _, i := range a.m.order {
		p := &a.m.parties[i]
		f := a.d.variable(a.v(i))
		for _, h := range p.holes {
			open := ref(1)
			for _, s := range h {
				open = a.d.and(open, a.some(s))
			}
			f = a.d.or(f, open)
		}
		if p.quorum != nil {
			f = a.d.or(f, a.d.atLeast(p.quorum.threshold, of(p.quorum, out), p.quorum.weight))
		}
		out[i] = f
	}
	return out
}

// taken is true of the compromises, with nothing lost, after which the state is at least
// Contested, and at least Locked.
func (a *analysis) taken() (contested, gone ref) {
	hostile := a.hostile()
	unable := a.unable()
	met := func(q *quorum) ref { return a.d.atLeast(q.threshold, of(q, hostile), q.weight) }
	veto := func(r *route) ref {
		f := ref(0)
		for i := range r.cancel {
			if r.delay > 0 {
				f = a.d.or(f, met(&r.cancel[i]))
			}
		}
		return f
	}
	// barred is true where the owner can take no route that is shorter, if any.
	barred := func(than time.Duration) ref {
		f := ref(1)
		for i := range a.m.routes {
			if r := &a.m.routes[i]; r.delay < than || than < 0 {
				f = a.d.and(f, a.d.or(veto(r), a.fails(&r.quorum, unable)))
			}
		}
		return f
	}
	reach := open(a.m.ways, 0)
	gone = 1
	if reach {
		gone = barred(-1)
	}
	contested = gone
	for i := range a.m.routes {
		r := &a.m.routes[i]
		begun, unstopped := met(&r.quorum), ref(1)
		if r.delay > 0 && reach {
			for c := range r.cancel {
				unstopped = a.d.and(unstopped, a.fails(&r.cancel[c], unable))
			}
			if r.owner {
				unstopped = a.d.and(unstopped, barred(r.delay))
			}
		}
		contested = a.d.or(contested, begun)
		gone = a.d.or(gone, a.d.and(begun, unstopped))
	}
	return contested, gone
}

// unable is, of each signer, true of the compromises after which its owner cannot use it,
// with nothing lost.
func (a *analysis) unable() []ref {
	out := make([]ref, len(a.m.parties))
	for _, i := range a.m.order {
		p := &a.m.parties[i]
		f := ref(0)
		switch {
		case a.m.turning.has(i):
			f = a.d.variable(a.v(i))
			if len(p.means) == 0 {
				f = 1
			}
		case p.quorum != nil:
			f = a.fails(p.quorum, out)
		case len(p.means) == 0:
			f = 1
		}
		out[i] = f
	}
	return out
}
