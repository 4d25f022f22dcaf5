// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/**
 * @title WebAuthnCheck
 * @notice What is checked of a WebAuthn assertion before the signature is looked at, and the digest that is signed: for
 * the account and for {P256Verifier}. Numbers are the steps of "Verifying an Authentication Assertion", Web
 * Authentication Level 3, section 7.2.
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
 *   checked by {P256} under a key that the caller vouches for (steps 5 to 7).
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
    /// @dev The first 32 bytes of `{"type":"webauthn.get","challenge":"`, which has 36.
    bytes32 private constant PREFIX_START = '{"type":"webauthn.get","challeng';
    /// @dev The last 32 bytes of it.
    bytes32 private constant PREFIX_END = 'pe":"webauthn.get","challenge":"';
    /// @dev `"challenge":"`, 13 bytes, as a number.
    uint256 private constant CHALLENGE_KEY = 0x226368616c6c656e6765223a22;
    /// @dev `"type":"webauthn.get"`, 21 bytes, as a number.
    uint256 private constant TYPE_MEMBER = 0x2274797065223a22776562617574686e2e67657422;

    /**
     * @dev For each value of the five low flags, UP (bit 0), UV (2), BE (3) and BS (4), a byte. It is zero if no rule
     * allows them: UP is missing, or BS stands without BE. Otherwise its bits 0 to 5 are those that a rule must not
     * have: "required" of flags that are not set, "forbidden" of flags that are. Bits 6 and 7 are set: no rule has them.
     */
    uint256 private constant FORBIDDEN_RULES = 0x00d500d500d600d600d900d900da00da000000000000000000e900e900ea00ea;

    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// @dev Whether the flags satisfy `rule`; with a malformed rule, never. `flags` may have dirty high bits.
    function allows(uint256 rule, uint256 flags) internal pure returns (bool allowed) {
        assembly ("memory-safe") {
            let mask := byte(and(flags, 0x1f), FORBIDDEN_RULES)
            allowed := lt(and(rule, mask), shr(7, mask))
        }
    }

    /// @dev Whether the flags of `authenticatorData` satisfy `rule`. Requires at least 37 bytes.
    function flagsAllowed(bytes calldata authenticatorData, uint8 rule) internal pure returns (bool) {
        return allows(rule, uint8(authenticatorData[32]));
    }

    /**
     * @dev Reads, from `pos` of the calldata on, what an assertion adds to its signature:
     *
     * ```
     * fixed form:   authLen(1) authData                                   suffixLen(2) suffix
     * general form: authLen(1) authData typeIndex(2) prefixLen(2) prefix  suffixLen(2) suffix
     * ```
     *
     * `next` is the position after it, or 0 if it is malformed: it does not end at `end` or before, or authData is
     * shorter than 37 bytes. Otherwise the digest that was signed is left in memory at `output`, and `allowed` says
     * whether all else is as it must be: the flags under `rule`, and clientDataJSON.
     *
     * Fixed form: clientDataJSON is the fixed prefix, the challenge and the suffix, which starts with the quote that ends
     * the challenge. General form: it is the prefix, the challenge and the suffix; the prefix ends with `"challenge":"`
     * after a brace or a comma, and `"type":"webauthn.get"` stands at typeIndex, after a brace or a comma too. What could
     * be written in the fixed form is refused in the general one, so that an assertion has one encoding.
     *
     * Requirements: `end` is not beyond the calldata. Memory from `output` on is free; as much of it is written as the
     * JSON is long, and at least 160 bytes.
     */
    function digest(
        uint256 output,
        bytes32 challenge,
        uint256 rule,
        bool general,
        uint256 pos,
        uint256 end
    ) internal view returns (uint256 next, bool allowed) {
        (uint256 head, uint256 tail) = _base64url(uint256(challenge));
        assembly ("memory-safe") {
            // What is read beyond `end` is only ever a length, and moves `next` further beyond it.
            let authLength := byte(0, calldataload(pos))
            let suffixAt := add(add(pos, 1), authLength)
            let prefixAt := 0
            let prefixLength := 36
            if general {
                prefixAt := add(suffixAt, 4)
                prefixLength := and(shr(224, calldataload(suffixAt)), 0xffff)
                suffixAt := add(prefixAt, prefixLength)
            }
            let word := calldataload(suffixAt)
            let suffixLength := shr(240, word)
            suffixAt := add(suffixAt, 2)
            next := add(suffixAt, suffixLength)
            switch or(gt(next, end), lt(authLength, 37))
            case 0 {
                let mask := byte(and(calldataload(add(pos, 2)), 0x1f), FORBIDDEN_RULES)
                allowed := lt(and(rule, mask), shr(7, mask))
                allowed := and(allowed, and(eq(byte(2, word), 0x22), gt(suffixLength, 0)))

                // clientDataJSON; each piece is written over the end of the one before
                let length := add(add(prefixLength, 43), suffixLength)
                switch prefixAt
                case 0 {
                    mstore(output, PREFIX_START)
                    mstore(add(output, 0x04), PREFIX_END)
                }
                default {
                    calldatacopy(output, prefixAt, prefixLength)
                }
                let to := add(output, prefixLength)
                mstore(to, head)
                mstore(add(to, 0x20), tail)
                calldatacopy(add(to, 43), suffixAt, suffixLength)
                if prefixAt {
                    let typeIndex := shr(240, calldataload(sub(prefixAt, 4)))
                    // The prefix ends with `{"challenge":"` or `,"challenge":"`. (Before it there is at least authData.)
                    word := calldataload(sub(add(prefixAt, prefixLength), 0x20))
                    allowed := and(allowed, gt(prefixLength, 13))
                    allowed := and(allowed, eq(and(word, 0xffffffffffffffffffffffffff), CHALLENGE_KEY))
                    word := byte(18, word)
                    allowed := and(allowed, or(eq(word, 0x7b), eq(word, 0x2c)))
                    allowed := and(allowed, eq(byte(0, mload(output)), 0x7b))
                    // `"type":"webauthn.get"` at typeIndex, and within the JSON
                    allowed := and(allowed, and(gt(typeIndex, 0), iszero(gt(add(typeIndex, 21), length))))
                    if allowed {
                        word := mload(sub(add(output, typeIndex), 1))
                        allowed := eq(and(shr(80, word), sub(shl(168, 1), 1)), TYPE_MEMBER)
                        word := byte(0, word)
                        allowed := and(allowed, or(eq(word, 0x7b), eq(word, 0x2c)))
                    }
                    // {"type":"webauthn.get","challenge":" is the fixed form's
                    allowed := and(allowed, iszero(and(eq(typeIndex, 1), eq(prefixLength, 36))))
                }

                // SHA-256 of it goes to where authData ends. Nothing fails here but for want of gas, after which too
                // little is left for any signature; on a chain without SHA-256, nothing is allowed.
                let hashed := staticcall(gas(), 2, output, length, add(output, authLength), 0x20)
                allowed := and(allowed, and(hashed, eq(returndatasize(), 0x20)))
                calldatacopy(output, add(pos, 1), authLength)
                hashed := staticcall(gas(), 2, output, add(authLength, 0x20), output, 0x20)
                allowed := and(allowed, hashed)
            }
            default {
                next := 0
            }
        }
    }

    /// @dev Base64url without padding of a word: 32 characters for the first 24 bytes, 11 for the last 8.
    function base64url(bytes32 word) internal pure returns (bytes32 head, bytes11 tail) {
        (uint256 h, uint256 t) = _base64url(uint256(word));
        return (bytes32(h), bytes11(bytes32(t)));
    }

    /// @dev Base64url without padding of a word, left-aligned: 32 characters, and 11.
    function _base64url(uint256 word) private pure returns (uint256 head, uint256 tail) {
        assembly ("memory-safe") {
            // Each step moves the upper half of every group up: adding 2^k - 1 times the half moves it by k bits.
            // 192 bits become 32 groups of six, each in a byte of its own.
            head := shr(64, word)
            head := add(head, mul(and(head, 0xffffffffffffffffffffffff000000000000000000000000), 0xffffffff))
            head := add(
                head,
                mul(and(head, 0x00000000ffffffffffff00000000000000000000ffffffffffff000000000000), 0xffff)
            )
            head := add(head, mul(and(head, 0x0000ffffff0000000000ffffff0000000000ffffff0000000000ffffff000000), 0xff))
            head := add(head, mul(and(head, 0x00fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff000), 0x0f))
            head := add(head, mul(and(head, 0x0fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc0), 0x03))
            // 64 bits and two zero bits make 11 groups; they come out in the 11 low bytes.
            tail := shl(2, and(word, 0xffffffffffffffff))
            tail := add(tail, mul(and(tail, 0xffffffffffff000000000000), 0xffff))
            tail := add(tail, mul(and(tail, 0xffffff0000000000ffffff000000), 0xff))
            tail := add(tail, mul(and(tail, 0xfff00000fff00000fff00000fff000), 0x0f))
            tail := add(tail, mul(and(tail, 0x0fc00fc00fc00fc00fc00fc00fc00fc0), 0x03))

            // A byte's top bit after adding 128-t says whether it is at least t; no sum leaves its byte. The characters
            // are A-Z from 0, a-z from 26, 0-9 from 52, - at 62 and _ at 63.
            function characters(v) -> c {
                let from26 := and(shr(7, add(v, mul(0x66, ONES))), ONES)
                let from52 := and(shr(7, add(v, mul(0x4c, ONES))), ONES)
                let from62 := and(shr(7, add(v, mul(0x42, ONES))), ONES)
                c := add(add(v, mul(65, ONES)), mul(6, from26))
                c := sub(sub(c, mul(75, from52)), mul(13, from62))
                c := add(c, mul(49, and(from62, v))) // the low bit of 63
            }
            head := characters(head)
            tail := shl(168, characters(tail))
        }
    }

    // Until the account reads approvals by {digest}.

    string private constant FIXED_PREFIX = '{"type":"webauthn.get","challenge":"';
    bytes13 private constant _CHALLENGE_KEY = '"challenge":"';
    bytes21 private constant _TYPE_MEMBER = '"type":"webauthn.get"';

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
            bytes13(prefix[prefix.length - 13:]) == _CHALLENGE_KEY &&
            _opensMember(prefix[prefix.length - 14]) &&
            prefix[0] == "{" &&
            _hasTypeAt(json, typeIndex) &&
            !(typeIndex == 1 && prefix.length == 36);
        digest = _digest(authenticatorData, json);
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
        return bytes21(word) == _TYPE_MEMBER && _opensMember(json[index - 1]);
    }
}
