// The walk of the accumulator through doublings and additions.

package p256gen

import (
	"fmt"
	"slices"
)

// source is where the points of a scalar's columns come from.
type source struct {
	columns
	copy string // the instruction that copies from there to memory, with its arguments above size, offset and target
}

// step is a doubling (no source) or the addition of a column's point.
type step struct {
	from *source
	col  int
}

// stretch is a run of steps. One that is run more than once is a loop: in each pass a column is by less than before.
type stretch struct {
	system system
	times  int
	steps  []step
	by     int
}

// walk is a whole program for the accumulator: its first step is an addition to nothing. Once it has left Jacobian
// coordinates it does not come back.
type walk []stretch

// formula is what a step does.
func (s stretch) formula(x step) Formula {
	switch {
	case s.system == jacobian && x.from == nil:
		return DoubleJacobian
	case s.system == jacobian:
		return AddJacobian
	case x.from == nil:
		return Double
	}
	return Add
}

// converts tells whether a stretch begins with the conversion.
func (w walk) converts(i int) bool { return i > 0 && w[i-1].system != w[i].system }

// sources lists those in use, in the order of their first use.
func (w walk) sources() []*source {
	var out []*source
	seen := map[*source]bool{}
	for _, s := range w {
		for _, x := range s.steps {
			if x.from != nil && !seen[x.from] {
				seen[x.from] = true
				out = append(out, x.from)
			}
		}
	}
	return out
}

// setSigns turns the signs of the columns that are added while A/C is +Y/ZZZ. It tells whether A/C is -Y/ZZZ in the end.
func (w walk) setSigns() (negative bool) {
	negative = true // the first point is taken as it is, and C is -1
	first := true
	for _, s := range w {
		begin := negative
		for pass := range s.times {
			if pass > 0 && s.by == 0 {
				panic("p256gen: a loop has to get on")
			}
			for _, x := range s.steps {
				if x.from != nil && !negative {
					x.from.negate(x.col - pass*s.by)
				}
				if !first {
					negative = !negative
				}
				first = false
			}
			if s.times > 1 && negative != begin {
				panic("p256gen: a loop has to leave the sign as it was")
			}
		}
	}
	return negative
}

// parts is the walk as the choice of schedules sees it.
func (w walk) parts() []part {
	var out []part
	for i, s := range w {
		p := part{times: s.times}
		if w.converts(i) {
			p.steps = append(p.steps, Convert)
		}
		for j, x := range s.steps {
			if i+j > 0 {
				p.steps = append(p.steps, s.formula(x))
			}
		}
		out = append(out, p)
	}
	return out
}

// lastOrder is the order in which the values are left.
func (w walk) lastOrder(s *Schedules) Order {
	chosen, _ := s.chain(w.parts())
	last := chosen[len(chosen)-1]
	return last[len(last)-1]
}

// fetch is the program that brings a column's point to memory.
func (x step) fetch() string {
	return fmt.Sprintf("0x40 %s PUSH0 %s", x.from.offset(x.col), x.from.copy)
}

// define makes the words of an addition's schedule push a point that lies at pointX, with y by the given program.
func define(a *Asm, y string) {
	a.Define("x", fmt.Sprintf("%s MLOAD", pushText(pointX)))
	a.Define("y", y)
}

func pushText(x int) string {
	if x == 0 {
		return "PUSH0"
	}
	return fmt.Sprintf("0x%x", x)
}

// emit writes the walk and leaves the accumulator on the stack, with its values named. The stack must hold the words of
// the sources and, named, k (3/2) and p; if there is a loop, memory at roundsAt must hold
// a set bit for each pass but the first.
func (w walk) emit(a *Asm, cv *Curve, s *Schedules) {
	a.Define("p", "$p")
	a.Define("k", "$k")
	chosen, _ := s.chain(w.parts())
	moved := map[*source]int{}
	for i, st := range w {
		path := chosen[i]
		steps := found(st.steps, moved)
		if i == 0 {
			begin(a, cv, steps[0], st.system.order(path[0]))
			steps = steps[1:]
		}
		if w.converts(i) {
			a.Emit("%s", s[Convert][path[0]][path[1]].Code)
			path = path[1:]
		}
		loop := fmt.Sprint("loop", i)
		if st.times > 1 {
			a.Emit("%s:", loop)
		}
		for j, x := range steps {
			x.emit(a, &s[st.formula(x)], path[j], path[j+1])
		}
		if st.times == 1 {
			continue
		}
		for _, src := range w.sources() {
			if src.in(steps) {
				src.shift(a, st.by)
				moved[src] += st.times * st.by
			}
		}
		again(a, st.times, loop)
	}
	last := chosen[len(chosen)-1]
	nameValues(a, last[len(last)-1])
}

// again goes back to a loop, times - 1 times: memory at roundsAt holds as many set bits in the beginning.
func again(a *Asm, times int, loop string) {
	rest := "PUSH0"
	if times > 2 {
		rest = "DUP1 0x1 SHR"
	}
	a.Emit("0x%x MLOAD %s 0x%x MSTORE", roundsAt, rest, roundsAt)
	if times > 2 {
		a.Emit("0x1 AND")
	}
	a.Emit("@%s JUMPI", loop)
}

// found is where the columns are after loops have moved the words.
func found(steps []step, moved map[*source]int) []step {
	out := slices.Clone(steps)
	for i, x := range out {
		out[i].col += moved[x.from]
	}
	return out
}

func (s *source) in(steps []step) bool {
	for _, x := range steps {
		if x.from == s {
			return true
		}
	}
	return false
}

// begin makes the first point the accumulator: X = x and A = y with ZZ = 1 and ZZZ = 1, so Z = C = -1; in Jacobian
// coordinates Z = -1 and T = -3/2.
func begin(a *Asm, cv *Curve, x step, order string) {
	a.Emit("%s", x.fetch())
	define(a, x.from.y(x.col))
	for _, v := range order {
		switch v {
		case 'X':
			a.Emit("x")
		case 'A':
			a.Emit("y")
		case 'T':
			a.Emit("k p SUB")
		default:
			a.Push(minus(cv.P, 1))
		}
	}
}

func (x step) emit(a *Asm, steps *Steps, before, after Order) {
	height := a.Height()
	if x.from != nil {
		a.Emit("%s", x.fetch())
		define(a, x.from.y(x.col))
	}
	a.Emit("%s", steps[before][after].Code)
	if a.Height() != height {
		panic("p256gen: a schedule changes the height of the stack")
	}
}

// nameValues names the four values on top.
func nameValues(a *Asm, o Order) {
	for i, v := range xyzz.order(o) {
		a.slots[string(v)] = a.height - 3 + i
	}
}
