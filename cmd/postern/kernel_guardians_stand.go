package main

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/recovery"
)

// A kernelStand is where a recovery stands on its chain.
type kernelStand struct {
	*kernelGuarded
	recovery *kernelRecovery
	status   guardians.Status
	next     *big.Int // nonce of the guardians' next operation
	done     bool     // the account has that owner
}

// on holds a file against its chain.
func (r *kernelRecovery) on(ctx context.Context, conn *connection) (*kernelStand, error) {
	id, err := conn.onChain(ctx)
	if err != nil {
		return nil, err
	}
	if id.Cmp(r.chainID) != 0 {
		return nil, failf("wrong-chain", "use a node of that chain", "the file is for chain %s, and the node is on chain %s", r.chainID, id)
	}
	spec := &kernelSpec{Address: r.proposal.Account}
	acct, err := spec.account(ctx, conn.Chain)
	if err != nil {
		return nil, explainKernel(err, spec)
	}
	s := &kernelStand{recovery: r}
	if s.kernelGuarded, err = readKernelGuarded(ctx, conn, acct); err != nil {
		return nil, err
	}
	if s.status, err = guardians.Look(ctx, conn.Chain, s.setup, r.proposal); err != nil {
		return nil, err
	}
	key, err := kernel.ParseNonceKey(new(big.Int).Rsh(r.proposal.Nonce, 64))
	if err != nil {
		return nil, err
	}
	s.done = sameOwner(acct.Root(), r.proposal.Owner)
	s.next, err = guardians.Next(ctx, conn.Chain, acct, key.Lane)
	return s, err
}

// sameOwner compares whom two root validators obey.
func sameOwner(a, b kernel.Validator) bool {
	ownerA, keyA := rootOf(a)
	ownerB, keyB := rootOf(b)
	return ownerA == ownerB && keyA == keyB
}

// open refuses a recovery that cannot be carried out any more.
func (s *kernelStand) open() error {
	const again = "begin again: postern kernel guardians propose 0x… --new OWNER --out FILE"
	addr := s.acct.Address()
	root, err := s.recovery.proposal.Owner.Contract(s.acct.Version())
	switch {
	case err != nil:
		return err
	case s.status.Stage == guardians.Executed && s.done:
		return failf("executed", "who owns it: postern kernel show "+addr.Hex(), "this recovery was carried out")
	case s.status.Stage == guardians.Executed:
		return failf("used-up", again, "this recovery was sent, and has failed: it cannot be sent again")
	case s.status.Stage == guardians.Vetoed:
		return failf("vetoed", "ask the owner; if it shall be all the same: postern kernel guardians propose 0x… --new OWNER --out ANOTHER-FILE", "the owner has stopped this recovery")
	}
	if err := s.standing(); err != nil {
		return err
	}
	switch {
	case !sameSetup(s.setup, s.recovery.setup):
		return failf("outdated", again, "the guardians have changed since the file was made")
	case root != s.acct.RootContract():
		return failf("outdated", again, "the owner's validator has changed since the file was made")
	case s.next.Cmp(s.recovery.proposal.Nonce) != 0:
		return failf("outdated", again, "another recovery was carried out since the file was made")
	}
	return nil
}

// signed reports whether a guardian has signed, here or on the chain.
func (s *kernelStand) signed(who common.Address) bool {
	return s.recovery.of(who) != nil || slices.Contains(s.status.Signed, who)
}

// words say how far it has come.
func (s *kernelStand) words() string {
	switch left := s.status.ReadyAt.Sub(s.now); {
	case s.status.Stage != guardians.Approved:
		return map[guardians.Stage]string{guardians.Vetoed: "the owner has stopped it", guardians.Executed: "it was carried out"}[s.status.Stage]
	case left > 0:
		return fmt.Sprintf("it waits for %s more, until %s", recovery.Span(left), moment(s.status.ReadyAt))
	}
	return "ready since " + moment(s.status.ReadyAt)
}

// A recoverySpec says which recovery an operation carries out, and which guardian signs for
// that. It holds no secret.
type recoverySpec struct {
	File     *kernelRecoveryFile `json:"file"`
	Guardian common.Address      `json:"guardian"`
}

var _ accountRef = (*recoverySpec)(nil)

func (s *recoverySpec) open(ctx context.Context, chain account.Chain) (account.Account, account.Authority, error) {
	if s.File == nil {
		return nil, nil, failf("bad-file", "make it again: postern kernel guardians execute FILE --out op.json", "it is not clear which recovery it is")
	}
	r, err := s.File.recovery()
	if err != nil {
		return nil, nil, err
	}
	if err := r.isGuardian(s.Guardian, nil); err != nil {
		return nil, nil, err
	}
	acct, err := kernel.At(ctx, chain, r.proposal.Account)
	if err != nil {
		return nil, nil, err
	}
	return guardians.Account{Account: acct}, guardians.NewAuthority(r.proposal, s.Guardian), nil
}
