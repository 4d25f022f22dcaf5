package webauthn_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// bench is a chain with a relaying key that has money.
type bench struct {
	net   *devnet.Net
	chain accounttest.NodeChain
	relay *account.Relayer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	net, chain := start(t, devnet.Osaka)
	key := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
	b := &bench{net, chain, &account.Relayer{Node: chain, Chain: chain, Key: key}}
	b.fund(t, b.relay.From())
	return b
}

func (b *bench) fund(t *testing.T, a common.Address) {
	t.Helper()
	if err := b.net.Faucet(t.Context(), a, new(big.Int).Mul(big.NewInt(1e18), big.NewInt(10))); err != nil {
		t.Fatal(err)
	}
}

// do runs calls and returns the receipt.
func (b *bench) do(t *testing.T, acct *webauthn.Account, auth *webauthn.Authority, approve func(account.Challenge) (account.Approval, error), calls ...account.Call) *account.Receipt {
	t.Helper()
	p, err := account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: b.relay}, acct, auth, calls)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(must[account.Approval](t)(approve(p.Challenge()))); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := p.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAtReadsWhatChangesMade(t *testing.T) {
	b := newBench(t)
	d := newDevice(t, "at")
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(deployment(t, userop.V09), d.key, [32]byte{9}))
	first := acct.Members()[0].Signer
	auth := must[*webauthn.Authority](t)(acct.Authority(d.approver(first)))
	if _, err := webauthn.At(t.Context(), b.chain, acct.Address()); !errors.Is(err, webauthn.ErrNoAccount) {
		t.Errorf("before deployment: %v", err)
	}
	if same, err := acct.With(t.Context(), b.chain); err != nil || same != acct {
		t.Errorf("before deployment: %v", err)
	}
	b.fund(t, acct.Address())

	key := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
	second := must[webauthn.Signer](t)(webauthn.Address(crypto.PubkeyToAddress(key.PublicKey)))
	d3 := newDevice(t, "third")
	third := d3.signer(t, 0)
	calls, want, err := acct.Change(webauthn.Change{
		Add: []webauthn.Member{{Signer: second, Weight: 2}, {Signer: third, Weight: 1}}, Reweigh: []webauthn.Member{{Signer: first, Weight: 3}}, Threshold: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	probe := must[account.Call](t)(acct.ProbePrecompile())
	if r := b.do(t, acct, auth, d.approve, append(calls, probe)...); !r.Success {
		t.Fatalf("the change reverted: %s", r.Reason)
	}
	now, err := acct.With(t.Context(), b.chain)
	if err != nil {
		t.Fatal(err)
	}
	if now.Threshold() != want.Threshold() || len(now.Members()) != 3 || now.EntryPoint() != userop.V09 {
		t.Errorf("threshold %d, members %+v", now.Threshold(), now.Members())
	}
	for _, m := range want.Members() {
		if now.Weight(m.Signer) != m.Weight {
			t.Errorf("%s weighs %d, want %d", webauthn.Name(m.Signer), now.Weight(m.Signer), m.Weight)
		}
	}
	if f, _ := now.Factory(); f == (common.Address{}) {
		t.Error("With forgot the factory")
	}

	// All three kinds of removal, and the account still works by what is left.
	several := must[*webauthn.Authority](t)(now.Authority(webauthn.KeyApprover{Address: second.Address()}, d3.approver(third)))
	calls, after, err := now.Change(webauthn.Change{Remove: []webauthn.Signer{first}, Threshold: 2})
	if err != nil {
		t.Fatal(err)
	}
	if r := b.do(t, now, several, func(c account.Challenge) (account.Approval, error) {
		return account.Approval{Parts: []account.Approval{
			must[account.Approval](t)(approveECDSA(key)(c.Parts[0])), must[account.Approval](t)(d3.approve(c.Parts[1]))}}, nil
	}, calls...); !r.Success {
		t.Fatalf("the removal reverted: %s", r.Reason)
	}
	last := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, acct.Address()))
	if len(last.Members()) != 2 || last.Threshold() != after.Threshold() {
		t.Errorf("threshold %d, members %+v", last.Threshold(), last.Members())
	}
	if f, data := last.Factory(); f != (common.Address{}) || data != nil {
		t.Error("an account attached by address has a factory")
	}
}

func TestAtRefusesOtherContracts(t *testing.T) {
	_, chain := start(t, devnet.Osaka)
	for name, a := range map[string]common.Address{"EntryPoint": userop.V08.Address(), "factory": deployment(t, userop.V08).Factory} {
		if _, err := webauthn.At(t.Context(), chain, a); !is(func(e *webauthn.NotOursError) bool { return e.Address == a && e.Hint() != "" })(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The implementation itself says all the right things but has no signers.
	if _, err := webauthn.At(t.Context(), chain, deployment(t, userop.V08).Implementation); !is(func(*webauthn.NotOursError) bool { return true })(err) {
		t.Errorf("implementation: %v", err)
	}
}

func ceremony(t *testing.T, a *softkey.Authenticator) webauthn.Ceremony {
	t.Helper()
	challenge := crypto.Keccak256([]byte(t.Name()), a.Credentials()[0].ID, big.NewInt(int64(a.Credentials()[0].SignCount)).Bytes())
	json := must[[]byte](t)(marshal(passkey.NewRequestOptions(rpID, challenge)))
	got := must[*passkey.Assertion](t)(passkey.ParseAssertion(must[[]byte](t)(a.Get(json, origin))))
	return webauthn.Ceremony{Assertion: got, Rule: passkey.Rule{RPID: rpID, Origins: []string{origin}, Challenge: challenge}}
}

func TestFindAsksTwiceOnlyBeforeDeployment(t *testing.T) {
	b := newBench(t)
	d := deployment(t, userop.V08)
	dev := newDevice(t, "find", softkey.WithSignCounter()) // handle: salt 1
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(d, dev.key, [32]byte{1}))
	one := ceremony(t, dev.Authenticator)
	if f, err := webauthn.Find(t.Context(), b.chain, d, one); !errors.Is(err, webauthn.ErrAmbiguous) {
		t.Fatalf("one assertion of an account that is not deployed: %+v, %v", f, err)
	}
	f := must[*webauthn.Found](t)(webauthn.Find(t.Context(), b.chain, d, one, ceremony(t, dev.Authenticator)))
	if f.Account.Address() != acct.Address() || f.Deployed || !f.Certain || f.Key != dev.key {
		t.Errorf("found %s, want %s", f.Account.Address(), acct.Address())
	}
	b.fund(t, acct.Address())
	auth := must[*webauthn.Authority](t)(acct.Authority(dev.approver(f.Signer)))
	b.do(t, acct, auth, dev.approve, account.Call{To: common.Address{1}})
	f = must[*webauthn.Found](t)(webauthn.Find(t.Context(), b.chain, d, one))
	if f.Account.Address() != acct.Address() || !f.Deployed || f.Certain {
		t.Errorf("found %s, want %s", f.Account.Address(), acct.Address())
	}

	// The user handle is not signed: another one leads nowhere.
	forged := *one.Assertion
	forged.UserHandle = webauthn.AddressHandle(acct.Address()).Bytes()
	if f, err := webauthn.Find(t.Context(), b.chain, d, webauthn.Ceremony{Assertion: &forged, Rule: one.Rule}); err != nil || f.Account.Address() != acct.Address() {
		t.Errorf("the address instead of the salt: %v", err)
	}
	other := newDevice(t, "find another", softkey.WithSignCounter())
	stranger := ceremony(t, other.Authenticator)
	forged = *stranger.Assertion
	forged.UserHandle = webauthn.AddressHandle(acct.Address()).Bytes()
	if f, err := webauthn.Find(t.Context(), b.chain, d, webauthn.Ceremony{Assertion: &forged, Rule: stranger.Rule}); !is(func(e *webauthn.RemovedError) bool { return e.Account == acct.Address() })(err) {
		t.Errorf("a stranger with the account's handle: %+v, %v", f, err)
	}
	if f, err := webauthn.Find(t.Context(), b.chain, d, one, stranger); !errors.Is(err, webauthn.ErrOtherCredential) {
		t.Errorf("two passkeys: %+v, %v", f, err)
	}
	if _, err := webauthn.Find(t.Context(), b.chain, d); err == nil {
		t.Error("no assertion")
	}
	bad := one
	bad.Rule.Origins = []string{"https://other.example"}
	if _, err := webauthn.Find(t.Context(), b.chain, d, bad); !errors.Is(err, passkey.ErrOrigin) {
		t.Errorf("another origin: %v", err)
	}
	forged = *one.Assertion
	forged.UserHandle = nil
	if _, err := webauthn.Find(t.Context(), b.chain, d, webauthn.Ceremony{Assertion: &forged, Rule: one.Rule}); !errors.Is(err, webauthn.ErrHandle) {
		t.Errorf("no handle: %v", err)
	}
}

func TestMessagesAreAcceptedByTheirAccountOnly(t *testing.T) {
	b := newBench(t)
	dev := newDevice(t, "message")
	d := deployment(t, userop.V08)
	accounts := make([]*webauthn.Account, 2)
	auths := make([]*webauthn.Authority, 2)
	for i := range accounts { // two accounts of one key
		accounts[i] = must[*webauthn.Account](t)(webauthn.ForPasskey(d, dev.key, [32]byte{byte(i + 1)}))
		auths[i] = must[*webauthn.Authority](t)(accounts[i].Authority(dev.approver(accounts[i].Members()[0].Signer)))
		b.fund(t, accounts[i].Address())
		b.do(t, accounts[i], auths[i], dev.approve, account.Call{To: common.Address{1}})
	}
	valid := func(a *webauthn.Account, hash common.Hash, sig []byte) bool {
		data := must[[]byte](t)(contracts.AccountABI.Pack("isValidSignature", hash, sig))
		out, err := b.chain.Call(t.Context(), a.Address(), data)
		return err == nil && len(out) == 32 && [4]byte(out) == [4]byte{0x16, 0x26, 0xba, 0x7e}
	}
	chainID := must[*big.Int](t)(b.chain.ChainID(t.Context()))

	hash := crypto.Keccak256Hash([]byte("\x19Ethereum Signed Message:\n5hello"))
	m := auths[0].SignHash(chainID, hash)
	sig := must[[]byte](t)(m.Finish(must[account.Approval](t)(dev.approve(m.Challenge()))))
	if !valid(accounts[0], hash, sig) {
		t.Error("the account refuses its own message")
	}
	if valid(accounts[1], hash, sig) {
		t.Error("another account of the same key accepts the message")
	}
	if valid(accounts[0], common.Hash{1}, sig) {
		t.Error("another message is accepted")
	}

	typed := seal.TypedContents{AppSeparator: common.Hash{7}, Hash: common.Hash{8}, Type: "Mail(address to,string text)"}
	m = must[*webauthn.Message](t)(auths[0].SignTyped(chainID, typed))
	sig = must[[]byte](t)(m.Finish(must[account.Approval](t)(dev.approve(m.Challenge()))))
	if !valid(accounts[0], typed.AppHash(), sig) {
		t.Error("the account refuses its own typed message")
	}
	if valid(accounts[1], typed.AppHash(), sig) {
		t.Error("another account of the same key accepts the typed message")
	}
	if _, err := auths[0].SignTyped(chainID, seal.TypedContents{}); err == nil {
		t.Error("typed data without a type")
	}

	// An operation's approval is no message's, and the other way round.
	if _, err := m.Finish(account.Approval{}); !is(func(*account.ApprovalError) bool { return true })(err) {
		t.Errorf("no approval: %v", err)
	}
	other := newDevice(t, "stranger")
	if _, err := m.Finish(must[account.Approval](t)(other.approve(m.Challenge()))); !is(func(*account.ApprovalError) bool { return true })(err) {
		t.Errorf("a stranger's approval: %v", err)
	}
}

// TestRulesAreEnforcedOnChain seals past the local checks: the contract must
// refuse what the local rule refuses.
func TestRulesAreEnforcedOnChain(t *testing.T) {
	_, chain := start(t, devnet.Osaka)
	id := must[*big.Int](t)(chain.ChainID(t.Context()))
	d := deployment(t, userop.V09)
	for _, uv := range []passkey.Requirement{passkey.Any, passkey.Required, passkey.Forbidden} {
		for _, be := range []passkey.Requirement{passkey.Any, passkey.Required, passkey.Forbidden} {
			for _, bs := range []passkey.Requirement{passkey.Any, passkey.Required, passkey.Forbidden} {
				rule, err := seal.NewRule(uv, be, bs)
				if err != nil {
					continue // no passkey could satisfy it
				}
				dev := newDevice(t, "rules")
				s := dev.signer(t, rule)
				acct := must[*webauthn.Account](t)(webauthn.New(d, webauthn.Members(s), 1, [32]byte{}))
				auth := must[*webauthn.Authority](t)(acct.Authority(dev.approver(s)))
				for _, flags := range []passkey.Flags{passkey.FlagUP, passkey.FlagUP | passkey.FlagUV, passkey.FlagUP | passkey.FlagUV | passkey.FlagBE,
					passkey.FlagUP | passkey.FlagUV | passkey.FlagBE | passkey.FlagBS, passkey.FlagUP | passkey.FlagBE, passkey.FlagUV, 0} {
					dev.SetQuirks(softkey.Quirks{SetFlags: flags, ClearFlags: ^flags})
					op := probeOp(t, acct)
					c := must[account.Challenge](t)(auth.Challenge(op, id))
					a := must[account.Approval](t)(dev.approve(c))
					local := c.Verify(a) == nil
					op.Signature = must[[]byte](t)(auth.Seal(op, a))
					data := must[[]byte](t)(userop.V09.HandleOps([]*userop.Op{op}, common.Address{1}))
					_, err := chain.Call(context.Background(), userop.V09.Address(), data)
					if onChain := err == nil; local != onChain || local != rule.Allows(flags) {
						t.Errorf("rule %s, flags %s: here %v, on chain %v (%v), by the rule %v", rule, flags, local, onChain, err, rule.Allows(flags))
					}
				}
			}
		}
	}
}

// probeOp deploys the account and does nothing else.
func probeOp(t *testing.T, acct *webauthn.Account) *userop.Op {
	t.Helper()
	factory, data := acct.Factory()
	return &userop.Op{Sender: acct.Address(), Nonce: new(big.Int), Factory: &factory, FactoryData: data,
		CallData: must[[]byte](t)(acct.EncodeCalls([]account.Call{{To: common.Address{1}}})), CallGasLimit: big.NewInt(100_000),
		VerificationGasLimit: big.NewInt(2_000_000), PreVerificationGas: big.NewInt(60_000), MaxFeePerGas: new(big.Int), MaxPriorityFeePerGas: new(big.Int)}
}
