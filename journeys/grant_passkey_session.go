package journeys

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// grantPasskeySession: an owner with a key of the usual kind, and one with a passkey
// whose account is not there yet, give another's passkey a few rights.
func grantPasskeySession(ctx context.Context, w *walker) error {
	owner, err := w.keyHolder()
	if err != nil {
		return err
	}
	guest, err := w.passkeyHolder(ctx)
	if err != nil {
		return err
	}
	to, shop := w.somebody(), w.somebody()
	var a *kernel.Account
	var text []byte
	var on *session.Session

	// 1. The owner has an account, which a first operation deploys.
	if err := w.step("create the account by its owner", func(s *Step) error {
		if a, err = w.newKernel(ctx, s, owner.one); err != nil {
			return err
		}
		h, err := owner.owns(a)
		if err != nil {
			return err
		}
		_, err = w.act(ctx, s, w.client, h, []account.Call{{To: to, Value: milliEther(1)}})
		return err
	}); err != nil {
		return err
	}

	// 2. The owner reads in words what the passkey will be able to do, and signs once.
	if err := w.step("grant a few rights to a passkey", func(s *Step) error {
		g, err := w.fewRights(ctx, to, shop)
		if err != nil {
			return err
		}
		t, err := w.target(ctx, a)
		if err != nil {
			return err
		}
		texts, err := grants(ctx, s, owner, guest.session, g, []session.Target{t})
		if err == nil {
			text = texts[0]
		}
		return err
	}); err != nil {
		return err
	}

	// 3. The text arrives on another machine. It is held against the chain.
	if err := w.step("open the approval by the passkey", func(s *Step) error {
		if on, err = w.opens(ctx, text, guest); err != nil {
			return err
		}
		s.Detail["words"] = on.Words()
		return s.standing(ctx, on, session.Approved)
	}); err != nil {
		return err
	}

	// 4. The passkey's first operation installs the permission and does something.
	if err := w.step("install the permission and send value", func(s *Step) error {
		if _, err := w.use(ctx, s, on, guest, account.Call{To: to, Value: milliEther(1)}); err != nil {
			return err
		}
		if err := s.standing(ctx, on, session.Enabled); err != nil {
			return err
		}
		return w.received(ctx, to, milliEther(2))
	}); err != nil {
		return err
	}

	// 5. From then on it is an operation like others, and what remains is counted.
	if err := w.step("send to the same in one batch", func(s *Step) error {
		if _, err := w.use(ctx, s, on, guest, account.Call{To: to, Value: milliEther(1)}, account.Call{To: to, Value: milliEther(1)}); err != nil {
			return err
		}
		if err := s.standing(ctx, on, session.Enabled); err != nil {
			return err
		}
		st, err := on.Status(ctx)
		if err != nil {
			return err
		}
		if got := st.Left.Policies[1].Count; got != 8 {
			return fmt.Errorf("journeys: %d uses are left after two of ten", got)
		}
		return w.received(ctx, to, milliEther(4))
	}); err != nil {
		return err
	}

	// 6. Two lanes do not wait for each other.
	if err := w.step("two operations in two lanes", func(s *Step) error {
		return w.twoLanes(ctx, s, on, guest, to)
	}); err != nil {
		return err
	}

	// 7. The passkey speaks for the account to one application, and to no other.
	if err := w.step("sign a message for one application", func(s *Step) error {
		return w.message(ctx, s, on, guest, shop)
	}); err != nil {
		return err
	}

	// 8. The same by an owner with a passkey, for an account that is not there: the
	// session's first operation deploys the account, installs the permission and sends.
	if err := w.step("a passkey grants before its account exists", func(s *Step) error {
		return w.grantBefore(ctx, s)
	}); err != nil {
		return err
	}

	// 9. A session of an account without any money, for which only one paymaster may pay.
	return w.step("a grant that names who pays", func(s *Step) error {
		return w.grantSponsored(ctx, s, owner, guest)
	})
}

// fewRights: two thousandths of an ether to one address per call, ten times, for an hour,
// and messages for one application.
func (w *walker) fewRights(ctx context.Context, to, shop common.Address) (grant.Grant, error) {
	now, err := w.now(ctx)
	begin := uint64(now.Unix())
	return grant.Grant{Name: "pocket money", Policies: []grant.Policy{
		&grant.Call{Permissions: []grant.Permission{{Target: to, ValueLimit: milliEther(2)}}},
		&grant.RateLimit{Count: 10},
		&grant.Timestamp{ValidAfter: begin - 60, ValidUntil: begin + 3600},
		&grant.SignatureCaller{Callers: []common.Address{shop}},
	}}, err
}

// twoLanes prepares two operations before it sends either.
func (w *walker) twoLanes(ctx context.Context, s *Step, on *session.Session, h holder, to common.Address) error {
	var sealed []*account.Prepared
	for _, lane := range []string{"rent", "gifts"} {
		auth, err := on.Authority(ctx, h.by, session.WithLane(kernel.LaneOf(lane)))
		if err != nil {
			return err
		}
		p, err := on.PrepareWith(ctx, w.client, auth, []account.Call{{To: to, Value: big.NewInt(1)}})
		if err != nil {
			return err
		}
		if err := s.seal(p, h.approve); err != nil {
			return err
		}
		sealed = append(sealed, p)
	}
	for i := range sealed { // the later one first
		if _, err := s.land(ctx, sealed[len(sealed)-1-i]); err != nil {
			return err
		}
	}
	return w.received(ctx, to, new(big.Int).Add(milliEther(4), big.NewInt(2)))
}

// message signs a hash by the session key and has contracts ask the account about it.
func (w *walker) message(ctx context.Context, s *Step, on *session.Session, h holder, shop common.Address) error {
	hash := crypto.Keccak256Hash([]byte("I order a lamp"))
	r, err := on.SignHash(ctx, h.by, hash, shop)
	if err != nil {
		return err
	}
	a, err := h.approve(r.Challenge())
	if err != nil {
		return err
	}
	sig, err := r.Finish(a)
	if err != nil {
		return err
	}
	s.Detail["signature"] = fmt.Sprintf("%d bytes", len(sig))
	yes, err := w.asks(ctx, shop, on.Address(), hash, sig)
	if err != nil {
		return err
	}
	if !yes {
		return fmt.Errorf("journeys: the account does not take a message of its session key")
	}
	for what, wrong := range map[string]common.Hash{"another text": crypto.Keccak256Hash([]byte("I order two lamps"))} {
		if yes, err = w.asks(ctx, shop, on.Address(), wrong, sig); err != nil || yes {
			return fmt.Errorf("%w: %s: %v", errAccepted, what, err)
		}
	}
	stranger := w.somebody()
	_, err = on.SignHash(ctx, h.by, hash, stranger)
	if err := s.refusedHere(err); err != nil {
		return err
	}
	if w.env.Stand.StandIns {
		return nil
	}
	if yes, err = w.asks(ctx, stranger, on.Address(), hash, sig); err == nil && yes {
		err = errAccepted
	}
	return err
}

// grantBefore is the whole way for an account of a passkey that nobody has deployed.
func (w *walker) grantBefore(ctx context.Context, s *Step) error {
	owner, err := w.passkeyHolder(ctx)
	if err != nil {
		return err
	}
	helper, err := w.keyHolder()
	if err != nil {
		return err
	}
	to := w.somebody()
	a, err := w.newKernel(ctx, s, owner.one)
	if err != nil {
		return err
	}
	g, err := w.fewRights(ctx, to, w.somebody())
	if err != nil {
		return err
	}
	on, err := w.grant(ctx, s, owner, a, helper, g)
	if err != nil {
		return err
	}
	if _, err := w.use(ctx, s, on, helper, account.Call{To: to, Value: milliEther(2)}); err != nil {
		return err
	}
	if err := s.standing(ctx, on, session.Enabled); err != nil {
		return err
	}
	return w.received(ctx, to, milliEther(2))
}

// grantSponsored: the first operation deploys the account and installs the permission;
// a paymaster pays, and the session may use no other.
func (w *walker) grantSponsored(ctx context.Context, s *Step, owner, guest holder) error {
	sponsored, err := w.sponsored()
	if err != nil {
		return err
	}
	a, err := kernel.New(kernel.Config{Version: w.kernel(), Root: owner.one, Index: big.NewInt(1)})
	if err != nil {
		return err
	}
	h, err := owner.owns(a)
	if err != nil {
		return err
	}
	to := w.somebody()
	first, err := account.Prepare(ctx, sponsored, a, h.authority, []account.Call{{To: to}})
	if err != nil {
		return err
	}
	payer := first.Op().Paymaster
	if payer == nil {
		return errors.New("journeys: the paymaster does not say who it is")
	}
	s.Detail["account"], s.Detail["paymaster"] = a.Address().Hex(), payer.Hex()
	on, err := w.grant(ctx, s, owner, a, guest, grant.Grant{Policies: []grant.Policy{
		&grant.Call{Permissions: []grant.Permission{{Target: to}}}, &grant.SignatureCaller{},
		&grant.Gas{Allowed: milliEther(1000), EnforcePaymaster: true, Paymaster: *payer},
	}})
	if err != nil {
		return err
	}
	_, err = on.Prepare(ctx, w.client, guest.by, []account.Call{{To: to}})
	if err := s.refusedHere(err); err != nil {
		return err
	}
	p, err := on.Prepare(ctx, sponsored, guest.by, []account.Call{{To: to}})
	if err != nil {
		return err
	}
	if err := s.seal(p, guest.approve); err != nil {
		return err
	}
	if _, err := s.land(ctx, p); err != nil {
		return err
	}
	return errors.Join(s.standing(ctx, on, session.Enabled), w.penniless(ctx, a.Address()))
}
