// What the policies would say, before anybody is asked.

package session

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// PreviewOption says what is known of an operation beside its calls.
type PreviewOption func(*userop.Op)

// PaidBy names the paymaster that will pay.
func PaidBy(paymaster common.Address) PreviewOption {
	return func(op *userop.Op) { op.Paymaster = &paymaster }
}

// Preview says whether the policies allow calls as things stand, and else which rule
// refuses. Fees are not known yet: [Session.PreviewOp] counts them, and Authority
// does so by itself. Without [PaidBy] a policy that names a paymaster refuses.
func (s *Session) Preview(ctx context.Context, calls []account.Call, opts ...PreviewOption) (grant.Decision, error) {
	data, err := s.Account().EncodeCalls(calls)
	if err != nil {
		return grant.Decision{}, err
	}
	op := &userop.Op{Sender: s.Address(), CallData: data}
	for _, o := range opts {
		o(op)
	}
	return s.PreviewOp(ctx, op)
}

// PreviewOp is [Session.Preview] of an operation as it stands, with its gas limits
// and fees. A permission that cannot make operations at all is a *[StateError].
func (s *Session) PreviewOp(ctx context.Context, op *userop.Op) (grant.Decision, error) {
	status, _, err := s.status(ctx)
	if err != nil {
		return grant.Decision{}, err
	}
	if !status.Usable() {
		return grant.Decision{}, &StateError{Permission: s.ID(), Account: s.Address(), State: status.State}
	}
	return s.grant.Decide(status.Left, op), nil
}

// PreviewMessage says whether a message may be signed for a contract that will ask
// about it (ERC-1271).
func (s *Session) PreviewMessage(ctx context.Context, caller common.Address) (grant.Decision, error) {
	status, _, err := s.status(ctx)
	if err != nil {
		return grant.Decision{}, err
	}
	if !status.installed || status.State == Invalidated && !invalidatedSigns(s.account.Version()) {
		return grant.Decision{}, &StateError{Permission: s.ID(), Account: s.Address(), State: status.State}
	}
	return s.grant.DecideMessage(status.Left, caller), nil
}

// Prepare makes an operation of calls: it previews them, prepares them with whatever
// c says of bundler and paymaster, and refuses before anybody is asked what the
// policies refuse at the final gas limits. More options of the authority, such as
// [WithLane], are given by making it with [Session.Authority] and calling
// [account.Prepare].
func (s *Session) Prepare(ctx context.Context, c account.Client, by kernel.Approver, calls []account.Call, opts ...account.Option) (*account.Prepared, error) {
	a, err := s.Authority(ctx, by)
	if err != nil {
		return nil, err
	}
	return s.PrepareWith(ctx, c, a, calls, opts...)
}

// PrepareWith is [Session.Prepare] with an authority of this session.
func (s *Session) PrepareWith(ctx context.Context, c account.Client, a *Authority, calls []account.Call, opts ...account.Option) (*account.Prepared, error) {
	data, err := s.Account().EncodeCalls(calls)
	if err != nil {
		return nil, err
	}
	op := &userop.Op{Sender: s.Address(), CallData: data, Nonce: new(big.Int)}
	if d := s.grant.Decide(a.left, op); !d.Allowed && !a.unpoliced && !(c.Paymaster != nil && d.Refusal.Reason == grant.WrongPaymaster) {
		return nil, &RefusedError{d}
	}
	if c.ChainID == nil {
		c.ChainID = s.ChainID()
	}
	p, err := account.Prepare(ctx, c, s.Account(), a, calls, opts...)
	return p, s.explain(err)
}
