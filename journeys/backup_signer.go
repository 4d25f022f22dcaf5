package journeys

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

// backupSigner: a MetaMask account gets a passkey beside its owner's key, and goes
// on with the passkey alone.
func backupSigner(ctx context.Context, w *walker) error {
	o, err := w.newOwner()
	if err != nil {
		return err
	}
	to, other := w.somebody(), w.somebody()
	var a *hybrid.Account

	// 1. The address follows from the owner; money arrives before the account exists.
	if err := w.step("open an account with an owner's key", func(s *Step) error {
		if a, err = hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: o.address()}); err != nil {
			return err
		}
		s.Detail["account"], s.Detail["owner"] = a.Address().Hex(), o.address().Hex()
		_, err := w.fund(ctx, a.Address())
		return err
	}); err != nil {
		return err
	}

	// 2. The first operation also creates the account, there and nowhere else.
	if err := w.step("create the account", func(s *Step) error {
		h, err := o.hand(a)
		if err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, h, []account.Call{{}}); err != nil {
			return err
		}
		if _, err := w.reopen(ctx, s, a.Address()); err != nil {
			return err
		}
		return w.beside(ctx, s, "deploy")
	}); err != nil {
		return err
	}

	// 3. A passkey is made that remembers the account's address; the owner adds it.
	var u *user
	if err := w.step("add a passkey as backup", func(s *Step) error {
		if u, err = w.newPasskey(webauthn.AddressHandle(a.Address())); err != nil {
			return err
		}
		s.Detail["key"], s.Detail["key hash"] = u.gatorKey().ID, u.gatorKey().Hash.Hex()
		now, err := a.With(ctx, w.client.Chain)
		if err != nil {
			return err
		}
		calls, err := now.AddKey(u.gatorKey())
		if err != nil {
			return err
		}
		h, err := o.hand(now)
		if err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, h, calls); err != nil {
			return err
		}
		return w.beside(ctx, s, "addKey")
	}); err != nil {
		return err
	}

	// 4. The owner goes on as before.
	if err := w.step("send value by the owner", func(s *Step) error {
		h, err := o.hand(a)
		if err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, h, []account.Call{{To: other, Value: milliEther(1)}}); err != nil {
			return err
		}
		return w.received(ctx, other, milliEther(1))
	}); err != nil {
		return err
	}

	// 5. Later, on a device that has the passkey and nothing else: the passkey says
	// where the account is, the chain says who signs for it.
	var backup hand
	var now *hybrid.Account
	if err := w.step("find the account by the passkey", func(s *Step) error {
		if now, err = w.findGator(ctx, s, u); err != nil {
			return err
		}
		if now.Address() != a.Address() {
			return errNotTheSame
		}
		backup, err = u.gator(now)
		return err
	}); err != nil {
		return err
	}
	if err := w.step("send value by the passkey", func(s *Step) error {
		if _, err := w.act(ctx, s, w.client, backup, []account.Call{{To: to, Value: milliEther(1)}}); err != nil {
			return err
		}
		if err := w.received(ctx, to, milliEther(1)); err != nil {
			return err
		}
		return w.beside(ctx, s, "send")
	}); err != nil {
		return err
	}
	if err := w.step("send to two in one batch", func(s *Step) error {
		third := w.somebody()
		if _, err := w.act(ctx, s, w.client, backup, []account.Call{{To: to, Value: milliEther(1)}, {To: third, Value: milliEther(2)}}); err != nil {
			return err
		}
		if err := w.received(ctx, third, milliEther(2)); err != nil {
			return err
		}
		return w.beside(ctx, s, "batch")
	}); err != nil {
		return err
	}

	// 6. Another passkey gets nowhere, neither here nor there.
	if err := w.step("an unknown passkey is refused", func(s *Step) error {
		return w.refuseStranger(ctx, s, now, backup)
	}); err != nil {
		return err
	}

	// 7. The owner steps down: from now on there is the passkey alone.
	if err := w.step("the owner renounces", func(s *Step) error {
		calls, err := now.RenounceOwnership()
		if err != nil {
			return err
		}
		h, err := o.hand(now)
		if err != nil {
			return err
		}
		_, err = w.act(ctx, s, w.client, h, calls)
		return err
	}); err != nil {
		return err
	}
	if err := w.step("the owner is refused", func(s *Step) error {
		left, err := w.reopen(ctx, s, a.Address())
		if err != nil {
			return err
		}
		if left.Owner() != (common.Address{}) {
			return fmt.Errorf("journeys: the owner is still %s", left.Owner())
		}
		_, err = o.hand(left)
		if err := s.refusedHere(err); err != nil {
			return err
		}
		// With what it remembers of the account it gets as far as the bundler.
		stale, err := o.hand(now)
		if err != nil {
			return err
		}
		_, err = w.act(ctx, s, w.client, stale, []account.Call{{To: to, Value: milliEther(1)}})
		return s.wrongSignature(err)
	}); err != nil {
		return err
	}

	// 8. The passkey works, and the last signer cannot be removed.
	return w.step("the last passkey cannot be removed", func(s *Step) error {
		left, err := w.reopen(ctx, s, a.Address())
		if err != nil {
			return err
		}
		_, err = left.RemoveKey(u.gatorKey())
		if err := s.refusedHere(err); err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, backup, []account.Call{{To: to, Value: milliEther(3)}}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(5))
	})
}

// findGator opens the account that a passkey leads to: one assertion brings the
// address that the passkey remembers, and the account must know the passkey.
func (w *walker) findGator(ctx context.Context, s *Step, u *user) (*hybrid.Account, error) {
	one, err := ask(u.device)
	if err != nil {
		return nil, err
	}
	handle, err := webauthn.ParseHandle(one.Assertion.UserHandle)
	if err != nil {
		return nil, err
	}
	at, ok := handle.Address()
	if !ok {
		return nil, errNotTheSame
	}
	a, err := w.reopen(ctx, s, at)
	if err != nil {
		return nil, err
	}
	for _, k := range a.Keys() {
		if k.Hash == u.gatorKey().Hash && k.Public == u.key {
			s.Detail["key"], s.Detail["key hash"] = k.ID, k.Hash.Hex()
			return a, one.Assertion.Verify(k.Public, one.Rule)
		}
	}
	return nil, errNotTheSame
}

// refuseStranger tries a passkey that is not the account's: as approver, as the
// answer to somebody else's challenge, and as signature of a forged operation.
func (w *walker) refuseStranger(ctx context.Context, s *Step, a *hybrid.Account, h hand) error {
	stranger, err := w.newPasskey(webauthn.AddressHandle(a.Address()))
	if err != nil {
		return err
	}
	_, err = stranger.gator(a)
	if err := s.refusedHere(err); err != nil {
		return err
	}
	calls := []account.Call{{To: w.somebody(), Value: milliEther(1)}}
	p, err := account.Prepare(ctx, w.client, h.account, h.authority, calls)
	if err != nil {
		return err
	}
	c := p.Challenge()
	answer, err := stranger.device.Sign(stranger.credential, c.Digest[:], rpID, origin)
	if err != nil {
		return err
	}
	if _, err := p.Finish(account.Approval{Assertion: answer}); !errors.As(err, new(*account.ApprovalError)) {
		return errors.Join(errAccepted, err)
	}
	return w.refuse(ctx, s, h, calls, func(c account.Challenge) ([]byte, error) {
		answer, err := stranger.device.Sign(stranger.credential, c.Digest[:], rpID, origin)
		if err != nil {
			return nil, err
		}
		return seal.MetaMaskWebAuthn(stranger.gatorKey().Hash, answer)
	})
}
