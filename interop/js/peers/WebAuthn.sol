// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {WebAuthn as OZ} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";
import {P256 as SafeP256} from "@safe-global/safe-passkey/contracts/libraries/P256.sol";
import {WebAuthn as Safe} from "@safe-global/safe-passkey/contracts/libraries/WebAuthn.sol";
import {FCL_ecdsa as FCL} from "@safe-global/safe-passkey/contracts/vendor/FCL/FCL_ecdsa.sol";
import {WebAuthn as Solady} from "solady/src/utils/WebAuthn.sol";

// Libraries that verify a passkey's assertion, each behind an address of its own. All ask for user verification; the
// signature is what each library takes, in the cheapest of its forms. Nothing is checked here.

contract SoladyWebAuthn {
    function verify(bytes32 challenge, bytes calldata signature, bytes32 x, bytes32 y) external view returns (bool) {
        return Solady.verify(abi.encodePacked(challenge), true, Solady.tryDecodeAuthCompactCalldata(signature), x, y);
    }
}

contract OpenZeppelinWebAuthn {
    function verify(bytes32 challenge, bytes calldata signature, bytes32 x, bytes32 y) external view returns (bool) {
        (bytes32 r, bytes32 s, uint256 c, uint256 t, bytes memory a, string memory j) =
            abi.decode(signature, (bytes32, bytes32, uint256, uint256, bytes, string));
        return OZ.verify(abi.encodePacked(challenge), OZ.WebAuthnAuth(r, s, c, t, a, j), x, y, true);
    }
}

/// Safe's library, with the precompile and the verifier that the creator names: uint16(precompile) ‖ uint160(verifier).
contract SafeWebAuthn {
    SafeP256.Verifiers private immutable verifiers;

    constructor(uint176 verifiers_) {
        verifiers = SafeP256.Verifiers.wrap(verifiers_);
    }

    function verify(bytes32 challenge, bytes calldata signature, uint256 x, uint256 y) external view returns (bool) {
        return Safe.verifySignature(challenge, signature, Safe.USER_VERIFICATION, x, y, verifiers);
    }
}

/// Safe's WebAuthn with FCL's table of 16,384 bytes, the code of an address: what the two libraries cost together.
contract SafeWebAuthnFCLTable {
    function verify(bytes32 challenge, bytes calldata signature, address table) external view returns (bool) {
        (bool fits, Safe.Signature calldata s) = Safe.castSignature(signature);
        return fits && Safe.checkAuthenticatorFlags(s.authenticatorData, Safe.USER_VERIFICATION)
            && FCL.ecdsa_precomputed_verify(
                sha256(Safe.encodeSigningMessage(challenge, s.authenticatorData, s.clientDataFields)), s.r, s.s, table
            );
    }
}
