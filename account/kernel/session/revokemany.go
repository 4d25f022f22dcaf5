// Revocation on several chains, with one prompt where the root validator can.

package session

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
)

// RevokeTarget is what is revoked on one chain.
type RevokeTarget struct {
	// Client is the way to the chain. Its ChainID says which one is meant.
	Client  account.Client
	Account *kernel.Account
	// IDs are the permissions; those that the account does not have are left out. None
	// at all means all that are found, and all unused approvals: see [RevokeAll].
	IDs []kernel.PermissionID
}

// Step is how far a revocation has come on one chain.
type Step string

// The steps.
const (
	StepNothing  Step = "nothing"  // there is nothing to revoke
	StepPrepared Step = "prepared" // the operation waits for the owner
	StepSent     Step = "sent"
	StepDone     Step = "done"
	StepFailed   Step = "failed"
)

// Progress says what happened on one chain.
type Progress struct {
	Target  int // from 0
	ChainID *big.Int
	Account common.Address
	Step    Step
	Summary account.Summary // of StepPrepared
	Hash    common.Hash     // of the operation, from StepPrepared on
	Err     error           // of StepFailed
	// Partial is of StepPrepared, where all was to be revoked: the node did not answer
	// for all of its chain, so that permissions may have been left out. Before Kernel
	// 0.3.3 those could sign messages on.
	Partial *PartialError
}

// ErrReverted says that an operation was included and its calls reverted.
var ErrReverted = errors.New("session: the operation was included, but its calls reverted: nothing was revoked")

// RevokeMany revokes on several chains, and goes on with the others where one fails.
// approve is asked for the owner's approval: once for all chains if the root is a
// multi-chain validator, else once for each. progress is told each step, one at a
// time. The error joins one *[TargetError] for each chain that failed.
func RevokeMany(ctx context.Context, targets []RevokeTarget, by kernel.Approver, approve func(context.Context, account.Challenge) (account.Approval, error), progress func(Progress), opts ...account.Option) error {
	m := &revocation{by: by, approve: approve, progress: progress, options: opts}
	for i, t := range targets {
		if t.Account == nil || t.Client.Chain == nil || t.Client.Bundler == nil || t.Client.ChainID == nil {
			return fmt.Errorf("session: target %d lacks its account, chain, bundler or chain id", i+1)
		}
		m.list = append(m.list, &revoking{RevokeTarget: t, index: i})
	}
	m.all(func(r *revoking) error { return m.find(ctx, r) })
	if err := m.sign(ctx); err != nil {
		return err
	}
	m.all(func(r *revoking) error { return m.send(ctx, r) })
	errs := make([]error, len(m.list))
	for i, r := range m.list {
		errs[i] = r.err
	}
	return errors.Join(errs...)
}

// revoking is one chain's part.
type revoking struct {
	RevokeTarget
	index    int
	owner    *kernel.Authority
	calls    []account.Call
	partial  *PartialError
	prepared *account.Prepared
	over     bool  // done, or failed
	err      error // why it failed
}

type revocation struct {
	by       kernel.Approver
	approve  func(context.Context, account.Challenge) (account.Approval, error)
	progress func(Progress)
	options  []account.Option
	list     []*revoking

	mu sync.Mutex // of progress
}

// all does something on every chain that is not over, at once.
func (m *revocation) all(do func(*revoking) error) {
	var wg sync.WaitGroup
	for _, r := range m.list {
		if !r.over {
			wg.Go(func() {
				if err := do(r); err != nil {
					m.fail(r, err)
				}
			})
		}
	}
	wg.Wait()
}

func (m *revocation) tell(r *revoking, p Progress) {
	p.Target, p.ChainID, p.Account = r.index, r.Client.ChainID, r.Account.Address()
	if r.prepared != nil {
		p.Hash = r.prepared.Hash()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.progress != nil {
		m.progress(p)
	}
}

func (m *revocation) fail(r *revoking, err error) {
	r.over = true
	m.tell(r, Progress{Step: StepFailed, Err: err})
	r.err = &TargetError{Target: r.index, ChainID: r.Client.ChainID, Account: r.Account.Address(), Cause: err}
}

// find sees what there is to revoke, and prepares its operation.
func (m *revocation) find(ctx context.Context, r *revoking) (err error) {
	if err := rightChain(ctx, r.Client.Chain, r.Client.ChainID); err != nil {
		return err
	}
	there, err := reader{r.Client.Chain, r.Account.Address()}.deployed(ctx)
	if err != nil {
		return err
	}
	if there {
		if r.calls, err = r.what(ctx); err != nil {
			return err
		}
	}
	if len(r.calls) == 0 {
		r.over = true
		m.tell(r, Progress{Step: StepNothing})
		return nil
	}
	if r.owner, err = r.Account.Authority(m.by); err != nil {
		return err
	}
	if r.prepared, err = account.Prepare(ctx, r.Client, r.Account, r.owner, r.calls, m.options...); err != nil {
		return err
	}
	m.tell(r, Progress{Step: StepPrepared, Summary: r.prepared.Summary(), Partial: r.partial})
	return nil
}

// what is the calls of the revocation; none if there is nothing.
func (r *revoking) what(ctx context.Context) ([]account.Call, error) {
	ch := r.Client.Chain
	if len(r.IDs) == 0 {
		found, err := List(ctx, ch, r.Account)
		if r.partial, _ = errors.AsType[*PartialError](err); err != nil && r.partial == nil {
			return nil, err
		}
		return RevokeAll(ctx, ch, r.Account, found)
	}
	var ids []kernel.PermissionID
	for _, id := range r.IDs {
		in, err := kernel.ReadInstalled(ctx, ch, r.Account.Address(), id.Validation())
		if err != nil {
			return nil, err
		}
		if in.Present && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return Revoke(ctx, ch, r.Account, ids...)
}

// sign gets the owner's approval of all that is prepared.
func (m *revocation) sign(ctx context.Context) error {
	var open []*revoking
	for _, r := range m.list {
		if !r.over {
			open = append(open, r)
		}
	}
	if len(open) > 1 && severalAtOnce(open) {
		if open = m.lengthen(ctx, open); len(open) > 1 {
			return m.signTree(ctx, open)
		}
	}
	for _, r := range open {
		a, err := m.approve(ctx, r.prepared.Challenge())
		if err != nil {
			return err
		}
		if _, err := r.prepared.Finish(a); err != nil {
			return err
		}
	}
	return nil
}

// send brings an operation to its chain, and waits for it.
func (m *revocation) send(ctx context.Context, r *revoking) error {
	if _, err := r.prepared.Send(ctx); err != nil {
		return err
	}
	m.tell(r, Progress{Step: StepSent})
	receipt, err := r.prepared.Wait(ctx)
	if err != nil {
		return err
	}
	if !receipt.Success {
		return fmt.Errorf("%w: %s", ErrReverted, receipt.Reason)
	}
	r.over = true
	m.tell(r, Progress{Step: StepDone})
	return nil
}
