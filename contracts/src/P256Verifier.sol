// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256_TABLE_512, P256_TABLE_1K, P256_TABLE_4K, P256_TABLE_16K} from "./P256Addresses.sol";
import {P256_NO_TABLE, P256_TABLE_FACTORY, P256_TABLE_INIT_CODE_HASH} from "./P256Addresses.sol";
import {P256} from "./P256.sol";
import {WebAuthnCheck, TOP_BITS} from "./WebAuthnCheck.sol";
import {WEBAUTHN_ALLOWED_RULES, WEBAUTHN_PREFIX_START, WEBAUTHN_PREFIX_END} from "./WebAuthnCheck.sol";

/**
 * @title IP256Verifier
 * @notice The functions of {P256Verifier}. There are two more calls, which have no selector.
 */
interface IP256Verifier {
    /**
     * @notice ERC-7913. Answers 0x024ad318 if `signature` is one of `hash` by `key`, and 0xffffffff otherwise, whatever
     * the bytes are.
     *
     * The length of `key` says what it is:
     *
     * - 64 bytes: `x ‖ y`, a key that signs hashes as they are. 65 bytes: `x ‖ y ‖ format`, with a table.
     *   `signature` is `r ‖ s ‖ hints`, with no hints, 32 or 128 bytes of them.
     * - 66 bytes: `x ‖ y ‖ rule ‖ format`, a passkey; format 0 is no table. `signature` is an approval of the account
     *   without the key: `form(1) ‖ r ‖ s ‖ authLen(1) ‖ …`, with the forms 0x02, 0x03, 0x05 and 0x06.
     *
     * `s` is low. A key that names a table is verified without it as long as the table is not there. Build it before
     * the key is used by an ERC-4337 account: validation must not touch an address without code (ERC-7562 OP-041).
     */
    function verify(bytes calldata key, bytes32 hash, bytes calldata signature) external view returns (bytes4);

    /**
     * @notice Asks the chain for P256VERIFY and remembers the answer for calls by `account`. Open to everybody; the
     * answer is the chain's. Reverts when given too little gas. Needed only on a chain that got P256VERIFY after this
     * contract.
     */
    function probe(address account) external returns (bool answers);

    /// @notice Whether calls by `account` are verified by P256VERIFY.
    function hasPrecompile(address account) external view returns (bool);
}

/**
 * @title P256Verifier
 * @notice Verifies P-256 signatures and passkeys' assertions for anybody: one contract, at one address on every chain,
 * without owner. Beside the functions of {IP256Verifier} it answers two calls that have no selector:
 *
 * - exactly 160 bytes, `h ‖ r ‖ s ‖ x ‖ y`: the calling convention of P256VERIFY and of the verifiers that stand in for
 *   it. The answer is one word, 1 or 0. Both forms of `s` are valid, as they are for P256VERIFY. Whatever `h` is, it is
 *   not taken for a selector.
 * - `0(28) ‖ rule(1) ‖ format(1) ‖ form(1) ‖ authLen(1) ‖ hash(32) ‖ x(32) ‖ y(32) ‖ r(32) ‖ s(32) ‖ authData ‖ …`: a
 *   passkey's approval, of what key and signature are in {IP256Verifier-verify}, in an order of its own. The answer is
 *   one word, 1 or 0. It begins with 28 zero bytes so that no hash can stand there: whoever hands a signature of any
 *   length to the first of these calls asks for no other.
 *
 * Any other calldata is answered by the word 0. No calldata makes it revert. Too little gas does.
 *
 * Signatures are verified by P256VERIFY where it answers: on a chain where it did when this contract was deployed, and
 * for callers for whom {IP256Verifier-probe} has found it since. What is remembered for an account is kept in the slot
 * that is the account's address: ERC-7562 counts it as the account's own (STO-021), so that it may be read in
 * validation. Elsewhere by the key's table, if the key names one and it is there, and else without a table.
 *
 * What is verified of an assertion and what is not: {WebAuthnCheck}.
 */
contract P256Verifier {
    /// @dev 0 if P256VERIFY answered when this contract was deployed, 1 otherwise.
    uint256 private immutable _SILENT;

    uint256 private constant VERIFY = 0x024ad318; // IP256Verifier.verify.selector
    uint256 private constant PROBE = 0x275e5da5; // IP256Verifier.probe.selector
    uint256 private constant HAS_PRECOMPILE = 0xa0afc364; // IP256Verifier.hasPrecompile.selector

    /// @dev For a form of signatures, 0x80 and what it has: 0x01 the general form, 0x02 hints.
    uint256 private constant FORMS = 0x0000808100828300000000000000000000000000000000000000000000000000;
    /// @dev For a format, 0x80 if there are such tables, and 0x01 for none.
    uint256 private constant FORMATS = 0x0100000000000000000000000000000000808080800000000000000000000000;

    /// @dev Half the order of the group, rounded down: the largest `s` that is low.
    uint256 private constant HALF_N = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8;
    /// @dev What makes the low bytes of `form ‖ 37` zero if added to them, for form 2 and form 5, and carries into the byte
    /// above; and from there, for form 2, through format 0 into the rule's: the sum is then (rule + 0x40) << 24. See
    /// {WebAuthnCheck-allows}.
    uint256 private constant FORM_2 = 0x40000000 - 0x0225;
    uint256 private constant FORM_5 = 0x40000000 - 0x0525;
    /// @dev Where Solidity's memory begins that is free.
    uint256 private constant FREE = 0x80;

    /// @dev An account has asked whether P256VERIFY answers.
    event PrecompileProbed(address indexed account, bool answers);

    /// @dev The chain has no SHA-256.
    error NoSHA256();

    constructor() {
        _SILENT = P256.probe() ? 0 : 1;
        require(sha256("abc") == 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, NoSHA256());
    }

    /**
     * @dev All there is: {_any}, and before it, to be quick, what most calls should be. These are passkeys' approvals in
     * the fixed form with authData of 37 bytes, so that it is known at which byte everything stands:
     *
     * ```
     * 0 ‖ rule ‖ format ‖ form ‖ 37 ‖ hash ‖ x  ‖ y  ‖ r   ‖ s   ‖ authData ‖ suffixLen ‖ suffix
     * 0   28     29       30     31   32     64   96   128   160   192        229         231
     * ```
     *
     * with form 2 and no table named on a chain with P256VERIFY; with form 5 and the hint that fits on others. What is
     * not exactly so is left to {_any}; what is gets the answer that {_any} would give, and tests see to that.
     *
     * Not for ether, although it is payable: with ether no signature is ever found good here, and {_any} reverts.
     *
     * Where {_any} is called, the free memory pointer is set, so that the compiler need not set it first of all.
     */
    fallback() external payable {
        uint256 bad;
        uint256 refused;
        if (_SILENT != 0) {
            // With 1/s and a table: the hint and its length are the last 33 bytes.
            uint256 format;
            uint256 table;
            assembly {
                // form 5, whatever the format
                let first := calldataload(0)
                format := byte(29, first)
                bad := and(
                    add(first, FORM_5),
                    not(or(0xff0000, shl(24, byte(byte(0, calldataload(224)), WEBAUTHN_ALLOWED_RULES))))
                )
                bad := or(bad, gt(or(first, calldataload(160)), HALF_N))
                bad := or(bad, xor(byte(0, calldataload(sub(calldatasize(), 33))), 0x20))
                bad := or(bad, xor(shr(232, calldataload(229)), add(shl(8, calldatasize()), sub(0x22, shl(8, 264)))))
                bad := or(bad, sload(caller())) // P256VERIFY has been found since
            }
            if (bad != 0) {
                assembly {
                    mstore(0x40, FREE)
                }
                _withoutTable();
            }
            address engine = P256_TABLE_4K;
            if (format != P256.TABLE_4K) {
                if (format == P256.TABLE_1K) engine = P256_TABLE_1K;
                else if (format == P256.TABLE_16K) engine = P256_TABLE_16K;
                else if (format == P256.TABLE_512) engine = P256_TABLE_512;
                else {
                    assembly {
                        mstore(0x40, FREE)
                    }
                    _any(false);
                }
            }
            assembly {
                // {P256-tableAt}, written out; the engine does not mind what is above an address
                mstore8(0x60, format)
                calldatacopy(0x61, 64, 0x40)
                mstore(0x80, keccak256(0x60, 0x41))
                mstore(0x60, or(shl(160, 0xff), P256_TABLE_FACTORY))
                mstore(0xa0, P256_TABLE_INIT_CODE_HASH)
                table := keccak256(0x6b, 0x55)
                bad := iszero(extcodesize(table))
            }
            if (bad != 0) {
                assembly {
                    mstore(0x40, FREE)
                }
                _any(false);
            }
            (uint256 head, uint256 tail) = WebAuthnCheck.text(_word(32));
            assembly {
                calldatacopy(96, 231, sub(calldatasize(), 264))
                mstore(64, tail)
                mstore(52, head)
                mstore(17, WEBAUTHN_PREFIX_START)
                mstore(21, WEBAUTHN_PREFIX_END)
                pop(staticcall(gas(), 2, 17, sub(calldatasize(), 185), 133, 0x20))
                calldatacopy(returndatasize(), 128, 101) // r s authData
                pop(staticcall(gas(), 2, 96, 69, callvalue(), returndatasize()))
                mstore(0x60, table)
                mstore(0x80, calldataload(sub(calldatasize(), 32))) // 1/s
                refused := xor(mload(0), staticcall(gas(), engine, 0, 0xa0, 0, returndatasize()))
                bad := mload(0)
            }
            if (refused != 0) {
                if (bad != 0 || msg.value != 0) {
                    assembly {
                        mstore(0x40, FREE)
                    }
                    _any(false); // no answer: see {P256-ask}
                }
                _answer(0);
            }
            assembly {
                return(0, returndatasize())
            }
        }
        assembly {
            // Form 2, format 0, and a rule that the flags satisfy: see {WebAuthnCheck-allows}.
            let first := calldataload(0)
            bad := and(add(first, FORM_2), not(shl(24, byte(byte(0, calldataload(224)), WEBAUTHN_ALLOWED_RULES))))
            // suffixLen is what is left, and the suffix begins with a quote: that is, suffixLen and the byte after it
            bad := or(bad, xor(shr(232, calldataload(229)), add(shl(8, calldatasize()), sub(0x22, shl(8, 231)))))
            // s is low; and the sum above was none that goes beyond the word
            bad := or(bad, gt(or(first, calldataload(160)), HALF_N))
        }
        if (bad != 0) {
            assembly {
                mstore(0x40, FREE)
            }
            _any(true);
        }

        uint256 success;
        assembly {
            // clientDataJSON, from 17 to the end of a word that the text ends with. Each piece is written over the
            // ends of those before.
            calldatacopy(96, 231, sub(calldatasize(), 231))
            // {WebAuthnCheck-text}, written out
            {
                let hash := calldataload(32)
                let v := add(and(shl(2, hash), 0xffffffffffff), and(shl(18, hash), 0xffffff0000000000000000))
                v := add(v, mul(and(v, 0xffffff0000000000ffffff000000), 0xff))
                v := add(v, mul(and(v, 0xfff00000fff00000fff00000fff000), 0x0f))
                v := add(v, mul(and(v, 0x0fc00fc00fc00fc00fc00fc00fc00fc0), 0x03))
                v := add(v, 0x4141414141414141414141414141414141414141414141414141414141414141)
                let d := sub(
                    mul(75, and(add(v, 0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b), TOP_BITS)),
                    mul(6, and(add(v, 0x2525252525252525252525252525252525252525252525252525252525252525), TOP_BITS))
                )
                d := add(d, mul(13, and(add(v, 0x0101010101010101010101010101010101010101010101010101010101010101), TOP_BITS)))
                v := add(v, sar(7, sub(mul(49, and(v, TOP_BITS)), d)))
                mstore(64, v)
            }
            {
                let v := shr(70, calldataload(32))
                v := add(v, mul(and(v, 0xffffffffffffffffffffffff000000000000000000000000), 0xffffffff))
                v := add(v, mul(and(v, 0x00000000ffffffffffff00000000000000000000ffffffffffff000000000000), 0xffff))
                v := add(v, mul(and(v, 0x0000ffffff0000000000ffffff0000000000ffffff0000000000ffffff000000), 0xff))
                v := add(v, mul(and(v, 0x00fff00000fff00000fff00000fff00000fff00000fff00000fff00000fff000), 0x0f))
                v := add(v, mul(and(v, 0x0fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc00fc0), 0x03))
                v := add(v, 0x4141414141414141414141414141414141414141414141414141414141414141)
                let d := sub(
                    mul(75, and(add(v, 0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b), TOP_BITS)),
                    mul(6, and(add(v, 0x2525252525252525252525252525252525252525252525252525252525252525), TOP_BITS))
                )
                d := add(d, mul(13, and(add(v, 0x0101010101010101010101010101010101010101010101010101010101010101), TOP_BITS)))
                v := add(v, sar(7, sub(mul(49, and(v, TOP_BITS)), d)))
                mstore(52, v)
            }
            mstore(17, WEBAUTHN_PREFIX_START)
            mstore(21, WEBAUTHN_PREFIX_END)
            // Its SHA-256 goes to where authData will end. Where the size or the place of a word is returndatasize(), it
            // is 32, after a call that returned a word. Nothing fails here but for want of gas, and then too little is
            // left for P256VERIFY.
            pop(staticcall(gas(), 2, 17, sub(calldatasize(), 152), 133, 0x20))
            calldatacopy(returndatasize(), 128, 101) // r s authData
            // The digest goes to 0: with ether it would go elsewhere, and never be right.
            pop(staticcall(gas(), 2, 96, 69, callvalue(), returndatasize()))
            calldatacopy(0x60, 64, 0x40) // x y
            success := staticcall(gas(), 0x100, 0, 0xa0, 0, returndatasize())
            // Where there is no answer of a word, the digest still stands there, which is neither 0 nor 1.
            refused := xor(mload(0), success)
        }
        if (refused != 0) {
            if (success == 0 || msg.value != 0) {
                assembly {
                    mstore(0x40, FREE)
                }
                _any(true); // no answer: see {P256-ask}
            }
            _answer(0);
        }
        assembly {
            return(0, returndatasize())
        }
    }

    /// @dev The same for a key without a table, with the hints for that: they are the last 128 bytes, after their length.
    /// Does not come back.
    function _withoutTable() private {
        uint256 bad;
        assembly {
            let first := calldataload(0)
            bad := and(add(first, FORM_5), not(shl(24, byte(byte(0, calldataload(224)), WEBAUTHN_ALLOWED_RULES))))
            bad := or(bad, gt(or(first, calldataload(160)), HALF_N))
            bad := or(bad, xor(byte(0, calldataload(sub(calldatasize(), 129))), 0x80))
            bad := or(bad, xor(shr(232, calldataload(229)), add(shl(8, calldatasize()), sub(0x22, shl(8, 360)))))
            bad := or(bad, sload(caller()))
        }
        if (bad != 0) _any(false);
        (uint256 head, uint256 tail) = WebAuthnCheck.text(_word(32));
        uint256 refused;
        assembly {
            calldatacopy(96, 231, sub(calldatasize(), 360))
            mstore(64, tail)
            mstore(52, head)
            mstore(17, WEBAUTHN_PREFIX_START)
            mstore(21, WEBAUTHN_PREFIX_END)
            pop(staticcall(gas(), 2, 17, sub(calldatasize(), 281), 133, 0x20))
            calldatacopy(returndatasize(), 128, 101)
            pop(staticcall(gas(), 2, 96, 69, callvalue(), returndatasize()))
            calldatacopy(0x60, 64, 0x40)
            calldatacopy(0xa0, sub(calldatasize(), 0x80), 0x80)
            refused := xor(mload(0), staticcall(gas(), P256_NO_TABLE, 0, 0x120, 0, returndatasize()))
            bad := mload(0)
        }
        if (refused != 0) {
            if (bad != 0 || msg.value != 0) {
                assembly {
                    mstore(0x40, FREE)
                }
                _any(false);
            }
            _answer(0);
        }
        assembly {
            return(0, returndatasize())
        }
    }

    /// @dev All calls, in all their forms. Does not come back.
    function _any(bool native) private {
        require(msg.value == 0);
        if (msg.data.length == 160) {
            assembly {
                calldatacopy(FREE, 0, 0xa0)
            }
            _answer(P256.ask(native || _found(msg.sender) ? P256.PRECOMPILE : 0, address(0), FREE, 0, 0) ? 1 : 0);
        }
        uint256 head = _word(0);
        if (head >> 32 == 0) {
            bool good = _at(_byte(30), FORMS) != 0 && _verify(native, _word(32), head, 64, 128, 192, msg.data.length);
            _answer(good ? 1 : 0);
        }
        uint256 selector = head >> 224;
        if (selector == VERIFY) _answer(_verify7913(native) ? VERIFY << 224 : uint256(0xffffffff) << 224);
        uint256 account = _word(4);
        if (msg.data.length < 36 || account >> 160 != 0) _answer(0);
        if (selector == PROBE) _answer(_probe(native, address(uint160(account))) ? 1 : 0);
        if (selector == HAS_PRECOMPILE) _answer(native || _found(address(uint160(account))) ? 1 : 0);
        _answer(0);
    }

    /// @dev {IP256Verifier-verify}: finds the two byte strings, which may be anywhere in the calldata.
    function _verify7913(bool native) private view returns (bool) {
        unchecked {
            uint256 size = msg.data.length;
            uint256 keyAt = _word(0x04) + 4;
            uint256 pos = _word(0x44) + 4;
            // What is below the size is small: no sum overflows.
            if (size < 100 || keyAt >= size || pos >= size || keyAt < 4 || pos < 4) return false;
            uint256 keyLength = _word(keyAt);
            uint256 length = _word(pos);
            keyAt += 32;
            pos += 32;
            if (keyLength >= size || length >= size || keyAt + keyLength > size || pos + length > size) return false;
            uint256 end = pos + length;
            uint256 head;
            uint256 authAt;
            if (keyLength == 66) {
                uint256 form = _byte(pos++);
                if (_at(form, FORMS) == 0) return false;
                authAt = pos + 65;
                head = (_word(keyAt + 34) & 0xffff) << 16 | form << 8 | _byte(pos + 64);
            } else if (keyLength == 65) {
                authAt = pos + 64;
                head = _byte(keyAt + 64) << 16;
                if (head == 0) return false;
            } else if (keyLength == 64) {
                authAt = pos + 64;
            } else {
                return false;
            }
            return _verify(native, _word(0x24), head, keyAt, pos, authAt, end);
        }
    }

    /// @dev Whether what stands in pieces in the calldata is a signature of `hash`, in the forms of {IP256Verifier-verify}:
    /// `head` has rule, format, form and authLen, as the packed call; r and s are at `pos`, and authData, or the hints of a
    /// key that signs hashes as they are, at `authAt`. For such a key rule and form are 0. `end` is where the signature ends,
    /// and not beyond the calldata.
    function _verify(
        bool native,
        uint256 hash,
        uint256 head,
        uint256 keyAt,
        uint256 pos,
        uint256 authAt,
        uint256 end
    ) private view returns (bool valid) {
        unchecked {
            uint256 format = _at(29, head);
            uint256 form = _at(_at(30, head), FORMS);
            if (_at(format, FORMATS) == 0) return false;
            if (authAt > end) return false; // nor was there a form, if it has one

            uint256 path = P256.PRECOMPILE;
            address table;
            if (!native && !_found(msg.sender)) {
                path = P256.NO_TABLE;
                if (format != 0) {
                    assembly {
                        calldatacopy(add(FREE, 1), keyAt, 0x40)
                    }
                    table = P256.tableAt(FREE, format);
                    if (table.code.length != 0) path = format;
                }
            }

            uint256 hintsAt = authAt;
            uint256 hintsLength;
            if (form == 0) {
                valid = true;
                assembly {
                    mstore(FREE, hash)
                }
                hintsLength = end - hintsAt;
                if (hintsLength != 0 && hintsLength != 32 && hintsLength != 128) return false;
            } else {
                (hintsAt, valid) = WebAuthnCheck.digest(
                    FREE,
                    bytes32(hash),
                    head >> 24,
                    form & 1 != 0,
                    authAt,
                    _at(31, head),
                    end
                );
                if (hintsAt == 0) return false;
                if (form & 2 != 0) {
                    hintsLength = _byte(hintsAt++);
                    if (hintsLength != 32 && hintsLength != 128) return false;
                }
                if (hintsAt + hintsLength != end) return false;
            }
            assembly {
                calldatacopy(add(FREE, 0x20), pos, 0x40) // r s
                calldatacopy(add(FREE, 0x60), keyAt, 0x40) // x y
            }
            // The signature is verified whatever came before, so that a stub costs what a signature costs.
            bool signed = P256.ask(path, table, FREE, hintsAt, hintsLength);
            valid = valid && signed && P256.isLow(bytes32(_word(pos + 32)));
        }
    }

    function _probe(bool native, address account) private returns (bool answers) {
        answers = P256.probe();
        if (!native) {
            assembly {
                sstore(account, answers)
            }
        }
        emit PrecompileProbed(account, answers);
    }

    /// @dev Whether P256VERIFY has been found for an account since this contract was deployed.
    function _found(address account) private view returns (bool found) {
        assembly {
            found := sload(account)
        }
    }

    /// @dev Returns a word.
    function _answer(uint256 word) private pure {
        assembly {
            mstore(0x00, word)
            return(0x00, 0x20)
        }
    }

    function _word(uint256 pos) private pure returns (uint256 word) {
        assembly {
            word := calldataload(pos)
        }
    }

    function _byte(uint256 pos) private pure returns (uint256 value) {
        assembly {
            value := byte(0, calldataload(pos))
        }
    }

    /// @dev Byte `index` of a table of 32; 0 beyond it.
    function _at(uint256 index, uint256 table) private pure returns (uint256 value) {
        assembly {
            value := byte(index, table)
        }
    }
}
