package account_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

var anything = []account.Call{{To: friend, Value: big.NewInt(1)}}

// authorized asks for and makes a's authorization.
func authorized(t *testing.T, w *world, a keyAccount) *userop.Authorization {
	t.Helper()
	r, err := account.RequestAuthorization(t.Context(), w.client(), a)
	if err != nil || r == nil {
		t.Fatalf("%v, %v", r, err)
	}
	auth, err := r.Finish(a.sign(t, r.Digest))
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

func TestAnAddressBecomesAnAccountByItsFirstOperation(t *testing.T) {
	for _, ep := range userop.EntryPoints() {
		t.Run(ep.Version(), func(t *testing.T) {
			a := newKeyAccount(t, ep)
			w := keyWorld(a)
			w.count = 5
			auth := authorized(t, w, a)
			theirs, err := types.SignSetCode(a.key, types.SetCodeAuthorization{ChainID: *uint256.NewInt(31337), Address: delegate, Nonce: 5})
			if err != nil || theirs.R.ToBig().Cmp(auth.R) != 0 || theirs.S.ToBig().Cmp(auth.S) != 0 || theirs.V != auth.YParity {
				t.Errorf("go-ethereum signs %+v, %v, not %+v", theirs, err, auth)
			}

			p, err := account.Prepare(t.Context(), w.client(), a, a, anything, account.WithAuthorization(auth))
			if err != nil {
				t.Fatal(err)
			}
			op := p.Op()
			if marked := ep == userop.V08 || ep == userop.V09; op.IsEIP7702() != marked || !marked && op.Factory != nil {
				t.Errorf("the factory is %v", op.Factory)
			}
			if w.estimated[0].Authorization == nil {
				t.Error("gas was estimated without the authorization")
			}
			if s := p.Summary(); s.Deploys || s.Delegates == nil || *s.Delegates != delegate || !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, delegate.Hex()) }) {
				t.Errorf("the summary says %+v", s)
			}
			if _, err := p.Finish(account.Approval{ECDSA: a.sign(t, p.Challenge().Digest)}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Send(t.Context()); err != nil {
				t.Fatal(err)
			}
			if sent := w.sent[0]; sent.Authorization == nil || sent.Validate(ep, big.NewInt(31337)) != nil {
				t.Errorf("sent %+v: %v", sent, sent.Validate(ep, big.NewInt(31337)))
			}
			saved, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			q, err := account.Resume(saved, w.client(), a, a)
			if err != nil || q.Hash() != p.Hash() || q.Summary().String() != p.Summary().String() || q.Op().Authorization == nil {
				t.Errorf("resumed: %v", err)
			}
		})
	}
}

func TestAnAddressThatRunsTheCodeNeedsNoAuthorization(t *testing.T) {
	a := newKeyAccount(t, userop.V08)
	w := keyWorld(a)
	auth := authorized(t, w, a)
	w.codes[a.Address()] = delegationTo(delegate)
	if r, err := account.RequestAuthorization(t.Context(), w.client(), a); r != nil || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	for _, opts := range [][]account.Option{nil, {account.WithAuthorization(auth)}} {
		p, err := account.Prepare(t.Context(), w.client(), a, a, anything, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if op := p.Op(); op.Factory != nil || op.Authorization != nil {
			t.Errorf("%+v", op)
		}
	}
}

func TestDelegationsThatCannotBe(t *testing.T) {
	other := common.HexToAddress("0x0000000000000000000000000000000000000bad")
	for name, c := range map[string]struct {
		break_ func(*world, keyAccount)
		cause  error
		found  common.Address
	}{
		"other delegated code":   {func(w *world, a keyAccount) { w.codes[a.Address()] = delegationTo(other) }, account.ErrOtherCode, other},
		"a contract":             {func(w *world, a keyAccount) { w.codes[a.Address()] = []byte{0xfe} }, account.ErrOtherCode, common.Address{}},
		"nothing to run":         {func(w *world, a keyAccount) { delete(w.code, delegate) }, account.ErrNoDelegateCode, common.Address{}},
		"delegated to emptiness": {func(w *world, a keyAccount) { delete(w.code, delegate); w.codes[a.Address()] = delegationTo(delegate) }, account.ErrNoDelegateCode, common.Address{}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newKeyAccount(t, userop.V08)
			w := keyWorld(a)
			auth := authorized(t, w, a)
			c.break_(w, a)
			_, asked := account.RequestAuthorization(t.Context(), w.client(), a)
			_, prepared := account.Prepare(t.Context(), w.client(), a, a, anything, account.WithAuthorization(auth))
			for _, err := range []error{asked, prepared} {
				e, ok := errors.AsType[*account.DelegationError](err)
				if !ok || !errors.Is(err, c.cause) || e.Current != c.found || e.Hint() == "" || e.Error() == "" {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestPrepareRefusesAuthorizationsThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, w *world, a keyAccount, auth *userop.Authorization) account.Account
		cause  error
	}{
		"none": {nil, account.ErrNotAuthorized},
		"for every chain": {func(t *testing.T, w *world, a keyAccount, x *userop.Authorization) account.Account {
			x.ChainID = new(big.Int)
			return resigned(t, a, x)
		}, account.ErrAnyChain},
		"for another chain": {func(t *testing.T, w *world, a keyAccount, x *userop.Authorization) account.Account {
			x.ChainID = big.NewInt(1)
			return resigned(t, a, x)
		}, account.ErrAuthorization},
		"for another contract": {func(t *testing.T, w *world, a keyAccount, x *userop.Authorization) account.Account {
			x.Address = friend
			return resigned(t, a, x)
		}, account.ErrAuthorization},
		"by another key": {func(t *testing.T, w *world, a keyAccount, x *userop.Authorization) account.Account {
			resigned(t, newKeyAccount(t, a.ep), x)
			return a
		}, account.ErrAuthorization},
		"with a high s": {func(t *testing.T, w *world, a keyAccount, x *userop.Authorization) account.Account {
			x.S = new(big.Int).Sub(crypto.S256().Params().N, x.S)
			x.YParity ^= 1
			return a
		}, account.ErrAuthorization},
		"of an old nonce": {func(t *testing.T, w *world, a keyAccount, x *userop.Authorization) account.Account {
			w.count++
			return a
		}, account.ErrStaleNonce},
		"of a factory's account": {func(t *testing.T, w *world, a keyAccount, x *userop.Authorization) account.Account {
			return newOwner(t).acct
		}, account.ErrNotDelegated},
	} {
		t.Run(name, func(t *testing.T) {
			a := newKeyAccount(t, userop.V08)
			w := keyWorld(a)
			var acct account.Account = a
			var opts []account.Option
			if c.change != nil {
				x := authorized(t, w, a)
				acct = c.change(t, w, a, x)
				opts = append(opts, account.WithAuthorization(x))
			}
			_, err := account.Prepare(t.Context(), w.client(), acct, a, anything, opts...)
			e, ok := errors.AsType[*account.DelegationError](err)
			if !ok || !errors.Is(err, c.cause) || e.Hint() == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}

// resigned signs x as it stands.
func resigned(t *testing.T, a keyAccount, x *userop.Authorization) account.Account {
	t.Helper()
	hash, err := x.SigHash()
	if err != nil {
		t.Fatal(err)
	}
	sig := a.sign(t, hash)
	x.R, x.S, x.YParity = new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:64]), sig[64]
	return a
}

func TestFinishOfAnAuthorizationRefusesWhatDoesNotFit(t *testing.T) {
	a := newKeyAccount(t, userop.V07)
	w := keyWorld(a)
	request := func() *account.AuthorizationRequest {
		r, err := account.RequestAuthorization(t.Context(), w.client(), a)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	good := a.sign(t, request().Digest)
	high := append([]byte(nil), good...)
	new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(good[32:64])).FillBytes(high[32:64])
	high[64] ^= 1
	for name, c := range map[string]struct {
		sig    []byte
		change func(*account.AuthorizationRequest)
		cause  error
	}{
		"another key":          {newKeyAccount(t, a.ep).sign(t, request().Digest), nil, account.ErrWrongSigner},
		"a high s":             {high, nil, account.ErrBadECDSA},
		"cut":                  {good[:64], nil, account.ErrBadECDSA},
		"nothing":              {nil, nil, account.ErrBadECDSA},
		"another nonce":        {good, func(r *account.AuthorizationRequest) { r.Nonce++ }, account.ErrBadChallenge},
		"another delegate":     {good, func(r *account.AuthorizationRequest) { r.Delegate = friend }, account.ErrBadChallenge},
		"another digest":       {good, func(r *account.AuthorizationRequest) { r.Digest[0] ^= 1 }, account.ErrBadChallenge},
		"every chain":          {good, func(r *account.AuthorizationRequest) { r.ChainID = new(big.Int) }, account.ErrAnyChain},
		"no chain":             {good, func(r *account.AuthorizationRequest) { r.ChainID = nil }, account.ErrAnyChain},
		"a signature for more": {a.sign(t, crypto.Keccak256Hash([]byte("something else"))), nil, account.ErrWrongSigner},
	} {
		r := request()
		if c.change != nil {
			c.change(r)
		}
		if x, err := r.Finish(c.sig); !errors.Is(err, c.cause) || x != nil {
			t.Errorf("%s: %v, %v", name, x, err)
		} else if h, ok := errors.AsType[account.Hinter](err); !ok || h.Hint() == "" {
			t.Errorf("%s: no hint: %v", name, err)
		}
	}
	v27 := append([]byte(nil), good...)
	v27[64] += 27
	for _, sig := range [][]byte{good, v27} {
		x, err := request().Finish(sig)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := x.Authority(); err != nil || who != a.Address() || x.YParity > 1 {
			t.Errorf("%v, %v", who, err)
		}
	}
}

func TestResumeRefusesAnotherAuthorization(t *testing.T) {
	a := newKeyAccount(t, userop.V07) // whose hash leaves the authorization out
	w := keyWorld(a)
	p, err := account.Prepare(t.Context(), w.client(), a, a, anything, account.WithAuthorization(authorized(t, w, a)))
	if err != nil {
		t.Fatal(err)
	}
	saved, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, field := range map[string][2]string{
		"delegate": {"address", friend.Hex()}, "chain": {"chainId", "0x1"}, "every chain": {"chainId", "0x0"}, "nonce": {"nonce", "0x9"},
	} {
		var m map[string]any
		if err := json.Unmarshal(saved, &m); err != nil {
			t.Fatal(err)
		}
		m["op"].(map[string]any)["eip7702Auth"].(map[string]any)[field[0]] = field[1]
		changed, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := account.Resume(changed, w.client(), a, a); !errors.Is(err, account.ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
