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
	return p.ask(ctx, "pm_getPaymasterStubData", op, ep, chainID)
}

// Data is pm_getPaymasterData: the final fields. Nothing that the paymaster
// signed may change afterwards, gas and fees included.
func (p *Paymaster) Data(ctx context.Context, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (account.Sponsorship, error) {
	return p.ask(ctx, "pm_getPaymasterData", op, ep, chainID)
}

func (p *Paymaster) ask(ctx context.Context, method string, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (account.Sponsorship, error) {
	var none account.Sponsorship
	wire, err := ep.MarshalOp(op)
	if err != nil {
		return none, err
	}
	var r struct {
		Sponsor *struct {
			Name string `json:"name"`
		} `json:"sponsor"`
		Paymaster        *common.Address `json:"paymaster"`
		Data             hexutil.Bytes   `json:"paymasterData"`
		Verification     *number         `json:"paymasterVerificationGasLimit"`
		PostOp           *number         `json:"paymasterPostOpGasLimit"`
		PaymasterAndData hexutil.Bytes   `json:"paymasterAndData"`
		IsFinal          bool            `json:"isFinal"`
	}
	if err := p.e.call(ctx, method, &r, json.RawMessage(wire), ep.Address(), (*hexutil.Big)(chainID), p.context); err != nil {
		return none, err
	}
	bad := func(what string) (account.Sponsorship, error) {
		return none, p.e.fault(method, ErrBadReply, 0, what, nil)
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
		s.Paymaster, s.Data = *r.Paymaster, r.Data
		s.VerificationGasLimit, s.PostOpGasLimit = r.Verification.orNil(), r.PostOp.orNil()
	}
	if s.Paymaster == (common.Address{}) {
		return bad("the zero address as paymaster")
	}
	for _, n := range []*big.Int{s.VerificationGasLimit, s.PostOpGasLimit} {
		if n != nil && n.BitLen() > 64 {
			return bad("a gas limit beyond 64 bits")
		}
	}
	return s, nil
}
