// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC7579Module, MODULE_TYPE_EXECUTOR} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {GuardianDigests} from "./GuardianDigests.sol";
import {Approval, Guardians, Recovery, Setup, Tier} from "./Guardians.sol";

/**
 * @title GuardianRecovery
 * @notice Guardians bring back an account whose signers are lost: an ERC-7579 executor module, one contract for all
 * accounts, without owner. What a recovery does to an account, a contract that inherits this one says.
 *
 * - *propose*: guardians of a tier, by weights that reach its threshold, approve of a new signer, which approves too.
 *   Anybody may send it. A tier has one proposal at a time.
 * - *delay*: the tier's. Meanwhile the account {cancel}s all proposals, or a majority of guardians one.
 * - *execute*: by anybody, before the proposal expires. All else that was proposed or signed is void then: the epoch,
 *   which is part of every nonce, is raised.
 *
 * The first setup holds at once: before it there was nobody to protect. Every other, and leaving, waits `changeDelay`,
 * which is a day longer than the quickest recovery, so that a thief cannot be rid of the guardians before they act.
 *
 * What this does not protect from: whoever holds enough signers of the account can cancel, change the account's code
 * and take what it holds. A freeze by guardians ends that for a time, once.
 */
abstract contract GuardianRecovery is IERC7579Module, IERC5267 {
    struct Proposal {
        bytes32 digest; // of the {Recovery}; 0: none
        uint48 readyAt;
        uint48 expiresAt;
        uint48 atBlock;
        uint48 epoch; // another one than the account's: void
        uint64 counter; // proposals of the tier, and cancellations by guardians
    }

    struct State {
        address setup; // whose code is the setup; 0: none
        uint48 epoch;
        uint48 freezableAt;
        address pending; // whose code is the setup to come; 0: none, or leaving
        uint48 pendingReadyAt; // 0: nothing is to come
        uint48 pendingExpiresAt;
        uint48 frozenUntil; // by this module; 0: not, or lifted; past: ended by itself
        uint64 freezes; // and liftings
        mapping(uint256 tier => Proposal) proposals;
    }

    /// @dev Asked for in place of a tier, {nonceOf} tells the nonce of freezing.
    uint8 private constant NO_TIER = 0xff;

    /// @dev A contract's code (EIP-170) without the first byte, which is STOP.
    uint256 private constant MAX_ENCODED = 24575;

    /// @notice What verifies passkeys.
    address public immutable p256Verifier;

    mapping(address account => State) private _states;

    event SetupApplied(address indexed account, bytes32 configHash);
    event SetupScheduled(address indexed account, bytes32 configHash, uint48 readyAt);
    event SetupCancelled(address indexed account);
    event RecoveryProposed(
        address indexed account,
        uint8 indexed tier,
        bytes32 digest,
        uint48 readyAt,
        uint48 expiresAt,
        Recovery recovery
    );
    /// @dev By the account, or, with address 0, by guardians.
    event RecoveryCancelled(address indexed account, uint8 indexed tier, address by);
    event RecoveryExecuted(address indexed account, uint8 indexed tier, bytes32 digest, bytes newSigner);
    event Frozen(address indexed account, uint48 until);
    event Unfrozen(address indexed account);

    error SetupStands();
    error NoSetup();
    error BadInstallData();
    /// @dev The setup, ABI-encoded, does not fit into a contract's code.
    error SetupTooLarge(uint256 size);
    /// @dev Nothing is there to verify passkeys.
    error NoVerifier();
    error NoPendingSetup();
    error NoProposal();
    /// @dev The tier has a proposal, until then.
    error ProposalStands(uint48 expiresAt);
    error TooEarly(uint48 readyAt);
    error TooLate(uint48 expiredAt);
    error BadNonce(uint256 expected);
    error BadConfigHash(bytes32 expected);
    error NotEnoughWeight(uint256 weight, uint256 needed);
    /// @dev One guardian alone is not heard in this.
    error OneGuardianIsNotEnough();
    /// @dev Guardians of this tier have no say about the proposals of a quicker one.
    error QuickerTier(uint8 tier, uint8 by);
    error BadAccountSignature();
    error NoFreezing();
    error NotFrozen();
    /// @dev The account is frozen until then.
    error StillFrozen(uint48 until);

    constructor(address p256Verifier_) {
        require(p256Verifier_.code.length != 0, NoVerifier());
        p256Verifier = p256Verifier_;
    }

    /// @notice Sets the account's first setup, `abi.encode(Setup)`, at once.
    function onInstall(bytes calldata data) external {
        require(data.length >= 64 && uint256(bytes32(data)) == 0x20, BadInstallData());
        Setup calldata s;
        assembly ("memory-safe") {
            s := add(data.offset, 0x20)
        }
        State storage $ = _states[msg.sender];
        require($.setup == address(0), SetupStands());
        Guardians.requireAcceptable(s, msg.sender, p256Verifier);
        _requireRecoverable(msg.sender);
        bytes32 configHash;
        ($.setup, configHash) = _write(s);
        ++$.epoch;
        emit SetupApplied(msg.sender, configHash);
    }

    /// @notice Refused while a setup stands: leaving is a change, see {scheduleSetup}.
    function onUninstall(bytes calldata) external view {
        require(_states[msg.sender].setup == address(0), SetupStands());
    }

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_EXECUTOR;
    }

    /// @notice Whether the account has a setup.
    function isInitialized(address account) external view returns (bool) {
        return _states[account].setup != address(0);
    }

    /// @notice The caller changes its setup, after the present one's `changeDelay`. Without tiers (and with zeros) it
    /// leaves. What was scheduled before is dropped.
    function scheduleSetup(Setup calldata s) external {
        State storage $ = _states[msg.sender];
        (Setup memory present, ) = _requireSetup($);
        bytes32 configHash;
        if (s.tiers.length == 0) {
            require(s.expiry == 0 && s.changeDelay == 0 && s.freeze == 0, Guardians.BadTierCount(0));
            $.pending = address(0);
        } else {
            Guardians.requireAcceptable(s, msg.sender, p256Verifier);
            ($.pending, configHash) = _write(s);
        }
        $.pendingReadyAt = _now() + present.changeDelay;
        $.pendingExpiresAt = $.pendingReadyAt + present.expiry;
        emit SetupScheduled(msg.sender, configHash, $.pendingReadyAt);
    }

    /// @notice Puts the scheduled setup into force, by anybody, once it is ready and before it expires. Not while the
    /// guardians have frozen the account.
    function applySetup(address account) external {
        State storage $ = _states[account];
        require($.pendingReadyAt != 0, NoPendingSetup());
        require(_now() >= $.pendingReadyAt, TooEarly($.pendingReadyAt));
        require(_now() < $.pendingExpiresAt, TooLate($.pendingExpiresAt));
        require(_now() >= $.frozenUntil, StillFrozen($.frozenUntil));
        address pending = $.pending;
        $.setup = pending;
        _dropPending($);
        ++$.epoch;
        emit SetupApplied(account, pending == address(0) ? bytes32(0) : keccak256(SSTORE2.read(pending)));
    }

    /// @notice The caller drops the change that it has scheduled.
    function cancelSetup() external {
        State storage $ = _states[msg.sender];
        require($.pendingReadyAt != 0, NoPendingSetup());
        _dropPending($);
        emit SetupCancelled(msg.sender);
    }

    /// @notice Begins a recovery: with the approvals of a tier's guardians and of the new signer, by anybody.
    function propose(Recovery calldata r, Approval calldata newSigner, Approval[] calldata approvals) external {
        State storage $ = _states[r.account];
        (Setup memory s, bytes32 configHash) = _requireSetup($);
        Tier memory tier = _tier(s, r.tier);
        Proposal storage p = $.proposals[r.tier];
        require(!_stands($, p) || _now() >= p.expiresAt, ProposalStands(p.expiresAt));
        require(r.configHash == configHash, BadConfigHash(configHash));
        require(r.nonce == _nonce($, p.counter), BadNonce(_nonce($, p.counter)));
        require(_now() <= r.deadline, TooLate(r.deadline));
        _requireReplaceable(r);

        bytes32 digest = GuardianDigests.recover(r);
        Guardians.requireApproval(r.newSigner, digest, newSigner, type(uint256).max, p256Verifier, _isFrozen);
        uint256 weight = Guardians.weigh(tier, digest, approvals, p256Verifier, _isFrozen);
        require(weight >= tier.threshold, NotEnoughWeight(weight, tier.threshold));

        p.digest = digest;
        p.readyAt = _now() + tier.delay;
        p.expiresAt = p.readyAt + s.expiry;
        p.atBlock = uint48(block.number);
        p.epoch = $.epoch;
        ++p.counter;
        emit RecoveryProposed(r.account, r.tier, digest, p.readyAt, p.expiresAt, r);
    }

    /// @notice Carries out a proposal, by anybody, once it is ready and before it expires.
    function execute(Recovery calldata r) external {
        State storage $ = _states[r.account];
        Proposal storage p = $.proposals[r.tier];
        bytes32 digest = GuardianDigests.recover(r);
        require(_stands($, p) && p.digest == digest, NoProposal());
        require(_now() >= p.readyAt, TooEarly(p.readyAt));
        require(_now() < p.expiresAt, TooLate(p.expiresAt));

        ++$.epoch;
        if ($.pendingReadyAt != 0) {
            _dropPending($);
            emit SetupCancelled(r.account);
        }
        if (_now() < $.frozenUntil) _lift($, r.account);
        _replace(r);
        emit RecoveryExecuted(r.account, r.tier, digest, r.newSigner);
    }

    /// @notice The caller, an account, cancels all proposals; and all that was signed for it so far is void.
    function cancel() external {
        _cancelAll(msg.sender);
    }

    /// @notice The same with the account's signature (ERC-1271), by anybody, also while the account is frozen. Nothing
    /// but the epoch makes it stale: whoever freezes the account cannot keep it from being used.
    function cancelBySignature(address account, bytes calldata signature) external {
        bytes32 digest = GuardianDigests.cancelAll(account, _nonce(_states[account], 0));
        (bool success, bytes memory answer) = account.staticcall(
            abi.encodeCall(IERC1271.isValidSignature, (digest, signature))
        );
        require(
            success && answer.length == 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector),
            BadAccountSignature()
        );
        _cancelAll(account);
    }

    /**
     * @notice Guardians of tier `by` cancel the proposal of `tier`, their own or a slower one: more than half of their
     * weight, the threshold at least, and two of them at least; but the only guardian of a tier may cancel its own.
     */
    function cancelByGuardians(address account, uint8 tier, uint8 by, Approval[] calldata approvals) external {
        State storage $ = _states[account];
        (Setup memory s, bytes32 configHash) = _requireSetup($);
        require(by <= tier, QuickerTier(tier, by));
        Tier memory cancelling = _tier(s, by);
        Proposal storage p = $.proposals[tier];
        require(_stands($, p) && _now() < p.expiresAt, NoProposal());
        bool alone = by == tier && cancelling.guardians.length == 1;
        bytes32 digest = GuardianDigests.cancelRecovery(account, tier, by, _nonce($, p.counter), configHash);
        _requireMajority(cancelling, digest, approvals, alone);
        p.digest = 0;
        ++p.counter;
        emit RecoveryCancelled(account, tier, address(0));
    }

    /**
     * @notice Guardians of a tier freeze the account: more than half of their weight, the threshold at least, and two
     * of them at least. Again only after twice the time. A scheduled setup is not ready before the freeze is over.
     */
    function freeze(address account, uint8 tier, uint48 deadline, Approval[] calldata approvals) external {
        State storage $ = _states[account];
        uint32 time = _requireFreeze(true, account, tier, deadline, approvals);
        require(time != 0, NoFreezing());
        require(_now() >= $.freezableAt, TooEarly($.freezableAt));
        uint48 until = _now() + time;
        $.freezableAt = until + time;
        $.frozenUntil = until;
        _postponePending($, account, until);
        emit Frozen(account, until);
        _freezeAccount(account, until);
    }

    /// @notice Guardians of a tier lift the freeze, as many as it takes to freeze.
    function unfreeze(address account, uint8 tier, uint48 deadline, Approval[] calldata approvals) external {
        State storage $ = _states[account];
        require(_now() < $.frozenUntil, NotFrozen());
        _requireFreeze(false, account, tier, deadline, approvals);
        _lift($, account);
    }

    /// @notice Has the account forget a freeze that has ended by itself, by anybody. An account that reads no clock where
    /// it validates may until then refuse what would name an earlier time, or none at all.
    function thaw(address account) external {
        State storage $ = _states[account];
        uint48 until = $.frozenUntil;
        require(until != 0, NotFrozen());
        require(_now() >= until, StillFrozen(until));
        _lift($, account);
    }

    /// @notice The account's setup; without tiers, none.
    function setupOf(address account) external view returns (Setup memory s) {
        address setup = _states[account].setup;
        if (setup != address(0)) s = abi.decode(SSTORE2.read(setup), (Setup));
    }

    /// @notice The setup to come, without tiers if the account leaves, and when; nothing is to come if `readyAt` is 0.
    function pendingSetupOf(
        address account
    ) external view returns (Setup memory s, uint48 readyAt, uint48 expiresAt) {
        State storage $ = _states[account];
        if ($.pending != address(0)) s = abi.decode(SSTORE2.read($.pending), (Setup));
        return (s, $.pendingReadyAt, $.pendingExpiresAt);
    }

    /// @notice The nonce of the next proposal of a tier and of its cancellation by guardians; for 255, of freezing and of
    /// drills. `epoch << 64 | counter`. The account's {cancelBySignature} has no counter: `epoch << 64`.
    function nonceOf(address account, uint8 tier) external view returns (uint256) {
        State storage $ = _states[account];
        return _nonce($, tier == NO_TIER ? $.freezes : $.proposals[tier].counter);
    }

    /// @notice The tier's proposal, even if expired; all 0 if there is none. The {RecoveryProposed} of block `atBlock`
    /// has its content.
    function proposalOf(
        address account,
        uint8 tier
    ) external view returns (bytes32 digest, uint48 readyAt, uint48 expiresAt, uint48 atBlock) {
        State storage $ = _states[account];
        Proposal storage p = $.proposals[tier];
        if (_stands($, p)) return (p.digest, p.readyAt, p.expiresAt, p.atBlock);
    }

    /// @notice When the guardians' freeze ends, 0 if there is none, and when they may freeze the account again.
    function freezeOf(address account) external view returns (uint48 until, uint48 againAt) {
        State storage $ = _states[account];
        return (_now() < $.frozenUntil ? $.frozenUntil : 0, $.freezableAt);
    }

    /// @notice What has to be signed for a recovery on this chain.
    function recoveryDigest(Recovery calldata r) external view returns (bytes32) {
        return GuardianDigests.recover(r);
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory)
    {
        return (
            hex"0f",
            GuardianDigests.NAME,
            GuardianDigests.VERSION,
            block.chainid,
            address(this),
            bytes32(0),
            new uint256[](0)
        );
    }

    /// @dev Reverts unless this module can recover the account at all.
    function _requireRecoverable(address account) internal view virtual;

    /// @dev Reverts unless the account could be recovered so, as things stand.
    function _requireReplaceable(Recovery calldata r) internal view virtual;

    /// @dev Puts the new signer in the place of those that it replaces, or reverts.
    function _replace(Recovery calldata r) internal virtual;

    /// @dev Freezes the account until then for everybody but this module; 0 lifts the freeze.
    function _freezeAccount(address account, uint48 until) internal virtual;

    function _requireFreeze(
        bool on,
        address account,
        uint8 tier,
        uint48 deadline,
        Approval[] calldata approvals
    ) private returns (uint32 time) {
        State storage $ = _states[account];
        (Setup memory s, bytes32 configHash) = _requireSetup($);
        require(_now() <= deadline, TooLate(deadline));
        bytes32 digest = GuardianDigests.freeze(on, account, tier, _nonce($, $.freezes), deadline, configHash);
        _requireMajority(_tier(s, tier), digest, approvals, false);
        ++$.freezes;
        return s.freeze;
    }

    /// @dev Any `threshold` of guardians may propose; to stop something takes more than half of them too.
    function _requireMajority(
        Tier memory tier,
        bytes32 digest,
        Approval[] calldata approvals,
        bool alone
    ) private view {
        require(alone || approvals.length >= 2, OneGuardianIsNotEnough());
        uint256 needed = Guardians.totalWeight(tier) / 2 + 1;
        if (needed < tier.threshold) needed = tier.threshold;
        uint256 weight = Guardians.weigh(tier, digest, approvals, p256Verifier, _isFrozen);
        require(weight >= needed, NotEnoughWeight(weight, needed));
    }

    function _cancelAll(address account) private {
        State storage $ = _states[account];
        for (uint8 tier = 0; tier < Guardians.MAX_TIERS; ++tier) {
            if (_stands($, $.proposals[tier])) emit RecoveryCancelled(account, tier, account);
        }
        ++$.epoch;
    }

    function _lift(State storage $, address account) private {
        $.frozenUntil = 0;
        emit Unfrozen(account);
        _freezeAccount(account, 0);
    }

    function _dropPending(State storage $) private {
        $.pending = address(0);
        $.pendingReadyAt = 0;
        $.pendingExpiresAt = 0;
    }

    /// @dev The account gets back after the freeze the time in which it may apply what it has scheduled.
    function _postponePending(State storage $, address account, uint48 until) private {
        uint48 readyAt = $.pendingReadyAt;
        uint48 expiresAt = $.pendingExpiresAt;
        if (readyAt == 0 || expiresAt <= _now() || readyAt >= until) return;
        $.pendingReadyAt = until;
        $.pendingExpiresAt = expiresAt - readyAt + until;
        address pending = $.pending;
        emit SetupScheduled(
            account,
            pending == address(0) ? bytes32(0) : keccak256(SSTORE2.read(pending)),
            until
        );
    }

    /// @dev Keeps a setup as a contract's code, which is cheaper than storage and never changes.
    function _write(Setup calldata s) private returns (address setup, bytes32 configHash) {
        bytes memory encoded = abi.encode(s);
        require(encoded.length <= MAX_ENCODED, SetupTooLarge(encoded.length));
        return (SSTORE2.write(encoded), keccak256(encoded));
    }

    function _requireSetup(State storage $) private view returns (Setup memory s, bytes32 configHash) {
        address setup = $.setup;
        require(setup != address(0), NoSetup());
        bytes memory encoded = SSTORE2.read(setup);
        return (abi.decode(encoded, (Setup)), keccak256(encoded));
    }

    function _tier(Setup memory s, uint8 tier) private pure returns (Tier memory) {
        require(tier < s.tiers.length, Guardians.NoSuchTier(tier));
        return s.tiers[tier];
    }

    /// @dev Whether there is a proposal that nothing has made void; it may have expired.
    function _stands(State storage $, Proposal storage p) private view returns (bool) {
        return p.digest != 0 && p.epoch == $.epoch;
    }

    /// @dev Whether an account, who may be a guardian of another, is frozen by this module.
    function _isFrozen(address account) private view returns (bool) {
        return _now() < _states[account].frozenUntil;
    }

    function _nonce(State storage $, uint64 counter) private view returns (uint256) {
        return (uint256($.epoch) << 64) | counter;
    }

    function _now() private view returns (uint48) {
        return uint48(block.timestamp);
    }
}
