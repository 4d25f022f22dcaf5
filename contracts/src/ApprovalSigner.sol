// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {AbstractSigner} from "@openzeppelin/contracts/utils/cryptography/signers/AbstractSigner.sol";
import {P256} from "./P256.sol";
import {PrecompileMemory} from "./PrecompileMemory.sol";
import {Signers} from "./Signers.sol";
import {WebAuthnCheck} from "./WebAuthnCheck.sol";

/**
 * @title ApprovalSigner
 * @notice Weighted signers whose approvals come in the packed layout "postern v1": one or more approvals back to back,
 * strictly ascending by the keccak256 of their signer's bytes.
 *
 * ```
 * 0x01 secp256k1: address(20) r(32) s(32) v(1)
 * 0x02 passkey:   x(32) y(32) rule(1) r(32) s(32) authLen(1) authData suffixLen(2) suffix
 * 0x03 passkey:   x(32) y(32) rule(1) r(32) s(32) authLen(1) authData
 *                 typeIndex(2) prefixLen(2) prefix suffixLen(2) suffix
 * 0x04 contract:  signerLen(2) signer sigLen(2) sig
 * 0x05 passkey:   as 0x02, then hintsLen(1) hints
 * 0x06 passkey:   as 0x03, then hintsLen(1) hints
 * ```
 *
 * Integers are big endian. 0x02 rebuilds the fixed form of clientDataJSON, 0x03 the general form (see {WebAuthnCheck}).
 * An approval has exactly one encoding, its hints aside; what stands in the `sig` of 0x04 is its verifier's affair.
 *
 * Hints are 32 or 128 bytes that save gas where P256VERIFY is missing (see {P256}). They are no part of what is signed.
 * Right, wrong, or made for another way of verifying: whether the approval is valid does not depend on them.
 *
 * A malformed signature is an invalid one and never reverts. An approval that does not verify makes the signature
 * invalid but does not end the work: an estimation with a stub signature costs what a real one costs, to within
 * some hundred gas.
 */
abstract contract ApprovalSigner is AbstractSigner, PrecompileMemory {
    uint8 private constant SECP256K1 = 0x01;
    uint8 private constant PASSKEY_FIXED = 0x02;
    uint8 private constant PASSKEY_GENERAL = 0x03;
    uint8 private constant CONTRACT = 0x04;
    uint8 private constant PASSKEY_FIXED_HINTS = 0x05;
    uint8 private constant PASSKEY_GENERAL_HINTS = 0x06;

    /// @notice How the signatures of this passkey are verified now: 0x01 by P256VERIFY, 0x11 to 0x14 by its table of
    /// that format, 0x00 without a table.
    function p256Path(bytes calldata signer) external view returns (uint8) {
        (, , uint8 format) = _passkey(signer);
        return hasPrecompile() ? P256.PRECOMPILE : format;
    }

    /// @dev Whether the approvals in `signature` are those of enough signers, all of them valid for `hash` as it is.
    function _rawSignatureValidation(
        bytes32 hash,
        bytes calldata signature
    ) internal view virtual override returns (bool) {
        Config storage config = _config();
        bool precompile = _hasPrecompile(config.precompile);
        uint256 needed = config.threshold;
        bool valid = needed != 0; // an account that was never initialised approves of nothing
        (uint256 pos, uint256 end) = _bounds(signature);
        bytes32 previous = 0;
        while (pos != end) {
            (uint256 next, bytes32 id, uint256 weight, bool approves) = _readApproval(hash, pos, end, precompile);
            if (next == 0 || id <= previous) return false;
            pos = next;
            previous = id;
            valid = valid && approves;
            needed = weight < needed ? needed - weight : 0;
        }
        return valid && needed == 0;
    }

    /**
     * @dev Reads one approval at `pos` of the calldata, which is before `end`. `next` is the position after it, at most
     * `end`, or 0, which refuses the whole signature: the approval is malformed, or `id` (keccak256 of the signer's bytes)
     * is no signer's. `approves` says whether it is valid for `hash`.
     */
    function _readApproval(
        bytes32 hash,
        uint256 pos,
        uint256 end,
        bool precompile
    ) private view returns (uint256 next, bytes32 id, uint256 weight, bool approves) {
        uint256 kind = uint8(bytes1(_word(pos)));
        if (kind == SECP256K1) return _readSecp256k1(hash, pos, end);
        if (kind == CONTRACT) return _readContract(hash, pos, end);
        if (kind >= PASSKEY_FIXED && kind <= PASSKEY_GENERAL_HINTS) {
            return _readPasskey(hash, pos, end, kind, precompile);
        }
    }

    function _readSecp256k1(
        bytes32 hash,
        uint256 pos,
        uint256 end
    ) private view returns (uint256 next, bytes32 id, uint256 weight, bool approves) {
        unchecked {
            next = pos + 86;
            address signer = address(bytes20(_word(pos + 1)));
            id = Signers.addressId(signer);
            weight = _meta(id).weight;
            if (next > end || weight == 0) return (0, 0, 0, false);
            (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecover(
                hash,
                uint8(bytes1(_word(pos + 85))),
                _word(pos + 21),
                _word(pos + 53)
            );
            approves = err == ECDSA.RecoverError.NoError && recovered == signer;
        }
    }

    function _readPasskey(
        bytes32 hash,
        uint256 pos,
        uint256 end,
        uint256 kind,
        bool precompile
    ) private view returns (uint256 next, bytes32 id, uint256 weight, bool approves) {
        unchecked {
            id = Signers.passkeyId(pos + 1);
            Meta storage meta = _meta(id);
            weight = meta.weight;
            if (weight == 0) return (0, 0, 0, false);

            uint256 path = precompile ? P256.PRECOMPILE : uint8(meta.body);
            address table;
            uint256 buffer = _free();
            if (path > P256.PRECOMPILE) {
                _copy(buffer + 1, pos + 1, 64); // x y
                table = P256.tableAt(buffer, path);
            }
            uint256 authLength;
            assembly ("memory-safe") {
                authLength := byte(0, calldataload(add(pos, 130)))
            }
            // The rule in the approval is the account's: it is part of what makes the id.
            (next, approves) = WebAuthnCheck.digest(
                buffer,
                hash,
                uint8(bytes1(_word(pos + 65))),
                kind == PASSKEY_GENERAL || kind == PASSKEY_GENERAL_HINTS,
                pos + 131,
                authLength,
                end
            );
            uint256 hintsAt;
            uint256 hintsLength;
            if (kind >= PASSKEY_FIXED_HINTS && next != 0) {
                hintsLength = uint8(bytes1(_word(next)));
                hintsAt = next + 1;
                next = hintsAt + hintsLength;
                if (next > end || (hintsLength != 32 && hintsLength != 128)) next = 0;
            }
            if (next == 0) return (0, 0, 0, false);

            _copy(buffer + 0x20, pos + 66, 64); // after the digest: r s
            _copy(buffer + 0x60, pos + 1, 64); // x y
            approves = approves && P256.isLow(_word(pos + 98));
            // The signature is verified whatever came before, so that every approval costs the same.
            bool signed = P256.ask(path, table, buffer, hintsAt, hintsLength);
            approves = approves && signed;
        }
    }

    function _readContract(
        bytes32 hash,
        uint256 pos,
        uint256 end
    ) private view returns (uint256 next, bytes32 id, uint256 weight, bool approves) {
        bytes calldata signer;
        bytes calldata sig;
        (signer, next) = _field(pos + 1, end);
        (sig, next) = _field(next, end);
        if (next == 0 || signer.length < 20) return (0, 0, 0, false);
        // Who is no signer is not called. A key has its own encoding and none as a contract, not even when its
        // address delegates to one (EIP-7702, 23 bytes of code): what it delegates to was never made a signer.
        // A passkey has its own encoding too: whatever stands at its verifier's address on some chain is never asked.
        id = keccak256(signer);
        Meta storage meta = _meta(id);
        weight = meta.weight;
        address verifier = address(bytes20(signer));
        if (weight == 0 || meta.kind == Signers.Kind.PASSKEY || verifier.code.length <= 23) return (0, 0, 0, false);
        approves = meta.kind == Signers.Kind.ADDRESS
            ? SignatureChecker.isValidERC1271SignatureNowCalldata(verifier, hash, sig)
            : SignatureChecker.isValidSignatureNow(signer, hash, sig);
    }

    /// @dev The bytes at `pos` of the calldata, after their length in two bytes, and where they end; 0 if that is beyond
    /// `end`, or if `pos` is 0.
    function _field(uint256 pos, uint256 end) private pure returns (bytes calldata field, uint256 next) {
        unchecked {
            uint256 length = uint16(bytes2(_word(pos)));
            next = pos + 2 + length;
            if (next > end || pos == 0) {
                length = 0;
                next = 0;
            }
            assembly ("memory-safe") {
                field.offset := add(pos, 2)
                field.length := length
            }
        }
    }

    /// @dev Where a slice of the calldata starts and ends.
    function _bounds(bytes calldata slice) private pure returns (uint256 start, uint256 end) {
        assembly ("memory-safe") {
            start := slice.offset
            end := add(start, slice.length)
        }
    }

    /// @dev 32 bytes of the calldata, zero beyond its end.
    function _word(uint256 pos) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(pos)
        }
    }

    /// @dev Memory that nobody uses; nor is it taken.
    function _free() private pure returns (uint256 buffer) {
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
    }

    /// @dev Copies from the calldata to memory above the free memory pointer.
    function _copy(uint256 to, uint256 pos, uint256 length) private pure {
        assembly ("memory-safe") {
            calldatacopy(to, pos, length)
        }
    }
}
