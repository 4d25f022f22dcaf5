package account_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

var library = common.HexToAddress("0x11b")

// pretender asks to pretend something, on chains without P256VERIFY another
// thing, and knows what the estimate is too high by otherwise.
type pretender struct{ account.Authority }

func (pretender) Overrides(p256 bool) account.Overrides {
	if p256 {
		return account.Overrides{library: {Code: []byte{1}}}
	}
	return account.Overrides{library: {Code: []byte{2}}}
}

func (pretender) StubExcess(p256 bool) uint64 {
	if p256 {
		return 210_000
	}
	return 0
}

// plain has nothing to pretend.
type plain struct{ account.Authority }

func (plain) Overrides(bool) account.Overrides { return nil }

// pretending is a bundler that takes overrides.
type pretending struct {
	*worldBundler
	asked []account.Overrides
	err   error
}

func (p *pretending) EstimateGasWith(_ context.Context, _ *userop.Op, _ userop.EntryPoint, o account.Overrides) (account.GasEstimate, error) {
	p.asked = append(p.asked, o)
	g := p.gas
	g.VerificationGasLimit = big.NewInt(99_000)
	return g, p.err
}

func TestEstimationPretendsWhatTheAuthorityAsksFor(t *testing.T) {
	revert := errors.New("execution reverted")
	for name, c := range map[string]struct {
		p256   bool
		noP256 error
		plain  bool  // the authority has nothing to pretend
		none   bool  // the bundler has no such ability
		err    error // of EstimateGasWith
		gas    bool  // the caller sets the gas

		want    account.Estimate
		code    byte // that was pretended
		failure error
	}{
		"with P256VERIFY":                  {p256: true, want: account.Estimate{Source: account.EstimateOverridden}, code: 1},
		"without P256VERIFY":               {want: account.Estimate{Source: account.EstimateOverridden}, code: 2},
		"nothing to pretend":               {plain: true, want: account.Estimate{Source: account.EstimatePlain}},
		"a bundler without the ability":    {p256: true, none: true, want: account.Estimate{Source: account.EstimatePlain, Excess: 210_000}},
		"the same without P256VERIFY":      {none: true, want: account.Estimate{Source: account.EstimatePlain}},
		"a bundler that refuses overrides": {p256: true, err: fmt.Errorf("refused: %w", account.ErrNoOverrides), want: account.Estimate{Source: account.EstimatePlain, Excess: 210_000}, code: 1},
		"an operation that fails":          {p256: true, err: revert, code: 1, failure: revert},
		"a chain that is down":             {noP256: context.DeadlineExceeded, failure: context.DeadlineExceeded},
		"gas by the caller":                {p256: true, gas: true, noP256: context.DeadlineExceeded, want: account.Estimate{Source: account.EstimateGiven}},
	} {
		t.Run(name, func(t *testing.T) {
			w, o := newWorld(), newOwner(t)
			w.p256, w.noP256 = c.p256, c.noP256
			client := w.client()
			b := &pretending{worldBundler: (*worldBundler)(w), err: c.err}
			if !c.none {
				client.Bundler = b
			}
			var auth account.Authority = pretender{o.auth}
			if c.plain {
				auth = plain{o.auth}
			}
			var opts []account.Option
			if c.gas {
				opts = append(opts, account.WithGas(w.gas))
			}
			p, err := account.Prepare(t.Context(), client, o.acct, auth, []account.Call{{To: friend}}, opts...)
			if c.failure != nil {
				if !errors.Is(err, c.failure) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.Estimate() != c.want {
				t.Errorf("the estimate is %+v, want %+v", p.Estimate(), c.want)
			}
			if overridden := p.Op().VerificationGasLimit.Int64() == 99_000; overridden != (c.want.Source == account.EstimateOverridden) {
				t.Errorf("the limit is %s", p.Op().VerificationGasLimit)
			}
			if c.code == 0 != (len(b.asked) == 0) || c.code != 0 && b.asked[0][library].Code[0] != c.code {
				t.Errorf("pretended %v, want code %d", b.asked, c.code)
			}
			warned := slices.ContainsFunc(p.Summary().Warnings, func(w string) bool { return strings.Contains(w, "210000") })
			if warned != (c.want.Excess > 0) {
				t.Errorf("warnings: %q", p.Summary().Warnings)
			}
		})
	}
}

func TestEstimateSourcesAreReadAsWritten(t *testing.T) {
	for _, s := range []account.EstimateSource{account.EstimateGiven, account.EstimatePlain, account.EstimateOverridden} {
		b, err := s.MarshalText()
		var back account.EstimateSource
		if err != nil || back.UnmarshalText(b) != nil || back != s {
			t.Errorf("%s: %q, %v, %s", s, b, err, back)
		}
	}
	if err := new(account.EstimateSource).UnmarshalText([]byte("a guess")); err == nil {
		t.Error("an unknown source is read")
	}
	if s := account.EstimateSource(9).String(); s != "unknown" {
		t.Error(s)
	}
}

// short has a stub that costs too little.
type short struct{ account.Authority }

func (short) StubShortfall() uint64 { return 17_000 }

func TestWhatAStubCostsTooLittleIsAdded(t *testing.T) {
	for name, given := range map[string]bool{"the bundler's limits": false, "the caller's limits": true} {
		w, o := newWorld(), newOwner(t)
		want := w.gas.VerificationGasLimit.Int64()
		var opts []account.Option
		if given {
			opts = append(opts, account.WithGas(w.gas))
		} else {
			want += 17_000
		}
		p, err := account.Prepare(t.Context(), w.client(), o.acct, short{o.auth}, []account.Call{{To: friend}}, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Op().VerificationGasLimit.Int64(); got != want || w.gas.VerificationGasLimit.Int64() > want {
			t.Errorf("%s: verificationGasLimit %d, want %d", name, got, want)
		}
	}
}
