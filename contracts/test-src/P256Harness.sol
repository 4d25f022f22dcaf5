// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256} from "../src/P256.sol";
import {WebAuthnCheck} from "../src/WebAuthnCheck.sol";

/// @title P256Harness
/// @notice Opens the libraries to tests.
contract P256Harness {
    function verify(
        uint8 path,
        bytes32 h,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y,
        bytes calldata hints
    ) external view returns (bool) {
        return P256.verify(path, h, r, s, x, y, hints);
    }

    function verifyAny(
        uint8 path,
        bytes32 h,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y,
        bytes calldata hints
    ) external view returns (bool) {
        return P256.verifyAny(path, h, r, s, x, y, hints);
    }

    /// @dev {verifyAny} with 1 where answers are read from.
    function verifyAnyAboveOne(
        uint8 path,
        bytes32 h,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y,
        bytes calldata hints
    ) external view returns (bool) {
        assembly ("memory-safe") {
            mstore(0x00, 1)
        }
        return P256.verifyAny(path, h, r, s, x, y, hints);
    }

    function probe() external view returns (bool) {
        return P256.probe();
    }

    function isOnCurve(bytes32 x, bytes32 y) external pure returns (bool) {
        return P256.isOnCurve(x, y);
    }

    function tableOf(uint8 format, bytes32 x, bytes32 y) external pure returns (address) {
        return P256.tableOf(format, x, y);
    }

    function buildTable(uint8 format, bytes32 x, bytes32 y) external returns (address) {
        return P256.buildTable(format, x, y);
    }

    function missingEngine() external view returns (address) {
        return P256.missingEngine();
    }

    function text(bytes32 word) external pure returns (bytes memory) {
        (uint256 head, uint256 tail) = WebAuthnCheck.text(uint256(word));
        return abi.encodePacked(uint248(head), uint96(tail));
    }

    function allows(uint256 rule, uint256 flags) external pure returns (bool) {
        return WebAuthnCheck.allows(rule, flags);
    }

    function digest(
        bytes32 challenge,
        uint256 rule,
        bool general,
        bytes calldata assertion,
        bytes calldata dirt
    ) external view returns (uint256 length, bool allowed, bytes32 hash, bool intact) {
        bytes32 guard = keccak256("guard");
        bytes memory before = abi.encodePacked(guard);
        uint256 pos;
        uint256 output;
        assembly {
            pos := assertion.offset
            output := mload(0x40)
            calldatacopy(output, dirt.offset, dirt.length) // free memory may hold anything
        }
        uint256 end = pos + assertion.length;
        uint256 authLength;
        assembly {
            authLength := byte(0, calldataload(pos)) // it is the assertion's first byte
        }
        (length, allowed) = WebAuthnCheck.digest(output, challenge, rule, general, pos + 1, authLength, end);
        assembly {
            hash := mload(output)
            intact := and(eq(mload(0x40), output), eq(mload(add(before, 0x20)), guard))
            intact := and(intact, iszero(mload(0x60)))
        }
        if (length != 0) length -= pos;
    }
}
