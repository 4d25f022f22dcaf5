// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Signers} from "./Signers.sol";

/**
 * @title SignerStore
 * @notice Who may approve: signers, their weights, and the weight that an approval must reach. Functions, events and
 * errors are those of OpenZeppelin's weighted multi-signer (ERC-7913), the storage is not: validating an approval of
 * one passkey reads two slots, `config` and the passkey's `meta`.
 *
 * What holds between any two calls, once the account is initialised:
 *
 * - `1 <= threshold <= totalWeight`, and `totalWeight` is the sum of the signers' weights: there is always a signer,
 *   and all of them together can always approve;
 * - a signer's weight is at least 1; a record whose weight is 0 is empty in every slot and stands for nobody;
 * - `list` holds the id of every signer once, at the position that its record names, and nothing from `count` on.
 *
 * An account is initialised when its threshold is not 0, which it never becomes again.
 */
abstract contract SignerStore {
    /// @dev One slot.
    struct Config {
        uint64 threshold; // 0: nobody has initialised the account, and nobody can approve of anything
        uint64 totalWeight;
        uint24 count;
        uint8 precompile; // see {PrecompileMemory}
        uint48 frozenUntil; // see {Freezing}
    }

    /// @dev One slot. The body is an address of ADDRESS, `rule << 8 | format` of PASSKEY, 0 of VERIFIER.
    struct Meta {
        uint64 weight; // 0: no signer
        uint24 position; // in the list
        Signers.Kind kind;
        uint160 body;
    }

    struct Record {
        Meta meta;
        bytes32 x; // of PASSKEY
        bytes32 y;
    }

    /// @custom:storage-location erc7201:postern.storage.SignerStore
    struct SignerStoreStorage {
        Config config;
        mapping(bytes32 id => Record) records; // id is the keccak256 of the signer's bytes
        mapping(uint256 position => bytes32 id) list;
        mapping(bytes32 id => bytes) verifiers; // the bytes of VERIFIER
        address frozenBy; // see {Freezing}
    }

    // keccak256(abi.encode(uint256(keccak256("postern.storage.SignerStore")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x9496912cf1ce71238f25997cc3655496a681b638cc0e5139aa787ffbf94c2300;

    /// @dev Emitted when a signer is added. Its weight is 1 unless {ERC7913SignerWeightChanged} follows.
    event ERC7913SignerAdded(bytes indexed signers);
    /// @dev Emitted when a signer is removed.
    event ERC7913SignerRemoved(bytes indexed signers);
    /// @dev Emitted when the threshold is set.
    event ERC7913ThresholdSet(uint64 threshold);
    /// @dev Emitted when a signer's weight becomes another one.
    event ERC7913SignerWeightChanged(bytes indexed signer, uint64 weight);
    /// @dev Emitted when the table by which a passkey's signatures are verified is chosen; 0 is none.
    event TableUsed(bytes signer, uint8 format);

    error MultiSignerERC7913AlreadyExists(bytes signer);
    error MultiSignerERC7913NonexistentSigner(bytes signer);
    error MultiSignerERC7913ZeroThreshold();
    /// @dev The signers' weights together, `signers`, would not reach the threshold.
    error MultiSignerERC7913UnreachableThreshold(uint64 signers, uint64 threshold);
    error MultiSignerERC7913WeightedInvalidWeight(bytes signer, uint64 weight);
    error MultiSignerERC7913WeightedMismatchedLength();
    /// @dev The signer is no passkey, which this is about.
    error NotAPasskey(bytes signer);

    /// @notice The signers from position `start` up to but without `end`; from 0 to the largest number, all of them.
    function getSigners(uint64 start, uint64 end) public view returns (bytes[] memory signers) {
        SignerStoreStorage storage $ = _store();
        uint256 count = $.config.count;
        uint256 last = end < count ? end : count;
        uint256 first = start < last ? start : last;
        signers = new bytes[](last - first);
        for (uint256 i = 0; i < signers.length; ++i) {
            signers[i] = _bytesOf($.list[first + i]);
        }
    }

    /// @notice The number of signers.
    function getSignerCount() public view returns (uint256) {
        return _store().config.count;
    }

    /// @notice Whether these are the bytes of a signer.
    function isSigner(bytes calldata signer) public view returns (bool) {
        return signerWeight(signer) != 0;
    }

    /// @notice The weight of a signer's approval, 0 if it is no signer.
    function signerWeight(bytes calldata signer) public view returns (uint64) {
        return _meta(keccak256(signer)).weight;
    }

    /// @notice The weight of all signers together.
    function totalWeight() public view returns (uint64) {
        return _store().config.totalWeight;
    }

    /// @notice The weight that an approval must reach.
    function threshold() public view returns (uint64) {
        return _store().config.threshold;
    }

    /// @dev The first slot: all that validation needs to know of the account itself.
    function _config() internal view returns (Config storage) {
        return _store().config;
    }

    /// @dev What is known of the signer whose bytes have this hash. The weight is 0 if there is none.
    function _meta(bytes32 id) internal view returns (Meta storage) {
        return _store().records[id].meta;
    }

    /// @dev Sets the first signers and the threshold. Once.
    function _initializeSigners(bytes[] calldata signers, uint64[] calldata weights, uint64 threshold_) internal {
        Config memory config = _config();
        require(config.threshold == 0, Initializable.InvalidInitialization());
        _add(config, signers, weights);
        _put(config, threshold_);
        _save(config);
    }

    /// @dev Makes a contract that is no account unusable as one: initialised, and with a threshold nobody reaches.
    function _disableSigners() internal {
        _store().config.threshold = type(uint64).max;
    }

    /// @dev Adds signers, each after a check by {Signers-requireAcceptable}, with weights of at least 1.
    function _addSigners(bytes[] calldata signers, uint64[] calldata weights) internal {
        Config memory config = _config();
        _add(config, signers, weights);
        _save(config);
    }

    /// @dev Removes signers with all that is stored of them. The last one in the list takes a removed one's place.
    function _removeSigners(bytes[] calldata signers) internal {
        SignerStoreStorage storage $ = _store();
        Config memory config = $.config;
        for (uint256 i = 0; i < signers.length; ++i) {
            bytes32 id = keccak256(signers[i]);
            Record storage record = $.records[id];
            Meta memory meta = record.meta;
            require(meta.weight != 0, MultiSignerERC7913NonexistentSigner(signers[i]));

            uint24 last = config.count - 1;
            if (meta.position != last) {
                bytes32 moved = $.list[last];
                $.list[meta.position] = moved;
                $.records[moved].meta.position = meta.position;
            }
            delete $.list[last];
            _save(record, 0, 0, Signers.Kind.NONE, 0);
            if (meta.kind == Signers.Kind.PASSKEY) {
                delete record.x;
                delete record.y;
            } else if (meta.kind == Signers.Kind.VERIFIER) {
                delete $.verifiers[id];
            }
            config.count = last;
            config.totalWeight -= meta.weight;
            emit ERC7913SignerRemoved(signers[i]);
        }
        _requireReachable(config);
        _save(config);
    }

    /// @dev Changes weights, each to at least 1.
    function _setSignerWeights(bytes[] calldata signers, uint64[] calldata weights) internal {
        require(signers.length == weights.length, MultiSignerERC7913WeightedMismatchedLength());
        SignerStoreStorage storage $ = _store();
        Config memory config = $.config;
        uint256 total = config.totalWeight;
        for (uint256 i = 0; i < signers.length; ++i) {
            Meta storage meta = $.records[keccak256(signers[i])].meta;
            uint64 old = meta.weight;
            require(old != 0, MultiSignerERC7913NonexistentSigner(signers[i]));
            require(weights[i] != 0, MultiSignerERC7913WeightedInvalidWeight(signers[i], weights[i]));
            if (old == weights[i]) continue;
            meta.weight = weights[i];
            total = total - old + weights[i]; // on the way it may leave 64 bits, and comes back or is refused
            emit ERC7913SignerWeightChanged(signers[i], weights[i]);
        }
        config.totalWeight = SafeCast.toUint64(total);
        _requireReachable(config);
        _save(config);
    }

    /// @dev Sets the threshold: at least 1, at most the weight of all signers.
    function _setThreshold(uint64 threshold_) internal {
        Config memory config = _config();
        _put(config, threshold_);
        _save(config);
    }

    /// @dev The passkey's public key and the format of the table in use. Reverts if it is not a passkey, or no signer.
    function _passkey(bytes calldata signer) internal view returns (bytes32 x, bytes32 y, uint8 format) {
        Record storage record = _store().records[keccak256(signer)];
        Meta memory meta = record.meta;
        require(meta.weight != 0, MultiSignerERC7913NonexistentSigner(signer));
        require(meta.kind == Signers.Kind.PASSKEY, NotAPasskey(signer));
        return (record.x, record.y, uint8(meta.body));
    }

    /// @dev Has a passkey's signatures verified by its table of this format, 0 for none. Requires {_passkey}, and that
    /// the table is there or about to be.
    function _setFormat(bytes calldata signer, uint8 format) internal {
        Meta storage meta = _store().records[keccak256(signer)].meta;
        meta.body = (meta.body & ~uint160(0xff)) | format;
        emit TableUsed(signer, format);
    }

    /// @dev What {PrecompileMemory} keeps.
    function _setPrecompile(uint8 answer) internal {
        _store().config.precompile = answer;
    }

    /// @dev What {Freezing} keeps.
    function _setFrozen(uint48 until, address by) internal {
        _store().config.frozenUntil = until;
        _store().frozenBy = by;
    }

    function _frozenBy() internal view returns (address) {
        return _store().frozenBy;
    }

    function _add(Config memory config, bytes[] calldata signers, uint64[] calldata weights) private {
        require(signers.length == weights.length, MultiSignerERC7913WeightedMismatchedLength());
        SignerStoreStorage storage $ = _store();
        uint256 total = config.totalWeight;
        uint256 count = config.count;
        for (uint256 i = 0; i < signers.length; ++i) {
            bytes calldata signer = signers[i];
            uint64 weight = weights[i];
            Signers.Kind kind = Signers.requireAcceptable(signer, address(this));
            bytes32 id = keccak256(signer);
            Record storage record = $.records[id];
            require(record.meta.weight == 0, MultiSignerERC7913AlreadyExists(signer));
            require(weight != 0, MultiSignerERC7913WeightedInvalidWeight(signer, weight));

            uint160 body;
            if (kind == Signers.Kind.PASSKEY) {
                uint8 rule;
                (record.x, record.y, rule) = Signers.readPasskey(signer);
                body = uint160(rule) << 8; // and no table
            } else if (kind == Signers.Kind.ADDRESS) {
                body = uint160(bytes20(signer));
            } else {
                $.verifiers[id] = signer;
            }
            _save(record, weight, SafeCast.toUint24(count), kind, body);
            $.list[count] = id;
            ++count;
            total += weight;
            emit ERC7913SignerAdded(signer);
            if (weight != 1) emit ERC7913SignerWeightChanged(signer, weight);
        }
        config.count = SafeCast.toUint24(count);
        config.totalWeight = SafeCast.toUint64(total);
    }

    function _put(Config memory config, uint64 threshold_) private {
        require(threshold_ != 0, MultiSignerERC7913ZeroThreshold());
        config.threshold = threshold_;
        _requireReachable(config);
        emit ERC7913ThresholdSet(threshold_);
    }

    function _requireReachable(Config memory config) private pure {
        require(
            config.totalWeight >= config.threshold,
            MultiSignerERC7913UnreachableThreshold(config.totalWeight, config.threshold)
        );
    }

    /// @dev Writes the first slot at once: Solidity would do it field by field.
    function _save(Config memory config) private {
        uint256 word = config.threshold |
            (uint256(config.totalWeight) << 64) |
            (uint256(config.count) << 128) |
            (uint256(config.precompile) << 152) |
            (uint256(config.frozenUntil) << 160);
        assembly ("memory-safe") {
            sstore(STORAGE, word)
        }
    }

    /// @dev Writes the first slot of a record at once.
    function _save(Record storage record, uint64 weight, uint24 position, Signers.Kind kind, uint160 body) private {
        uint256 word = weight | (uint256(position) << 64) | (uint256(kind) << 88) | (uint256(body) << 96);
        assembly ("memory-safe") {
            sstore(record.slot, word)
        }
    }

    function _bytesOf(bytes32 id) private view returns (bytes memory) {
        Record storage record = _store().records[id];
        Meta memory meta = record.meta;
        if (meta.kind == Signers.Kind.PASSKEY) {
            return Signers.passkey(record.x, record.y, bytes1(uint8(meta.body >> 8)));
        }
        if (meta.kind == Signers.Kind.ADDRESS) return abi.encodePacked(meta.body);
        return _store().verifiers[id];
    }

    function _store() private pure returns (SignerStoreStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
