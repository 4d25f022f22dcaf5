// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256Front} from "../src/P256Front.sol";
import {WebAuthnCheck} from "../src/WebAuthnCheck.sol";

/// @title P256Harness
/// @notice Opens the libraries to tests.
contract P256Harness {
    function verify(bool native, bytes32 h, bytes32 r, bytes32 s, bytes32 x, bytes32 y) external view returns (bool) {
        return P256Front.verify(native, h, r, s, x, y);
    }

    function probe() external view returns (bool) {
        return P256Front.probe();
    }

    function base64url(bytes32 word) external pure returns (bytes memory) {
        (bytes32 head, bytes11 tail) = WebAuthnCheck.base64url(word);
        return abi.encodePacked(head, tail);
    }
}
