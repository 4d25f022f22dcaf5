// The engine for h, r, s, x and y alone.

package p256gen

const (
	plainLoop   = 18 // windows in a pass
	plainPasses = 3
	plainTail   = 63 - plainLoop*plainPasses
)

// PlainEngine writes the verifier that needs nothing but the five words h, r, s, x, y: 1/s and one more inverse by
// MODEXP, signed windows of four digits of r/s with multiples of Q that are computed on the spot, and G's comb.
func PlainEngine(cv *Curve, s *Schedules, slow [20]byte) []byte {
	return withTable(cv, noTableComb, func(at int) *Asm { return plainEngine(cv, s, slow, at) })
}

func plainEngine(cv *Curve, s *Schedules, slow [20]byte, tableG int) *Asm {
	a := NewAsm()
	g := &source{newColumns("G", noTableComb, blocksAt(tableG, noTableComb)), "CODECOPY"}
	q := &source{&quads{name: "Q", base: jointAt}, "MCOPY"}
	w := plainWalk(g, q)
	w.setSigns()

	f := &field{a: a, at: map[string]int{"Qx": pointQ, "Qy": pointQ + 32}, next: valuesAt}
	checkRange(a, cv)
	a.Emit("0x%x =p $p 0x60 CALLDATALOAD LT $p 0x80 CALLDATALOAD LT AND ISZERO @_bad JUMPI", cv.P)
	a.Emit("0x40 0x60 0x%x CALLDATACOPY", pointQ)
	f.onCurve(cv, "Qx", "Qy")
	a.Emit("@_bad JUMPI %s PUSH0 MLOAD =w", modexp("0x40 CALLDATALOAD", minus(cv.N, 2).Text(16), "$n"))
	scalars(a, cv, noTableComb, NewComb(4, 1))
	g.split(a, f.store)
	q.split(a, f.store)
	a.Emit("POP") // w
	oddMultiples(f, cv, jointAt)
	a.Emit("0x%x 0x%x MSTORE", ones(plainPasses-1), roundsAt)
	loadWords(a, w, f.at, func() {})
	constants(a, cv)
	w.emit(a, cv, s)
	answer(a, cv)
	a.Emit("_slow: 0xa0 PUSH0 PUSH0 CALLDATACOPY")
	askSlow(a, slow)
	bad(a)
	return a
}

func plainWalk(g, q *source) walk {
	window := func(i int) (out []step) {
		for digit := 4*i + 3; digit >= 4*i; digit-- {
			out = append(out, step{})
			if digit < g.comb().A {
				out = append(out, step{g, digit})
			}
		}
		return append(out, step{q, i})
	}
	var loop, between, tail []step
	for i := 62; i > 62-plainLoop; i-- {
		loop = append(loop, window(i)...)
	}
	withG := g.comb().A / 4
	for i := plainTail - 1; i >= withG; i-- {
		between = append(between, window(i)...)
	}
	for i := withG - 1; i >= 0; i-- {
		tail = append(tail, window(i)...)
	}
	return walk{{jacobian, 1, []step{{q, 63}}, 0}, {jacobian, plainPasses, loop, plainLoop}, {jacobian, 1, between, 0}, {xyzz, 1, tail, 0}}
}
