// The model: an account as sets of bits. Nothing in it is unknown any more.

package recovery

import (
	"math/bits"
	"slices"
	"time"
)

// set is a set of atoms: signer i is bit i, domain j is bit len(signers)+j.
type set uint64

func atom(i int) set            { return 1 << i }
func (s set) has(i int) bool    { return s>>i&1 != 0 }
func (s set) meets(o set) bool  { return s&o != 0 }
func (s set) within(o set) bool { return s&^o == 0 }
func (s set) size() int         { return bits.OnesCount64(uint64(s)) }

// each calls f for every atom, lowest first.
func (s set) each(f func(i int)) {
	for ; s != 0; s &= s - 1 {
		f(bits.TrailingZeros64(uint64(s)))
	}
}

// means is one way to use something: all domains of needs must be there.
type means struct {
	needs  set
	rescue string // what has to be done; "" every day
}

// hole is one way to take something over: of each set one domain must be taken.
type hole []set

// party is a signer or guardian.
type party struct {
	means  []means // empty: it can never sign; not looked at with a quorum
	holes  []hole
	quorum *quorum // of a contract whose signers are known
	// movable says that it can be taken to another manager.
	movable bool
}

type quorum struct {
	threshold uint64
	who       []int
	weight    []uint64
}

// met reports whether the members in have reach the threshold.
func (q *quorum) met(have set) bool {
	sum := uint64(0)
	for i, w := range q.who {
		if have.has(w) {
			sum += q.weight[i] // checked not to overflow
		}
	}
	return sum >= q.threshold
}

// pick chooses few members of have that reach the threshold, preferring those in first.
func (q *quorum) pick(have, first set) (out []int) {
	order := make([]int, len(q.who))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if x, y := first.has(q.who[a]), first.has(q.who[b]); x != y {
			if x {
				return -1
			}
			return 1
		}
		switch x, y := q.weight[a], q.weight[b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	sum := uint64(0)
	for _, i := range order {
		if sum < q.threshold && have.has(q.who[i]) {
			sum += q.weight[i]
			out = append(out, q.who[i])
		}
	}
	slices.Sort(out)
	return out
}

type route struct {
	quorum
	id     string
	use    Use
	delay  time.Duration
	cancel []quorum
	// owner reports that full control is enough to cancel it.
	owner bool
}

// model is an account under one reading of its facts.
type model struct {
	parties []party
	order   []int // parties, members of a quorum before it
	routes  []route
	ways    []means  // of operations to the chain; empty: nothing is needed
	domains []Domain // described ones first, then assumed ones
	turning set      // signers that are somebody: who turns against the owner does not help either
	up      []set    // of the described ones: each and what it is in
}

func (m *model) atoms() int       { return len(m.parties) + len(m.domains) }
func (m *model) domain(j int) set { return atom(len(m.parties) + j) }
func (m *model) everySigner() set { return atom(len(m.parties)) - 1 }

// down adds to domains what is in them.
func (m *model) down(s set) set {
	for j, up := range m.up {
		if up.meets(s) {
			s |= m.domain(j)
		}
	}
	return s
}

func open(w []means, lost set) bool { return len(w) == 0 || choose(w, lost, true) >= 0 }

// choose is the first way that nothing lost bars, everyday ways before rescues; -1 if
// there is none.
func choose(w []means, lost set, rescue bool) int {
	found := -1
	for i := range w {
		if w[i].needs.meets(lost) {
			continue
		}
		if w[i].rescue == "" {
			return i
		}
		if rescue && found < 0 {
			found = i
		}
	}
	return found
}

// usable are the signers that their holders can use after a loss.
func (m *model) usable(lost set, rescue bool) (out set) {
	for _, i := range m.order {
		p := &m.parties[i]
		switch {
		case lost.has(i):
		case p.quorum != nil:
			if p.quorum.met(out) {
				out |= atom(i)
			}
		case choose(p.means, lost, rescue) >= 0:
			out |= atom(i)
		}
	}
	return out
}

// hostile are the signers that somebody else can use.
func (m *model) hostile(taken set) (out set) {
	for _, i := range m.order {
		p := &m.parties[i]
		if taken.has(i) || p.quorum != nil && p.quorum.met(out) || slices.ContainsFunc(p.holes, func(h hole) bool { return h.open(taken) }) {
			out |= atom(i)
		}
	}
	return out
}

func (h hole) open(taken set) bool {
	for _, s := range h {
		if !s.meets(taken) {
			return false
		}
	}
	return true
}

// situation is what both sides have after an event.
type situation struct {
	m              *model
	lost, taken    set
	daily, rescued set // signers of the owner
	hostile        set
}

func (m *model) after(lost, taken set) situation {
	lost |= taken & m.turning
	return situation{m, lost, taken, m.usable(lost, false), m.usable(lost, true), m.hostile(taken)}
}

// vetoed reports whether somebody else can stop a route again and again.
func (s *situation) vetoed(r *route) bool {
	return r.delay > 0 && slices.ContainsFunc(r.cancel, func(q quorum) bool { return q.met(s.hostile) })
}

// standing is where the owner is.
type standing struct {
	at    int // the best route; -1 if there is none
	state State
	// soonest is the shortest delay of any route that the owner can take.
	soonest time.Duration
}

func (s *situation) owner() standing {
	out := standing{at: -1, state: Locked}
	if !open(s.m.ways, s.lost) {
		return out
	}
	everyday := len(s.m.ways) == 0 || choose(s.m.ways, s.lost, false) >= 0
	for i := range s.m.routes {
		r := &s.m.routes[i]
		if !r.met(s.rescued) || s.vetoed(r) {
			continue
		}
		now := Recoverable
		if r.use == Operate && everyday && r.met(s.daily) {
			now = Works
		}
		if out.at < 0 || r.delay < out.soonest {
			out.soonest = r.delay
		}
		if now < out.state || now == out.state && r.delay < s.m.routes[out.at].delay {
			out.at, out.state = i, now
		}
	}
	return out
}

// stops reports whether the owner can stop a route that somebody else has begun.
func (s *situation) stops(r *route, o standing) bool {
	if r.delay == 0 || !open(s.m.ways, s.lost) {
		return false
	}
	if slices.ContainsFunc(r.cancel, func(q quorum) bool { return q.met(s.rescued) }) {
		return true
	}
	// Or be back in control before it is over.
	return r.owner && o.at >= 0 && o.soonest < r.delay
}

// state is what outcome says, without the words.
func (s *situation) state() State {
	o := s.owner()
	state := o.state
	for i := range s.m.routes {
		r := &s.m.routes[i]
		if !r.met(s.hostile) {
			continue
		}
		if !s.stops(r, o) {
			return Stolen
		}
		state = max(state, Contested)
	}
	return state
}

// state after an event.
func (m *model) state(lost, taken set) State {
	s := m.after(lost, taken)
	return s.state()
}
