package devnet

import (
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/core"
)

// poke asks for a block soon, when blocks are made on demand.
func (c *chain) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// mine makes one block out of what the transaction pool and the bundler have.
func (c *chain) mine() {
	c.sealing.Lock()
	defer c.sealing.Unlock()
	if c.closed {
		return
	}
	if c.bundler != nil {
		c.bundler.beforeBlock()
	}
	c.beacon.Commit()
	if c.bundler != nil {
		c.bundler.afterBlock()
	}
	c.writeDown()
}

// writeDown puts the newest block on disk, where there is one to be kept.
func (c *chain) writeDown() {
	if !c.durable {
		return
	}
	if err := c.backend.ChainDb().SyncKeyValue(); err != nil {
		c.log.Error("writing a block down failed", "error", err)
	}
}

// catchUp waits until the transaction pool knows the newest block's balances and nonces, which it
// learns a moment after everybody else.
func (c *chain) catchUp() {
	c.sealing.Lock()
	defer c.sealing.Unlock()
	if !c.closed {
		if err := c.backend.TxPool().Sync(); err != nil {
			c.log.Warn("transaction pool does not catch up", "error", err)
		}
	}
}

// startSealing makes blocks every period, or, with a zero period, whenever the pool has something
// executable. The returned function ends it and waits until the last block is done.
func (c *chain) startSealing(period time.Duration) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	switch {
	case period > 0:
		go c.sealEvery(period, quit, done)
	case period == 0:
		txs := make(chan core.NewTxsEvent, 16)
		sub := c.backend.TxPool().SubscribeTransactions(txs, true)
		go func() {
			defer sub.Unsubscribe()
			c.sealOnDemand(txs, quit, done)
		}()
	default:
		close(done)
	}
	var once sync.Once
	return func() {
		once.Do(func() { close(quit) })
		<-done
	}
}

func (c *chain) sealEvery(period time.Duration, quit <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-quit:
			return
		case <-ticker.C:
			c.mine()
		}
	}
}

// sealOnDemand drains the events while a block is made, so the pool never waits for it.
func (c *chain) sealOnDemand(txs <-chan core.NewTxsEvent, quit <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	go func() {
		for {
			select {
			case <-quit:
				return
			case <-txs:
				c.poke()
			}
		}
	}()
	for {
		select {
		case <-quit:
			return
		case <-c.wake:
			c.drain(quit)
		}
	}
}

// drain makes blocks until there is nothing left for one, or a block takes nothing: then somebody
// holds what the block maker does not want, and trying on would not end.
func (c *chain) drain(quit <-chan struct{}) {
	for c.hasWork() {
		c.mine()
		if head := c.blocks().CurrentBlock(); len(c.blocks().GetBlockByHash(head.Hash()).Transactions()) == 0 {
			return
		}
		select {
		case <-quit:
			return
		default:
		}
	}
}

// hasWork holds the lock because TxPool.Sync loses one of two callers at a time for ever.
func (c *chain) hasWork() bool {
	c.sealing.Lock()
	defer c.sealing.Unlock()
	if c.closed || c.backend.TxPool().Sync() != nil {
		return false
	}
	executable, _ := c.backend.TxPool().Stats()
	return executable > 0 || c.bundler != nil && c.bundler.ready()
}
