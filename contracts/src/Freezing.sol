// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignerStore} from "./SignerStore.sol";

/**
 * @title Freezing
 * @notice Lets an executor module that the account has installed stop everything but itself for a while: what
 * guardians need who see a thief at work.
 *
 * Until `frozenUntil` the account's operations are not valid yet, its ERC-1271 signatures are none except for the module
 * that froze it, and other executors and all fallback handlers are refused. The end is at most 60 days away and comes by
 * itself; only the module that froze the account can lift the freeze before.
 *
 * The time is in the slot that validation reads anyway. Validation never asks for the time of the chain (ERC-7562
 * OP-011): it hands the time to the EntryPoint, as `validAfter`, and a time that has passed does nothing. Where there is
 * no place for it ({_afterFreeze}) operations are refused until an executor module has lifted the freeze, passed or not.
 */
abstract contract Freezing is SignerStore {
    uint256 private constant LONGEST = 60 days;

    /// @dev The module has frozen the account until then, or, with 0, has lifted its freeze.
    event AccountFrozen(address indexed module, uint48 until);

    /// @dev The module that froze the account is another one.
    error FrozenBy(address module);
    /// @dev The end of the freeze is more than 60 days away.
    error FreezeTooLong(uint48 until);

    /// @notice When the freeze ends or has ended; 0 if there was none, or it was lifted.
    function frozenUntil() external view returns (uint48) {
        return _config().frozenUntil;
    }

    /// @dev Freezes the account for everybody but the caller, who must be an executor module; 0 lifts the freeze.
    function _freeze(uint48 until) internal {
        _requireNotFrozenFor(msg.sender);
        require(until <= block.timestamp + LONGEST, FreezeTooLong(until));
        _setFrozen(until, msg.sender);
        emit AccountFrozen(msg.sender, until);
    }

    /// @dev Reverts if the account is frozen, and not by `who`.
    function _requireNotFrozenFor(address who) internal view {
        address module = _frozenFor(who);
        require(module == address(0), FrozenBy(module));
    }

    /// @dev The module that froze the account, 0 if it is not frozen or the module is `who`. Where it never was frozen
    /// nobody asks for the time: another account's validation may come here.
    function _frozenFor(address who) internal view returns (address module) {
        uint48 until = _config().frozenUntil;
        if (until == 0 || until <= block.timestamp) return address(0);
        module = _frozenBy();
        if (module == who) return address(0);
    }

    /**
     * @dev What validation has found out, with `validAfter` no earlier than the end of the freeze. Where that cannot be
     * said the operation fails: with an aggregator, and with block numbers in place of times (EntryPoint v0.9).
     */
    function _afterFreeze(uint256 validationData) internal view returns (uint256) {
        unchecked {
            uint256 until = _config().frozenUntil;
            if (until == 0) return validationData;
            uint256 validAfter = validationData >> 208;
            if (uint160(validationData) != 0 || validAfter >> 47 != 0) return 1;
            return validAfter < until ? validationData + ((until - validAfter) << 208) : validationData;
        }
    }
}
