package journeys

import (
	"context"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/recovery"
)

// thiefStarts: a thief has the owner's only device, cannot unlock it, and talks two
// guardians into a recovery. The owner, on a new device, stops it: by an operation, then by
// a signature that a stranger carries; then the guardians do. Who does not look loses all.
func thiefStarts(ctx context.Context, w *walker) error {
	u, err := w.opened(ctx, home)
	if err != nil {
		return err
	}
	at := u.account.Address()
	f, err := w.family(ctx)
	if err != nil {
		return err
	}
	stranger, err := w.stranger(ctx)
	if err != nil {
		return err
	}
	stated := ownersFacts(u)

	// 1. An account with guardians. What the audit says of what is to come:
	if err := w.step("create the account with guardians", func(s *Step) error {
		s.Detail["account"] = at.Hex()
		return w.appoints(ctx, s, u, twoOfThree(f.mum, f.bob, f.carol))
	}); err != nil {
		return err
	}
	if err := w.step("the audit: two guardians are a danger to who does not look", func(s *Step) error {
		f.state(stated)
		r, err := w.audit(ctx, at, stated)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "device-lost:phone", recovery.Recoverable), s.foretells(r, "guardians-collude:2", recovery.Contested),
			s.foretells(r, "device-stolen:phone", recovery.Stolen)) // that is: unlocked, which this thief cannot
	}); err != nil {
		return err
	}

	// 2. The thief says to be the owner, with a new phone. The chain shows it to everybody.
	t := &thief{walker: w, stranger: stranger, friends: []keeper{f.mum, f.bob}}
	if err := w.step("the thief gets two guardians to sign, and proposes", func(s *Step) error { return t.proposes(ctx, s, u) }); err != nil {
		return err
	}
	if err := w.step("the owner sees what is proposed, and until when", func(s *Step) error {
		if err := w.proposed(ctx, s, t.plea, guardian.Waiting); err != nil {
			return err
		}
		r, err := w.audit(ctx, at, stated)
		if err != nil {
			return err
		}
		return s.warns(r, guardian.Name(t.plea.NewSigner))
	}); err != nil {
		return err
	}

	// 3. The passkey is synced: it is on the owner's new device, too.
	if err := w.step("the owner cancels by an operation", func(s *Step) error {
		if err := w.finds(ctx, s, u, at); err != nil {
			return err
		}
		if _, err := w.operate(ctx, s, w.client, u, guardian.Cancel()); err != nil {
			return err
		}
		r, err := w.audit(ctx, at, stated)
		if err != nil {
			return err
		}
		if s.warns(r, guardian.Name(t.plea.NewSigner)) == nil {
			return errors.New("journeys: the audit still warns of what was cancelled")
		}
		return w.none(ctx, at)
	}); err != nil {
		return err
	}
	if err := w.step("what the guardians have signed is void", func(s *Step) error { return w.refuses(ctx, s, t.propose, "BadNonce") }); err != nil {
		return err
	}

	// 4. The thief gets them to sign again. The owner has neither bundler nor money.
	if err := w.step("the thief proposes again", func(s *Step) error { return t.proposes(ctx, s, u) }); err != nil {
		return err
	}
	if err := w.step("the owner cancels by a signature that a stranger carries", func(s *Step) error {
		return w.cancelsBySignature(ctx, s, u, stranger)
	}); err != nil {
		return err
	}

	// 5. And again. This time the guardians ask each other.
	if err := w.step("the thief proposes a third time", func(s *Step) error { return t.proposes(ctx, s, u) }); err != nil {
		return err
	}
	if err := w.step("one guardian alone cannot cancel", func(s *Step) error {
		_, err := w.guardiansCancel(ctx, at, f.carol)
		if _, ok := errors.AsType[*guardian.QuorumError](err); !ok {
			return errors.Join(errAccepted, err)
		}
		return s.refusedHere(err)
	}); err != nil {
		return err
	}
	if err := w.step("two guardians cancel", func(s *Step) error {
		call, err := w.guardiansCancel(ctx, at, f.carol, f.bob)
		if err != nil {
			return err
		}
		if err := w.transact(ctx, s, stranger, call); err != nil {
			return err
		}
		return w.none(ctx, at)
	}); err != nil {
		return err
	}

	// 6. A month later the thief has nothing.
	if err := w.step("after a month the thief has nothing", func(s *Step) error {
		if err := w.passes(ctx, s, 30*day); err != nil {
			return err
		}
		execute, err := guardian.Execute(t.plea.Recovery)
		if err != nil {
			return err
		}
		if err := errors.Join(w.refuses(ctx, s, execute, "NoProposal"), w.only(ctx, at, u.signer)); err != nil {
			return err
		}
		one, err := t.user.page.ask(t.user.device)
		if err != nil {
			return err
		}
		_, err = webauthn.Find(ctx, w.client.Chain, w.deployment, one)
		return s.refusedHere(err)
	}); err != nil {
		return err
	}

	// 7. "Contested" means what it says.
	return w.step("an owner who does not look loses the account", func(s *Step) error {
		if err := t.proposes(ctx, s, u); err != nil {
			return err
		}
		if err := w.passes(ctx, s, 7*day); err != nil {
			return err
		}
		execute, err := guardian.Execute(t.plea.Recovery)
		if err != nil {
			return err
		}
		if err := w.transact(ctx, s, stranger, execute); err != nil {
			return err
		}
		if err := w.finds(ctx, s, t.user, at); err != nil {
			return err
		}
		_, err = w.operate(ctx, s, w.client, t.user, account.Call{To: w.somebody(), Value: milliEther(1)})
		return err
	})
}

// thief brings in a passkey of its own by the words of guardians, however it got them.
type thief struct {
	*walker
	stranger owner // who sends the transactions
	friends  []keeper

	user    *user
	plea    plea
	propose account.Call
}

// proposes has them sign for a passkey of the thief's, and proposes it.
func (t *thief) proposes(ctx context.Context, s *Step, victim *user) error {
	var err error
	if t.user == nil {
		if t.user, _, err = t.candidate(victim, home); err != nil {
			return err
		}
	}
	me, err := t.keeper(t.user)
	if err != nil {
		return err
	}
	if t.plea, err = t.pleads(ctx, s, victim.account.Address(), me, t.user.credential); err != nil {
		return err
	}
	if t.propose, err = t.granted(ctx, t.plea, t.friends...); err != nil {
		return err
	}
	return t.transact(ctx, s, t.stranger, t.propose)
}

// cancelsBySignature has an account's owner sign that all proposals end, which anybody may
// bring to the chain.
func (w *walker) cancelsBySignature(ctx context.Context, s *Step, u *user, stranger owner) error {
	state, err := guardian.At(ctx, w.client.Chain, u.account.Address())
	if err != nil {
		return err
	}
	sig, err := w.signs(ctx, u, state.CancelAll().Digest(state.ChainID))
	if err != nil {
		return err
	}
	if err := w.transact(ctx, s, stranger, guardian.CancelBySignature(state.Account, sig)); err != nil {
		return err
	}
	return w.none(ctx, state.Account)
}

// guardiansCancel is the call by which guardians stop their tier's proposal.
func (w *walker) guardiansCancel(ctx context.Context, at common.Address, by ...keeper) (account.Call, error) {
	state, err := guardian.At(ctx, w.client.Chain, at)
	if err != nil {
		return account.Call{}, err
	}
	c, err := state.CancelRecovery(0, 0)
	if err != nil {
		return account.Call{}, err
	}
	return w.signed(ctx, state, c, by...)
}
