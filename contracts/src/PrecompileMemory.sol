// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256} from "./P256.sol";
import {SignerStore} from "./SignerStore.sol";

/**
 * @title PrecompileMemory
 * @notice Remembers whether P256VERIFY answers on this chain, so that validation need not try.
 *
 * The implementation asks once, when it is deployed, and keeps the answer in its code: the default of every account on
 * the chain. Anybody may ask again for any account, at any time after its creation; the account then keeps the new
 * answer in its own storage, where validation may read it (ERC-7562 STO-010). The answer is the chain's: the caller has
 * no argument to give and cannot bend it by the gas he gives (see {P256-probe}).
 *
 * Where P256VERIFY is silent, signatures are verified by the engines. They must all be there before an account relies
 * on them: validation must not call an address without code (ERC-7562 OP-041).
 */
abstract contract PrecompileMemory is SignerStore {
    uint8 private constant AS_DEPLOYED = 0; // what the implementation found
    uint8 private constant ANSWERS = 1;
    uint8 private constant SILENT = 2;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    bool private immutable _DEFAULT;

    /// @dev The account has asked whether P256VERIFY answers.
    event PrecompileProbed(bool answers);

    /// @dev P256VERIFY is silent, and this contract is not there to verify signatures in its place.
    error EngineMissing(address engine);

    constructor() {
        _DEFAULT = _probe();
    }

    /// @notice Whether this account's signatures are verified by P256VERIFY rather than by the engines.
    function hasPrecompile() public view returns (bool) {
        return _hasPrecompile(_config().precompile);
    }

    /// @notice Asks the chain again and remembers the answer. Open to everybody; reverts when given too little gas.
    function probePrecompile() external returns (bool answers) {
        answers = _probe();
        _setPrecompile(answers ? ANSWERS : SILENT);
        emit PrecompileProbed(answers);
    }

    function _hasPrecompile(uint8 answer) internal view returns (bool) {
        return answer == AS_DEPLOYED ? _DEFAULT : answer == ANSWERS;
    }

    function _probe() private view returns (bool answers) {
        answers = P256.probe();
        if (!answers) {
            address engine = P256.missingEngine();
            require(engine == address(0), EngineMissing(engine));
        }
    }
}
