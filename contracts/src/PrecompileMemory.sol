// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256Front} from "./P256Front.sol";

/**
 * @title PrecompileMemory
 * @notice Remembers whether P256VERIFY answers on this chain, so that validation need not try.
 *
 * The implementation asks once, when it is deployed, and keeps the answer in its code: the default of every account on
 * the chain. Anybody may ask again for any account, at any time after its creation; the account then keeps the new
 * answer in its own storage, where validation may read it (ERC-7562 STO-010). The answer is the chain's: the caller has
 * no argument to give and cannot bend it by the gas he gives (see {P256Front-probe}).
 */
abstract contract PrecompileMemory {
    /// @custom:storage-location erc7201:postern.storage.PrecompileMemory
    struct PrecompileMemoryStorage {
        uint8 _answer; // 0 as the implementation found it, 1 answers, 2 does not answer
    }

    // keccak256(abi.encode(uint256(keccak256("postern.storage.PrecompileMemory")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x7b3ea05dc54d9ef6a8af0c0c73b84b31d45dc8b90911fb83682db7a46aa41e00;

    uint8 private constant ANSWERS = 1;
    uint8 private constant SILENT = 2;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    bool private immutable _DEFAULT;

    /// @dev The account has asked whether P256VERIFY answers.
    event PrecompileProbed(bool answers);

    constructor() {
        _DEFAULT = P256Front.probe();
    }

    /// @notice Whether this account's signatures are verified by P256VERIFY rather than by plain arithmetic.
    function hasPrecompile() public view returns (bool) {
        uint8 answer = _memory()._answer;
        return answer == 0 ? _DEFAULT : answer == ANSWERS;
    }

    /// @notice Asks the chain again and remembers the answer. Open to everybody; reverts when given too little gas.
    function probePrecompile() external returns (bool answers) {
        answers = P256Front.probe();
        _memory()._answer = answers ? ANSWERS : SILENT;
        emit PrecompileProbed(answers);
    }

    function _memory() private pure returns (PrecompileMemoryStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
