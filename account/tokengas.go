package account

import (
	"context"
	"errors"
	"fmt"
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
	// Quote is the price at which op will be charged.
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

// ErrBadQuote is returned by Prepare for a price that cannot be one.
var ErrBadQuote = errors.New("account: the paymaster's price cannot be used")

func (q TokenQuote) possible() error {
	switch {
	case q.Token == (common.Address{}) || q.Paymaster == (common.Address{}):
		return fmt.Errorf("%w: it names no token or no paymaster", ErrBadQuote)
	case q.Rate == nil || q.Rate.Sign() <= 0 || q.Rate.BitLen() > 256:
		return fmt.Errorf("%w: a rate of %s", ErrBadQuote, q.Rate)
	case q.PostOpGas == nil || q.PostOpGas.Sign() < 0 || q.PostOpGas.Cmp(maxGas) > 0:
		return fmt.Errorf("%w: %s gas for the paymaster's own work", ErrBadQuote, q.PostOpGas)
	}
	return nil
}

// TokenCharge is what an operation may cost in a token.
type TokenCharge struct {
	Token     common.Address
	Paymaster common.Address
	Max       *big.Int // token units, by the paymaster's price
	// Allowance is what the paymaster may take already, where the operation does
	// not set it: more than Max means that its price is all that keeps it.
	Allowance *big.Int
}

// TokenCharge returns what the operation may cost in a token; nil if the fee is
// not paid in one.
func (p *Prepared) TokenCharge() *TokenCharge {
	if p.tokenCharge == nil {
		return nil
	}
	c := *p.tokenCharge
	c.Max, c.Allowance = new(big.Int).Set(c.Max), new(big.Int).Set(c.Allowance)
	return &c
}

// WithTokenLimit refuses an operation that may cost more than units of the
// paymaster's token.
func WithTokenLimit(units *big.Int) Option { return func(o *options) { o.tokenLimit = units } }

// payer is who pays, for summaries.
func (c *TokenCharge) payer() string {
	return fmt.Sprintf("the account, at most %s units of the token %s to the paymaster %s", c.Max, c.Token, c.Paymaster)
}

// warning is for summaries; "" if the allowance bounds the charge.
func (c *TokenCharge) warning() string {
	if c == nil || c.Allowance.Cmp(c.Max) <= 0 {
		return ""
	}
	amount := c.Allowance.String() + " units"
	if c.Allowance.BitLen() > unlimitedBits {
		amount = "any amount"
	}
	return fmt.Sprintf("the paymaster %s may take %s of the token %s by an allowance that it has already, whatever its price says", c.Paymaster, amount, c.Token)
}
