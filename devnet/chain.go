package devnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/eth"
	"github.com/ethereum/go-ethereum/eth/catalyst"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/eth/filters"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"
)

// chain is go-ethereum assembled to one node without peers, and the sealing of its blocks.
type chain struct {
	stack     *node.Node
	backend   *eth.Ethereum
	beacon    *catalyst.SimulatedBeacon
	filters   *filters.FilterAPI
	client    *ethclient.Client
	predeploy []predeploy
	log       *slog.Logger

	bundler *bundler // set once, before blocks are made on demand
	manual  bool     // blocks come only when asked for: while the chain is completed, and with a negative BlockTime
	durable bool     // blocks are written down before mine returns
	wake    chan struct{}

	sealing sync.Mutex // one block at a time; guards closed
	closed  bool
	stop    func() // ends the sealing loop and waits for it
}

// openChain opens the stored chain of a data directory, or makes a new one.
func openChain(config Config, keys devKeys) (_ *chain, err error) {
	list, err := predeploys(config.Artifacts, keys)
	if err != nil {
		return nil, err
	}
	stack, err := newStack(config.DataDir)
	if err != nil {
		return nil, err
	}
	c := &chain{stack: stack, predeploy: list, log: config.Log, stop: func() {},
		manual: true, durable: config.DataDir != "", wake: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	conf, err := ethConfig(config, keys, stack, list)
	if err != nil {
		return nil, err
	}
	if c.backend, err = eth.New(stack, conf); err != nil {
		return nil, fmt.Errorf("devnet: opening the chain: %w", err)
	}
	if err := checkStored(c.backend.BlockChain().Config(), config); err != nil {
		return nil, err
	}
	c.filters = filters.NewFilterAPI(filters.NewFilterSystem(c.backend.APIBackend, filters.Config{}))
	stack.RegisterAPIs([]rpc.API{{Namespace: "eth", Service: c.filters}})
	if err := stack.Start(); err != nil {
		return nil, fmt.Errorf("devnet: starting the node: %w", err)
	}
	if c.beacon, err = catalyst.NewSimulatedBeacon(0, common.Address{}, c.backend); err != nil {
		return nil, fmt.Errorf("devnet: starting the block maker: %w", err)
	}
	c.backend.SetSynced()
	c.client = ethclient.NewClient(stack.Attach())
	return c, nil
}

// newStack is a node that neither listens nor dials.
func newStack(dir string) (*node.Node, error) {
	conf := node.DefaultConfig
	conf.Name = "chain"
	conf.DataDir = dir
	conf.P2P = p2p.Config{NoDiscovery: true, NoDial: true}
	if dir == "" {
		conf.KeyStoreDir = os.TempDir() // nothing is kept there; without it each chain that is killed leaves a folder behind
	} else {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("devnet: making the data directory: %w", err)
		}
	}
	stack, err := node.New(&conf)
	if errors.Is(err, node.ErrDatadirUsed) {
		return nil, &Error{Kind: ErrBusy, Err: fmt.Errorf("another process uses %s", dir),
			Hint: "stop the other process, or choose another --data directory"}
	}
	if err != nil {
		return nil, fmt.Errorf("devnet: preparing the node: %w", err)
	}
	return stack, nil
}

// ethConfig chooses an archive of hash-keyed tries: every block's state is on disk once the block
// is made, so that killing the process rewinds nothing.
func ethConfig(config Config, keys devKeys, stack *node.Node, list []predeploy) (*ethconfig.Config, error) {
	conf := ethconfig.Defaults
	conf.SyncMode = ethconfig.FullSync
	conf.NoPruning = true
	conf.StateScheme = rawdb.HashScheme
	conf.SnapshotCache = 0
	conf.TrieCleanCache, conf.TrieDirtyCache = 32, 0
	conf.DatabaseCache, conf.DatabaseHandles = 64, 256
	conf.LogNoHistory = true    // log search goes block by block, no index to build
	conf.TransactionHistory = 0 // index all transactions
	conf.TxPool.NoLocals = true
	conf.TxPool.Journal = ""
	conf.BlobPool.Datadir = ""
	conf.RPCTxFeeCap = 0
	conf.Miner.GasCeil = blockGas
	stored, err := hasChain(config.DataDir, stack)
	if err != nil || stored {
		return &conf, err
	}
	if conf.Genesis, err = genesis(config, keys, list); err != nil {
		return nil, err
	}
	return &conf, nil
}

// hasChain tells whether the data directory has a genesis block.
func hasChain(dir string, stack *node.Node) (bool, error) {
	if dir == "" {
		return false, nil
	}
	db, err := stack.OpenDatabaseWithOptions("chaindata", node.DatabaseOptions{Cache: 16, Handles: 16})
	if err != nil {
		return false, fmt.Errorf("devnet: opening the database: %w", err)
	}
	defer db.Close()
	return rawdb.ReadCanonicalHash(db, 0) != (common.Hash{}), nil
}

// checkStored refuses a data directory made with another configuration.
func checkStored(stored *params.ChainConfig, config Config) error {
	if id := stored.ChainID.Uint64(); id != config.ChainID {
		return &Error{Kind: ErrMismatch, Err: fmt.Errorf("it has chain id %d, not %d", id, config.ChainID),
			Hint: "use that chain id, or another --data directory"}
	}
	rules, at := rulesOf(stored)
	if rules != config.Rules {
		return &Error{Kind: ErrMismatch, Err: fmt.Errorf("it has %s rules, not %s", rules, config.Rules),
			Hint: "use those rules, or another --data directory"}
	}
	if !config.OsakaAt.IsZero() && !config.OsakaAt.Equal(at) {
		return &Error{Kind: ErrMismatch, Err: errors.New("it has another time for Osaka rules, or none"),
			Hint: "leave the time out, or use another --data directory"}
	}
	return nil
}

// settle makes the first block, so that the chain has today's time, and waits until go-ethereum
// has indexed what there is: before that it answers questions about transactions with an error.
func (c *chain) settle(ctx context.Context) error {
	if c.blocks().CurrentBlock().Number.Sign() == 0 {
		c.mine()
	}
	for !c.backend.APIBackend.TxIndexDone() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("devnet: indexing the chain: %w", context.Cause(ctx))
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// checkKeys refuses a data directory whose key file is another chain's, or a new one.
func (c *chain) checkKeys(keys devKeys) error {
	s, err := newScene(c.blocks(), operator)
	if err != nil {
		return err
	}
	if s.state.GetBalance(address(keys.Faucet)).IsZero() || s.state.GetBalance(address(keys.Bundler)).IsZero() {
		return &Error{Kind: ErrMismatch, Err: errors.New("the accounts of devkeys.json have nothing on this chain"),
			Hint: "put the chain's own devkeys.json back, or use another --data directory"}
	}
	return nil
}

// complete deploys what this program expects and an older data directory lacks, and gives paymasters back what
// they have spent. Each is in a block, and that on disk, before the next begins: a process that is killed meanwhile
// leaves a chain that the next one completes.
func (c *chain) complete(ctx context.Context, f *faucet) error {
	for _, p := range c.predeploy {
		code, err := c.client.CodeAt(ctx, p.address, nil)
		if err != nil {
			return fmt.Errorf("devnet: looking for %s: %w", p.name, err)
		}
		if len(code) == 0 && p.create2 == nil {
			return &Error{Kind: ErrMismatch, Err: fmt.Errorf("%s is missing", p.name), Hint: "use another --data directory"}
		}
		if len(code) == 0 {
			c.log.Info("deploying what the data directory lacks", "contract", p.name, "address", p.address)
			err = f.deploy(ctx, p)
		}
		if err == nil && p.deposit != nil {
			err = f.topUp(ctx, p)
		}
		if err != nil {
			return fmt.Errorf("devnet: deploying %s: %w", p.name, err)
		}
	}
	return nil
}

func (c *chain) info(config Config) Info {
	info := Info{ChainID: config.ChainID, Rules: config.Rules.String(), Persistent: config.DataDir != "", EntryPoints: entryPoints()}
	if _, at := rulesOf(c.blocks().Config()); !at.IsZero() {
		info.OsakaAt = at.Unix()
	}
	for _, p := range c.predeploy[len(info.EntryPoints):] {
		info.Contracts = append(info.Contracts, Deployed{p.name, p.address})
		for i := range info.EntryPoints {
			if ep := &info.EntryPoints[i]; p.deposit != nil && p.deposit.Address() == ep.Address {
				ep.Paymaster = p.address
			}
		}
		if p.name == tokenName {
			info.Token = p.address
		}
	}
	return info
}

func (c *chain) blocks() *core.BlockChain { return c.backend.BlockChain() }

func (c *chain) close() error {
	c.stop()
	c.sealing.Lock()
	c.closed = true
	c.sealing.Unlock()
	if c.client != nil {
		c.client.Close()
	}
	var err error
	if c.beacon != nil {
		err = c.beacon.Stop()
	}
	return errors.Join(err, c.stack.Close())
}
