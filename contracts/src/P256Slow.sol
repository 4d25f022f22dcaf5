// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/**
 * @title P256Slow
 * @notice Verifies ECDSA signatures on P-256 (secp256r1), completely: every input gets its right answer, whatever points
 * meet on the way. The fast verifiers hand over to it whenever one of their shortcuts does not hold, so it prefers being
 * plain to being quick. It has no state, no owner and no function but this:
 *
 * Calldata: `h ‖ r ‖ s ‖ x ‖ y`, five words of 32 bytes, big endian. `h` is the digest that was signed, `(x, y)` the key.
 * Returns: one word, 1 if the signature is valid and 0 otherwise. Never reverts for any calldata.
 *
 * Checked: the length is 160 bytes; `0 < r < n` and `0 < s < n`; `x < p`, `y < p` and `(x, y)` is on the curve (which
 * leaves out infinity: `(0, 0)` is not); the point `R = (h/s)·G + (r/s)·(x, y)` is not infinity; `x(R) mod n = r`, that
 * is `x(R) = r` or `x(R) = r + n`. These are the rules of EIP-7951.
 *
 * Not checked: that `s` is low (both `s` and `n - s` are valid, as in the standard: callers that need one form decide);
 * how `h` was made.
 *
 * Too little gas makes the whole call fail. It is never answered with 0: that would be a lie about the signature.
 */
contract P256Slow {
    /// @dev The prime of the field.
    uint256 private constant P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff;
    /// @dev The order of the group of points of y² = x³ - 3x + b.
    uint256 private constant N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;

    /// @dev Not payable: nothing could get out again.
    fallback() external {
        assembly ("memory-safe") {
            // Points are (X, Y, Z², Z³) with x = X/Z², y = Y/Z³; only the two powers of Z are kept. Infinity is
            // Z² = 0. No point but infinity has y = 0, because the order of the group is odd.

            /// -2·P, so that two of them are 4·P. Everything is scaled by Z → Z/2, which turns 2Y into Y and 3(X² - Z⁴)
            /// into its half. Infinity gives infinity.
            function minusDouble(x1, y1, zz1, zzz1) -> x3, y3, zz3, zzz3 {
                let v := mulmod(y1, y1, P)
                let minusS := sub(P, mulmod(x1, v, P))
                // 3/2 (X - Z²)(X + Z²)
                let m := mulmod(
                    0x7fffffff80000000800000000000000000000000800000000000000000000001,
                    mulmod(addmod(x1, zz1, P), addmod(x1, sub(P, zz1), P), P),
                    P
                )
                zzz3 := mulmod(mulmod(y1, v, P), zzz1, P)
                zz3 := mulmod(v, zz1, P)
                x3 := addmod(addmod(mulmod(m, m, P), minusS, P), minusS, P)
                // -(m(S - X₃) - Y⁴)
                y3 := addmod(mulmod(m, addmod(x3, minusS, P), P), mulmod(v, v, P), P)
            }

            /// P + the point at `at`, whichever they are.
            function add_(x1, y1, zz1, zzz1, at) -> x3, y3, zz3, zzz3 {
                let zz2 := mload(add(at, 0x40))
                let u1 := mulmod(x1, zz2, P)
                let s1 := mulmod(y1, mload(add(at, 0x60)), P)
                // What x and y differ by: h = X₂·Z₁² - X₁·Z₂², t = Y₂·Z₁³ - Y₁·Z₂³.
                let h := addmod(mulmod(mload(at), zz1, P), sub(P, u1), P)
                let t := addmod(mulmod(mload(add(at, 0x20)), zzz1, P), sub(P, s1), P)
                let hh := mulmod(h, h, P)
                zz3 := mulmod(mulmod(zz1, zz2, P), hh, P)
                // Zero is never the Z² of a sum that these formulas can give: a point is infinity, or both have one x.
                if iszero(zz3) {
                    if iszero(zz1) {
                        // infinity + the other
                        x3 := mload(at)
                        y3 := mload(add(at, 0x20))
                        zz3 := zz2
                        zzz3 := mload(add(at, 0x60))
                        leave
                    }
                    if iszero(zz2) {
                        // P + infinity
                        x3 := x1
                        y3 := y1
                        zz3 := zz1
                        zzz3 := zzz1
                        leave
                    }
                    // Same x. Same y too: double. Otherwise the points are opposite, and the sum is infinity: zeros.
                    if iszero(t) {
                        x3, y3, zz3, zzz3 := minusDouble(x1, y1, zz1, zzz1)
                        y3 := sub(P, y3)
                    }
                    leave
                }
                let hhh := mulmod(h, hh, P)
                zzz3 := mulmod(mulmod(zzz1, mload(add(at, 0x60)), P), hhh, P)
                u1 := mulmod(u1, hh, P)
                x3 := addmod(mulmod(t, t, P), sub(P, addmod(hhh, addmod(u1, u1, P), P)), P)
                y3 := addmod(mulmod(t, addmod(u1, sub(P, x3), P), P), sub(P, mulmod(s1, hhh, P)), P)
            }

            function store(at, x, y, zz, zzz) {
                mstore(at, x)
                mstore(add(at, 0x20), y)
                mstore(add(at, 0x40), zz)
                mstore(add(at, 0x60), zzz)
            }

            /// Stores the sum of the points at `a` and `b` at `to`.
            function storeSum(to, a, b) {
                let x, y, zz, zzz := add_(mload(a), mload(add(a, 0x20)), mload(add(a, 0x40)), mload(add(a, 0x60)), b)
                store(to, x, y, zz, zzz)
            }

            function answer(valid) {
                mstore(0x00, valid)
                return(0x00, 0x20)
            }

            let r := calldataload(0x20)
            {
                let s := calldataload(0x40)
                let x := calldataload(0x60)
                let y := calldataload(0x80)
                let good := eq(calldatasize(), 0xa0)
                // 0 < r < n: subtracting 1 turns 0 into the largest number
                good := and(good, lt(sub(r, 1), sub(N, 1)))
                good := and(good, lt(sub(s, 1), sub(N, 1)))
                good := and(good, and(lt(x, P), lt(y, P)))
                let cubic := addmod(
                    mulmod(x, addmod(mulmod(x, x, P), sub(P, 3), P), P),
                    0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
                    P
                )
                good := and(good, eq(mulmod(y, y, P), cubic))
                if iszero(good) {
                    answer(0)
                }
            }

            // sixteen points of 0x80 bytes: i·G + j·Q at index 4j + i, with i and j from 0 to 3
            let points := mload(0x40)
            let u1
            let u2
            {
                // 1/s = s^(n-2) mod n, by MODEXP (EIP-198): three lengths, base, exponent, modulus
                mstore(points, 0x20)
                mstore(add(points, 0x20), 0x20)
                mstore(add(points, 0x40), 0x20)
                mstore(add(points, 0x60), calldataload(0x40))
                mstore(add(points, 0x80), sub(N, 2))
                mstore(add(points, 0xa0), N)
                let done := staticcall(gas(), 5, points, 0xc0, 0x00, 0x20)
                // It cannot fail but for want of gas (or of the precompile, on a chain that is none of ours).
                if iszero(and(done, eq(returndatasize(), 0x20))) {
                    invalid()
                }
                let inverse := mload(0x00)
                u1 := mulmod(calldataload(0x00), inverse, N)
                u2 := mulmod(r, inverse, N)
            }

            store(points, 0, 0, 0, 0)
            store(
                add(points, 0x080),
                0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
                0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5,
                1,
                1
            )
            storeSum(add(points, 0x100), add(points, 0x080), add(points, 0x080))
            storeSum(add(points, 0x180), add(points, 0x100), add(points, 0x080))
            store(add(points, 0x200), calldataload(0x60), calldataload(0x80), 1, 1)
            storeSum(add(points, 0x400), add(points, 0x200), add(points, 0x200))
            storeSum(add(points, 0x600), add(points, 0x400), add(points, 0x200))
            for {
                let row := 0x200
            } lt(row, 0x800) {
                row := add(row, 0x200)
            } {
                for {
                    let column := 0x080
                } lt(column, 0x200) {
                    column := add(column, 0x080)
                } {
                    storeSum(add(points, add(row, column)), add(points, column), add(points, row))
                }
            }

            // R = u1·G + u2·Q, two bits of both at a time, from the top
            let x, y, zz, zzz
            for {
                let bit := 254
            } 1 {
                bit := sub(bit, 2)
            } {
                let at := or(shl(7, and(shr(bit, u1), 3)), shl(9, and(shr(bit, u2), 3)))
                if at {
                    x, y, zz, zzz := add_(x, y, zz, zzz, add(points, at))
                }
                if iszero(bit) {
                    break
                }
                x, y, zz, zzz := minusDouble(x, y, zz, zzz)
                x, y, zz, zzz := minusDouble(x, y, zz, zzz)
            }

            // x(R) = X/Z² is r, or r + n where that is below p
            let same := eq(x, mulmod(r, zz, P))
            let reduced := and(lt(r, sub(P, N)), eq(x, mulmod(add(r, N), zz, P)))
            answer(and(iszero(iszero(zz)), or(same, reduced)))
        }
    }
}
