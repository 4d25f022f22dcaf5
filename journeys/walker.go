package journeys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

// walker is one journey on one entry point.
type walker struct {
	env        Env
	journey    string
	ep         userop.EntryPoint
	deployment contracts.Deployment
	client     account.Client
	node       *rpc.Client
	report     func(Step)
	drawn      uint64 // how often draw was called
}

func newWalker(ctx context.Context, env Env, journey string, ep userop.EntryPoint, report func(Step)) (*walker, error) {
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		return nil, err
	}
	client, err := env.Stand.connect()
	if err != nil {
		return nil, err
	}
	node, err := rpc.DialContext(ctx, env.Stand.RPC)
	if err != nil {
		return nil, fmt.Errorf("journeys: connect to %s: %w", env.Stand.RPC, err)
	}
	return &walker{env: env, journey: journey, ep: ep, deployment: d, client: client, node: node, report: report}, nil
}

func (w *walker) close() { w.node.Close() }

// errAccepted is what a step returns that expects a refusal and met none.
var errAccepted = errors.New("journeys: accepted, although it had to be refused")

// step runs f and reports it. What f puts into the step's Detail is shown.
func (w *walker) step(name string, f func(s *Step) error) error {
	s := Step{Name: titleOf(w.journey, w.ep) + ": " + name, Detail: map[string]any{}}
	begin := time.Now()
	err := f(&s)
	s.MS, s.OK = time.Since(begin).Milliseconds(), err == nil
	if err != nil {
		s.Detail["error"] = err.Error()
		if h, ok := errors.AsType[account.Hinter](err); ok {
			s.Detail["hint"] = h.Hint()
		}
	}
	if w.report != nil {
		w.report(s)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// fund gives an address money.
func (w *walker) fund(ctx context.Context, a common.Address) (common.Hash, error) {
	return w.env.Stand.fund(ctx, w.node, a)
}

// paymaster is where the stand's paymaster answers.
func (w *walker) paymaster() string { return cmp.Or(w.env.Stand.Paymaster, w.env.Stand.RPC) }

// sponsored is the walker's client with a paymaster that pays.
func (w *walker) sponsored() (account.Client, error) {
	c := w.client
	p, err := bundler.NewPaymaster(w.paymaster(), bundler.Options{}, nil)
	if err != nil {
		return c, fmt.Errorf("journeys: connect to the paymaster: %w", err)
	}
	c.Paymaster = p
	return c, nil
}

// hand is an account in the hand of somebody who approves for it.
type hand struct {
	account   account.Account
	authority account.Authority
	approve   func(account.Challenge) (account.Approval, error)
}

// operate takes calls from prepare to receipt and notes what happened in s. An
// operation whose calls revert is an error.
func (w *walker) operate(ctx context.Context, s *Step, c account.Client, u *user, calls ...account.Call) (*account.Receipt, error) {
	return w.act(ctx, s, c, u.hand(), calls)
}

// act is operate for any account.
func (w *walker) act(ctx context.Context, s *Step, c account.Client, h hand, calls []account.Call, opts ...account.Option) (*account.Receipt, error) {
	p, err := w.sealed(ctx, s, c, h, calls, opts...)
	if err != nil {
		return nil, err
	}
	return s.land(ctx, p)
}

// land sends a sealed operation and waits for its receipt.
func (s *Step) land(ctx context.Context, p *account.Prepared) (*account.Receipt, error) {
	if _, err := p.Send(ctx); err != nil {
		return nil, err
	}
	r, err := p.Wait(ctx)
	if err != nil {
		return nil, err
	}
	return r, s.note(r)
}

// sealed prepares calls and has them approved; nothing is sent.
func (w *walker) sealed(ctx context.Context, s *Step, c account.Client, h hand, calls []account.Call, opts ...account.Option) (*account.Prepared, error) {
	p, err := account.Prepare(ctx, c, h.account, h.authority, calls, opts...)
	if err != nil {
		return nil, err
	}
	return p, s.seal(p, h.approve)
}

// seal has a prepared operation approved.
func (s *Step) seal(p *account.Prepared, approve func(account.Challenge) (account.Approval, error)) error {
	s.Detail["summary"] = p.Summary().String()
	a, err := approve(p.Challenge())
	if err != nil {
		return err
	}
	op, err := p.Finish(a)
	if err != nil {
		return err
	}
	s.limits(op)
	return nil
}

// limits writes an operation's gas limits into the step.
func (s *Step) limits(op *userop.Op) {
	s.Detail["preVerificationGas"] = op.PreVerificationGas.String()
	s.Detail["verificationGasLimit"] = op.VerificationGasLimit.String()
	s.Detail["callGasLimit"] = op.CallGasLimit.String()
}

// note writes a receipt into the step; calls that reverted are an error.
func (s *Step) note(r *account.Receipt) error {
	s.Detail["userOpHash"], s.Detail["txHash"], s.Detail["block"] = r.UserOpHash.Hex(), r.TxHash.Hex(), r.BlockNumber
	if r.ActualGasUsed != nil && r.ActualGasUsed.IsUint64() {
		gas := r.ActualGasUsed.Uint64()
		s.Gas = &gas
	}
	s.Detail["fee"] = account.Ether(r.ActualGasCost) + " ETH"
	if !r.Success {
		return fmt.Errorf("journeys: the calls reverted: %s", r.Reason)
	}
	return nil
}

// received checks that an address holds exactly wei.
func (w *walker) received(ctx context.Context, a common.Address, wei *big.Int) error {
	got, err := w.client.Chain.Balance(ctx, a)
	if err != nil {
		return err
	}
	if got.Cmp(wei) != 0 {
		return fmt.Errorf("journeys: %s holds %s wei, not %s", a, got, wei)
	}
	return nil
}
