// What clients of bundlers and of nodes have in common.

package bundler

import (
	"context"
	"math/big"
	"sync"
)

// connection is one address and the chain behind it.
type connection struct {
	e *endpoint

	mu      sync.Mutex
	chainID *big.Int // once known
}

// String is the address without keys.
func (c *connection) String() string { return c.e.shown }

// ChainID is eth_chainId, asked once.
func (c *connection) ChainID(ctx context.Context) (*big.Int, error) {
	c.mu.Lock()
	id := c.chainID
	c.mu.Unlock()
	if id != nil {
		return new(big.Int).Set(id), nil
	}
	var n number
	if err := c.e.call(ctx, "eth_chainId", &n); err != nil {
		return nil, err
	}
	if id = n.big(); id.Sign() <= 0 {
		return nil, c.e.fault("eth_chainId", ErrBadReply, 0, "chain id 0", nil)
	}
	c.mu.Lock()
	c.chainID = id
	c.mu.Unlock()
	return new(big.Int).Set(id), nil
}
