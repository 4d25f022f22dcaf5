package hybrid

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
)

// execution is the contract's struct Execution.
type execution struct {
	Target   common.Address
	Value    *big.Int
	CallData []byte
}

// SelfCallError says that a call of the account to itself would not do what it
// says.
type SelfCallError struct {
	Call account.Call
	Why  string
}

func (e *SelfCallError) Error() string { return "hybrid: a call of the account to itself: " + e.Why }

// Hint implements [account.Hinter].
func (e *SelfCallError) Hint() string {
	return "list the inner calls themselves; money for the EntryPoint goes to its depositTo"
}

var _ account.Hinter = (*SelfCallError)(nil)

// checkSelf refuses calls to the account itself that cannot do what they say.
func checkSelf(self common.Address, calls []account.Call) error {
	for _, c := range calls {
		if c.To != self || len(c.Data) == 0 && len(calls) > 1 {
			continue // a payment to itself among others does nothing, and does it well
		}
		refuse := func(why string) error { return &SelfCallError{Call: c, Why: why} }
		switch {
		case len(calls) == 1 && c.Value != nil && c.Value.Sign() != 0:
			return refuse("alone, it is handed over without its value")
		case len(c.Data) > 0 && len(c.Data) < 4:
			return refuse(fmt.Sprintf("%d bytes of data name no function", len(c.Data)))
		case isExecute(c.Data):
			return refuse("execute would hide what is run, and in a batch the contract does not take it")
		case onlyOthers(c.Data):
			return refuse("the contract takes this function from the EntryPoint and the DelegationManager only")
		}
	}
	return nil
}

// isExecute reports whether data calls execute: that is callData, not a call.
func isExecute(data []byte) bool {
	return bytes.HasPrefix(data, contractABI.Methods[executeOne].ID) || bytes.HasPrefix(data, contractABI.Methods[executeMode].ID)
}

// onlyOthers reports whether data calls what is never a call of the account.
func onlyOthers(data []byte) bool {
	return bytes.HasPrefix(data, contractABI.Methods["validateUserOp"].ID) || bytes.HasPrefix(data, contractABI.Methods["executeFromExecutor"].ID)
}

// EncodeCalls implements [account.Account] as MetaMask's kit does: one call as
// execute((address,uint256,bytes)), several as a batch of ERC-7579, and a single
// call to the account itself as its bare data. Several are all or none. The kit
// recognises the account by the spelling of its address: given another than the
// checksummed one, it wraps such a call, which does the same.
//
// Calls that together leave nobody who can sign are refused with a
// *[LastSignerError] if the account's signers were read from the chain ([At],
// [Account.With]).
func (a *Account) EncodeCalls(calls []account.Call) ([]byte, error) {
	if a.read {
		if err := a.checkLeft(calls); err != nil {
			return nil, err
		}
	}
	return encodeCalls(a.address, calls)
}

func encodeCalls(self common.Address, calls []account.Call) ([]byte, error) {
	if err := checkSelf(self, calls); err != nil {
		return nil, err
	}
	switch len(calls) {
	case 0:
		return nil, account.ErrNoCalls
	case 1:
		if c := calls[0]; c.To != self {
			return pack(executeOne, execution{c.To, orZero(c.Value), c.Data})
		}
		return bytes.Clone(calls[0].Data), nil
	}
	mode, data, err := account.EncodeExecution(calls)
	if err != nil {
		return nil, err
	}
	return pack(executeMode, mode, data)
}

// ErrCallData is returned by DecodeCalls for callData of another form.
var ErrCallData = errors.New("hybrid: this is neither execute in a form that is all or none, nor a call of the account to itself")

// DecodeCalls is the inverse of EncodeCalls for the account at self. It takes
// every form that the kit writes – a batch of one, and a wrapped call to the
// account itself, too – and refuses every encoding that is not canonical, so that
// what it returns is all that the callData does.
func DecodeCalls(self common.Address, callData []byte) ([]account.Call, error) {
	one, several := contractABI.Methods[executeOne], contractABI.Methods[executeMode]
	switch {
	case len(callData) == 0:
		return []account.Call{{To: self, Value: new(big.Int)}}, nil
	case len(callData) < 4:
		return nil, ErrCallData
	case bytes.HasPrefix(callData, one.ID):
		args, err := abiargs.Method(&one, callData)
		if err != nil {
			return nil, ErrCallData
		}
		e := *abi.ConvertType(args[0], new(execution)).(*execution)
		return []account.Call{{To: e.Target, Value: e.Value, Data: e.CallData}}, nil
	case bytes.HasPrefix(callData, several.ID):
		args, err := abiargs.Method(&several, callData)
		if err != nil {
			return nil, ErrCallData
		}
		calls, ok := account.DecodeExecution(args[0].([32]byte), args[1].([]byte))
		if !ok {
			return nil, ErrCallData
		}
		return calls, nil
	case onlyOthers(callData):
		return nil, ErrCallData
	}
	return []account.Call{{To: self, Value: new(big.Int), Data: bytes.Clone(callData)}}, nil
}

func orZero(v *big.Int) *big.Int {
	if v == nil {
		return new(big.Int)
	}
	return v
}
