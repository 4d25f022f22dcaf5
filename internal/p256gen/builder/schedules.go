// The two formulas that are run most, as stack programs that a search found. Tests interpret them and compare them with
// the formulas.

package builder

// doubling turns X, T, A, Z (top last) into those of the doubled, negated point; see the package comment. It takes 226 gas
// with p and k at three each; 202 is a lower bound for any order of the values.
const doubling = `p DUP3 DUP1 MULMOD p p p DUP8 p DUP6 DUP3 MULMOD p SUB SWAP9 MULMOD k MULMOD DUP6 ADDMOD p p p p
 DUP5 DUP1 MULMOD DUP10 ADDMOD DUP9 ADDMOD DUP1 SWAP8 ADDMOD p SWAP2 MULMOD p p DUP4 p SWAP5 MULMOD DUP1 SWAP7 MULMOD
 SWAP5 ADDMOD SWAP2 p SWAP2 MULMOD`

// bothSums takes the running product of a batch of inverses and leaves the product without this one, then x and y of
// a - b, then y and x of a + b reversed: the order is sumsOrder. 292 gas, no less than 265.
const bothSums = `p DUP2 before MULMOD p nxa nxb ADDMOD p p nyb nya ADDMOD DUP4 MULMOD p p yb nya ADDMOD p p DUP5 DUP1
 MULMOD DUP6 ADDMOD SWAP5 MULMOD SWAP1 p DUP3 DUP1 MULMOD p p p nxa DUP9 ADDMOD p SWAP5 MULMOD nya ADDMOD SWAP4 ADDMOD
 SWAP1 p difference p DUP5 nxa ADDMOD SWAP7 MULMOD p SWAP2 p SWAP2 SWAP7 MULMOD nya ADDMOD`
