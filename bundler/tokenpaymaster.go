// Paymasters that take a token for gas: ERC-7677 with a token in the context, and
// pimlico_getTokenQuotes for the price.

package bundler

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// TokenPaymaster is a service that pays for operations and takes a token for it.
type TokenPaymaster struct {
	*Paymaster
	token common.Address
}

var _ account.TokenPaymaster = (*TokenPaymaster)(nil)

// NewTokenPaymaster makes a client of a paymaster service that takes token.
func NewTokenPaymaster(url string, o Options, token common.Address) (*TokenPaymaster, error) {
	context, err := json.Marshal(map[string]common.Address{"token": token})
	if err != nil {
		return nil, fmt.Errorf("paymaster context: %w", err)
	}
	p, err := NewPaymaster(url, o, context)
	if err != nil {
		return nil, err
	}
	return &TokenPaymaster{Paymaster: p, token: token}, nil
}

// Token is what the paymaster takes.
func (p *TokenPaymaster) Token() common.Address { return p.token }

// ErrNoQuote is returned by Quote for a token that the service does not take.
var ErrNoQuote = fmt.Errorf("%w: no price for the token, which this paymaster may not take", ErrBadReply)

// maxQuotes is how many prices are looked at.
const maxQuotes = 16

// Quote is pimlico_getTokenQuotes: the price of gas in the token.
func (p *TokenPaymaster) Quote(ctx context.Context, _ *userop.Op, ep userop.EntryPoint, chainID *big.Int) (account.TokenQuote, error) {
	const method = "pimlico_getTokenQuotes"
	var none account.TokenQuote
	var r struct {
		Quotes []struct {
			Token     *common.Address `json:"token"`
			Paymaster *common.Address `json:"paymaster"`
			Rate      *number         `json:"exchangeRate"`
			PostOpGas *number         `json:"postOpGas"`
		} `json:"quotes"`
	}
	tokens := map[string][]common.Address{"tokens": {p.token}}
	if err := p.e.call(ctx, method, &r, tokens, ep.Address(), (*hexutil.Big)(chainID)); err != nil {
		return none, err
	}
	if len(r.Quotes) > maxQuotes {
		return none, p.e.fault(method, ErrBadReply, 0, fmt.Sprintf("%d prices for one token", len(r.Quotes)), nil)
	}
	for _, q := range r.Quotes {
		if q.Token == nil || *q.Token != p.token {
			continue
		}
		if q.Paymaster == nil || q.Rate == nil || q.PostOpGas == nil {
			return none, p.e.fault(method, ErrBadReply, 0, "a price without paymaster, rate or gas", nil)
		}
		return account.TokenQuote{Token: p.token, Paymaster: *q.Paymaster, Rate: q.Rate.big(), PostOpGas: q.PostOpGas.big()}, nil
	}
	return none, p.e.fault(method, ErrBadReply, 0, "no price for "+p.token.Hex(), ErrNoQuote)
}
