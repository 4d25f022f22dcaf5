package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// tokenSponsor takes gasToken at a rate.
type tokenSponsor struct {
	quote  account.TokenQuote
	stub   common.Address // named in the stub
	data   common.Address // named in the end
	broken error          // of Quote
	final  bool           // of the stub
	signed *userop.Op     // the operation that Data was asked for
	stubs  []*userop.Op
}

func newTokenSponsor() *tokenSponsor {
	return &tokenSponsor{stub: paymaster, data: paymaster,
		quote: account.TokenQuote{Token: gasToken, Paymaster: paymaster, Rate: ether(2000), PostOpGas: big.NewInt(50_000)}}
}

func (s *tokenSponsor) Quote(context.Context, *userop.Op, userop.EntryPoint, *big.Int) (account.TokenQuote, error) {
	return s.quote, s.broken
}

func (s *tokenSponsor) Stub(_ context.Context, op *userop.Op, _ userop.EntryPoint, _ *big.Int) (account.Sponsorship, error) {
	s.stubs = append(s.stubs, op)
	return account.Sponsorship{Paymaster: s.stub, Data: []byte("stub"), VerificationGasLimit: big.NewInt(50_000), PostOpGasLimit: big.NewInt(100_000), Final: s.final}, nil
}

func (s *tokenSponsor) Data(_ context.Context, op *userop.Op, _ userop.EntryPoint, _ *big.Int) (account.Sponsorship, error) {
	s.signed = op
	return account.Sponsorship{Paymaster: s.data, Data: []byte("real")}, nil
}

// What the sample operation costs: 660,000 gas and 50,000 of the paymaster at 3
// gwei and 2,000 units per wei.
var tokenCost = new(big.Int).Mul(big.NewInt(710_000), big.NewInt(3e9*2000))

// prepareWithToken prepares an operation of calls whose fee is paid in gasToken.
func prepareWithToken(t *testing.T, w *world, s account.Paymaster, calls []account.Call, opts ...account.Option) (*account.Prepared, *owner, error) {
	t.Helper()
	o := newOwner(t)
	w.balance = new(big.Int) // not a wei
	c := w.client()
	c.Paymaster = s
	p, err := account.Prepare(t.Context(), c, o.acct, o.auth, calls, opts...)
	return p, o, err
}

func approveCall(amount *big.Int) account.Call {
	data := append([]byte{0x09, 0x5e, 0xa7, 0xb3}, common.LeftPadBytes(paymaster[:], 32)...)
	return account.Call{To: gasToken, Value: new(big.Int), Data: append(data, common.BigToHash(amount).Bytes()...)}
}

func TestAnApprovalOfExactlyTheMostIsAdded(t *testing.T) {
	mine := account.Call{To: friend, Value: new(big.Int), Data: []byte{1, 2, 3, 4}}
	less := new(big.Int).Sub(tokenCost, big.NewInt(1))
	for name, c := range map[string]struct {
		allowance *big.Int
		fails     bool // while the allowance is short
		approvals []account.Call
		estimates int
		warned    bool
	}{
		"nothing allowed":         {new(big.Int), false, []account.Call{approveCall(tokenCost)}, 1, false},
		"too little allowed":      {less, false, []account.Call{approveCall(new(big.Int)), approveCall(tokenCost)}, 2, false},
		"too little to estimate":  {big.NewInt(1), true, []account.Call{approveCall(new(big.Int)), approveCall(tokenCost)}, 2, false},
		"exactly enough allowed":  {tokenCost, false, nil, 1, false},
		"more than enough":        {new(big.Int).Add(tokenCost, big.NewInt(1)), false, nil, 1, true},
		"any amount allowed once": {max256, false, nil, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(), newTokenSponsor()
			w.token = &worldToken{balance: tokenCost, allowance: c.allowance}
			if c.fails {
				w.estimateOnce = errors.New("postOp reverted")
			}
			p, o, err := prepareWithToken(t, w, s, []account.Call{mine})
			if err != nil {
				t.Fatal(err)
			}
			want, err := o.acct.EncodeCalls(append(slices.Clone(c.approvals), mine))
			if err != nil || string(p.Op().CallData) != string(want) || string(s.signed.CallData) != string(want) {
				t.Errorf("%v: the calls are\n%x, signed\n%x, want\n%x", err, p.Op().CallData, s.signed.CallData, want)
			}
			charge := p.TokenCharge()
			if charge.Max.Cmp(tokenCost) != 0 || charge.Token != gasToken || charge.Paymaster != paymaster || w.token.spender != paymaster {
				t.Errorf("the charge is %+v, want %s", charge, tokenCost)
			}
			if len(w.estimated) != c.estimates || len(w.estimated[c.estimates-1].CallData) != len(want) {
				t.Errorf("%d estimates, %d bytes of calls in the last, %d in the operation", len(w.estimated), len(w.estimated[c.estimates-1].CallData), len(want))
			}
			if dear, est := dearBytes(p.Op()), dearBytes(w.estimated[c.estimates-1]); dear > est {
				t.Errorf("%d bytes of the calls cost the full price, %d when gas was estimated", dear, est)
			}
			sum := p.Summary()
			if !strings.Contains(sum.FeePaidBy, "at most "+tokenCost.String()) || !strings.Contains(sum.String(), gasToken.Hex()) {
				t.Errorf("paid by %s", sum.FeePaidBy)
			}
			if warned := slices.ContainsFunc(sum.Warnings, func(w string) bool { return strings.Contains(w, "has already") }); warned != c.warned {
				t.Errorf("warnings: %q", sum.Warnings)
			}
			saved, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			if q, err := account.Resume(saved, w.client(), o.acct, o.auth); err != nil || q.Summary().String() != sum.String() || q.TokenCharge().Max.Cmp(tokenCost) != 0 {
				t.Errorf("resumed: %v", err)
			}
			var m map[string]any
			if err := json.Unmarshal(saved, &m); err != nil {
				t.Fatal(err)
			}
			m["token"].(map[string]any)["max"] = "0x1"
			less, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := account.Resume(less, w.client(), o.acct, o.auth); len(c.approvals) > 0 && !errors.Is(err, account.ErrChanged) {
				t.Errorf("a file that says less than the operation allows: %v", err)
			}
		})
	}
}

// dearBytes counts the bytes of calls that are not zero.
func dearBytes(op *userop.Op) int { return len(op.CallData) - bytes.Count(op.CallData, []byte{0}) }

func TestPaymentInTokensIsRefusedWithItsCause(t *testing.T) {
	transfer := func(n *big.Int) account.Call {
		c := approveCall(n)
		c.Data = append([]byte{0xa9, 0x05, 0x9c, 0xbb}, c.Data[4:]...)
		return c
	}
	less := new(big.Int).Sub(tokenCost, big.NewInt(1))
	for name, c := range map[string]struct {
		change func(*world, *tokenSponsor)
		calls  []account.Call
		opts   []account.Option
		want   func(error) bool
	}{
		"a rate that asks for everything": {change: func(w *world, s *tokenSponsor) { s.quote.Rate = max256 },
			want: is(func(e *account.UnlimitedApproveError) bool {
				return e.Paymaster == paymaster && e.Amount.BitLen() > 128
			})},
		"an account that holds everything": {change: func(w *world, s *tokenSponsor) { s.quote.Rate, w.token.balance = max256, max256 },
			want: is(func(*account.UnlimitedApproveError) bool { return true })},
		"a rate beyond all numbers": {change: func(w *world, s *tokenSponsor) { s.quote.Rate = new(big.Int).Lsh(max256, 1) }, want: matches(account.ErrBadQuote)},
		"a rate of 0":               {change: func(w *world, s *tokenSponsor) { s.quote.Rate = new(big.Int) }, want: matches(account.ErrBadQuote)},
		"a negative rate":           {change: func(w *world, s *tokenSponsor) { s.quote.Rate = big.NewInt(-1) }, want: matches(account.ErrBadQuote)},
		"no rate":                   {change: func(w *world, s *tokenSponsor) { s.quote.Rate = nil }, want: matches(account.ErrBadQuote)},
		"2^256-1 gas of its own":    {change: func(w *world, s *tokenSponsor) { s.quote.PostOpGas = max256 }, want: matches(account.ErrBadQuote)},
		"no paymaster":              {change: func(w *world, s *tokenSponsor) { s.quote.Paymaster = common.Address{} }, want: matches(account.ErrBadQuote)},
		"no token":                  {change: func(w *world, s *tokenSponsor) { s.quote.Token = common.Address{} }, want: matches(account.ErrBadQuote)},
		"no price":                  {change: func(w *world, s *tokenSponsor) { s.broken = context.DeadlineExceeded }, want: matches(context.DeadlineExceeded)},
		"another paymaster in the stub": {change: func(w *world, s *tokenSponsor) { s.stub, s.data = friend, friend },
			want: is(func(e *account.PaymasterChangedError) bool { return e.Field == "paymaster" && e.Is == friend.Hex() })},
		"another paymaster in the end": {change: func(w *world, s *tokenSponsor) { s.data = friend },
			want: is(func(e *account.PaymasterChangedError) bool { return e.Is == friend.Hex() })},
		"not enough of the token": {change: func(w *world, s *tokenSponsor) { w.token.balance = less },
			want: is(func(e *account.InsufficientTokenError) bool {
				return e.Missing.Int64() == 1 && e.Charge.Cmp(tokenCost) == 0
			})},
		"not enough after the calls": {calls: []account.Call{transfer(big.NewInt(5)), transfer(big.NewInt(2))},
			want: is(func(e *account.InsufficientTokenError) bool { return e.Missing.Int64() == 7 && e.Leaves.Int64() == 7 })},
		"none of the token": {change: func(w *world, s *tokenSponsor) { w.token.balance = new(big.Int) },
			want: is(func(e *account.InsufficientTokenError) bool {
				return e.Charge == nil && e.Missing == nil && e.Cause == nil
			})},
		"too little to estimate": {change: func(w *world, s *tokenSponsor) {
			w.token.balance, w.estimate = big.NewInt(1), errors.New("AA50 postOp reverted")
		}, want: is(func(e *account.InsufficientTokenError) bool { return e.Charge == nil && account.AACode(e) == "AA50" })},
		"all of it sent away": {calls: []account.Call{transfer(tokenCost)},
			want: is(func(e *account.InsufficientTokenError) bool { return e.Charge == nil && e.Leaves.Cmp(tokenCost) == 0 })},
		"no token at the address": {change: func(w *world, s *tokenSponsor) { w.token = nil },
			want: func(err error) bool { return strings.Contains(err.Error(), gasToken.Hex()) }},
		"more than the limit": {opts: []account.Option{account.WithTokenLimit(less)},
			want: is(func(e *account.TokenLimitError) bool { return e.Limit == less })},
		"calls that revert": {change: func(w *world, s *tokenSponsor) { w.estimate = errors.New("execution reverted") },
			want: is(func(*account.EstimateError) bool { return true })},
		"value without a wei": {calls: []account.Call{{To: friend, Value: big.NewInt(1)}},
			want: is(func(e *account.InsufficientFundsError) bool { return e.Missing.Int64() == 1 })},
	} {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(), newTokenSponsor()
			w.token = &worldToken{balance: tokenCost, allowance: new(big.Int)}
			if c.change != nil {
				c.change(w, s)
			}
			if c.calls == nil {
				c.calls = []account.Call{{To: friend}}
			}
			p, _, err := prepareWithToken(t, w, s, c.calls, c.opts...)
			if err == nil || !c.want(err) {
				t.Fatalf("got %v, %v", p, err)
			}
			if h, ok := errors.AsType[account.Hinter](err); ok && h.Hint() == "" {
				t.Error("an empty hint")
			}
			if s.signed != nil && name != "another paymaster in the end" {
				t.Error("the paymaster was asked to sign")
			}
		})
	}
}

func matches(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func TestWhatIsBroughtInMayPayForGas(t *testing.T) {
	w, s := newWorld(), newTokenSponsor()
	w.token = &worldToken{balance: new(big.Int), allowance: new(big.Int)}
	p, _, err := prepareWithToken(t, w, s, []account.Call{{To: friend}}, account.WithoutFundsCheck())
	if err != nil || p.TokenCharge().Max.Cmp(tokenCost) != 0 {
		t.Error(err)
	}
}

// A stub that claims to be final was made for calls with a stand-in amount.
func TestAFinalStubIsNotFinalForOtherCalls(t *testing.T) {
	for _, allowance := range []*big.Int{new(big.Int), tokenCost} {
		w, s := newWorld(), newTokenSponsor()
		s.final = true
		w.token = &worldToken{balance: tokenCost, allowance: allowance}
		p, _, err := prepareWithToken(t, w, s, []account.Call{{To: friend}})
		if err != nil {
			t.Fatal(err)
		}
		if asked := s.signed != nil; asked != (allowance.Sign() == 0) || asked && string(s.signed.CallData) != string(p.Op().CallData) {
			t.Errorf("with %s allowed the paymaster was asked again: %t", allowance, asked)
		}
	}
}

func TestMaxChargeRoundsUp(t *testing.T) {
	q := account.TokenQuote{Rate: big.NewInt(1), PostOpGas: new(big.Int)}
	for wei, want := range map[int64]int64{0: 0, 1: 1, 1e18: 1, 1e18 + 1: 2} {
		if got := q.MaxCharge(big.NewInt(wei), big.NewInt(7)); got.Int64() != want {
			t.Errorf("%d wei cost %s, want %d", wei, got, want)
		}
	}
	q = account.TokenQuote{Rate: big.NewInt(3e18), PostOpGas: big.NewInt(10)}
	if got := q.MaxCharge(big.NewInt(1), big.NewInt(7)); got.Int64() != 3*71 {
		t.Errorf("with the paymaster's own gas: %s", got)
	}
}
