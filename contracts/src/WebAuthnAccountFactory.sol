// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibClone} from "solady/src/utils/LibClone.sol";
import {WebAuthnAccount} from "./WebAuthnAccount.sol";

/**
 * @title WebAuthnAccountFactory
 * @notice Creates accounts at addresses known beforehand. The address commits to everything the account starts with,
 * so it does not matter who creates it, nor whether somebody does it first.
 *
 * Touches no storage of its own and creates nothing but the account: an EntryPoint may call it within validation
 * (ERC-7562 OP-031, STO-*).
 */
contract WebAuthnAccountFactory {
    /// @notice What every account's proxy points to in the beginning.
    address public immutable implementation;

    constructor(address implementation_) {
        implementation = implementation_;
    }

    /// @notice Creates the account unless it is there already, and returns its address. Value goes to the account.
    function createAccount(
        bytes[] calldata signers,
        uint64[] calldata weights,
        uint64 threshold,
        bytes32 salt
    ) external payable returns (address) {
        (bool existed, address account) = LibClone.createDeterministicERC1967(
            msg.value,
            implementation,
            _salt(signers, weights, threshold, salt)
        );
        if (!existed) WebAuthnAccount(payable(account)).initialize(signers, weights, threshold);
        return account;
    }

    /// @notice The address that {createAccount} gives an account.
    function getAddress(
        bytes[] calldata signers,
        uint64[] calldata weights,
        uint64 threshold,
        bytes32 salt
    ) external view returns (address) {
        return
            LibClone.predictDeterministicAddressERC1967(
                implementation,
                _salt(signers, weights, threshold, salt),
                address(this)
            );
    }

    function _salt(
        bytes[] calldata signers,
        uint64[] calldata weights,
        uint64 threshold,
        bytes32 salt
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(signers, weights, threshold, salt));
    }
}
