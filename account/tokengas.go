package account

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// TokenPaymaster is a paymaster that takes an ERC-20 token for the fee, after
// the calls ran. With one, [Prepare] checks that the account holds enough, adds
// an approval of exactly the most that can be charged where the allowance is
// short, and the summary says how much that is.
type TokenPaymaster interface {
	Paymaster
	Quote(ctx context.Context, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (TokenQuote, error)
}

// TokenQuote is the price of gas in a token.
type TokenQuote struct {
	Token     common.Address
	Paymaster common.Address // that takes the token
	Rate      *big.Int       // token units per 10^18 wei
	PostOpGas *big.Int       // that the paymaster charges beside the operation's
}

// MaxCharge is the most that a fee of wei costs in token units, rounded up; price
// is the operation's maxFeePerGas, in wei.
func (q TokenQuote) MaxCharge(wei, price *big.Int) *big.Int {
	sum := new(big.Int).Mul(q.PostOpGas, price)
	sum.Add(sum, wei).Mul(sum, q.Rate)
	sum.Add(sum, big.NewInt(1e18-1))
	return sum.Div(sum, big.NewInt(1e18))
}

// TokenCharge is what an operation may cost in a token.
type TokenCharge struct {
	Token     common.Address
	Paymaster common.Address
	Max       *big.Int // token units
}

// TokenCharge returns what the operation may cost in a token; nil if the fee is
// not paid in one.
func (p *Prepared) TokenCharge() *TokenCharge { return p.charge }

// WithTokenLimit refuses an operation that may cost more than units of the
// paymaster's token.
func WithTokenLimit(units *big.Int) Option { return func(o *options) { o.tokenLimit = units } }
