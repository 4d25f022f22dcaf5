package session_test

import (
	"context"
	"errors"
	"math/big"
	"sync/atomic"
	"testing"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
)

// One prompt revokes on every chain; a chain that fails does not stop the others; a
// chain without the permission is left alone.
func TestOnePromptRevokesOnSeveralChains(t *testing.T) {
	ctx := t.Context()
	var benches []*bench
	for i := range 3 {
		benches = append(benches, newBench(t, devnet.Config{Rules: devnet.Osaka, ChainID: uint64(5000 + i)}))
	}
	for _, o := range owners(t) {
		t.Run(o.name, func(t *testing.T) {
			h := holders(t)[1]
			acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: benches[0].stand.Versions[len(benches[0].stand.Versions)-1], Root: o.root}))
			_, several := o.by.(kernel.PasskeyApprover)
			var sessions []*session.Session
			var targets []session.RevokeTarget
			for i, b := range benches {
				b.fund(t, acct.Address())
				if i < 2 {
					p := must[*session.Pending](t)(session.NewPending(ctx, []session.Target{b.target(acct)}, o.by, h.signer, limited(3)))
					docs := must[[]*approval.Document](t)(p.Finish(must[account.Approval](t)(o.ask(p.Challenge()))))
					s := b.open(t, docs[0], h)
					b.use(t, s, h, pay(1))
					sessions = append(sessions, s)
				}
				client := b.client()
				client.ChainID = b.id
				targets = append(targets, session.RevokeTarget{Client: client, Account: acct, IDs: []kernel.PermissionID{limitedID(t, h)}})
			}
			wrong := targets[0]
			wrong.Client.ChainID = big.NewInt(1)
			targets = append(targets, wrong)
			var prompts atomic.Int32
			steps := map[int][]session.Step{}
			err := session.RevokeMany(ctx, targets, o.by, func(_ context.Context, c account.Challenge) (account.Approval, error) {
				prompts.Add(1)
				return o.ask(c)
			}, func(p session.Progress) { steps[p.Target] = append(steps[p.Target], p.Step) })
			e, ok := errors.AsType[*session.TargetError](err)
			if !ok || e.Target != 3 || e.Hint() == "" {
				t.Errorf("%v", err)
			}
			want := int32(2)
			if _, multi := o.root.(kernel.MultiChainECDSA); multi {
				want = 1
			}
			if _, multi := o.root.(kernel.MultiChainWebAuthn); multi && several {
				want = 1
			}
			if prompts.Load() != want {
				t.Errorf("%d prompts, want %d", prompts.Load(), want)
			}
			for i, s := range sessions {
				if st := status(t, s); st.State != session.Revoked {
					t.Errorf("chain %d: %+v", i, st)
				}
				if n := len(steps[i]); n != 3 || steps[i][2] != session.StepDone {
					t.Errorf("chain %d: %v", i, steps[i])
				}
			}
			if len(steps[2]) != 1 || steps[2][0] != session.StepNothing || len(steps[3]) != 1 || steps[3][0] != session.StepFailed {
				t.Errorf("%v", steps)
			}
		})
	}
}

func limitedID(t *testing.T, h holder) kernel.PermissionID {
	t.Helper()
	return must[kernel.Permission](t)(approval.ToPermission(limited(3), h.signer)).ID()
}
