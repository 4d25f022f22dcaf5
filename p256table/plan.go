package p256table

import "slices"

// A plan is the work for one key of a format: which doublings of it are needed and which sums of
// points, by place in an array of points whose first are the table's.
type plan struct {
	places int      // of one key
	teeth  []tooth  // doublings, ascending
	levels [][]step // sums; those of a level need only earlier levels
	fixed  []affine // FCL: sums of the generator's multiples, places 1 to 15
}

// A tooth is 2^exponent·Q and its place.
type tooth struct{ exponent, place int }

// A step is the sum and, unless minus is none, the difference of two points.
type step struct{ plus, minus, a, b int }

const none = -1

// A group is the signed sums of some teeth: place i holds top + Σ ±others, + where bit i is set.
type group struct {
	bits   int // teeth
	places []int
}

// combPlan halves the teeth again and again: sums of one half and sums of the other give all
// sums of both, each inversion serving a + b and a − b.
func combPlan(l layout) *plan {
	p := &plan{places: l.blocks << (l.teeth - 1)}
	for k := range l.blocks {
		teeth := make([]group, l.teeth)
		for j := range teeth {
			teeth[j] = group{1, []int{p.place()}}
			p.teeth = append(p.teeth, tooth{l.exponent(j, k), teeth[j].places[0]})
		}
		size := 1 << (l.teeth - 1)
		out := make([]int, size)
		for i := range out {
			out[i] = k*size + i
		}
		p.sums(teeth, out)
	}
	slices.SortFunc(p.teeth, func(a, b tooth) int { return a.exponent - b.exponent })
	return p
}

func (p *plan) place() int {
	p.places++
	return p.places - 1
}

// sums plans all signed sums of the teeth, into the places out, or new ones if that is nil. It
// returns them and the level from which they are there.
func (p *plan) sums(teeth []group, out []int) (group, int) {
	if len(teeth) == 1 {
		return teeth[0], 0
	}
	low, at := p.sums(teeth[:len(teeth)/2], nil)
	high, atHigh := p.sums(teeth[len(teeth)/2:], nil)
	at = max(at, atHigh)
	if at == len(p.levels) {
		p.levels = append(p.levels, nil)
	}
	g := group{low.bits + high.bits, out}
	if g.places == nil {
		g.places = make([]int, 1<<(g.bits-1))
		for i := range g.places {
			g.places[i] = p.place()
		}
	}
	mask := 1<<(low.bits-1) - 1
	for h, a := range high.places {
		for i, b := range low.places {
			p.levels[at] = append(p.levels[at], step{
				plus:  g.places[h<<low.bits|(mask+1)|i], // the low group's top tooth counts +
				minus: g.places[h<<low.bits|(mask&^i)],  // all its signs turned round
				a:     a, b: b,
			})
		}
	}
	return g, at + 1
}
