package account_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

func fees(max int64) *account.Fees {
	return &account.Fees{MaxFeePerGas: big.NewInt(max), MaxPriorityFeePerGas: big.NewInt(1)}
}

func TestABundlersFeesAreComparedWithTheChains(t *testing.T) {
	fixed, limit := account.WithFees(*fees(301e9)), account.WithFeeLimit(ether(1))
	cases := map[string]struct {
		suggest, chain int64
		opts           []account.Option
		warned         bool
		refused        bool
	}{
		"as the chain":                  {suggest: 3e9, chain: 3e9},
		"3 times":                       {suggest: 9e9, chain: 3e9},
		"above 3 times":                 {suggest: 9e9 + 1, chain: 3e9, warned: true},
		"100 times":                     {suggest: 300e9, chain: 3e9, warned: true},
		"above 100 times":               {suggest: 300e9 + 1, chain: 3e9, refused: true},
		"above 100 times but 1 gwei":    {suggest: 1e9, chain: 1e6, warned: true},
		"above 100 times, above 1 gwei": {suggest: 1e9 + 1, chain: 1e6, refused: true},
		"the chain asks nothing":        {suggest: 1e9 + 1, chain: 0, refused: true},
		"neither asks anything":         {suggest: 1, chain: 1},
		"with a limit":                  {suggest: 300e9 + 1, chain: 3e9, opts: []account.Option{limit}, warned: true},
		"with fees":                     {suggest: 300e9 + 1, chain: 3e9, opts: []account.Option{fixed}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			w.balance, w.suggest, w.chainFees = ether(10), fees(c.suggest), fees(c.chain)
			p, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{{To: friend}}, c.opts...)
			if c.refused {
				e, ok := errors.AsType[*account.HighFeeError](err)
				if !ok || e.Suggested.Int64() != c.suggest || e.Chain.Int64() != c.chain || !strings.Contains(e.Hint(), "WithFeeLimit") {
					t.Fatalf("got %v", err)
				}
				if len(w.estimated) != 0 {
					t.Error("gas was estimated at fees that are refused")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantWarning(t, p, o, w, c.warned, "times the chain's")
		})
	}
}

func TestFeesThatCannotBeComparedAreTaken(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.suggest, w.noFees = fees(9e9), errors.New("no such method")
	if p := o.prepare(t, w); p.Op().MaxFeePerGas.Int64() != 9e9 {
		t.Errorf("pays %s", p.Op().MaxFeePerGas)
	} else {
		wantWarning(t, p, o, w, false, "times the chain's")
	}
	w.suggest = nil
	if _, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{{To: friend}}); !errors.Is(err, w.noFees) {
		t.Errorf("nobody names a fee: %v", err)
	}
}

func TestPreVerificationGasIsComparedWithTheUsual(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	// The figure depends on the bytes of the limit itself: both sides have the same.
	op := o.prepare(t, w).Op()
	op.Signature, op.PreVerificationGas = o.auth.Stub(), big.NewInt(0x2ffff)
	own := userop.PreVerificationGas(op, userop.V08)
	for _, above := range []int64{0, 1} {
		w.gas.PreVerificationGas = new(big.Int).Add(new(big.Int).Mul(own, big.NewInt(3)), big.NewInt(above))
		p := o.prepare(t, w)
		op := p.Op()
		op.Signature = o.auth.Stub()
		if got := userop.PreVerificationGas(op, userop.V08); got.Cmp(own) != 0 {
			t.Fatalf("the usual is %s, counted with %s", got, own)
		}
		wantWarning(t, p, o, w, above > 0, "is for the bundler")
	}
}

func TestAFeeAboveTheValueIsToldAbout(t *testing.T) {
	for value, warned := range map[int64]bool{0: false, 1: true, 510_000*3e9 - 1: true, 510_000 * 3e9: false} {
		w, o := newWorld(), newOwner(t)
		p, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(value)}})
		if err != nil {
			t.Fatal(err)
		}
		wantWarning(t, p, o, w, warned, "is more than the")
	}
	w, o := newWorld(), newOwner(t)
	c := w.client()
	c.Paymaster = &sponsor{}
	p, err := account.Prepare(t.Context(), c, o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(1)}})
	if err != nil {
		t.Fatal(err)
	}
	wantWarning(t, p, o, w, false, "is more than the") // somebody else pays
}

// wantWarning looks for a warning in the summary, also after a restart.
func wantWarning(t *testing.T, p *account.Prepared, o *owner, w *world, want bool, text string) {
	t.Helper()
	before := p.Summary()
	if got := strings.Contains(strings.Join(before.Warnings, "\n"), text); got != want {
		t.Errorf("warned %q, want %q: %t", before.Warnings, text, want)
	}
	saved, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	q, err := account.Resume(saved, w.client(), o.acct, o.auth)
	if err != nil {
		t.Fatal(err)
	}
	if after := q.Summary(); after.String() != before.String() {
		t.Errorf("after a restart:\n%s\nwant\n%s", after, before)
	}
}

func TestResumeTakesNumbersForWarningsOnly(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.suggest = fees(9e9 + 1)
	saved, err := json.Marshal(o.prepare(t, w))
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{
		`"chainFee":"0xb2d05e00"`: true, `"chainFee":null`: true, `"chainFee":"0x0"`: true, `"chainFee":"-0x1"`: false,
		`"chainFee":"0x1` + strings.Repeat("0", 30) + `"`: false, `"chainFee":"free of charge"`: false, `"warnings":["all is well"]`: false,
	} {
		data := strings.Replace(string(saved), `"chainFee":"0xb2d05e00"`, text, 1)
		if data == string(saved) != (text == `"chainFee":"0xb2d05e00"`) {
			t.Fatalf("%s is not in %s", text, saved)
		}
		if _, err := account.Resume([]byte(data), w.client(), o.acct, o.auth); (err == nil) != ok || err != nil && !errors.Is(err, account.ErrSaved) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
