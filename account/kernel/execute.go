// Call data of Kernel 3: ERC-7579's execute.

package kernel

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
)

// executeSelector is execute(bytes32,bytes)'s.
var executeSelector = [4]byte{0xe9, 0xae, 0x5c, 0x53}

var execute = function("execute", mustType("bytes32"), mustType("bytes"))

// The first two bytes of the mode.
const (
	callSingle   = 0x00
	callBatch    = 0x01
	callDelegate = 0xff
	execTry      = 0x01
)

// Execution is what a call of execute does.
type Execution struct {
	Calls []account.Call
	// Try goes on after a call that fails. The receipt then says success, and only
	// the account's event TryExecuteUnsuccessful tells of the failure.
	Try bool
	// Delegate runs the one call's code as the account itself: it may do everything,
	// and change everything.
	Delegate bool
}

// Execute is the call data of calls that are all or none. It wraps a call to the
// account itself too, which [Account.EncodeCalls] does not: a permission may call
// execute only.
func Execute(calls []account.Call) ([]byte, error) { return Execution{Calls: calls}.Encode() }

// Try is the call data of calls of which each may fail without the others.
func Try(calls []account.Call) ([]byte, error) { return Execution{Calls: calls, Try: true}.Encode() }

// DangerDelegateCall is the call data that runs foreign code as the account itself.
// It may take everything, and put another code in the account's place.
func DangerDelegateCall(code common.Address, data []byte) ([]byte, error) {
	return Execution{Calls: []account.Call{{To: code, Data: data}}, Delegate: true}.Encode()
}

// Encode is the call data. One call is never a batch.
func (e Execution) Encode() ([]byte, error) {
	mode, data, err := account.EncodeExecution(e.Calls)
	if err != nil {
		return nil, err
	}
	if err := checkValues(e.Calls); err != nil {
		return nil, err
	}
	if e.Delegate {
		c := e.Calls[0]
		switch {
		case len(e.Calls) > 1:
			return nil, fmt.Errorf("kernel: %d delegatecalls in one: Kernel takes one", len(e.Calls))
		case c.Value != nil && c.Value.Sign() != 0:
			return nil, fmt.Errorf("kernel: a delegatecall carries no value")
		}
		mode[0], data = callDelegate, slices.Concat(c.To[:], c.Data)
	}
	if e.Try {
		mode[1] = execTry
	}
	out := make([]byte, 0, 4+96+len(data)+31)
	out = append(append(out, executeSelector[:]...), mode[:]...)
	out = append(append(out, word(64)...), word(len(data))...)
	return append(out, padRight(data)...), nil
}

func checkValues(calls []account.Call) error {
	for i, c := range calls {
		if c.Value != nil && (c.Value.Sign() < 0 || c.Value.BitLen() > 256) {
			return fmt.Errorf("kernel: call %d: the value %v does not fit", i, c.Value)
		}
	}
	return nil
}

// Decode is the inverse of [Execution.Encode], and reads a batch of one too. What it
// returns is all that the call data does.
func Decode(callData []byte) (Execution, error) {
	if !bytes.HasPrefix(callData, executeSelector[:]) {
		return Execution{}, ErrCallData
	}
	args, err := abiargs.Method(execute, callData)
	if err != nil {
		return Execution{}, ErrCallData
	}
	mode, data := args[0].([32]byte), args[1].([]byte)
	e := Execution{Try: mode[1] == execTry, Delegate: mode[0] == callDelegate}
	if mode[1] > execTry || [30]byte(mode[2:]) != [30]byte{} {
		return Execution{}, ErrCallData
	}
	if e.Delegate {
		if len(data) < common.AddressLength {
			return Execution{}, ErrCallData
		}
		e.Calls = []account.Call{{To: common.Address(data[:20]), Value: new(big.Int), Data: data[20:]}}
		return e, nil
	}
	calls, ok := account.DecodeExecution(account.ExecutionMode{mode[0]}, data)
	if !ok {
		return Execution{}, ErrCallData
	}
	e.Calls = calls
	return e, nil
}
