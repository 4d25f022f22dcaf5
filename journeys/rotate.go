package journeys

import (
	"context"
	"errors"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey/softkey"
)

// rotate: a second passkey takes over from the first.
func rotate(ctx context.Context, w *walker) error {
	old, err := w.fundedUser(ctx)
	if err != nil {
		return err
	}
	to := randomAddress()

	// 1. The account exists and works with its first passkey.
	if err := w.step("create the account", func(s *Step) error {
		_, err := w.operate(ctx, s, w.client, old, account.Call{To: to, Value: milliEther(1)})
		return err
	}); err != nil {
		return err
	}

	// 2. Another device makes a passkey whose user handle is the account's address;
	// the first passkey adds it.
	var young *user
	if err := w.step("add a second passkey", func(s *Step) error {
		made, _, err := create(softkey.New(), webauthn.AddressHandle(old.account.Address()), "Ada")
		if err != nil {
			return err
		}
		signer, err := webauthn.Passkey(made.key, webauthn.FirstRule)
		if err != nil {
			return err
		}
		call, err := old.account.AddSigners(webauthn.Members(signer)...)
		if err != nil {
			return err
		}
		_, err = w.operate(ctx, s, w.client, old, call)
		young = made
		return err
	}); err != nil {
		return err
	}

	// 3. The second device signs in by itself: its passkey leads to the address.
	if err := w.step("sign in with the second passkey alone", func(s *Step) error {
		one, err := ask(young.device)
		if err != nil {
			return err
		}
		f, err := webauthn.Find(ctx, w.client.Chain, w.deployment, one)
		if err != nil {
			return err
		}
		s.Detail["account"], s.Detail["signers"] = f.Account.Address().Hex(), len(f.Account.Members())
		if f.Account.Address() != old.account.Address() {
			return errNotTheSame
		}
		return young.takes(f.Account, f.Signer)
	}); err != nil {
		return err
	}

	// 4. It removes the first.
	if err := w.step("remove the first passkey", func(s *Step) error {
		call, err := young.account.RemoveSigners(old.account.Members()[0].Signer)
		if err != nil {
			return err
		}
		_, err = w.operate(ctx, s, w.client, young, call)
		return err
	}); err != nil {
		return err
	}

	// 5. The first can neither sign in nor, with what it still remembers, operate.
	if err := w.step("the first passkey is refused", func(s *Step) error {
		one, err := ask(old.device)
		if err != nil {
			return err
		}
		f, err := webauthn.Find(ctx, w.client.Chain, w.deployment, one)
		if err == nil {
			s.Detail["found"] = f.Account.Address().Hex()
			return errAccepted
		}
		s.Detail["signIn"] = err.Error()
		_, err = w.operate(ctx, s, w.client, old, account.Call{To: to, Value: milliEther(1)})
		if err == nil {
			return errAccepted
		}
		s.Detail["operate"] = err.Error()
		return nil
	}); err != nil {
		return err
	}

	// 6. The last passkey cannot lock itself out, and works.
	return w.step("the second passkey works and cannot be removed", func(s *Step) error {
		now, err := webauthn.At(ctx, w.client.Chain, young.account.Address())
		if err != nil {
			return err
		}
		if _, err := now.RemoveSigners(now.Members()[0].Signer); !errors.Is(err, webauthn.ErrLastSigner) {
			return errAccepted
		}
		if _, err := w.operate(ctx, s, w.client, young, account.Call{To: to, Value: milliEther(2)}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(3))
	})
}
