// Package p256gen writes the EVM programs that verify P-256 signatures: [TableEngine] for a key with a table on chain,
// [NoTableEngine] for half-size scalars with checked hints, [PlainEngine] for the five words alone. [Engines] lists
// what is deployed, with creation code and address; the command in cmd/ writes them to contracts/p256.
//
// # Combs
//
// A scalar k below the group's order n is written with 256 or a few more digits that are all 1 or -1:
// k = Σ (2b_i - 1) 2^i with b = k/2 + (2^L - 1)/2 mod n, one ADDMOD (L = T·A digits; see [Comb]). Digits that never are
// zero mean additions that never are skipped: no branch, the same gas for every signature. A signed Lim-Lee comb cuts
// the L digits into T teeth of A columns; the T digits of a column select one of 2^(T-1) points and its sign. Several
// blocks of columns share the doublings.
//
// # Columns
//
// The digits are transposed once with shifts and masks (delta swaps), so that a column is a lane of a word: its index
// is the address of a point, ready for use, its sign a byte that is the memory address of 1 or of p-1. A point is
// negated by multiplying its y by that word of memory: cheaper than a choice. Where a table is copied to memory and is
// small, its negatives are written beside it and nothing is multiplied at all.
//
// # The accumulator
//
// The accumulator is (X, Y, ZZ, ZZZ) with x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ². It is held as four values
//
//	X, Z = -ZZ, A, C with A/C = -Y/ZZZ or +Y/ZZZ in turn
//
// because formulas that turn the sign of y with every step need one negation each instead of three:
//
//	addition of (x, y):   P = xZ + X, R = yC + A, Q = X·P²
//	                      X' = R² + P³ - 2Q, Z' = Z·P², A' = R(X' - Q) + A·P³, C' = C·P³
//	doubling, scaled by ½: V = A², S = X·V, M = 3/2 (X + Z)(X - Z)
//	                      X' = M² - 2S, Z' = V·Z, A' = M(X' - S) + V², C' = V·A·C
//
// Where doublings are many and additions few (the engines without a table, before G's columns begin) it is X, Z, A, T with
// x = X/Z², y = ±A/Z³ and T = -3/2·Z⁴: modified Jacobian coordinates, dearer to add to and cheaper to double.
//
//	addition of (x, y):   P = X - xZ², R = yZ³ + A, Q = X·P²
//	                      X' and A' as above, Z' = Z·P, T' = T·P⁴
//	doubling, scaled by ½: V = A², S = X·V, M = 3/2·X² + T
//	                      X' and A' as above, Z' = A·Z, T' = T·V²
//
// Which sign it is at which step is known when the program is written, and turned into the columns' signs.
//
// # Exceptions
//
// An addition of equal or opposite points has P = 0, so Z becomes 0 and stays 0 for good, whatever is added or doubled
// later. One test at the end catches every exception that there was, and hands the signature to the slow verifier,
// which is complete.
//
// # Schedules
//
// How these formulas are best done on a stack is data: schedules.json holds, for orders of the four values before and
// after, the cheapest program found by the search in search/. Values change places from step to step for free, since
// [Schedules] choose the cheapest chain of orders through the whole program. Tests interpret every schedule and compare
// it with the formulas, and run whole engines on curves so small that every signature can be tried.
package p256gen
