package devnet

import (
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// bundler takes user operations, checks each by executing it, and puts each into a transaction of
// its own. It never holds an operation back, trades order for fees, or aggregates signatures; and
// it does not check the ERC-7562 rules of what validation code may touch. For development only.
//
// An operation is in exactly one of these places: the pool (and the store, from before it is
// acknowledged), the index of included ones, or the list of dropped ones. Its transaction is made
// right before a block is, and the block is looked through right after, so none is in two blocks.
type bundler struct {
	chain   *chain
	wallet  wallet
	chainID *big.Int
	store   *opStore
	log     *slog.Logger
	running chan struct{} // bounds simulations at a time

	mu   sync.Mutex // guards pool, and that pool and store change together
	pool *mempool
}

const simulations = 4

func newBundler(c *chain, keys devKeys, config Config) (*bundler, error) {
	b := &bundler{
		chain:   c,
		wallet:  newWallet(c, keys.Bundler),
		chainID: c.blocks().Config().ChainID,
		store:   newOpStore(c.backend.ChainDb()),
		log:     config.Log,
		running: make(chan struct{}, simulations),
		pool:    newMempool(),
	}
	if err := b.recover(); err != nil {
		return nil, fmt.Errorf("devnet: reopening the mempool: %w", err)
	}
	return b, nil
}

// recover indexes blocks that were made but not looked through, then takes up the operations that
// are in none.
func (b *bundler) recover() error {
	from, err := b.store.indexed()
	if err != nil {
		return err
	}
	head := b.chain.blocks().CurrentBlock().Number.Uint64()
	for n := from + 1; n <= head; n++ {
		if err := b.index(n); err != nil {
			return err
		}
	}
	pending, err := b.store.pending()
	if err != nil {
		return err
	}
	for _, p := range pending {
		if _, included, err := b.store.location(p.hash); err != nil {
			return err
		} else if included {
			if err := b.store.remove(p.hash); err != nil {
				return err
			}
			continue
		}
		b.pool.add(p)
	}
	if len(pending) > 0 {
		b.log.Info("operations taken up from the last run", "count", len(pending))
	}
	return nil
}

// send accepts an operation into the pool, or says why not. An operation that is known already,
// pending or included, is accepted again without effect.
func (b *bundler) send(ctx context.Context, ep userop.EntryPoint, op *userop.Op) (common.Hash, error) {
	if err := b.enter(ctx); err != nil {
		return common.Hash{}, err
	}
	defer b.leave()
	if err := b.resolveDelegate(op); err != nil {
		return common.Hash{}, internalError(err)
	}
	if err := op.Validate(ep, b.chainID); err != nil {
		return common.Hash{}, invalidFields(err)
	}
	hash, err := ep.Hash(op, b.chainID)
	if err != nil {
		return common.Hash{}, invalidFields(err)
	}
	if known, err := b.known(hash); known || err != nil {
		return hash, err
	}
	if err := b.acceptable(ep, op); err != nil {
		return common.Hash{}, err
	}
	start, err := b.sceneFor(ctx, ep, op)
	if err != nil {
		return common.Hash{}, err
	}
	if err := start.deployed(op); err != nil {
		return common.Hash{}, err
	}
	if err := start.delegates(op); err != nil {
		return common.Hash{}, err
	}
	if err := affordable(op, start.header.BaseFee); err != nil {
		return common.Hash{}, err
	}
	out, err := start.apply(ctx, ep, op, hash, txGas(ep, op).Uint64(), false)
	if err != nil {
		return common.Hash{}, internalError(err)
	}
	if err := outcomeError(ep, op, out, false); err != nil {
		return common.Hash{}, err
	}
	if err := b.admit(&pooled{hash: hash, ep: ep, op: op}); err != nil {
		return common.Hash{}, err
	}
	b.chain.poke()
	return hash, nil
}

// admit makes an operation pending and durable.
func (b *bundler) admit(p *pooled) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pool.byHash[p.hash] != nil {
		return nil
	}
	old, err := b.pool.room(p)
	if err != nil {
		return err
	}
	p.seq = b.pool.nextSeq()
	if old != nil {
		reason := fmt.Sprintf("replaced by %s, which pays more", p.hash)
		if err := b.store.drop(old.hash, reason); err != nil {
			return internalError(err)
		}
		b.pool.remove(old.hash)
		b.log.Info("operation replaced", "old", old.hash, "new", p.hash)
	}
	if err := b.store.put(p); err != nil {
		return internalError(err)
	}
	b.pool.add(p)
	b.log.Info("operation accepted", "hash", p.hash, "sender", p.op.Sender, "entryPoint", p.ep.Version())
	return nil
}

// known tells whether an operation is pending or included.
func (b *bundler) known(hash common.Hash) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pool.byHash[hash] != nil {
		return true, nil
	}
	_, included, err := b.store.location(hash)
	if err != nil {
		return false, internalError(err)
	}
	return included, nil
}

// sceneFor is the state an operation of this sender will find: the head's, after the sender's
// other pending operations.
func (b *bundler) sceneFor(ctx context.Context, ep userop.EntryPoint, op *userop.Op) (*scene, error) {
	s, err := newScene(b.chain.blocks(), b.wallet.address)
	if err != nil {
		return nil, internalError(err)
	}
	b.mu.Lock()
	earlier := b.pool.ofSender(op.Sender)
	b.mu.Unlock()
	for _, p := range earlier {
		if p.ep == ep && p.op.Nonce.Cmp(op.Nonce) == 0 {
			continue // the one it replaces
		}
		if _, err := s.apply(ctx, p.ep, p.op, p.hash, txGas(p.ep, p.op).Uint64(), false); err != nil {
			return nil, internalError(err)
		}
	}
	return s, nil
}

// resolveDelegate notes where the sender's code comes from when the operation's hash depends on it.
func (b *bundler) resolveDelegate(op *userop.Op) error {
	if !op.IsEIP7702() || op.Authorization != nil {
		return nil
	}
	s, err := newScene(b.chain.blocks(), b.wallet.address)
	if err != nil {
		return err
	}
	s.resolveDelegate(op)
	return nil
}

func (b *bundler) enter(ctx context.Context) error {
	select {
	case b.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &rpcError{code: codeLimit, msg: "too many operations are being simulated"}
	}
}

func (b *bundler) leave() { <-b.running }
