// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

// Stand-ins for the modules of ZeroDev's Kernel 3, for tests on a chain where the originals cannot be had: no registry
// carries their code. They are written from Kernel's interfaces: who may sign is checked as it must be, and everything
// that the account hands over is told in an event. The policies bind what a test needs to see bound – a number of uses,
// a time, fees – and otherwise only tell that they were asked.

bytes4 constant VALID = 0x1626ba7e;
bytes4 constant INVALID = 0xffffffff;

/// @notice What the account asked about, in an operation.
event Asked(address indexed kernel, bytes32 indexed what, uint256 nonce, bytes signature);

/// @notice Who signed a hash, with or without the prefix of EIP-191.
function signedBy(address owner, bytes32 hash, bytes calldata signature) pure returns (bool) {
    (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecover(hash, signature);
    if (problem == ECDSA.RecoverError.NoError && signer == owner) return true;
    (signer, problem,) = ECDSA.tryRecover(MessageHashUtils.toEthSignedMessageHash(hash), signature);
    return problem == ECDSA.RecoverError.NoError && signer == owner;
}

struct Passkey {
    bytes32 x;
    bytes32 y;
}

/// @notice Whether a passkey signed a challenge, in the form that Kernel's clients write. As in the originals, and for
/// the same reason, the signature is verified whatever else is wrong: gas is estimated with one of something else.
function assertedBy(Passkey memory key, bytes32 challenge, bytes calldata signature) view returns (bool) {
    (bytes memory data, string memory json, uint256 typeIndex, bytes32 r, bytes32 s,) =
        abi.decode(signature, (bytes, string, uint256, bytes32, bytes32, bool));
    bytes32 digest = sha256(abi.encodePacked(data, sha256(bytes(json))));
    bool signed = P256.verify(digest, r, s, key.x, key.y);
    return signed && data.length > 36 && data[32] & 0x05 == 0x05 && data[32] & 0x18 != 0x10
        && isAt('"type":"webauthn.get"', json, typeIndex)
        // 23 is where Kernel's contracts look for the challenge
        && isAt(string.concat('"challenge":"', Base64.encodeURL(abi.encodePacked(challenge)), '"'), json, 23);
}

function isAt(string memory part, string memory text, uint256 begin) pure returns (bool) {
    if (begin > bytes(text).length) return false;
    return keccak256(Bytes.slice(bytes(text), begin, begin + bytes(part).length)) == keccak256(bytes(part));
}

abstract contract Validator {
    function isModuleType(uint256 kind) external pure returns (bool) {
        return kind == 1;
    }

    function isInitialized(address kernel) external view virtual returns (bool);

    function validateUserOp(PackedUserOperation calldata op, bytes32 hash) external payable returns (uint256) {
        emit Asked(msg.sender, hash, op.nonce, op.signature);
        return _valid(msg.sender, hash, op.signature) ? 0 : 1;
    }

    function isValidSignatureWithSender(address, bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _valid(msg.sender, hash, signature) ? VALID : INVALID;
    }

    function _valid(address kernel, bytes32 hash, bytes calldata signature) internal view virtual returns (bool);
}

/// @notice Obeys a secp256k1 key. A signature longer than 65 bytes is one of the root of a Merkle tree.
contract StandECDSAValidator is Validator {
    mapping(address kernel => address) public ecdsaValidatorStorage;

    event OwnerRegistered(address indexed kernel, address indexed owner);

    function onInstall(bytes calldata data) external payable {
        ecdsaValidatorStorage[msg.sender] = address(bytes20(data[:20]));
        emit OwnerRegistered(msg.sender, address(bytes20(data[:20])));
    }

    function onUninstall(bytes calldata) external payable {
        require(isInitialized(msg.sender), "not initialized");
        delete ecdsaValidatorStorage[msg.sender];
    }

    function isInitialized(address kernel) public view override returns (bool) {
        return ecdsaValidatorStorage[kernel] != address(0);
    }

    function _valid(address kernel, bytes32 hash, bytes calldata signature) internal view override returns (bool) {
        if (signature.length == 65) return signedBy(ecdsaValidatorStorage[kernel], hash, signature);
        bytes32 root = bytes32(signature[65:97]);
        return MerkleProof.verify(abi.decode(signature[97:], (bytes32[])), root, hash)
            && signedBy(ecdsaValidatorStorage[kernel], root, signature[:65]);
    }
}

/// @notice Obeys a passkey.
contract StandWebAuthnValidator is Validator {
    mapping(address kernel => Passkey) public webAuthnValidatorStorage;

    event WebAuthnPublicKeyRegistered(
        address indexed kernel, bytes32 indexed authenticatorIdHash, uint256 pubKeyX, uint256 pubKeyY
    );

    function onInstall(bytes calldata data) external payable {
        require(!isInitialized(msg.sender), "already initialized");
        (Passkey memory key, bytes32 credential) = abi.decode(data, (Passkey, bytes32));
        webAuthnValidatorStorage[msg.sender] = key;
        emit WebAuthnPublicKeyRegistered(msg.sender, credential, uint256(key.x), uint256(key.y));
    }

    function onUninstall(bytes calldata) external payable {
        require(isInitialized(msg.sender), "not initialized");
        delete webAuthnValidatorStorage[msg.sender];
    }

    function isInitialized(address kernel) public view override returns (bool) {
        return webAuthnValidatorStorage[kernel].x != 0;
    }

    function _valid(address kernel, bytes32 hash, bytes calldata signature) internal view virtual override returns (bool) {
        return assertedBy(webAuthnValidatorStorage[kernel], hash, signature);
    }
}

/// @notice Obeys a passkey, which signs the root of a Merkle tree. One operation alone has no Merkle data.
contract StandMultiChainWebAuthnValidator is StandWebAuthnValidator {
    function _valid(address kernel, bytes32 hash, bytes calldata data) internal view override returns (bool) {
        uint256 start = uint256(bytes32(data[:32]));
        bytes calldata merkle = data[start + 32:start + 32 + uint256(bytes32(data[start:start + 32]))];
        start = uint256(bytes32(data[32:64]));
        bytes calldata signature = data[start + 32:start + 32 + uint256(bytes32(data[start:start + 32]))];
        if (merkle.length > 0) {
            bytes32 root = bytes32(merkle[:32]);
            if (!MerkleProof.verify(abi.decode(merkle[32:], (bytes32[])), root, hash)) return false;
            hash = MessageHashUtils.toEthSignedMessageHash(root);
        }
        return assertedBy(webAuthnValidatorStorage[kernel], hash, signature);
    }
}

abstract contract PermissionModule {
    mapping(address kernel => uint256) public usedIds;

    function isInitialized(address kernel) external view returns (bool) {
        return usedIds[kernel] > 0;
    }

    function onInstall(bytes calldata data) external payable {
        usedIds[msg.sender]++;
        _install(bytes32(data[:32]), data[32:]);
    }

    function onUninstall(bytes calldata data) external payable {
        usedIds[msg.sender]--;
        _uninstall(bytes32(data[:32]));
    }

    function _install(bytes32 id, bytes calldata data) internal virtual;
    function _uninstall(bytes32 id) internal virtual;
}

abstract contract Signer is PermissionModule {
    function isModuleType(uint256 kind) external pure returns (bool) {
        return kind == 6;
    }

    function checkUserOpSignature(bytes32 id, PackedUserOperation calldata op, bytes32 hash)
        external
        payable
        returns (uint256)
    {
        emit Asked(msg.sender, hash, op.nonce, op.signature);
        return _valid(id, msg.sender, hash, op.signature) ? 0 : 1;
    }

    function checkSignature(bytes32 id, address, bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _valid(id, msg.sender, hash, signature) ? VALID : INVALID;
    }

    function _valid(bytes32 id, address kernel, bytes32 hash, bytes calldata signature)
        internal
        view
        virtual
        returns (bool);
}

/// @notice A secp256k1 key as the signer of a permission.
contract StandECDSASigner is Signer {
    mapping(bytes32 id => mapping(address kernel => address)) public signer;

    function _install(bytes32 id, bytes calldata data) internal override {
        require(signer[id][msg.sender] == address(0), "already installed");
        signer[id][msg.sender] = address(bytes20(data[:20]));
    }

    function _uninstall(bytes32 id) internal override {
        delete signer[id][msg.sender];
    }

    function _valid(bytes32 id, address kernel, bytes32 hash, bytes calldata signature)
        internal
        view
        override
        returns (bool)
    {
        return signedBy(signer[id][kernel], hash, signature);
    }
}

/// @notice A passkey as the signer of a permission.
contract StandWebAuthnSigner is Signer {
    mapping(bytes32 id => mapping(address kernel => Passkey)) public webAuthnSignerStorage;

    function _install(bytes32 id, bytes calldata data) internal override {
        require(webAuthnSignerStorage[id][msg.sender].x == 0, "already installed");
        (webAuthnSignerStorage[id][msg.sender],) = abi.decode(data, (Passkey, bytes32));
    }

    function _uninstall(bytes32 id) internal override {
        delete webAuthnSignerStorage[id][msg.sender];
    }

    function _valid(bytes32 id, address kernel, bytes32 hash, bytes calldata signature)
        internal
        view
        override
        returns (bool)
    {
        return assertedBy(webAuthnSignerStorage[id][kernel], hash, signature);
    }
}

/// @notice A policy that tells what it was asked and allows it. Installed again after its removal it refuses, as the
/// originals do.
contract StandPolicy is PermissionModule {
    mapping(bytes32 id => mapping(address kernel => uint8)) public status; // 0 never, 1 installed, 2 removed

    function isModuleType(uint256 kind) external pure returns (bool) {
        return kind == 5;
    }

    function checkUserOpPolicy(bytes32 id, PackedUserOperation calldata op) external payable returns (uint256) {
        require(status[id][msg.sender] == 1, "not installed");
        emit Asked(msg.sender, id, op.nonce, op.signature);
        return _check(id, op);
    }

    function checkSignaturePolicy(bytes32 id, address, bytes32, bytes calldata) external view returns (uint256) {
        require(status[id][msg.sender] == 1, "not installed");
        return 0;
    }

    function _install(bytes32 id, bytes calldata data) internal override {
        require(status[id][msg.sender] == 0, "installed before");
        status[id][msg.sender] = 1;
        _keep(id, data);
    }

    function _uninstall(bytes32 id) internal override {
        status[id][msg.sender] = 2;
    }

    function _keep(bytes32 id, bytes calldata data) internal virtual {}
    function _check(bytes32 id, PackedUserOperation calldata op) internal virtual returns (uint256) {}
}

/// @notice A number of uses, and the time from which each next one counts.
contract StandRateLimitPolicy is StandPolicy {
    struct Config {
        uint48 interval;
        uint48 count;
        uint48 startAt;
    }

    mapping(bytes32 id => mapping(address kernel => Config)) public rateLimitConfigs;

    function _keep(bytes32 id, bytes calldata data) internal override {
        rateLimitConfigs[id][msg.sender] =
            Config(uint48(bytes6(data[0:6])), uint48(bytes6(data[6:12])), uint48(bytes6(data[12:18])));
    }

    function _check(bytes32 id, PackedUserOperation calldata) internal override returns (uint256) {
        Config storage config = rateLimitConfigs[id][msg.sender];
        if (config.count == 0) return 1;
        uint256 from = config.startAt;
        config.count--;
        config.startAt += config.interval;
        return from << 208;
    }
}

/// @notice A time within which operations count.
contract StandTimestampPolicy is StandPolicy {
    struct Config {
        uint48 validAfter;
        uint48 validUntil;
    }

    mapping(bytes32 id => mapping(address kernel => Config)) public timestampPolicyConfig;

    function _keep(bytes32 id, bytes calldata data) internal override {
        (uint48 from, uint48 until) = abi.decode(data, (uint48, uint48));
        timestampPolicyConfig[id][msg.sender] = Config(from, until);
    }

    function _check(bytes32 id, PackedUserOperation calldata) internal view override returns (uint256) {
        Config storage config = timestampPolicyConfig[id][msg.sender];
        return uint256(config.validAfter) << 208 | uint256(config.validUntil) << 160;
    }
}

/// @notice A budget for fees.
contract StandGasPolicy is StandPolicy {
    struct Config {
        uint128 allowed;
        bool enforcePaymaster;
        address allowedPaymaster;
    }

    mapping(bytes32 id => mapping(address kernel => Config)) public gasPolicyConfig;

    function _keep(bytes32 id, bytes calldata data) internal override {
        (uint128 allowed, bool enforce, address paymaster) = abi.decode(data, (uint128, bool, address));
        gasPolicyConfig[id][msg.sender] = Config(allowed, enforce, paymaster);
    }

    function _check(bytes32 id, PackedUserOperation calldata op) internal override returns (uint256) {
        uint256 gas = op.preVerificationGas + uint128(uint256(op.accountGasLimits)) + (uint256(op.accountGasLimits) >> 128);
        uint256 cost = gas * uint128(uint256(op.gasFees));
        Config storage config = gasPolicyConfig[id][msg.sender];
        if (cost > config.allowed) return 1;
        config.allowed -= uint128(cost);
        return 0;
    }
}

interface KernelFactory {
    function createAccount(bytes calldata data, bytes32 salt) external payable returns (address);
}

/// @notice Calls a factory, as the staked one before Kernel's factories does.
contract StandMetaFactory {
    function deployWithFactory(KernelFactory factory, bytes calldata data, bytes32 salt)
        external
        payable
        returns (address)
    {
        return factory.createAccount(data, salt);
    }
}

/// @notice Obeys guardians, by weights and after a delay: only operations that enough of them have signed before.
contract StandWeightedValidator {
    struct Weights {
        uint24 totalWeight;
        uint24 threshold;
        uint48 delay;
        address firstGuardian;
    }

    struct Link {
        uint24 weight;
        address nextGuardian;
    }

    struct Proposal {
        uint8 status; // 0 ongoing, 1 approved, 2 vetoed, 3 executed
        uint48 validAfter;
    }

    address private constant END = address(type(uint160).max);

    mapping(address kernel => Weights) public weightedStorage;
    mapping(address guardian => mapping(address kernel => Link)) public guardian;
    mapping(bytes32 hash => mapping(address kernel => Proposal)) public proposalStatus;
    mapping(bytes32 hash => mapping(address guardian => mapping(address kernel => uint8))) public voteStatus;

    function isModuleType(uint256 kind) external pure returns (bool) {
        return kind == 1;
    }

    function isInitialized(address kernel) public view returns (bool) {
        return weightedStorage[kernel].totalWeight != 0;
    }

    function onInstall(bytes calldata data) external payable {
        require(!isInitialized(msg.sender), "already initialized");
        (address[] memory who, uint24[] memory weights, uint24 threshold, uint48 delay) =
            abi.decode(data, (address[], uint24[], uint24, uint48));
        _set(who, weights, threshold, delay);
    }

    function onUninstall(bytes calldata) external payable {
        require(isInitialized(msg.sender), "not initialized");
        _clear();
    }

    function renew(address[] calldata who, uint24[] calldata weights, uint24 threshold, uint48 delay) external payable {
        require(isInitialized(msg.sender), "not initialized");
        _clear();
        _set(who, weights, threshold, delay);
    }

    function approveWithSig(bytes32 hash, address kernel, bytes calldata signatures) external {
        Weights memory w = weightedStorage[kernel];
        Proposal storage p = proposalStatus[hash][kernel];
        require(w.threshold != 0 && p.status == 0, "not ongoing");
        bytes32 digest = MessageHashUtils.toTypedDataHash(
            keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256("WeightedECDSAValidator"),
                    keccak256("0.0.3"),
                    block.chainid,
                    address(this)
                )
            ),
            keccak256(abi.encode(keccak256("Approve(bytes32 callDataAndNonceHash)"), hash))
        );
        for (uint256 i = 0; i + 65 <= signatures.length; i += 65) {
            address signer = ECDSA.recover(digest, signatures[i:i + 65]);
            require(voteStatus[hash][signer][kernel] == 0, "already voted");
            voteStatus[hash][signer][kernel] = 1;
        }
        uint256 weight;
        for (address g = w.firstGuardian; g != END; g = guardian[g][kernel].nextGuardian) {
            if (voteStatus[hash][g][kernel] != 0) weight += guardian[g][kernel].weight;
        }
        if (weight >= w.threshold) (p.status, p.validAfter) = (1, uint48(block.timestamp) + w.delay);
    }

    function veto(bytes32 hash) external {
        require(proposalStatus[hash][msg.sender].status < 2, "not ongoing");
        proposalStatus[hash][msg.sender].status = 2;
    }

    function validateUserOp(PackedUserOperation calldata op, bytes32 hash) external payable returns (uint256) {
        emit Asked(msg.sender, hash, op.nonce, op.signature);
        Proposal storage p = proposalStatus[keccak256(abi.encode(op.sender, op.callData, op.nonce))][msg.sender];
        (address signer, ECDSA.RecoverError problem,) =
            ECDSA.tryRecover(MessageHashUtils.toEthSignedMessageHash(hash), op.signature);
        if (p.status != 1 || problem != ECDSA.RecoverError.NoError || guardian[signer][msg.sender].weight == 0) return 1;
        p.status = 3;
        return uint256(p.validAfter) << 208;
    }

    /// @dev As in the original: at once, and whatever the delay.
    function isValidSignatureWithSender(address, bytes32 hash, bytes calldata signatures) external view returns (bytes4) {
        uint256 weight;
        address last = END;
        for (uint256 i = 0; i + 65 <= signatures.length; i += 65) {
            address signer = ECDSA.recover(hash, signatures[i:i + 65]);
            if (signer >= last) return INVALID;
            weight += guardian[signer][msg.sender].weight;
            last = signer;
        }
        return weight != 0 && weight >= weightedStorage[msg.sender].threshold ? VALID : INVALID;
    }

    function _set(address[] memory who, uint24[] memory weights, uint24 threshold, uint48 delay) private {
        Weights memory w = Weights(0, threshold, delay, END);
        for (uint256 i = 0; i < who.length; ++i) {
            require(who[i] != msg.sender && who[i] != address(0) && weights[i] != 0 && who[i] < w.firstGuardian, "guardian");
            guardian[who[i]][msg.sender] = Link(weights[i], w.firstGuardian);
            (w.firstGuardian, w.totalWeight) = (who[i], w.totalWeight + weights[i]);
        }
        require(threshold <= w.totalWeight, "threshold");
        weightedStorage[msg.sender] = w;
    }

    function _clear() private {
        for (address g = weightedStorage[msg.sender].firstGuardian; g != END;) {
            address next = guardian[g][msg.sender].nextGuardian;
            delete guardian[g][msg.sender];
            g = next;
        }
        delete weightedStorage[msg.sender];
    }
}

/// @notice Gives a validator another owner; its code runs as the account.
contract StandRecoveryAction {
    function doRecovery(address validator, bytes calldata data) external {
        StandECDSAValidator(validator).onUninstall("");
        StandECDSAValidator(validator).onInstall(data);
    }
}
