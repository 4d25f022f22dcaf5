package account

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// builder makes the operation of a Prepared: calls, paymaster, gas.
type builder struct {
	*Prepared
	facts   *facts
	options options
}

// build fills in op and what is known of it: fee, sponsor, charge, estimate.
func (b *builder) build(ctx context.Context) error {
	if t, ok := b.client.Paymaster.(TokenPaymaster); ok {
		return b.buildWithToken(ctx, t)
	}
	stub, err := b.draft(ctx, b.calls)
	if err != nil {
		return err
	}
	return b.complete(ctx, stub)
}

// draft makes the operation of calls with the paymaster's stub and with gas.
func (b *builder) draft(ctx context.Context, calls []Call) (stub Sponsorship, err error) {
	if b.op, err = b.skeleton(calls); err != nil {
		return stub, err
	}
	if pm := b.client.Paymaster; pm != nil {
		if stub, err = pm.Stub(ctx, b.op.Clone(), b.acct.EntryPoint(), b.chainID); err != nil {
			return stub, fmt.Errorf("account: ask the paymaster: %w", err)
		}
		stub.apply(b.op)
	}
	if err = b.fillGas(ctx); err != nil {
		return stub, err
	}
	b.fee, err = checkLimits(b.op, b.acct.EntryPoint())
	return stub, err
}

// complete asks for the paymaster's final word on the draft.
func (b *builder) complete(ctx context.Context, stub Sponsorship) error {
	b.sponsor = stub.Sponsor
	if b.client.Paymaster == nil || stub.Final {
		return nil
	}
	final, err := b.client.Paymaster.Data(ctx, b.op.Clone(), b.acct.EntryPoint(), b.chainID)
	if err != nil {
		return fmt.Errorf("account: ask the paymaster for its signature: %w", err)
	}
	if err := final.fits(stub, b.op, b.estimate.Source != EstimateGiven); err != nil {
		return err
	}
	final.apply(b.op)
	if final.Sponsor != "" {
		b.sponsor = final.Sponsor
	}
	return nil
}

// skeleton makes the operation without gas.
func (b *builder) skeleton(calls []Call) (*userop.Op, error) {
	data, err := b.acct.EncodeCalls(calls)
	if err != nil {
		return nil, fmt.Errorf("account: encode the calls: %w", err)
	}
	f := b.facts
	op := &userop.Op{
		Sender: b.acct.Address(), Nonce: f.nonce, CallData: data,
		CallGasLimit: new(big.Int), VerificationGasLimit: new(big.Int), PreVerificationGas: new(big.Int),
		MaxFeePerGas: f.fees.MaxFeePerGas, MaxPriorityFeePerGas: f.fees.MaxPriorityFeePerGas,
		Signature: b.auth.Stub(),
	}
	switch {
	case f.factory != (common.Address{}):
		factory := f.factory
		op.Factory, op.FactoryData = &factory, f.factoryData
	case f.authorization != nil:
		op.Authorization = f.authorization
		if userop.KnowsEIP7702(b.acct.EntryPoint()) {
			marker := userop.EIP7702Marker
			op.Factory = &marker
		}
		op = op.Clone() // the authorization is the caller's
	}
	return op, nil
}

// fillGas writes the caller's limits or the bundler's into the operation.
func (b *builder) fillGas(ctx context.Context) error {
	if b.options.gas != nil {
		b.estimate = Estimate{Source: EstimateGiven}
		return b.options.gas.apply(b.op)
	}
	gas, err := b.askGas(ctx)
	if err != nil {
		if isOutage(ctx, err) {
			return fmt.Errorf("account: estimate gas: %w", err)
		}
		return &EstimateError{Cause: withObstacle(ctx, b.client.Chain, b.acct, err)}
	}
	if err := gas.possible(b.op); err != nil {
		return err
	}
	if s, ok := b.auth.(StubShortfaller); ok {
		gas.VerificationGasLimit = new(big.Int).Add(gas.VerificationGasLimit, new(big.Int).SetUint64(s.StubShortfall()))
	}
	return gas.apply(b.op)
}

// askGas asks the bundler, with overrides where the authority has some and the
// bundler takes them.
func (b *builder) askGas(ctx context.Context) (GasEstimate, error) {
	ep := b.acct.EntryPoint()
	overrider, wants := b.auth.(Overrider)
	estimator, takes := b.client.Bundler.(OverrideEstimator)
	if wants && takes {
		if o := overrider.Overrides(b.facts.p256); len(o) > 0 {
			gas, err := estimator.EstimateGasWith(ctx, b.op.Clone(), ep, o)
			if !errors.Is(err, ErrNoOverrides) {
				b.estimate = Estimate{Source: EstimateOverridden}
				return gas, err
			}
		}
	}
	b.estimate = Estimate{Source: EstimatePlain}
	if s, ok := b.auth.(StubExcesser); ok {
		b.estimate.Excess = s.StubExcess(b.facts.p256)
	}
	return b.client.Bundler.EstimateGas(ctx, b.op.Clone(), ep)
}
