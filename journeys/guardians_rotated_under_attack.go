package journeys

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/recovery"
)

// guardiansRotated: a thief has the keys of two guardians. The owner puts others in their
// place, which takes eight days, while the thief freezes the account and proposes to
// recover it, again and again.
func guardiansRotated(ctx context.Context, w *walker) error {
	u, err := w.opened(ctx, home)
	if err != nil {
		return err
	}
	at, to := u.account.Address(), w.somebody()
	old, err := w.family(ctx)
	if err != nil {
		return err
	}
	stranger, err := w.stranger(ctx)
	if err != nil {
		return err
	}

	// 1. An account with guardians. Two of them together are a danger.
	if err := w.step("create the account with guardians", func(s *Step) error {
		s.Detail["account"] = at.Hex()
		return w.appoints(ctx, s, u, twoOfThree(old.mum, old.bob, old.carol))
	}); err != nil {
		return err
	}
	if err := w.step("the audit: two stolen guardians have to be stopped in time", func(s *Step) error {
		stated := ownersFacts(u)
		old.state(stated)
		r, err := w.audit(ctx, at, stated)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "guardians-collude:2", recovery.Contested), s.foretells(r, "cloud-lost:cloud", recovery.Recoverable))
	}); err != nil {
		return err
	}

	// 2. The keys of Mum and Bob are stolen; the owner hears of it. Dan takes Mum's place,
	// Eve takes Bob's. That waits for longer than a recovery: see what comes of it.
	var dan, eve keeper
	var setup guardian.Setup
	if err := w.step("the owner schedules other guardians", func(s *Step) error {
		if dan, err = w.keyKeeper(); err != nil {
			return err
		}
		if eve, err = w.passkeyKeeper(page{"fourth.test", "https://fourth.test"}); err != nil {
			return err
		}
		setup = twoOfThree(dan, eve, old.carol)
		call, err := guardian.ScheduleSetup(at, setup)
		if err != nil {
			return err
		}
		if _, err := w.operate(ctx, s, w.client, u, call); err != nil {
			return err
		}
		return w.scheduled(ctx, s, at, setup)
	}); err != nil {
		return err
	}

	// 3. The thief freezes the account, and proposes. The account's operations wait; its
	// signature against the proposal does not.
	t := &thief{walker: w, stranger: stranger, friends: []keeper{old.mum, old.bob}}
	if err := w.step("the thief freezes the account", func(s *Step) error {
		call, err := w.freezing(ctx, at, old.mum, old.bob)
		if err != nil {
			return err
		}
		return w.transact(ctx, s, stranger, call)
	}); err != nil {
		return err
	}
	if err := w.step("the thief proposes", func(s *Step) error { return t.proposes(ctx, s, u) }); err != nil {
		return err
	}
	if err := w.step("the frozen account's operations are refused", func(s *Step) error {
		now, err := w.now(ctx)
		if err != nil {
			return err
		}
		_, err = w.operate(ctx, s, w.client, u, guardian.Cancel())
		e, ok := errors.AsType[*webauthn.FrozenError](err)
		if !ok || e.Until.Sub(now) > 8*day || e.Until.Sub(now) < 8*day-tick {
			return fmt.Errorf("journeys: the frozen account is not said to be one: %w", errors.Join(errAccepted, err))
		}
		s.Detail["frozen until"] = e.Until.UTC().Format(time.DateTime)
		return s.refusedWith(err, "AA22") // not due
	}); err != nil {
		return err
	}
	if err := w.step("the owner's signature cancels all the same", func(s *Step) error { return w.cancelsBySignature(ctx, s, u, stranger) }); err != nil {
		return err
	}
	if err := w.step("the other guardians still come", func(s *Step) error { return w.scheduled(ctx, s, at, setup) }); err != nil {
		return err
	}

	// 4. The thief has the keys and can go on. So can the owner.
	if err := w.step("the thief proposes again, the owner cancels again", func(s *Step) error {
		for range 3 {
			if err := w.passes(ctx, s, 2*day); err != nil {
				return err
			}
			if err := t.proposes(ctx, s, u); err != nil {
				return err
			}
			if err := w.cancelsBySignature(ctx, s, u, stranger); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := w.step("a second freeze is refused", func(s *Step) error {
		call, err := w.freezing(ctx, at, old.mum, old.bob)
		if err != nil {
			return err
		}
		return w.refuses(ctx, s, call, "TooEarly")
	}); err != nil {
		return err
	}
	if err := w.step("the thief proposes a last time", func(s *Step) error { return t.proposes(ctx, s, u) }); err != nil {
		return err
	}

	// 5. Eight days are over. Anybody puts the new guardians into force; what the old ones
	// have signed is worth nothing from then on.
	if err := w.step("before its time the change cannot be applied", func(s *Step) error {
		return w.refuses(ctx, s, guardian.ApplySetup(at), "TooEarly")
	}); err != nil {
		return err
	}
	if err := w.step("after eight days a stranger applies it", func(s *Step) error {
		if err := w.passes(ctx, s, 2*day); err != nil {
			return err
		}
		if err := w.transact(ctx, s, stranger, guardian.ApplySetup(at)); err != nil {
			return err
		}
		now, err := guardian.At(ctx, w.client.Chain, at)
		if err == nil && (now.ConfigHash() != setup.Hash() || now.Pending != nil) {
			err = errors.New("journeys: other guardians are in force than were scheduled")
		}
		return err
	}); err != nil {
		return err
	}
	if err := w.step("the thief's proposal is dead", func(s *Step) error {
		if err := w.passes(ctx, s, 7*day); err != nil {
			return err
		}
		execute, err := guardian.Execute(t.plea.Recovery)
		if err != nil {
			return err
		}
		return errors.Join(w.refuses(ctx, s, execute, "NoProposal", "BadConfigHash"), w.only(ctx, at, u.signer))
	}); err != nil {
		return err
	}
	if err := w.step("the stolen keys sign nothing any more", func(s *Step) error {
		err := t.proposes(ctx, s, u)
		if err == nil {
			return errAccepted
		}
		return s.refusedHere(err)
	}); err != nil {
		return err
	}

	// Without a bundler from here on: Alto holds an operation's times against the clock of its machine, for which the
	// freeze has not ended.
	alone := account.Client{Chain: w.client.Chain, Bundler: &account.Relayer{Node: w.node, Chain: w.client.Chain, Key: stranger.key}}

	// 6. The account is free, its owner goes on; and the new guardians count.
	if err := w.step("the account is free again", func(s *Step) error {
		if _, err := w.operate(ctx, s, alone, u, account.Call{To: to, Value: milliEther(1)}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(1))
	}); err != nil {
		return err
	}
	return w.step("the new guardians bring in a new passkey", func(s *Step) error {
		young, _, err := w.candidate(u, home)
		if err != nil {
			return err
		}
		if err := w.recovers(ctx, s, at, young, stranger, dan, eve); err != nil {
			return err
		}
		if err := w.finds(ctx, s, young, at); err != nil {
			return err
		}
		_, err = w.operate(ctx, s, alone, young, account.Call{To: to, Value: milliEther(1)})
		return err
	})
}

// scheduled wants this setup to wait.
func (w *walker) scheduled(ctx context.Context, s *Step, at common.Address, setup guardian.Setup) error {
	state, err := guardian.At(ctx, w.client.Chain, at)
	if err != nil {
		return err
	}
	if state.Pending == nil || state.Pending.Setup.Hash() != setup.Hash() {
		return errors.New("journeys: the chain does not show the guardians that are to come")
	}
	s.Detail["to come"] = strings.Join(state.Pending.Setup.Words(), " ")
	return nil
}

// freezing is the call by which guardians freeze an account.
func (w *walker) freezing(ctx context.Context, at common.Address, by ...keeper) (account.Call, error) {
	state, err := guardian.At(ctx, w.client.Chain, at)
	if err != nil {
		return account.Call{}, err
	}
	return w.signed(ctx, state, state.Freeze(0, state.Time.Add(day)), by...)
}

// recovers brings in a new passkey by guardians, from the plea to the end.
func (w *walker) recovers(ctx context.Context, s *Step, at common.Address, young *user, stranger owner, by ...keeper) error {
	me, err := w.keeper(young)
	if err != nil {
		return err
	}
	p, err := w.pleads(ctx, s, at, me, young.credential)
	if err != nil {
		return err
	}
	propose, err := w.granted(ctx, p, by...)
	if err != nil {
		return err
	}
	if err := w.transact(ctx, s, stranger, propose); err != nil {
		return err
	}
	if err := w.passes(ctx, s, 7*day); err != nil {
		return err
	}
	execute, err := guardian.Execute(p.Recovery)
	if err != nil {
		return err
	}
	return w.transact(ctx, s, stranger, execute)
}
