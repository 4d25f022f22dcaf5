// The engine without a table, with hints.

package p256gen

import (
	"fmt"
	"math/big"
)

// Memory of the engine without a table, after the flag of loops.
const (
	jointAt  = 0x100
	pointR   = 0x500
	pointQ   = 0x540
	valuesAt = 0x580
)

// The windows run from 63 down; the columns of G's comb begin at digit 31. What is in between is a loop.
const (
	loopWindows = 20
	tailWindows = 63 - 2*loopWindows
)

// noTableComb is that of G.
var noTableComb = NewComb(8, 1)

// noTableK0 is a scalar k0 without meaning: k0·G is added, so that the sum of a valid signature does not end at infinity.
func noTableK0(cv *Curve) *big.Int {
	k, _ := new(big.Int).SetString("5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed", 16)
	return k.Mod(k, cv.N)
}

// NoTableEngine writes the verifier without a table. Calldata: h, r, s, x, y and the hints w, yR, i1, i2, 32 bytes each.
//
// Let R' = -R be the point with x = r and y = yR. With a = ws, b = wr and c = wh modulo n, and w not zero, a signature is
// valid if aR' + bQ + cG = O. A w exists for which a and b (or n - b) are below 2^128: a short vector of a lattice, see
// package p256hint. That halves the doublings, and no inverse of s is needed. c is not short; its comb has 32 columns.
//
// Every hint is checked: yR by the curve's equation, w by the size of a and b, the inverses i1 and i2 (see jointPoints)
// by a product. A wrong hint costs gas and is never believed: the slow verifier decides.
func NoTableEngine(cv *Curve, s *Schedules, slow [20]byte) []byte {
	return withTable(cv, noTableComb, func(at int) *Asm { return noTableEngine(cv, s, slow, at) })
}

func noTableEngine(cv *Curve, s *Schedules, slow [20]byte, tableG int) *Asm {
	a := NewAsm()
	g := &source{newColumns("G", noTableComb, blocksAt(tableG, noTableComb)), "CODECOPY"}
	joint := &source{&windows{name: "T", base: jointAt}, "MCOPY"}
	w := noTableWalk(g, joint)
	negative := w.setSigns()

	f := &field{a: a, at: map[string]int{"Rx": pointR, "Ry": pointR + 32, "Qx": pointQ, "Qy": pointQ + 32}, next: valuesAt}
	checkRange(a, cv)
	a.Emit("0x%x =p", cv.P)
	checkPoints(f, cv)
	halfScalars(f, cv)
	a.Emit("$n 0x%x $n $n PUSH0 CALLDATALOAD $w MULMOD 0x%x MULMOD ADDMOD", noTableBias(cv), cv.halfN())
	g.split(a, f.store)
	a.Emit("0x%x $ao ADD 0x1 SHR 0x%x $bo ADD 0x1 SHR 0x80 SHL OR", ones(128), ones(128))
	joint.split(a, f.store)
	a.Emit("POP POP POP POP POP") // w a b ao bo
	jointPoints(f, cv, jointAt, "0xe0 CALLDATALOAD", "0x100 CALLDATALOAD")
	a.Emit("0x1 0x%x MSTORE", roundsAt)
	loadWords(a, w, f.at, func() {})
	constants(a, cv)
	w.emit(a, cv, s)
	a.Emit("0x%x MLOAD @correct JUMPI", f.at["corr"])
	compareWithK0(a, cv, negative)
	last := w.lastOrder(s)
	correct(f, cv, s, last, negative)
	a.Emit("_slow: 0xa0 PUSH0 PUSH0 CALLDATACOPY")
	askSlow(a, slow)
	bad(a)
	return a
}

// noTableBias is what makes a word b (see Comb.bias) of c/2: that of the comb, and half of k0.
func noTableBias(cv *Curve) *big.Int {
	o := noTableK0(cv)
	o.Mul(o, cv.halfN()).Add(o, noTableComb.bias(cv))
	return o.Mod(o, cv.N)
}

func noTableWalk(g, joint *source) walk {
	window := func(i int, withG bool) (out []step) {
		for digit := 2*i + 1; digit >= 2*i; digit-- {
			out = append(out, step{})
			if withG && digit < g.comb().A {
				out = append(out, step{g, digit})
			}
		}
		return append(out, step{joint, i})
	}
	var loop, between, tail []step
	for i := 62; i > 62-loopWindows; i-- {
		loop = append(loop, window(i, false)...)
	}
	withG := g.comb().A / 2
	for i := tailWindows - 1; i >= withG; i-- {
		between = append(between, window(i, false)...)
	}
	for i := withG - 1; i >= 0; i-- {
		tail = append(tail, window(i, true)...)
	}
	return walk{{jacobian, 1, []step{{joint, 63}}, 0}, {jacobian, 2, loop, loopWindows}, {jacobian, 1, between, 0}, {xyzz, 1, tail, 0}}
}

// checkPoints brings Q and R' to memory. A key that is no point makes the signature bad; a hint that makes no point is a
// wrong hint.
func checkPoints(f *field, cv *Curve) {
	f.a.Emit("$p 0x60 CALLDATALOAD LT $p 0x80 CALLDATALOAD LT AND ISZERO @_bad JUMPI")
	f.a.Emit("$p 0xc0 CALLDATALOAD LT ISZERO @_slow JUMPI")
	f.a.Emit("0x40 0x60 0x%x CALLDATACOPY 0x20 CALLDATALOAD 0x%x MSTORE 0xc0 CALLDATALOAD 0x%x MSTORE", pointQ, pointR, pointR+32)
	f.onCurve(cv, "Qx", "Qy")
	f.a.Emit("@_bad JUMPI")
	f.onCurve(cv, "Rx", "Ry")
	f.a.Emit("@_slow JUMPI")
}

// halfScalars leaves w, a, b and the odd scalars ao and bo beside a and b. Where b is above n/2, Q and b are turned. The
// value corr remembers which scalar was even: 1 for a, 2 for b.
func halfScalars(f *field, cv *Curve) {
	a := f.a
	a.Emit("0xa0 CALLDATALOAD =w $n 0x40 CALLDATALOAD $w MULMOD =a DUP1 ISZERO @_slow JUMPI")
	a.Emit("$n 0x20 CALLDATALOAD $w MULMOD =b 0x%x $b GT ISZERO @positive JUMPI $b $n SUB !b", new(big.Int).Rsh(cv.N, 1))
	f.set("Qy", "neg Qy")
	a.Emit("positive: 0x1 $a OR =ao 0x1 $b OR =bo $ao $bo OR 0x80 SHR @_slow JUMPI")
	a.Emit("$b $bo XOR 0x1 SHL $a $ao XOR OR")
	f.store("corr")
}

// compareWithK0 accepts if the accumulator is K0·G, and leaves everything else to the slow verifier.
func compareWithK0(a *Asm, cv *Curve, negative bool) {
	k := cv.Mul(noTableK0(cv), cv.G())
	y := k.Y
	if !negative {
		y = cv.Neg(k).Y
	}
	a.Emit("$p $X $p $Z 0x%x MULMOD ADDMOD $p $A $p $C 0x%x MULMOD ADDMOD OR $Z ISZERO OR @_slow JUMPI 0x1", k.X, y)
	reply(a)
}

// correct takes away R' or Q, whichever was added once too often to make its scalar odd. Hints that make both scalars
// even are wasteful, and not served.
func correct(f *field, cv *Curve, s *Schedules, before Order, negative bool) {
	a := f.a
	a.Emit("correct: 0x%x MLOAD 0x3 EQ @_slow JUMPI 0x%x MLOAD 0x1 EQ @takeR JUMPI", f.at["corr"], f.at["corr"])
	a.Emit("0x40 0x%x PUSH0 MCOPY @taken JUMP takeR: 0x40 0x%x PUSH0 MCOPY taken:", pointQ, pointR)
	y := fmt.Sprintf("0x%x MLOAD", pointY)
	if negative {
		y += " $p SUB"
	}
	define(a, y)
	after := s[Add].cheapest(before)
	a.Emit("%s", s[Add][before][after].Code)
	nameValues(a, after)
	compareWithK0(a, cv, !negative)
}
