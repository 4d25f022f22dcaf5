// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256} from "./P256.sol";

/**
 * @title Signers
 * @notice The bytes that stand for a signer in the account's storage, and what makes them acceptable.
 *
 * - secp256k1 key or ERC-1271 contract: `address` (20 bytes).
 * - passkey: `PASSKEY ‖ x(32) ‖ y(32) ‖ rule(1)` (85 bytes). PASSKEY is the P256VERIFY address, which no contract can
 *   ever have: it stands for "the account's own WebAuthn check", so no verifier contract is called.
 * - any other ERC-7913 signer: `verifier(20) ‖ key`, where the verifier has code.
 *
 * The rule byte says what a passkey's assertion must show: bits 0–1 user verification (UV), bits 2–3 backup eligible
 * (BE), bits 4–5 backed up (BS); each 0 any, 1 required, 2 forbidden; bits 6–7 zero. It is part of the signer's bytes,
 * so it can only be changed by replacing the signer; a signature that carries another rule names no signer.
 */
library Signers {
    /// @dev Verifier part of a passkey's signer bytes.
    address internal constant PASSKEY = address(0x100);
    /// @dev Length of a passkey's signer bytes.
    uint256 internal constant PASSKEY_LENGTH = 85;
    /// @dev Addresses up to this one belong to precompiled contracts and are never a signer of their own.
    address private constant LAST_RESERVED = address(0xffff);

    enum Kind {
        NONE, // no signer
        ADDRESS, // 20 bytes: a secp256k1 key or an ERC-1271 contract
        PASSKEY,
        VERIFIER // any other ERC-7913 signer
    }

    /// @dev Why the bytes cannot be a signer of this account.
    error BadSigner(bytes signer, string reason);

    /// @dev The signer bytes of a passkey.
    function passkey(bytes32 x, bytes32 y, bytes1 rule) internal pure returns (bytes memory) {
        return abi.encodePacked(PASSKEY, x, y, rule);
    }

    /// @dev The id of a passkey, keccak256 of its signer bytes, of which the last 65 stand at `pos` of the calldata.
    function passkeyId(uint256 pos) internal pure returns (bytes32 id) {
        address verifier = PASSKEY;
        assembly ("memory-safe") {
            let buffer := mload(0x40) // above the free memory pointer, which is not moved
            mstore(buffer, shl(96, verifier))
            calldatacopy(add(buffer, 20), pos, 65)
            id := keccak256(buffer, 85)
        }
    }

    /// @dev The id of an address: keccak256 of its 20 bytes.
    function addressId(address signer) internal pure returns (bytes32 id) {
        assembly ("memory-safe") {
            mstore(0x00, shl(96, signer))
            id := keccak256(0x00, 20)
        }
    }

    /// @dev The parts of a passkey's signer bytes. Requires that they are such.
    function readPasskey(bytes calldata signer) internal pure returns (bytes32 x, bytes32 y, uint8 rule) {
        return (bytes32(signer[20:52]), bytes32(signer[52:84]), uint8(signer[84]));
    }

    /// @dev What kind of signer the bytes are. Reverts with {BadSigner} unless it may be added to the account `self`.
    function requireAcceptable(bytes calldata signer, address self) internal view returns (Kind) {
        require(signer.length >= 20, BadSigner(signer, "shorter than an address"));
        require(signer.length <= type(uint16).max, BadSigner(signer, "longer than a signature can carry"));
        address verifier = address(bytes20(signer));
        if (verifier == PASSKEY) {
            _requirePasskey(signer);
            return Kind.PASSKEY;
        }
        require(verifier > LAST_RESERVED, BadSigner(signer, "reserved address"));
        require(verifier != self, BadSigner(signer, "the account itself"));
        // A codeless address of 20 bytes is a secp256k1 key; it is not touched, for ERC-7562's sake (OP-041).
        if (signer.length == 20) return Kind.ADDRESS;
        // A delegation (EIP-7702, 23 bytes of code) is no verifier: it could never approve of anything.
        require(verifier.code.length > 23, BadSigner(signer, "verifier without code"));
        return Kind.VERIFIER;
    }

    /// @dev Whether a rule byte is well formed and some assertion can satisfy it.
    function isRule(uint8 rule) internal pure returns (bool) {
        bool wellFormed = rule < 64 && (rule & (rule >> 1) & 0x15) == 0;
        // Backed up yet not eligible for backup is impossible: such a passkey could never sign.
        return wellFormed && (rule & 0x18) != 0x18;
    }

    function _requirePasskey(bytes calldata signer) private pure {
        require(signer.length == PASSKEY_LENGTH, BadSigner(signer, "passkey length"));
        (bytes32 x, bytes32 y, uint8 rule) = readPasskey(signer);
        require(P256.isOnCurve(x, y), BadSigner(signer, "point not on P-256"));
        require(isRule(rule), BadSigner(signer, "rule"));
    }
}
