// What can be known to be wrong with an operation without asking a chain.

package userop

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// maxGasBits bounds each gas value and fee; above it the EntryPoint reverts
// with AA94.
const maxGasBits = 120

// Validate checks that op is complete and that EntryPoint ep could accept it as
// far as that shows in op alone. It returns every [FieldError], joined.
//
// chainID may be nil when it is not known; then an authorization's chain is not
// checked. Signature, nonce and balances are for the chain to judge.
func (op *Op) Validate(ep EntryPoint, chainID *big.Int) error {
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if op.Sender == (common.Address{}) {
		add(fieldErr("sender", ErrMissing))
	}
	add(checkNumber("nonce", op.Nonce, 256))
	for i, n := range op.numbers()[1:] {
		optional := i >= 5 && (op.Paymaster == nil || ep == V06)
		if optional && *n.v == nil {
			continue
		}
		add(checkNumber(n.name, *n.v, maxGasBits))
	}
	if op.MaxFeePerGas != nil && op.MaxPriorityFeePerGas != nil && op.MaxPriorityFeePerGas.Cmp(op.MaxFeePerGas) > 0 {
		add(fieldErrf("maxPriorityFeePerGas", ErrRange, "above maxFeePerGas"))
	}
	if op.Factory == nil && len(op.FactoryData) != 0 {
		add(fieldErrf("factoryData", ErrUnexpected, "there is no factory"))
	}
	if op.Factory != nil && *op.Factory == (common.Address{}) {
		add(fieldErr("factory", ErrMissing))
	}
	if op.Paymaster != nil && *op.Paymaster == (common.Address{}) {
		add(fieldErr("paymaster", ErrMissing))
	}
	if len(op.Signature) == 0 {
		add(fieldErr("signature", ErrMissing))
	}
	add(op.validateAuthorization(chainID))
	if len(errs) == 0 { // the rest needs numbers in range
		_, err := ep.fields(op.Clone().Normalize())
		add(err)
	}
	return errors.Join(errs...)
}

func (op *Op) validateAuthorization(chainID *big.Int) error {
	a := op.Authorization
	if a == nil {
		if op.IsEIP7702() && op.Delegate == nil {
			return fieldErrf("eip7702Auth", ErrMissing, "the hash needs the sender's delegate")
		}
		return nil
	}
	if op.Factory != nil && !op.IsEIP7702() {
		return fieldErrf("factory", ErrUnexpected, "a delegated sender is not created by a factory")
	}
	if chainID != nil && a.ChainID != nil && a.ChainID.Sign() != 0 && a.ChainID.Cmp(chainID) != 0 {
		return fieldErrf("eip7702Auth.chainId", ErrRange, "%s, this is chain %s", a.ChainID, chainID)
	}
	who, err := a.Authority()
	if err != nil {
		return err
	}
	if who != op.Sender {
		return fieldErrf("eip7702Auth", ErrFormat, "signed by %s, not by the sender", who)
	}
	return nil
}

// RequiredPrefund is what the EntryPoint takes from the sender or the paymaster
// before execution, in wei: the sum of all gas limits times maxFeePerGas. What
// is not used is given back.
func (op *Op) RequiredPrefund(ep EntryPoint) (*big.Int, error) {
	c := op.Clone().Normalize()
	verification := c.VerificationGasLimit
	if ep == V06 && c.Paymaster != nil {
		// validation, the paymaster's validation and postOp each get the limit
		verification = new(big.Int).Mul(verification, big.NewInt(3))
	}
	sum := new(big.Int)
	for _, n := range []*big.Int{c.CallGasLimit, verification, c.PreVerificationGas,
		c.PaymasterVerificationGasLimit, c.PaymasterPostOpGasLimit} {
		if n.Sign() < 0 {
			return nil, fieldErrf("gas", ErrRange, "negative")
		}
		sum.Add(sum, n)
	}
	return sum.Mul(sum, c.MaxFeePerGas), nil
}
