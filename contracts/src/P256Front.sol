// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/**
 * @title P256Front
 * @notice The seam behind which P-256 signatures are verified: P256VERIFY (EIP-7951, RIP-7212) where it is known to
 * answer, plain arithmetic elsewhere. Whether it answers is asked by {probe}, outside of validation, and remembered by
 * the caller; {verify} itself never tries the precompile to find out.
 *
 * Both paths accept the same signatures: `0 < r < n`, `0 < s <= n/2`, and a key on the curve.
 */
library P256Front {
    /// @dev Address of P256VERIFY.
    uint256 private constant P256VERIFY = 0x100;
    /// @dev Half the order of the group, rounded down: the largest `s` that is accepted.
    uint256 private constant HALF_N = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8;
    /// @dev Gas given to each call of a probe. EIP-7951 takes 6,900, RIP-7212 3,450. A chain that charges more than
    /// this counts as one without the precompile.
    uint256 internal constant PROBE_GAS = 50_000;

    /// @dev The caller of a probe gave too little gas for its result to mean anything.
    error ProbeNeedsMoreGas(uint256 available, uint256 needed);

    /**
     * @dev Whether `(r, s)` is a signature of the digest `h` by the key `(x, y)`. `native` says that P256VERIFY is known
     * to answer on this chain.
     *
     * Requirements: `(x, y)` is a point of the curve. The precompile and the arithmetic both check it again.
     */
    function verify(bool native, bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view returns (bool) {
        if (!native) return P256.verifySolidity(h, r, s, x, y);
        return uint256(s) <= HALF_N && _call(0, h, r, s, x, y);
    }

    /**
     * @dev Whether P256VERIFY answers on this chain: it must accept a signature known to be good and refuse one known
     * to be bad. Not for validation (ERC-7562 OP-041 forbids to call an address without code).
     *
     * A caller cannot bend the result by giving too little gas: the probe reverts unless each call can be given
     * PROBE_GAS in full (EIP-150 holds back one 64th), so that a failed call says something about the chain.
     */
    function probe() internal view returns (bool) {
        // RFC 6979, A.2.5: P-256, SHA-256, message "sample", with s in its low form.
        bytes32 h = 0xaf2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf;
        bytes32 r = 0xefd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716;
        bytes32 s = 0x0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9;
        bytes32 x = 0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6;
        bytes32 y = 0x7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299;
        return _probeCall(h, r, s, x, y) && !_probeCall(h ^ bytes32(uint256(1)), r, s, x, y);
    }

    function _probeCall(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) private view returns (bool) {
        // 64/63 of PROBE_GAS, and room for the cold access, the memory and the instructions until the call.
        uint256 needed = (PROBE_GAS * 64) / 63 + 10_000;
        uint256 available = gasleft();
        require(available >= needed, ProbeNeedsMoreGas(available, needed));
        return _call(PROBE_GAS, h, r, s, x, y);
    }

    /// @dev P256VERIFY: 32 bytes with the value 1 for a good signature, anything else (usually nothing) otherwise.
    /// With a `gasLimit` of 0 it gets all gas there is; GAS must then stand right before the call (ERC-7562 OP-012).
    function _call(
        uint256 gasLimit,
        bytes32 h,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y
    ) private view returns (bool valid) {
        assembly ("memory-safe") {
            let input := mload(0x40) // above the free memory pointer, which is not moved
            mstore(input, h)
            mstore(add(input, 0x20), r)
            mstore(add(input, 0x40), s)
            mstore(add(input, 0x60), x)
            mstore(add(input, 0x80), y)
            mstore(0x00, 0) // an answer shorter than a word leaves no trace of what stood here
            let success
            switch gasLimit
            case 0 {
                success := staticcall(gas(), P256VERIFY, input, 0xa0, 0x00, 0x20)
            }
            default {
                success := staticcall(gasLimit, P256VERIFY, input, 0xa0, 0x00, 0x20)
            }
            valid := and(success, and(eq(returndatasize(), 0x20), eq(mload(0x00), 1)))
        }
    }
}
