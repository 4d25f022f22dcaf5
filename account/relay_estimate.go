package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// EstimateGas finds limits without a bundler.
//
// Verification: handleOps is called with the stub and zero fees until the least
// verification limit is found at which the EntryPoint gets as far as refusing
// the signature (AA24). The fee transfer, which zero fees leave out, is added.
// Calls: eth_simulateV1 runs deployment and callData as the EntryPoint would.
func (r *Relayer) EstimateGas(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (GasEstimate, error) {
	return r.EstimateGasWith(ctx, op, ep, nil)
}

// EstimateGasWith implements [OverrideEstimator]. An authorization of op is
// simulated as if it had been carried out.
func (r *Relayer) EstimateGasWith(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o Overrides) (GasEstimate, error) {
	o = o.delegated(op)
	if op.Paymaster != nil {
		return GasEstimate{}, errors.New("account: a relaying key estimates no operations with a paymaster: set the gas limits")
	}
	verification, err := r.verificationGas(ctx, op, ep, o)
	if err != nil {
		return GasEstimate{}, err
	}
	call, err := r.callGas(ctx, op, ep, o)
	if err != nil {
		return GasEstimate{}, err
	}
	g := GasEstimate{VerificationGasLimit: verification, CallGasLimit: call}
	sized := op.Clone()
	sized.VerificationGasLimit, sized.CallGasLimit = verification, call
	sized.PreVerificationGas = big.NewInt(100_000) // three bytes, as the result has
	g.PreVerificationGas = userop.PreVerificationGas(sized, ep)
	return g, nil
}

const (
	maxVerification = 4_000_000
	feeTransfer     = 45_000 // depositTo by the account: a call with value and a cold slot
	searchGrain     = 2_000
)

// verificationGas searches for the limit. What the EntryPoint said at the highest
// limit is the error when none is enough.
func (r *Relayer) verificationGas(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o Overrides) (*big.Int, error) {
	if refusal, err := r.probe(ctx, op, ep, o, maxVerification); err != nil || refusal != nil {
		return nil, errors.Join(err, refusal)
	}
	lo, hi := int64(0), int64(maxVerification)
	for hi-lo > searchGrain {
		mid := (lo + hi) / 2
		refusal, err := r.probe(ctx, op, ep, o, mid)
		switch {
		case err != nil:
			return nil, err
		case refusal == nil:
			hi = mid
		default:
			lo = mid
		}
	}
	return big.NewInt(hi + hi/20 + feeTransfer), nil
}

// probe runs the validation of op with a limit. The refusal is nil if nothing
// but the signature was found wrong; err is for everything that is no question
// of gas.
func (r *Relayer) probe(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o Overrides, limit int64) (refusal, err error) {
	p := op.Clone()
	p.VerificationGasLimit, p.CallGasLimit, p.PreVerificationGas = big.NewInt(limit), new(big.Int), new(big.Int)
	p.MaxFeePerGas, p.MaxPriorityFeePerGas = new(big.Int), new(big.Int)
	data, err := ep.HandleOps([]*userop.Op{p}, r.From())
	if err != nil {
		return nil, err
	}
	_, cause := r.call(ctx, ep.Address(), data, o)
	if cause == nil {
		return nil, nil // an authority whose stub is good for anything
	}
	switch AACode(cause) {
	case "AA24":
		return nil, nil
	case "AA13", "AA23", "AA26", "AA40", "AA95":
		return cause, nil
	}
	return nil, cause
}

type simulatedCall struct {
	From  common.Address  `json:"from"`
	To    common.Address  `json:"to"`
	Input hexutil.Bytes   `json:"input"`
	Gas   *hexutil.Uint64 `json:"gas,omitempty"`
}

// callGas simulates the deployment, if there is one, and the call: first with all the gas there is, then with what
// that took and a quarter more. Some calls ask for gas that they do not take (a probe for P256VERIFY does), so that
// it is raised until it is enough.
func (r *Relayer) callGas(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o Overrides) (*big.Int, error) {
	used, err := r.simulateCalls(ctx, op, ep, o, nil)
	if err != nil {
		return nil, err
	}
	// What is used has the 21,000 of a transaction in it, which covers what calls withhold and hand back; refunds are
	// covered by the quarter.
	for limit := used + used/4; limit < maxTxGas; limit += limit/2 + 10_000 {
		if _, err := r.simulateCalls(ctx, op, ep, o, &limit); err == nil {
			return new(big.Int).SetUint64(limit), nil
		} else if ctx.Err() != nil {
			return nil, err
		}
	}
	return new(big.Int).SetUint64(used + used/4), nil
}

// simulateCalls returns the gas that the call takes. limit bounds it; nil leaves that to the node.
func (r *Relayer) simulateCalls(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o Overrides, limit *uint64) (uint64, error) {
	var calls []simulatedCall
	if deploys(op) {
		calls = append(calls, simulatedCall{From: r.From(), To: *op.Factory, Input: op.FactoryData})
	}
	calls = append(calls, simulatedCall{From: ep.Address(), To: op.Sender, Input: op.CallData, Gas: (*hexutil.Uint64)(limit)})
	var blocks []struct {
		Calls []struct {
			Status  hexutil.Uint64 `json:"status"`
			GasUsed hexutil.Uint64 `json:"gasUsed"`
			Return  hexutil.Bytes  `json:"returnData"`
			Error   *struct {
				Message string          `json:"message"`
				Data    json.RawMessage `json:"data"`
			} `json:"error"`
		} `json:"calls"`
	}
	block := map[string]any{"calls": calls}
	if len(o) > 0 {
		block["stateOverrides"] = o.wire()
	}
	arg := map[string]any{"blockStateCalls": []any{block}}
	if err := r.Node.CallContext(ctx, &blocks, "eth_simulateV1", arg, "latest"); err != nil {
		return 0, fmt.Errorf("account: simulate the calls (eth_simulateV1): %w", err)
	}
	if len(blocks) != 1 || len(blocks[0].Calls) != len(calls) {
		return 0, errors.New("account: simulate the calls: the node's answer has another number of calls")
	}
	last := blocks[0].Calls[len(calls)-1]
	if last.Status != 1 {
		if d := userop.DecodeRevert(last.Return); d != nil && len(last.Return) > 0 {
			return 0, fmt.Errorf("account: the calls revert: %w", d)
		}
		why := "no reason given"
		if last.Error != nil {
			why = last.Error.Message
		}
		return 0, fmt.Errorf("account: the calls revert: %s", why)
	}
	return min(uint64(last.GasUsed), maxTxGas), nil
}
