// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Recovery} from "./Guardians.sol";

/**
 * @title GuardianDigests
 * @notice What guardians, accounts and new signers sign: EIP-712, domain "Postern Guardians", version "1", with the
 * chain's id and this contract's address. Only the Merkle root over several chains is without a chain's id: its leaves
 * are the digests, which have it.
 *
 * Guardians also sign drills, `Drill(address account,uint256 nonce,uint48 date,bytes32 configHash)`. Nothing here takes
 * them.
 */
library GuardianDigests {
    string internal constant NAME = "Postern Guardians";
    string internal constant VERSION = "1";

    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant MANY_CHAINS_DOMAIN =
        keccak256("EIP712Domain(string name,string version,address verifyingContract)");
    bytes32 private constant RECOVER =
        keccak256(
            "Recover(address account,uint8 tier,bytes newSigner,uint8 table,bytes32 credentialIdHash,bytes[] replaces,uint256 nonce,uint48 deadline,bytes32 configHash)"
        );
    bytes32 private constant CANCEL_RECOVERY =
        keccak256("CancelRecovery(address account,uint8 tier,uint8 by,uint256 nonce,bytes32 configHash)");
    bytes32 private constant CANCEL_ALL = keccak256("CancelAll(address account,uint256 nonce)");
    bytes32 private constant FREEZE =
        keccak256("Freeze(address account,uint8 tier,uint256 nonce,uint48 deadline,bytes32 configHash)");
    bytes32 private constant UNFREEZE =
        keccak256("Unfreeze(address account,uint8 tier,uint256 nonce,uint48 deadline,bytes32 configHash)");
    bytes32 private constant ON_MANY_CHAINS = keccak256("OnManyChains(bytes32 root)");

    function recover(Recovery calldata r) internal view returns (bytes32) {
        bytes32[] memory replaces = new bytes32[](r.replaces.length);
        for (uint256 i = 0; i < replaces.length; ++i) replaces[i] = keccak256(r.replaces[i]);
        return
            _typed(
                keccak256(
                    abi.encode(
                        RECOVER,
                        r.account,
                        r.tier,
                        keccak256(r.newSigner),
                        r.table,
                        r.credentialIdHash,
                        keccak256(abi.encodePacked(replaces)),
                        r.nonce,
                        r.deadline,
                        r.configHash
                    )
                )
            );
    }

    function cancelRecovery(
        address account,
        uint8 tier,
        uint8 by,
        uint256 nonce,
        bytes32 configHash
    ) internal view returns (bytes32) {
        return _typed(keccak256(abi.encode(CANCEL_RECOVERY, account, tier, by, nonce, configHash)));
    }

    function cancelAll(address account, uint256 nonce) internal view returns (bytes32) {
        return _typed(keccak256(abi.encode(CANCEL_ALL, account, nonce)));
    }

    function freeze(
        bool on,
        address account,
        uint8 tier,
        uint256 nonce,
        uint48 deadline,
        bytes32 configHash
    ) internal view returns (bytes32) {
        return _typed(keccak256(abi.encode(on ? FREEZE : UNFREEZE, account, tier, nonce, deadline, configHash)));
    }

    function onManyChains(bytes32 root) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(MANY_CHAINS_DOMAIN, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), address(this))
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(ON_MANY_CHAINS, root))));
    }

    function _typed(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
