package journeys

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/recovery"
)

// cloudLost: the cloud account that had the only passkey is gone; two of three guardians
// bring in a new one, in a week.
func cloudLost(ctx context.Context, w *walker) error {
	old, err := w.opened(ctx, home)
	if err != nil {
		return err
	}
	at, to := old.account.Address(), w.somebody()
	stated := ownersFacts(old)

	// 1. One passkey, synced by one cloud account.
	if err := w.step("create the account by a synced passkey", func(s *Step) error {
		_, err := w.operate(ctx, s, w.client, old, account.Call{To: to, Value: milliEther(1)})
		s.Detail["account"] = at.Hex()
		return err
	}); err != nil {
		return err
	}
	if err := w.step("the audit: losing the cloud account would lock it", func(s *Step) error {
		r, err := w.audit(ctx, at, stated)
		if err != nil {
			return err
		}
		return s.foretells(r, "cloud-lost:cloud", recovery.Locked)
	}); err != nil {
		return err
	}

	// 2. Guardians: a key, a passkey of another domain, an account. No setup that would be
	// of no use, or of too much, gets to the chain.
	var f family
	if err := w.step("three people are ready", func(s *Step) error {
		f, err = w.family(ctx)
		return err
	}); err != nil {
		return err
	}
	setup := twoOfThree(f.mum, f.bob, f.carol)
	if err := w.step("bad guardians are refused", func(s *Step) error { return w.badGuardians(ctx, s, old, setup) }); err != nil {
		return err
	}
	if err := w.step("install guardians: two of three, seven days", func(s *Step) error { return w.appoints(ctx, s, old, setup) }); err != nil {
		return err
	}
	f.state(stated)
	if err := w.step("the audit: now two guardians would bring its owner back", func(s *Step) error {
		r, err := w.audit(ctx, at, stated)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "cloud-lost:cloud", recovery.Recoverable), s.after(r, "cloud-lost:cloud", 7*day, 2),
			s.foretells(r, "guardians-collude:2", recovery.Contested))
	}); err != nil {
		return err
	}

	var drill []guardian.Approval
	if err := w.step("a drill: all three can sign", func(s *Step) error {
		drill, err = w.drilled(ctx, s, at, f.mum, f.bob, f.carol)
		return err
	}); err != nil {
		return err
	}

	// 3. The cloud account is gone. On a new phone, in a new cloud account, is a new passkey.
	young, _, err := w.candidate(old, home)
	if err != nil {
		return err
	}
	me, err := w.keeper(young)
	if err != nil {
		return err
	}
	stranger, err := w.stranger(ctx)
	if err != nil {
		return err
	}
	var p plea
	if err := w.step("the new passkey asks to take the old one's place", func(s *Step) error {
		p, err = w.pleads(ctx, s, at, me, young.credential)
		return err
	}); err != nil {
		return err
	}
	if err := w.step("what was signed in the drill proposes nothing", func(s *Step) error { return w.provesOnly(ctx, s, p, drill) }); err != nil {
		return err
	}
	if err := w.step("one guardian is not enough", func(s *Step) error {
		_, err := w.granted(ctx, p, f.mum)
		if _, ok := errors.AsType[*guardian.QuorumError](err); !ok {
			return errors.Join(errAccepted, err)
		}
		return s.refusedHere(err)
	}); err != nil {
		return err
	}
	var propose account.Call
	if err := w.step("Mum and Carol agree, and a stranger proposes it", func(s *Step) error {
		if propose, err = w.granted(ctx, p, f.mum, f.carol); err != nil {
			return err
		}
		if err := w.transact(ctx, s, stranger, propose); err != nil {
			return err
		}
		return w.proposed(ctx, s, p, guardian.Waiting)
	}); err != nil {
		return err
	}

	// 4. Until the week is over nothing happens, whoever asks.
	execute, err := guardian.Execute(p.Recovery)
	if err != nil {
		return err
	}
	if err := w.step("before the week is over it cannot be executed", func(s *Step) error {
		if err := w.passes(ctx, s, 7*day-tick); err != nil {
			return err
		}
		return errors.Join(w.refuses(ctx, s, execute, "TooEarly"), w.proposed(ctx, s, p, guardian.Waiting))
	}); err != nil {
		return err
	}
	if err := w.step("after seven days the stranger executes it", func(s *Step) error {
		if err := w.passes(ctx, s, tick); err != nil {
			return err
		}
		if err := w.transact(ctx, s, stranger, execute); err != nil {
			return err
		}
		return w.recovered(ctx, p)
	}); err != nil {
		return err
	}

	// 5. The account is its owner's again, at the same address, and nobody else's.
	if err := w.step("sign in with the new passkey alone", func(s *Step) error { return w.finds(ctx, s, young, at) }); err != nil {
		return err
	}
	if err := w.step("send value by the new passkey", func(s *Step) error {
		if _, err := w.operate(ctx, s, w.client, young, account.Call{To: to, Value: milliEther(2)}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(3))
	}); err != nil {
		return err
	}
	if err := w.step("the lost passkey is refused", func(s *Step) error { return w.refused(ctx, s, old) }); err != nil {
		return err
	}
	if err := w.step("what the guardians have signed is used up", func(s *Step) error {
		return errors.Join(w.refuses(ctx, s, execute, "NoProposal"), w.refuses(ctx, s, propose, "BadNonce"))
	}); err != nil {
		return err
	}
	return w.step("the audit: the next cloud account may be lost, too", func(s *Step) error {
		now := ownersFacts(young)
		f.state(now)
		r, err := w.audit(ctx, at, now)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "cloud-lost:cloud", recovery.Recoverable), s.after(r, "cloud-lost:cloud", 7*day, 2))
	})
}

// ownersFacts is a passkey on a phone and in a cloud account that it is lost with.
func ownersFacts(u *user) *facts {
	f := new(facts)
	f.domain("phone", "device")
	f.domain("cloud", "cloud", "offline = false")
	f.lives(u, "Passkey", `devices = ["phone"]`, `cloud = "cloud"`)
	return f
}

// badGuardians tries setups that must not stand: they are refused here, and by the chain
// when they get past that on purpose.
func (w *walker) badGuardians(ctx context.Context, s *Step, u *user, good guardian.Setup) error {
	self, err := webauthn.Address(u.account.Address())
	if err != nil {
		return err
	}
	for _, bad := range []struct {
		why    guardian.Reason
		chain  string // the contract's error; "": it cannot tell
		change func(*guardian.Setup)
	}{
		{guardian.ThresholdHigh, "BadThreshold", func(x *guardian.Setup) { x.Tiers[0].Threshold = 4 }},
		{guardian.ThresholdZero, "BadThreshold", func(x *guardian.Setup) { x.Tiers[0].Threshold = 0 }},
		{guardian.DelayShort, "BadDelay", func(x *guardian.Setup) { x.Tiers[0].Delay = 0 }},
		{guardian.DelayLong, "BadDelay", func(x *guardian.Setup) { x.Tiers[0].Delay = 3 * 365 * day }},
		{guardian.Duplicate, "DuplicateGuardian", func(x *guardian.Setup) { x.Tiers[0].Guardians[1] = x.Tiers[0].Guardians[0] }},
		{guardian.Own, "BadSigner", func(x *guardian.Setup) { x.Tiers[0].Guardians[0].Signer = self }},
		{guardian.SignerGuards, "", func(x *guardian.Setup) { x.Tiers[0].Guardians[0].Signer = u.signer }},
	} {
		setup := copied(good)
		bad.change(&setup)
		setup = setup.Sorted()
		if !slices.ContainsFunc(setup.Problems(u.account.Address(), signersOf(u.account)), func(e *guardian.SetupError) bool { return e.Reason == bad.why }) {
			return fmt.Errorf("journeys: a setup is not refused although %s: %w", bad.why, errAccepted)
		}
		if err := s.refusedHere(setup.Check(u.account.Address(), signersOf(u.account))); err != nil {
			return err
		}
		if bad.chain == "" {
			continue
		}
		data, err := setup.Encode()
		if err != nil {
			return err
		}
		if err := w.refusesFrom(ctx, s, u.account.Address(), onInstall(data), bad.chain); err != nil {
			return fmt.Errorf("%s: %w", bad.why, err)
		}
	}
	return nil
}
