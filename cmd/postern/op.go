package main

import (
	"context"
	"flag"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
)

const opAbout = `
One operation from calls to receipt, against any node and bundler.

  postern op build     calls → prepared operation: nonce, deployment, gas, fees, challenge
  postern op hash      hash of an operation for every EntryPoint; needs no network
  postern op estimate  what a bundler says an operation takes
  postern op approve   approve of a prepared operation, where an account asks for several signers
  postern op send      approve and send a prepared operation, or send a signed one
  postern op wait      wait for the receipt

In one go, with a development key (postern key new):
  postern op send --key dev.json --to 0x… --value 0.1eth --wait

In two steps, with a passkey elsewhere:
  postern op build --public-key 0x… --salt 0x… --rp-id example.org --origin https://example.org \
      --to 0x… --value 0.1eth --out op.json
  navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(request)})
      with "request" of op.json, and toJSON() of what it returns into assertion.json
  postern op send op.json --assertion assertion.json --wait

Where the account asks for several signers, keys that are here are named by --key, once for each.
Signers elsewhere are named by --with when it is made, and approve one after the other:
  postern op build --key first.json --with 0x… --account 0x… --to 0x… --value 0.1eth --out op.json
  postern op approve op.json --key first.json
  postern op approve op.json --signature 0x…
  postern op send op.json --wait

The prepared file is written again before anything is sent: after a crash or a lost
connection run the same command again, the operation cannot run twice.

Keys are read from files and never from arguments. Addresses of servers may come from
POSTERN_RPC, POSTERN_BUNDLER and POSTERN_PAYMASTER, which keeps API keys off the command
line.

More on each: postern op build --help`

func opVerbs() []verb {
	return []verb{opBuild(), opHash(), opEstimate(), opApprove(), opSend(), opWait()}
}

func opCommand() command {
	return command{
		name:    "op",
		summary: "build, hash, estimate, send and await an operation",
		usage:   "build|hash|estimate|approve|send|wait [flags]",
		about:   opAbout,
		run:     runOp,
	}
}

func runOp(ctx context.Context, c *call) error { return c.dispatch(ctx, opVerbs()) }

const defaultTimeout = 2 * time.Minute

// network is where an operation goes.
type network struct {
	rpc, bundler, chainID string
	timeout               time.Duration
}

func (n *network) flags(fs *flag.FlagSet) {
	fs.StringVar(&n.rpc, "rpc", "", "node's `URL` (default $POSTERN_RPC)")
	fs.StringVar(&n.bundler, "bundler", "", "bundler's `URL` (default $POSTERN_BUNDLER, else the node's)")
	fs.StringVar(&n.chainID, "chain-id", "", "chain `id` that is meant; another one is refused")
	fs.DurationVar(&n.timeout, "timeout", defaultTimeout, "give up after this time")
}

// rpcURL is the node's address from flag or environment.
func rpcURL(flag string) (string, error) {
	if url := or(flag, os.Getenv("POSTERN_RPC")); url != "" {
		return url, nil
	}
	return "", usageError("no node is given", "set --rpc or POSTERN_RPC; for a local chain run postern up, then --rpc http://localhost:8080/rpc")
}

// connection is an open way to node and bundler.
type connection struct {
	account.Client
	node *bundler.Chain
}

func (n *network) connect() (*connection, error) {
	node, err := rpcURL(n.rpc)
	if err != nil {
		return nil, err
	}
	out := &connection{}
	if out.ChainID, err = n.wantedChain(); err != nil {
		return nil, err
	}
	chain, err := bundler.NewChain(node, bundler.Options{})
	if err != nil {
		return nil, usageError("--rpc is no URL", "it starts with http:// or https://")
	}
	client, err := n.dialBundler(node)
	if err != nil {
		return nil, err
	}
	out.node, out.Chain, out.Bundler = chain, chain, client
	return out, nil
}

// dialBundler needs no node: its own address, or the node's.
func (n *network) dialBundler(node string) (*bundler.Client, error) {
	url := or(or(n.bundler, os.Getenv("POSTERN_BUNDLER")), node)
	if url == "" {
		return nil, usageError("no bundler is given", "set --bundler or POSTERN_BUNDLER, or --rpc for a node that has one")
	}
	return n.dialOwn(url)
}

// dialOwn opens the bundler at the URL.
func (n *network) dialOwn(url string) (*bundler.Client, error) {
	b, err := bundler.Dial(url, bundler.Options{})
	if err != nil {
		return nil, usageError("--bundler is no URL", "it starts with http:// or https://")
	}
	return b, nil
}

func (n *network) wantedChain() (*big.Int, error) {
	if n.chainID == "" {
		return nil, nil
	}
	return parseChainID(n.chainID)
}

// receipt is how a receipt is printed.
type receipt struct {
	UserOpHash string `json:"userOpHash"`
	TxHash     string `json:"txHash"`
	Success    bool   `json:"success"`
	Reason     string `json:"reason,omitempty"`
	Block      uint64 `json:"block"`
	GasUsed    string `json:"gasUsed"`
	GasCost    string `json:"gasCostWei"`
}

// printReceipt ends send and wait.
func (c *call) printReceipt(r *account.Receipt, asJSON bool) error {
	out := wireReceipt(r)
	if asJSON {
		if err := printJSON(c.stdout, out); err != nil {
			return err
		}
	} else {
		p := painter(c.stdout)
		verdict := p.green("done")
		if !r.Success {
			verdict = p.red("its calls reverted; the fee was paid")
		}
		fmt.Fprintf(c.stdout, "%s in block %d\n  operation    %s\n  transaction  %s\n  gas          %s, cost %s ETH\n",
			verdict, out.Block, out.UserOpHash, out.TxHash, out.GasUsed, account.Ether(r.ActualGasCost))
		if r.Reason != "" {
			fmt.Fprintf(c.stdout, "  reason       %s\n", plain(r.Reason))
		}
	}
	return badReceipt(r)
}

func wireReceipt(r *account.Receipt) *receipt {
	return &receipt{r.UserOpHash.Hex(), r.TxHash.Hex(), r.Success, r.Reason, r.BlockNumber, number(r.ActualGasUsed), number(r.ActualGasCost)}
}

// badReceipt: calls that reverted are a bad result, which is printed.
func badReceipt(r *account.Receipt) error {
	if r != nil && !r.Success {
		return errWrong
	}
	return nil
}

func number(n *big.Int) string {
	if n == nil {
		return ""
	}
	return n.String()
}
