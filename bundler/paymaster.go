// Paymaster services (ERC-7677).

package bundler

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// Paymaster asks a service to pay for operations.
type Paymaster struct {
	e       *endpoint
	context json.RawMessage
}

var _ account.Paymaster = (*Paymaster)(nil)

// NewPaymaster makes a client of a paymaster service. The context is what the
// service wants to know beside the operation, as a JSON object; nil is {}.
func NewPaymaster(url string, o Options, context json.RawMessage) (*Paymaster, error) {
	e, err := newEndpoint(url, o)
	if err != nil {
		return nil, err
	}
	if context == nil {
		context = json.RawMessage("{}")
	}
	if _, err := members(context); err != nil {
		return nil, fmt.Errorf("paymaster context: a JSON object is needed: %w", err)
	}
	return &Paymaster{e: e, context: context}, nil
}

// String is the service's address without keys.
func (p *Paymaster) String() string { return p.e.shown }

// Stub is pm_getPaymasterStubData: fields for estimation.
func (p *Paymaster) Stub(ctx context.Context, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (account.Sponsorship, error) {
	s, _, err := p.ask(ctx, "pm_getPaymasterStubData", op, ep, chainID)
	return s, err
}

// Data is pm_getPaymasterData: the final fields. Nothing that the paymaster
// signed may change afterwards, gas and fees included: an answer that names
// another value than op has is an *account.PaymasterChangedError.
func (p *Paymaster) Data(ctx context.Context, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (account.Sponsorship, error) {
	s, theirs, err := p.ask(ctx, "pm_getPaymasterData", op, ep, chainID)
	if err != nil {
		return s, err
	}
	for _, n := range []struct {
		name   string
		ours   *big.Int
		theirs *number
	}{
		{"callGasLimit", op.CallGasLimit, theirs.Call}, {"verificationGasLimit", op.VerificationGasLimit, theirs.Verification},
		{"preVerificationGas", op.PreVerificationGas, theirs.PreVerification},
		{"maxFeePerGas", op.MaxFeePerGas, theirs.MaxFee}, {"maxPriorityFeePerGas", op.MaxPriorityFeePerGas, theirs.MaxPriorityFee},
	} {
		if n.theirs != nil && n.ours != nil && n.theirs.big().Cmp(n.ours) != 0 {
			return account.Sponsorship{}, &account.PaymasterChangedError{Field: n.name, Was: n.ours.String(), Is: n.theirs.big().String()}
		}
	}
	return s, nil
}

// maxPaymasterData is more than any paymaster writes, in bytes; all of it is
// calldata that the operation pays for.
const maxPaymasterData = 16 << 10

// echo is what a paymaster may repeat of the operation.
type echo struct {
	Call            *number `json:"callGasLimit"`
	Verification    *number `json:"verificationGasLimit"`
	PreVerification *number `json:"preVerificationGas"`
	MaxFee          *number `json:"maxFeePerGas"`
	MaxPriorityFee  *number `json:"maxPriorityFeePerGas"`
}

func (p *Paymaster) ask(ctx context.Context, method string, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (account.Sponsorship, echo, error) {
	var none account.Sponsorship
	wire, err := ep.MarshalOp(op)
	if err != nil {
		return none, echo{}, err
	}
	var r struct {
		echo
		Sponsor *struct {
			Name string `json:"name"`
		} `json:"sponsor"`
		Paymaster        *common.Address `json:"paymaster"`
		Data             hexutil.Bytes   `json:"paymasterData"`
		Verification     *number         `json:"paymasterVerificationGasLimit"`
		PostOp           *number         `json:"paymasterPostOpGasLimit"`
		Signature        hexutil.Bytes   `json:"paymasterSignature"`
		PaymasterAndData hexutil.Bytes   `json:"paymasterAndData"`
		IsFinal          bool            `json:"isFinal"`
	}
	if err := p.e.call(ctx, method, &r, json.RawMessage(wire), ep.Address(), (*hexutil.Big)(chainID), p.context); err != nil {
		return none, echo{}, err
	}
	bad := func(what string) (account.Sponsorship, echo, error) {
		return none, echo{}, p.e.fault(method, ErrBadReply, 0, what, nil)
	}
	s := account.Sponsorship{Final: r.IsFinal}
	if r.Sponsor != nil {
		s.Sponsor = printable(r.Sponsor.Name, 64)
	}
	if ep == userop.V06 {
		if len(r.PaymasterAndData) < common.AddressLength {
			return bad("paymasterAndData holds no address")
		}
		s.Paymaster = common.BytesToAddress(r.PaymasterAndData[:common.AddressLength])
		s.Data = r.PaymasterAndData[common.AddressLength:]
	} else {
		if r.Paymaster == nil {
			return bad("no paymaster")
		}
		s.Paymaster, s.Data, s.Signature = *r.Paymaster, r.Data, r.Signature
		s.VerificationGasLimit, s.PostOpGasLimit = r.Verification.orNil(), r.PostOp.orNil()
	}
	if s.Paymaster == (common.Address{}) {
		return bad("the zero address as paymaster")
	}
	if len(s.Data)+len(s.Signature) > maxPaymasterData {
		return bad(fmt.Sprintf("%d bytes of paymaster data", len(s.Data)+len(s.Signature)))
	}
	if len(s.Signature) > 0 && ep != userop.V09 {
		return bad("a paymaster signature beside the data, which EntryPoint " + ep.Version() + " does not know")
	}
	for _, n := range []*big.Int{s.VerificationGasLimit, s.PostOpGasLimit} {
		if n != nil && n.BitLen() > 64 {
			return bad("a gas limit beyond 64 bits")
		}
	}
	return s, r.echo, nil
}
