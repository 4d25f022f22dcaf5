// Batches of inverses: differences are multiplied up, one inverse is taken, and sums are made going back.

package builder

import (
	"fmt"
	"math/big"
)

// A slot is the place of a difference; the product of those before it stands behind it.
type slot int

// collect takes a difference from the top, above the product, into the batch.
func (g *program) collect(s slot) {
	g.Emit("DUP1 0x%x MSTORE DUP2 0x%x MSTORE p SWAP2 MULMOD", int(s), int(s)+0x20)
}

// collectFar does so with other values between them; the product is the value named product.
func (g *program) collectFar(s slot) {
	g.Emit("DUP1 0x%x MSTORE $product 0x%x MSTORE p SWAP1 $product MULMOD !product", int(s), int(s)+0x20)
}

// prepareInverse writes what MODEXP is always given: lengths, exponent, modulus.
func (g *program) prepareInverse() {
	for i := range 3 {
		g.Emit("0x20 0x%x MSTORE", modLengths+0x20*i)
	}
	g.Emit("0x%x 0x%x MSTORE 0x%x 0x%x MSTORE", new(big.Int).Sub(g.prime, big.NewInt(2)), modExponent, g.prime, modModulus)
}

// invert replaces the top by its inverse. That it is one is checked: a call that had too little gas, or a chain without
// MODEXP, must not end in a table that is wrong.
func (g *program) invert() {
	g.Emit("DUP1 0x%x MSTORE 0x20 0x%x 0x%x #0 #5 GAS STATICCALL 0x%x MLOAD", modBase, modBase, modEnd, modBase)
	g.Emit("p DUP2 DUP5 MULMOD #1 EQ DUP3 AND ISZERO @_failed JUMPI SWAP2 POP POP")
}

// invertWithW inverts the product together with W, and writes W², 1/W² and 1/W³.
func (g *program) invertWithW() {
	g.Emit("DUP1 0x%x MSTORE p SWAP1 0x%x MLOAD MULMOD", beforeWeight, weight)
	g.invert()
	g.Emit("p DUP2 0x%x MLOAD MULMOD p DUP2 DUP1 MULMOD DUP1 0x%x MSTORE p SWAP2 MULMOD 0x%x MSTORE", beforeWeight, unscale2, unscale3)
	g.Emit("p SWAP1 0x%x MLOAD MULMOD p 0x%x MLOAD DUP1 MULMOD 0x%x MSTORE", weight, weight, weight2)
}

// A summand is a point in memory that another is added to: where y, -y and -x are.
type summand struct{ y, negY, negX int }

func tooth(at int) summand { return summand{at + 0x20, at + 0x60, at + 0x40} }
func sum(at int) summand   { return summand{at + 0x20, at + 0x40, at} }

// firstTooth chooses the point that others are added to and taken from, by the place of -x and -y.
func (g *program) firstTooth(at int) { g.Emit("0x%x MLOAD !nxa 0x%x MLOAD !nya", at+0x40, at+0x60) }

// firstPoint chooses a point by the place of x and y.
func (g *program) firstPoint(at int) {
	g.Emit("0x%x MLOAD p SUB !nxa 0x%x MLOAD p SUB !nya", at, at+0x20)
}

// sums leaves a - b and a + b above the product, which it takes the slot's difference out of: x and y of the difference,
// x and y of the sum on top. The inverse is multiplied by the word at factor, unless that is 0.
func (g *program) sums(b summand, s slot, factor int) {
	load := func(word string, at int) { g.Define(word, fmt.Sprintf("0x%x MLOAD", at)) }
	g.Define("nxa", "$nxa")
	g.Define("nya", "$nya")
	load("yb", b.y)
	load("nyb", b.negY)
	load("nxb", b.negX)
	load("difference", int(s))
	load("before", int(s)+0x20)
	if factor != 0 {
		g.Define("before", fmt.Sprintf("p 0x%x MLOAD 0x%x MLOAD MULMOD", factor, int(s)+0x20))
	}
	g.Emit(bothSums)
}

// storePoint writes x and y from the top.
func (g *program) storePoint(at int) { g.Emit("0x%x MSTORE 0x%x MSTORE", at+0x20, at) }

// storeSum writes -x, y and -y of the point on top.
func (g *program) storeSum(at int) {
	g.Emit("DUP1 0x%x MSTORE p SUB 0x%x MSTORE p SUB 0x%x MSTORE", at+0x20, at+0x40, at)
}

// unscale takes the point on top from the scaled curve to P-256.
func (g *program) unscale() {
	g.Emit("p SWAP1 0x%x MLOAD MULMOD SWAP1 p SWAP1 0x%x MLOAD MULMOD SWAP1", unscale3, unscale2)
}
