// Revocation on several chains, with one prompt where the root validator can.

package session

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/userop"
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
	return errors.Join(m.errs...)
}

// revoking is one chain's part.
type revoking struct {
	RevokeTarget
	index    int
	owner    *kernel.Authority
	calls    []account.Call
	partial  *PartialError
	prepared *account.Prepared
	over     bool // done, or failed
}

type revocation struct {
	by       kernel.Approver
	approve  func(context.Context, account.Challenge) (account.Approval, error)
	progress func(Progress)
	options  []account.Option
	list     []*revoking

	mu   sync.Mutex
	errs []error
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
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errs = append(m.errs, &TargetError{Target: r.index, ChainID: r.Client.ChainID, Account: r.Account.Address(), Cause: err})
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

// severalAtOnce says that one signature of the same owner does for all.
func severalAtOnce(open []*revoking) bool {
	for _, r := range open {
		switch r.Account.Root().(type) {
		case kernel.MultiChainECDSA, kernel.MultiChainWebAuthn:
		default:
			return false
		}
		if !sameRoot(open[0].Account, r.Account) {
			return false
		}
	}
	return true
}

// What a longer signature costs, in gas: its bytes as call data at the highest price,
// and the hashes and copies of its proof.
const (
	gasPerByte  = 40
	gasPerLevel = 1_000
	gasOfTree   = 15_000
)

// lengthen prepares the operations again, with room for a signature of several.
func (m *revocation) lengthen(ctx context.Context, open []*revoking) (out []*revoking) {
	depth := bits.Len(uint(len(open) - 1))
	for _, r := range open {
		if err := r.lengthen(ctx, depth, m.options); err != nil {
			m.fail(r, err)
			continue
		}
		out = append(out, r)
	}
	return out
}

func (r *revoking) lengthen(ctx context.Context, depth int, opts []account.Option) error {
	stub, err := treeStub(r.Account.Root(), r.owner.Stub(), depth)
	if err != nil {
		return err
	}
	op := r.prepared.Op()
	plus := func(n *big.Int, more int) *big.Int { return new(big.Int).Add(n, big.NewInt(int64(more))) }
	gas := account.GasEstimate{
		CallGasLimit: op.CallGasLimit, VerificationGasLimit: plus(op.VerificationGasLimit, gasOfTree+depth*gasPerLevel),
		PreVerificationGas:            plus(op.PreVerificationGas, (len(stub)-len(r.owner.Stub()))*gasPerByte),
		PaymasterVerificationGasLimit: op.PaymasterVerificationGasLimit, PaymasterPostOpGasLimit: op.PaymasterPostOpGasLimit,
	}
	auth := &treeAuthority{Authority: r.owner, stub: stub}
	r.prepared, err = account.Prepare(ctx, r.Client, r.Account, auth, r.calls, append(slices.Clone(opts), account.WithGas(gas))...)
	return err
}

// treeStub is as long as a signature of one of several hashes, of a tree that deep.
func treeStub(root kernel.Validator, one []byte, depth int) ([]byte, error) {
	full := common.MaxHash
	s := kernel.MultiChainSignature{Root: full, Proof: slices.Repeat([]common.Hash{full}, depth), Signature: one}
	if _, ok := root.(kernel.MultiChainECDSA); ok {
		return s.ECDSA()
	}
	f, err := abituple.Decode(one, "dd") // no proof, signature
	if err != nil {
		return nil, err
	}
	s.Signature = f[1].Data
	return s.WebAuthn()
}

// signTree asks once for all.
func (m *revocation) signTree(ctx context.Context, open []*revoking) error {
	hashes := make([]common.Hash, len(open))
	for i, r := range open {
		hashes[i] = r.prepared.Hash()
	}
	request, err := open[0].owner.SignHashes(hashes)
	if err != nil {
		return err
	}
	a, err := m.approve(ctx, request.Challenge())
	if err != nil {
		return err
	}
	signatures, err := request.Finish(a)
	if err != nil {
		return err
	}
	for i, r := range open {
		saved, err := r.prepared.MarshalJSON()
		if err != nil {
			return err
		}
		auth := &treeAuthority{Authority: r.owner, challenge: request.Challenge(), hash: hashes[i], signature: signatures[i]}
		auth.stub = signatures[i]
		if r.prepared, err = account.Resume(saved, r.Client, r.Account, auth); err != nil {
			return err
		}
		if _, err := r.prepared.Finish(a); err != nil {
			return err
		}
	}
	return nil
}

// treeAuthority is the owner who signs one of several operations by their tree.
type treeAuthority struct {
	*kernel.Authority
	stub []byte

	// Once signed:
	challenge account.Challenge
	hash      common.Hash
	signature []byte
}

var _ account.Authority = (*treeAuthority)(nil)

// Stub implements [account.Authority].
func (a *treeAuthority) Stub() []byte { return slices.Clone(a.stub) }

// Challenge implements [account.Authority].
func (a *treeAuthority) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	if a.signature == nil {
		return a.Authority.Challenge(op, chainID)
	}
	hash, err := userop.V07.Hash(op, chainID)
	if err != nil {
		return account.Challenge{}, err
	}
	if hash != a.hash {
		return account.Challenge{}, account.ErrChanged
	}
	return a.challenge, nil
}

// Seal implements [account.Authority].
func (a *treeAuthority) Seal(op *userop.Op, approval account.Approval) ([]byte, error) {
	if a.signature == nil {
		return a.Authority.Seal(op, approval)
	}
	return slices.Clone(a.signature), nil
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
