package journeys

import (
	"context"
	"errors"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
)

// signIn: a new session knows nothing but the chain, and finds the account.
func signIn(ctx context.Context, w *walker) error {
	u, err := w.fundedUser(ctx)
	if err != nil {
		return err
	}
	again := &user{device: u.device, page: u.page} // the new session

	// 1. The account is not on chain yet: one assertion leaves two possible keys, a
	// second one decides.
	if err := w.step("find an account that is not deployed", func(s *Step) error {
		one, err := ask(again.device)
		if err != nil {
			return err
		}
		found, err := webauthn.Find(ctx, w.client.Chain, w.deployment, one)
		asked := 1
		if errors.Is(err, webauthn.ErrAmbiguous) {
			var two webauthn.Ceremony
			if two, err = ask(again.device); err != nil {
				return err
			}
			asked, found, err = 2, nil, nil
			found, err = webauthn.Find(ctx, w.client.Chain, w.deployment, one, two)
		}
		s.Detail["assertions"] = asked
		return again.found(s, u, found, err)
	}); err != nil {
		return err
	}

	// 2. It works.
	to := randomAddress()
	if err := w.step("create the account and send value", func(s *Step) error {
		_, err := w.operate(ctx, s, w.client, again, account.Call{To: to, Value: milliEther(1)})
		return err
	}); err != nil {
		return err
	}

	// 3. Another session: now one assertion is enough.
	third := &user{device: u.device, page: u.page}
	if err := w.step("find a deployed account by one assertion", func(s *Step) error {
		one, err := ask(third.device)
		if err != nil {
			return err
		}
		found, err := webauthn.Find(ctx, w.client.Chain, w.deployment, one)
		s.Detail["assertions"] = 1
		return third.found(s, u, found, err)
	}); err != nil {
		return err
	}

	// 4. And goes on.
	return w.step("send value again", func(s *Step) error {
		if _, err := w.operate(ctx, s, w.client, third, account.Call{To: to, Value: milliEther(2)}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(3))
	})
}

// found takes what Find found, which must be want's account.
func (u *user) found(s *Step, want *user, f *webauthn.Found, err error) error {
	if err != nil {
		return err
	}
	s.Detail["account"], s.Detail["deployed"] = f.Account.Address().Hex(), f.Deployed
	if f.Account.Address() != want.account.Address() || f.Key != want.key {
		return errNotTheSame
	}
	u.key = f.Key
	return u.takes(f.Account, f.Signer)
}
