package journeys

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/recovery"
)

// ownerLost: the owner's key is gone, and the passkey puts another in its place.
func ownerLost(ctx context.Context, w *walker) error {
	lost, err := w.newOwner()
	if err != nil {
		return err
	}
	young, err := w.newOwner()
	if err != nil {
		return err
	}
	u, err := w.newPasskey(webauthn.SaltHandle([32]byte(w.draw(32))))
	if err != nil {
		return err
	}
	to := w.somebody()
	var a *hybrid.Account

	// 1. The account has a passkey from the start, and the passkey creates it.
	if err := w.step("create the account by its passkey", func(s *Step) error {
		if a, err = hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: lost.address(), Keys: []hybrid.Key{u.gatorKey()}}); err != nil {
			return err
		}
		if _, err := w.fund(ctx, a.Address()); err != nil {
			return err
		}
		h, err := u.gator(a)
		if err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, h, []account.Call{{}}); err != nil {
			return err
		}
		if _, err := w.reopen(ctx, s, a.Address()); err != nil {
			return err
		}
		return w.beside(ctx, s, "deployByPasskey")
	}); err != nil {
		return err
	}

	// 2. What the audit says of it: either key alone is enough, to sign and to steal.
	if err := w.step("the audit: losing the owner's key would not lock it", func(s *Step) error {
		r, err := w.audit(ctx, a.Address(), &facts{})
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "signer-lost:"+keyID(lost), recovery.Works), s.foretells(r, "signer-taken:"+keyID(lost), recovery.Stolen))
	}); err != nil {
		return err
	}

	// 3. From here on nobody has the owner's key. What the tutorial does then – build
	// the account again from the passkey – leads to an address with nothing on it.
	if err := w.step("the tutorial's mistake is named", func(s *Step) error {
		return tutorialsMistake(s, a, u)
	}); err != nil {
		return err
	}

	// 4. The same address, opened from the chain, works.
	var now *hybrid.Account
	var backup hand
	if err := w.step("send value by the passkey", func(s *Step) error {
		if now, err = w.reopen(ctx, s, a.Address()); err != nil {
			return err
		}
		if backup, err = u.gator(now); err != nil {
			return err
		}
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

	// 5. The passkey names a new owner.
	if err := w.step("make a new owner by the passkey", func(s *Step) error {
		calls, err := now.TransferOwnership(young.address())
		if err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, backup, calls); err != nil {
			return err
		}
		if now, err = w.reopen(ctx, s, a.Address()); err != nil {
			return err
		}
		if now.Owner() != young.address() {
			return fmt.Errorf("journeys: the owner is %s, not %s", now.Owner(), young.address())
		}
		return w.beside(ctx, s, "transferOwnership")
	}); err != nil {
		return err
	}

	// 6. Whoever finds the old key finds it worthless.
	if err := w.step("the old owner is refused", func(s *Step) error {
		_, err = lost.hand(now)
		if err := s.refusedHere(err); err != nil {
			return err
		}
		stale, err := lost.hand(a)
		if err != nil {
			return err
		}
		_, err = w.act(ctx, s, w.client, stale, []account.Call{{To: to, Value: milliEther(1)}})
		return s.wrongSignature(err)
	}); err != nil {
		return err
	}

	// 7. The new owner has the account, and may even part with the passkey.
	var h hand
	if err := w.step("send value by the new owner", func(s *Step) error {
		if h, err = young.hand(now); err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, h, []account.Call{{To: to, Value: milliEther(2)}}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(3))
	}); err != nil {
		return err
	}
	if err := w.step("remove the passkey by the new owner", func(s *Step) error {
		calls, err := now.RemoveKey(u.gatorKey())
		if err != nil {
			return err
		}
		if _, err := w.act(ctx, s, w.client, h, calls); err != nil {
			return err
		}
		return w.beside(ctx, s, "removeKey")
	}); err != nil {
		return err
	}
	if err := w.step("the audit: now the new owner's key must not be lost", func(s *Step) error {
		r, err := w.audit(ctx, a.Address(), &facts{})
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "signer-lost:"+keyID(young), recovery.Locked), s.advises(r, keyID(young), false))
	}); err != nil {
		return err
	}
	return w.step("the removed passkey is refused", func(s *Step) error {
		left, err := w.reopen(ctx, s, a.Address())
		if err != nil {
			return err
		}
		_, err = u.gator(left)
		if err := s.refusedHere(err); err != nil {
			return err
		}
		_, err = w.act(ctx, s, w.client, backup, []account.Call{{To: to, Value: milliEther(1)}})
		return s.wrongSignature(err)
	})
}

// tutorialsMistake builds the account again as step 7 of MetaMask's tutorial does:
// from the passkey, with an owner computed from the passkey's key as if that were of
// the other kind.
func tutorialsMistake(s *Step, a *hybrid.Account, u *user) error {
	dead := common.BytesToAddress(crypto.Keccak256(u.key.Raw()))
	c := hybrid.Config{Deployment: hybrid.V130(), Owner: dead, Keys: []hybrid.Key{u.gatorKey()}}
	if _, err := hybrid.New(c); !errors.As(err, new(*hybrid.OwnerError)) {
		return errors.Join(errAccepted, err)
	}
	c.DangerDeadOwner = true
	err := hybrid.Compare(c, hybrid.Config{Deployment: hybrid.V130(), Owner: a.Owner(), Keys: a.Keys()})
	e, ok := errors.AsType[*hybrid.DifferentAccountError](err)
	if !ok {
		return errors.Join(errAccepted, err)
	}
	if e.Meant != a.Address() || e.Computed == a.Address() {
		return fmt.Errorf("journeys: the error names %s and %s", e.Meant, e.Computed)
	}
	s.Detail["account"], s.Detail["other account"] = e.Meant.Hex(), e.Computed.Hex()
	return s.refusedHere(err)
}
