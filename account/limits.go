package account

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// ErrBadEstimate matches *BadEstimateError.
var ErrBadEstimate = errors.New("account: the gas estimate cannot be used")

// BadEstimateError says that a gas limit is missing, zero where there is work to
// do, or beyond all bounds. It matches [ErrBadEstimate].
type BadEstimateError struct {
	Limit string   // "verificationGasLimit"
	Gas   *big.Int // nil: not stated
}

func (e *BadEstimateError) Error() string {
	if e.Gas == nil {
		return fmt.Sprintf("%v: %s is missing", ErrBadEstimate, e.Limit)
	}
	if e.Gas.Sign() == 0 {
		return fmt.Sprintf("%v: %s is 0, which nothing can run with", ErrBadEstimate, e.Limit)
	}
	return fmt.Sprintf("%v: %s is %s, which no block has", ErrBadEstimate, e.Limit, e.Gas)
}

// Is matches ErrBadEstimate.
func (e *BadEstimateError) Is(target error) bool { return target == ErrBadEstimate }

// Hint implements [Hinter].
func (e *BadEstimateError) Hint() string {
	return "the bundler or the paymaster is faulty: use another one, or set the gas limits (WithGas); nothing was signed"
}

// possible refuses an estimate that no operation runs with. Limits that callers
// set are their own business: who relays an operation may work for nothing.
func (g GasEstimate) possible(op *userop.Op) error {
	work := []limit{{"verificationGasLimit", g.VerificationGasLimit}, {"preVerificationGas", g.PreVerificationGas}}
	if len(op.CallData) > 0 {
		work = append(work, limit{"callGasLimit", g.CallGasLimit})
	}
	for _, l := range work {
		if l.gas == nil || l.gas.Sign() == 0 {
			return &BadEstimateError{Limit: l.name, Gas: l.gas}
		}
	}
	return nil
}

func (g GasEstimate) apply(op *userop.Op) error {
	for _, l := range []limit{{"callGasLimit", g.CallGasLimit}, {"verificationGasLimit", g.VerificationGasLimit}, {"preVerificationGas", g.PreVerificationGas}} {
		if l.gas == nil {
			return &BadEstimateError{Limit: l.name}
		}
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

type limit struct {
	name string
	gas  *big.Int
}

// maxGas bounds every limit: more than any block holds, and far from overflow.
var maxGas = new(big.Int).Lsh(big.NewInt(1), 40)

// checkLimits returns the most that op can cost its sender or paymaster in fees, in
// wei.
func checkLimits(op *userop.Op, ep userop.EntryPoint) (*big.Int, error) {
	for _, l := range []limit{
		{"callGasLimit", op.CallGasLimit}, {"verificationGasLimit", op.VerificationGasLimit}, {"preVerificationGas", op.PreVerificationGas},
		{"paymasterVerificationGasLimit", op.PaymasterVerificationGasLimit}, {"paymasterPostOpGasLimit", op.PaymasterPostOpGasLimit},
	} {
		if l.gas != nil && (l.gas.Sign() < 0 || l.gas.Cmp(maxGas) > 0) {
			return nil, &BadEstimateError{Limit: l.name, Gas: l.gas}
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
	if op.Paymaster != nil && *op.Paymaster == (common.Address{}) {
		return nil, ErrNoPaymaster
	}
	return op.RequiredPrefund(ep)
}

// maxFeeBits is what the EntryPoint accepts (AA94).
const maxFeeBits = 120
