// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {GuardianDigests} from "./GuardianDigests.sol";
import {Signers} from "./Signers.sol";

/// @dev Who may help, by signer bytes as in {Signers}, and how much his approval counts.
struct Guardian {
    bytes signer;
    uint64 weight;
}

/// @dev Guardians who together, by weights that reach the threshold, begin a recovery that waits `delay` seconds.
struct Tier {
    uint64 threshold;
    uint32 delay;
    Guardian[] guardians;
}

/// @dev All that an account has agreed with its guardians. Times are in seconds.
struct Setup {
    uint32 expiry; // how long what has become ready stays so
    uint32 changeDelay; // how long a change of the setup waits
    uint32 freeze; // how long guardians may freeze the account; 0: they may not
    Tier[] tiers; // ascending by delay
}

/// @dev What guardians approve of: `newSigner` takes the place of `replaces`.
struct Recovery {
    address account;
    uint8 tier;
    bytes newSigner;
    uint8 table; // the format of the new passkey's table, 0 for none
    bytes32 credentialIdHash; // keccak256 of the new passkey's credential id; no contract looks at it
    bytes[] replaces;
    uint256 nonce;
    uint48 deadline; // the last second in which it may be proposed
    bytes32 configHash; // of the setup that the guardians agree under
}

/// @dev One guardian's approval of a digest, or, with a proof, of a Merkle root over digests of several chains.
struct Approval {
    uint8 guardian; // position in the tier
    bytes signature;
    bytes32[] proof; // no longer than 8
}

/**
 * @title Guardians
 * @notice What makes a setup acceptable, and what makes an approval valid.
 *
 * A guardian's id is the keccak256 of its signer's bytes, for passkeys without the rule byte: the same key under two
 * rules is one guardian. Guardians of a tier stand strictly ascending by id, so that nobody counts twice.
 */
library Guardians {
    uint256 internal constant MAX_TIERS = 4;
    uint256 internal constant MAX_GUARDIANS = 16; // of a tier
    uint256 internal constant MAX_SIGNER = 512; // bytes
    uint256 internal constant MAX_PROOF = 8;
    uint256 internal constant MIN_DELAY = 1 days;
    uint256 internal constant MAX_DELAY = 730 days;
    uint256 internal constant MIN_EXPIRY = 1 days;
    uint256 internal constant MAX_EXPIRY = 90 days;
    uint256 internal constant MAX_FREEZE = 60 days;
    /// @dev Between noticing a change of the setup, or a freeze, and a recovery by the quickest tier.
    uint256 internal constant MARGIN = 1 days;

    /// @dev There are so many tiers: none, or more than 4.
    error BadTierCount(uint256 count);
    /// @dev The tier has so many guardians: none, or more than 16.
    error BadGuardianCount(uint256 tier, uint256 count);
    /// @dev The threshold is 0, or more than the weight of all guardians of the tier.
    error BadThreshold(uint256 tier, uint64 threshold, uint256 weight);
    /// @dev The guardian counts for nothing.
    error ZeroWeight(uint256 tier, uint256 guardian);
    /// @dev The guardian's key is that of the guardian before.
    error DuplicateGuardian(uint256 tier, uint256 guardian);
    /// @dev The guardian's id is smaller than that of the guardian before.
    error UnsortedGuardian(uint256 tier, uint256 guardian);
    /// @dev The delay is outside of 1 to 730 days.
    error BadDelay(uint256 tier, uint32 delay);
    /// @dev The tier's delay is not above that of the tier before.
    error DelaysNotAscending(uint256 tier);
    /// @dev The expiry is outside of 1 to 90 days.
    error BadExpiry(uint32 expiry);
    /// @dev The delay of changes is outside of these bounds: the lower is the first tier's delay and a day.
    error BadChangeDelay(uint32 changeDelay, uint256 least, uint256 most);
    /// @dev The freeze is neither 0 nor within these bounds: the lower is the first tier's delay and a day.
    error BadFreeze(uint32 freeze, uint256 least, uint256 most);

    /// @dev There is no such tier, or no such guardian in it.
    error NoSuchTier(uint256 tier);
    error NoSuchGuardian(uint256 guardian);
    /// @dev Approvals do not stand strictly ascending by guardian.
    error UnsortedApproval(uint256 approval);
    /// @dev The approval is not one of this digest by this guardian.
    error InvalidApproval(uint256 approval);
    /// @dev The proof of the approval has more than 8 steps.
    error ProofTooLong(uint256 approval);
    /// @dev Who approves is an account that this module has frozen.
    error FrozenSigner(uint256 approval);

    /// @dev Reverts unless `account` may put itself under this setup.
    function requireAcceptable(Setup calldata s, address account, address p256) internal view {
        uint256 count = s.tiers.length;
        require(count != 0 && count <= MAX_TIERS, BadTierCount(count));
        uint256 last;
        for (uint256 i = 0; i < count; ++i) {
            Tier calldata tier = s.tiers[i];
            uint32 delay = tier.delay;
            require(delay >= MIN_DELAY && delay <= MAX_DELAY, BadDelay(i, delay));
            require(delay > last, DelaysNotAscending(i));
            last = delay;
            _requireGuardians(tier, i, account, p256);
        }
        require(s.expiry >= MIN_EXPIRY && s.expiry <= MAX_EXPIRY, BadExpiry(s.expiry));
        uint256 least = uint256(s.tiers[0].delay) + MARGIN;
        require(
            s.changeDelay >= least && s.changeDelay <= MAX_DELAY,
            BadChangeDelay(s.changeDelay, least, MAX_DELAY)
        );
        require(
            s.freeze == 0 || (s.freeze >= least && s.freeze <= MAX_FREEZE),
            BadFreeze(s.freeze, least, MAX_FREEZE)
        );
    }

    function _requireGuardians(Tier calldata tier, uint256 index, address account, address p256) private view {
        uint256 count = tier.guardians.length;
        require(count != 0 && count <= MAX_GUARDIANS, BadGuardianCount(index, count));
        bytes32 previous = 0;
        uint256 total;
        for (uint256 i = 0; i < count; ++i) {
            Guardian calldata guardian = tier.guardians[i];
            bytes calldata signer = guardian.signer;
            bool passkey = Signers.requireAcceptable(signer, account) == Signers.Kind.PASSKEY;
            require(signer.length <= MAX_SIGNER, Signers.BadSigner(signer, "longer than a guardian may be"));
            address verifier = address(bytes20(signer));
            require(verifier != address(this), Signers.BadSigner(signer, "the recovery module"));
            require(verifier != p256, Signers.BadSigner(signer, "P256Verifier: name the passkey itself"));
            bytes32 id = keccak256(passkey ? signer[:Signers.PASSKEY_LENGTH - 1] : signer);
            require(id != previous, DuplicateGuardian(index, i));
            require(id > previous, UnsortedGuardian(index, i));
            require(guardian.weight != 0, ZeroWeight(index, i));
            previous = id;
            total += guardian.weight;
        }
        require(tier.threshold != 0 && tier.threshold <= total, BadThreshold(index, tier.threshold, total));
    }

    /// @dev The weight of all guardians who approve. Every approval must be valid. `frozen`: see {requireApproval}.
    function weigh(
        Tier memory tier,
        bytes32 digest,
        Approval[] calldata approvals,
        address p256,
        function(address) view returns (bool) frozen
    ) internal view returns (uint256 weight) {
        uint256 next;
        for (uint256 i = 0; i < approvals.length; ++i) {
            uint256 guardian = approvals[i].guardian;
            require(guardian < tier.guardians.length, NoSuchGuardian(guardian));
            require(guardian >= next, UnsortedApproval(i));
            next = guardian + 1;
            requireApproval(tier.guardians[guardian].signer, digest, approvals[i], i, p256, frozen);
            weight += tier.guardians[guardian].weight;
        }
    }

    /// @dev The weight of all guardians of a tier.
    function totalWeight(Tier memory tier) internal pure returns (uint256 total) {
        for (uint256 i = 0; i < tier.guardians.length; ++i) total += tier.guardians[i].weight;
    }

    /**
     * @dev Reverts unless the approval is one of the digest by the signer. An account that is `frozen` by this module
     * answers it by ERC-1271 nevertheless, so that its owner can cancel; as a guardian it is not heard.
     */
    function requireApproval(
        bytes memory signer,
        bytes32 digest,
        Approval calldata approval,
        uint256 index,
        address p256,
        function(address) view returns (bool) frozen
    ) internal view {
        uint256 steps = approval.proof.length;
        require(steps <= MAX_PROOF, ProofTooLong(index));
        bytes32 hash = steps == 0
            ? digest
            : GuardianDigests.onManyChains(MerkleProof.processProofCalldata(approval.proof, digest));
        require(_approves(signer, hash, approval.signature, index, p256, frozen), InvalidApproval(index));
    }

    /// @dev Whether the signature is one of the hash by the signer, whose bytes {Signers} has found acceptable.
    function _approves(
        bytes memory signer,
        bytes32 hash,
        bytes calldata signature,
        uint256 index,
        address p256,
        function(address) view returns (bool) frozen
    ) private view returns (bool) {
        if (signer.length == 20) {
            address key = address(bytes20(signer));
            // What an address delegates to (EIP-7702, 23 bytes of code) was never made a guardian: its key was.
            if (key.code.length > 23) {
                require(!frozen(key), FrozenSigner(index));
                return SignatureChecker.isValidERC1271SignatureNowCalldata(key, hash, signature);
            }
            (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(hash, signature);
            return err == ECDSA.RecoverError.NoError && recovered == key;
        }
        if (address(bytes20(signer)) == Signers.PASSKEY) {
            signer = bytes.concat(signer, hex"00"); // no table
            assembly ("memory-safe") {
                let head := add(signer, 0x20)
                mstore(head, or(shl(96, p256), shr(160, shl(160, mload(head)))))
            }
        }
        // By its verifier, by ERC-7913: a static call, of whose answer one word is read.
        return SignatureChecker.isValidSignatureNow(signer, hash, signature);
    }
}
