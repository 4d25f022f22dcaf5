package account

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

// A bundler names the fees and the gas that it is paid by. These bounds compare
// its word with the chain's and with this package's own figure.
const (
	warnTimes   = 3   // above: a warning
	refuseTimes = 100 // above, and above refuseAbove: refused
)

// refuseAbove is 1 gwei: on chains that cost next to nothing a bundler's own
// minimum may be any multiple of the chain's fee, and still be nothing.
var refuseAbove = big.NewInt(1e9)

// HighFeeError says that a bundler suggests fees out of all proportion to what
// its chain asks.
type HighFeeError struct{ Suggested, Chain *big.Int } // wei per gas

func (e *HighFeeError) Error() string {
	return fmt.Sprintf("account: the bundler suggests to pay %s gwei per gas, more than %d times the chain's %s", gwei(e.Suggested), refuseTimes, gwei(e.Chain))
}

// Hint implements [Hinter].
func (e *HighFeeError) Hint() string {
	return "ask another bundler, or state the most that the operation may cost (WithFeeLimit, --max-fee) or its fees (WithFees); nothing was signed"
}

// checkSuggestion refuses a bundler's fees that are absurd, unless the caller
// has said what it is ready to pay. With fees of the caller's own there is
// nothing to compare.
func (f *facts) checkSuggestion(o options) error {
	if f.chainFee == nil || o.feeLimit != nil {
		return nil
	}
	if max := f.fees.MaxFeePerGas; max.Cmp(refuseAbove) > 0 && isAbove(max, refuseTimes, f.chainFee) {
		return &HighFeeError{Suggested: max, Chain: f.chainFee}
	}
	return nil
}

// feeWarnings says what is unusual about the fees of an operation. It is made
// from numbers only.
func (p *Prepared) feeWarnings(op *userop.Op, value *big.Int, coin string) []string {
	var out []string
	if isAbove(op.MaxFeePerGas, warnTimes, p.chainFee) {
		out = append(out, fmt.Sprintf("the bundler suggests to pay up to %s gwei per gas, more than %d times the chain's %s", gwei(op.MaxFeePerGas), warnTimes, gwei(p.chainFee)))
	}
	op.Signature = p.auth.Stub()
	if own := userop.PreVerificationGas(op, p.acct.EntryPoint()); isAbove(op.PreVerificationGas, warnTimes, own) {
		out = append(out, fmt.Sprintf("%s gas is for the bundler, paid in any case, more than %d times the usual %s: normal only on a rollup that charges for data", op.PreVerificationGas, warnTimes, own))
	}
	if op.CallGasLimit.Cmp(big.NewInt(maxTxGas)) > 0 {
		out = append(out, fmt.Sprintf("%s gas is for the calls, more than a transaction may have on Ethereum (%d): what they leave over may be charged in part", op.CallGasLimit, maxTxGas))
	}
	if op.Paymaster == nil && value.Sign() > 0 && p.fee.Cmp(value) > 0 {
		out = append(out, fmt.Sprintf("the fee of up to %s %s is more than the %s %s that are sent", Ether(p.fee), coin, Ether(value), coin))
	}
	return out
}

// isAbove reports whether n is above so many times base; an unknown base bounds
// nothing.
func isAbove(n *big.Int, times int64, base *big.Int) bool {
	return n != nil && base != nil && n.Cmp(new(big.Int).Mul(base, big.NewInt(times))) > 0
}

// savedChainFee is the chain's fee as Resume takes it: nil, or possible.
func savedChainFee(n *hexutil.Big) (*big.Int, error) {
	if fee := n.ToInt(); fee == nil || fee.Sign() >= 0 && fee.BitLen() <= maxFeeBits {
		return fee, nil
	}
	return nil, fmt.Errorf("%w: a chain's fee that is not possible", ErrSaved)
}

// gwei formats wei as a decimal number of gwei without trailing zeros.
func gwei(wei *big.Int) string { return Ether(new(big.Int).Mul(wei, big.NewInt(1e9))) }
