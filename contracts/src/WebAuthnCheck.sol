// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @dev The first 32 bytes of `{"type":"webauthn.get","challenge":"`, which has 36, and the last.
bytes32 constant WEBAUTHN_PREFIX_START = '{"type":"webauthn.get","challeng';
bytes32 constant WEBAUTHN_PREFIX_END = 'pe":"webauthn.get","challenge":"';

/// @dev For each value of the five low flags, UP (bit 0), UV (2), BE (3) and BS (4), a byte. Its bits 0 to 5 are those that
/// a rule may have: not "required" of flags that are not set, not "forbidden" of flags that are. Bit 6 is set. The byte is
/// zero if no rule allows the flags: UP is missing, or BS stands without BE.
uint256 constant WEBAUTHN_ALLOWED_RULES = 0x006a006a00690069006600660065006500000000000000000056005600550055;

/// @dev The top bit of every byte.
uint256 constant TOP_BITS = 0x8080808080808080808080808080808080808080808080808080808080808080;

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
    /// @dev `"challenge":"`, 13 bytes, as a number.
    uint256 private constant CHALLENGE_KEY = 0x226368616c6c656e6765223a22;
    /// @dev `"type":"webauthn.get"`, 21 bytes, as a number.
    uint256 private constant TYPE_MEMBER = 0x2274797065223a22776562617574686e2e67657422;

    /// @dev Whether the flags satisfy `rule`; with a malformed rule, never. `flags` may have dirty high bits.
    function allows(uint256 rule, uint256 flags) internal pure returns (bool allowed) {
        assembly ("memory-safe") {
            // rule + 0x40 has bit 6 if the rule is below 0x40, and another high bit if it is not
            allowed := iszero(and(add(rule, 0x40), not(byte(and(flags, 0x1f), WEBAUTHN_ALLOWED_RULES))))
        }
    }

    /**
     * @dev Reads, from `pos` of the calldata on, what an assertion adds to its signature; of authData, the length is given:
     *
     * ```
     * fixed form:   authData                                   suffixLen(2) suffix
     * general form: authData typeIndex(2) prefixLen(2) prefix  suffixLen(2) suffix
     * ```
     *
     * `next` is the position after it, or 0 if it is malformed: it does not end at `end` or before, authData is shorter
     * than 37 bytes, or the prefix shorter than 14. Otherwise the digest that was signed is left in memory at `output`,
     * and `allowed` says whether all else is as it must be: the flags under `rule`, and clientDataJSON.
     *
     * Fixed form: clientDataJSON is the fixed prefix, the challenge and the suffix, which starts with the quote that ends
     * the challenge. General form: it is the prefix, the challenge and the suffix; the prefix ends with `"challenge":"`
     * after a brace or a comma, and `"type":"webauthn.get"` stands at typeIndex, after a brace or a comma too. What could
     * be written in the fixed form is refused in the general one, so that an assertion has one encoding.
     *
     * Requirements: `authLength` is below 256. `end` is not beyond the calldata. Memory from `output` on is free; it is written as far as the JSON
     * reaches, or authData and a word.
     */
    function digest(
        uint256 output,
        bytes32 challenge,
        uint256 rule,
        bool general,
        uint256 pos,
        uint256 authLength,
        uint256 end
    ) internal view returns (uint256 next, bool allowed) {
        (uint256 head, uint256 tail) = text(uint256(challenge));
        uint256 flags;
        assembly ("memory-safe") {
            flags := calldataload(add(pos, 1)) // authData[32] is the low byte
        }
        allowed = allows(rule, flags);
        assembly ("memory-safe") {
            // What is read beyond `end` is only ever a length, and moves `next` further beyond it.
            let suffixAt := add(pos, authLength)
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
            switch or(or(gt(next, end), lt(authLength, 37)), lt(prefixLength, 14))
            case 0 {
                allowed := and(allowed, and(eq(byte(2, word), 0x22), gt(suffixLength, 0)))

                // clientDataJSON. The text's first word starts a byte too early; the prefix is written over that.
                let length := add(add(prefixLength, 43), suffixLength)
                {
                    let to := add(output, prefixLength)
                    mstore(add(to, 11), tail)
                    mstore(sub(to, 1), head)
                    calldatacopy(add(to, 43), suffixAt, suffixLength)
                }
                switch prefixAt
                case 0 {
                    mstore(output, WEBAUTHN_PREFIX_START)
                    mstore(add(output, 0x04), WEBAUTHN_PREFIX_END)
                }
                default {
                    calldatacopy(output, prefixAt, prefixLength)
                    let typeIndex := shr(240, calldataload(sub(prefixAt, 4)))
                    // The prefix ends with `{"challenge":"` or `,"challenge":"`. (Before it there is at least authData.)
                    word := calldataload(sub(add(prefixAt, prefixLength), 0x20))
                    allowed := and(allowed, eq(and(word, 0xffffffffffffffffffffffffff), CHALLENGE_KEY))
                    word := byte(18, word)
                    allowed := and(allowed, or(eq(word, 0x7b), eq(word, 0x2c)))
                    allowed := and(allowed, eq(byte(0, mload(output)), 0x7b))
                    // {"type":"webauthn.get","challenge":" is the fixed form's
                    allowed := and(allowed, iszero(and(eq(typeIndex, 1), eq(prefixLength, 36))))
                    // `"type":"webauthn.get"` at typeIndex, within the JSON
                    allowed := and(allowed, and(gt(typeIndex, 0), iszero(gt(add(typeIndex, 21), length))))
                    if allowed {
                        word := mload(sub(add(output, typeIndex), 1))
                        allowed := eq(and(shr(80, word), sub(shl(168, 1), 1)), TYPE_MEMBER)
                        word := byte(0, word)
                        allowed := and(allowed, or(eq(word, 0x7b), eq(word, 0x2c)))
                    }
                }

                // SHA-256 of it goes to where authData will end. Nothing fails here but for want of gas, and then too
                // little is left to verify any signature; on a chain without SHA-256, nothing is allowed.
                let hashed := staticcall(gas(), 2, output, length, add(output, authLength), 0x20)
                allowed := and(allowed, and(hashed, eq(returndatasize(), 0x20)))
                calldatacopy(output, pos, authLength)
                hashed := staticcall(gas(), 2, output, add(authLength, 0x20), output, 0x20)
                allowed := and(allowed, hashed)
            }
            default {
                next := 0
                allowed := 0
            }
        }
    }

    /**
     * @dev Base64url without padding of a word: 43 characters, 31 in the low bytes of `head` and 12 in those of `tail`.
     * The last byte above the 31 is not zero, nor are those above the 12.
     */
    function text(uint256 word) internal pure returns (uint256 head, uint256 tail) {
        assembly ("memory-safe") {
            // Each step moves the upper half of every group up: adding 2^k - 1 times the half moves it by k bits.
            // 186 bits become 31 groups of six, each in a byte of its own.
            head := shr(70, word)
            head := add(head, mul(and(head, 0xffffffffffffffffffffffff000000000000000000000000), 0xffffffff))
            head := add(
                head,
                mul(and(head, 0x00000000ffffffffffff00000000000000000000ffffffffffff000000000000), 0xffff)
            )
            head := add(head, mul(and(head, 0x0000ffffff0000000000ffffff0000000000ffffff0000000000ffffff000000), 0xff))
            head := add(head, mul(and(head, 0x00fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff000), 0x0f))
            head := add(head, mul(and(head, 0x0fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc0), 0x03))
            // 70 bits and two zero bits become 12.
            tail := add(and(shl(2, word), 0xffffffffffff), and(shl(18, word), 0xffffff0000000000000000))
            tail := add(tail, mul(and(tail, 0xffffff0000000000ffffff000000), 0xff))
            tail := add(tail, mul(and(tail, 0xfff00000fff00000fff00000fff000), 0x0f))
            tail := add(tail, mul(and(tail, 0x0fc00fc00fc00fc00fc00fc00fc00fc0), 0x03))

            // The characters are A-Z from 0, a-z from 26, 0-9 from 52, - at 62 and _ at 63. With 65 added, a byte has its
            // top bit from 63 on; with 65 + 63 - t added, from t on. No sum leaves its byte. What the ranges are to be
            // moved by is summed up, times 128; the bytes on top are in the first range, so that the sum has room there.
            let s
            head := add(head, 0x4141414141414141414141414141414141414141414141414141414141414141)
            s := sub(mul(75, and(add(head, 0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b), TOP_BITS)), mul(6, and(add(head, 0x2525252525252525252525252525252525252525252525252525252525252525), TOP_BITS)))
            s := add(s, mul(13, and(add(head, 0x0101010101010101010101010101010101010101010101010101010101010101), TOP_BITS)))
            head := add(head, sar(7, sub(mul(49, and(head, TOP_BITS)), s)))
            tail := add(tail, 0x4141414141414141414141414141414141414141414141414141414141414141)
            s := sub(mul(75, and(add(tail, 0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b), TOP_BITS)), mul(6, and(add(tail, 0x2525252525252525252525252525252525252525252525252525252525252525), TOP_BITS)))
            s := add(s, mul(13, and(add(tail, 0x0101010101010101010101010101010101010101010101010101010101010101), TOP_BITS)))
            tail := add(tail, sar(7, sub(mul(49, and(tail, TOP_BITS)), s)))
        }
    }
}
