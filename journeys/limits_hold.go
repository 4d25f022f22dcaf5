package journeys

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// limitsHold: a session key tries what it may not. Each time its own library names the
// rule before anybody is asked, and the chain, when it gets the operation all the same,
// refuses by that rule.
func limitsHold(ctx context.Context, w *walker) error {
	owner, err := w.keyHolder()
	if err != nil {
		return err
	}
	clerk, err := w.keyHolder()
	if err != nil {
		return err
	}
	l := &limit{walker: w, clerk: clerk, to: w.somebody(), other: w.somebody(), sponsor: w.somebody(), token: common.Address{0: 7, 19: 7}}

	// 1. Every kind of limit at once.
	if err := w.step("grant under every kind of limit", func(s *Step) error {
		if l.account, err = w.newKernel(ctx, s, owner.one); err != nil {
			return err
		}
		g, err := l.tight(ctx)
		if err != nil {
			return err
		}
		l.on, err = w.grant(ctx, s, owner, l.account, clerk, g)
		return err
	}); err != nil {
		return err
	}

	// 2. Within its limits it works.
	if err := w.step("within its limits it works", func(s *Step) error {
		l.like, err = w.use(ctx, s, l.on, clerk, account.Call{To: l.to, Value: milliEther(2)}, l.transfer(5))
		if err != nil {
			return err
		}
		return w.received(ctx, l.to, milliEther(2))
	}); err != nil {
		return err
	}

	// 3. One step for each limit. The operations are those of step 2, changed.
	for _, t := range l.transgressions() {
		if err := w.step(t.name, func(s *Step) error {
			op, err := w.forged(ctx, l.on, clerk, l.like, t.change)
			if err != nil {
				return err
			}
			return w.refusedAlike(ctx, s, l.on, op, t.want)
		}); err != nil {
			return err
		}
	}

	// 4. Its library does not even ask for a signature.
	if err := w.step("the key is not asked for what is refused", func(s *Step) error {
		_, err := l.on.Prepare(ctx, w.client, clerk.by, []account.Call{{To: l.other, Value: big.NewInt(1)}})
		return s.refusedHere(err)
	}); err != nil {
		return err
	}

	// 5. Three uses were granted, one is gone; the chain counts the others too.
	if err := w.step("the third use is the last", func(s *Step) error {
		for range 2 {
			if _, err := w.use(ctx, s, l.on, clerk, account.Call{To: l.to, Value: big.NewInt(1)}); err != nil {
				return err
			}
		}
		op, err := w.forged(ctx, l.on, clerk, l.like, func(op *userop.Op) {})
		if err != nil {
			return err
		}
		return w.refusedAlike(ctx, s, l.on, op, grant.NoUsesLeft)
	}); err != nil {
		return err
	}

	// 6. What is not due yet.
	if err := w.step("before its time it does nothing", func(s *Step) error {
		return l.tooEarly(ctx, s, owner)
	}); err != nil {
		return err
	}

	// 7. What is over. The owner approved it in time; nobody would now.
	if err := w.step("after its time it does nothing", func(s *Step) error {
		return l.tooLate(ctx, s, owner)
	}); err != nil {
		return err
	}

	// 8. A grant that limits nothing is not made in the first place.
	return w.step("a grant with a trap is refused to the owner", func(s *Step) error {
		t, err := w.target(ctx, l.account)
		if err != nil {
			return err
		}
		for _, g := range []grant.Grant{{}, {Policies: []grant.Policy{&grant.Gas{EnforcePaymaster: true}}}} {
			_, err := session.NewPending(ctx, []session.Target{t}, owner.by, clerk.session, g)
			if err := s.refusedHere(err); err != nil {
				return err
			}
		}
		return nil
	})
}

// limit is the session whose limits are tried.
type limit struct {
	*walker
	clerk                     holder
	account                   *kernel.Account
	on                        *session.Session
	like                      *userop.Op // one that was right
	to, other, token, sponsor common.Address
}

var transferSelector = [4]byte(crypto.Keccak256([]byte("transfer(address,uint256)")))

// transfer is a call of the token, which is no contract: what is tried is whether the
// key may make the call.
func (l *limit) transfer(amount int64) account.Call {
	data := append(transferSelector[:], common.LeftPadBytes(l.to[:], 32)...)
	return account.Call{To: l.token, Data: append(data, common.BigToHash(big.NewInt(amount)).Bytes()...)}
}

// tight is every kind of limit at once.
func (l *limit) tight(ctx context.Context) (grant.Grant, error) {
	now, err := l.now(ctx)
	if err != nil {
		return grant.Grant{}, err
	}
	transfer, err := grant.ParseCall(fmt.Sprintf("transfer(address to, uint256 amount) where amount <= 5 and to in [%s]", l.to), l.token, nil)
	if err != nil {
		return grant.Grant{}, err
	}
	begin := uint64(now.Unix())
	return grant.Grant{Policies: []grant.Policy{
		&grant.Call{Version: grant.Call004, Permissions: []grant.Permission{{Target: l.to, ValueLimit: milliEther(2)}, transfer}},
		&grant.Gas{Allowed: milliEther(500)},
		&grant.RateLimit{Count: 3},
		&grant.Timestamp{ValidAfter: begin - 60, ValidUntil: begin + 3600},
		&grant.SignatureCaller{},
	}}, nil
}

// transgression is a change of a right operation that a rule forbids.
type transgression struct {
	name   string
	want   grant.Reason
	change func(*userop.Op)
}

func (l *limit) transgressions() []transgression {
	calls := func(list ...account.Call) func(*userop.Op) {
		return func(op *userop.Op) { op.CallData, _ = kernel.Execute(list) }
	}
	fine := account.Call{To: l.to, Value: big.NewInt(1)}
	stranger := l.transfer(5)
	stranger.Data = append(append(append([]byte{}, stranger.Data[:4]...), common.LeftPadBytes(l.other[:], 32)...), stranger.Data[36:]...)
	return []transgression{
		{"more coins than allowed per call", grant.ValueTooHigh, calls(account.Call{To: l.to, Value: milliEther(3)})},
		{"a recipient that is not in the list", grant.CallNotAllowed, calls(account.Call{To: l.other, Value: big.NewInt(1)})},
		{"more tokens than allowed", grant.RuleBroken, calls(l.transfer(6))},
		{"tokens for somebody else", grant.RuleBroken, calls(stranger)},
		{"another function of the token", grant.CallNotAllowed, calls(account.Call{To: l.token, Data: append(crypto.Keccak256([]byte("approve(address,uint256)"))[:4], stranger.Data[4:]...)})},
		{"one bad call in a batch", grant.ValueTooHigh, calls(fine, account.Call{To: l.to, Value: milliEther(3)}, fine)},
		{"a delegatecall", grant.CallNotAllowed, func(op *userop.Op) { op.CallData, _ = kernel.DangerDelegateCall(l.token, l.transfer(1).Data) }},
		{"a call that is cut short", grant.MalformedCall, func(op *userop.Op) {
			short := l.transfer(1)
			short.Data = short.Data[:36]
			op.CallData, _ = kernel.Execute([]account.Call{short})
		}},
		{"the account's owner is changed", grant.NotExecute, func(op *userop.Op) {
			change, err := l.account.ChangeRoot(kernel.MultiChainECDSA{Owner: l.other})
			if err != nil {
				panic(err) // a constant
			}
			op.CallData = change[0].Data
		}},
		{"the account is upgraded from within", grant.CallNotAllowed, calls(account.Call{To: l.account.Address(), Data: []byte{1, 2, 3, 4}})},
		{"fees beyond the budget", grant.BudgetSpent, func(op *userop.Op) {
			op.CallData, _ = kernel.Execute([]account.Call{fine})
			op.MaxFeePerGas = new(big.Int).Div(milliEther(500), op.VerificationGasLimit)
		}},
	}
}

func (l *limit) tooEarly(ctx context.Context, s *Step, owner holder) error {
	now, err := l.now(ctx)
	if err != nil {
		return err
	}
	day := uint64(now.Unix()) + 86_400
	on, err := l.grant(ctx, s, owner, l.account, l.clerk, grant.Grant{Policies: []grant.Policy{
		&grant.Timestamp{ValidAfter: day, ValidUntil: 2 * day}, &grant.Call{Permissions: []grant.Permission{{Target: l.to, ValueLimit: milliEther(1)}}}, &grant.SignatureCaller{},
	}})
	if err != nil {
		return err
	}
	op, err := l.forged(ctx, on, l.clerk, l.like, func(op *userop.Op) {
		op.VerificationGasLimit = big.NewInt(2_000_000)
		op.CallData, _ = kernel.Execute([]account.Call{{To: l.to, Value: big.NewInt(1)}})
	})
	if err != nil {
		return err
	}
	return l.refusedAlike(ctx, s, on, op, grant.NotDue)
}

// tooLate has a permission whose time has gone by. NewPending would refuse it, so that
// the owner signs it by hand.
func (l *limit) tooLate(ctx context.Context, s *Step, owner holder) error {
	now, err := l.now(ctx)
	if err != nil {
		return err
	}
	g := grant.Grant{Policies: []grant.Policy{&grant.Timestamp{ValidUntil: uint64(now.Unix()) - 1}, &grant.SignatureCaller{}}}
	t, err := l.target(ctx, l.account)
	if err != nil {
		return err
	}
	_, err = session.NewPending(ctx, []session.Target{t}, owner.by, l.clerk.session, g)
	if err := s.refusedHere(err); err != nil {
		return err
	}
	p, err := l.byHand(ctx, owner, l.account, l.clerk.session, g)
	if err != nil {
		return err
	}
	d, err := approval.FromPermission(p.Permission, g, l.account, p.signature, approval.Options{ChainID: t.ChainID, Nonce: p.enable.Nonce})
	if err != nil {
		return err
	}
	on, err := session.Open(ctx, t.Chain, d)
	if err != nil {
		return err
	}
	if err := s.standing(ctx, on, session.Expired); err != nil {
		return err
	}
	_, err = on.Prepare(ctx, l.client, l.clerk.by, []account.Call{{To: l.to}})
	if err := s.refusedHere(err); err != nil {
		return err
	}
	op, err := l.installs(ctx, p, l.clerk, l.like, account.Call{To: l.to, Value: big.NewInt(1)})
	if err != nil {
		return err
	}
	return l.refusedAs(ctx, s, op, "AA22")
}
