package account_test

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

func TestPrepareFillsInEverything(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.prepare(t, w)
	op := p.Op()
	if op.Factory == nil || len(op.FactoryData) == 0 {
		t.Error("an account that is not deployed gets no factory")
	}
	if op.Signature != nil || p.Sealed() {
		t.Error("there is a signature before anyone approved")
	}
	if stub := w.estimated[0].Signature; len(stub) != len(o.auth.Stub()) {
		t.Errorf("gas was estimated with a signature of %d bytes, the stub has %d", len(stub), len(o.auth.Stub()))
	}
	if err := func() error { op.Signature = []byte{1}; return op.Validate(userop.V08, big.NewInt(31337)) }(); err != nil {
		t.Error(err)
	}
	hash, err := userop.V08.Hash(op, big.NewInt(31337))
	if err != nil || p.Hash() != hash || common.Hash(p.Challenge().Digest) != hash {
		t.Errorf("hash %s, challenge %x, want %s (%v)", p.Hash(), p.Challenge().Digest, hash, err)
	}
	if want := new(big.Int).Mul(big.NewInt(510_000), big.NewInt(3e9)); p.MaxFee().Cmp(want) != 0 {
		t.Errorf("the most it can cost is %s, want %s", p.MaxFee(), want)
	}
}

func TestPrepareOmitsTheFactoryOfADeployedAccount(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.code[o.acct.Address()], w.nonce = true, big.NewInt(7)
	op := o.prepare(t, w).Op()
	if op.Factory != nil || op.FactoryData != nil || op.Nonce.Int64() != 7 {
		t.Errorf("factory %v, nonce %s", op.Factory, op.Nonce)
	}
}

func TestPrepareNamesWhatIsWrong(t *testing.T) {
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		break_ func(*world, *account.Client)
		want   func(error) bool
	}{
		"wrong chain id": {func(w *world, c *account.Client) { c.ChainID = big.NewInt(1) },
			is(func(e *account.WrongChainError) bool { return e.Got.Int64() == 31337 && e.Want.Int64() == 1 })},
		"wrong chain id before anything else": {func(w *world, c *account.Client) { c.ChainID = big.NewInt(1); w.code = nil; w.balance = new(big.Int) },
			is(func(*account.WrongChainError) bool { return true })},
		"no EntryPoint": {func(w *world, c *account.Client) { delete(w.code, userop.V08.Address()) },
			is(func(e *account.NoEntryPointError) bool { return e.Version == "0.8" })},
		"no factory": {func(w *world, c *account.Client) { delete(w.code, d.Factory) },
			is(func(e *account.NotDeployedError) bool { return e.Factory == d.Factory })},
		"value above the balance": {func(w *world, c *account.Client) { w.balance = big.NewInt(3e16) },
			is(func(e *account.InsufficientFundsError) bool { return e.AtLeast && e.Missing.Int64() == 7e16 })},
		"no money for the fee": {func(w *world, c *account.Client) { w.balance = big.NewInt(1e17) },
			is(func(e *account.InsufficientFundsError) bool {
				return !e.AtLeast && e.Missing.Cmp(new(big.Int).Mul(big.NewInt(510_000), big.NewInt(3e9))) == 0
			})},
		"the deposit pays fees but no value": {func(w *world, c *account.Client) { w.balance, w.deposit = new(big.Int), ether(5) },
			is(func(e *account.InsufficientFundsError) bool { return e.Missing.Int64() == 1e17 })},
		"AA21 of the bundler": {func(w *world, c *account.Client) { w.estimate = errors.New("AA21 didn't pay prefund") },
			is(func(e *account.InsufficientFundsError) bool {
				return e.AtLeast && e.Missing.Sign() == 0 && strings.HasSuffix(e.Error(), "misses the fee, which is not yet known: it holds 0.9 ETH for it, and the bundler says that this is too little")
			})},
		"AA21 with nothing for the fee": {func(w *world, c *account.Client) {
			w.balance, w.estimate = big.NewInt(1e17), errors.New("AA21 didn't pay prefund")
		},
			is(func(e *account.InsufficientFundsError) bool {
				return e.AtLeast && strings.HasSuffix(e.Error(), "misses the fee, which is not yet known: it holds nothing for it") && strings.HasPrefix(e.Hint(), "send coins for the fee to 0x")
			})},
		"calls that revert": {func(w *world, c *account.Client) { w.estimate = errors.New("execution reverted") },
			is(func(*account.EstimateError) bool { return true })},
		"bundler down": {func(w *world, c *account.Client) { w.down = context.DeadlineExceeded },
			func(err error) bool {
				_, ok := errors.AsType[*account.EstimateError](err)
				return !ok && errors.Is(err, context.DeadlineExceeded)
			}},
		"incomplete estimate": {func(w *world, c *account.Client) { w.gas.CallGasLimit = nil },
			func(err error) bool { return errors.Is(err, account.ErrBadEstimate) }},
		"absurd estimate": {func(w *world, c *account.Client) { w.gas.CallGasLimit = ether(1) },
			func(err error) bool { return errors.Is(err, account.ErrBadEstimate) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			client := w.client()
			c.break_(w, &client)
			p, err := account.Prepare(t.Context(), client, o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(1e17)}})
			if err == nil || !c.want(err) {
				t.Fatalf("got %v, %v", p, err)
			}
			if h, ok := errors.AsType[account.Hinter](err); ok && h.Hint() == "" {
				t.Error("an empty hint")
			}
			if len(w.sent) != 0 {
				t.Error("something was sent")
			}
		})
	}
}

func is[E error](f func(E) bool) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[E](err)
		return ok && f(e)
	}
}

func TestPrepareWithADeposit(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.balance, w.deposit = big.NewInt(1e17), ether(1)
	o.prepare(t, w)
}

func TestPrepareTakesOptions(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.estimate = errors.New("must not be asked")
	gas := account.GasEstimate{CallGasLimit: big.NewInt(1), VerificationGasLimit: big.NewInt(2), PreVerificationGas: big.NewInt(3)}
	op := o.prepare(t, w, account.WithGas(gas), account.WithFees(account.Fees{MaxFeePerGas: big.NewInt(5), MaxPriorityFeePerGas: big.NewInt(4)})).Op()
	if op.CallGasLimit.Int64() != 1 || op.VerificationGasLimit.Int64() != 2 || op.PreVerificationGas.Int64() != 3 || op.MaxFeePerGas.Int64() != 5 {
		t.Errorf("%+v", op)
	}
	w.estimate = nil
	_, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{{To: friend}}, account.WithFeeLimit(big.NewInt(1000)))
	if _, ok := errors.AsType[*account.FeeLimitError](err); !ok {
		t.Errorf("got %v", err)
	}
	w.balance = new(big.Int)
	o.prepare(t, w, account.WithoutFundsCheck())
}

func TestPrepareRefusesBadCalls(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	if _, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, nil); !errors.Is(err, account.ErrNoCalls) {
		t.Errorf("no calls: %v", err)
	}
	for _, v := range []*big.Int{big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 256)} {
		if _, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{{To: friend, Value: v}}); err == nil {
			t.Errorf("a value of %s wei is accepted", v)
		}
	}
}

// sponsor is a paymaster that pays for everything.
type sponsor struct{ stubs, finals int }

var paymaster = common.HexToAddress("0x00000000000000000000000000000000000c0ffe")

func (s *sponsor) Stub(_ context.Context, op *userop.Op, _ userop.EntryPoint, _ *big.Int) (account.Sponsorship, error) {
	s.stubs++
	return account.Sponsorship{Paymaster: paymaster, Data: []byte("stub"), PostOpGasLimit: big.NewInt(9), Sponsor: "Coffee"}, nil
}

func (s *sponsor) Data(_ context.Context, op *userop.Op, _ userop.EntryPoint, _ *big.Int) (account.Sponsorship, error) {
	s.finals++
	if op.CallGasLimit.Sign() == 0 || op.MaxFeePerGas.Sign() == 0 {
		return account.Sponsorship{}, errors.New("asked before gas and fees are set")
	}
	return account.Sponsorship{Paymaster: paymaster, Data: []byte("real")}, nil
}

func TestPrepareWithAPaymasterNeedsNoMoneyForFees(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.balance = big.NewInt(1e17) // the value and nothing more
	w.gas.PaymasterVerificationGasLimit = big.NewInt(70_000)
	s := &sponsor{}
	c := w.client()
	c.Paymaster = s
	p, err := account.Prepare(t.Context(), c, o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(1e17)}})
	if err != nil {
		t.Fatal(err)
	}
	op := p.Op()
	if *op.Paymaster != paymaster || string(op.PaymasterData) != "real" || op.PaymasterVerificationGasLimit.Int64() != 70_000 || op.PaymasterPostOpGasLimit.Int64() != 9 {
		t.Errorf("paymaster %s, data %q, limits %s, %s", op.Paymaster, op.PaymasterData, op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit)
	}
	if sum := p.Summary(); sum.FeePaidBy != `"Coffee" (paymaster `+paymaster.Hex()+`)` {
		t.Errorf("the fee is paid by %s", sum.FeePaidBy)
	}
	w.balance = big.NewInt(1e17 - 1)
	_, err = account.Prepare(t.Context(), c, o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(1e17)}})
	e, ok := errors.AsType[*account.InsufficientFundsError](err)
	if !ok || e.Missing.Int64() != 1 || e.AtLeast {
		t.Errorf("got %v", err)
	}
}
