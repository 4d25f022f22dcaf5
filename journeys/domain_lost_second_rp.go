package journeys

import (
	"context"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/recovery"
)

// The two domains: of the wallet that is gone, and of another that knows the same accounts.
var (
	wallet = page{"wallet.example", "https://wallet.example"}
	second = page{"second.test", "https://app.second.test"}
)

// domainLost: passkeys are bound to their RP ID. When its domain is gone nobody can ask
// them, a passkey of a second domain goes on.
func domainLost(ctx context.Context, w *walker) error {
	first, err := w.opened(ctx, wallet)
	if err != nil {
		return err
	}
	at, to := first.account.Address(), w.somebody()
	var stated facts
	stated.domain(wallet.rpID, "rp-id", `in = ["vendor"]`)
	stated.domain("vendor", "vendor")
	stated.domain("phone", "device")
	stated.domain("cloud", "cloud")
	stated.lives(first, "First", `devices = ["phone"]`, `cloud = "cloud"`)

	// 1. One passkey, synced everywhere, but of one domain.
	if err := w.step("create the account by a passkey of the first domain", func(s *Step) error {
		_, err := w.operate(ctx, s, w.client, first, account.Call{To: to, Value: milliEther(1)})
		s.Detail["account"] = at.Hex()
		return err
	}); err != nil {
		return err
	}
	if err := w.step("the audit: losing the domain would lock it", func(s *Step) error {
		r, err := w.audit(ctx, at, &stated)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "rp-id-lost:"+wallet.rpID, recovery.Locked), s.foretells(r, "vendor-gone:vendor", recovery.Locked),
			s.advises(r, wallet.rpID, false))
	}); err != nil {
		return err
	}

	// 2. Another domain's page makes a passkey on the same phone; the first one adds it.
	var other *user
	if err := w.step("add a passkey of a second domain", func(s *Step) error {
		other, err = w.joins(ctx, s, first, second)
		return err
	}); err != nil {
		return err
	}
	stated.lives(other, "Second", `devices = ["phone"]`, `cloud = "cloud"`)
	if err := w.step("the audit: its loss would not lock it, its theft would lose it", func(s *Step) error {
		r, err := w.audit(ctx, at, &stated)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "rp-id-lost:"+wallet.rpID, recovery.Works), s.foretells(r, "rp-id-taken:"+wallet.rpID, recovery.Stolen))
	}); err != nil {
		return err
	}

	// 3. The domain is gone, and with it the page, its server, and every related origin that
	// it had named. The browser asks the passkey for no other page.
	if err := w.step("no other page can ask the first passkey", func(s *Step) error {
		_, err := page{wallet.rpID, second.origin}.ask(first.device)
		if e, ok := errors.AsType[*softkey.DOMException](err); !ok || e.Name != "SecurityError" {
			return errors.Join(errAccepted, err)
		}
		return s.refusedHere(err)
	}); err != nil {
		return err
	}

	// 4. The second domain's page finds the account by its passkey alone.
	if err := w.step("sign in on the second domain", func(s *Step) error { return w.finds(ctx, s, other, at) }); err != nil {
		return err
	}
	if err := w.step("send value by the second domain's passkey", func(s *Step) error {
		if _, err := w.operate(ctx, s, w.client, other, account.Call{To: to, Value: milliEther(2)}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(3))
	}); err != nil {
		return err
	}

	// 5. Somebody may register the domain again: before that, its passkey has to go.
	if err := w.step("remove the passkey of the lost domain", func(s *Step) error {
		call, err := other.account.RemoveSigners(first.signer)
		if err != nil {
			return err
		}
		_, err = w.operate(ctx, s, w.client, other, call)
		return err
	}); err != nil {
		return err
	}
	if err := w.step("whoever registers the domain again is refused", func(s *Step) error {
		return w.refused(ctx, s, first)
	}); err != nil {
		return err
	}

	// 6. One passkey of one domain again: the audit says what that means.
	return w.step("the audit: now the second domain must not be lost", func(s *Step) error {
		var now facts
		now.domain("phone", "device")
		now.domain("cloud", "cloud")
		now.lives(other, "Second", `devices = ["phone"]`, `cloud = "cloud"`)
		r, err := w.audit(ctx, at, &now)
		if err != nil {
			return err
		}
		left, err := webauthn.At(ctx, w.client.Chain, at)
		if err == nil && len(left.Members()) != 1 {
			err = fmt.Errorf("journeys: %d signers are left", len(left.Members()))
		}
		return errors.Join(err, s.foretells(r, "rp-id-lost:"+second.rpID, recovery.Locked), s.advises(r, second.rpID, false))
	})
}
