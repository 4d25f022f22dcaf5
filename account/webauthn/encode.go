package webauthn

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/abiargs"
)

// ERC-7579 modes: call type(1) ‖ exec type(1) ‖ zeros. Exec type 0: a call that
// fails reverts them all.
var (
	modeSingle = [32]byte{}
	modeBatch  = [32]byte{0x01}
)

// execution is ERC-7579's struct Execution.
type execution struct {
	Target   common.Address
	Value    *big.Int
	CallData []byte
}

var executions = abi.Arguments{{Type: mustType("tuple[]", []abi.ArgumentMarshaling{
	{Name: "target", Type: "address"}, {Name: "value", Type: "uint256"}, {Name: "callData", Type: "bytes"},
})}}

func mustType(name string, parts []abi.ArgumentMarshaling) abi.Type {
	t, err := abi.NewType(name, "", parts)
	if err != nil {
		panic(err) // a constant above is wrong; every test would fail
	}
	return t
}

// EncodeCalls implements [account.Account]: execute(mode, executionCalldata) of
// ERC-7579, packed for one call, abi.encode(Execution[]) for several. Several are
// all or none.
func (a *Account) EncodeCalls(calls []account.Call) ([]byte, error) {
	switch len(calls) {
	case 0:
		return nil, account.ErrNoCalls
	case 1:
		c := calls[0]
		packed := append(append(c.To.Bytes(), common.BigToHash(orZero(c.Value)).Bytes()...), c.Data...)
		return contracts.AccountABI.Pack("execute", modeSingle, packed)
	}
	list := make([]execution, len(calls))
	for i, c := range calls {
		list[i] = execution{c.To, orZero(c.Value), c.Data}
	}
	data, err := executions.Pack(list)
	if err != nil {
		return nil, fmt.Errorf("webauthn: encode the batch: %w", err)
	}
	return contracts.AccountABI.Pack("execute", modeBatch, data)
}

// ErrCallData is returned by DecodeCalls for callData of another form.
var ErrCallData = errors.New("webauthn: this is no execute call in single or batch mode")

// DecodeCalls is the inverse of EncodeCalls. It refuses other modes and every
// encoding that EncodeCalls would not have written, so that what it returns is
// all that the callData does.
func DecodeCalls(callData []byte) ([]account.Call, error) {
	m := contracts.AccountABI.Methods["execute"]
	args, err := abiargs.Method(&m, callData)
	if err != nil || len(args) != 2 {
		return nil, ErrCallData
	}
	mode, ok1 := args[0].([32]byte)
	data, ok2 := args[1].([]byte)
	if !ok1 || !ok2 {
		return nil, ErrCallData
	}
	var calls []account.Call
	switch mode {
	case modeSingle:
		if len(data) < 52 {
			return nil, ErrCallData
		}
		calls = []account.Call{{To: common.BytesToAddress(data[:20]), Value: new(big.Int).SetBytes(data[20:52]), Data: data[52:]}}
	case modeBatch:
		var list []execution
		v, err := abiargs.Unpack(executions, data)
		if err != nil || executions.Copy(&list, v) != nil {
			return nil, ErrCallData
		}
		for _, e := range list {
			calls = append(calls, account.Call{To: e.Target, Value: e.Value, Data: e.CallData})
		}
	}
	again, err := (*Account)(nil).EncodeCalls(calls)
	if err != nil || string(again) != string(callData) {
		return nil, ErrCallData // another mode, none at all, or a batch of one
	}
	return calls, nil
}

func orZero(v *big.Int) *big.Int {
	if v == nil {
		return new(big.Int)
	}
	return v
}
