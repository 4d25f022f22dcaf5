// Call data of Kernel 0.2.x and of its ancestor 0.0.2.

package kernel

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
)

var (
	executeV2      = function("execute", mustType("address"), mustType("uint256"), mustType("bytes"), mustType("uint8"))
	executeBatchV2 = function("executeBatch", mustType("tuple[]",
		abi.ArgumentMarshaling{Name: "to", Type: "address"}, abi.ArgumentMarshaling{Name: "value", Type: "uint256"}, abi.ArgumentMarshaling{Name: "data", Type: "bytes"}))
	executeDelegateV2 = function("executeDelegateCall", mustType("address"), mustType("bytes"))
	multiSend         = function("multiSend", mustType("bytes"))

	// multiSendContract is run by delegatecall for the batches of 0.0.2.
	multiSendContract = common.HexToAddress("0x8ae01fcf7c655655ff2c6ef907b8b4718ab4e17c")
)

// callV2 is Kernel 2's struct Call.
type callV2 struct {
	To    common.Address
	Value *big.Int
	Data  []byte
}

// pack encodes a call. An error is a fault of this package: the arguments have the
// right types.
func pack(m *abi.Method, args ...any) ([]byte, error) {
	data, err := m.Inputs.Pack(args...)
	if err != nil {
		return nil, fmt.Errorf("kernel: encode %s: %w", m.RawName, err)
	}
	return slices.Concat(m.ID, data), nil
}

// encodeV2 is [Execution.Encode] for the versions before 0.3.0.
func (e Execution) encodeV2(v Version) ([]byte, error) {
	if len(e.Calls) == 0 {
		return nil, account.ErrNoCalls
	}
	if err := checkValues(e.Calls); err != nil {
		return nil, err
	}
	one := e.Calls[0]
	switch {
	case e.Try:
		return nil, &UnsupportedError{Version: v, What: "cannot go on after a call that failed", Way: "send the calls in operations of their own"}
	case e.Delegate && (len(e.Calls) > 1 || orZero(one.Value).Sign() != 0):
		return nil, fmt.Errorf("kernel: a delegatecall is one, and carries no value")
	case e.Delegate && v == V002:
		return pack(executeV2, one.To, new(big.Int), one.Data, uint8(1))
	case e.Delegate:
		return pack(executeDelegateV2, one.To, one.Data)
	case len(e.Calls) == 1:
		return pack(executeV2, one.To, orZero(one.Value), one.Data, uint8(0))
	case v == V002:
		inner, err := pack(multiSend, packedCalls(e.Calls))
		if err != nil {
			return nil, err
		}
		return pack(executeV2, multiSendContract, new(big.Int), inner, uint8(1))
	}
	list := make([]callV2, len(e.Calls))
	for i, c := range e.Calls {
		list[i] = callV2{c.To, orZero(c.Value), c.Data}
	}
	return pack(executeBatchV2, list)
}

// packedCalls are in the form of Gnosis' MultiSend: kind (0, a call) ‖ to ‖ value ‖
// length ‖ data each.
func packedCalls(calls []account.Call) (out []byte) {
	for _, c := range calls {
		out = append(append(out, 0), c.To[:]...)
		out = append(append(out, common.BigToHash(orZero(c.Value)).Bytes()...), word(len(c.Data))...)
		out = append(out, c.Data...)
	}
	return out
}

// decodeV2 is the inverse of encodeV2.
func decodeV2(v Version, callData []byte) (Execution, error) {
	read := func(m *abi.Method) []any {
		if !bytes.HasPrefix(callData, m.ID) {
			return nil
		}
		args, err := abiargs.Method(m, callData)
		if err != nil {
			return nil
		}
		return args
	}
	if a := read(executeV2); a != nil {
		to, value, data := a[0].(common.Address), a[1].(*big.Int), a[2].([]byte)
		switch kind := a[3].(uint8); {
		case kind == 0:
			return Execution{Calls: []account.Call{{To: to, Value: value, Data: data}}}, nil
		case kind != 1 || value.Sign() != 0 || v != V002:
			return Execution{}, ErrCallData
		case to == multiSendContract && bytes.HasPrefix(data, multiSend.ID):
			return decodePacked(data)
		default:
			return Execution{Calls: []account.Call{{To: to, Value: value, Data: data}}, Delegate: true}, nil
		}
	}
	if a := read(executeDelegateV2); a != nil && v != V002 {
		return Execution{Calls: []account.Call{{To: a[0].(common.Address), Value: new(big.Int), Data: a[1].([]byte)}}, Delegate: true}, nil
	}
	if a := read(executeBatchV2); a != nil && v != V002 {
		var list []callV2
		if err := executeBatchV2.Inputs.Copy(&list, a); err != nil || len(list) == 0 {
			return Execution{}, ErrCallData
		}
		var e Execution
		for _, c := range list {
			e.Calls = append(e.Calls, account.Call(c))
		}
		return e, nil
	}
	return Execution{}, ErrCallData
}

// decodePacked is the inverse of packedCalls, of a call of multiSend.
func decodePacked(call []byte) (e Execution, err error) {
	a, err := abiargs.Method(multiSend, call)
	if err != nil {
		return Execution{}, ErrCallData
	}
	for b := a[0].([]byte); len(b) > 0; {
		if len(b) < 85 || b[0] != 0 {
			return Execution{}, ErrCallData
		}
		size := new(big.Int).SetBytes(b[53:85])
		if !size.IsInt64() || size.Int64() > int64(len(b)-85) {
			return Execution{}, ErrCallData
		}
		end := 85 + int(size.Int64())
		e.Calls = append(e.Calls, account.Call{To: common.Address(b[1:21]), Value: new(big.Int).SetBytes(b[21:53]), Data: b[85:end]})
		b = b[end:]
	}
	if len(e.Calls) == 0 {
		return Execution{}, ErrCallData
	}
	return e, nil
}
