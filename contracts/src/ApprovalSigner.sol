// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    MultiSignerERC7913WeightedUpgradeable
} from "@openzeppelin/contracts-upgradeable/utils/cryptography/signers/MultiSignerERC7913WeightedUpgradeable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {P256Front} from "./P256Front.sol";
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
 * ```
 *
 * Integers are big endian. 0x02 rebuilds the fixed form of clientDataJSON, 0x03 the general form (see {WebAuthnCheck}).
 * An approval has exactly one encoding; what stands in the `sig` of 0x04 is its verifier's affair.
 *
 * A malformed signature is an invalid one and never reverts. An approval that does not verify makes the signature
 * invalid but does not end the work: an estimation with a stub signature costs what a real one costs, to within
 * some hundred gas.
 */
abstract contract ApprovalSigner is MultiSignerERC7913WeightedUpgradeable, PrecompileMemory {
    uint8 private constant SECP256K1 = 0x01;
    uint8 private constant PASSKEY_FIXED = 0x02;
    uint8 private constant PASSKEY_GENERAL = 0x03;
    uint8 private constant CONTRACT = 0x04;

    /// @dev One approval as read from the signature.
    struct Approval {
        bool wellFormed; // false: the rest means nothing, the whole signature is malformed
        bool valid; // the signer approves of the hash; says nothing of whether it is a signer of this account
        uint256 length; // bytes taken from the signature
        bytes signer;
    }

    /// @dev Whether the approvals in `signature` are those of enough signers, all of them valid for `hash` as it is.
    function _rawSignatureValidation(
        bytes32 hash,
        bytes calldata signature
    ) internal view virtual override returns (bool) {
        uint64 needed = threshold();
        bool valid = needed != 0; // an account that was never initialised approves of nothing
        bytes32 previous = 0;
        while (signature.length != 0) {
            Approval memory approval = _readApproval(hash, signature);
            if (!approval.wellFormed) return false;
            bytes32 id = keccak256(approval.signer);
            if (id <= previous || !isSigner(approval.signer)) return false;
            previous = id;
            valid = valid && approval.valid;
            // Every signer weighs at least one: the weight is only read when one is not enough.
            if (needed > 1) {
                uint64 weight = signerWeight(approval.signer);
                needed = weight < needed ? needed - weight : 0;
            } else {
                needed = 0;
            }
            signature = signature[approval.length:];
        }
        return valid && needed == 0;
    }

    /// @dev Adds signers after checking each by {Signers-requireAcceptable}.
    function _addSigners(bytes[] memory newSigners) internal virtual override {
        for (uint256 i = 0; i < newSigners.length; ++i) {
            Signers.requireAcceptable(newSigners[i], address(this));
        }
        super._addSigners(newSigners);
    }

    function _readApproval(bytes32 hash, bytes calldata data) private view returns (Approval memory) {
        uint8 kind = uint8(data[0]);
        if (kind == PASSKEY_FIXED || kind == PASSKEY_GENERAL) return _readPasskey(hash, data, kind == PASSKEY_GENERAL);
        if (kind == SECP256K1) return _readSecp256k1(hash, data);
        if (kind == CONTRACT) return _readContract(hash, data);
        return _malformed();
    }

    function _readSecp256k1(bytes32 hash, bytes calldata data) private pure returns (Approval memory) {
        if (data.length < 86) return _malformed();
        address signer = address(bytes20(data[1:21]));
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecover(
            hash,
            uint8(data[85]),
            bytes32(data[21:53]),
            bytes32(data[53:85])
        );
        bool valid = err == ECDSA.RecoverError.NoError && recovered == signer;
        return Approval(true, valid, 86, abi.encodePacked(signer));
    }

    function _readPasskey(bytes32 hash, bytes calldata data, bool general) private view returns (Approval memory) {
        if (data.length < 131) return _malformed();
        (bool ok, bytes calldata authData, uint256 end) = _field(data, 130, 1);
        if (!ok || authData.length < 37) return _malformed();

        bool valid;
        bytes32 digest;
        bytes calldata suffix;
        if (general) {
            uint256 typeAt = end;
            bytes calldata prefix;
            (ok, prefix, end) = _field(data, typeAt + 2, 2);
            if (!ok) return _malformed();
            (ok, suffix, end) = _field(data, end, 2);
            if (!ok) return _malformed();
            uint256 typeIndex = uint16(bytes2(data[typeAt:typeAt + 2]));
            (valid, digest) = WebAuthnCheck.digestGeneral(hash, authData, typeIndex, prefix, suffix);
        } else {
            (ok, suffix, end) = _field(data, end, 2);
            if (!ok) return _malformed();
            (valid, digest) = WebAuthnCheck.digestFixed(hash, authData, suffix);
        }

        bytes32 x = bytes32(data[1:33]);
        bytes32 y = bytes32(data[33:65]);
        bytes1 rule = data[65];
        // Not `&&`: the signature is verified whatever came before, so that every approval costs the same.
        valid = WebAuthnCheck.flagsAllowed(authData, uint8(rule)) && valid;
        valid = P256Front.verify(hasPrecompile(), digest, bytes32(data[66:98]), bytes32(data[98:130]), x, y) && valid;
        return Approval(true, valid, end, Signers.passkey(x, y, rule));
    }

    function _readContract(bytes32 hash, bytes calldata data) private view returns (Approval memory) {
        (bool ok, bytes calldata signer, uint256 end) = _field(data, 1, 2);
        if (!ok || signer.length < 20) return _malformed();
        bytes calldata sig;
        (ok, sig, end) = _field(data, end, 2);
        if (!ok) return _malformed();
        // Who is no signer is not called. A key has its own encoding and none as a contract, not even when its
        // address delegates to one (EIP-7702, 23 bytes of code): what it delegates to was never made a signer.
        // A passkey has its own encoding too: whatever stands at its verifier's address on some chain is never asked.
        address verifier = address(bytes20(signer[:20]));
        if (verifier == Signers.PASSKEY || !isSigner(signer) || verifier.code.length <= 23) return _malformed();
        bool valid = signer.length == 20
            ? SignatureChecker.isValidERC1271SignatureNowCalldata(verifier, hash, sig)
            : SignatureChecker.isValidSignatureNow(signer, hash, sig);
        return Approval(true, valid, end, signer);
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

    function _malformed() private pure returns (Approval memory approval) {}
}
