// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    Execution,
    IERC7579Execution,
    IERC7579ModuleConfig,
    MODULE_TYPE_EXECUTOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {GuardianRecovery} from "./GuardianRecovery.sol";
import {Recovery} from "./Guardians.sol";
import {P256_TABLE_FACTORY} from "./P256Addresses.sol";
import {Signers} from "./Signers.sol";

/// @dev What a recovery asks of a {WebAuthnAccount}, version 1.2.0 or later.
interface IWebAuthnAccount is IERC7579Execution, IERC7579ModuleConfig {
    function signerWeight(bytes calldata signer) external view returns (uint64);
    function getSignerCount() external view returns (uint256);
    function totalWeight() external view returns (uint64);
    function threshold() external view returns (uint64);
    function frozenUntil() external view returns (uint48);
    function addSigners(bytes[] calldata signers, uint64[] calldata weights) external;
    function removeSigners(bytes[] calldata signers) external;
    function useTable(bytes calldata signer, uint8 format) external;
    function freeze(uint48 until) external;
}

/**
 * @title WebAuthnAccountRecovery
 * @notice {GuardianRecovery} for {WebAuthnAccount}. The new signer gets the weight of those that it replaces, all
 * together; the threshold stays. A new passkey's table is put to use in the same transaction.
 */
contract WebAuthnAccountRecovery is GuardianRecovery {
    uint256 private constant MAX_REPLACES = 32;
    bytes32 private constant BATCH = bytes32(uint256(0x01) << 248); // all or nothing

    /// @dev This module is no executor of the account.
    error NotInstalled();
    /// @dev A recovery replaces 1 to 32 signers.
    error BadReplaceCount(uint256 count);
    /// @dev The account has no such signer.
    error NotASigner(bytes signer);
    error DuplicateSigner(bytes signer);
    /// @dev The account has the new signer already.
    error AlreadyASigner(bytes signer);
    /// @dev Tables, of formats 0x11 to 0x14, are for passkeys.
    error BadTable(uint8 table);
    /// @dev This chain has nobody who builds tables.
    error NoTableFactory();
    /// @dev The signers' weights and the new one's together leave 64 bits.
    error WeightTooLarge(uint256 weight);
    /// @dev The account has not become what was proposed.
    error NotRecovered();

    constructor(address p256Verifier) GuardianRecovery(p256Verifier) {}

    function _requireRecoverable(address account) internal view override {
        require(
            IWebAuthnAccount(account).isModuleInstalled(MODULE_TYPE_EXECUTOR, address(this), ""),
            NotInstalled()
        );
        IWebAuthnAccount(account).frozenUntil(); // older versions do not have it
    }

    function _requireReplaceable(Recovery calldata r) internal view override {
        IWebAuthnAccount account = IWebAuthnAccount(r.account);
        _requireRecoverable(r.account);
        Signers.Kind kind = Signers.requireAcceptable(r.newSigner, r.account);
        bool table = kind == Signers.Kind.PASSKEY && r.table >= 0x11 && r.table <= 0x14;
        require(r.table == 0 || table, BadTable(r.table));
        require(r.table == 0 || P256_TABLE_FACTORY.code.length != 0, NoTableFactory());
        require(account.signerWeight(r.newSigner) == 0, AlreadyASigner(r.newSigner));
        uint256 weight = account.totalWeight();
        weight += _weight(account, r.replaces);
        require(weight <= type(uint64).max, WeightTooLarge(weight));
    }

    function _replace(Recovery calldata r) internal override {
        IWebAuthnAccount account = IWebAuthnAccount(r.account);
        uint64 weight = uint64(_weight(account, r.replaces));
        uint64 threshold = account.threshold();
        uint64 total = account.totalWeight();
        uint256 count = account.getSignerCount();

        account.executeFromExecutor(BATCH, abi.encode(_calls(r, weight)));

        bool done = account.signerWeight(r.newSigner) == weight &&
            account.threshold() == threshold &&
            account.totalWeight() == total &&
            account.getSignerCount() == count + 1 - r.replaces.length;
        for (uint256 i = 0; i < r.replaces.length; ++i) {
            done = done && account.signerWeight(r.replaces[i]) == 0;
        }
        require(done, NotRecovered());
    }

    function _freezeAccount(address account, uint48 until) internal override {
        IWebAuthnAccount(account).freeze(until);
    }

    /// @dev The weight of distinct signers of the account, all together.
    function _weight(IWebAuthnAccount account, bytes[] calldata signers) private view returns (uint256 weight) {
        uint256 count = signers.length;
        require(count != 0 && count <= MAX_REPLACES, BadReplaceCount(count));
        bytes32[] memory ids = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes32 id = keccak256(signers[i]);
            for (uint256 j = 0; j < i; ++j) require(ids[j] != id, DuplicateSigner(signers[i]));
            ids[i] = id;
            uint64 own = account.signerWeight(signers[i]);
            require(own != 0, NotASigner(signers[i]));
            weight += own;
        }
    }

    function _calls(Recovery calldata r, uint64 weight) private pure returns (Execution[] memory calls) {
        bytes[] memory signers = new bytes[](1);
        uint64[] memory weights = new uint64[](1);
        (signers[0], weights[0]) = (r.newSigner, weight);
        calls = new Execution[](r.table == 0 ? 2 : 3);
        calls[0] = Execution(r.account, 0, abi.encodeCall(IWebAuthnAccount.addSigners, (signers, weights)));
        calls[1] = Execution(r.account, 0, abi.encodeCall(IWebAuthnAccount.removeSigners, (r.replaces)));
        if (r.table != 0) {
            calls[2] = Execution(r.account, 0, abi.encodeCall(IWebAuthnAccount.useTable, (r.newSigner, r.table)));
        }
    }
}
