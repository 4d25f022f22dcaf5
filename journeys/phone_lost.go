package journeys

import (
	"context"
	"errors"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/recovery"
)

// phoneLost: the phone with the only passkey would have locked the account; with a second
// passkey on a laptop the phone is lost, and replaced.
func phoneLost(ctx context.Context, w *walker) error {
	phone, err := w.opened(ctx, home, stays)
	if err != nil {
		return err
	}
	at, to := phone.account.Address(), w.somebody()
	var stated facts
	stated.domain("phone", "device")
	stated.lives(phone, "Phone", `devices = ["phone"]`, `cloud = false`)

	// 1. The account exists and has one passkey, which never leaves the phone.
	if err := w.step("create the account by the phone's passkey", func(s *Step) error {
		_, err := w.operate(ctx, s, w.client, phone, account.Call{To: to, Value: milliEther(1)})
		s.Detail["account"] = at.Hex()
		return err
	}); err != nil {
		return err
	}
	if err := w.step("the audit: losing the phone would lock it", func(s *Step) error {
		r, err := w.audit(ctx, at, &stated)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "device-lost:phone", recovery.Locked), s.advises(r, "phone", false))
	}); err != nil {
		return err
	}

	// 2. What it advises: another passkey, elsewhere.
	var laptop *user
	if err := w.step("add a passkey on the laptop", func(s *Step) error {
		laptop, err = w.joins(ctx, s, phone, home, stays)
		return err
	}); err != nil {
		return err
	}
	stated.domain("laptop", "device")
	stated.lives(laptop, "Laptop", `devices = ["laptop"]`, `cloud = false`)
	if err := w.step("the audit: its loss would no longer lock it", func(s *Step) error {
		r, err := w.audit(ctx, at, &stated)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "device-lost:phone", recovery.Works), s.foretells(r, "device-stolen:phone", recovery.Stolen),
			s.foretells(r, "all-devices-lost", recovery.Locked))
	}); err != nil {
		return err
	}

	// 3. The phone is lost: from here on nobody asks it until its finder does. The laptop
	// has its passkey and no more.
	if err := w.step("sign in with the laptop alone", func(s *Step) error { return w.finds(ctx, s, laptop, at) }); err != nil {
		return err
	}
	if err := w.step("send value by the laptop's passkey", func(s *Step) error {
		if _, err := w.operate(ctx, s, w.client, laptop, account.Call{To: to, Value: milliEther(2)}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(3))
	}); err != nil {
		return err
	}

	// 4. A new phone takes the old one's place, in one operation.
	var young *user
	if err := w.step("put a new phone's passkey in the lost one's place", func(s *Step) error {
		young, err = w.replaces(ctx, s, laptop, phone, home, stays)
		return err
	}); err != nil {
		return err
	}
	if err := w.step("the lost phone's passkey is refused", func(s *Step) error { return w.refused(ctx, s, phone) }); err != nil {
		return err
	}
	if err := w.step("send value by the new phone's passkey", func(s *Step) error {
		if err := w.finds(ctx, s, young, at); err != nil {
			return err
		}
		if _, err := w.operate(ctx, s, w.client, young, account.Call{To: to, Value: milliEther(3)}); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(6))
	}); err != nil {
		return err
	}

	// 5. All is as before the loss.
	return w.step("the audit: the next phone may be lost, too", func(s *Step) error {
		var now facts
		now.domain("phone", "device", `name = "the new phone"`)
		now.domain("laptop", "device")
		now.lives(young, "New phone", `devices = ["phone"]`, `cloud = false`)
		now.lives(laptop, "Laptop", `devices = ["laptop"]`, `cloud = false`)
		r, err := w.audit(ctx, at, &now)
		if err != nil {
			return err
		}
		return errors.Join(s.foretells(r, "device-lost:phone", recovery.Works), s.foretells(r, "device-lost:laptop", recovery.Works))
	})
}
