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

    function base64url(bytes32 word) external pure returns (bytes memory) {
        (bytes32 head, bytes11 tail) = WebAuthnCheck.base64url(word);
        return abi.encodePacked(head, tail);
    }
}
