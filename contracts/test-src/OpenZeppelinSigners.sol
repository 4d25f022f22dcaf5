// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    MultiSignerERC7913WeightedUpgradeable
} from "@openzeppelin/contracts-upgradeable/utils/cryptography/signers/MultiSignerERC7913WeightedUpgradeable.sol";

/// @title OpenZeppelinSigners
/// @notice OpenZeppelin's weighted signers as they are: what the account's own store is compared with.
contract OpenZeppelinSigners is MultiSignerERC7913WeightedUpgradeable {
    function initialize(bytes[] memory signers, uint64[] memory weights, uint64 threshold_) external initializer {
        _addSigners(signers);
        _setSignerWeights(signers, weights);
        _setThreshold(threshold_);
    }

    function addSigners(bytes[] memory signers, uint64[] memory weights) external {
        _addSigners(signers);
        _setSignerWeights(signers, weights);
    }

    function removeSigners(bytes[] memory signers) external {
        _removeSigners(signers);
    }

    function setSignerWeights(bytes[] memory signers, uint64[] memory weights) external {
        _setSignerWeights(signers, weights);
    }

    function setThreshold(uint64 threshold_) external {
        _setThreshold(threshold_);
    }
}
