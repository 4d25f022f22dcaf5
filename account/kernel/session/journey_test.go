package session_test

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
)

// Every sort of owner grants every sort of key; the first operation creates the
// account, installs the permission and uses it; the second one uses it; what the
// policies limit is refused before the prompt and by the chain; the owner revokes.
func TestAGrantFromApprovalToRevocation(t *testing.T) {
	b := newBench(t, devnet.Config{Rules: devnet.Osaka})
	for _, version := range b.stand.Versions {
		if !version.AtLeast(kernel.V031) {
			continue
		}
		for _, o := range owners(t) {
			if at, err := o.root.Contract(version); err != nil || !b.stand.Has(at) {
				continue
			}
			for i, h := range holders(t) {
				t.Run(string(version)+"/"+o.name+"/"+h.name, func(t *testing.T) {
					acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: version, Root: o.root, Index: big.NewInt(int64(i))}))
					b.fund(t, acct.Address())
					b.story(t, acct, o, h)
				})
			}
		}
	}
}

func (b *bench) story(t *testing.T, acct *kernel.Account, o owner, h holder) {
	ctx := t.Context()
	s := b.grantTo(t, acct, o, h, limited(3))
	if st := status(t, s); st.State != session.Approved || st.Deployed || st.Nonce != 1 || !st.Usable() {
		t.Fatalf("after the approval: %+v", st)
	}

	// 1. The first operation does everything.
	first := must[*session.Authority](t)(s.Authority(ctx, h.by))
	if !first.Enables() {
		t.Fatal("the first operation would not install the permission")
	}
	if d := must[grant.Decision](t)(s.Preview(ctx, pay(5))); !d.Allowed {
		t.Fatal(d.Refusal)
	}
	b.use(t, s, h, pay(5))
	if st := status(t, s); st.State != session.Enabled || !st.Deployed || st.Left.Policies[1].Count != 2 || !st.Messages {
		t.Fatalf("after the first operation: %+v", st)
	}

	// 2. Later ones use it, in lanes too.
	lane := must[*session.Authority](t)(s.Authority(ctx, h.by, session.WithLane(7)))
	if lane.Enables() {
		t.Fatal("the second operation would install the permission again")
	}
	b.send(t, must[*account.Prepared](t)(s.PrepareWith(ctx, b.client(), lane, pay(1))), h.ask)
	if st := status(t, s); st.Left.Policies[1].Count != 1 {
		t.Fatalf("after the second operation: %+v", st)
	}

	// 3. What the policies refuse is named before anybody is asked.
	for name, c := range map[string]struct {
		calls  []account.Call
		reason grant.Reason
	}{
		"too much":   {pay(6), grant.ValueTooHigh},
		"elsewhere":  {[]account.Call{{To: asker}}, grant.CallNotAllowed},
		"in a batch": {append(pay(1), pay(6)...), grant.ValueTooHigh},
		"itself":     {must[[]account.Call](t)(acct.InvalidateNonce(9)), grant.CallNotAllowed},
	} {
		_, err := s.Prepare(ctx, b.client(), h.by, c.calls)
		refused, ok := errors.AsType[*session.RefusedError](err)
		if !ok || refused.Decision.Refusal.Reason != c.reason || refused.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}

	// 4. Messages, for whom they are granted.
	hash := common.HexToHash("0x1234")
	r := must[*session.Request](t)(s.SignHash(ctx, h.by, hash, asker))
	sig := must[[]byte](t)(r.Finish(must[account.Approval](t)(h.ask(r.Challenge()))))
	if !b.valid(t, acct.Address(), asker, hash, sig) {
		t.Error("the account refuses the session's message")
	}
	if _, err := s.SignHash(ctx, h.by, hash, target); !isRefused(err, grant.CallerRefused) {
		t.Errorf("a message for somebody else: %v", err)
	}

	// 5. The list says what the document says.
	b.listed(t, acct, s, session.Enabled)

	// 6. The last use, and none after it.
	b.use(t, s, h, pay(1))
	if _, err := s.Prepare(ctx, b.client(), h.by, pay(1)); !isRefused(err, grant.NoUsesLeft) {
		t.Errorf("a fourth use: %v", err)
	}
	unpoliced := must[*session.Authority](t)(s.Authority(ctx, h.by, session.DangerUnpoliced()))
	_, err := s.PrepareWith(ctx, b.client(), unpoliced, pay(1))
	if e, ok := errors.AsType[*session.ChainRefusedError](err); !ok || e.Policy != 1 || e.Hint() == "" {
		t.Errorf("the chain's word on a fourth use: %v", err)
	}

	// 7. Revoked, it is over.
	b.do(t, acct, o, must[[]account.Call](t)(session.Revoke(ctx, b.chain, acct, s.ID())))
	if st := status(t, s); st.State != session.Revoked || st.Usable() || st.Messages {
		t.Fatalf("after the revocation: %+v", st)
	}
	if _, err := s.Authority(ctx, h.by); !isState(err, session.Revoked) {
		t.Errorf("an operation after the revocation: %v", err)
	}
	if _, err := s.SignHash(ctx, h.by, hash, asker); !isState(err, session.Revoked) || b.valid(t, acct.Address(), asker, hash, sig) {
		t.Errorf("a message after the revocation: %v", err)
	}
	b.listed(t, acct, s, session.Revoked)
	_, err = session.NewPending(ctx, []session.Target{b.target(acct)}, o.by, h.signer, limited(3))
	if e, ok := errors.AsType[*session.ExistsError](err); !ok || e.State != session.Revoked {
		t.Errorf("the same again: %v", err)
	}
}

// listed checks that the account's one permission is the session's.
func (b *bench) listed(t *testing.T, acct *kernel.Account, s *session.Session, want session.State) {
	t.Helper()
	list := must[[]session.Permission](t)(session.List(t.Context(), b.chain, acct))
	if len(list) != 1 || list[0].ID != s.ID() || list[0].Status.State != want {
		t.Fatalf("listed: %+v", list)
	}
	p := list[0]
	if p.Contents == nil || !bytes.Equal(p.Contents.EnableData(), s.Permission().EnableData()) {
		t.Fatalf("contents: %+v", p.Contents)
	}
	for _, w := range s.Words() {
		if !slices.Contains(p.Words, w) {
			t.Errorf("the list does not say %q: %s", w, strings.Join(p.Words, " "))
		}
	}
	if want == session.Enabled && p.Status.Left.Policies[1].Count != status(t, s).Left.Policies[1].Count {
		t.Errorf("what remains: %+v", p.Status.Left)
	}
}

func isRefused(err error, reason grant.Reason) bool {
	r, ok := errors.AsType[*session.RefusedError](err)
	return ok && r.Decision.Refusal.Reason == reason
}

func isState(err error, state session.State) bool {
	s, ok := errors.AsType[*session.StateError](err)
	return ok && s.State == state && s.Hint() != ""
}
