package search

import (
	"fmt"
	"maps"
	"math/bits"
	"math/rand"
	"slices"
	"strings"
)

const (
	maxHeight = 14
	maxCost   = 4096 // of the queues; programs cost a few hundred
	maxSeen   = 30_000_000
	hopeless  = 20_000
)

// Gas of what programs are made of.
const (
	gasShort = 3 // PUSH, DUP, SWAP, SUB
	gasPop   = 2
	gasMod   = 8
)

// value numbers a name; 0 is none.
type value uint8

// state is a stack and what has been computed, with the way it was reached.
type state struct {
	stack  [maxHeight]value
	height int8
	move   move
	done   uint32 // a bit for each operation
	gas    int16
	before *state
}

// move is one instruction.
type move struct {
	kind byte // d(up), s(wap), w(ord), o(peration), p(op)
	arg  uint8
}

// operation is an Op by numbers, the top of the stack first.
type operation struct {
	in          []value
	out         value
	commutative bool
	gas         int
	text        string
}

type solver struct {
	problem Problem
	names   []string
	words   []bool // by value: can be pushed
	ops     []operation
	by      []int  // by value: the operation that computes it, or -1
	final   []int8 // by value: how often it has to be there in the end
	need    []int8 // scratch of estimate: uses to come
	have    []int8 // scratch of estimate: copies there are
	full    uint32 // all operations
	best    int    // gas of the cheapest program so far
	slack   int    // how much dearer programs for other orders may be
	queues  [][][]*state
	lowest  []int // by layer: no queue below has states
	seen    map[key]int16
	rng     *rand.Rand
	found   map[string]Found
}

// Solve searches for so many rounds: a round takes a few states further from every number of operations done. The same
// rounds and seed find the same. Programs dearer than the best by slack or more are not looked for.
func (p Problem) Solve(rounds int, seed int64, slack int) []Found {
	s := newSolver(p, seed, slack)
	for range rounds {
		if !s.round() || len(s.seen) > maxSeen {
			break
		}
	}
	var out []Found
	for _, order := range slices.Sorted(maps.Keys(s.found)) {
		out = append(out, s.found[order])
	}
	return out
}

func newSolver(p Problem, seed int64, slack int) *solver {
	s := &solver{problem: p, names: []string{""}, best: 1 << 14, slack: slack, seen: map[key]int16{},
		rng: rand.New(rand.NewSource(seed)), found: map[string]Found{}}
	ids := map[string]value{}
	id := func(name string) value {
		if _, ok := ids[name]; !ok {
			ids[name] = value(len(s.names))
			s.names = append(s.names, name)
		}
		return ids[name]
	}
	modulus := id("p")
	for _, w := range p.Words {
		id(w)
	}
	count := len(s.names)
	for _, o := range p.Ops {
		x := operation{out: id(o.Out), in: []value{id(o.In[0]), id(o.In[1])}, gas: gasShort, text: o.Kind}
		if o.Kind != "SUB" {
			x.in, x.commutative, x.gas = append(x.in, modulus), true, gasMod
		}
		s.ops = append(s.ops, x)
	}
	start := state{height: int8(len(p.In))}
	for i, name := range p.In {
		start.stack[i] = id(name)
	}
	n := len(s.names)
	s.words, s.by, s.final, s.need, s.have = make([]bool, n), make([]int, n), make([]int8, n), make([]int8, n), make([]int8, n)
	for v := range n {
		s.words[v], s.by[v] = v > 0 && v < count, -1
	}
	for i, o := range s.ops {
		s.by[o.out] = i
	}
	for _, name := range p.Out {
		s.final[id(name)]++
	}
	s.full = uint32(1)<<len(s.ops) - 1
	s.queues, s.lowest = make([][][]*state, len(s.ops)+1), make([]int, len(s.ops)+1)
	for i := range s.queues {
		s.queues[i] = make([][]*state, maxCost)
	}
	s.offer(start)
	return s
}

// estimate is a lower bound of the gas to the end, from what is still to be computed and how many copies that takes. It
// leaves need and have filled.
func (s *solver) estimate(t *state) int {
	copy(s.need, s.final)
	clear(s.have)
	gas := 0
	for rest := s.full &^ t.done; rest != 0; rest &= rest - 1 {
		o := &s.ops[bits.TrailingZeros32(rest)]
		gas += o.gas
		for _, v := range o.in {
			s.need[v]++
		}
	}
	for _, v := range t.stack[:t.height] {
		s.have[v]++
	}
	for v := 1; v < len(s.names); v++ {
		there := s.have[v]
		if s.by[v] >= 0 && t.done>>s.by[v]&1 == 0 {
			there++ // will be computed
		}
		switch missing := int(s.need[v] - there); {
		case missing > 0 && there == 0 && !s.words[v]:
			return hopeless
		case missing > 0:
			gas += gasShort * missing
		case missing < 0:
			gas -= gasPop * missing
		}
	}
	return gas
}

// offer queues a state, unless it was reached for less or leads nowhere.
func (s *solver) offer(t state) {
	total := int(t.gas) + s.estimate(&t)
	if total >= s.best+s.slack {
		return
	}
	at := key{t.stack, t.done}
	if gas, ok := s.seen[at]; ok && gas <= t.gas {
		return
	}
	s.seen[at] = t.gas
	// low stacks first among equals, and a little chance
	cost := total*2 + s.rng.Intn(5) + int(t.height)/2
	if cost >= maxCost {
		return
	}
	layer := bits.OnesCount32(t.done)
	s.queues[layer][cost] = append(s.queues[layer][cost], &t)
	s.lowest[layer] = min(s.lowest[layer], cost)
}

// key is what makes two states the same.
type key struct {
	stack [maxHeight]value
	done  uint32
}

// round takes a few states from every layer on; false if there are none.
func (s *solver) round() bool {
	any := false
	for layer := range s.queues {
		for range 8 {
			t := s.take(layer)
			if t == nil {
				break
			}
			any = true
			if int(t.gas)+s.estimate(t) < s.best+s.slack {
				s.expand(t)
			}
		}
	}
	return any
}

func (s *solver) take(layer int) *state {
	for ; s.lowest[layer] < maxCost; s.lowest[layer]++ {
		q := s.queues[layer][s.lowest[layer]]
		if n := len(q); n > 0 {
			t := q[n-1]
			q[n-1] = nil
			s.queues[layer][s.lowest[layer]] = q[:n-1]
			return t
		}
	}
	return nil
}

// expand offers what can follow a state for which estimate has just been called.
func (s *solver) expand(t *state) {
	s.report(t)
	if i := s.ready(t); i >= 0 { // what can be computed from the top is computed
		s.offer(t.operate(i, &s.ops[i]))
		return
	}
	need, have := slices.Clone(s.need), slices.Clone(s.have)
	var top value
	if t.height > 0 {
		top = t.stack[t.height-1]
	}
	if int(t.height) < s.problem.Height {
		for v := value(1); int(v) < len(s.names); v++ {
			if have[v] < need[v] && (have[v] > 0 || s.words[v]) && s.useful(t, v) {
				s.offer(t.push(v, have[v] > 0 && s.names[v] != "p"))
			}
		}
	}
	for d := 1; d < int(t.height); d++ {
		v := t.stack[int(t.height)-1-d]
		if v == top {
			continue
		}
		u := t.swap(d)
		// values from far below come up to be used, or to be dropped
		if d > 2 && s.ready(&u) < 0 && have[v] <= need[v] {
			continue
		}
		s.offer(u)
	}
	if top != 0 && have[top] > need[top] {
		s.offer(t.pop())
	}
}

// useful tells whether pushing v makes sense now: as another copy of the top, as a modulus, or as an operand of an
// operation that the values on top are for.
func (s *solver) useful(t *state, v value) bool {
	var top, below value
	if t.height > 0 {
		top = t.stack[t.height-1]
	}
	if t.height > 1 {
		below = t.stack[t.height-2]
	}
	if s.names[v] == "p" || v == top {
		return true
	}
	isP := func(v value) bool { return v != 0 && s.names[v] == "p" }
	for rest := s.full &^ t.done; rest != 0; rest &= rest - 1 {
		in := s.ops[bits.TrailingZeros32(rest)].in
		switch {
		case len(in) == 2 && slices.Contains(in, v):
			return true
		case len(in) == 3 && isP(top) && (in[0] == v || in[1] == v):
			return true
		case len(in) == 3 && isP(below) && (in[0] == v && in[1] == top || in[1] == v && in[0] == top):
			return true
		}
	}
	return false
}

// ready is an operation whose operands are on top, or -1.
func (s *solver) ready(t *state) int {
	for rest := s.full &^ t.done; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest)
		o := &s.ops[i]
		n, k := int(t.height), len(o.in)
		if n < k {
			continue
		}
		fits := true
		for j, v := range o.in {
			fits = fits && t.stack[n-1-j] == v
		}
		if fits || o.commutative && t.stack[n-1] == o.in[1] && t.stack[n-2] == o.in[0] && t.stack[n-3] == o.in[2] {
			return i
		}
	}
	return -1
}

func (t *state) next(kind byte, arg int, gas int) state {
	u := *t
	u.before, u.move, u.gas = t, move{kind, uint8(arg)}, t.gas+int16(gas)
	return u
}

func (t *state) operate(i int, o *operation) state {
	u := t.next('o', i, o.gas)
	u.height -= int8(len(o.in) - 1)
	clear(u.stack[u.height:])
	u.stack[u.height-1] = o.out
	u.done |= 1 << i
	return u
}

// push puts a value on top, by DUP if it is copied.
func (t *state) push(v value, copied bool) state {
	u := t.next('w', int(v), gasShort)
	if copied {
		for d := 1; d <= int(t.height); d++ {
			if t.stack[int(t.height)-d] == v {
				u.move = move{'d', uint8(d)}
				break
			}
		}
	}
	u.stack[u.height] = v
	u.height++
	return u
}

func (t *state) swap(d int) state {
	u := t.next('s', d, gasShort)
	n := int(t.height)
	u.stack[n-1], u.stack[n-1-d] = t.stack[n-1-d], t.stack[n-1]
	return u
}

func (t *state) pop() state {
	u := t.next('p', 0, gasPop)
	u.height--
	u.stack[u.height] = 0
	return u
}

// report keeps the program of a state that is an end.
func (s *solver) report(t *state) {
	if t.done != s.full || int(t.height) != len(s.problem.Out) {
		return
	}
	var order []string
	for _, v := range t.stack[:t.height] {
		if s.final[v] == 0 {
			return
		}
		order = append(order, s.names[v])
	}
	key := strings.Join(order, " ")
	if old, ok := s.found[key]; ok && old.Gas <= int(t.gas) {
		return
	}
	s.found[key] = Found{order, int(t.gas), s.program(t)}
	s.best = min(s.best, int(t.gas))
}

func (s *solver) program(t *state) string {
	var words []string
	for ; t.before != nil; t = t.before {
		switch m := t.move; m.kind {
		case 'd':
			words = append(words, fmt.Sprint("DUP", m.arg))
		case 's':
			words = append(words, fmt.Sprint("SWAP", m.arg))
		case 'w':
			words = append(words, s.names[m.arg])
		case 'o':
			words = append(words, s.ops[m.arg].text)
		default:
			words = append(words, "POP")
		}
	}
	slices.Reverse(words)
	return strings.Join(words, " ")
}
