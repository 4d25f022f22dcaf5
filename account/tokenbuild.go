package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// tokenGas is what is known about paying for gas in a token.
type tokenGas struct {
	quote              TokenQuote
	balance, allowance *big.Int // token units
}

// buildWithToken makes the operation with an approval of the most that can be
// charged, if the allowance is short of it. How much that is shows only when gas
// is known, which depends on the approval: so gas is found with a stand-in of the
// same length, and the paymaster signs when the amount is in its place.
func (b *builder) buildWithToken(ctx context.Context, t TokenPaymaster) error {
	g, err := b.readToken(ctx, t)
	if err != nil {
		return err
	}
	if err := g.checkAny(b.calls, b.options); err != nil {
		return err
	}
	approving := g.allowance.Sign() == 0
	stub, err := b.draftWithToken(ctx, g, approving)
	_, failed := errors.AsType[*EstimateError](err)
	if !approving && (failed || err == nil && g.charge(b.op, b.fee).Cmp(g.allowance) > 0) {
		approving = true
		stub, err = b.draftWithToken(ctx, g, approving)
	}
	if err != nil {
		return g.explain(err, b.calls, b.options)
	}
	b.tokenCharge = &TokenCharge{Token: g.quote.Token, Paymaster: g.quote.Paymaster, Max: g.charge(b.op, b.fee), Allowance: new(big.Int)}
	if err := g.check(b.tokenCharge.Max, b.calls, b.options); err != nil {
		return err
	}
	if approving {
		b.calls = append(g.approvals(b.tokenCharge.Max), b.calls...)
		if b.op.CallData, err = b.acct.EncodeCalls(b.calls); err != nil {
			return fmt.Errorf("account: encode the calls: %w", err)
		}
		stub.Final = false // of other calls
	} else {
		b.tokenCharge.Allowance = g.allowance
	}
	return b.complete(ctx, stub)
}

// readToken asks for the price, and what the account has and allows.
func (b *builder) readToken(ctx context.Context, t TokenPaymaster) (*tokenGas, error) {
	op, err := b.skeleton(b.calls)
	if err != nil {
		return nil, err
	}
	g := &tokenGas{}
	if g.quote, err = t.Quote(ctx, op, b.acct.EntryPoint(), b.chainID); err != nil {
		return nil, fmt.Errorf("account: ask the paymaster for its price: %w", err)
	}
	if err := g.quote.possible(); err != nil {
		return nil, err
	}
	self := b.acct.Address()
	var errBalance, errAllowance error
	parallel(
		func() {
			g.balance, errBalance = readWord(ctx, b.client.Chain, g.quote.Token, pack(selBalanceOf, self[:]))
		},
		func() {
			g.allowance, errAllowance = readWord(ctx, b.client.Chain, g.quote.Token, pack(selAllowance, self[:], g.quote.Paymaster[:]))
		},
	)
	if err := errors.Join(errBalance, errAllowance); err != nil {
		return nil, fmt.Errorf("account: read the token %s: %w", g.quote.Token, err)
	}
	return g, nil
}

func (b *builder) draftWithToken(ctx context.Context, g *tokenGas, approving bool) (Sponsorship, error) {
	calls := b.calls
	if approving {
		calls = append(g.approvals(g.standIn()), calls...)
	}
	stub, err := b.draft(ctx, calls)
	if err != nil {
		return stub, err
	}
	if stub.Paymaster != g.quote.Paymaster {
		return stub, &PaymasterChangedError{Field: "paymaster", Was: g.quote.Paymaster.Hex(), Is: stub.Paymaster.Hex()}
	}
	return stub, nil
}

// standIn is an amount of the balance's length in which no byte is cheap: what is
// charged at most is not above the balance.
func (g *tokenGas) standIn() *big.Int {
	return bigOf(bytes.Repeat([]byte{0xff}, max(1, (g.balance.BitLen()+7)/8)))
}

func (g *tokenGas) charge(op *userop.Op, fee *big.Int) *big.Int {
	return g.quote.MaxCharge(fee, op.MaxFeePerGas)
}

// approvals allow the paymaster exactly amount. Some tokens refuse to change an
// allowance that is not zero: it is taken back first.
func (g *tokenGas) approvals(amount *big.Int) []Call {
	set := approve(g.quote.Token, g.quote.Paymaster, amount)
	if g.allowance.Sign() == 0 {
		return []Call{set}
	}
	return []Call{approve(g.quote.Token, g.quote.Paymaster, new(big.Int)), set}
}

func approve(token, spender common.Address, amount *big.Int) Call {
	return Call{To: token, Value: new(big.Int), Data: pack(selApprove, spender[:], amount.Bytes())}
}

// check is of the amount before it stands in an approval.
func (g *tokenGas) check(amount *big.Int, calls []Call, o options) error {
	if amount.BitLen() > unlimitedBits {
		return &UnlimitedApproveError{Token: g.quote.Token, Paymaster: g.quote.Paymaster, Amount: amount}
	}
	if o.tokenLimit != nil && amount.Cmp(o.tokenLimit) > 0 {
		return &TokenLimitError{Token: g.quote.Token, Charge: amount, Limit: o.tokenLimit}
	}
	if o.noFunds {
		return nil
	}
	leaves := g.leaves(calls)
	missing := new(big.Int).Add(amount, leaves)
	if missing.Sub(missing, g.balance).Sign() > 0 {
		return &InsufficientTokenError{Token: g.quote.Token, Balance: g.balance, Leaves: leaves, Charge: amount, Missing: missing}
	}
	return nil
}

// checkAny runs before gas is known: nothing is left for the fee.
func (g *tokenGas) checkAny(calls []Call, o options) error {
	if leaves := g.leaves(calls); !o.noFunds && leaves.Cmp(g.balance) >= 0 {
		return &InsufficientTokenError{Token: g.quote.Token, Balance: g.balance, Leaves: leaves}
	}
	return nil
}

// explain turns an estimate that failed when the paymaster took its fee (AA50)
// into the error that says so.
func (g *tokenGas) explain(err error, calls []Call, o options) error {
	if _, ok := errors.AsType[*EstimateError](err); !ok || o.noFunds || AACode(err) != "AA50" {
		return err
	}
	return &InsufficientTokenError{Token: g.quote.Token, Balance: g.balance, Leaves: g.leaves(calls), Cause: err}
}

// leaves is what calls transfer away of the token.
func (g *tokenGas) leaves(calls []Call) *big.Int {
	sum := new(big.Int)
	for _, c := range calls {
		if c.To == g.quote.Token && len(c.Data) >= 68 && [4]byte(c.Data) == selTransfer {
			sum.Add(sum, bigOf(c.Data[36:68]))
		}
	}
	return sum
}

// unlimitedBits is where an amount of tokens stops being one: wallets write
// 2^256-1 for "whatever you like", and no supply comes near 2^128.
const unlimitedBits = 128

var (
	selTransfer  = [4]byte{0xa9, 0x05, 0x9c, 0xbb} // transfer(address,uint256)
	selApprove   = [4]byte{0x09, 0x5e, 0xa7, 0xb3} // approve(address,uint256)
	selAllowance = [4]byte{0xdd, 0x62, 0xed, 0x3e} // allowance(address,address)
	selBalanceOf = [4]byte{0x70, 0xa0, 0x82, 0x31} // balanceOf(address)
)

// pack is a call of static arguments of up to 32 bytes each.
func pack(sel [4]byte, args ...[]byte) []byte {
	out := sel[:]
	for _, a := range args {
		out = append(out, common.LeftPadBytes(a, 32)...)
	}
	return out
}
