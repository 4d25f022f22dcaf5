package account

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// UnlimitedApproveError says that a paymaster's price comes to an amount that
// would let it take everything.
type UnlimitedApproveError struct {
	Token, Paymaster common.Address
	Amount           *big.Int // token units
}

func (e *UnlimitedApproveError) Error() string {
	return fmt.Sprintf("account: by its price the paymaster %s would need an allowance of %s units of the token %s, which is any amount", e.Paymaster, e.Amount, e.Token)
}

// Hint implements [Hinter].
func (e *UnlimitedApproveError) Hint() string {
	return "no such allowance is given: use another paymaster, or pay in the chain's own coin; nothing was signed"
}

// TokenLimitError says that an operation may cost more of a token than the
// caller allows.
type TokenLimitError struct {
	Token         common.Address
	Charge, Limit *big.Int // token units
}

func (e *TokenLimitError) Error() string {
	return fmt.Sprintf("account: the operation may cost %s units of the token %s, more than the limit of %s", e.Charge, e.Token, e.Limit)
}

// Hint implements [Hinter].
func (e *TokenLimitError) Hint() string {
	return "wait for lower fees, raise the limit, or ask another paymaster for its price"
}

// InsufficientTokenError says by how much an account falls short of the token
// that its paymaster takes. All amounts are in token units.
type InsufficientTokenError struct {
	Token   common.Address
	Balance *big.Int
	Leaves  *big.Int // that the calls transfer to others
	// Charge is the most that the paymaster takes, and Missing what the account
	// lacks. Both are nil when it lacks so much that the fee could not be estimated.
	Charge  *big.Int
	Missing *big.Int
	Cause   error // what the bundler said then; may be nil
}

func (e *InsufficientTokenError) Error() string {
	s := fmt.Sprintf("account: the account holds %s units of the token %s and the calls send %s", e.Balance, e.Token, e.Leaves)
	if e.Charge == nil {
		s += ", too little for the fee"
	} else {
		s += fmt.Sprintf(", %s are missing for a fee of at most %s", e.Missing, e.Charge)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *InsufficientTokenError) Unwrap() error { return e.Cause }

// Hint implements [Hinter].
func (e *InsufficientTokenError) Hint() string {
	return "bring more of the token into the account, send less of it, or pay in the chain's own coin; nothing was signed"
}
