package account_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
)

// TestGasIsPaidInATokenByAnAddressWithoutAWei has an ordinary key's address become
// an account, approve its paymaster and pay in the token, all in its first
// operation; the second brings the allowance back to exactly what it needs.
func TestGasIsPaidInATokenByAnAddressWithoutAWei(t *testing.T) {
	net := startNet(t)
	c := throughServers(t, net)
	token := net.Info().Token
	pm, err := bundler.NewTokenPaymaster(net.URL(), bundler.Options{}, token)
	if err != nil {
		t.Fatal(err)
	}
	c.Paymaster = pm
	for _, ep := range delegating {
		t.Run(ep.Version(), func(t *testing.T) {
			e := newEOA(t, net, ep, 0)
			held := ether(1_000_000)
			if err := net.MintToken(t.Context(), e.acct.Address(), held); err != nil {
				t.Fatal(err)
			}
			for round := range 2 {
				p := e.prepared(t, c, []account.Call{{To: friend, Data: []byte{1}}})
				charge, spender := p.TokenCharge(), *p.Op().Paymaster
				if r := sendAndWait(t, p); !r.Success {
					t.Fatalf("round %d: %+v", round, r)
				}
				left := tokenUnits(t, c, token, 0x70a08231, e.acct.Address())
				allowed := tokenUnits(t, c, token, 0xdd62ed3e, e.acct.Address(), spender)
				paid := new(big.Int).Sub(held, left)
				t.Logf("round %d: paid %s of at most %s", round, paid, charge.Max)
				if sum := new(big.Int).Add(paid, allowed); paid.Sign() <= 0 || sum.Cmp(charge.Max) != 0 {
					t.Errorf("round %d: paid %s, still allowed %s, at most %s", round, paid, allowed, charge.Max)
				}
				held = left
			}
		})
	}
}

// tokenUnits is what a function of addresses says.
func tokenUnits(t *testing.T, c account.Client, token common.Address, selector uint32, args ...common.Address) *big.Int {
	t.Helper()
	data := big.NewInt(int64(selector)).Bytes()
	for _, a := range args {
		data = append(data, common.LeftPadBytes(a[:], 32)...)
	}
	out, err := c.Chain.Call(t.Context(), token, data)
	if err != nil || len(out) != 32 {
		t.Fatal(errors.Join(err, errors.New("no amount")))
	}
	return new(big.Int).SetBytes(out)
}
