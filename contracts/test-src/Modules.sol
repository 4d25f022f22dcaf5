// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Execution,
    IERC7579Module,
    IERC7579Validator,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @notice Counts installations, so that a test sees the hooks called.
abstract contract Module is IERC7579Module {
    int256 public installed;

    function onInstall(bytes calldata) external {
        ++installed;
    }

    function onUninstall(bytes calldata) external {
        --installed;
    }
}

/// @notice Approves of an operation or message whose signature ends with "yes".
contract YesValidator is Module, IERC7579Validator {
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR;
    }

    function validateUserOp(PackedUserOperation calldata userOp, bytes32) external pure returns (uint256) {
        return _yes(userOp.signature) ? 0 : 1;
    }

    function isValidSignatureWithSender(address, bytes32, bytes calldata signature) external pure returns (bytes4) {
        return _yes(signature) ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }

    function _yes(bytes calldata signature) private pure returns (bool) {
        return signature.length >= 3 && bytes3(signature[signature.length - 3:]) == "yes";
    }
}

/// @notice Executes whatever anybody asks for on an account that has installed it.
contract OpenExecutor is Module {
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_EXECUTOR;
    }

    function run(address account, bytes32 mode, bytes calldata data) external returns (bytes[] memory) {
        return IERC7579Execution(account).executeFromExecutor(mode, data);
    }
}

/// @notice A fallback handler that tells whom it was called by, and on whose behalf (ERC-2771).
contract EchoHandler is Module {
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_FALLBACK;
    }

    function whoami() external view returns (address caller, address original) {
        return (msg.sender, address(bytes20(msg.data[msg.data.length - 20:])));
    }
}
