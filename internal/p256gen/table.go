// The engine with a table of the key.

package p256gen

import (
	"fmt"
	"math/big"
)

// Header is the length of what precedes the points in a table's code: 0x00, the format, x and y.
const Header = 66

// Table is an engine's shape: the combs of G, in its own code, and of Q, in the table of the key.
type Table struct {
	Format byte // second byte of the table's code
	G, Q   Comb
	// Each copies points one by one from the table instead of all at once: cheaper for long tables.
	Each bool
	// Rolled is how many of the last rows are a loop of two passes, where the code would be too long.
	Rolled int
}

// The formats of docs/formats.md.
var (
	Table512 = Table{Format: 0x11, G: NewComb(8, 1), Q: NewComb(4, 1)}
	Table1k  = Table{Format: 0x12, G: NewComb(8, 1), Q: NewComb(4, 2)}
	Table4k  = Table{Format: 0x13, G: NewComb(8, 2), Q: NewComb(6, 2), Rolled: 16}
	Table16k = Table{Format: 0x14, G: NewComb(8, 2), Q: NewComb(8, 2), Each: true}
)

// Code is the table contract of a key.
func (t Table) Code(cv *Curve, q Point) []byte {
	return append(append([]byte{0, t.Format}, Bytes([]Point{q})...), Bytes(cv.Table(t.Q, q))...)
}

// Memory above the signs: the flag of loops, and what follows it.
const (
	roundsAt = 0x80
	free     = 0xc0
)

// TableEngine writes the verifier with a table. Calldata: h, r, s, the table's address and, if the caller has it, 1/s,
// 32 bytes each. It answers one word, 1 or 0, whatever it is given. With u = h/s and v = r/s a signature is valid if
// uG + vQ has an x that is r modulo n.
//
// The table is the caller's to vouch for: the program adds what the table says.
func TableEngine(cv *Curve, t Table, s *Schedules, slow [20]byte) []byte {
	return withTable(cv, t.G, func(at int) *Asm { return tableEngine(cv, t, s, slow, at) })
}

// withTable appends the table of G's comb to a program that has to know where it begins.
func withTable(cv *Curve, g Comb, program func(at int) *Asm) []byte {
	at := 0x1000 // any address of two bytes
	code := program(at).Bytes()
	for at != len(code) {
		at = len(code)
		code = program(at).Bytes()
	}
	return append(code, Bytes(cv.Table(g, cv.G()))...)
}

func tableEngine(cv *Curve, t Table, s *Schedules, slow [20]byte, tableG int) *Asm {
	a := NewAsm()
	g := &source{newColumns("G", t.G, blocksAt(tableG, t.G)), "CODECOPY"}
	q := &source{copy: "MCOPY"}
	switch {
	case t.Each:
		q = &source{newColumns("Q", t.Q, blocksAt(Header, t.Q)), "$table EXTCODECOPY"}
	case t.Q.T == 4:
		q.columns = newMirrored("Q", t.Q, free+512)
	default:
		q.columns = newColumns("Q", t.Q, blocksAt(free, t.Q))
	}
	w := t.walk(g, q)
	w.setSigns()

	checkRange(a, cv)
	a.Emit("0x80 CALLDATALOAD =w")
	inverse(a, cv)
	scalars(a, cv, t.G, t.Q)
	places := map[string]int{}
	spill := func(word string) {
		places[word] = free + 32*len(places)
		a.Emit("0x%x MSTORE", places[word])
	}
	g.split(a, spill) // n w v u
	q.split(a, spill)
	a.Emit("POP POP")
	loadWords(a, w, places, func() {
		if t.Each {
			a.Emit("0x60 CALLDATALOAD =table")
		}
	})
	constants(a, cv)
	if t.Rolled > 0 {
		a.Emit("0x1 0x%x MSTORE", roundsAt)
	}
	if !t.Each {
		from := free
		if t.Q.T == 4 {
			from += 512
		}
		a.Emit("#%d #%d 0x%x 0x60 CALLDATALOAD EXTCODECOPY", t.Q.Points()*64, Header, from)
		if t.Q.T == 4 {
			mirror(a, t.Q.V, from)
		}
	}
	w.emit(a, cv, s)
	answer(a, cv)
	a.Emit("_slow: 0x60 PUSH0 PUSH0 CALLDATACOPY 0x40 0x2 0x60 0x60 CALLDATALOAD EXTCODECOPY")
	askSlow(a, slow)
	invert(a, cv)
	bad(a)
	return a
}

// blocksAt is where the blocks of a comb lie that begin at an address.
func blocksAt(at int, c Comb) func(int) int {
	return func(block int) int { return at + 64*block*c.BlockPoints() }
}

// walk goes through the columns row by row, from the highest of every block, with a doubling between rows.
func (t Table) walk(g, q *source) walk {
	rows := max(t.G.E, t.Q.E)
	row := func(i int) (out []step) {
		if i < rows-1 {
			out = append(out, step{})
		}
		for _, src := range []*source{q, g} {
			c := src.comb()
			for b := range c.V {
				if col := b*c.E + i; i < c.E && col < c.A {
					out = append(out, step{src, col})
				}
			}
		}
		return out
	}
	var head, loop []step
	for i := rows - 1; i >= t.Rolled; i-- {
		head = append(head, row(i)...)
	}
	if t.Rolled == 0 {
		return walk{{xyzz, 1, head, 0}}
	}
	for i := t.Rolled - 1; i >= t.Rolled/2; i-- {
		loop = append(loop, row(i)...)
	}
	return walk{{xyzz, 1, head, 0}, {xyzz, 2, loop, t.Rolled / 2}}
}

// loadWords brings the words of the sources to the stack: those for signs last, since they are looked for from higher up.
func loadWords(a *Asm, w walk, places map[string]int, between func()) {
	load := func(words []string) {
		for _, x := range words {
			a.Emit("0x%x MLOAD =%s", places[x], x)
		}
	}
	var offsets, signs []string
	for _, src := range w.sources() {
		o, s := src.words()
		offsets, signs = append(o, offsets...), append(signs, s...)
	}
	load(offsets)
	a.Emit("0xffff =lane")
	a.Define("LANE", "$lane")
	between()
	load(signs)
}

// constants puts 1 and p-1 where signs point to, and 3/2 and p on the stack.
func constants(a *Asm, cv *Curve) {
	k := cv.halfP()
	k.Mul(k, big.NewInt(3)).Mod(k, cv.P)
	a.Emit("0x1 0x%x MSTORE 0x%x 0x%x MSTORE 0x%x =k 0x%x =p", plusAt, minus(cv.P, 1), minusAt, k, cv.P)
}

// checkRange refuses r and s outside of 1…n-1, and names n.
func checkRange(a *Asm, cv *Curve) {
	last := minus(cv.N, 1)
	a.Emit("0x%x =n 0x1 0x20 CALLDATALOAD SUB 0x%x GT 0x1 0x40 CALLDATALOAD SUB 0x%x GT AND ISZERO @_bad JUMPI", cv.N, last, last)
}

// inverse makes w, the top of the stack, 1/s: it is that already, or is computed (see invert).
func inverse(a *Asm, cv *Curve) {
	a.Emit("$n $w 0x40 CALLDATALOAD MULMOD 0x1 XOR @inverse JUMPI inverted:")
}

// scalars leaves the words b (see Comb.bias) of r/s and h/s on top, that of h/s highest.
func scalars(a *Asm, cv *Curve, g, q Comb) {
	a.Emit("$n 0x%x $w MULMOD !w", cv.halfN())
	a.Emit("$n 0x%x $n $w 0x20 CALLDATALOAD MULMOD ADDMOD", q.bias(cv))
	a.Emit("$n 0x%x $n $w PUSH0 CALLDATALOAD MULMOD ADDMOD", g.bias(cv))
}

// answer compares x of the accumulator with r, and in the one case in 2^128 that there is room for it, with r + n.
func answer(a *Asm, cv *Curve) {
	a.Emit("$Z ISZERO $p $X $p $Z 0x20 CALLDATALOAD MULMOD ADDMOD ISZERO GT DUP1 ISZERO @rare JUMPI")
	reply(a)
	a.Emit("rare: POP $Z ISZERO @_slow JUMPI 0x%x 0x20 CALLDATALOAD LT", new(big.Int).Sub(cv.P, cv.N))
	a.Emit("$p $X $p $Z 0x%x 0x20 CALLDATALOAD ADD MULMOD ADDMOD ISZERO AND", cv.N)
	reply(a)
}

// reply returns the top of the stack.
func reply(a *Asm) { a.Emit("PUSH0 MSTORE 0x20 PUSH0 RETURN") }

// askSlow passes h, r, s, x and y, from the beginning of memory, on to the slow verifier. What it says is the answer; if
// it says nothing, for want of gas, there is none: see answerOf.
func askSlow(a *Asm, slow [20]byte) {
	a.Emit("%s 0x20 PUSH0 RETURN", answerOf("0xa0 PUSH0", fmt.Sprintf("0x%x", slow)))
}

// answerOf asks a contract, with so much of memory (its size and its beginning), and brings the word that it answers to
// memory at 0. Where there is none, since the callee had too little gas or is not on the chain, RETURNDATACOPY fails, and
// the whole program with it: a verdict that nobody reached is not given. Whether the call failed is not asked besides:
// neither MODEXP nor the slow verifier has a way to fail that leaves data.
func answerOf(input, contract string) string {
	return "PUSH0 PUSH0 " + input + " " + contract + " GAS STATICCALL POP 0x20 PUSH0 PUSH0 RETURNDATACOPY"
}

// invert is the remote part of inverse: s^(n-2), by the precompile MODEXP.
func invert(a *Asm, cv *Curve) {
	a.Emit("inverse: %s", modexp("0x40 CALLDATALOAD", minus(cv.N, 2).Text(16), "$n"))
	a.Emit("PUSH0 MLOAD !w @inverted JUMP")
}

// modexp computes base^exponent by the precompile, into memory at 0; it uses the memory up to 0xc0.
func modexp(base, exponent, modulus string) string {
	return fmt.Sprintf("0x20 PUSH0 MSTORE 0x20 0x20 MSTORE 0x20 0x40 MSTORE %s 0x60 MSTORE 0x%s 0x80 MSTORE %s 0xa0 MSTORE %s",
		base, exponent, modulus, answerOf("0xc0 PUSH0", "0x5"))
}

// bad is where the answer is no.
func bad(a *Asm) {
	a.Emit("_bad: PUSH0")
	reply(a)
}
