package account

import (
	"context"
	"fmt"
	"math/big"

	"github.com/postern-dev/postern/userop"
)

// Option changes how [Prepare] works.
type Option func(*options)

type options struct {
	gas      *GasEstimate
	fees     *Fees
	noFunds  bool
	feeLimit *big.Int

	authorization *userop.Authorization
	tokenLimit    *big.Int
}

// WithGas sets the gas limits instead of asking the bundler.
func WithGas(g GasEstimate) Option { return func(o *options) { o.gas = &g } }

// WithFees sets the fees instead of asking bundler or chain.
func WithFees(f Fees) Option { return func(o *options) { o.fees = &f } }

// WithFeeLimit refuses an operation that may cost more than wei in fees.
func WithFeeLimit(wei *big.Int) Option { return func(o *options) { o.feeLimit = wei } }

// WithoutFundsCheck leaves out the check of funds, for batches that bring in
// what they spend.
func WithoutFundsCheck() Option { return func(o *options) { o.noFunds = true } }

// Prepare makes one operation of calls and everything that can be known before
// anyone is asked to approve it: that the chain is the right one and has the
// EntryPoint, the nonce, the deployment or EIP-7702 authorization if the account
// is not there yet, gas by a stub signature, fees, and that the money is there.
// Nothing is signed or sent. A bundler that suggests more than a hundred times
// the chain's fee is refused with *HighFeeError, unless [WithFeeLimit] or
// [WithFees] says what may be paid.
func Prepare(ctx context.Context, c Client, acct Account, auth Authority, calls []Call, opts ...Option) (*Prepared, error) {
	var o options
	for _, f := range opts {
		f(&o)
	}
	calls, value, err := normalize(calls)
	if err != nil {
		return nil, err
	}
	facts, err := readFacts(ctx, c, acct, auth, o)
	if err != nil {
		return nil, err
	}
	if err := facts.checkSuggestion(o); err != nil {
		return nil, err
	}
	if auth, err = onPaths(auth, facts.paths); err != nil {
		return nil, err
	}
	funds := funds{account: acct.Address(), balance: facts.balance, deposit: facts.deposit, value: value}
	if !o.noFunds {
		if err := funds.checkValue(c.Paymaster != nil); err != nil {
			return nil, err
		}
	}
	p := &Prepared{client: c, acct: acct, auth: auth, paths: facts.paths, calls: calls, chainID: facts.chainID, chainFee: facts.chainFee}
	b := &builder{Prepared: p, facts: facts, options: o}
	if err := b.build(ctx); err != nil {
		return nil, funds.explain(err)
	}
	if o.feeLimit != nil && p.fee.Cmp(o.feeLimit) > 0 {
		return nil, &FeeLimitError{Fee: p.fee, Limit: o.feeLimit}
	}
	if !o.noFunds {
		if err := funds.check(p.fee, p.op.Paymaster); err != nil {
			return nil, err
		}
	}
	p.deploys = deploys(p.op)
	if err := p.fix(); err != nil {
		return nil, err
	}
	return p, nil
}

// normalize copies calls, replaces nil values by zero and sums what leaves.
func normalize(calls []Call) ([]Call, *big.Int, error) {
	if len(calls) == 0 {
		return nil, nil, ErrNoCalls
	}
	out, sum := make([]Call, len(calls)), new(big.Int)
	for i, c := range calls {
		if c.Value == nil {
			c.Value = new(big.Int)
		}
		if c.Value.Sign() < 0 || c.Value.BitLen() > 256 {
			return nil, nil, fmt.Errorf("account: call %d sends %s wei, which is no amount", i+1, c.Value)
		}
		out[i] = Call{To: c.To, Value: new(big.Int).Set(c.Value), Data: append([]byte(nil), c.Data...)}
		sum.Add(sum, c.Value)
	}
	return out, sum, nil
}

// deploys reports whether a factory creates the sender.
func deploys(op *userop.Op) bool { return op.Factory != nil && !op.IsEIP7702() }
