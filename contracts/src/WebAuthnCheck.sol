// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/**
 * @title WebAuthnCheck
 * @notice What the account checks of a WebAuthn assertion before it looks at the signature, and the digest that is
 * signed. Numbers are the steps of "Verifying an Authentication Assertion", Web Authentication Level 3, section 7.2.
 *
 * Verified here:
 *
 * - step 10, the type is "webauthn.get";
 * - step 11, the challenge is base64url (without padding) of the hash to be approved;
 * - step 16, user present (UP) is set, always;
 * - step 17, user verified (UV), as the signer's rule says;
 * - step 18, backed up (BS) implies backup eligible (BE), always;
 * - step 19, BE and BS as the signer's rule says;
 * - steps 20 and 21, the digest is SHA-256 of `authenticatorData ‖ SHA-256(clientDataJSON)`; the signature over it is
 *   checked by {P256Front} under a key from the account's storage (steps 5 to 7).
 *
 * Not verified, because nothing on chain could tell or because no state is kept for it:
 *
 * - steps 12 to 14, origin, crossOrigin and topOrigin: the client binds a passkey to its relying party before it signs;
 * - step 15, the hash of the relying party's ID, for the same reason: a key serves one relying party only;
 * - step 22, the signature counter: synchronised passkeys leave it at zero, and the account's nonce prevents replay;
 * - client extension outputs, authenticator extension data, the AT and ED flags and the reserved flags: signed, not
 *   looked at; attestation (section 7.1) is a matter of registration.
 *
 * The JSON is never parsed on chain. Two forms are known. The fixed form starts with the 36 bytes every client writes
 * that follows the specification's own serialization (section 5.8.1.1), so type and challenge stand where they must.
 * The general form serves clients with another member order. It relies on the client having produced valid JSON, which
 * it then signed: in valid JSON the text `{"name":"` or `,"name":"` with unescaped quotes can only be a member's name
 * and the start of its value, never part of a string, and a value over which others have power (an origin, a package
 * name) cannot hold an unescaped quote.
 */
library WebAuthnCheck {
    /// @dev `{"type":"webauthn.get","challenge":"`, 36 bytes.
    string private constant FIXED_PREFIX = '{"type":"webauthn.get","challenge":"';
    /// @dev `"challenge":"`, 13 bytes.
    bytes13 private constant CHALLENGE_KEY = '"challenge":"';
    /// @dev `"type":"webauthn.get"`, 21 bytes.
    bytes21 private constant TYPE_MEMBER = '"type":"webauthn.get"';

    uint8 private constant UP = 0x01;
    uint8 private constant BE = 0x08;
    uint8 private constant BS = 0x10;

    /// @dev Whether the flags of `authenticatorData` satisfy `rule`. Requires at least 37 bytes.
    function flagsAllowed(bytes calldata authenticatorData, uint8 rule) internal pure returns (bool) {
        uint8 flags = uint8(authenticatorData[32]);
        // Each pair of the rule's bits moves to the place of its flag: UV is bit 2, BE bit 3, BS bit 4.
        uint8 required = UP | ((rule & 0x01) << 2) | ((rule & 0x04) << 1) | (rule & 0x10);
        uint8 forbidden = ((rule & 0x02) << 1) | (rule & 0x08) | ((rule & 0x20) >> 1);
        return (flags & required) == required && (flags & forbidden) == 0 && (flags & (BE | BS)) != BS;
    }

    /// @dev Fixed form: clientDataJSON is the fixed prefix, the challenge and `suffix`, which starts with the quote that
    /// ends the challenge.
    function digestFixed(
        bytes32 challenge,
        bytes calldata authenticatorData,
        bytes calldata suffix
    ) internal pure returns (bool wellFormed, bytes32 digest) {
        wellFormed = _startsWithQuote(suffix);
        (bytes32 head, bytes11 tail) = base64url(challenge);
        digest = _digest(authenticatorData, abi.encodePacked(FIXED_PREFIX, head, tail, suffix));
    }

    /**
     * @dev General form: clientDataJSON is `prefix`, the challenge and `suffix`; `prefix` ends with `"challenge":"` after
     * a brace or a comma, `suffix` starts with a quote, and `"type":"webauthn.get"` stands at `typeIndex`, after a brace
     * or a comma too. What could be written in the fixed form is refused, so that an assertion has one encoding.
     */
    function digestGeneral(
        bytes32 challenge,
        bytes calldata authenticatorData,
        uint256 typeIndex,
        bytes calldata prefix,
        bytes calldata suffix
    ) internal pure returns (bool wellFormed, bytes32 digest) {
        (bytes32 head, bytes11 tail) = base64url(challenge);
        bytes memory json = abi.encodePacked(prefix, head, tail, suffix);
        wellFormed =
            _startsWithQuote(suffix) &&
            prefix.length > 13 &&
            bytes13(prefix[prefix.length - 13:]) == CHALLENGE_KEY &&
            _opensMember(prefix[prefix.length - 14]) &&
            prefix[0] == "{" &&
            _hasTypeAt(json, typeIndex) &&
            !(typeIndex == 1 && prefix.length == 36);
        digest = _digest(authenticatorData, json);
    }

    /// @dev Base64url without padding of a word: 32 characters for the first 24 bytes, 11 for the last 8.
    function base64url(bytes32 word) internal pure returns (bytes32 head, bytes11 tail) {
        unchecked {
            uint256 w = uint256(word);
            head = bytes32(_alphabet(_spread(w >> 64)));
            // 64 bits and two zero bits make 11 groups; they come out in the 11 low bytes.
            tail = bytes11(uint88(_alphabet(_spread((w & type(uint64).max) << 2))));
        }
    }

    /// @dev Spreads 192 bits into 32 groups of six, each in a byte of its own.
    function _spread(uint256 x) private pure returns (uint256) {
        unchecked {
            x = ((x >> 96) << 128) | (x & 0xffffffffffffffffffffffff);
            x =
                ((x & 0x00000000ffffffffffff00000000000000000000ffffffffffff000000000000) << 16) |
                (x & 0x00000000000000000000ffffffffffff00000000000000000000ffffffffffff);
            x =
                ((x & 0x0000ffffff0000000000ffffff0000000000ffffff0000000000ffffff000000) << 8) |
                (x & 0x0000000000ffffff0000000000ffffff0000000000ffffff0000000000ffffff);
            x =
                ((x & 0x00fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff000) << 4) |
                (x & 0x00000fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff);
            return
                ((x & 0x0fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc0) << 2) |
                (x & 0x003f003f003f003f003f003f003f003f003f003f003f003f003f003f003f003f);
        }
    }

    /// @dev Maps each byte 0–63 to its character. A byte's top bit after adding 128−t says whether it is at least t;
    /// no sum or difference leaves its byte.
    function _alphabet(uint256 v) private pure returns (uint256) {
        unchecked {
            uint256 ones = 0x0101010101010101010101010101010101010101010101010101010101010101;
            uint256 from26 = ((v + 0x66 * ones) >> 7) & ones; // a–z and above
            uint256 from52 = ((v + 0x4c * ones) >> 7) & ones; // 0–9 and above
            uint256 from62 = ((v + 0x42 * ones) >> 7) & ones; // '-' and '_'
            uint256 from63 = ((v + 0x41 * ones) >> 7) & ones; // '_'
            return v + 65 * ones + 6 * from26 + 49 * from63 - 75 * from52 - 13 * from62;
        }
    }

    function _digest(bytes calldata authenticatorData, bytes memory json) private pure returns (bytes32) {
        return sha256(abi.encodePacked(authenticatorData, sha256(json)));
    }

    function _startsWithQuote(bytes calldata text) private pure returns (bool) {
        return text.length != 0 && text[0] == '"';
    }

    function _opensMember(bytes1 character) private pure returns (bool) {
        return character == "{" || character == ",";
    }

    function _hasTypeAt(bytes memory json, uint256 index) private pure returns (bool) {
        if (index == 0 || index + 21 > json.length) return false; // index is a uint16
        bytes32 word;
        assembly ("memory-safe") {
            word := mload(add(add(json, 0x20), index)) // may read past the end, never past the 21 bytes compared
        }
        return bytes21(word) == TYPE_MEMBER && _opensMember(json[index - 1]);
    }
}
