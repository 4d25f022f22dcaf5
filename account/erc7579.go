package account

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abiargs"
)

// ExecutionMode is the first argument of ERC-7579's execute: call type ‖ exec type ‖
// zeros. Exec type 0, which both modes have: a call that fails reverts them all.
type ExecutionMode [32]byte

// The modes of one call and of several.
var (
	modeSingle = ExecutionMode{}
	modeBatch  = ExecutionMode{0x01}
)

// execution is ERC-7579's struct Execution.
type execution struct {
	Target   common.Address
	Value    *big.Int
	CallData []byte
}

var executions = func() abi.Arguments {
	t, err := abi.NewType("tuple[]", "", []abi.ArgumentMarshaling{
		{Name: "target", Type: "address"}, {Name: "value", Type: "uint256"}, {Name: "callData", Type: "bytes"},
	})
	if err != nil {
		panic(err) // a constant above is wrong; every test would fail
	}
	return abi.Arguments{{Type: t}}
}()

// EncodeExecution is the arguments of ERC-7579's execute for calls that are all or
// none: packed for one call, abi.encode(Execution[]) for several.
func EncodeExecution(calls []Call) (ExecutionMode, []byte, error) {
	switch len(calls) {
	case 0:
		return modeBatch, nil, ErrNoCalls
	case 1:
		c := calls[0]
		return modeSingle, append(append(c.To.Bytes(), common.BigToHash(orZero(c.Value)).Bytes()...), c.Data...), nil
	}
	list := make([]execution, len(calls))
	for i, c := range calls {
		list[i] = execution{c.To, orZero(c.Value), c.Data}
	}
	data, err := executions.Pack(list)
	if err != nil {
		return modeBatch, nil, fmt.Errorf("account: encode the batch: %w", err)
	}
	return modeBatch, data, nil
}

// DecodeExecution is the inverse of [EncodeExecution], and reads a batch of one, too.
// It is not ok for other modes, and for data that can be read in two ways.
func DecodeExecution(mode ExecutionMode, data []byte) (calls []Call, ok bool) {
	switch {
	case mode == modeSingle && len(data) >= 52:
		return []Call{{To: common.BytesToAddress(data[:20]), Value: new(big.Int).SetBytes(data[20:52]), Data: data[52:]}}, true
	case mode != modeBatch:
		return nil, false
	}
	values, err := abiargs.Unpack(executions, data)
	if err != nil {
		return nil, false
	}
	var list []execution
	if err := executions.Copy(&list, values); err != nil || len(list) == 0 {
		return nil, false
	}
	calls = make([]Call, len(list))
	for i, e := range list {
		calls[i] = Call{To: e.Target, Value: e.Value, Data: e.CallData}
	}
	return calls, true
}

func orZero(v *big.Int) *big.Int {
	if v == nil {
		return new(big.Int)
	}
	return v
}
