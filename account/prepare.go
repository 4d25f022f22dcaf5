package account

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

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
// EntryPoint, the nonce, the deployment if the account is not there yet, gas by
// a stub signature, fees, and that the money is there. Nothing is signed or sent.
// A bundler that suggests more than a hundred times the chain's fee is refused
// with *HighFeeError, unless [WithFeeLimit] or [WithFees] says what may be paid.
func Prepare(ctx context.Context, c Client, acct Account, auth Authority, calls []Call, opts ...Option) (*Prepared, error) {
	var o options
	for _, f := range opts {
		f(&o)
	}
	calls, value, err := normalize(calls)
	if err != nil {
		return nil, err
	}
	facts, err := readFacts(ctx, c, acct, auth.NonceKey(), o.fees)
	if err != nil {
		return nil, err
	}
	if err := facts.checkSuggestion(o); err != nil {
		return nil, err
	}
	op, err := skeleton(acct, auth, calls, facts)
	if err != nil {
		return nil, err
	}
	funds := funds{account: acct.Address(), balance: facts.balance, deposit: facts.deposit, value: value}
	if !o.noFunds {
		if err := funds.checkValue(c.Paymaster != nil); err != nil {
			return nil, err
		}
	}
	sponsor, err := fillGas(ctx, c, acct.EntryPoint(), op, facts.chainID, o)
	if err != nil {
		return nil, funds.explain(err)
	}
	fee, err := checkLimits(op, acct.EntryPoint())
	if err != nil {
		return nil, err
	}
	if o.feeLimit != nil && fee.Cmp(o.feeLimit) > 0 {
		return nil, &FeeLimitError{Fee: fee, Limit: o.feeLimit}
	}
	if !o.noFunds {
		if err := funds.check(fee, op.Paymaster); err != nil {
			return nil, err
		}
	}
	p := &Prepared{client: c, acct: acct, auth: auth, calls: calls, op: op, chainID: facts.chainID,
		sponsor: sponsor, deploys: op.Factory != nil, fee: fee, chainFee: facts.chainFee}
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

// skeleton makes the operation without gas.
func skeleton(acct Account, auth Authority, calls []Call, f *facts) (*userop.Op, error) {
	data, err := acct.EncodeCalls(calls)
	if err != nil {
		return nil, fmt.Errorf("account: encode the calls: %w", err)
	}
	op := &userop.Op{
		Sender: acct.Address(), Nonce: f.nonce, CallData: data,
		CallGasLimit: new(big.Int), VerificationGasLimit: new(big.Int), PreVerificationGas: new(big.Int),
		MaxFeePerGas: f.fees.MaxFeePerGas, MaxPriorityFeePerGas: f.fees.MaxPriorityFeePerGas,
		Signature: auth.Stub(),
	}
	if f.factory != (common.Address{}) {
		factory := f.factory
		op.Factory, op.FactoryData = &factory, f.factoryData
	}
	return op, nil
}

// fillGas asks paymaster and bundler and writes their answers into op. It returns
// the sponsor's name.
func fillGas(ctx context.Context, c Client, ep userop.EntryPoint, op *userop.Op, chainID *big.Int, o options) (string, error) {
	var stub Sponsorship
	if c.Paymaster != nil {
		var err error
		if stub, err = c.Paymaster.Stub(ctx, op.Clone(), ep, chainID); err != nil {
			return "", fmt.Errorf("account: ask the paymaster: %w", err)
		}
		stub.apply(op)
	}
	var gas GasEstimate
	if o.gas != nil {
		gas = *o.gas
	} else {
		var err error
		if gas, err = c.Bundler.EstimateGas(ctx, op.Clone(), ep); err != nil {
			if isOutage(ctx, err) {
				return "", fmt.Errorf("account: estimate gas: %w", err)
			}
			return "", &EstimateError{Cause: err}
		}
	}
	if err := gas.apply(op); err != nil {
		return "", err
	}
	if c.Paymaster != nil && !stub.Final {
		final, err := c.Paymaster.Data(ctx, op.Clone(), ep, chainID)
		if err != nil {
			return "", fmt.Errorf("account: ask the paymaster for its signature: %w", err)
		}
		final.apply(op)
		if final.Sponsor != "" {
			stub.Sponsor = final.Sponsor
		}
	}
	return stub.Sponsor, nil
}

// apply writes the paymaster's fields; limits it does not name stay.
func (s Sponsorship) apply(op *userop.Op) {
	pm := s.Paymaster
	op.Paymaster, op.PaymasterData = &pm, s.Data
	for _, f := range []struct{ dst, src **big.Int }{
		{&op.PaymasterVerificationGasLimit, &s.VerificationGasLimit},
		{&op.PaymasterPostOpGasLimit, &s.PostOpGasLimit},
	} {
		switch {
		case *f.src != nil:
			*f.dst = *f.src
		case *f.dst == nil:
			*f.dst = new(big.Int)
		}
	}
}

// ErrBadEstimate is returned when a bundler's estimate is incomplete or absurd.
var ErrBadEstimate = errors.New("account: the gas estimate cannot be used")

func (g GasEstimate) apply(op *userop.Op) error {
	if g.CallGasLimit == nil || g.VerificationGasLimit == nil || g.PreVerificationGas == nil {
		return ErrBadEstimate
	}
	op.CallGasLimit, op.VerificationGasLimit, op.PreVerificationGas = g.CallGasLimit, g.VerificationGasLimit, g.PreVerificationGas
	if op.Paymaster == nil {
		return nil
	}
	if g.PaymasterVerificationGasLimit != nil {
		op.PaymasterVerificationGasLimit = g.PaymasterVerificationGasLimit
	}
	if g.PaymasterPostOpGasLimit != nil {
		op.PaymasterPostOpGasLimit = g.PaymasterPostOpGasLimit
	}
	return nil
}

// maxGas bounds every limit: more than any block holds, and far from overflow.
var maxGas = new(big.Int).Lsh(big.NewInt(1), 40)

// checkLimits returns the most that op can cost in fees, in wei.
func checkLimits(op *userop.Op, ep userop.EntryPoint) (*big.Int, error) {
	for _, l := range []*big.Int{op.CallGasLimit, op.VerificationGasLimit, op.PreVerificationGas,
		op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit} {
		if l != nil && (l.Sign() < 0 || l.Cmp(maxGas) > 0) {
			return nil, fmt.Errorf("%w: a limit of %s gas", ErrBadEstimate, l)
		}
	}
	for _, f := range []*big.Int{op.MaxFeePerGas, op.MaxPriorityFeePerGas} {
		if f == nil || f.Sign() < 0 || f.BitLen() > maxFeeBits {
			return nil, fmt.Errorf("account: a fee of %s wei per gas is not possible", f)
		}
	}
	if op.MaxPriorityFeePerGas.Cmp(op.MaxFeePerGas) > 0 {
		return nil, fmt.Errorf("account: the priority fee %s is above the maximum fee %s", op.MaxPriorityFeePerGas, op.MaxFeePerGas)
	}
	return op.RequiredPrefund(ep)
}

// maxFeeBits is what the EntryPoint accepts (AA94).
const maxFeeBits = 120
