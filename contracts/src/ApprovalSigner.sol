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

    /// @dev One approval as read from the signature.
    struct Approval {
        uint256 length; // bytes taken from the signature; 0 refuses the whole of it: malformed, or nobody's approval
        bytes32 id; // of the signer, keccak256 of its bytes
        uint64 weight; // of the signer
        bool valid; // the signer approves of the hash
    }

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
        Config memory config = _config();
        bool precompile = _hasPrecompile(config);
        uint256 needed = config.threshold;
        bool valid = needed != 0; // an account that was never initialised approves of nothing
        bytes32 previous = 0;
        while (signature.length != 0) {
            Approval memory approval = _readApproval(hash, signature, precompile);
            if (approval.length == 0 || approval.id <= previous) return false;
            previous = approval.id;
            valid = valid && approval.valid;
            needed = approval.weight < needed ? needed - approval.weight : 0;
            signature = signature[approval.length:];
        }
        return valid && needed == 0;
    }

    function _readApproval(
        bytes32 hash,
        bytes calldata data,
        bool precompile
    ) private view returns (Approval memory approval) {
        uint8 kind = uint8(data[0]);
        if (kind == SECP256K1) return _readSecp256k1(hash, data);
        if (kind == CONTRACT) return _readContract(hash, data);
        if (kind >= PASSKEY_FIXED && kind <= PASSKEY_GENERAL_HINTS) return _readPasskey(hash, data, kind, precompile);
    }

    function _readSecp256k1(bytes32 hash, bytes calldata data) private view returns (Approval memory approval) {
        if (data.length < 86) return approval;
        bytes32 id = keccak256(data[1:21]);
        uint64 weight = _meta(id).weight;
        if (weight == 0) return approval;
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecover(
            hash,
            uint8(data[85]),
            bytes32(data[21:53]),
            bytes32(data[53:85])
        );
        bool valid = err == ECDSA.RecoverError.NoError && recovered == address(bytes20(data[1:21]));
        return Approval(86, id, weight, valid);
    }

    function _readPasskey(
        bytes32 hash,
        bytes calldata data,
        uint8 kind,
        bool precompile
    ) private view returns (Approval memory approval) {
        if (data.length < 131) return approval;
        (bool ok, bytes calldata authData, uint256 end) = _field(data, 130, 1);
        if (!ok || authData.length < 37) return approval;

        bytes32 digest;
        bytes calldata suffix;
        if (kind == PASSKEY_GENERAL || kind == PASSKEY_GENERAL_HINTS) {
            uint256 typeAt = end;
            bytes calldata prefix;
            (ok, prefix, end) = _field(data, typeAt + 2, 2);
            if (!ok) return approval;
            (ok, suffix, end) = _field(data, end, 2);
            if (!ok) return approval;
            uint256 typeIndex = uint16(bytes2(data[typeAt:typeAt + 2]));
            (approval.valid, digest) = WebAuthnCheck.digestGeneral(hash, authData, typeIndex, prefix, suffix);
        } else {
            (ok, suffix, end) = _field(data, end, 2);
            if (!ok) return approval;
            (approval.valid, digest) = WebAuthnCheck.digestFixed(hash, authData, suffix);
        }
        bytes calldata hints = data[end:end];
        if (kind >= PASSKEY_FIXED_HINTS) {
            (ok, hints, end) = _field(data, end, 1);
            if (!ok || (hints.length != 32 && hints.length != 128)) return approval;
        }

        approval.id = Signers.passkeyId(data[1:66]);
        Meta memory meta = _meta(approval.id);
        if (meta.weight == 0) return approval;
        approval.weight = meta.weight;
        approval.length = end;
        // Not `&&`: the signature is verified whatever came before, so that every approval costs the same.
        bool allowed = WebAuthnCheck.flagsAllowed(authData, uint8(data[65]));
        uint8 path = precompile ? P256.PRECOMPILE : uint8(meta.body);
        bool signed = P256.verify(
            path,
            digest,
            bytes32(data[66:98]),
            bytes32(data[98:130]),
            bytes32(data[1:33]),
            bytes32(data[33:65]),
            hints
        );
        approval.valid = approval.valid && allowed && signed;
    }

    function _readContract(bytes32 hash, bytes calldata data) private view returns (Approval memory approval) {
        (bool ok, bytes calldata signer, uint256 end) = _field(data, 1, 2);
        if (!ok || signer.length < 20) return approval;
        bytes calldata sig;
        (ok, sig, end) = _field(data, end, 2);
        if (!ok) return approval;
        // Who is no signer is not called. A key has its own encoding and none as a contract, not even when its
        // address delegates to one (EIP-7702, 23 bytes of code): what it delegates to was never made a signer.
        // A passkey has its own encoding too: whatever stands at its verifier's address on some chain is never asked.
        bytes32 id = keccak256(signer);
        Meta memory meta = _meta(id);
        if (meta.weight == 0 || meta.kind == Signers.Kind.PASSKEY) return approval;
        address verifier = address(bytes20(signer[:20]));
        if (verifier.code.length <= 23) return approval;
        bool valid = meta.kind == Signers.Kind.ADDRESS
            ? SignatureChecker.isValidERC1271SignatureNowCalldata(verifier, hash, sig)
            : SignatureChecker.isValidSignatureNow(signer, hash, sig);
        return Approval(end, id, meta.weight, valid);
    }

    /// @dev The bytes at `offset` after a big-endian length of `width` bytes, and where they end. Not ok if they do not
    /// fit in `data`.
    function _field(
        bytes calldata data,
        uint256 offset,
        uint256 width
    ) private pure returns (bool ok, bytes calldata field, uint256 end) {
        uint256 start = offset + width;
        if (start <= data.length) {
            uint256 length = width == 1 ? uint8(data[offset]) : uint16(bytes2(data[offset:start]));
            end = start + length;
            if (end <= data.length) return (true, data[start:end], end);
        }
        return (false, data[:0], 0);
    }
}
