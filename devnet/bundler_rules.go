package devnet

import (
	"math/big"

	"github.com/postern-dev/postern/userop"
)

const (
	maxOpData    = 110_000 // bytes of handleOps calldata; nodes refuse transactions above 128 KiB
	pvgTolerance = 5       // percent that preVerificationGas may be below the formula
)

// acceptable checks what shows without executing the operation.
func (b *bundler) acceptable(ep userop.EntryPoint, op *userop.Op) error {
	data, err := ep.HandleOps([]*userop.Op{op}, b.wallet.address)
	if err != nil {
		return invalidFields(err)
	}
	if len(data) > maxOpData {
		return invalidf("operation takes %d bytes of calldata, more than the %d that fit a transaction", len(data), maxOpData)
	}
	if gas, most := txGas(ep, op), maxTxGas(b.chain.blocks()); !gas.IsUint64() || gas.Uint64() > most {
		return invalidf("gas limits add up to %d with what the EntryPoint needs, more than the %d of a transaction", gas, most)
	}
	want := userop.PreVerificationGas(op, ep)
	least := new(big.Int).Div(new(big.Int).Mul(want, big.NewInt(100-pvgTolerance)), big.NewInt(100))
	if op.PreVerificationGas.Cmp(least) < 0 {
		return invalidf("preVerificationGas %d is too low, this operation needs %d", op.PreVerificationGas, want)
	}
	if op.MaxPriorityFeePerGas.Cmp(op.MaxFeePerGas) > 0 {
		return invalidf("maxPriorityFeePerGas %d is above maxFeePerGas %d", op.MaxPriorityFeePerGas, op.MaxFeePerGas)
	}
	return nil
}

// affordable refuses fees with which no bundler could include the operation now.
func affordable(op *userop.Op, baseFee *big.Int) error {
	if op.MaxFeePerGas.Cmp(baseFee) < 0 {
		return invalidf("maxFeePerGas %d wei is below the base fee, which is %d wei", op.MaxFeePerGas, baseFee)
	}
	return nil
}

// gasPrice is a pair of fees, in wei per gas.
type gasPrice struct{ maxFee, priority *big.Int }

// priorityFee is what suggestions give the bundler, in wei per gas. It takes less.
var priorityFee = big.NewInt(100_000_000)

// suggest leaves room for the base fee to rise to percent of what it is.
func suggest(baseFee *big.Int, percent int64) gasPrice {
	fee := new(big.Int).Div(new(big.Int).Mul(baseFee, big.NewInt(percent)), big.NewInt(100))
	return gasPrice{fee.Add(fee, priorityFee), new(big.Int).Set(priorityFee)}
}

// fillFees gives an operation to be estimated the usual fees when it states none, so that it pays
// and that the gas of paying is counted.
func (b *bundler) fillFees(op *userop.Op, baseFee *big.Int) {
	if op.MaxFeePerGas == nil || op.MaxFeePerGas.Sign() == 0 {
		price := suggest(baseFee, 150)
		op.MaxFeePerGas, op.MaxPriorityFeePerGas = price.maxFee, price.priority
	}
	if op.MaxPriorityFeePerGas == nil {
		op.MaxPriorityFeePerGas = new(big.Int).Set(op.MaxFeePerGas)
	}
}
