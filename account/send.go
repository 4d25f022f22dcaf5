package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// Send hands the sealed operation to the bundler and returns its hash. Sending
// again – after an error, a crash, a restart – is harmless: it is the same
// operation with the same nonce, and one that already ran counts as sent. An
// error that matches [ErrNonceUsed] is final; after others (bundler down, fee
// too low) the same operation may be sent again.
func (p *Prepared) Send(ctx context.Context) (common.Hash, error) {
	p.mu.Lock()
	op, again := p.op.Clone(), p.sent
	sealed := p.op.Signature != nil
	p.sent = p.sent || sealed
	p.mu.Unlock()
	if !sealed {
		return common.Hash{}, ErrNotSealed
	}
	if again && p.hasReceipt(ctx) {
		return p.hash, nil
	}
	got, err := p.client.Bundler.Send(ctx, op, p.acct.EntryPoint())
	if err != nil {
		return p.explainSend(ctx, err)
	}
	if got != p.hash {
		return common.Hash{}, &HashMismatchError{Want: p.hash, Got: got}
	}
	return p.hash, nil
}

// explainSend tells "already there", "somebody else came first" and "refused"
// apart.
func (p *Prepared) explainSend(ctx context.Context, cause error) (common.Hash, error) {
	code := AACode(cause)
	if code != "AA25" && code != "AA10" {
		if isKnown(cause) {
			return p.hash, nil
		}
		return common.Hash{}, fmt.Errorf("account: send the operation: %w", withObstacle(ctx, p.client.Chain, p.acct, cause))
	}
	if p.hasReceipt(ctx) {
		return p.hash, nil
	}
	f := p.askChain(ctx)
	switch {
	case f.err != nil:
		return common.Hash{}, fmt.Errorf("account: send the operation: %w", errors.Join(cause, f.err))
	case f.ran != nil:
		return p.hash, nil
	case f.taken && f.by != (common.Hash{}):
		return common.Hash{}, &NonceUsedError{Sender: p.acct.Address(), Nonce: p.op.Nonce, Current: f.current, Cause: cause, By: f.by}
	case !f.taken && f.deployed && code == "AA10":
		return common.Hash{}, &DeployedMeanwhileError{Account: p.acct.Address(), Cause: cause}
	}
	return common.Hash{}, p.unclear(f, cause)
}

// DeployedMeanwhileError says that the account was deployed between preparing
// and sending, so that the operation's deployment fails (AA10). It matches
// [ErrNonceUsed]: the way out is the same.
type DeployedMeanwhileError struct {
	Account common.Address
	Cause   error
}

func (e *DeployedMeanwhileError) Error() string {
	return fmt.Sprintf("account: %s was deployed by somebody else meanwhile, the operation would deploy it again", e.Account)
}

// Unwrap returns the cause.
func (e *DeployedMeanwhileError) Unwrap() error { return e.Cause }

// Is matches ErrNonceUsed.
func (e *DeployedMeanwhileError) Is(target error) bool { return target == ErrNonceUsed }

// Hint implements [Hinter].
func (e *DeployedMeanwhileError) Hint() string {
	return "nothing ran; prepare and approve again, it is the same account"
}

const (
	firstPoll = 20 * time.Millisecond
	lastPoll  = 2 * time.Second
	// nonceEvery is after how many polls without a receipt the nonce is looked at.
	nonceEvery = 4
	// maxDenials is how often in a row a chain may not bear out a receipt, because
	// its node is behind the bundler's, before it counts.
	maxDenials = 12
	// patience is how long a receipt may take after the nonce is taken.
	patience = 30 * time.Second
)

// Wait returns the receipt when the operation is on chain, and the chain itself
// says so if it is a [Confirmer] or a [Finder]. It asks with growing pauses until
// ctx ends and lives through a bundler that is down meanwhile; the error then
// holds the last thing that went wrong. [ErrDropped] says that another operation
// took the nonce, so that this one can never run, and [UnclearError] that the
// nonce is taken and for half a minute nobody said by which operation: it may
// have run. A receipt with Success false is no error of Wait.
func (p *Prepared) Wait(ctx context.Context) (*Receipt, error) {
	pause, denials := firstPoll, 0
	var taken time.Time // when the nonce was first seen to be taken
	for n := 1; ; n++ {
		r, err := p.client.Bundler.Receipt(ctx, p.hash)
		if errors.As(err, new(*RelayRevertedError)) {
			return nil, err
		}
		if err == nil && r != nil {
			if err := p.mine(r); err != nil {
				return nil, err
			}
			if err = p.confirm(ctx, r); err == nil {
				return r, nil
			}
			if !isOutage(ctx, err) {
				denials++
			}
		} else if err == nil {
			denials = 0
		}
		if n%nonceEvery == 0 || !taken.IsZero() || denials == maxDenials {
			f := p.askChain(ctx)
			switch {
			case f.ran != nil:
				return f.ran, nil
			case f.by != (common.Hash{}):
				return nil, fmt.Errorf("%w: nonce %s of %s, by operation %s", ErrDropped, p.op.Nonce, p.acct.Address(), f.by)
			case f.taken && taken.IsZero():
				taken = time.Now()
			case f.taken && time.Since(taken) >= patience && denials == 0:
				return nil, p.unclear(f, err)
			}
		}
		if denials == maxDenials {
			return nil, err
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, fmt.Errorf("account: wait for %s: %w", p.hash, errors.Join(ctx.Err(), err))
		case <-t.C:
		}
		pause = min(pause*3/2, lastPoll)
	}
}

// confirm asks the chain whether a receipt is true.
func (p *Prepared) confirm(ctx context.Context, r *Receipt) error {
	c, ok := p.client.Chain.(Confirmer)
	if !ok {
		return nil
	}
	if err := c.Confirm(ctx, r, p.acct.EntryPoint()); err != nil {
		return fmt.Errorf("account: confirm the receipt of %s: %w", p.hash, err)
	}
	return nil
}
