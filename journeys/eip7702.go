package journeys

import (
	"bytes"
	"context"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/userop"
)

// eip7702: the address of an ordinary key becomes an account, and stays an address
// with one key.
func eip7702(ctx context.Context, w *walker) error {
	d, err := hybrid.V130For(w.ep)
	if err != nil {
		return err
	}
	to := w.somebody()
	first, err := w.newOwner()
	if err != nil {
		return err
	}
	var one hand
	var granted *userop.Authorization

	// 1. The key signs that its address may run the code: on this chain, once.
	if err := w.step("authorize the code with the key", func(s *Step) error {
		if one, err = first.stateless(d); err != nil {
			return err
		}
		s.Detail["account"], s.Detail["delegate"] = first.address().Hex(), d.Stateless.Hex()
		if _, err := w.fund(ctx, first.address()); err != nil {
			return err
		}
		granted, err = w.authorize(ctx, one, first)
		return err
	}); err != nil {
		return err
	}

	// 2. Nobody else's signature will do, and none without the key's word.
	if err := w.step("another key's authorization is refused", func(s *Step) error {
		thief, err := w.newOwner()
		if err != nil {
			return err
		}
		_, err = w.authorize(ctx, one, thief)
		if err := s.refusedHere(err); err != nil {
			return err
		}
		_, err = account.Prepare(ctx, w.client, one.account, one.authority, []account.Call{{To: to}})
		return s.refusedHere(err)
	}); err != nil {
		return err
	}

	// 3. The bundler carries it together with the first operation.
	if err := w.step("become the account by the bundler", func(s *Step) error {
		if _, err := w.act(ctx, s, w.client, one, []account.Call{{To: to, Value: milliEther(1)}}, account.WithAuthorization(granted)); err != nil {
			return err
		}
		if err := w.runs(ctx, s, one, d); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(1))
	}); err != nil {
		return err
	}

	// 4. From then on it is an account like others.
	other := w.somebody()
	if err := w.step("send to two in one batch", func(s *Step) error {
		r, err := account.RequestAuthorization(ctx, w.client, one.account)
		if err != nil {
			return err
		}
		if r != nil {
			return fmt.Errorf("journeys: the code of %s is to be authorized again", r.Authority)
		}
		if _, err := w.act(ctx, s, w.client, one, []account.Call{{To: to, Value: milliEther(1)}, {To: other, Value: milliEther(2)}}); err != nil {
			return err
		}
		return w.received(ctx, other, milliEther(2))
	}); err != nil {
		return err
	}

	// 5. Except that it has one key for good.
	if err := w.step("adding a passkey is refused", func(s *Step) error {
		u, err := w.newPasskey(webauthn.AddressHandle(first.address()))
		if err != nil {
			return err
		}
		a, err := hybrid.NewStateless(d, first.address())
		if err != nil {
			return err
		}
		_, err = a.AddKey(u.gatorKey())
		if err := s.refusedHere(err); err != nil {
			return err
		}
		_, err = a.Authority(hybrid.PasskeyApprover{Key: u.gatorKey(), RPID: rpID, Origins: []string{origin}})
		return s.refusedHere(err)
	}); err != nil {
		return err
	}

	// 6. Another address becomes one without any bundler: an ordinary key carries
	// authorization and operation in one transaction.
	return w.step("become the account by self relay", func(s *Step) error {
		return w.relay7702(ctx, s, d)
	})
}

// relay7702 makes an account of a new key with nothing but a node.
func (w *walker) relay7702(ctx context.Context, s *Step, d hybrid.Deployment) error {
	second, err := w.newOwner()
	if err != nil {
		return err
	}
	carrier, err := w.newOwner()
	if err != nil {
		return err
	}
	two, err := second.stateless(d)
	if err != nil {
		return err
	}
	for _, o := range []owner{second, carrier} {
		if _, err := w.fund(ctx, o.address()); err != nil {
			return err
		}
	}
	s.Detail["account"], s.Detail["carrier"] = second.address().Hex(), carrier.address().Hex()
	granted, err := w.authorize(ctx, two, second)
	if err != nil {
		return err
	}
	to := w.somebody()
	alone := account.Client{Chain: w.client.Chain, Bundler: &account.Relayer{Node: w.node, Chain: w.client.Chain, Key: carrier.key}}
	p, err := w.sealed(ctx, s, alone, two, []account.Call{{To: to, Value: milliEther(1)}}, account.WithAuthorization(granted))
	if err != nil {
		return err
	}
	r, err := p.SelfRelay(ctx, w.node, carrier.key)
	if err != nil {
		return err
	}
	if err := s.note(r); err != nil {
		return err
	}
	if err := w.runs(ctx, s, two, d); err != nil {
		return err
	}
	return w.received(ctx, to, milliEther(1))
}

// stateless is the key's address as an account, in the key's hand.
func (o owner) stateless(d hybrid.Deployment) (hand, error) {
	a, err := hybrid.NewStateless(d, o.address())
	if err != nil {
		return hand{}, err
	}
	auth, err := a.Authority(hybrid.OwnerApprover{Address: o.address()})
	return hand{a, auth, o.approve}, err
}

// authorize asks a key for the authorization of an account.
func (w *walker) authorize(ctx context.Context, h hand, by owner) (*userop.Authorization, error) {
	r, err := account.RequestAuthorization(ctx, w.client, h.account)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("journeys: %s runs the code already", h.account.Address())
	}
	sig, err := by.sign(r.Digest)
	if err != nil {
		return nil, err
	}
	return r.Finish(sig)
}

// runs checks what code an address runs.
func (w *walker) runs(ctx context.Context, s *Step, h hand, d hybrid.Deployment) error {
	code, err := w.client.Chain.Code(ctx, h.account.Address())
	if err != nil {
		return err
	}
	s.Detail["code"] = fmt.Sprintf("0x%x", code)
	if want := append([]byte{0xef, 0x01, 0x00}, d.Stateless[:]...); !bytes.Equal(code, want) {
		return fmt.Errorf("journeys: %s runs %x, not %x", h.account.Address(), code, want)
	}
	return nil
}
