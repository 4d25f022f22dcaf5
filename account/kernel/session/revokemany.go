// Revocation on several chains, with one prompt where the root validator can.

package session

import (
	"context"
	"errors"
	"fmt"
	"math/big"
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
	// Calls are what revokes, where that is known already, such as from [RevokeUnused]:
	// then IDs do not count, and nothing is looked for.
	Calls []account.Call
}

// Step is how far a revocation has come on one chain.
type Step string

// The steps.
const (
	StepNothing  Step = "nothing"  // the account has none of them; an unused approval is for [RevokeUnused]
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
	Summary account.Summary  // of StepPrepared
	Hash    common.Hash      // of the operation, from StepPrepared on
	Err     error            // of StepFailed
	Receipt *account.Receipt // of StepDone
	// Partial is of StepPrepared, where all was to be revoked: the node did not answer
	// for all of its chain, so that permissions may have been left out. Before Kernel
	// 0.3.3 those could sign messages on.
	Partial *PartialError
}

// UndeployedError says that an account is not deployed on a chain where all was to be
// revoked: it has no permissions, but may have given approvals, with which it can be
// deployed.
type UndeployedError struct{ Account common.Address }

func (e *UndeployedError) Error() string {
	return fmt.Sprintf("session: the account %s is not deployed on this chain: it has no permissions to revoke, and approvals that it gave stay good", e.Account)
}

// Hint implements [account.Hinter].
func (e *UndeployedError) Hint() string {
	return "deploy it by any operation and revoke all then, or revoke an approval that is known by RevokeUnused, which deploys it"
}

var _ account.Hinter = (*UndeployedError)(nil)

// ErrReverted says that an operation was included and its calls reverted.
var ErrReverted = errors.New("session: the operation was included, but its calls reverted: nothing was revoked")

// RevokeMany revokes on several chains, and goes on with the others where one fails.
// approve is asked for the owner's approval: once for all chains if the root is a
// multi-chain validator, else once for each; before the first prompt progress has told
// what is to be approved on every chain. progress is told each step, one at a
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
	m.sign(ctx)
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
	switch {
	case len(r.Calls) > 0:
		r.calls = r.Calls
	case there:
		if r.calls, err = r.what(ctx); err != nil {
			return err
		}
	case len(r.IDs) == 0:
		return &UndeployedError{r.Account.Address()}
	}
	if len(r.calls) == 0 {
		r.over = true
		m.tell(r, Progress{Step: StepNothing})
		return nil
	}
	if r.owner, err = r.Account.Authority(m.by); err != nil {
		return err
	}
	r.prepared, err = account.Prepare(ctx, r.Client, r.Account, r.owner, r.calls, m.options...)
	return err
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
		if in.Present {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return Revoke(ctx, ch, r.Account, ids...)
}

// sign gets the owner's approval of all that is prepared, and says before what that is.
func (m *revocation) sign(ctx context.Context) {
	open := m.open()
	tree := len(open) > 1 && severalAtOnce(open)
	if tree {
		m.lengthen(ctx, open)
		open = m.open()
	}
	for _, r := range open {
		m.tell(r, Progress{Step: StepPrepared, Summary: r.prepared.Summary(), Partial: r.partial})
	}
	if tree && len(open) > 1 {
		m.signTree(ctx, open)
		return
	}
	for _, r := range open {
		a, err := m.approve(ctx, r.prepared.Challenge())
		if err == nil {
			_, err = r.prepared.Finish(a)
		}
		if err != nil {
			m.fail(r, err)
		}
	}
}

// open is those that are not over.
func (m *revocation) open() (out []*revoking) {
	for _, r := range m.list {
		if !r.over {
			out = append(out, r)
		}
	}
	return out
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
	m.tell(r, Progress{Step: StepDone, Receipt: receipt})
	return nil
}
