package journeys

import (
	"context"

	"github.com/postern-dev/postern/account"
)

// operate: the passkey moves money.
func operate(ctx context.Context, w *walker) error {
	u, err := newUser(w.deployment)
	if err != nil {
		return err
	}

	// 1. Money arrives before the account exists.
	if err := w.step("fund the account", func(s *Step) error {
		hash, err := w.fund(ctx, u.account.Address())
		s.Detail["account"], s.Detail["txHash"] = u.account.Address().Hex(), hash.Hex()
		return err
	}); err != nil {
		return err
	}

	// 2. The first operation also creates the account.
	first := randomAddress()
	if err := w.step("create the account and send value", func(s *Step) error {
		if _, err := w.operate(ctx, s, w.client, u, account.Call{To: first, Value: milliEther(250)}); err != nil {
			return err
		}
		return w.received(ctx, first, milliEther(250))
	}); err != nil {
		return err
	}

	// 3. The second only sends.
	if err := w.step("send value", func(s *Step) error {
		if _, err := w.operate(ctx, s, w.client, u, account.Call{To: first, Value: milliEther(50)}); err != nil {
			return err
		}
		return w.received(ctx, first, milliEther(300))
	}); err != nil {
		return err
	}

	// 4. Several calls at once, all or none.
	second, third := randomAddress(), randomAddress()
	return w.step("send to two in one batch", func(s *Step) error {
		if _, err := w.operate(ctx, s, w.client, u, account.Call{To: second, Value: milliEther(10)}, account.Call{To: third, Value: milliEther(20)}); err != nil {
			return err
		}
		if err := w.received(ctx, second, milliEther(10)); err != nil {
			return err
		}
		return w.received(ctx, third, milliEther(20))
	})
}
