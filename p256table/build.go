package p256table

import (
	"fmt"
	"sync"
)

// plans are made once and never changed.
var plans = map[Format]func() *plan{
	Format512: sync.OnceValue(func() *plan { return combPlan(layouts[Format512]) }),
	Format1k:  sync.OnceValue(func() *plan { return combPlan(layouts[Format1k]) }),
	Format4k:  sync.OnceValue(func() *plan { return combPlan(layouts[Format4k]) }),
	Format16k: sync.OnceValue(func() *plan { return combPlan(layouts[Format16k]) }),
	FCL:       fclPlan,
}

// Build returns the table of key k: the whole code of its contract, [Format.Size] bytes.
func Build(f Format, k Key) ([]byte, error) {
	b, err := newBuilder(f, 1)
	if err != nil {
		return nil, err
	}
	codes, err := b.build([]Key{k})
	if err != nil {
		return nil, err
	}
	return codes[0], nil
}

// A builder builds tables of one format for up to most keys at once, again and again.
type builder struct {
	format Format
	work   *work
	points []affine
	most   int
}

func newBuilder(f Format, most int) (*builder, error) {
	p, ok := plans[f]
	if !ok {
		return nil, &Error{Cause: ErrFormat, Seen: f.String()}
	}
	return &builder{format: f, work: newWork(p(), most), most: most}, nil
}

// build returns the tables in the order of the keys, each in memory of its own.
func (b *builder) build(keys []Key) ([][]byte, error) {
	b.points = b.points[:0]
	for _, k := range keys {
		if k == (Key{}) {
			return nil, &Error{Cause: ErrNoKey}
		}
		b.points = append(b.points, k.point())
	}
	if err := b.work.run(b.points); err != nil {
		return nil, err
	}
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = b.encode(k, b.work.of(i))
	}
	return out, nil
}

// encode writes the code: header or label, then the points.
func (b *builder) encode(k Key, points []affine) []byte {
	code := make([]byte, b.format.Size())
	at := headerSize
	if b.format == FCL {
		at, points = 64, points[1:]
		copy(code[32:], fclLabel)
	} else {
		code[1] = byte(b.format)
		copy(code[2:], k.x[:])
		copy(code[34:], k.y[:])
	}
	for i := range (len(code) - at) / 64 {
		points[i].put(code[at+64*i:])
	}
	return code
}

// work is the memory of a plan for several keys. The points of key i are points[i*places:].
type work struct {
	plan     *plan
	points   []affine
	chain    []jacobian // of key i: one for each tooth
	inv, tmp []elem
}

func newWork(p *plan, most int) *work {
	longest := len(p.teeth)
	for _, level := range p.levels {
		longest = max(longest, len(level))
	}
	return &work{
		plan: p, points: make([]affine, most*p.places), chain: make([]jacobian, most*len(p.teeth)),
		inv: make([]elem, most*longest), tmp: make([]elem, most*longest),
	}
}

// of gives the points of key i.
func (w *work) of(i int) []affine { return w.points[i*w.plan.places : (i+1)*w.plan.places] }

// run carries the plan out for the keys.
func (w *work) run(keys []affine) error {
	for i := range keys {
		copy(w.of(i)[1:], w.plan.fixed)
	}
	w.double(keys)
	for _, level := range w.plan.levels {
		if err := w.sum(level, len(keys)); err != nil {
			return err
		}
	}
	return nil
}

// double puts the teeth of all keys in their places, with one inversion.
func (w *work) double(keys []affine) {
	t := w.plan.teeth
	for i, k := range keys {
		p, at := jacobian{k.x, k.y, montOne}, 0
		for j := range t {
			for ; at < t[j].exponent; at++ {
				p.double()
			}
			w.chain[i*len(t)+j], w.inv[i*len(t)+j] = p, p.z
		}
	}
	n := len(keys) * len(t)
	invAll(w.inv[:n], w.tmp) // no z is 0: no doubling of a point of odd order is infinity
	for i := range n {
		w.of(i / len(t))[t[i%len(t)].place] = w.chain[i].affine(&w.inv[i])
	}
}

// sum carries out one level for n keys, with one inversion.
func (w *work) sum(level []step, n int) error {
	inv := w.inv[:0]
	for i := range n {
		of := w.of(i)
		for _, s := range level {
			inv = inv[:len(inv)+1]
			inv[len(inv)-1].sub(&of[s.b].x, &of[s.a].x)
		}
	}
	if !invAll(inv, w.tmp) {
		return w.sumSlow(level, n)
	}
	for i := range n {
		of := w.of(i)
		for j, s := range level {
			d := &inv[i*len(level)+j]
			of[s.plus].add(&of[s.a], &of[s.b], d, false)
			if s.minus != none {
				of[s.minus].add(&of[s.a], &of[s.b], d, true)
			}
		}
	}
	return nil
}

// sumSlow is sum where two points share an x: only FCL's layout has keys for which that happens.
func (w *work) sumSlow(level []step, n int) error {
	for i := range n {
		of := w.of(i)
		for _, s := range level {
			fine := of[s.plus].addSlow(&of[s.a], &of[s.b], false)
			if fine && s.minus != none {
				fine = of[s.minus].addSlow(&of[s.a], &of[s.b], true)
			}
			if !fine {
				return &Error{Cause: ErrNoFCL, Where: fmt.Sprintf("point %d", s.plus), Seen: "infinity"}
			}
		}
	}
	return nil
}
