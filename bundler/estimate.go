// Gas estimation, also with state overrides.

package bundler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// EstimateGas is eth_estimateUserOperationGas. Limits and fees that are not
// stated go out as zero.
func (c *Client) EstimateGas(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (account.GasEstimate, error) {
	return c.estimate(ctx, op, ep)
}

// EstimateGasWith is the same with state overrides, the method's third
// parameter. Servers that do not know it refuse the parameters or ignore the
// third; a refusal of the parameters is [account.ErrNoOverrides]: the plain
// estimate then shows whether they were the reason.
func (c *Client) EstimateGasWith(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o account.Overrides) (account.GasEstimate, error) {
	type override struct {
		Code hexutil.Bytes `json:"code,omitempty"`
	}
	wire := make(map[common.Address]override, len(o))
	for at, v := range o {
		if v.Code != nil {
			wire[at] = override{Code: v.Code}
		}
	}
	if len(wire) == 0 {
		return c.EstimateGas(ctx, op, ep)
	}
	est, err := c.estimate(ctx, op, ep, wire)
	if refusesParams(err) {
		return account.GasEstimate{}, fmt.Errorf("%w: %w", account.ErrNoOverrides, err)
	}
	return est, err
}

// refusesParams tells that a server does not take that many parameters.
func refusesParams(err error) bool {
	r, ok := errors.AsType[*RPCError](err)
	return ok && r.Revert == nil && (r.Code == CodeInvalidParams || r.Code == CodeMethodNotFound || r.Code == codeNotSupported)
}

func (c *Client) estimate(ctx context.Context, op *userop.Op, ep userop.EntryPoint, more ...any) (account.GasEstimate, error) {
	const method = "eth_estimateUserOperationGas"
	wire, err := ep.MarshalOp(op.Clone().Normalize())
	if err != nil {
		return account.GasEstimate{}, err
	}
	var r struct {
		Call                  *number `json:"callGasLimit"`
		Verification          *number `json:"verificationGasLimit"`
		PreVerification       *number `json:"preVerificationGas"`
		PaymasterVerification *number `json:"paymasterVerificationGasLimit"`
		PaymasterPostOp       *number `json:"paymasterPostOpGasLimit"`
	}
	if err := c.e.call(ctx, method, &r, append([]any{json.RawMessage(wire), ep.Address()}, more...)...); err != nil {
		return account.GasEstimate{}, err
	}
	if r.Call == nil || r.Verification == nil || r.PreVerification == nil {
		return account.GasEstimate{}, c.e.fault(method, ErrBadReply, 0, "a gas limit is missing", nil)
	}
	for _, n := range []*number{r.Call, r.Verification, r.PreVerification, r.PaymasterVerification, r.PaymasterPostOp} {
		if n.big().BitLen() > 64 {
			return account.GasEstimate{}, c.e.fault(method, ErrBadReply, 0, "a gas limit beyond 64 bits", nil)
		}
	}
	est := account.GasEstimate{
		CallGasLimit: r.Call.big(), VerificationGasLimit: r.Verification.big(), PreVerificationGas: r.PreVerification.big(),
	}
	if op.Paymaster != nil {
		est.PaymasterVerificationGasLimit = r.PaymasterVerification.orNil()
		est.PaymasterPostOpGasLimit = r.PaymasterPostOp.orNil()
	}
	return est, nil
}
