package webauthn_test

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func deployment(t *testing.T, ep userop.EntryPoint) contracts.Deployment {
	t.Helper()
	return must[contracts.Deployment](t)(contracts.ForEntryPoint(ep))
}

func addressSigner(t *testing.T, n byte) webauthn.Signer {
	t.Helper()
	return must[webauthn.Signer](t)(webauthn.Address(common.Address{1, n}))
}

func TestNewRefusesAccountsThatNobodyOrAnybodyCanUse(t *testing.T) {
	d := deployment(t, userop.V08)
	a, b := addressSigner(t, 1), addressSigner(t, 2)
	threshold := func(e *webauthn.ThresholdError) bool { return e.Hint() != "" }
	cases := map[string]struct {
		members   []webauthn.Member
		threshold uint64
		want      func(error) bool
	}{
		"no signers":       {nil, 1, func(err error) bool { return errors.Is(err, webauthn.ErrNoMembers) }},
		"threshold 0":      {webauthn.Members(a), 0, is(threshold)},
		"threshold beyond": {webauthn.Members(a, b), 3, is(threshold)},
		"weight 0":         {[]webauthn.Member{{Signer: a}}, 1, func(err error) bool { return errors.Is(err, webauthn.ErrWeight) }},
		"weights overflow": {[]webauthn.Member{{Signer: a, Weight: math.MaxUint64}, {Signer: b, Weight: 1}}, 1, func(err error) bool { return errors.Is(err, webauthn.ErrWeight) }},
		"twice":            {webauthn.Members(a, a), 1, func(err error) bool { return errors.Is(err, webauthn.ErrTwice) }},
		"empty signer":     {webauthn.Members(webauthn.Signer{}), 1, func(err error) bool { return errors.Is(err, webauthn.ErrNoSigner) }},
		"too many":         {make([]webauthn.Member, 257), 1, func(err error) bool { return errors.Is(err, webauthn.ErrTooMany) }},
	}
	for name, c := range cases {
		if acct, err := webauthn.New(d, c.members, c.threshold, [32]byte{}); err == nil || !c.want(err) {
			t.Errorf("%s: %v, %v", name, acct, err)
		}
	}
	if _, err := webauthn.New(contracts.Deployment{}, webauthn.Members(a), 1, [32]byte{}); err == nil {
		t.Error("an empty deployment is accepted")
	}
}

// The contract counts signers, and one device must not count twice.
func TestAKeySignsUnderOneRuleOnly(t *testing.T) {
	d := deployment(t, userop.V08)
	dev, other := newDevice(t, "one key"), newDevice(t, "another key")
	strict, lax := dev.signer(t, webauthn.FirstRule), dev.signer(t, 0)
	through := func(k seal.VerifierKey, err error) webauthn.Signer {
		return must[webauthn.Signer](t)(must[seal.VerifierKey](t)(k, err).Signer(contracts.P256Verifier))
	}
	raw := through(seal.NewVerifierKey(dev.key, seal.PathNone))
	tabled := through(seal.NewVerifierPasskey(dev.key, webauthn.FirstRule, 0x13))
	for name, members := range map[string][]webauthn.Member{
		"two rules":               webauthn.Members(strict, lax),
		"a rule and P256Verifier": webauthn.Members(strict, addressSigner(t, 1), raw),
		"P256Verifier twice":      webauthn.Members(raw, tabled),
	} {
		if _, err := webauthn.New(d, members, 2, [32]byte{}); !errors.Is(err, webauthn.ErrSameKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	acct := must[*webauthn.Account](t)(webauthn.New(d, webauthn.Members(strict, addressSigner(t, 1)), 1, [32]byte{}))
	for name, s := range map[string]webauthn.Signer{"another rule": lax, "P256Verifier": raw, "P256Verifier with a table": tabled} {
		if _, err := acct.AddSigners(webauthn.Members(s)...); !errors.Is(err, webauthn.ErrSameKey) {
			t.Errorf("%s beside it: %v", name, err)
		}
		if _, _, err := acct.Rotate(strict, s); err != nil {
			t.Errorf("%s in its place: %v", name, err)
		}
	}
	if _, err := acct.AddSigners(webauthn.Members(other.signer(t, 0), through(seal.NewVerifierKey(newDevice(t, "third").key, seal.PathNone)))...); err != nil {
		t.Errorf("other keys: %v", err)
	}
}

// Who could never approve would only put the threshold out of reach.
func TestASignerOfTheVerifierHasAKeyThatItTakes(t *testing.T) {
	dev := newDevice(t, "key")
	good := must[seal.VerifierKey](t)(seal.NewVerifierPasskey(dev.key, webauthn.FirstRule, seal.PathNone)).Bytes()
	for name, key := range map[string][]byte{"cut": good[:63], "longer": append(bytes.Clone(good), 0), "no point": append([]byte{good[0] ^ 1}, good[1:]...), "no format": append(bytes.Clone(good[:65]), 9)} {
		s := must[webauthn.Signer](t)(seal.ParseSigner(append(contracts.P256Verifier.Bytes(), key...)))
		if acct, err := webauthn.New(deployment(t, userop.V08), webauthn.Members(addressSigner(t, 1), s), 1, [32]byte{}); err == nil {
			t.Errorf("%s: %v", name, acct)
		}
	}
}

func is[E error](f func(E) bool) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[E](err)
		return ok && f(e)
	}
}

func TestTheAddressDependsOnEverything(t *testing.T) {
	a, b := addressSigner(t, 1), addressSigner(t, 2)
	seen := map[common.Address]string{}
	add := func(name string, d contracts.Deployment, m []webauthn.Member, n uint64, salt byte) {
		acct := must[*webauthn.Account](t)(webauthn.New(d, m, n, [32]byte{salt}))
		if other, ok := seen[acct.Address()]; ok {
			t.Errorf("%s has the address of %s", name, other)
		}
		seen[acct.Address()] = name
	}
	for _, ep := range entryPoints {
		d := deployment(t, ep)
		add("first "+ep.Version(), d, webauthn.Members(a, b), 1, 0)
		add("salt "+ep.Version(), d, webauthn.Members(a, b), 1, 1)
		add("order "+ep.Version(), d, webauthn.Members(b, a), 1, 0)
		add("threshold "+ep.Version(), d, webauthn.Members(a, b), 2, 0)
		add("weights "+ep.Version(), d, []webauthn.Member{{Signer: a, Weight: 2}, {Signer: b, Weight: 1}}, 1, 0)
		add("fewer "+ep.Version(), d, webauthn.Members(a), 1, 0)
	}
}

func TestCallsRoundTrip(t *testing.T) {
	acct := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V08), webauthn.Members(addressSigner(t, 1)), 1, [32]byte{}))
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 5; n++ {
		for range 20 {
			calls := make([]account.Call, n)
			for i := range calls {
				data := make([]byte, rnd.IntN(100))
				for j := range data {
					data[j] = byte(rnd.Uint32())
				}
				calls[i] = account.Call{To: common.Address{byte(rnd.Uint32()), 1}, Value: new(big.Int).SetUint64(rnd.Uint64()), Data: data}
			}
			data := must[[]byte](t)(acct.EncodeCalls(calls))
			back := must[[]account.Call](t)(webauthn.DecodeCalls(data))
			if len(back) != n {
				t.Fatalf("%d calls became %d", n, len(back))
			}
			for i := range calls {
				if back[i].To != calls[i].To || back[i].Value.Cmp(calls[i].Value) != 0 || !bytes.Equal(back[i].Data, calls[i].Data) {
					t.Errorf("call %d of %d: %+v became %+v", i, n, calls[i], back[i])
				}
			}
		}
	}
	if _, err := acct.EncodeCalls(nil); !errors.Is(err, account.ErrNoCalls) {
		t.Errorf("no calls: %v", err)
	}
}

func FuzzDecodeCalls(f *testing.F) {
	for n := 1; n <= 3; n++ {
		b, err := (*webauthn.Account)(nil).EncodeCalls(make([]account.Call, n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		calls, err := webauthn.DecodeCalls(data)
		if err != nil {
			if calls != nil {
				t.Error("a failed parse returns calls")
			}
			return
		}
		again, err := (*webauthn.Account)(nil).EncodeCalls(calls)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x became %x (%v)", data, again, err)
		}
	})
}

func TestHandlesRoundTrip(t *testing.T) {
	salt, addr := [32]byte{1, 2, 3}, common.Address{4, 5, 6}
	for _, h := range []webauthn.Handle{webauthn.NewHandle(), webauthn.SaltHandle(salt), webauthn.AddressHandle(addr)} {
		if back := must[webauthn.Handle](t)(webauthn.ParseHandle(h.Bytes())); back != h {
			t.Errorf("%x became %x", h.Bytes(), back.Bytes())
		}
	}
	if s, ok := webauthn.SaltHandle(salt).Salt(); !ok || s != salt {
		t.Error("the salt is lost")
	}
	if a, ok := webauthn.AddressHandle(addr).Address(); !ok || a != addr {
		t.Error("the address is lost")
	}
	if _, ok := webauthn.AddressHandle(addr).Salt(); ok {
		t.Error("an address handle has a salt")
	}
	for _, b := range [][]byte{nil, {}, {1}, make([]byte, 33), append([]byte{1}, make([]byte, 31)...), append([]byte{1}, make([]byte, 33)...),
		append([]byte{2}, make([]byte, 20)...), append([]byte{2}, make([]byte, 32)...), append([]byte{3}, make([]byte, 32)...)} {
		if h, err := webauthn.ParseHandle(b); !errors.Is(err, webauthn.ErrHandle) || h != (webauthn.Handle{}) {
			t.Errorf("%x: %v, %v", b, h, err)
		}
	}
}

func FuzzParseHandle(f *testing.F) {
	f.Add(webauthn.NewHandle().Bytes())
	f.Add(webauthn.AddressHandle(common.Address{1}).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := webauthn.ParseHandle(b); err == nil && !bytes.Equal(h.Bytes(), b) {
			t.Errorf("%x became %x", b, h.Bytes())
		}
	})
}

func TestAuthoritiesAreOfTheAccount(t *testing.T) {
	d := newDevice(t, "authority")
	key := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
	addr := crypto.PubkeyToAddress(key.PublicKey)
	s, k := d.signer(t, webauthn.FirstRule), must[webauthn.Signer](t)(webauthn.Address(addr))
	acct := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V08), []webauthn.Member{{Signer: s, Weight: 2}, {Signer: k, Weight: 1}}, 2, [32]byte{}))

	if _, err := acct.Authority(d.approver(d.signer(t, 0))); !errors.Is(err, webauthn.ErrNotMember) {
		t.Errorf("the passkey under another rule: %v", err)
	}
	if _, err := acct.Authority(webauthn.KeyApprover{}); !errors.Is(err, webauthn.ErrNotMember) {
		t.Errorf("no key: %v", err)
	}
	if _, err := acct.Authority(webauthn.KeyApprover{Address: addr}); !is(func(e *webauthn.WeightError) bool { return e.Weight == 1 && e.Threshold == 2 })(err) {
		t.Errorf("a signer too light: %v", err)
	}
	if _, err := acct.Authority(); !is(func(*webauthn.WeightError) bool { return true })(err) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := acct.Authority(d.approver(s), d.approver(s)); !errors.Is(err, webauthn.ErrTwice) {
		t.Errorf("one twice: %v", err)
	}
	auth := must[*webauthn.Authority](t)(acct.Authority(d.approver(s)))
	if auth.Lane(3).NonceKey().Int64() != 3 || auth.NonceKey().Sign() != 0 {
		t.Error("lanes")
	}

	// With both asked, the passkey's answer is enough and the key's is not.
	both := must[*webauthn.Authority](t)(acct.Authority(d.approver(s), webauthn.KeyApprover{Address: addr}))
	op := &userop.Op{Sender: acct.Address()}
	c := must[account.Challenge](t)(both.Challenge(op.Normalize(), big.NewInt(1)))
	parts := []account.Approval{must[account.Approval](t)(d.approve(c.Parts[0])), must[account.Approval](t)(approveECDSA(key)(c.Parts[1]))}
	for _, x := range []struct {
		parts []account.Approval
		ok    bool
	}{
		{parts, true}, {[]account.Approval{parts[0], {}}, true}, {[]account.Approval{{}, parts[1]}, false},
		{[]account.Approval{{}, {}}, false}, {parts[:1], false}, {nil, false},
	} {
		if _, err := both.Seal(op, account.Approval{Parts: x.parts}); (err == nil) != x.ok {
			t.Errorf("%d parts: %v", len(x.parts), err)
		}
	}
}
