// Permissions of the call policy: which calls, and what must hold for their words.

package grant

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// CallVersion is a version of ZeroDev's call policy contract.
type CallVersion string

// The versions. Each is another contract; see [KernelContracts] for their faults.
const (
	Call001    CallVersion = "0.0.1"
	Call002    CallVersion = "0.0.2"
	Call003    CallVersion = "0.0.3"
	Call004    CallVersion = "0.0.4"
	Call005    CallVersion = "0.0.5"
	CallLatest             = Call005
)

// CallType is the first byte of an ERC-7579 execution mode.
type CallType byte

// The call types. Each call of a batch is looked up as a single call.
const (
	CallSingle   CallType = 0x00
	CallBatch    CallType = 0x01
	CallDelegate CallType = 0xff
)

func (t CallType) String() string {
	switch t {
	case CallSingle:
		return "call"
	case CallBatch:
		return "batch call"
	case CallDelegate:
		return "delegatecall"
	default:
		return fmt.Sprintf("call type 0x%02x", byte(t))
	}
}

// Permission allows one function of one target. There is at most one per call
// type, target and selector: no alternatives.
type Permission struct {
	CallType CallType
	Target   common.Address // zero for any target (from 0.0.2)
	// Selector is zero for calls without data – and for calls whose data begins
	// with four zero bytes.
	Selector   [4]byte
	ValueLimit *big.Int // wei, at most per call and not in total; nil is 0
	Rules      []Rule
	// Function is what the selector stands for, if it is known. It is not on the
	// chain.
	Function *Function
}

// AnyTarget says that the permission holds for every contract.
func (p *Permission) AnyTarget() bool { return p.Target == common.Address{} }

func (p *Permission) valueLimit() *big.Int {
	if p.ValueLimit == nil {
		return new(big.Int)
	}
	return p.ValueLimit
}

// Condition compares a word of the call's data, as an unsigned number.
type Condition uint8

// The conditions, as numbered on the chain.
const (
	Equal Condition = iota
	GreaterThan
	LessThan
	GreaterOrEqual
	LessOrEqual
	NotEqual
	OneOf      // from 0.0.2
	SliceEqual // from 0.0.5
)

var conditionNames = [...]string{"=", ">", "<", ">=", "<=", "!=", "in", "slice ="}

func (c Condition) String() string {
	if int(c) < len(conditionNames) {
		return conditionNames[c]
	}
	return fmt.Sprintf("condition %d", uint8(c))
}

// Rule is a condition on one word after the selector. All must hold.
type Rule struct {
	Condition Condition
	Offset    uint64 // bytes after the selector
	// Params is one word; any number for OneOf; for SliceEqual start, length and
	// keccak256 of the slice of the dynamic value that the word points to.
	Params [][32]byte
	// Slice is what the hash of SliceEqual is of, if it is known. It is not on the
	// chain.
	Slice []byte
}
