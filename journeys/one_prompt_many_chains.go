package journeys

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
)

// onePromptManyChains: an owner signs once, and a session key has its rights on two
// chains. First an owner with a key of the usual kind, then one with a passkey.
func onePromptManyChains(ctx context.Context, w *walker) error {
	stand, err := w.env.Second(ctx)
	if err != nil {
		return err
	}
	env := w.env
	env.Stand = stand
	second, err := newWalker(ctx, env, w.journey, w.ep, w.report)
	if err != nil {
		return err
	}
	defer second.close()
	p := pair{w, second}
	key, err := w.keyHolder()
	if err != nil {
		return err
	}
	if err := p.walk(ctx, "a key", key); err != nil {
		return err
	}
	person, err := w.passkeyHolder(ctx)
	if err != nil {
		return err
	}
	if other, ok := stand2(ctx, second); ok { // one signature for both: P256VERIFY must be on both
		by := person.by.(kernel.PasskeyApprover)
		by.UsePrecompiled = by.UsePrecompiled && other
		person.by = by
	}
	return p.walk(ctx, "a passkey", person)
}

// stand2 reports whether the walker's chain has P256VERIFY.
func stand2(ctx context.Context, w *walker) (has, known bool) {
	p, ok := w.client.Chain.(account.P256Prober)
	if !ok {
		return false, false
	}
	has, err := p.HasP256(ctx)
	return has, err == nil
}

// pair is the way to two chains.
type pair [2]*walker

func (p pair) walk(ctx context.Context, who string, owner holder) error {
	w := p[0]
	guest, err := w.keyHolder()
	if err != nil {
		return err
	}
	to := w.somebody()
	var texts [][]byte
	var accounts [2]*kernel.Account
	var open [2]*session.Session

	// 1. The account has the same address everywhere. On the second chain it is not there.
	if err := w.step(who+": the same account on two chains", func(s *Step) error {
		for i, at := range p {
			if accounts[i], err = at.newKernel(ctx, s, owner.many); err != nil {
				return err
			}
		}
		if accounts[0].Address() != accounts[1].Address() {
			return errNotTheSame
		}
		h, err := owner.owns(accounts[0])
		if err != nil {
			return err
		}
		_, err = w.act(ctx, s, w.client, h, []account.Call{{To: to, Value: milliEther(1)}})
		return err
	}); err != nil {
		return err
	}

	// 2. One prompt.
	if err := w.step(who+": one approval for both", func(s *Step) error {
		g, err := w.fewRights(ctx, to, w.somebody())
		if err != nil {
			return err
		}
		var targets []session.Target
		for i, at := range p {
			t, err := at.target(ctx, accounts[i])
			if err != nil {
				return err
			}
			s.Detail[fmt.Sprintf("chain %d", i+1)] = t.ChainID.String()
			targets = append(targets, t)
		}
		texts, err = grants(ctx, s, owner, guest.session, g, targets)
		return err
	}); err != nil {
		return err
	}

	// 3. The session key acts on both; on the second its operation deploys the account.
	for i, at := range p {
		if err := w.step(fmt.Sprintf("%s: act on chain %d", who, i+1), func(s *Step) error {
			if open[i], err = at.opens(ctx, texts[i], guest); err != nil {
				return err
			}
			if _, err := at.use(ctx, s, open[i], guest, account.Call{To: to, Value: milliEther(1)}); err != nil {
				return err
			}
			if err := s.standing(ctx, open[i], session.Enabled); err != nil {
				return err
			}
			return at.received(ctx, to, milliEther(int64(2-i)))
		}); err != nil {
			return err
		}
	}

	// 4. Each text is for its chain, and what was signed cannot be changed.
	if err := w.step(who+": approvals that were exchanged or changed are refused", func(s *Step) error {
		return p.wrong(ctx, s, owner, guest, to)
	}); err != nil {
		return err
	}

	// 5. One prompt ends it on both.
	return w.step(who+": revoke on both", func(s *Step) error {
		return p.revoke(ctx, s, owner, open)
	})
}

// wrong opens approvals of a second permission in every wrong way.
func (p pair) wrong(ctx context.Context, s *Step, owner, guest holder, to common.Address) error {
	w := p[0]
	g, err := w.fewRights(ctx, to, w.somebody())
	if err != nil {
		return err
	}
	var targets []session.Target
	for _, at := range p {
		a, err := kernel.New(kernel.Config{Version: at.kernel(), Root: owner.many})
		if err != nil {
			return err
		}
		t, err := at.target(ctx, a)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	texts, err := grants(ctx, s, owner, guest.session, g, targets)
	if err != nil {
		return err
	}
	for i, at := range p {
		if _, err := at.opens(ctx, texts[i], guest); err != nil {
			return err
		}
		_, err := at.opens(ctx, texts[1-i], guest)
		if err := s.refusedHere(err); err != nil {
			return err
		}
		for _, old := range []string{`"enableSignature":"0x`, `"validAfter":1`, `"accountAddress":"0x`} {
			forged, err := changed(texts[i], old)
			if err != nil {
				return err
			}
			_, err = at.opens(ctx, forged, guest)
			if err := s.refusedHere(err); err != nil {
				return fmt.Errorf("%s: %w", old, err)
			}
		}
	}
	return nil
}

// changed is the text with another character after a place in its JSON.
func changed(text []byte, after string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return nil, err
	}
	at := bytes.Index(raw, []byte(after))
	if at < 0 {
		return nil, fmt.Errorf("journeys: there is no %s in the approval", after)
	}
	at += len(after)
	if raw[at]++; raw[at] == '9'+1 || raw[at] == 'f'+1 || raw[at] == 'F'+1 {
		raw[at] = '0'
	}
	return []byte(base64.StdEncoding.EncodeToString(raw)), nil
}

// revoke ends a permission on both chains with one prompt, and says how far it is.
func (p pair) revoke(ctx context.Context, s *Step, owner holder, open [2]*session.Session) error {
	var targets []session.RevokeTarget
	for i, at := range p {
		a, err := kernel.At(ctx, at.client.Chain, open[i].Address())
		if err != nil {
			return err
		}
		c := at.client
		c.ChainID = open[i].ChainID()
		targets = append(targets, session.RevokeTarget{Client: c, Account: a, IDs: []kernel.PermissionID{open[i].ID()}})
	}
	prompts := 0
	approve := func(_ context.Context, c account.Challenge) (account.Approval, error) {
		prompts++
		return owner.approve(c)
	}
	var progress []string
	err := session.RevokeMany(ctx, targets, owner.by, approve, func(p session.Progress) {
		progress = append(progress, fmt.Sprintf("chain %s: %s", p.ChainID, p.Step))
	})
	s.Detail["progress"], s.Detail["prompts"] = progress, prompts
	if err != nil {
		return err
	}
	if prompts != 1 {
		return fmt.Errorf("journeys: the owner was asked %d times", prompts)
	}
	for _, on := range open {
		if err := s.standing(ctx, on, session.Revoked); err != nil {
			return err
		}
	}
	return nil
}
