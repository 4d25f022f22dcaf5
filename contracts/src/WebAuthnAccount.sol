// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    AccountERC7579Upgradeable
} from "@openzeppelin/contracts-upgradeable/account/extensions/draft-AccountERC7579Upgradeable.sol";
import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {
    ERC7739Upgradeable
} from "@openzeppelin/contracts-upgradeable/utils/cryptography/signers/draft-ERC7739Upgradeable.sol";
import {Account} from "@openzeppelin/contracts/account/Account.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {MODULE_TYPE_EXECUTOR} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {Calldata} from "@openzeppelin/contracts/utils/Calldata.sol";
import {AbstractSigner} from "@openzeppelin/contracts/utils/cryptography/signers/AbstractSigner.sol";
import {ApprovalSigner} from "./ApprovalSigner.sol";
import {Freezing} from "./Freezing.sol";
import {P256} from "./P256.sol";

/**
 * @title WebAuthnAccount
 * @notice A smart account (ERC-4337, EntryPoint v0.7 and later) in the charge of passkeys, secp256k1 keys and other
 * ERC-7913 signers, each with a weight; operations need signers whose weights reach the threshold.
 *
 * - An operation is approved by signing the EntryPoint's hash as it is: it binds the calls, the fees, the nonce, this
 *   account, the EntryPoint and the chain.
 * - A message (ERC-1271) is approved through ERC-7739, which binds this account and the chain: the same key on another
 *   account approves of nothing there. The bare hash of a message is refused.
 * - Calls follow ERC-7579: single, batch and delegate calls, each with or without a revert on failure.
 * - ERC-7579 modules: validators (chosen by the first 20 bytes of the nonce's key), executors and fallback handlers. A
 *   validator or an executor holds full power over the account; hooks are not supported.
 * - Only the account itself and its EntryPoint may change anything, with two exceptions: {probePrecompile} and
 *   {useTable}, by which anybody may bring the account up to date and nobody can harm it.
 *
 * The last signer cannot be removed, nor the threshold be put out of the signers' reach. Meant to stand behind an
 * ERC-1967 proxy; not for EIP-7702, where nobody could say who may initialise it.
 *
 * What is verified of a passkey's assertion and what is not: {WebAuthnCheck}. How approvals are written:
 * {ApprovalSigner}. Signer bytes: {Signers}.
 */
contract WebAuthnAccount is
    ERC7739Upgradeable,
    AccountERC7579Upgradeable,
    ApprovalSigner,
    Freezing,
    ERC721Holder,
    ERC1155Holder,
    UUPSUpgradeable
{
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IEntryPoint private immutable _ENTRY_POINT;

    /// @dev The table of that format would be no larger than the one in use: only the account itself may choose it.
    error TableNotLarger(uint8 inUse, uint8 asked);

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IEntryPoint entryPoint_) {
        _ENTRY_POINT = entryPoint_;
        _disableSigners();
    }

    /// @notice Sets the first signers, their weights (each at least 1) and the threshold. Once, and behind a proxy.
    function initialize(
        bytes[] calldata signers,
        uint64[] calldata weights,
        uint64 threshold_
    ) external onlyProxy {
        _initializeSigners(signers, weights, threshold_);
    }

    /// @notice Adds signers with their weights, each at least 1.
    function addSigners(bytes[] calldata signers, uint64[] calldata weights) external onlyEntryPointOrSelf {
        _addSigners(signers, weights);
    }

    /// @notice Removes signers. The weight that remains must reach the threshold.
    function removeSigners(bytes[] calldata signers) external onlyEntryPointOrSelf {
        _removeSigners(signers);
    }

    /// @notice Changes the weights of signers, each at least 1.
    function setSignerWeights(bytes[] calldata signers, uint64[] calldata weights) external onlyEntryPointOrSelf {
        _setSignerWeights(signers, weights);
    }

    /// @notice Changes the weight that an approval must reach: at least 1, at most the weight of all signers.
    function setThreshold(uint64 threshold_) external onlyEntryPointOrSelf {
        _setThreshold(threshold_);
    }

    /**
     * @notice Has the signatures of a passkey verified by its table of `format` where P256VERIFY is silent. The table
     * is built first unless it is there. 0 is no table.
     *
     * Open to everybody for a table larger than the one in use: a table is what the factory computes from the key and
     * nothing else, and a larger one makes verifying cheaper. The account itself may choose any.
     */
    function useTable(bytes calldata signer, uint8 format) external {
        (bytes32 x, bytes32 y, uint8 inUse) = _passkey(signer);
        if (format <= inUse && msg.sender != address(this) && msg.sender != address(entryPoint())) {
            revert TableNotLarger(inUse, format);
        }
        _setFormat(signer, format);
        if (format != 0) P256.buildTable(format, x, y);
    }

    /// @notice Freezes the account until then for everybody but the caller, an installed executor module; 0 lifts the
    /// freeze. See {Freezing}.
    function freeze(uint48 until) external onlyModule(MODULE_TYPE_EXECUTOR, Calldata.emptyBytes()) {
        _freeze(until);
    }

    /// @inheritdoc AccountERC7579Upgradeable
    /// @dev Refused to all executors but one while that one has frozen the account.
    function executeFromExecutor(
        bytes32 mode,
        bytes calldata executionCalldata
    ) public payable override returns (bytes[] memory) {
        _requireNotFrozenFor(msg.sender);
        return super.executeFromExecutor(mode, executionCalldata);
    }

    /// @inheritdoc Account
    function entryPoint() public view override returns (IEntryPoint) {
        return _ENTRY_POINT;
    }

    /// @inheritdoc AccountERC7579Upgradeable
    function accountId() public pure override returns (string memory) {
        return "postern.webauthnaccount.1.2.0";
    }

    /// @notice ERC-1271: the account's own signers through ERC-7739 first, then an installed validator module that the
    /// first 20 bytes of `signature` name. While the account is frozen, nobody's but for the module that froze it.
    function isValidSignature(
        bytes32 hash,
        bytes calldata signature
    ) public view override(AccountERC7579Upgradeable, ERC7739Upgradeable) returns (bytes4) {
        if (_frozenFor(msg.sender) != address(0)) return 0xffffffff;
        bytes4 answer = ERC7739Upgradeable.isValidSignature(hash, signature);
        return answer == bytes4(0xffffffff) ? AccountERC7579Upgradeable.isValidSignature(hash, signature) : answer;
    }

    /// @notice ERC-165: the receive hooks and ERC-1271.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IERC721Receiver).interfaceId ||
            interfaceId == type(IERC1271).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @dev Without a module's address in the nonce's key there is no module to look up.
    function _validateUserOp(
        PackedUserOperation calldata userOp,
        bytes32 userOpHash,
        bytes calldata signature
    ) internal override returns (uint256) {
        return
            _afterFreeze(
                _extractUserOpValidator(userOp) == address(0)
                    ? Account._validateUserOp(userOp, userOpHash, signature)
                    : AccountERC7579Upgradeable._validateUserOp(userOp, userOpHash, signature)
            );
    }

    /// @dev A fallback handler acts as the account for whoever calls. While the account is frozen none does, not even for
    /// the module that froze it.
    function _fallback() internal override returns (bytes memory) {
        _requireNotFrozenFor(address(0));
        return super._fallback();
    }

    function _rawSignatureValidation(
        bytes32 hash,
        bytes calldata signature
    ) internal view override(AbstractSigner, AccountERC7579Upgradeable, ApprovalSigner) returns (bool) {
        return ApprovalSigner._rawSignatureValidation(hash, signature);
    }

    /// @dev The EIP-712 domain is constant; nothing of it is in storage.
    function _EIP712Name() internal pure override returns (string memory) {
        return "WebAuthnAccount";
    }

    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }

    /// @dev An implementation that keeps its signers elsewhere than in {SignerStore} finds none, and OpenZeppelin's
    /// {Initializable} untouched: it must be initialised by the call that goes with the upgrade.
    function _authorizeUpgrade(address) internal override onlyEntryPointOrSelf {}
}
