// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice Something to call.
contract Target {
    uint256 public sum;
    address public lastCaller;

    error Refused(uint256 amount);

    function add(uint256 amount) external payable returns (uint256) {
        if (amount == 13) revert Refused(amount);
        sum += amount;
        lastCaller = msg.sender;
        return sum;
    }
}

/// @notice Tokens whose transfers ask the receiver.
contract NFT is ERC721("NFT", "NFT") {
    function mint(address to, uint256 id) external {
        _safeMint(to, id);
    }
}

contract Multi is ERC1155("") {
    function mint(address to, uint256[] calldata ids, uint256[] calldata amounts) external {
        if (ids.length == 1) _mint(to, ids[0], amounts[0], "");
        else _mintBatch(to, ids, amounts, "");
    }
}

/// @notice A contract that signs by ERC-1271: with one secp256k1 key, over the bare hash.
contract SigningContract {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address recovered, , ) = ECDSA.tryRecoverCalldata(hash, signature);
        return recovered == _owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice An ERC-7913 verifier whose key is a byte string and whose signature is keccak256(key ‖ hash). It can revert,
/// and answer with a page of zeros.
contract HashVerifier {
    function verify(bytes calldata key, bytes32 hash, bytes calldata signature) external pure returns (bytes4) {
        if (signature.length == 0) revert("no signature");
        if (signature.length == 1) {
            assembly {
                return(0x00, 0x10000)
            }
        }
        return
            signature.length == 32 && bytes32(signature) == keccak256(abi.encodePacked(key, hash))
                ? this.verify.selector
                : bytes4(0xffffffff);
    }
}
