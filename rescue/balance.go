package rescue

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

// Balance is an amount of one kind of money.
type Balance struct {
	Token    *common.Address `json:"token,omitempty"` // nil: the chain's own coin
	Symbol   string          `json:"symbol"`          // what a token calls itself; it may lie
	Decimals uint8           `json:"decimals"`
	Amount   *big.Int        `json:"amount"` // smallest units
}

// String is the amount in whole units, with the symbol.
func (b Balance) String() string { return Units(b.Amount, b.Decimals) + " " + b.Symbol }

// Units writes smallest units as a decimal number without trailing zeros.
func Units(amount *big.Int, decimals uint8) string {
	text := amount.String()
	if d := int(decimals); d > 0 {
		if len(text) <= d {
			text = strings.Repeat("0", d-len(text)+1) + text
		}
		text = strings.TrimRight(text[:len(text)-d]+"."+text[len(text)-d:], "0")
		text = strings.TrimSuffix(text, ".")
	}
	return text
}

// TokenError says that a contract does not answer as an ERC-20 token.
type TokenError struct {
	Token common.Address
	Cause error
}

func (e *TokenError) Error() string {
	return fmt.Sprintf("rescue: %s is no ERC-20 token: %v", e.Token, e.Cause)
}

// Hint implements account.Hinter.
func (e *TokenError) Hint() string { return "check the token's address and the chain" }

// Unwrap returns the cause.
func (e *TokenError) Unwrap() error { return e.Cause }

var errAnswer = errors.New("its answer has another form")

// Selectors of ERC-20.
var (
	selBalanceOf = []byte{0x70, 0xa0, 0x82, 0x31} // balanceOf(address)
	selDecimals  = []byte{0x31, 0x3c, 0xe5, 0x67} // decimals()
	selSymbol    = []byte{0x95, 0xd8, 0x9b, 0x41} // symbol()
	selTransfer  = []byte{0xa9, 0x05, 0x9c, 0xbb} // transfer(address,uint256)
)

// MaxTokens bounds how many tokens are asked at once.
const MaxTokens = 64

// Balances are the account's: the chain's coin first, then the tokens in the order given. A
// token that keeps decimals or symbol to itself has 0 and its address.
func Balances(ctx context.Context, ch account.Chain, addr common.Address, tokens ...common.Address) ([]Balance, error) {
	if len(tokens) > MaxTokens {
		return nil, fmt.Errorf("rescue: %d tokens at once are too many, %d is the most", len(tokens), MaxTokens)
	}
	wei, err := ch.Balance(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("rescue: read the balance of %s: %w", addr, err)
	}
	out := []Balance{{Symbol: "ETH", Decimals: 18, Amount: wei}}
	for _, t := range tokens {
		b, err := tokenBalance(ctx, ch, addr, t)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func tokenBalance(ctx context.Context, ch account.Chain, addr, token common.Address) (Balance, error) {
	ret, err := ch.Call(ctx, token, append(selBalanceOf[:4:4], common.LeftPadBytes(addr[:], 32)...))
	if err == nil && len(ret) != 32 {
		err = errAnswer
	}
	if err != nil {
		return Balance{}, &TokenError{Token: token, Cause: err}
	}
	b := Balance{Token: &token, Symbol: token.Hex(), Amount: new(big.Int).SetBytes(ret)}
	if ret, err := ch.Call(ctx, token, selDecimals); err == nil && len(ret) == 32 {
		if n := new(big.Int).SetBytes(ret); n.IsUint64() && n.Uint64() <= 77 { // 10^77 < 2^256
			b.Decimals = uint8(n.Uint64())
		}
	}
	if ret, err := ch.Call(ctx, token, selSymbol); err == nil {
		if s := symbolOf(ret); s != "" {
			b.Symbol = s
		}
	}
	return b, nil
}

// symbolOf reads a string, or bytes32 as old tokens have it; "" for what is neither, is long, or
// would not show as it is.
func symbolOf(ret []byte) string {
	var text []byte
	switch {
	case len(ret) == 32:
		text = ret
	case len(ret) >= 96 && new(big.Int).SetBytes(ret[:32]).Cmp(big.NewInt(32)) == 0:
		if n := new(big.Int).SetBytes(ret[32:64]); n.IsUint64() && n.Uint64() <= 32 {
			text = ret[64 : 64+n.Uint64()]
		}
	}
	s := strings.TrimRight(string(text), "\x00")
	if !utf8.ValidString(s) || len(s) > 32 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) }) {
		return ""
	}
	return s
}

// TransferToken is the call that sends an amount of a token.
func TransferToken(token, to common.Address, amount *big.Int) account.Call {
	data := append(selTransfer[:4:4], common.LeftPadBytes(to[:], 32)...)
	return account.Call{To: token, Data: append(data, common.LeftPadBytes(amount.Bytes(), 32)...)}
}

// NothingError says that an account holds nothing to move, or not more than moving it costs.
type NothingError struct {
	Account   common.Address
	Has, Cost *big.Int // wei
}

func (e *NothingError) Error() string {
	return fmt.Sprintf("rescue: the account %s holds %s ETH, and moving may cost %s ETH", e.Account, account.Ether(e.Has), account.Ether(e.Cost))
}

// Hint implements account.Hinter.
func (e *NothingError) Hint() string {
	return "name tokens with --token; the fee is paid in the chain's coin: send the account a little of it first"
}

// MoveAll prepares one operation that sends all of the balances to an address: each token whole,
// and of the chain's coin what is left after the most that the operation can cost. A few wei more
// stay behind, since that is more than it will cost.
func MoveAll(ctx context.Context, c account.Client, f *Found, to common.Address, balances []Balance, opts ...account.Option) (*account.Prepared, error) {
	var calls []account.Call
	wei := new(big.Int)
	for _, b := range balances {
		switch {
		case b.Token == nil:
			wei.Set(b.Amount)
		case b.Amount.Sign() > 0:
			calls = append(calls, TransferToken(*b.Token, to, b.Amount))
		}
	}
	tokens := len(calls)
	calls = append(calls, account.Call{To: to, Value: new(big.Int).Rsh(wei, 1)}) // any value: it is what estimating needs
	first, err := account.Prepare(ctx, c, f.Account, f.Authority, calls, append(opts, account.WithoutFundsCheck())...)
	if err != nil {
		return nil, err
	}
	cost := first.MaxFee()
	if c.Paymaster != nil {
		cost = new(big.Int)
	}
	keep := new(big.Int).Add(cost, new(big.Int).Rsh(cost, 2)) // fees move between two estimates
	switch {
	case wei.Cmp(keep) > 0:
		calls[tokens].Value = new(big.Int).Sub(wei, keep)
	case tokens == 0 || wei.Cmp(cost) < 0:
		return nil, &NothingError{Account: f.Account.Address(), Has: wei, Cost: cost}
	default:
		calls = calls[:tokens] // the coin just pays for the way
	}
	return account.Prepare(ctx, c, f.Account, f.Authority, calls, opts...)
}
