package session_test

import (
	"context"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
)

// severalChains is one account of an owner with a used permission on each of n chains.
func severalChains(t *testing.T, o owner, n int) (targets []session.RevokeTarget, sessions []*session.Session) {
	t.Helper()
	h := holders(t)[1]
	for i := range n {
		b := newBench(t, devnet.Config{Rules: devnet.Osaka, ChainID: uint64(5100 + i)})
		acct := b.deployedAs(t, b.stand.Versions[len(b.stand.Versions)-1], o)
		s := b.grantTo(t, acct, o, h, limited(3))
		b.use(t, s, h, pay(1))
		client := b.client()
		client.ChainID = b.id
		targets = append(targets, session.RevokeTarget{Client: client, Account: acct, IDs: []kernel.PermissionID{s.ID()}})
		sessions = append(sessions, s)
	}
	return targets, sessions
}

// What the owner was shown before the prompt is what was signed and sent, also where a
// signature of several takes more gas than one.
func TestWhatIsShownBeforeTheOnePromptIsWhatIsSent(t *testing.T) {
	for _, o := range owners(t)[:2] {
		t.Run(o.name, func(t *testing.T) {
			targets, _ := severalChains(t, o, 2)
			shown, fees := map[int]common.Hash{}, map[int]string{}
			asked := false
			err := session.RevokeMany(t.Context(), targets, o.by, func(_ context.Context, c account.Challenge) (account.Approval, error) {
				asked = true
				return o.ask(c)
			}, func(p session.Progress) {
				switch p.Step {
				case session.StepPrepared:
					if asked {
						t.Error("shown after the prompt")
					}
					if _, twice := shown[p.Target]; twice {
						t.Error("shown twice")
					}
					shown[p.Target], fees[p.Target] = p.Hash, p.Summary.MaxFee
				case session.StepSent:
					if p.Hash != shown[p.Target] {
						t.Errorf("chain %d: shown %s, sent %s", p.Target, shown[p.Target], p.Hash)
					}
				}
			})
			if err != nil || len(shown) != 2 {
				t.Errorf("%v: %v %v", err, shown, fees)
			}
		})
	}
}

// An owner who does not approve on one chain has approved on the others; what failed
// before is told too.
func TestAChainThatIsNotApprovedDoesNotStopTheOthers(t *testing.T) {
	o := owners(t)[0]
	targets, sessions := severalChains(t, o, 3)
	wrong := targets[0]
	wrong.Client.ChainID = big.NewInt(1)
	targets = append(targets, wrong)
	refusal, prompts := errors.New("no"), 0
	failed := map[int]error{}
	err := session.RevokeMany(t.Context(), targets, o.by, func(_ context.Context, c account.Challenge) (account.Approval, error) {
		switch prompts++; prompts {
		case 2:
			return account.Approval{}, refusal
		case 3:
			return owners(t)[2].ask(account.Challenge{Kind: account.KindWebAuthn}) // somebody else's
		}
		return o.ask(c)
	}, func(p session.Progress) {
		if p.Step == session.StepFailed {
			failed[p.Target] = p.Err
		}
	})
	if !errors.Is(err, refusal) || len(failed) != 3 || !errors.Is(failed[1], refusal) || failed[2] == nil || failed[3] == nil {
		t.Errorf("%v: %v", failed, err)
	}
	if _, told := errors.AsType[*account.WrongChainError](err); !told {
		t.Errorf("what failed first is lost: %v", err)
	}
	for i, want := range []session.State{session.Revoked, session.Enabled, session.Enabled} {
		if st := status(t, sessions[i]); st.State != want {
			t.Errorf("chain %d: %s", i, st.State)
		}
	}
}

// An account that is not deployed has no permissions, and yet whoever has an approval
// can deploy it and act: that is not "nothing to revoke".
func TestAnAccountThatIsNotDeployedMayHaveApprovals(t *testing.T) {
	b, o, h := newBench(t, devnet.Config{Rules: devnet.Osaka}), owners(t)[0], holders(t)[1]
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: b.stand.Versions[len(b.stand.Versions)-1], Root: o.root}))
	b.fund(t, acct.Address())
	s := b.grantTo(t, acct, o, h, limited(3))
	client := b.client()
	client.ChainID = b.id
	err := session.RevokeMany(t.Context(), []session.RevokeTarget{{Client: client, Account: acct}}, o.by,
		func(_ context.Context, c account.Challenge) (account.Approval, error) { return o.ask(c) },
		func(p session.Progress) {
			if p.Step == session.StepNothing {
				t.Error("there is said to be nothing")
			}
		})
	if e, ok := errors.AsType[*session.UndeployedError](err); !ok || e.Hint() == "" {
		t.Error(err)
	}
	// The way out works.
	b.do(t, acct, o, must[[]account.Call](t)(session.RevokeUnused(t.Context(), b.chain, acct, s.Permission())))
	if st := status(t, s); st.State != session.Revoked {
		t.Errorf("%+v", st)
	}
}

// The same permission named twice is revoked once: the chain would refuse both.
func TestAPermissionNamedTwiceIsRevokedOnce(t *testing.T) {
	b, o, h := newBench(t, devnet.Config{Rules: devnet.Osaka}), owners(t)[0], holders(t)[1]
	acct := b.deployedAs(t, b.stand.Versions[len(b.stand.Versions)-1], o)
	s := b.grantTo(t, acct, o, h, limited(3))
	b.use(t, s, h, pay(1))
	b.do(t, acct, o, must[[]account.Call](t)(session.Revoke(t.Context(), b.chain, acct, s.ID(), s.ID())))
	if st := status(t, s); st.State != session.Revoked {
		t.Errorf("%+v", st)
	}
}

// An approval that was taken for unused and was used meanwhile is revoked all the same:
// installing it once more would revert, and leave it as it is.
func TestAnApprovalUsedMeanwhileIsRevoked(t *testing.T) {
	b, o, h, ctx := newBench(t, devnet.Config{Rules: devnet.Osaka}), owners(t)[0], holders(t)[1], t.Context()
	acct := b.deployedAs(t, b.stand.Versions[len(b.stand.Versions)-1], o)
	s := b.grantTo(t, acct, o, h, limited(3))
	b.use(t, s, h, pay(1))
	b.do(t, acct, o, must[[]account.Call](t)(session.RevokeUnused(ctx, b.chain, acct, s.Permission())))
	if st := status(t, s); st.State != session.Revoked {
		t.Errorf("%+v", st)
	}
	if _, err := session.RevokeUnused(ctx, b.chain, acct, s.Permission()); !isState(err, session.Revoked) {
		t.Errorf("once more: %v", err)
	}
}
