package devnet

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// maxAttempts bounds how often a transaction is made for an operation that passes simulation and
// then is not in the block.
const maxAttempts = 3

// beforeBlock hands the pool's operations to the transaction pool, in order of arrival, each
// checked again in the state its predecessors leave. Those that can no longer succeed are dropped
// with the reason; those whose fee is too low now stay.
func (b *bundler) beforeBlock() {
	b.mu.Lock()
	pending := b.pool.list()
	b.mu.Unlock()
	if len(pending) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := newScene(b.chain.blocks(), b.wallet.address)
	if err != nil {
		b.log.Error("no state to check operations on", "error", err)
		return
	}
	for _, p := range pending {
		if affordable(p.op, s.header.BaseFee) != nil {
			continue
		}
		if err := b.carry(ctx, s, p); err != nil {
			b.log.Error("operation stays pending", "hash", p.hash, "error", err)
		}
	}
}

// carry sends one operation's transaction.
func (b *bundler) carry(ctx context.Context, s *scene, p *pooled) error {
	gas := txGas(p.ep, p.op).Uint64()
	out, err := s.apply(ctx, p.ep, p.op, p.hash, gas, false)
	if err != nil {
		return err
	}
	if out.revert != nil {
		return b.dropOp(p, out.revert.Error())
	}
	if p.attempts++; p.attempts > maxAttempts {
		return b.dropOp(p, fmt.Sprintf("%d transactions with it failed on chain although simulation passes", maxAttempts))
	}
	data, err := p.ep.HandleOps([]*userop.Op{p.op}, b.wallet.address)
	if err != nil {
		return err
	}
	auths, err := authorizations(p.op)
	if err != nil {
		return err
	}
	to := p.ep.Address()
	_, err = b.wallet.send(ctx, &to, new(big.Int), data, gas, auths)
	return err
}

func (b *bundler) dropOp(p *pooled, reason string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pool.remove(p.hash)
	b.log.Warn("operation dropped", "hash", p.hash, "reason", reason)
	return b.store.drop(p.hash, reason)
}

// afterBlock takes included operations out of the pool.
func (b *bundler) afterBlock() {
	head := b.chain.blocks().CurrentBlock().Number.Uint64()
	if err := b.index(head); err != nil {
		b.log.Error("looking through a block failed", "block", head, "error", err)
	}
}

// index looks for the events of operations in one block, whoever sent them.
func (b *bundler) index(number uint64) error {
	block := b.chain.blocks().GetBlockByNumber(number)
	if block == nil {
		return fmt.Errorf("devnet: block %d is missing", number)
	}
	found := map[common.Hash]location{}
	for _, r := range b.chain.blocks().GetReceiptsByHash(block.Hash()) {
		for i, l := range r.Logs {
			if _, ours := userop.EntryPointByAddress(l.Address); !ours {
				continue
			}
			if event, err := userop.ParseUserOperationEvent(l.Topics, l.Data); err == nil {
				found[event.UserOpHash] = location{Tx: r.TxHash, Block: number, Log: uint(i)}
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.store.located(number, found); err != nil {
		return fmt.Errorf("devnet: recording block %d: %w", number, err)
	}
	for hash, l := range found {
		b.pool.remove(hash)
		b.log.Info("operation included", "hash", hash, "block", number, "tx", l.Tx)
	}
	return nil
}

// ready tells whether a block made now would carry an operation.
func (b *bundler) ready() bool {
	s, err := newScene(b.chain.blocks(), b.wallet.address)
	if err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.pool.byHash {
		if affordable(p.op, s.header.BaseFee) == nil {
			return true
		}
	}
	return false
}
