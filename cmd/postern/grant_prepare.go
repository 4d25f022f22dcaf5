package main

import (
	"context"
	"errors"
	"math/big"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// prepareSession makes an operation of a session key. Bundlers look for gas limits with tens
// of millions of gas, which a gas policy charges at the operation's fee: a small budget
// refuses that, although the operation itself is well within it. Then they are asked once
// more about an operation at a fee of 1 wei; the budget is held against the real one before
// anybody is asked to sign.
func prepareSession(ctx context.Context, conn *connection, s *session.Session, auth *session.Authority, calls []account.Call, options []account.Option) (*account.Prepared, error) {
	p, err := s.PrepareWith(ctx, conn.Client, auth, calls, options...)
	b, ok := conn.Bundler.(*bundler.Client)
	if !ok || !byBudget(err, s.Grant()) {
		return p, err
	}
	client := conn.Client
	client.Bundler = feeless{b}
	p, again := s.PrepareWith(ctx, client, auth, calls, options...)
	if !is[*account.EstimateError](again) {
		return p, again
	}
	f := explain(err)
	f.Hint = "bundlers look for gas limits with far more gas than is used, and the budget must cover that: ask the owner for a higher one, or use another bundler"
	return nil, f
}

// byBudget reports whether a gas policy refused an operation while its gas was looked for.
func byBudget(err error, g grant.Grant) bool {
	refused, ok := errors.AsType[*session.ChainRefusedError](err)
	if !ok || !is[*account.EstimateError](err) || refused.Policy < 0 || refused.Policy >= len(g.Policies) {
		return false
	}
	_, gas := g.Policies[refused.Policy].(*grant.Gas)
	return gas
}

// feeless asks about operations as if they paid next to nothing: bundlers replace a fee of 0 by their own.
type feeless struct{ *bundler.Client }

func (f feeless) EstimateGas(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (account.GasEstimate, error) {
	return f.Client.EstimateGas(ctx, free(op), ep)
}

// EstimateGasWith implements [account.OverrideEstimator].
func (f feeless) EstimateGasWith(ctx context.Context, op *userop.Op, ep userop.EntryPoint, o account.Overrides) (account.GasEstimate, error) {
	return f.Client.EstimateGasWith(ctx, free(op), ep, o)
}

func free(op *userop.Op) *userop.Op {
	op = op.Clone()
	op.MaxFeePerGas, op.MaxPriorityFeePerGas = big.NewInt(1), big.NewInt(1)
	return op
}
