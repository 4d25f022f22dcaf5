// Calls to an EntryPoint, and its events.

package userop

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

func selector(signature string) [4]byte { return [4]byte(crypto.Keccak256([]byte(signature))) }

// EncodeOp is abi.encode of op as a single struct argument: offset, head, tail.
// Behind a selector it is the calldata of a function that takes one operation.
func EncodeOp(ep EntryPoint, op *Op) ([]byte, error) {
	f, err := ep.fields(op)
	if err != nil {
		return nil, err
	}
	return append(appendUint(nil, 32), encodeTuple(f)...), nil
}

// DecodeOp is the inverse of [EncodeOp].
func DecodeOp(ep EntryPoint, data []byte) (*Op, error) {
	if len(data) < 32 {
		return nil, fieldErrf("struct", ErrFormat, "cut short")
	}
	at, err := decodeSmall([32]byte(data[:32]), len(data))
	if err != nil {
		return nil, err
	}
	f, size, err := decodeTuple(data[at:], ep.shape())
	if err != nil {
		return nil, err
	}
	if size > len(data) {
		return nil, fieldErrf("struct", ErrFormat, "byte strings overlap")
	}
	op, err := ep.fromFields(f)
	if err != nil {
		return nil, err
	}
	return op.Clone(), nil
}

// GetUserOpHash is the calldata that asks the EntryPoint itself for [EntryPoint.Hash].
func GetUserOpHash(ep EntryPoint, op *Op) ([]byte, error) {
	sel := selector("getUserOpHash((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes))")
	if ep == V06 {
		sel = selector("getUserOpHash((address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes))")
	}
	arg, err := EncodeOp(ep, op)
	if err != nil {
		return nil, err
	}
	return append(sel[:], arg...), nil
}

// GetNonce is the calldata of getNonce(sender, key); its answer is one word, the
// next nonce. A nil key is key 0.
func GetNonce(sender common.Address, key *big.Int) ([]byte, error) {
	n, err := MakeNonce(key, 0)
	if err != nil {
		return nil, err
	}
	sel := selector("getNonce(address,uint192)")
	out := appendAddress(sel[:], sender)
	return append(out, common.BigToHash(n.Rsh(n, 64)).Bytes()...), nil
}

// BalanceOf is the calldata of balanceOf(account): its deposit in wei.
func BalanceOf(account common.Address) []byte {
	sel := selector("balanceOf(address)")
	return appendAddress(sel[:], account)
}

// DepositTo is the calldata of depositTo(account), which takes the value sent.
func DepositTo(account common.Address) []byte {
	sel := selector("depositTo(address)")
	return appendAddress(sel[:], account)
}

// GetSenderAddress is the calldata of getSenderAddress(initCode), which always
// reverts, with SenderAddressResult when the factory works.
func GetSenderAddress(initCode []byte) []byte {
	sel := selector("getSenderAddress(bytes)")
	return appendBytes(appendUint(sel[:], 32), initCode)
}

// Topics of the events that tell an operation's fate, in all versions.
var (
	TopicUserOperationEvent = crypto.Keccak256Hash([]byte("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)"))
	TopicRevertReason       = crypto.Keccak256Hash([]byte("UserOperationRevertReason(bytes32,address,uint256,bytes)"))
	TopicPostOpRevertReason = crypto.Keccak256Hash([]byte("PostOpRevertReason(bytes32,address,uint256,bytes)"))
	TopicPrefundTooLow      = crypto.Keccak256Hash([]byte("UserOperationPrefundTooLow(bytes32,address,uint256)"))
	TopicAccountDeployed    = crypto.Keccak256Hash([]byte("AccountDeployed(bytes32,address,address,address)"))
)

// UserOperationEvent says that an operation was executed.
type UserOperationEvent struct {
	UserOpHash    common.Hash
	Sender        common.Address
	Paymaster     common.Address // zero without one
	Nonce         *big.Int
	Success       bool // false: the account's calls reverted
	ActualGasCost *big.Int
	ActualGasUsed *big.Int
}

// ErrOtherEvent is returned for a log that is another event.
var ErrOtherEvent = errors.New("user operation: another event")

// ParseUserOperationEvent reads an EntryPoint's log. Whether the log is the
// EntryPoint's is the caller's to check.
func ParseUserOperationEvent(topics []common.Hash, data []byte) (*UserOperationEvent, error) {
	if len(topics) != 4 || topics[0] != TopicUserOperationEvent {
		return nil, ErrOtherEvent
	}
	if len(data) != 128 {
		return nil, fieldErrf("UserOperationEvent", ErrFormat, "%d bytes, not 128", len(data))
	}
	f, _, err := decodeTuple(data, "wwww")
	if err != nil {
		return nil, err
	}
	e := &UserOperationEvent{UserOpHash: topics[1], Nonce: f[0].number(), ActualGasCost: f[2].number(), ActualGasUsed: f[3].number()}
	if e.Sender, err = (field{word: topics[2]}).address("sender"); err != nil {
		return nil, err
	}
	if e.Paymaster, err = (field{word: topics[3]}).address("paymaster"); err != nil {
		return nil, err
	}
	ok := f[1].number()
	if ok.BitLen() > 1 {
		return nil, fieldErrf("success", ErrFormat, "not a boolean")
	}
	e.Success = ok.Sign() == 1
	return e, nil
}

// ParseRevertReason reads the log UserOperationRevertReason or
// PostOpRevertReason: the operation, and what its calls or its paymaster's
// postOp reverted with.
func ParseRevertReason(topics []common.Hash, data []byte) (common.Hash, *Revert, error) {
	if len(topics) != 3 || topics[0] != TopicRevertReason && topics[0] != TopicPostOpRevertReason {
		return common.Hash{}, nil, ErrOtherEvent
	}
	f, _, err := decodeTuple(data, "wd")
	if err != nil {
		return common.Hash{}, nil, err
	}
	return topics[1], DecodeRevert(f[1].data), nil
}
