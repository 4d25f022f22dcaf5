package account_test

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

var max256 = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))

func TestEstimatesThatNothingRunsWithAreRefused(t *testing.T) {
	zero := new(big.Int)
	for name, c := range map[string]struct {
		limit  string
		change func(*account.GasEstimate)
	}{
		"no gas to verify":                    {"verificationGasLimit", func(g *account.GasEstimate) { g.VerificationGasLimit = zero }},
		"no gas for the calls":                {"callGasLimit", func(g *account.GasEstimate) { g.CallGasLimit = zero }},
		"no gas for the bundler":              {"preVerificationGas", func(g *account.GasEstimate) { g.PreVerificationGas = zero }},
		"2^256-1 to verify":                   {"verificationGasLimit", func(g *account.GasEstimate) { g.VerificationGasLimit = max256 }},
		"2^256-1 for the calls":               {"callGasLimit", func(g *account.GasEstimate) { g.CallGasLimit = max256 }},
		"2^256-1 for the bundler":             {"preVerificationGas", func(g *account.GasEstimate) { g.PreVerificationGas = max256 }},
		"2^256-1 for the paymaster":           {"paymasterVerificationGasLimit", func(g *account.GasEstimate) { g.PaymasterVerificationGasLimit = max256 }},
		"2^256-1 for the paymaster afterward": {"paymasterPostOpGasLimit", func(g *account.GasEstimate) { g.PaymasterPostOpGasLimit = max256 }},
		"less than nothing":                   {"callGasLimit", func(g *account.GasEstimate) { g.CallGasLimit = big.NewInt(-1) }},
		"not stated":                          {"callGasLimit", func(g *account.GasEstimate) { g.CallGasLimit = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			c.change(&w.gas)
			client := w.client()
			client.Paymaster = &sponsor{}
			p, err := account.Prepare(t.Context(), client, o.acct, o.auth, []account.Call{{To: friend}})
			e, ok := errors.AsType[*account.BadEstimateError](err)
			if !ok || p != nil || !errors.Is(err, account.ErrBadEstimate) || e.Limit != c.limit || e.Hint() == "" || e.Error() == "" {
				t.Errorf("got %v, %v", p, err)
			}
		})
	}
}

// Callers may set what a bundler may not: a relayer works for nothing.
func TestGasByTheCallerMayBeZero(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	o.prepare(t, w, account.WithGas(account.GasEstimate{CallGasLimit: big.NewInt(1), VerificationGasLimit: big.NewInt(1), PreVerificationGas: new(big.Int)}))
}

func TestGasThatNoTransactionHasIsWarnedOf(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.gas.CallGasLimit, w.balance = big.NewInt(1<<24+1), ether(100)
	p := o.prepare(t, w)
	if !slices.ContainsFunc(p.Summary().Warnings, func(w string) bool { return strings.Contains(w, "16777217 gas is for the calls") }) {
		t.Errorf("warnings: %q", p.Summary().Warnings)
	}
}

// scripted is a paymaster that says what a test wants.
type scripted struct{ stub, data account.Sponsorship }

func (s *scripted) Stub(context.Context, *userop.Op, userop.EntryPoint, *big.Int) (account.Sponsorship, error) {
	return s.stub, nil
}

func (s *scripted) Data(context.Context, *userop.Op, userop.EntryPoint, *big.Int) (account.Sponsorship, error) {
	return s.data, nil
}

func TestPaymastersThatContradictThemselvesAreRefused(t *testing.T) {
	stub := account.Sponsorship{Paymaster: paymaster, Data: make([]byte, 100), VerificationGasLimit: big.NewInt(50_000), PostOpGasLimit: big.NewInt(9)}
	for name, c := range map[string]struct {
		field  string // "" for a good answer
		change func(s *account.Sponsorship)
	}{
		"the same":                        {"", func(s *account.Sponsorship) {}},
		"limits repeated":                 {"", func(s *account.Sponsorship) { s.PostOpGasLimit = big.NewInt(9) }},
		"limits left out":                 {"", func(s *account.Sponsorship) { s.VerificationGasLimit, s.PostOpGasLimit = nil, nil }},
		"shorter data":                    {"", func(s *account.Sponsorship) { s.Data = s.Data[:1] }},
		"another address":                 {"paymaster", func(s *account.Sponsorship) { s.Paymaster = friend }},
		"no address":                      {"paymaster", func(s *account.Sponsorship) { s.Paymaster = common.Address{} }},
		"more gas to verify":              {"paymasterVerificationGasLimit", func(s *account.Sponsorship) { s.VerificationGasLimit = big.NewInt(50_001) }},
		"less gas afterward":              {"paymasterPostOpGasLimit", func(s *account.Sponsorship) { s.PostOpGasLimit = new(big.Int) }},
		"2^256-1 gas":                     {"paymasterPostOpGasLimit", func(s *account.Sponsorship) { s.PostOpGasLimit = max256 }},
		"data longer than the stub":       {"paymasterData", func(s *account.Sponsorship) { s.Data = make([]byte, 101) }},
		"a signature that the stub lacks": {"paymasterSignature", func(s *account.Sponsorship) { s.Signature = make([]byte, 65) }},
	} {
		t.Run(name, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			data := stub
			c.change(&data)
			client := w.client()
			client.Paymaster = &scripted{stub, data}
			p, err := account.Prepare(t.Context(), client, o.acct, o.auth, []account.Call{{To: friend}})
			if c.field == "" {
				if err != nil || p.Op().PaymasterPostOpGasLimit.Int64() != 9 {
					t.Errorf("got %v", err)
				}
				return
			}
			e, ok := errors.AsType[*account.PaymasterChangedError](err)
			if !ok || p != nil || e.Field != c.field || e.Hint() == "" || e.Was == e.Is {
				t.Errorf("got %v, %v", p, err)
			}
		})
	}
}

// A paymaster in the same process could keep what it gave away and change it
// when the operation is approved.
func TestWhatAPaymasterGaveCannotChangeAfterwards(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	s := &scripted{stub: account.Sponsorship{Paymaster: paymaster, Data: []byte("stub"), VerificationGasLimit: big.NewInt(70_000), PostOpGasLimit: big.NewInt(9), Final: true}}
	client := w.client()
	client.Paymaster = s
	p, err := account.Prepare(t.Context(), client, o.acct, o.auth, []account.Call{{To: friend}})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := p.Finish(o.approve(t, p.Challenge()))
	if err != nil {
		t.Fatal(err)
	}
	s.stub.Data[0]++
	s.stub.VerificationGasLimit.SetInt64(1)
	s.stub.PostOpGasLimit.SetInt64(1)
	for _, n := range []*big.Int{w.gas.CallGasLimit, w.gas.VerificationGasLimit, w.gas.PreVerificationGas, w.nonce} {
		n.SetInt64(77)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, _ := userop.V08.MarshalOp(sealed)
	if got, err := userop.V08.MarshalOp(w.sent[0]); err != nil || string(got) != string(want) {
		t.Errorf("sent\n%s\napproved\n%s", got, want)
	}
}

// EntryPoint 0.9 keeps the paymaster's signature out of the operation's hash.
func TestAPaymastersSignatureStandsBesideTheHash(t *testing.T) {
	a := newKeyAccount(t, userop.V09)
	w := keyWorld(a)
	w.codes[a.Address()] = delegationTo(a.delegate)
	stub := account.Sponsorship{Paymaster: paymaster, Data: []byte("terms"), Signature: make([]byte, 65)}
	hashes := map[common.Hash]bool{}
	for _, fill := range []byte{1, 2} {
		final := stub
		final.Signature = []byte(strings.Repeat(string(fill), 65))
		client := w.client()
		client.Paymaster = &scripted{stub, final}
		p, err := account.Prepare(t.Context(), client, a, a, anything)
		if err != nil {
			t.Fatal(err)
		}
		if op := p.Op(); op.PaymasterSignature[64] != fill || w.estimated[0].PaymasterSignature == nil {
			t.Errorf("the signature is %x", op.PaymasterSignature)
		}
		hashes[p.Hash()] = true
	}
	if len(hashes) != 1 {
		t.Errorf("%d hashes", len(hashes))
	}
	client := w.client()
	client.Paymaster = &scripted{stub, account.Sponsorship{Paymaster: paymaster, Data: stub.Data}}
	if _, err := account.Prepare(t.Context(), client, a, a, anything); !errors.As(err, new(*account.PaymasterChangedError)) {
		t.Errorf("a signature that is gone, which the hash covers: %v", err)
	}
}

func TestWaitRefusesTheReceiptOfAnotherOperation(t *testing.T) {
	for field, change := range map[string]func(*account.Receipt){
		"sender":        func(r *account.Receipt) { r.Sender = friend },
		"nonce":         func(r *account.Receipt) { r.Nonce = big.NewInt(7) },
		"entryPoint":    func(r *account.Receipt) { r.EntryPoint = userop.V07.Address() },
		"actualGasCost": func(r *account.Receipt) { r.ActualGasCost = max256 },
	} {
		synctest.Test(t, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			p := o.sealed(t, w)
			if _, err := p.Send(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.include(p)
			change(w.receipts[p.Hash()])
			r, err := p.Wait(t.Context())
			if e, ok := errors.AsType[*account.ReceiptError](err); !ok || r != nil || e.Field != field || e.Hash != p.Hash() || e.Hint() == "" || e.Want == e.Claimed {
				t.Errorf("%s: %v, %v", field, r, err)
			}
			if _, err := p.Send(t.Context()); err != nil || len(w.sent) != 2 {
				t.Errorf("%s: the receipt counts as sent: %v", field, err)
			}
		})
	}
}
