package journeys

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

// gaslessAddKey: an account that never held any money gets its backup passkey, and
// one that holds tokens only pays with these.
func gaslessAddKey(ctx context.Context, w *walker) error {
	o, err := w.newOwner()
	if err != nil {
		return err
	}
	a, err := hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: o.address()})
	if err != nil {
		return err
	}
	h, err := o.hand(a)
	if err != nil {
		return err
	}
	sponsored, err := w.sponsored()
	if err != nil {
		return err
	}

	// 1. By itself the account can do nothing.
	if err := w.step("without money it is refused", func(s *Step) error {
		s.Detail["account"], s.Detail["owner"] = a.Address().Hex(), o.address().Hex()
		_, err := account.Prepare(ctx, w.client, a, h.authority, []account.Call{{}})
		e, ok := errors.AsType[*account.InsufficientFundsError](err)
		if !ok {
			return errors.Join(errAccepted, err)
		}
		s.Detail["missing"] = account.Ether(e.Missing) + " ETH"
		return nil
	}); err != nil {
		return err
	}

	// 2. The paymaster pays for its creation, for the passkey, and for the passkey's
	// first operation.
	if err := w.step("create the account, sponsored", func(s *Step) error {
		_, err := w.act(ctx, s, sponsored, h, []account.Call{{}})
		return errors.Join(err, w.penniless(ctx, a.Address()))
	}); err != nil {
		return err
	}
	var u *user
	if err := w.step("add a passkey, sponsored", func(s *Step) error {
		if u, err = w.newPasskey(webauthn.AddressHandle(a.Address())); err != nil {
			return err
		}
		now, err := a.With(ctx, w.client.Chain)
		if err != nil {
			return err
		}
		calls, err := now.AddKey(u.gatorKey())
		if err != nil {
			return err
		}
		s.Detail["key"], s.Detail["key hash"] = u.gatorKey().ID, u.gatorKey().Hash.Hex()
		_, err = w.act(ctx, s, sponsored, h, calls)
		return errors.Join(err, w.penniless(ctx, a.Address()))
	}); err != nil {
		return err
	}
	var backup hand
	if err := w.step("operate by the passkey, sponsored", func(s *Step) error {
		now, err := w.reopen(ctx, s, a.Address())
		if err != nil {
			return err
		}
		if backup, err = u.gator(now); err != nil {
			return err
		}
		_, err = w.act(ctx, s, sponsored, backup, []account.Call{{To: w.somebody()}})
		return errors.Join(err, w.penniless(ctx, a.Address()))
	}); err != nil {
		return err
	}

	// 3. What the paymaster signed cannot be changed afterwards.
	if err := w.step("a fee it did not sign is refused", func(s *Step) error {
		p, err := account.Prepare(ctx, sponsored, backup.account, backup.authority, []account.Call{{To: w.somebody()}})
		if err != nil {
			return err
		}
		op := p.Op()
		op.MaxFeePerGas = new(big.Int).Add(op.MaxFeePerGas, big.NewInt(1))
		return w.refuseUnpaid(ctx, s, backup, op)
	}); err != nil {
		return err
	}

	// 4. Where the paymaster takes tokens, they pay.
	if w.env.Stand.Token == nil {
		return nil
	}
	return w.step("pay in tokens", func(s *Step) error {
		return w.payInTokens(ctx, s, w.paymaster(), backup)
	})
}

// penniless checks that an address neither holds coins nor has a deposit.
func (w *walker) penniless(ctx context.Context, a common.Address) error {
	deposit, err := w.read(ctx, w.ep.Address(), "balanceOf(address)", a)
	if err != nil {
		return err
	}
	if deposit.Sign() != 0 {
		return fmt.Errorf("journeys: %s has a deposit of %s wei", a, deposit)
	}
	return w.received(ctx, a, new(big.Int))
}

// payInTokens operates with a paymaster that takes tokens, and counts them.
func (w *walker) payInTokens(ctx context.Context, s *Step, at string, h hand) error {
	self, token := h.account.Address(), *w.env.Stand.Token
	if _, err := w.env.Stand.mint(ctx, w.node, self); err != nil {
		return err
	}
	before, err := w.read(ctx, token, "balanceOf(address)", self)
	if err != nil {
		return err
	}
	c := w.client
	if c.Paymaster, err = bundler.NewTokenPaymaster(at, bundler.Options{}, token); err != nil {
		return err
	}
	p, err := w.sealed(ctx, s, c, h, []account.Call{{To: w.somebody()}})
	if err != nil {
		return err
	}
	charge := p.TokenCharge()
	if charge == nil || charge.Token != token {
		return fmt.Errorf("journeys: the operation is to be paid by %+v", charge)
	}
	if _, err := p.Send(ctx); err != nil {
		return err
	}
	r, err := p.Wait(ctx)
	if err != nil {
		return err
	}
	if err := s.note(r); err != nil {
		return err
	}
	after, err := w.read(ctx, token, "balanceOf(address)", self)
	if err != nil {
		return err
	}
	paid := new(big.Int).Sub(before, after)
	s.Detail["token"], s.Detail["paid"], s.Detail["at most"] = token.Hex(), paid.String(), charge.Max.String()
	if paid.Sign() <= 0 || paid.Cmp(charge.Max) > 0 {
		return fmt.Errorf("journeys: %s tokens were taken, at most %s were to be", paid, charge.Max)
	}
	left, err := w.read(ctx, token, "allowance(address,address)", self, charge.Paymaster)
	if err != nil {
		return err
	}
	if left.Cmp(new(big.Int).Sub(charge.Max, paid)) > 0 {
		return fmt.Errorf("journeys: the paymaster may still take %s tokens", left)
	}
	return w.penniless(ctx, self)
}

// refuseUnpaid has a changed operation signed by h – the account agrees – and sends
// it: the paymaster must not pay for it.
func (w *walker) refuseUnpaid(ctx context.Context, s *Step, h hand, op *userop.Op) error {
	id, err := w.client.Chain.ChainID(ctx)
	if err != nil {
		return err
	}
	c, err := h.authority.Challenge(op, id)
	if err != nil {
		return err
	}
	answer, err := h.approve(c)
	if err != nil {
		return err
	}
	if op.Signature, err = h.authority.Seal(op, answer); err != nil {
		return err
	}
	_, err = w.client.Bundler.Send(ctx, op, w.ep)
	if err == nil {
		return errAccepted
	}
	if code := account.AACode(err); code != "AA34" {
		return fmt.Errorf("journeys: refused for another reason than the paymaster's signature: %w", err)
	}
	s.Detail["chain"] = "AA34"
	return nil
}
