package session_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
)

// deployedAs is an account of an owner that is on the chain.
func (b *bench) deployedAs(t *testing.T, v kernel.Version, o owner) *kernel.Account {
	t.Helper()
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: o.root}))
	b.fund(t, acct.Address())
	b.do(t, acct, o, []account.Call{{To: acct.Address()}})
	return acct
}

// ending is the grant of limited with another end: another permission.
func ending(at uint64) grant.Grant {
	g := limited(3)
	g.Policies[2] = &grant.Timestamp{ValidUntil: at}
	return g
}

// sign has the session sign a message for asker, whatever its state.
func (b *bench) sign(t *testing.T, s *session.Session, h holder, hash common.Hash) []byte {
	t.Helper()
	r := must[*session.Request](t)(s.SignHash(t.Context(), h.by, hash, asker))
	return must[[]byte](t)(r.Finish(must[account.Approval](t)(h.ask(r.Challenge()))))
}

// forced is an operation of a session that was opened before something happened,
// made as if nothing had.
func (b *bench) forced(t *testing.T, s *session.Session, a *session.Authority) error {
	t.Helper()
	_, err := account.Prepare(t.Context(), b.client(), s.Account(), a, pay(1))
	return err
}

// A raised nonce ends operations and unused approvals. Messages it ends from Kernel
// 0.3.3 on only: before, that takes the permission's removal, which RevokeAll does too.
func TestARaisedNonceLeavesMessagesOpen(t *testing.T) {
	onEveryVersion(t, (*bench).raise)
}

// onEveryVersion runs a test on the stand-ins' version, or on all that are there.
func onEveryVersion(t *testing.T, test func(*bench, *testing.T, kernel.Version)) {
	b := newBench(t, devnet.Config{Rules: devnet.Osaka})
	for _, v := range b.stand.Versions {
		if v.AtLeast(kernel.V031) {
			t.Run(string(v), func(t *testing.T) { test(b, t, v) })
		}
	}
}

func (b *bench) raise(t *testing.T, v kernel.Version) {
	o, h, ctx := owners(t)[0], holders(t)[1], t.Context()
	acct := b.deployedAs(t, v, o)
	used, waiting := b.grantTo(t, acct, o, h, ending(until)), b.grantTo(t, acct, o, h, ending(until+1))
	b.use(t, used, h, pay(1))
	before := must[*session.Authority](t)(waiting.Authority(ctx, h.by))
	hash := common.HexToHash("0x77")
	sig := b.sign(t, used, h, hash)

	b.do(t, acct, o, must[[]account.Call](t)(acct.InvalidateNonce(2)))
	st := status(t, used)
	open := !v.AtLeast(kernel.V033)
	if st.State != session.Invalidated || st.Messages != open || st.Usable() {
		t.Fatalf("the used one: %+v", st)
	}
	if _, err := used.Authority(ctx, h.by); !isState(err, session.Invalidated) {
		t.Errorf("an operation: %v", err)
	}
	if got := b.valid(t, acct.Address(), asker, hash, sig); got != open {
		t.Errorf("the account says %t to the message", got)
	}
	if _, err := used.SignHash(ctx, h.by, hash, asker); (err == nil) != open {
		t.Errorf("a message: %v", err)
	}
	if st := status(t, waiting); st.State != session.Void || st.Usable() {
		t.Errorf("the unused one: %+v", st)
	}
	if err := b.forced(t, waiting, before); err == nil {
		t.Error("the chain takes an approval from before")
	}
	list := must[[]session.Permission](t)(session.List(ctx, b.chain, acct))
	if len(list) != 1 || list[0].Status.State != session.Invalidated {
		t.Fatalf("listed: %+v", list)
	}
	_, err := session.NewPending(ctx, []session.Target{b.target(acct)}, o.by, h.signer, ending(until))
	if e, ok := errors.AsType[*session.ExistsError](err); !ok || e.State != session.Invalidated {
		t.Errorf("the same again: %v", err)
	}

	third := b.grantTo(t, acct, o, h, ending(until+2))
	b.use(t, third, h, pay(1))
	fourth := b.grantTo(t, acct, o, h, ending(until+3))
	before = must[*session.Authority](t)(fourth.Authority(ctx, h.by))
	list = must[[]session.Permission](t)(session.List(ctx, b.chain, acct))
	b.do(t, acct, o, must[[]account.Call](t)(session.RevokeAll(ctx, b.chain, acct, list)))
	for _, s := range []*session.Session{used, third} {
		if st := status(t, s); st.State != session.Revoked || st.Messages {
			t.Errorf("after all are revoked: %+v", st)
		}
	}
	if b.valid(t, acct.Address(), asker, hash, sig) {
		t.Error("the message is still good")
	}
	if st := status(t, fourth); st.State != session.Void || b.forced(t, fourth, before) == nil {
		t.Errorf("an unused approval after all are revoked: %+v", st)
	}

	// The owner is left what it was: it signs messages, and grants anew.
	root := must[*kernel.Authority](t)(acct.Authority(o.by))
	r := must[*kernel.Request](t)(root.SignHash(hash, b.id))
	sigs := must[[][]byte](t)(r.Finish(must[account.Approval](t)(o.ask(r.Challenge()))))
	if !b.valid(t, acct.Address(), target, hash, sigs[0]) {
		t.Error("the owner signs no messages any more")
	}
	b.use(t, b.grantTo(t, acct, o, h, ending(until+4)), h, pay(1))
}

// An approval that nobody used is made worthless by itself, and others live on.
func TestAnUnusedApprovalIsRevokedByItself(t *testing.T) {
	onEveryVersion(t, (*bench).unused)
}

func (b *bench) unused(t *testing.T, v kernel.Version) {
	o, h, ctx := owners(t)[1], holders(t)[0], t.Context()
	acct := b.deployedAs(t, v, o)
	used, unused := b.grantTo(t, acct, o, h, ending(until)), b.grantTo(t, acct, o, h, ending(until+1))
	b.use(t, used, h, pay(1))
	before := must[*session.Authority](t)(unused.Authority(ctx, h.by))
	if _, err := session.Revoke(ctx, b.chain, acct, unused.ID()); !isState(err, session.Approved) {
		t.Errorf("the removal of what is not installed: %v", err)
	}
	b.do(t, acct, o, must[[]account.Call](t)(session.RevokeUnused(ctx, b.chain, acct, unused.Permission())))
	if st := status(t, unused); st.State != session.Revoked || st.Messages {
		t.Errorf("the unused one: %+v", st)
	}
	if err := b.forced(t, unused, before); err == nil {
		t.Error("the chain takes the revoked approval")
	}
	if st := status(t, used); st.State != session.Enabled {
		t.Errorf("the other one: %+v", st)
	}
	b.use(t, used, h, pay(1))
	if list := must[[]session.Permission](t)(session.List(ctx, b.chain, acct)); len(list) != 2 {
		t.Errorf("listed: %+v", list)
	}
}

// A new owner voids what the old one approved and nobody used; what is installed
// stays.
func TestANewOwnerVoidsUnusedApprovals(t *testing.T) {
	onEveryVersion(t, (*bench).newOwner)
}

func (b *bench) newOwner(t *testing.T, v kernel.Version) {
	all := owners(t)
	o, next, h, ctx := all[0], all[2], holders(t)[1], t.Context()
	acct := b.deployedAs(t, v, o)
	used, unused := b.grantTo(t, acct, o, h, ending(until)), b.grantTo(t, acct, o, h, ending(until+1))
	b.use(t, used, h, pay(1))
	text := must[[]byte](t)(unused.Document().Serialize())

	b.do(t, acct, o, must[[]account.Call](t)(acct.ChangeRoot(next.root)))
	if st := status(t, used); st.State != session.Enabled {
		t.Errorf("the used one: %+v", st)
	}
	b.use(t, used, h, pay(1))
	_, err := unused.Status(ctx)
	if _, ok := errors.AsType[*session.ApprovalError](err); !ok {
		t.Errorf("the unused one: %v", err)
	}
	again := must[*approval.Document](t)(approval.Parse(text))
	if _, err := session.Open(ctx, b.chain, again, session.WithSigner(h.signer)); err == nil {
		t.Error("the old owner's approval opens")
	}
	_, err = session.NewPending(ctx, []session.Target{b.target(acct)}, o.by, h.signer, ending(until+2))
	if e, ok := errors.AsType[*session.RootsError](err); !ok || e.Hint() == "" {
		t.Errorf("a grant by the old owner: %v", err)
	}
	now := must[*kernel.Account](t)(kernel.At(ctx, b.chain, acct.Address()))
	s := b.grantTo(t, now, next, h, ending(until+3))
	b.use(t, s, h, pay(1))
}

// One approval installs on every chain, each once.
func TestOnePromptForSeveralChains(t *testing.T) {
	one, two := newBench(t, devnet.Config{Rules: devnet.Osaka}), newBench(t, devnet.Config{Rules: devnet.Prague, ChainID: 4242})
	ctx := t.Context()
	for _, o := range owners(t)[1:] {
		acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: one.stand.Versions[len(one.stand.Versions)-1], Root: o.root}))
		targets := []session.Target{one.target(acct), two.target(acct)}
		h := holders(t)[1]
		p, err := session.NewPending(ctx, targets, o.by, h.signer, limited(2))
		if o.name == "WebAuthn" {
			if e, ok := errors.AsType[*kernel.UnsupportedError](err); !ok || e.Hint() == "" {
				t.Errorf("%s: %v", o.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		docs := must[[]*approval.Document](t)(p.Finish(must[account.Approval](t)(o.ask(p.Challenge()))))
		for i, b := range []*bench{one, two} {
			b.fund(t, acct.Address())
			s := b.open(t, docs[i], h)
			b.use(t, s, h, pay(1))
			if st := status(t, s); st.State != session.Enabled {
				t.Errorf("%s, chain %s: %+v", o.name, b.id, st)
			}
		}
		// The document of one chain is none of the other.
		other := must[[]byte](t)(docs[0].Serialize())
		_, err = session.Open(ctx, two.chain, docs[0])
		if e, ok := errors.AsType[*account.WrongChainError](err); !ok || e.Want.Cmp(one.id) != 0 {
			t.Errorf("%s: another chain: %v", o.name, err)
		}
		_, err = session.Open(ctx, newFake(777, acct.Address()), must[*approval.Document](t)(approval.Parse(other)), session.WithSigner(h.signer))
		if _, ok := errors.AsType[*session.ApprovalError](err); !ok {
			t.Errorf("%s: a chain that the owner did not name: %v", o.name, err)
		}
	}
}

// Accounts of two owners are not granted for at once.
func TestTwoOwnersAreTwoGrants(t *testing.T) {
	b := newBench(t, devnet.Config{Rules: devnet.Osaka})
	first := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V031, Root: kernel.MultiChainECDSA{Owner: addressOf(newKey("a"))}}))
	other := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V031, Root: kernel.MultiChainECDSA{Owner: addressOf(newKey("b"))}}))
	targets := []session.Target{b.target(first), b.target(other)}
	_, err := session.NewPending(t.Context(), targets, kernel.OwnerApprover{}, holders(t)[1].signer, limited(1))
	if e, ok := errors.AsType[*session.RootsError](err); !ok || e.Hint() == "" {
		t.Error(err)
	}
	targets[1] = session.Target{Chain: b.chain, ChainID: big.NewInt(5), Account: first}
	_, err = session.NewPending(t.Context(), targets, kernel.OwnerApprover{}, holders(t)[1].signer, limited(1))
	if e, ok := errors.AsType[*account.WrongChainError](err); !ok || e.Got.Cmp(b.id) != 0 {
		t.Error(err)
	}
}
