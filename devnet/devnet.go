// Package devnet is an Ethereum chain in this process, for development and tests only: go-ethereum
// with Osaka rules (P256VERIFY live), the ERC-4337 EntryPoints v0.6 to v0.9 at their canonical
// addresses, Postern's own contracts, MetaMask's Delegation Framework where public networks have it, a
// faucet, a small bundler, and a paymaster, all on one JSON-RPC endpoint.
//
// Start with [Start]; [Net.RPCHandler] mounts the endpoint, [Net.Listen] serves it on loopback.
//
// Promised: what is acknowledged survives a restart when Config.DataDir is set, whether the
// process ended cleanly or was killed; user operations are neither lost nor sent twice. The
// endpoint answers loopback clients and pages of its own origin only.
//
// Not promised: anything a public chain must do. The keys of faucet, bundler and paymaster lie unprotected in
// the data directory, blocks come when there is work, the bundler does not check the ERC-7562
// validation rules, and EntryPoint v0.9 runs from a release candidate (see [Info]). Never send
// value of a public network to an address of this chain.
package devnet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/postern-dev/postern/internal/artifacts"
)

// DefaultChainID is the chain id that development chains commonly use.
const DefaultChainID = 31337

// Config says what chain to run. The zero value is an ephemeral Osaka chain with id 31337 that
// makes a block whenever there is a transaction.
type Config struct {
	// DataDir keeps the chain, the pending operations and the development keys. Empty: in memory,
	// gone with the process. One process at a time can use it.
	DataDir string
	// Artifacts gives the bytecode of others' contracts. Nil: artifacts.Open with its defaults.
	Artifacts *artifacts.Set
	// ChainID is fixed when DataDir is first used. Zero: DefaultChainID.
	ChainID uint64
	// Rules is the hard fork, fixed when DataDir is first used. Zero: Osaka.
	Rules Rules
	// OsakaAt, in full seconds, is when a Prague chain begins to run Osaka rules and so gets P256VERIFY, fixed when
	// DataDir is first used; [Net.BecomeOsaka] does not wait for it. Zero: what DataDir was made with, else never.
	OsakaAt time.Time
	// BlockTime is the time between blocks, full seconds, empty blocks included. Zero: a block as
	// soon as there is a transaction, none otherwise. Negative: only when [Net.Mine] is called.
	BlockTime time.Duration
	// Origins are further web origins ("http://localhost:5173") whose pages may call the endpoint.
	// Its own origin always may. "*" admits every origin: any website can then use this chain.
	Origins []string
	// Alloc are further accounts, as the first block has them: contracts of others, for tests of code that deals
	// with them. Code of any size may stand there. Fixed when DataDir is first used; an address of this chain's
	// own is refused.
	Alloc types.GenesisAlloc
	// FaucetAmount is what one postern_faucet call gives, in wei. Nil: 10 ether.
	FaucetAmount *big.Int
	// FaucetPerMinute bounds calls of postern_faucet and postern_tokenFaucet together, and signatures of the
	// paymaster. Zero: 60 of either.
	FaucetPerMinute int
	// Log receives what happens to operations and blocks. Nil: silent.
	Log *slog.Logger
}

// Net is a running chain. Its methods are safe for concurrent use.
type Net struct {
	config    Config
	chain     *chain
	client    *ethclient.Client
	faucet    *faucet
	paymaster *paymaster
	handler   http.Handler
	info      Info
	log       *slog.Logger

	mu      sync.Mutex // guards what follows
	servers []*http.Server
	url     string
	closed  bool
}

// Info describes the chain for people and programs.
type Info struct {
	ChainID uint64 `json:"chainId"`
	// Rules are those that the chain began with.
	Rules string `json:"rules"`
	// OsakaAt is when a Prague chain begins to run Osaka rules, in seconds since 1970; 0: never.
	OsakaAt     int64        `json:"osakaAt,omitempty"`
	Persistent  bool         `json:"persistent"`
	EntryPoints []EntryPoint `json:"entryPoints"`
	Contracts   []Deployed   `json:"contracts"`
	// Token is the ERC-20 that paymasters take instead of nothing; postern_tokenFaucet gives some.
	Token common.Address `json:"token"`
}

// EntryPoint is one deployed EntryPoint.
type EntryPoint struct {
	Version string         `json:"version"`
	Address common.Address `json:"address"`
	Package string         `json:"package"` // npm version of the bytecode
	// Candidate: this is release candidate code set at the canonical address; public networks have
	// other code there.
	Candidate bool `json:"candidate,omitempty"`
	// Paymaster pays for operations here when the endpoint's pm_ methods (ERC-7677) say so.
	Paymaster common.Address `json:"paymaster"`
}

// Deployed is a contract of this chain beside the EntryPoints.
type Deployed struct {
	// Name is that of the source, with an EntryPoint where there are several: "WebAuthnAccountFactory 0.8".
	Name    string         `json:"name"`
	Address common.Address `json:"address"`
}

// Start makes or reopens a chain. It returns when blocks are made and calls are answered. The
// context bounds starting only; Close ends the chain.
func Start(ctx context.Context, config Config) (_ *Net, err error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	if config.Artifacts == nil {
		if config.Artifacts, err = artifacts.Open(ctx, artifacts.Options{Log: config.Log}); err != nil {
			return nil, err
		}
	}
	keys, err := loadKeys(config.DataDir)
	if err != nil {
		return nil, err
	}
	c, err := openChain(config, keys)
	if err != nil {
		return nil, err
	}
	n := &Net{config: config, chain: c, client: c.client, log: config.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	if err := c.checkKeys(keys); err != nil {
		return nil, err
	}
	if c.bundler, err = newBundler(c, keys, config); err != nil {
		return nil, err
	}
	n.faucet = newFaucet(c, keys.Faucet, config)
	if err := c.complete(ctx, n.faucet); err != nil {
		return nil, err
	}
	c.manual = config.BlockTime < 0
	seal, change := c.startSealing(config.BlockTime), c.switchInTime()
	c.stop = func() { change(); seal() }
	c.poke()
	n.info = c.info(config)
	if n.paymaster, err = newPaymaster(c.bundler, keys.Paymaster, n.info, config.FaucetPerMinute); err != nil {
		return nil, err
	}
	if n.handler, err = newHandler(n); err != nil {
		return nil, err
	}
	return n, nil
}

func (c *Config) check() error {
	if c.ChainID == 0 {
		c.ChainID = DefaultChainID
	}
	if c.BlockTime > 0 && c.BlockTime%time.Second != 0 {
		return &Error{Kind: ErrConfig, Err: fmt.Errorf("block time %s is not in full seconds", c.BlockTime)}
	}
	if c.Rules > Prague {
		return &Error{Kind: ErrConfig, Err: fmt.Errorf("unknown rules %d", c.Rules)}
	}
	if !c.OsakaAt.IsZero() {
		switch {
		case c.Rules == Osaka:
			return &Error{Kind: ErrConfig, Err: errors.New("a chain that begins with Osaka rules cannot get them later")}
		case c.OsakaAt.Unix() <= 0, c.OsakaAt.Nanosecond() != 0:
			return &Error{Kind: ErrConfig, Err: fmt.Errorf("%s is no time for a change of rules", c.OsakaAt)}
		}
	}
	if c.FaucetAmount == nil {
		c.FaucetAmount = ether(10)
	}
	if c.FaucetAmount.Sign() <= 0 || c.FaucetAmount.Cmp(ether(1_000_000)) > 0 {
		return &Error{Kind: ErrConfig, Err: errors.New("faucet amount is not between 1 wei and 1000000 ether")}
	}
	if c.FaucetPerMinute <= 0 {
		c.FaucetPerMinute = 60
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Close stops serving and mining, writes everything down and releases the data directory. Calls
// after the first do nothing.
func (n *Net) Close() error {
	n.mu.Lock()
	servers, closed := n.servers, n.closed
	n.servers, n.closed = nil, true
	n.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(ctx) != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, n.chain.close())...)
}

// Info describes the chain: rules, EntryPoints and where their code comes from, contracts.
func (n *Net) Info() Info { return n.info }

// ChainID returns the chain id.
func (n *Net) ChainID() *big.Int { return new(big.Int).SetUint64(n.info.ChainID) }

// Client returns a client that talks to the chain without a network. It must not be closed.
func (n *Net) Client() *ethclient.Client { return n.client }

// Mine makes one block now, empty or not. It is of use with a BlockTime only.
func (n *Net) Mine() { n.chain.mine() }

// Kinds of failure, for errors.Is.
var (
	ErrConfig   = errors.New("configuration not possible")
	ErrBusy     = errors.New("data directory in use")
	ErrMismatch = errors.New("data directory belongs to another chain")
	ErrListen   = errors.New("cannot listen")
	ErrFaucet   = errors.New("faucet refuses")
)

// Error is a failure of the chain itself, with the way out where there is one.
type Error struct {
	Kind error // one of the Err… values
	Err  error
	Hint string
}

func (e *Error) Error() string   { return fmt.Sprintf("devnet: %v: %v", e.Kind, e.Err) }
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// devKeys are the accounts this chain works with. They are worth nothing elsewhere.
type devKeys struct{ Faucet, Bundler, Paymaster *ecdsa.PrivateKey }

func ether(n int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e18))
}
