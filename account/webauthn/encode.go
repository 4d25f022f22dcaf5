package webauthn

import (
	"errors"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/abiargs"
)

// EncodeCalls implements [account.Account]: execute(mode, executionCalldata) of
// ERC-7579. Several calls are all or none.
func (a *Account) EncodeCalls(calls []account.Call) ([]byte, error) {
	mode, data, err := account.EncodeExecution(calls)
	if err != nil {
		return nil, err
	}
	return contracts.AccountABI.Pack("execute", mode, data)
}

// ErrCallData is returned by DecodeCalls for callData of another form.
var ErrCallData = errors.New("webauthn: this is no execute call in single or batch mode")

// DecodeCalls is the inverse of EncodeCalls. It refuses other modes and every
// encoding that EncodeCalls would not have written, so that what it returns is
// all that the callData does.
func DecodeCalls(callData []byte) ([]account.Call, error) {
	m := contracts.AccountABI.Methods["execute"]
	args, err := abiargs.Method(&m, callData)
	if err != nil {
		return nil, ErrCallData
	}
	mode, data := args[0].([32]byte), args[1].([]byte)
	calls, ok := account.DecodeExecution(mode, data)
	if !ok || len(calls) == 1 && mode != [32]byte{} { // a batch of one
		return nil, ErrCallData
	}
	return calls, nil
}
