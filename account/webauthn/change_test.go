package webauthn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

func TestChangesThatWouldLockTheAccountAreRefused(t *testing.T) {
	a, b, c := addressSigner(t, 1), addressSigner(t, 2), addressSigner(t, 3)
	d := deployment(t, userop.V08)
	two := must[*webauthn.Account](t)(webauthn.New(d, webauthn.Members(a, b), 2, [32]byte{}))
	one := must[*webauthn.Account](t)(webauthn.New(d, webauthn.Members(a), 1, [32]byte{}))
	self := must[webauthn.Signer](t)(webauthn.Address(one.Address()))
	unreachable := is(func(e *webauthn.ThresholdError) bool { return true })
	of := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	cases := map[string]struct {
		acct   *webauthn.Account
		change webauthn.Change
		want   func(error) bool
	}{
		"the last signer":            {one, webauthn.Change{Remove: []webauthn.Signer{a}}, of(webauthn.ErrLastSigner)},
		"one of two that both count": {two, webauthn.Change{Remove: []webauthn.Signer{a}}, unreachable},
		"both":                       {two, webauthn.Change{Remove: []webauthn.Signer{a, b}}, of(webauthn.ErrLastSigner)},
		"a threshold out of reach":   {two, webauthn.Change{Threshold: 3}, unreachable},
		"a stranger removed":         {two, webauthn.Change{Remove: []webauthn.Signer{c}}, of(webauthn.ErrNotMember)},
		"one removed twice":          {two, webauthn.Change{Remove: []webauthn.Signer{a, a}, Threshold: 1}, of(webauthn.ErrNotMember)},
		"a stranger reweighed":       {two, webauthn.Change{Reweigh: webauthn.Members(c)}, of(webauthn.ErrNotMember)},
		"a signer added again":       {two, webauthn.Change{Add: webauthn.Members(a)}, of(webauthn.ErrMember)},
		"added twice":                {two, webauthn.Change{Add: webauthn.Members(c, c)}, of(webauthn.ErrMember)},
		"weight 0":                   {two, webauthn.Change{Reweigh: []webauthn.Member{{Signer: a}}}, of(webauthn.ErrWeight)},
		"the account as its signer":  {one, webauthn.Change{Add: webauthn.Members(self)}, of(webauthn.ErrSelf)},
		"an empty signer":            {one, webauthn.Change{Add: webauthn.Members(webauthn.Signer{})}, of(webauthn.ErrNoSigner)},
		"nothing":                    {one, webauthn.Change{}, of(webauthn.ErrNoChange)},
		"the threshold it has":       {two, webauthn.Change{Threshold: 2}, of(webauthn.ErrNoChange)},
	}
	for name, x := range cases {
		if calls, after, err := x.acct.Change(x.change); err == nil || !x.want(err) || calls != nil || after != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := two.SetThreshold(0); !unreachable(err) {
		t.Errorf("threshold 0: %v", err)
	}
	for _, to := range []common.Address{{}, one.Address()} {
		if _, err := one.Upgrade(to, nil); !errors.Is(err, webauthn.ErrUpgrade) {
			t.Errorf("upgrade to %s: %v", to, err)
		}
	}
}

func TestAChangeIsOneBatchInALegalOrder(t *testing.T) {
	a, b, c := addressSigner(t, 1), addressSigner(t, 2), addressSigner(t, 3)
	acct := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V08), webauthn.Members(a, b), 2, [32]byte{}))
	names := func(calls []account.Call) string {
		var out []string
		for _, call := range calls {
			if call.To != acct.Address() || call.Value != nil {
				t.Errorf("%+v is no call to itself", call)
			}
			m, err := contracts.AccountABI.MethodById(call.Data)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, m.Name)
		}
		return strings.Join(out, " ")
	}
	calls, after, err := acct.Change(webauthn.Change{Add: []webauthn.Member{{Signer: c, Weight: 2}}, Remove: []webauthn.Signer{a}, Reweigh: []webauthn.Member{{Signer: b, Weight: 3}}, Threshold: 5})
	if err != nil || names(calls) != "addSigners setSignerWeights removeSigners setThreshold" {
		t.Errorf("up: %s, %v", names(calls), err)
	}
	if after.Address() != acct.Address() || after.Threshold() != 5 || after.Weight(a) != 0 || after.Weight(b) != 3 || after.Weight(c) != 2 {
		t.Errorf("after: %+v", after.Members())
	}
	if acct.Weight(a) != 1 || acct.Threshold() != 2 || len(acct.Members()) != 2 {
		t.Error("the account itself changed")
	}
	calls, _, err = acct.Change(webauthn.Change{Remove: []webauthn.Signer{a}, Threshold: 1})
	if err != nil || names(calls) != "setThreshold removeSigners" {
		t.Errorf("down: %s, %v", names(calls), err)
	}
}

func TestChangesInWords(t *testing.T) {
	d := newDevice(t, "words")
	a, p := addressSigner(t, 1), d.signer(t, webauthn.FirstRule)
	acct := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V08), webauthn.Members(a), 1, [32]byte{}))
	both := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V08), webauthn.Members(a, p), 1, [32]byte{}))
	of := func(c account.Call, err error) account.Call { return must[account.Call](t)(c, err) }
	x := d.key.X()
	name := webauthn.Name(p)
	if !strings.Contains(name, common.Bytes2Hex(x[:4])) || !strings.Contains(name, "user verification required") {
		t.Errorf("the passkey is called %q", name)
	}
	for want, c := range map[string]struct {
		acct *webauthn.Account
		call account.Call
	}{
		"let " + name + " sign for this account":                                                                        {acct, of(acct.AddSigners(webauthn.Members(p)...))},
		"let " + name + " with weight 2 sign for this account":                                                          {acct, of(acct.AddSigners(webauthn.Member{Signer: p, Weight: 2}))},
		"no longer let " + name + " sign for this account":                                                              {both, of(both.RemoveSigners(p))},
		"change the weight of " + name + " to 4":                                                                        {both, of(both.SetWeights(webauthn.Member{Signer: p, Weight: 4}))},
		"require approvals of weight 2 together":                                                                        {both, of(both.SetThreshold(2))},
		"find out whether this chain verifies passkeys natively":                                                        {both, of(both.ProbePrecompile())},
		"replace the code of this account by 0x0900000000000000000000000000000000000000, whose author then controls it": {both, of(both.Upgrade(common.Address{9}, nil))},
	} {
		if got, ok := c.acct.DescribeCall(c.call); !ok || got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, c := range []account.Call{{To: acct.Address()}, {To: acct.Address(), Data: []byte{1, 2, 3, 4}}, {To: common.Address{1}, Data: []byte{1, 2, 3, 4}}} {
		if words, ok := acct.DescribeCall(c); ok {
			t.Errorf("%+v is %q", c, words)
		}
	}
}
