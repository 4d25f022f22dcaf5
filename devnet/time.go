package devnet

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/common/math"
)

// MaxSkip is how far one [Net.Skip] goes, and maxAhead how far the chain gets ahead of the clock by all of them:
// longer than anything here waits, and far from the ends of the 48 bits that contracts keep times in.
const (
	MaxSkip  = 10 * 365 * 24 * time.Hour
	maxAhead = 10 * MaxSkip
)

// ErrTime says that the chain cannot be made to be that late.
var ErrTime = errors.New("the chain's time cannot be moved")

// Skip lets time pass on the chain without anybody waiting for it: it makes a block, without transactions, that is as
// much later than the one before as d says, in full seconds, and returns that block's time when it is there. What
// waits for a block gets into one before.
//
// Nothing is pretended: the time stands in the block, every contract, call and simulation sees it, and it is the same
// after a restart. Time never goes back: until the clock has caught up, each block is one second later than the last.
func (n *Net) Skip(ctx context.Context, d time.Duration) (time.Time, error) {
	if d < time.Second || d%time.Second != 0 || d > MaxSkip {
		return time.Time{}, &Error{Kind: ErrTime, Err: fmt.Errorf("%s is not between one second and %d days, in full seconds", d, MaxSkip/(24*time.Hour)),
			Hint: "go in several steps"}
	}
	to := n.chain.blocks().CurrentBlock().Time + uint64(d/time.Second)
	if ahead := time.Until(time.Unix(int64(to), 0)); ahead > maxAhead {
		return time.Time{}, &Error{Kind: ErrTime, Err: fmt.Errorf("it would be %d days ahead of the clock", ahead/(24*time.Hour)),
			Hint: "begin with a new data directory"}
	}
	err := n.chain.await(ctx, func() (bool, error) { return n.chain.reach(to) })
	if err != nil {
		return time.Time{}, &Error{Kind: ErrTime, Err: err}
	}
	return time.Unix(int64(to), 0), nil
}

// errWaiting: transactions hold up a change of the chain's time.
var errWaiting = errors.New("transactions that wait for higher fees are in the way")

// await repeats an attempt until it is done.
func (c *chain) await(ctx context.Context, attempt func() (done bool, err error)) error {
	for {
		done, err := attempt()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errWaiting, context.Cause(ctx))
		case <-time.After(time.Millisecond):
		}
	}
}

// reach is one attempt to make a block of that time, unless the chain is there already: transactions that wait must be
// in a block before, and come back where they are not.
func (c *chain) reach(to uint64) (done bool, err error) {
	c.mine()
	c.sealing.Lock()
	defer c.sealing.Unlock()
	if c.closed {
		return false, errors.New("it is closed")
	}
	head := c.blocks().CurrentBlock()
	if to <= head.Time {
		return true, nil
	}
	if err := c.inform(); err != nil {
		return false, err
	}
	err = c.beacon.AdjustTime(time.Duration(to-head.Time) * time.Second)
	if executable, _ := c.backend.TxPool().Stats(); err != nil && executable > 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.writeDown()
	return true, c.inform()
}

// inform waits until the pool has learnt of the latest block, which it does in its own time: before, it holds
// transactions that are in the block, and takes what the block's rules refuse.
func (c *chain) inform() error { return c.backend.TxPool().Sync() }

// evmAPI is the "evm" RPC namespace: what development chains commonly offer to let time pass.
type evmAPI struct {
	net     *Net
	skipped atomic.Uint64
}

// IncreaseTime is evm_increaseTime(seconds): see [Net.Skip]. Unlike elsewhere the block is there at once; an evm_mine
// that follows, as others need it, does no harm. It returns by how much all calls since the start have moved the
// chain, in seconds.
func (a *evmAPI) IncreaseTime(ctx context.Context, seconds math.HexOrDecimal64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	d := time.Duration(min(uint64(seconds), uint64(MaxSkip/time.Second)+1)) * time.Second
	if _, err := a.net.Skip(ctx, d); err != nil {
		return 0, &rpcError{code: codeInvalid, msg: err.Error()}
	}
	return a.skipped.Add(uint64(seconds)), nil
}

// Mine is evm_mine(): it makes one block, empty or not.
func (a *evmAPI) Mine() string {
	a.net.Mine()
	return "0x0"
}
