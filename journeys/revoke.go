package journeys

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// revoke: an owner with a passkey looks through what the account has permitted, and
// ends one of it, one that was never used, and then all.
func revoke(ctx context.Context, w *walker) error {
	owner, err := w.passkeyHolder(ctx)
	if err != nil {
		return err
	}
	r := &ending{walker: w, owner: owner, to: w.somebody(), shop: w.somebody()}
	for i := range r.keys {
		if r.keys[i], err = w.keyHolder(); err != nil {
			return err
		}
	}
	steps := []struct {
		name string
		do   func(context.Context, *Step) error
	}{
		// 1. Two session keys have been at work, a third has its approval in the drawer.
		{"an account with three session keys", r.three},
		// 2. The owner lists what the chain knows.
		{"list what the account permits", r.list},
		// 3. One ends. What it has signed before is worth nothing any more.
		{"revoke one", r.one},
		{"what it signed before is refused", r.late},
		// 4. The others go on.
		{"the other goes on", r.other},
		// 5. The same rights again would be the same permission, which is gone for good.
		{"the same grant again is refused, another is not", r.again},
		// 6. The approval in the drawer is made worthless without touching the others.
		{"revoke the one that was never used", r.unused},
		// 7. Everything at once.
		{"revoke all", r.all},
	}
	for _, step := range steps {
		if err := w.step(step.name, func(s *Step) error { return step.do(ctx, s) }); err != nil {
			return err
		}
	}
	return nil
}

// ending is the account whose permissions end.
type ending struct {
	*walker
	owner    holder
	account  *kernel.Account
	keys     [3]holder
	open     [3]*session.Session
	grants   [3]grant.Grant
	to, shop common.Address

	before *account.Prepared // signed by the first key before it was revoked
	hash   common.Hash       // of a message, and its signature
	sig    []byte
}

func (r *ending) three(ctx context.Context, s *Step) error {
	var err error
	if r.account, err = r.newKernel(ctx, s, r.owner.one); err != nil {
		return err
	}
	for i, h := range r.keys {
		if r.grants[i], err = r.fewRights(ctx, r.to, r.shop); err != nil {
			return err
		}
		if r.open[i], err = r.grant(ctx, s, r.owner, r.account, h, r.grants[i]); err != nil {
			return err
		}
		if i == 2 {
			break
		}
		if _, err = r.use(ctx, s, r.open[i], h, r.pay()); err != nil {
			return err
		}
	}
	s.Detail["prompts"] = 3
	if r.before, err = r.open[0].Prepare(ctx, r.client, r.keys[0].by, []account.Call{r.pay()}); err != nil {
		return err
	}
	if err := s.seal(r.before, r.keys[0].approve); err != nil {
		return err
	}
	r.hash = crypto.Keccak256Hash([]byte("one lamp"))
	q, err := r.open[0].SignHash(ctx, r.keys[0].by, r.hash, r.shop)
	if err != nil {
		return err
	}
	a, err := r.keys[0].approve(q.Challenge())
	if err != nil {
		return err
	}
	if r.sig, err = q.Finish(a); err != nil {
		return err
	}
	yes, err := r.asks(ctx, r.shop, r.account.Address(), r.hash, r.sig)
	if err == nil && !yes {
		err = errors.New("journeys: the account does not take a message of its session key")
	}
	return err
}

// pay is a call that the session keys may make.
func (r *ending) pay() account.Call { return account.Call{To: r.to, Value: milliEther(1)} }

// found lists the account's permissions by where they stand.
func (r *ending) found(ctx context.Context, s *Step) (map[kernel.PermissionID]session.Permission, []session.Permission, error) {
	list, err := session.List(ctx, r.client.Chain, r.account)
	if err != nil {
		return nil, nil, err
	}
	by, lines := map[kernel.PermissionID]session.Permission{}, []string{}
	for _, p := range list {
		by[p.ID] = p
		lines = append(lines, p.Status.String())
		lines = append(lines, p.Words...)
		lines = append(lines, p.Status.Words...)
	}
	s.Detail["permissions"] = lines
	return by, list, nil
}

// stand wants the permissions to stand as told; "" is not found.
func (r *ending) stand(ctx context.Context, s *Step, want ...session.State) error {
	by, _, err := r.found(ctx, s)
	if err != nil {
		return err
	}
	for i, state := range want {
		p, ok := by[r.open[i].ID()]
		if state == 0 && !ok {
			continue
		}
		if !ok || p.Status.State != state {
			return fmt.Errorf("journeys: permission %d is %q in the list, not %s", i+1, p.Status.State, state)
		}
		if state == session.Enabled && (p.Contents == nil || p.Contents.ID() != r.open[i].ID()) {
			return fmt.Errorf("journeys: the list does not know what permission %d allows", i+1)
		}
	}
	return nil
}

func (r *ending) list(ctx context.Context, s *Step) error {
	return r.stand(ctx, s, session.Enabled, session.Enabled, 0)
}

// byOwner has the owner make calls of the account to itself.
func (r *ending) byOwner(ctx context.Context, s *Step, calls []account.Call) error {
	h, err := r.owner.owns(r.account)
	if err != nil {
		return err
	}
	_, err = r.act(ctx, s, r.client, h, calls)
	return err
}

func (r *ending) one(ctx context.Context, s *Step) error {
	calls, err := session.Revoke(ctx, r.client.Chain, r.account, r.open[0].ID())
	if err != nil {
		return err
	}
	if err := r.byOwner(ctx, s, calls); err != nil {
		return err
	}
	if err := s.standing(ctx, r.open[0], session.Revoked); err != nil {
		return err
	}
	return r.stand(ctx, s, session.Revoked, session.Enabled, 0)
}

func (r *ending) late(ctx context.Context, s *Step) error {
	_, err := r.open[0].Prepare(ctx, r.client, r.keys[0].by, []account.Call{r.pay()})
	if err := s.refusedHere(err); err != nil {
		return err
	}
	if err := r.refusedAs(ctx, s, r.before.Op(), "AA23"); err != nil {
		return err
	}
	yes, err := r.asks(ctx, r.shop, r.account.Address(), r.hash, r.sig)
	if err == nil && yes {
		return errAccepted
	}
	return err
}

func (r *ending) other(ctx context.Context, s *Step) error {
	if _, err := r.use(ctx, s, r.open[1], r.keys[1], r.pay()); err != nil {
		return err
	}
	return s.standing(ctx, r.open[1], session.Enabled)
}

func (r *ending) again(ctx context.Context, s *Step) error {
	_, err := r.walker.grant(ctx, s, r.owner, r.account, r.keys[0], r.grants[0])
	if err := s.refusedHere(err); err != nil {
		return err
	}
	p, err := r.byHand(ctx, r.owner, r.account, r.keys[0].session, r.grants[0])
	if err != nil {
		return err
	}
	op, err := r.installs(ctx, p, r.keys[0], r.before.Op(), r.pay())
	if err != nil {
		return err
	}
	if err := r.refusedAs(ctx, s, op, "AA23"); err != nil {
		return err
	}
	g := r.grants[0]
	g.Policies = append([]grant.Policy{}, g.Policies...)
	g.Policies[1] = &grant.RateLimit{Count: 9}
	on, err := r.walker.grant(ctx, s, r.owner, r.account, r.keys[0], g)
	if err != nil {
		return err
	}
	_, err = r.use(ctx, s, on, r.keys[0], r.pay())
	return err
}

func (r *ending) unused(ctx context.Context, s *Step) error {
	if err := s.standing(ctx, r.open[2], session.Approved); err != nil {
		return err
	}
	calls, err := session.RevokeUnused(ctx, r.client.Chain, r.account, r.open[2].Permission())
	if err != nil {
		return err
	}
	if err := r.byOwner(ctx, s, calls); err != nil {
		return err
	}
	if err := s.standing(ctx, r.open[2], session.Revoked); err != nil {
		return err
	}
	_, err = r.open[2].Prepare(ctx, r.client, r.keys[2].by, []account.Call{r.pay()})
	return s.refusedHere(err)
}

func (r *ending) all(ctx context.Context, s *Step) error {
	_, list, err := r.found(ctx, s)
	if err != nil {
		return err
	}
	calls, err := session.RevokeAll(ctx, r.client.Chain, r.account, list)
	if err != nil {
		return err
	}
	if err := r.byOwner(ctx, s, calls); err != nil {
		return err
	}
	by, _, err := r.found(ctx, s)
	if err != nil {
		return err
	}
	for id, p := range by {
		if p.Status.State != session.Revoked {
			return fmt.Errorf("journeys: %s is %s after all was revoked", id, p.Status.State)
		}
	}
	_, err = r.open[1].Prepare(ctx, r.client, r.keys[1].by, []account.Call{r.pay()})
	return s.refusedHere(err)
}
