package devnet

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// JSON-RPC error codes of ERC-7769.
const (
	codeInvalid          = -32602 // fields wrong, fees or gas unacceptable
	codeRejected         = -32500 // by the EntryPoint: creation, validation, nonce, funds
	codePaymaster        = -32501 // by the paymaster
	codeTimeRange        = -32503 // not yet or no longer valid
	codeAggregator       = -32506 // signature aggregators are not supported
	codeSignature        = -32507 // of account or paymaster
	codePaymasterDeposit = -32508
	codeReverted         = -32521 // the account's calls revert
	codeInternal         = -32603
	codeLimit            = -32005 // mempool full for now
)

func invalidFields(err error) error {
	return &rpcError{code: codeInvalid, msg: strings.ReplaceAll(err.Error(), "\n", "; ")}
}

func invalidf(format string, args ...any) error {
	return &rpcError{code: codeInvalid, msg: fmt.Sprintf(format, args...)}
}

// internalError keeps an error that has a code already.
func internalError(err error) error {
	var coded *rpcError
	if errors.As(err, &coded) {
		return err
	}
	return &rpcError{code: codeInternal, msg: err.Error()}
}

// refusal is the data of errors that say more than the revert data.
type refusal struct {
	RevertData hexutil.Bytes   `json:"revertData"`
	Paymaster  *common.Address `json:"paymaster,omitempty"`
	Aggregator *common.Address `json:"aggregator,omitempty"`
	ValidAfter *hexutil.Uint64 `json:"validAfter,omitempty"` // seconds
	ValidUntil *hexutil.Uint64 `json:"validUntil,omitempty"`
}

// outcomeError translates what handleOps said; nil when it went through. With calls set, a revert
// of the account's calls is an error too.
func outcomeError(ep userop.EntryPoint, op *userop.Op, out *outcome, calls bool) error {
	if out.revert != nil {
		return revertError(op, out)
	}
	if !calls || out.event.Success {
		return nil
	}
	e := &rpcError{code: codeReverted, msg: "the account's calls revert", data: "0x"}
	if out.reason != nil {
		e.msg, e.data = "execution reverted: "+out.reason.Error(), hexutil.Encode(out.reason.Data)
	} else if out.watched.callGas >= op.CallGasLimit.Uint64()*63/64 {
		e.msg = "execution reverted: the calls need more gas than there is"
	}
	return e
}

func revertError(op *userop.Op, out *outcome) error {
	r := out.revert
	data := refusal{RevertData: r.Data}
	e := &rpcError{code: codeRejected, msg: r.Error(), data: hexutil.Encode(r.Data)}
	switch {
	case r.Name == "SignatureValidationFailed":
		e.code, data.Aggregator, e.data = codeAggregator, &r.Address, &data
	case r.Code == "AA24":
		e.code = codeSignature
		if validation, ok := parseValidation(out.watched.accountData); ok && validation.Aggregator != userop.SigFailed && validation.Aggregator != userop.SigValid {
			e.code, data.Aggregator, e.data = codeAggregator, &validation.Aggregator, &data
		}
	case r.Code == "AA34":
		e.code, data.Paymaster, e.data = codeSignature, op.Paymaster, &data
	case r.Code == "AA22" || r.Code == "AA27":
		e.code, e.data = codeTimeRange, data.times(out.watched.accountData)
	case r.Code == "AA32" || r.Code == "AA37":
		data.Paymaster = op.Paymaster
		e.code, e.data = codeTimeRange, data.times(out.watched.paymasterData)
	case r.Code == "AA31":
		e.code, data.Paymaster, e.data = codePaymasterDeposit, op.Paymaster, &data
	case strings.HasPrefix(r.Code, "AA3"):
		e.code, data.Paymaster, e.data = codePaymaster, op.Paymaster, &data
	}
	return e
}

func (d *refusal) times(word [32]byte) *refusal {
	if v, ok := parseValidation(word); ok {
		after, until := hexutil.Uint64(v.ValidAfter), hexutil.Uint64(v.ValidUntil)
		d.ValidAfter, d.ValidUntil = &after, &until
	}
	return d
}

func parseValidation(word [32]byte) (userop.ValidationData, bool) {
	v, err := userop.ParseValidationData(new(big.Int).SetBytes(word[:]))
	return v, err == nil
}
