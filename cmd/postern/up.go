package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/core/types"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/relyingparty/zerodev"
)

const upAbout = `
Starts everything on this machine, within seconds: a chain in this process with
EntryPoints 0.6 to 0.9, Postern's contracts and MetaMask's Delegation Framework 1.3.0 at
its canonical addresses, a small bundler, a paymaster, the passkey server and the wallet
page, all on one port of localhost. Ctrl-C ends it.

The one JSON-RPC endpoint is node, bundler and paymaster (ERC-7677). A paymaster pays
for nothing, or takes a test token for gas; postern_faucet and postern_tokenFaucet give
coins and tokens to an address.

EntryPoint 0.9 exists on npm as a release candidate only (rc.1); it runs at the canonical
address here, and public networks have other code there.

Contracts and modules that may not be part of this program are fetched from npm once and
kept in the cache. Without a network, give them with --artifacts.

Other pages and programs: a page of your own, or a wallet in the browser, may use the
endpoint only if you name its origin, such as --origin http://localhost:5173, or
--origin chrome-extension://nkbihfbeogaeaoehlefnkodbefgppgkn for MetaMask in Chrome. Programs
on this machine may anyway.

An application that makes its passkeys with toWebAuthnKey of @zerodev/webauthn-key changes
one line: passkeyServerUrl is this origin and /passkeys. Its own origin is named by --origin.
What it gives as passkeyServerHeaders stands in the file of --passkeys, which can also give it
a project with an API key, at /passkeys/api/v3/PROJECT and /passkeys/api/v4/PROJECT:

  {"headers": ["x-app-version"],
   "projects": {"my-app": {"key": {"header": "x-api-key", "values": ["..."]}}}}

Session keys (postern grant) need the contracts of ZeroDev's Kernel, which are in no package
registry: --kernel DIR brings them from a directory that docs/testing.md tells how to make.

With --rules prague the chain has no P256VERIFY, as many still are: passkeys are verified in
contract code there. With --osaka-at it gets P256VERIFY later, as those chains will: after 10m,
say, or at 2030-01-31T12:00:00Z. Rules, that time and the chain id of a data directory stay what
they were at first.

With --flow the page at /flow makes passkeys keys of accounts on a Flow chain and sends what they
sign to that node, such as an emulator's REST API; --flow-service-key is a file with the private
key on P-256, 64 hex digits or PEM, of the account that pays for new ones there, and the fees of
changes of keys that their owners sign; --flow-sponsor names further scripts whose fees it pays. Every
program on this machine can make it pay, so mainnet is refused.

With --store the passkeys are in a PostgreSQL database, which any number of servers share:
postgres://user@host/database?sslmode=verify-full. A password stands in PGPASSWORD, in a file
named by PGPASSFILE, or in the whole URL in POSTERN_STORE, never on the command line.

With --json it prints one object when it is ready and then runs on.`

func upCommand() command {
	return command{
		name:    "up",
		summary: "start chain, bundler, passkey server and wallet page",
		usage:   "[--listen localhost:8080] [--data DIR] [--origin URL] [--rules osaka|prague] [--json]",
		about:   upAbout,
		run:     runUp,
	}
}

func runUp(ctx context.Context, c *call) error {
	fs := c.newFlags()
	listen := fs.String("listen", server.DefaultListen, "loopback `address` and port; port 0 takes a free one")
	data := fs.String("data", "", "`directory` that keeps chain and passkeys; without it all is gone at the end")
	var store storeFlag
	store.flags(fs, "`URL` of a PostgreSQL database that keeps the passkeys, for several servers at once")
	dir := artifactsFlag(fs)
	var origins repeated
	fs.Var(&origins, "origin", "further `origin` whose pages may use chain and passkeys; may be repeated")
	projects := fs.String("passkeys", "", "`file` of projects for ZeroDev's passkey client: their headers and API keys")
	rules := fs.String("rules", devnet.Osaka.String(), "hard `fork` of the chain: osaka, or prague, which has no P256VERIFY")
	osakaAt := fs.String("osaka-at", "", "with --rules prague: `time`, or time from now, from which on osaka rules hold")
	chainID := fs.String("chain-id", fmt.Sprint(devnet.DefaultChainID), "chain `id`")
	blockTime := fs.Duration("block-time", 0, "time between blocks, such as 2s; 0 makes a block when there is work")
	verbose := fs.Bool("verbose", false, "write a log to standard error")
	kernels := fs.String("kernel", os.Getenv(kernelstand.Variable), "`directory` with the contracts of ZeroDev's Kernel; default: $"+kernelstand.Variable)
	flowNode := fs.String("flow", "", "`URL` of a Flow access node for the page at /flow: http://127.0.0.1:8888")
	flowKey := fs.String("flow-service-key", "", "`file` with the private key of the account that pays for new Flow accounts: 64 hex digits or PEM")
	flowService := fs.String("flow-service", "", "`address` of that account; default: the emulator's service account")
	var flowScripts repeated
	fs.Var(&flowScripts, "flow-sponsor", "`file` of a script in Cadence whose fees that account pays, byte for byte; may be repeated")
	asJSON := fs.Bool("json", false, "print one JSON object when it is ready")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	database, _, err := store.read()
	if err != nil {
		return err
	}
	id, err := parseChainID(*chainID)
	if err != nil {
		return err
	}
	fork, err := parseRules(*rules)
	if err != nil {
		return err
	}
	passkeys, err := readProjects(*projects)
	if err != nil {
		return err
	}
	begun := time.Now()
	change, err := parseOsakaAt(*osakaAt, fork, begun)
	if err != nil {
		return err
	}
	config := server.UpConfig{
		Listen: *listen, DataDir: *data, Store: database, Artifacts: artifacts.Options{Dir: *dir},
		Origins: origins, ChainID: id.Uint64(), Rules: fork, OsakaAt: change, BlockTime: *blockTime, Passkeys: passkeys, Out: c.stdout, Log: c.log(*verbose),
		Flow: *flowNode, FlowService: *flowService,
	}
	if *flowKey != "" {
		if config.FlowServiceKey, err = readFlowServiceKey(*flowKey); err != nil {
			return err
		}
	}
	for _, path := range flowScripts {
		script, err := readFlowScript(path)
		if err != nil {
			return err
		}
		config.FlowSponsored = append(config.FlowSponsored, script)
	}
	if *asJSON {
		config.Out = io.Discard
	}
	if *kernels != "" {
		if config.Alloc, err = kernelContracts(*kernels, config); err != nil {
			return err
		}
	}
	stack, err := server.Start(ctx, config)
	if err != nil {
		return err
	}
	if *asJSON {
		origin := stack.Origin()
		err := printJSON(c.stdout, ready{
			Wallet: origin, RPC: origin + "/rpc", Passkeys: origin + "/passkeys",
			ReadyMS: time.Since(begun).Milliseconds(), Chain: stack.Chain().Info(),
		})
		if err != nil {
			return errors.Join(err, stack.Close())
		}
	}
	return stack.Serve(ctx)
}

// kernelContracts are the contracts of the directory, as they stand on the chain.
func kernelContracts(dir string, config server.UpConfig) (types.GenesisAlloc, error) {
	stand, err := kernelstand.Load(dir)
	if err != nil {
		return nil, failf("bad-kernel", "it is a directory that scripts/kernel-artifacts.mjs makes: docs/testing.md", "cannot use the contracts of Kernel: %w", err)
	}
	return stand.Alloc(devnet.Config{ChainID: config.ChainID, Rules: config.Rules, OsakaAt: config.OsakaAt})
}

// readProjects reads the file of --passkeys. It holds API keys, so that nobody else may
// read it.
func readProjects(path string) (zerodev.File, error) {
	if path == "" {
		return zerodev.File{}, nil
	}
	text, err := readSecret(path)
	if err != nil {
		return zerodev.File{}, err
	}
	f, err := zerodev.ParseFile(text)
	if err != nil {
		return zerodev.File{}, failf("bad-passkeys", `the smallest that says something: {"projects": {"my-app": {}}}`, "cannot use %s: %w", path, err)
	}
	return f, nil
}

func parseRules(text string) (devnet.Rules, error) {
	for _, r := range []devnet.Rules{devnet.Osaka, devnet.Prague} {
		if r.String() == text {
			return r, nil
		}
	}
	return 0, usageError("there are no rules "+clip(text), "osaka, or prague for a chain without P256VERIFY")
}

// parseOsakaAt reads a time, or a time from now; full seconds.
func parseOsakaAt(text string, rules devnet.Rules, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if rules != devnet.Prague {
		return time.Time{}, usageError("--osaka-at is for a chain that begins without osaka rules", "add --rules prague")
	}
	at, err := time.Parse(time.RFC3339, text)
	if d, wait := time.ParseDuration(text); wait == nil && d >= 0 {
		at, err = now.Add(d), nil
	}
	if err != nil || at.Unix() <= 0 {
		return time.Time{}, usageError("--osaka-at "+clip(text)+" is no time", "10m from now, or 2030-01-31T12:00:00Z")
	}
	return at.Truncate(time.Second), nil
}

// ready is what `up --json` prints.
type ready struct {
	Wallet   string      `json:"wallet"`
	RPC      string      `json:"rpc"`
	Passkeys string      `json:"passkeys"`
	ReadyMS  int64       `json:"readyMs"`
	Chain    devnet.Info `json:"chain"`
}

// log writes to standard error, warnings only unless more is wanted.
func (c *call) log(verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: level}))
}
