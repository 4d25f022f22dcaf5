// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {WebAuthn} from "solady/src/utils/WebAuthn.sol";

/// @notice Solady's WebAuthn is a library: this gives it an address. Nothing is checked here.
contract SoladyWebAuthnHarness {
    function verify(bytes32 hash, bool requireUV, bytes calldata signature, bytes32 x, bytes32 y) external view returns (bool) {
        return WebAuthn.verify(abi.encodePacked(hash), requireUV, WebAuthn.tryDecodeAuth(signature), x, y);
    }

    function verifyCompact(bytes32 hash, bool requireUV, bytes calldata signature, bytes32 x, bytes32 y) external view returns (bool) {
        return WebAuthn.verify(abi.encodePacked(hash), requireUV, WebAuthn.tryDecodeAuthCompact(signature), x, y);
    }

    function verifyCompactCalldata(bytes32 hash, bool requireUV, bytes calldata signature, bytes32 x, bytes32 y) external view returns (bool) {
        return WebAuthn.verify(abi.encodePacked(hash), requireUV, WebAuthn.tryDecodeAuthCompactCalldata(signature), x, y);
    }
}
