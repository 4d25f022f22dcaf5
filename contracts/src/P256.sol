// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256_TABLE_512, P256_TABLE_1K, P256_TABLE_4K, P256_TABLE_16K} from "./P256Addresses.sol";
import {P256_NO_TABLE, P256_PLAIN, P256_SLOW} from "./P256Addresses.sol";
import {P256_TABLE_FACTORY, P256_TABLE_INIT_CODE_HASH} from "./P256Addresses.sol";

/**
 * @title P256
 * @notice ECDSA on P-256 (secp256r1), the cheapest way there is on a chain. There are three:
 *
 * - P256VERIFY (EIP-7951, RIP-7212), where it answers ({probe});
 * - an engine with a table of the key, where somebody has built one ({buildTable}), in one of four sizes;
 * - an engine without a table.
 *
 * Which one is the caller's to remember, in its own storage: it is the `path` of {verify}. All of them give every
 * signature the same verdict, and none of it rests on what the signer's helpers say: `hints` save gas, and where they
 * are missing, wrong or meant for another path the verdict is the same.
 *
 * Too little gas makes the whole call fail. It is never answered with false: that would be a lie about the signature.
 *
 * For validation under ERC-7562: {verify} calls no address without code, if `path` is true of the chain and
 * {missingEngine} has said that the engines are there.
 */
library P256 {
    /// @dev The path of a key that has no table.
    uint8 internal constant NO_TABLE = 0x00;
    /// @dev The path over P256VERIFY.
    uint8 internal constant PRECOMPILE = 0x01;
    /// @dev The path over a table of 8 points, 512 bytes and a header; {isFormat} knows the formats.
    uint8 internal constant TABLE_512 = 0x11;
    uint8 internal constant TABLE_1K = 0x12;
    uint8 internal constant TABLE_4K = 0x13;
    uint8 internal constant TABLE_16K = 0x14;

    /// @dev Gas given to each call of a probe. EIP-7951 takes 6,900, RIP-7212 3,450. A chain that charges more than
    /// this counts as one without the precompile.
    uint256 internal constant PROBE_GAS = 50_000;

    address private constant P256VERIFY = 0x0000000000000000000000000000000000000100;
    /// @dev Half the order of the group, rounded down: the largest `s` that is low.
    uint256 private constant HALF_N = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8;
    /// @dev The prime of the field.
    uint256 private constant P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff;
    /// @dev The curve is y² = x³ - 3x + B.
    uint256 private constant B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b;

    /// @dev The caller of a probe gave too little gas for its result to mean anything.
    error ProbeNeedsMoreGas(uint256 available, uint256 needed);
    /// @dev No table has this format.
    error UnknownTableFormat(uint8 format);
    /// @dev The point is not on P-256, or a coordinate is not below p.
    error KeyNotOnCurve(bytes32 x, bytes32 y);
    /// @dev The factory of tables is not on this chain: {missingEngine} names it.
    error TableFactoryMissing(address factory);
    /// @dev The factory did not build the table: it was given too little gas.
    error TableNotBuilt(uint8 format, address table);

    /**
     * @dev Whether `(r, s)` is a signature of the digest `h` by the key `(x, y)`, with a low `s`: of the two forms that
     * every signature has, `s` and `n - s`, only the one up to n/2 is taken.
     *
     * `path` is PRECOMPILE, the format of the key's table if that table is on the chain, or NO_TABLE. A path that is none
     * of these is NO_TABLE. `hints` is empty, 32 bytes (1/s modulo n, for a table) or 128 bytes (for no table); anything
     * else is as good as empty.
     */
    function verify(
        uint8 path,
        bytes32 h,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y,
        bytes calldata hints
    ) internal view returns (bool) {
        return isLow(s) && verifyAny(path, h, r, s, x, y, hints);
    }

    /// @dev {verify} with both forms of `s`: the semantics of EIP-7951 and RIP-7212.
    function verifyAny(
        uint8 path,
        bytes32 h,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y,
        bytes calldata hints
    ) internal view returns (bool) {
        address table = isFormat(path) ? tableOf(path, x, y) : address(0);
        uint256 input;
        uint256 hintsAt;
        assembly ("memory-safe") {
            input := mload(0x40) // above the free memory pointer, which is not moved
            mstore(input, h)
            mstore(add(input, 0x20), r)
            mstore(add(input, 0x40), s)
            mstore(add(input, 0x60), x)
            mstore(add(input, 0x80), y)
            hintsAt := hints.offset
        }
        return ask(path, table, input, hintsAt, hints.length);
    }

    /// @dev Whether `s` is at most n/2.
    function isLow(bytes32 s) internal pure returns (bool) {
        return uint256(s) <= HALF_N;
    }

    /**
     * @dev {verifyAny} with `h r s x y` in memory at `input`, `table` as {tableOf} gives it for a path over a table, and
     * `hintsLength` bytes of hints at `hintsAt` of the calldata. Writes up to 288 bytes from `input` on and the first word
     * of memory.
     *
     * Requirements: for a path over a table, the table is on the chain. An engine would read one that is not as zeros, and
     * for that "key" anybody can make signatures.
     */
    function ask(
        uint256 path,
        address table,
        uint256 input,
        uint256 hintsAt,
        uint256 hintsLength
    ) internal view returns (bool valid) {
        assembly ("memory-safe") {
            let engine := P256VERIFY
            let length := 0xa0
            if xor(path, PRECOMPILE) {
                engine := 0
                switch path
                case 0x13 {
                    engine := P256_TABLE_4K
                }
                case 0x12 {
                    engine := P256_TABLE_1K
                }
                case 0x14 {
                    engine := P256_TABLE_16K
                }
                case 0x11 {
                    engine := P256_TABLE_512
                }
                switch engine
                case 0 {
                    engine := P256_PLAIN
                    if eq(hintsLength, 0x80) {
                        engine := P256_NO_TABLE
                        length := 0x120
                        calldatacopy(add(input, 0xa0), hintsAt, 0x80)
                    }
                }
                default {
                    mstore(add(input, 0x60), table)
                    length := 0x80
                    if eq(hintsLength, 0x20) {
                        length := 0xa0
                        mstore(add(input, 0x80), calldataload(hintsAt))
                    }
                }
            }
            // GAS stands right before each call (ERC-7562 OP-012).
            let success := staticcall(gas(), engine, input, length, 0x00, 0x20)
            if iszero(success) {
                // An engine fails for want of gas only. A precompile of some chain might also fail for a bad signature,
                // so that the arithmetic must decide; where gas was wanting, this fails too, for ever less of it. Nor
                // is it an answer where the engine is not on the chain.
                if xor(path, PRECOMPILE) {
                    revert(0x00, 0x00)
                }
                success := staticcall(gas(), P256_PLAIN, input, 0xa0, 0x00, 0x20)
                if iszero(and(success, eq(returndatasize(), 0x20))) {
                    revert(0x00, 0x00)
                }
            }
            // P256VERIFY answers a good signature with 1 and a bad one with nothing, the engines with 1 and 0.
            valid := and(eq(returndatasize(), 0x20), eq(mload(0x00), 1))
        }
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

    /// @dev Whether `(x, y)` is a point of P-256 with coordinates below p. Infinity has no such coordinates.
    function isOnCurve(bytes32 x, bytes32 y) internal pure returns (bool result) {
        assembly ("memory-safe") {
            let cubic := addmod(mulmod(x, addmod(mulmod(x, x, P), sub(P, 3), P), P), B, P)
            result := and(and(lt(x, P), lt(y, P)), eq(mulmod(y, y, P), cubic))
        }
    }

    /// @dev Whether there are tables of this format.
    function isFormat(uint8 format) internal pure returns (bool) {
        return format >= TABLE_512 && format <= TABLE_16K;
    }

    /**
     * @dev Where the key's table of a format is. That there is code at this address says that it is that table: only
     * the factory can put code there, and it puts no other. Says nothing of whether there is any.
     *
     * Requirements: {isFormat}; the factory builds tables for points of the curve only.
     */
    function tableOf(uint8 format, bytes32 x, bytes32 y) internal pure returns (address) {
        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40) // above the free memory pointer, which is not moved
            mstore(add(buffer, 0x01), x)
            mstore(add(buffer, 0x21), y)
        }
        return tableAt(buffer, format);
    }

    /// @dev {tableOf} with `x ‖ y` in memory at `buffer` + 1. Overwrites 96 bytes from `buffer` on.
    function tableAt(uint256 buffer, uint256 format) internal pure returns (address table) {
        assembly ("memory-safe") {
            mstore8(buffer, format)
            let salt := keccak256(buffer, 0x41)
            // 0xff ‖ factory ‖ salt ‖ hash of the creation code (EIP-1014)
            mstore(buffer, or(shl(160, 0xff), P256_TABLE_FACTORY))
            mstore(add(buffer, 0x20), salt)
            mstore(add(buffer, 0x40), P256_TABLE_INIT_CODE_HASH)
            table := and(keccak256(add(buffer, 0x0b), 0x55), 0xffffffffffffffffffffffffffffffffffffffff)
        }
    }

    /**
     * @dev Builds the key's table unless it is there. Anybody may, for any key; nobody can have a wrong one built. Not
     * for validation, and not for an operation's initCode (ERC-7562 OP-031).
     *
     * A table costs 200,000 gas and more. With too little the call reverts, and nothing is built.
     */
    function buildTable(uint8 format, bytes32 x, bytes32 y) internal returns (address table) {
        require(isFormat(format), UnknownTableFormat(format));
        require(isOnCurve(x, y), KeyNotOnCurve(x, y));
        table = tableOf(format, x, y);
        if (table.code.length != 0) return table;
        require(P256_TABLE_FACTORY.code.length != 0, TableFactoryMissing(P256_TABLE_FACTORY));
        // The answer is not believed: what counts is the code at the address.
        (bool success, ) = P256_TABLE_FACTORY.call(
            abi.encodeWithSignature("build(uint8,uint256,uint256)", format, x, y)
        );
        require(success && table.code.length != 0, TableNotBuilt(format, table));
    }

    /// @dev The first of what verifies signatures without P256VERIFY (the engines, the complete verifier they fall back
    /// on, and the factory of tables) that has no code on this chain; zero if all of them are there. Not for validation.
    function missingEngine() internal view returns (address) {
        address[8] memory all = [
            P256_TABLE_512,
            P256_TABLE_1K,
            P256_TABLE_4K,
            P256_TABLE_16K,
            P256_NO_TABLE,
            P256_PLAIN,
            P256_SLOW,
            P256_TABLE_FACTORY
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i].code.length == 0) return all[i];
        }
        return address(0);
    }

    function _probeCall(bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) private view returns (bool answer) {
        // 64/63 of PROBE_GAS, and room for the cold access, the memory and the instructions until the call.
        uint256 needed = (PROBE_GAS * 64) / 63 + 10_000;
        uint256 available = gasleft();
        require(available >= needed, ProbeNeedsMoreGas(available, needed));
        assembly ("memory-safe") {
            let input := mload(0x40) // above the free memory pointer, which is not moved
            mstore(input, h)
            mstore(add(input, 0x20), r)
            mstore(add(input, 0x40), s)
            mstore(add(input, 0x60), x)
            mstore(add(input, 0x80), y)
            let success := staticcall(PROBE_GAS, P256VERIFY, input, 0xa0, 0x00, 0x20)
            answer := and(success, and(eq(returndatasize(), 0x20), eq(mload(0x00), 1)))
        }
    }
}
