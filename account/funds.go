package account

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// FeeLimitError says that an operation may cost more than the caller allows.
type FeeLimitError struct{ Fee, Limit *big.Int } // wei

func (e *FeeLimitError) Error() string {
	return fmt.Sprintf("account: the operation may cost %s ETH in fees, more than the limit of %s", Ether(e.Fee), Ether(e.Limit))
}

// Hint implements [Hinter].
func (e *FeeLimitError) Hint() string {
	return "wait for lower fees, raise the limit, or ask another bundler for an estimate"
}

// funds compares what an account has with what an operation needs.
type funds struct {
	account                 common.Address
	balance, deposit, value *big.Int
}

// checkValue runs before gas is known.
func (f funds) checkValue(sponsored bool) error {
	if f.balance.Cmp(f.value) >= 0 {
		return nil
	}
	e := f.error(new(big.Int), new(big.Int).Sub(f.value, f.balance))
	e.AtLeast = true
	if sponsored {
		e.AtLeast, e.Paymaster = false, &common.Address{}
	}
	return e
}

// check runs when the fee is known. The deposit in the EntryPoint pays fees
// only; value is paid from the balance, after the fee was taken.
func (f funds) check(fee *big.Int, paymaster *common.Address) error {
	own := new(big.Int)
	if paymaster == nil {
		own.Sub(fee, f.deposit)
		if own.Sign() < 0 {
			own.SetInt64(0)
		}
	} else {
		fee = new(big.Int)
	}
	missing := new(big.Int).Add(f.value, own)
	missing.Sub(missing, f.balance)
	if missing.Sign() <= 0 {
		return nil
	}
	e := f.error(fee, missing)
	e.Paymaster = paymaster
	return e
}

// explain turns an estimate that failed for want of money (AA21) into the error
// that says so.
func (f funds) explain(err error) error {
	if _, ok := errors.AsType[*EstimateError](err); !ok || AACode(err) != "AA21" {
		return err
	}
	missing := new(big.Int).Sub(f.value, f.balance)
	if missing.Sign() < 0 {
		missing.SetInt64(0) // how much the fee takes is not known
	}
	e := f.error(new(big.Int), missing)
	e.AtLeast = true
	return e
}

func (f funds) error(fee, missing *big.Int) *InsufficientFundsError {
	return &InsufficientFundsError{Account: f.account, Balance: f.balance, Deposit: f.deposit,
		Value: f.value, MaxFee: fee, Missing: missing}
}
