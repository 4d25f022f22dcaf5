package devnet

import (
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/core"
)

// mine makes one block out of what the transaction pool has.
func (c *chain) mine() {
	c.sealing.Lock()
	defer c.sealing.Unlock()
	if !c.closed {
		c.beacon.Commit()
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
	wake := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-quit:
				return
			case <-txs:
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		}
	}()
	for {
		select {
		case <-quit:
			return
		case <-wake:
			c.drain(quit)
		}
	}
}

// drain makes blocks until the pool has nothing executable, or a block takes nothing: then the
// pool holds something the block maker does not want, and trying on would not end.
func (c *chain) drain(quit <-chan struct{}) {
	for {
		c.mine()
		if c.backend.TxPool().Sync() != nil {
			return
		}
		executable, _ := c.backend.TxPool().Stats()
		if executable == 0 || len(c.blocks().GetBlockByHash(c.blocks().CurrentBlock().Hash()).Transactions()) == 0 {
			return
		}
		select {
		case <-quit:
			return
		default:
		}
	}
}
