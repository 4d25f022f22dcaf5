package devnet

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
)

// Rules is the hard fork a chain runs.
type Rules uint8

const (
	// Osaka has the P256VERIFY precompile (EIP-7951) at 0x100 and caps a transaction at 2^24 gas.
	Osaka Rules = iota
	// Prague has no P256VERIFY: accounts must verify passkeys in contract code.
	Prague
)

func (r Rules) String() string {
	if r == Prague {
		return "prague"
	}
	return "osaka"
}

// chainConfig gives every fork up to the rules from the genesis block on, and Osaka at its time if it comes later.
func (c Config) chainConfig() *params.ChainConfig {
	out := *params.AllDevChainProtocolChanges
	out.ChainID = new(big.Int).SetUint64(c.ChainID)
	out.BogotaTime = nil
	if c.Rules == Prague {
		out.OsakaTime = nil
	}
	if !c.OsakaAt.IsZero() {
		at := uint64(c.OsakaAt.Unix())
		out.OsakaTime = &at
	}
	return &out
}

// rulesOf reads out of a stored configuration which fork the chain began with, and when Osaka follows: zero for never.
func rulesOf(c *params.ChainConfig) (Rules, time.Time) {
	switch {
	case c.OsakaTime == nil:
		return Prague, time.Time{}
	case *c.OsakaTime == 0:
		return Osaka, time.Time{}
	}
	return Prague, time.Unix(int64(*c.OsakaTime), 0)
}

// nextTime is the time that a block has which is made now.
func nextTime(head *types.Header) uint64 {
	return max(head.Time+1, uint64(time.Now().Unix()))
}

// ErrNoSwitch says that a chain does not change its rules, or has no means to do it now.
var ErrNoSwitch = errors.New("the chain does not become an Osaka chain")

// BecomeOsaka makes the next block the first one under Osaka rules, on a chain that Config.OsakaAt lets change them,
// and returns when that block is there. Its time, if not there yet, comes early: later blocks have times of their own
// until the clock has caught up. On a chain that runs Osaka already it does nothing.
func (n *Net) BecomeOsaka(ctx context.Context) error {
	config := n.chain.blocks().Config()
	head := n.chain.blocks().CurrentBlock()
	switch {
	case config.IsOsaka(head.Number, head.Time):
		return nil
	case config.OsakaTime == nil:
		return fmt.Errorf("devnet: %w: it was made without OsakaAt", ErrNoSwitch)
	}
	if err := n.chain.await(ctx, func() (bool, error) { return n.chain.reach(*config.OsakaTime) }); err != nil {
		return fmt.Errorf("devnet: %w: %w", ErrNoSwitch, err)
	}
	return nil
}

// switchInTime makes a block when Osaka's time comes, so that the chain changes its rules then even if nobody wants a
// block. The returned function ends the wait.
func (c *chain) switchInTime() (stop func()) {
	_, at := rulesOf(c.blocks().Config())
	if at.IsZero() || c.manual || time.Until(at) <= 0 {
		return func() {}
	}
	t := time.AfterFunc(time.Until(at), c.mine)
	return func() { t.Stop() }
}
