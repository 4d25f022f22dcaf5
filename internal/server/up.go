package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/core/types"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/zerodev"
	"github.com/postern-dev/postern/userop"
	"github.com/postern-dev/postern/wallet"
)

// The RP ID is the name of this machine to its own browsers; it needs no domain.
const (
	rpID   = "localhost"
	rpName = "Postern"
)

// extension is the origin of a browser extension. It has no passkeys of ours: it is no page.
var extension = regexp.MustCompile(`^(chrome|moz|safari-web)-extension://[0-9A-Za-z-]+$`)

// UpConfig says what `postern up` runs. The zero value is an ephemeral chain and wallet
// on http://localhost:8080.
type UpConfig struct {
	// Listen is host:port, a loopback address only; see Listen. Empty: DefaultListen.
	Listen string

	// DataDir keeps chain, passkeys and secrets. Empty: all is gone when it ends. One
	// process at a time can use it.
	DataDir string

	// Store is the URL of a PostgreSQL database that keeps the passkeys instead, for any
	// number of servers at once; see postgres.Config. Empty: a file in DataDir.
	Store string

	// Artifacts says where the third-party contracts and modules come from. Its Log is
	// set to the one below.
	Artifacts artifacts.Options

	// ChainID of the chain, fixed when DataDir is first used. Zero: devnet.DefaultChainID.
	ChainID uint64

	// Rules are the chain's hard fork, fixed when DataDir is first used. Zero: Osaka.
	Rules devnet.Rules

	// OsakaAt is when a Prague chain begins to run Osaka rules, in full seconds, fixed when
	// DataDir is first used. Zero: what DataDir was made with, else never.
	OsakaAt time.Time

	// BlockTime between blocks. Zero: a block when there is a transaction.
	BlockTime time.Duration

	// Origins are further web origins on this machine, such as "http://localhost:5173",
	// whose pages may use passkeys and chain; and browser extensions, such as
	// "chrome-extension://nkbi…", which may use the chain.
	Origins []string

	// Alloc are contracts of others that the chain begins with, for tests; see
	// devnet.Config.
	Alloc types.GenesisAlloc

	// Passkeys are the projects whose pages may ask for passkeys below
	// /passkeys/api/v4/PROJECT, and the headers that pages may send to /passkeys itself.
	// They have the RP ID and the origins of the rest.
	Passkeys zerodev.File

	// Flow is the access node of a Flow chain, "http://127.0.0.1:8888", for the page at
	// /flow. Empty: none.
	Flow string

	// FlowServiceKey is the private key on P-256, in hexadecimal, of the account that pays
	// for new accounts there; FlowService is that account. Never on mainnet. Empty: nobody
	// pays, and the emulator's.
	FlowServiceKey, FlowService string

	// FlowSponsored are scripts whose fees that account pays for whoever asks, beside changes
	// of an account's keys.
	FlowSponsored [][]byte

	// Out gets the few lines for the person who started it. Nil: none.
	Out io.Writer

	// Log gets the rest. Nil: none.
	Log *slog.Logger
}

// Up starts everything, says where it is, and runs until ctx ends. An orderly end is nil.
func Up(ctx context.Context, cfg UpConfig) error {
	s, err := Start(ctx, cfg)
	if err != nil {
		return err
	}
	return s.Serve(ctx)
}

// Stack is everything that `postern up` runs.
type Stack struct {
	out     io.Writer
	log     *slog.Logger
	binding *Binding
	chain   *devnet.Net
	flow    string // the network at /flow; empty: none
	server  *Server
	closers []func() error // in the order they were opened
}

// Start brings everything up. The port is taken and waits; requests are answered from
// Serve on. Whoever does not call Serve calls Close.
func Start(ctx context.Context, cfg UpConfig) (_ *Stack, err error) {
	begun := time.Now()
	if cfg.Out == nil {
		cfg.Out = io.Discard
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stack{out: cfg.Out, log: cfg.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()

	// The port first: that it is busy is the most common failure and costs nothing to find.
	if s.binding, err = Listen(ctx, cfg.Listen); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.binding.Close)

	cfg.Artifacts.Log = cfg.Log
	set, err := artifacts.Open(ctx, cfg.Artifacts)
	if err != nil {
		return nil, err
	}
	page, err := walletPage(set)
	if err != nil {
		return nil, err
	}
	origins := append([]string{s.binding.Origin()}, slices.DeleteFunc(slices.Clone(cfg.Origins), extension.MatchString)...)
	passkeys, store, secrets, err := s.passkeys(ctx, cfg, origins)
	if err != nil {
		return nil, err
	}
	beside, err := flowBeside(ctx, cfg, store, secrets, s.binding.Origin())
	if err != nil {
		return nil, err
	}
	if err := s.startChain(ctx, cfg, set); err != nil {
		return nil, err
	}
	config, err := walletConfig(s.chain)
	if err != nil {
		return nil, err
	}
	if beside != nil {
		if config.Flow, err = beside.page(); err != nil {
			return nil, err
		}
		s.flow = beside.network
	}
	// Through its own door: what the audit believes is what the page is told.
	chain, err := bundler.NewChain(s.Origin()+config.RPCURL, bundler.Options{Retries: -1})
	if err != nil {
		return nil, err
	}
	s.server, err = New(s.binding, Config{
		Page: page, Wallet: config, RPC: s.chain.RPCHandler(), Passkeys: passkeys, Chain: chain, Flow: beside,
		Origins: cfg.Origins, Log: cfg.Log,
		Ready: func(ctx context.Context) error {
			_, chainErr := s.chain.Client().BlockNumber(ctx)
			_, storeErr := store.Credential(ctx, rpID, []byte("readiness"))
			if errors.Is(storeErr, relyingparty.ErrNotFound) {
				_, storeErr = store.Epoch(ctx) // a database that only follows another has none
			}
			return errors.Join(chainErr, storeErr)
		},
	})
	if err != nil {
		return nil, err
	}
	s.welcome(cfg, time.Since(begun))
	return s, nil
}

// Serve answers until ctx ends and then closes everything.
func (s *Stack) Serve(ctx context.Context) error {
	err := s.server.Serve(ctx)
	if err == nil {
		fmt.Fprintln(s.out, "Ending.")
	}
	return errors.Join(err, s.Close())
}

// Close ends everything, last opened first. Calls after the first do nothing.
func (s *Stack) Close() error {
	var errs []error
	for _, c := range slices.Backward(s.closers) {
		errs = append(errs, c())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// Origin is where the wallet is: "http://localhost:8080".
func (s *Stack) Origin() string { return s.binding.Origin() }

// Chain is the embedded chain.
func (s *Stack) Chain() *devnet.Net { return s.chain }

func walletPage(set *artifacts.Set) (*wallet.Page, error) {
	hashes, err := set.FS("@noble/hashes")
	if err != nil {
		return nil, err
	}
	curves, err := set.FS("@noble/curves")
	if err != nil {
		return nil, err
	}
	return wallet.New(wallet.Vendor{Hashes: hashes, Curves: curves})
}

func (s *Stack) passkeys(ctx context.Context, cfg UpConfig, origins []string) (*zerodev.Handler, passkeyStore, secretsNow, error) {
	store, secrets, err := openPasskeys(ctx, cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	s.closers = append(s.closers, store.Close)
	handler, err := zerodev.New(zerodev.Config{
		Server: relyingparty.Config{
			RelyingParties: []relyingparty.RelyingParty{{ID: rpID, Name: rpName, Origins: origins}},
			Store:          store,
			SecretsNow:     secrets,
			Log:            cfg.Log,
		},
		Plain:    &cfg.Passkeys.Plain,
		Projects: cfg.Passkeys.Projects,
	})
	if errors.Is(err, relyingparty.ErrConfig) {
		return nil, nil, nil, failure("bad-origin", "give scheme, host and port as the browser shows them: http://localhost:5173", "%w", err)
	}
	return handler, store, secrets, err
}

func (s *Stack) startChain(ctx context.Context, cfg UpConfig, set *artifacts.Set) (err error) {
	dir := cfg.DataDir
	if dir != "" {
		dir = filepath.Join(dir, chainDir)
	}
	s.chain, err = devnet.Start(ctx, devnet.Config{
		DataDir: dir, Artifacts: set, ChainID: cfg.ChainID, Rules: cfg.Rules, OsakaAt: cfg.OsakaAt, BlockTime: cfg.BlockTime, Origins: cfg.Origins, Alloc: cfg.Alloc, Log: cfg.Log,
	})
	if errors.Is(err, devnet.ErrBusy) {
		return dataBusy(cfg.DataDir, err)
	}
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.chain.Close)
	return nil
}

func dataBusy(dir string, err error) error {
	return failure("data-busy", "end the other postern, or choose another directory: --data DIR", "data directory %s is in use: %w", dir, err)
}

// walletConfig is for the newest final EntryPoint.
func walletConfig(chain *devnet.Net) (WalletConfig, error) {
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		return WalletConfig{}, fmt.Errorf("server: wallet contracts: %w", err)
	}
	return WalletConfig{
		ChainID: chain.Info().ChainID, RPID: rpID, RPName: rpName,
		EntryPoint:        EntryPointConfig{Version: d.EntryPoint.Version(), Address: d.EntryPoint.Address().Hex()},
		Factory:           d.Factory.Hex(),
		Implementation:    d.Implementation.Hex(),
		ProxyInitCodeHash: contracts.ProxyInitCodeHash(d.Implementation).Hex(),
		RPCURL:            "/rpc", PasskeyURL: "/passkeys", Faucet: true,
		Hybrid: Hybrid130(), Kernel: Kernel(), PaymasterURL: "/rpc", AuditURL: auditPath, Recovery: guardian.Module.Hex(),
	}, nil
}
