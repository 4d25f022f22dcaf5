// Binary decision diagrams of functions that only grow with their variables, and the
// families of their minimal solutions (Rauzy, "New algorithms for fault trees analysis",
// 1993). A diagram is exact whatever its size; its size has a limit.

package recovery

import (
	"cmp"
	"math"
	"slices"
)

// ref is a node. In a function's diagram 0 is false and 1 is true; in a family's 0 is
// the empty family and 1 the family of the empty set.
type ref int32

type node struct {
	v      uint8 // variable; terminals have leaf
	lo, hi ref   // without and with v
}

const leaf = 255

// diagrams holds the nodes of functions and families.
type diagrams struct {
	nodes  []node
	table  []ref // open addressing; 0 is free
	limit  int
	steps  int  // that are left
	full   bool // a limit was passed: every result is void
	cache  []entry
	minsol map[ref]ref
}

type entry struct {
	op   uint8
	a, b ref
	out  ref
}

// The operations that the cache remembers.
const (
	opNone uint8 = iota
	opAnd
	opOr
	opMinus
)

const (
	cacheBits    = 16
	stepsPerNode = 24
)

func newDiagrams(limit int) *diagrams {
	return &diagrams{
		nodes: []node{{v: leaf}, {v: leaf}}, table: make([]ref, 1<<10), limit: limit, steps: stepsPerNode * limit,
		cache: make([]entry, 1<<cacheBits), minsol: map[ref]ref{},
	}
}

func mix(a, b, c uint64) uint64 {
	h := a*0x9e3779b97f4a7c15 ^ b*0xc2b2ae3d27d4eb4f ^ c*0x165667b19e3779f9
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

// make is the node with these parts, the same one each time.
func (d *diagrams) make(v uint8, lo, hi ref) ref {
	mask := uint64(len(d.table) - 1)
	n := node{v, lo, hi}
	i := mix(uint64(v), uint64(lo), uint64(hi)) & mask
	for ; d.table[i] != 0; i = (i + 1) & mask {
		if d.nodes[d.table[i]] == n {
			return d.table[i]
		}
	}
	if len(d.nodes) >= d.limit {
		d.full = true
		return 0
	}
	d.nodes = append(d.nodes, n)
	r := ref(len(d.nodes) - 1)
	d.table[i] = r
	if 2*len(d.nodes) > len(d.table) {
		d.grow()
	}
	return r
}

func (d *diagrams) grow() {
	d.table = make([]ref, 2*len(d.table))
	mask := uint64(len(d.table) - 1)
	for r := 2; r < len(d.nodes); r++ {
		n := d.nodes[r]
		i := mix(uint64(n.v), uint64(n.lo), uint64(n.hi)) & mask
		for d.table[i] != 0 {
			i = (i + 1) & mask
		}
		d.table[i] = ref(r)
	}
}

// variable is the function that is true with v.
func (d *diagrams) variable(v int) ref { return d.make(uint8(v), 0, 1) }

func (d *diagrams) and(a, b ref) ref { return d.apply(opAnd, a, b) }
func (d *diagrams) or(a, b ref) ref  { return d.apply(opOr, a, b) }

func (d *diagrams) apply(op uint8, a, b ref) ref {
	if a > b {
		a, b = b, a
	}
	switch {
	case d.full, a == b:
		return a
	case a <= 1:
		if (a == 1) == (op == opAnd) {
			return b
		}
		return a
	}
	slot, out, ok := d.seen(op, a, b)
	if ok {
		return out
	}
	x, y := d.nodes[a], d.nodes[b]
	v := min(x.v, y.v)
	if x.v != v {
		x.lo, x.hi = a, a
	}
	if y.v != v {
		y.lo, y.hi = b, b
	}
	lo, hi := d.apply(op, x.lo, y.lo), d.apply(op, x.hi, y.hi)
	if out = lo; lo != hi {
		out = d.make(v, lo, hi)
	}
	*slot = entry{op, a, b, out}
	return out
}

// seen looks an operation up. The cache forgets; it never errs. As it forgets, steps are
// counted as well as nodes.
func (d *diagrams) seen(op uint8, a, b ref) (slot *entry, out ref, ok bool) {
	if d.steps--; d.steps < 0 {
		d.full = true
	}
	slot = &d.cache[mix(uint64(op), uint64(a), uint64(b))>>(64-cacheBits)]
	return slot, slot.out, slot.op == op && slot.a == a && slot.b == b
}

// span is a function and the needs, from lo to hi, for which it is the answer.
type span struct {
	f      ref
	lo, hi uint64
}

// atLeast is true where the functions that are true weigh the threshold or more. Needs that
// no sum of weights tells apart have one answer, whatever the weights are (Abío and others,
// "A new look at BDDs for pseudo-Boolean constraints", 2012).
func (d *diagrams) atLeast(threshold uint64, parts []ref, weight []uint64) ref {
	rest := make([]uint64, len(parts)+1) // what is left from i on
	for i := len(parts) - 1; i >= 0; i-- {
		rest[i] = rest[i+1] + weight[i]
	}
	known := make([][]span, len(parts)) // of each i, in order
	var at func(i int, need uint64) span
	at = func(i int, need uint64) span {
		switch {
		case need == 0:
			return span{1, 0, 0}
		case need > rest[i] || d.full:
			return span{0, rest[i] + 1, math.MaxUint64}
		}
		k, _ := slices.BinarySearchFunc(known[i], need, func(s span, need uint64) int { return cmp.Compare(s.hi, need) })
		if k < len(known[i]) && known[i][k].lo <= need {
			return known[i][k]
		}
		w := weight[i]
		with := span{1, 1, w} // enough
		if need > w {
			with = at(i+1, need-w)
			with.lo += w
			with.hi += min(w, math.MaxUint64-with.hi)
		}
		without := at(i+1, need)
		out := span{d.or(without.f, d.and(parts[i], with.f)), max(with.lo, without.lo), min(with.hi, without.hi)}
		known[i] = slices.Insert(known[i], k, out)
		return out
	}
	return at(0, threshold).f
}

// minimal is the family of the minimal sets that make a function true, of one that only
// grows: there a set that is minimal with v, and contains one that needs no v, is that one.
// So what Rauzy calls "without" is a plain difference.
func (d *diagrams) minimal(f ref) ref {
	if f <= 1 || d.full {
		return f
	}
	if k, ok := d.minsol[f]; ok {
		return k
	}
	n := d.nodes[f]
	lo := d.minimal(n.lo)
	hi := d.minus(d.minimal(n.hi), lo)
	out := d.family(n.v, lo, hi)
	d.minsol[f] = out
	return out
}

func (d *diagrams) family(v uint8, lo, hi ref) ref {
	if hi == 0 {
		return lo
	}
	return d.make(v, lo, hi)
}

// minus is the sets of family u that are not in v.
func (d *diagrams) minus(u, v ref) ref {
	switch {
	case d.full, u == 0, v == 0:
		return u
	case u == v:
		return 0
	case u == 1: // has the empty set only, which stands at the end of all lows
		for v > 1 {
			v = d.nodes[v].lo
		}
		return 1 - v
	}
	slot, out, ok := d.seen(opMinus, u, v)
	if ok {
		return out
	}
	x, y := d.nodes[u], d.nodes[v]
	switch {
	case x.v < y.v:
		out = d.family(x.v, d.minus(x.lo, v), x.hi)
	case x.v > y.v:
		out = d.minus(u, y.lo)
	default:
		out = d.family(x.v, d.minus(x.lo, y.lo), d.minus(x.hi, y.hi))
	}
	*slot = entry{opMinus, u, v, out}
	return out
}
