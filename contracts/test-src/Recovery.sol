// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @notice An ERC-1271 contract for guardian. The first byte of a signature says what it does when asked.
contract HostileGuardian {
    address public module;
    bytes public again;

    function set(address module_, bytes calldata again_) external {
        (module, again) = (module_, again_);
    }

    function isValidSignature(bytes32, bytes calldata signature) external returns (bytes4) {
        uint8 what = uint8(bytes1(signature));
        if (what == 1) {
            // calls the module again, and says yes if that worked
            (bool success, ) = module.call(again);
            return success ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
        }
        if (what == 2) while (true) {} // until no gas is left
        if (what == 3) {
            assembly {
                return(0, 0x100000)
            }
        }
        if (what == 4) {
            // the right bytes with others behind
            assembly {
                mstore(0, or(shl(224, 0x1626ba7e), 1))
                return(0, 32)
            }
        }
        if (what == 5) {
            // too short
            assembly {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
        }
        if (what == 6) revert("no");
        return what == 0 ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice An account that answers what it is told to, and calls the module again from within.
contract HostileAccount {
    mapping(bytes32 signer => uint64) private _weights;
    address private _module;
    bytes private _again;
    bytes private _in; // what it lets in and out when executors ask
    bytes private _out;
    bool public came; // has been called by the module
    bool public worked; // so has the second call
    bytes public answer;

    function set(bytes calldata signer, uint64 weight) external {
        _weights[keccak256(signer)] = weight;
    }

    function obey(bytes calldata in_, bytes calldata out_) external {
        (_in, _out) = (in_, out_);
    }

    function plan(address module, bytes calldata again) external {
        (_module, _again) = (module, again);
        (came, worked) = (false, false);
    }

    function call(address to, bytes calldata data) external {
        (bool success, bytes memory reason) = to.call(data);
        if (!success) {
            assembly {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    function executeFromExecutor(bytes32, bytes calldata) external payable returns (bytes[] memory) {
        if (_in.length != 0) (_weights[keccak256(_in)], _weights[keccak256(_out)]) = (1, 0);
        _reenter();
        return new bytes[](0);
    }

    function freeze(uint48) external {
        _reenter();
    }

    function isModuleInstalled(uint256, address, bytes calldata) external pure returns (bool) {
        return true;
    }

    function signerWeight(bytes calldata signer) external view returns (uint64) {
        return _weights[keccak256(signer)];
    }

    function threshold() external pure returns (uint64) {
        return 1;
    }

    function totalWeight() external pure returns (uint64) {
        return 1;
    }

    function getSignerCount() external pure returns (uint256) {
        return 1;
    }

    function frozenUntil() external pure returns (uint48) {
        return 0;
    }

    function _reenter() private {
        came = true;
        if (_again.length == 0) return;
        (worked, answer) = _module.call(_again);
    }
}

/// @notice A validator module that answers with the first word of the signature, and an executor that freezes.
contract AnyModule {
    function onInstall(bytes calldata) external {}

    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256) external pure returns (bool) {
        return true;
    }

    function validateUserOp(PackedUserOperation calldata userOp, bytes32) external pure returns (uint256) {
        return uint256(bytes32(userOp.signature));
    }

    function isValidSignatureWithSender(address, bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }

    /// @notice Calls the account as its module.
    function run(address account, bytes calldata data) external {
        (bool success, bytes memory reason) = account.call(data);
        if (!success) {
            assembly {
                revert(add(reason, 32), mload(reason))
            }
        }
    }
}
