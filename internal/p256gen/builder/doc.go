// Package builder writes the EVM program of P256TableFactory, the contract that computes a key's table on chain.
// [Factory] is the program; the committed artifact is contracts/p256/P256TableFactory.json.
//
// # Where a table gets its address
//
// build checks format and key, leaves both in transient storage and creates a contract by CREATE2 with the salt
// keccak256(format ‖ x ‖ y) and an init code that is always the same ([InitCode]): it calls its creator without calldata
// and returns what it is answered. That call comes back to the factory, which computes the table. So the address is a
// function of factory, format and key alone, and only this program can put code there. Between the writing of
// transient storage and its clearing nothing runs but this program, the init code and MODEXP: there is no call that
// somebody else could use to enter.
//
// # The computation
//
// One chain of doublings passes all teeth, the multiples 2^(kE + jA)·Q. It is done in modified Jacobian coordinates
// (X, A, Z, T), T = -3/2·Z⁴, with Z halved at each step and the sign of the point turned, which leaves 14 modular
// operations and one subtraction:
//
//	V = A², S = X·V, M = 3/2·X² + T, X' = M² - 2S, A' = M(X' - S) + V², Z' = A·Z, T' = V²·T
//
// The teeth are then brought to one common Z, the product W of all: that makes them affine points of a curve isomorphic
// to P-256, whose additions need no W. Sums of teeth come in pairs a + b and a - b, which share the inverse of
// x(a) - x(b). Two batches of inverses suffice: W goes into the first, together with the differences of x of two
// generations of sums, the second of which is written with the denominators of the first:
//
//	x(a±b) - x(c) = (N² - (x(a) + x(b) + x(c))·H²)/H², H = x(a) - x(b), N = y(a) ∓ y(b)
//
// Formats of four teeth need no second batch. Those of six and eight add each sum of the upper half of the teeth to each
// of the lower half, and to its negative.
//
// No addition here is ever exceptional: all points are multiples of Q by fixed numbers, and a test goes through all of
// them for equal and opposite ones. If MODEXP fails for want of gas, its answer is not an inverse, and nothing is built.
//
// # Why it does not take finished tables
//
// A table that is sent and proved, instead of computed, was considered and costs more. Bytes of calldata are 16 gas, a
// point 1,024; computing a point from two others takes about 370 for a pair of them. What would be saved is little: the
// teeth must still be shown to be the right multiples, and a doubling done here (226 gas) is cheaper than a word of
// calldata that helps to check it (512). On Osaka, in gas:
//
//	format   computing, all of it   calldata of the points   chain of doublings   checking the sums   sent and proved
//	4k                     91,800                   65,300               53,600               6,400           125,300
//	16k                   154,300                  261,400               54,200              25,600           341,200
//
// The first column is measured (gas.json), without 32,000 and 200 per byte, which both ways pay; the calldata counts one
// byte in 256 as zero; checking a sum of three points on a line takes four products, about 100 gas.
package builder
