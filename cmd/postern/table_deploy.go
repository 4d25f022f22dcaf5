package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
)

const tableDeployAbout = `
Has the table factory compute the table of a key on chain, where Postern's verifiers look for it. The
transaction is an ordinary one, of any EOA that has coins; whoever sends it can do nothing but pay.

  postern table deploy X Y --format 1k --owner-key owner.json --rpc URL
  postern table deploy X Y --format 1k --call      what to send, for a wallet; asks no node

The node is not believed: address and code are computed here, and compared with what the chain has
before and after. Where the table is already, nothing is sent. Where the factory is not, --factory
puts it there first (anybody may; its address is the same on every chain).`

// deployInfo is what --json says.
type deployInfo struct {
	Format  string        `json:"format"`
	Table   string        `json:"table"`
	Bytes   int           `json:"bytes"`
	Already bool          `json:"already"` // it was there: nothing was sent
	TxHash  *common.Hash  `json:"txHash,omitempty"`
	Gas     uint64        `json:"gasUsed,omitempty"`
	To      string        `json:"to"`
	Data    hexutil.Bytes `json:"data"`
}

// factoryAt is where the table factory is, on every chain.
var factoryAt = contracts.P256TableFactory.Address

type tableDeploy struct {
	*eoaSender
	format p256table.Format
	key    p256table.Key
	at     common.Address
	code   []byte // as computed here
	info   deployInfo
}

func runTableDeploy(ctx context.Context, c *call) error {
	fs := c.newFlags()
	format := fs.String("format", "4k", "`layout` of the table: 512, 1k, 4k or 16k")
	rpc := fs.String("rpc", "", "`URL` of a node (default $POSTERN_RPC)")
	owner := fs.String("owner-key", "", "`file` with the key of the EOA that pays, or - for standard input (default $"+ownerEnv+")")
	onlyCall := fs.Bool("call", false, "print the call and send nothing")
	factory := fs.Bool("factory", false, "deploy the factory first, where it is not")
	most := fs.String("max-fee", "0.05eth", "most that a transaction may `cost`")
	chain := fs.String("chain-id", "", "chain `id` that is meant; another one is refused")
	timeout := fs.Duration("timeout", 2*time.Minute, "time for all of it")
	var f approvalFlags
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	rest, err := c.parse(fs, 2)
	if err != nil {
		return err
	}
	d, err := newTableDeploy(*format, rest)
	if err != nil {
		return err
	}
	if *onlyCall {
		return c.printDeploy(d.info, f.json)
	}
	limit, err := parseAmount(*most)
	if err != nil {
		return err
	}
	id, err := (&network{chainID: *chain}).wantedChain()
	if err != nil {
		return err
	}
	url, err := rpcURL(*rpc)
	if err != nil {
		return err
	}
	node, err := bundler.NewChain(url, bundler.Options{})
	if err != nil {
		return usageError("--rpc is no URL", "it starts with http:// or https://")
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	d.eoaSender = &eoaSender{node: node, most: limit, chain: id, ask: func(what string, cost *big.Int) error {
		if !f.json {
			fmt.Fprintf(c.stdout, "%s: at most %s ETH on chain %s\n", what, account.Ether(cost), d.chain)
		}
		return c.askBefore(ctx, f)
	}}
	if err := d.onChain(ctx); err != nil {
		return err
	}
	there, err := d.look(ctx, *factory)
	if err != nil {
		return err
	}
	if there {
		d.info.Already = true
		return c.printDeploy(d.info, f.json)
	}
	if d.payer, err = openOwnerKey(*owner, c.stdin); err != nil {
		return err
	}
	if d.payer == nil {
		return usageError("a key is needed to pay for the transaction", "--owner-key FILE; or --call, and send it with a wallet")
	}
	if err := d.deploy(ctx, *factory); err != nil {
		return err
	}
	return c.printDeploy(d.info, f.json)
}

// newTableDeploy computes everything that does not need a chain.
func newTableDeploy(format string, args []string) (*tableDeploy, error) {
	f, err := parseTableFormat(format)
	if err != nil {
		return nil, err
	}
	if f == p256table.FCL {
		return nil, usageError("the factory does not build FCL's table", "deploy what postern table build --init-code gives; verifiers of Postern do not use it")
	}
	k, err := parseKeyArgs(args)
	if err != nil {
		return nil, err
	}
	d := &tableDeploy{format: f, key: k}
	if d.code, err = p256table.Build(f, k); err != nil {
		return nil, tableError(err)
	}
	at, err := contracts.TableAddress(f, k)
	if err != nil {
		return nil, err
	}
	data, err := contracts.BuildTable(f, k)
	if err != nil {
		return nil, err
	}
	d.info = deployInfo{Format: f.String(), Table: at.Hex(), Bytes: len(d.code), To: factoryAt.Hex(), Data: data}
	d.at = at
	return d, nil
}

// look reports whether the table is there. That the factory is the factory, and that it would put the
// table where it is expected, is checked first.
func (d *tableDeploy) look(ctx context.Context, deployFactory bool) (there bool, err error) {
	code, err := d.node.Code(ctx, d.at)
	if err != nil {
		return false, err
	}
	if len(code) > 0 {
		return true, d.compare(code)
	}
	code, err = d.node.Code(ctx, factoryAt)
	switch {
	case err != nil:
		return false, err
	case len(code) == 0 && deployFactory:
		return false, nil
	case len(code) == 0:
		return false, failf("no-factory", "--factory deploys it first; its address is the same on every chain", "the table factory is not on this chain, at %s", d.info.To)
	}
	return false, d.compareFactory(ctx, code)
}

func (d *tableDeploy) compareFactory(ctx context.Context, code []byte) error {
	if !bytes.Equal(code, contracts.P256TableFactory.Code()) {
		return failf("wrong-code", "use another node; if it says the same, do not use this chain's tables", "the node shows other code at the factory's address %s", d.info.To)
	}
	ask, err := contracts.TableOf(d.format, d.key)
	if err != nil {
		return err
	}
	out, err := d.node.Call(ctx, factoryAt, ask)
	if err != nil {
		return fmt.Errorf("ask the factory where the table is: %w", err)
	}
	if !bytes.Equal(out, common.LeftPadBytes(d.at[:], 32)) {
		return failf("wrong-address", "use another node", "the node says that the factory puts the table at 0x%x, not at %s", clipBytes(out), d.info.Table)
	}
	return nil
}

func clipBytes(b []byte) []byte { return b[:min(len(b), 32)] }

// compare is the last word: what the chain has is what was computed here.
func (d *tableDeploy) compare(code []byte) error {
	if err := p256table.Verify(d.format, d.key, code); err != nil {
		return failf("wrong-table", "use another node; if it says the same, do not use this table", "the node shows at %s what is not the table: %w", d.info.Table, errors.New(sentence(err)))
	}
	return nil
}

func (d *tableDeploy) deploy(ctx context.Context, deployFactory bool) error {
	code, err := d.node.Code(ctx, factoryAt)
	if err != nil {
		return err
	}
	if len(code) == 0 && deployFactory {
		if _, err := d.send(ctx, "The factory", contracts.Deployer, contracts.P256TableFactory.InitCode()); err != nil {
			return err
		}
		if code, err = d.node.Code(ctx, factoryAt); err != nil {
			return err
		}
		if err := d.compareFactory(ctx, code); err != nil {
			return err
		}
	}
	r, err := d.send(ctx, "The table", factoryAt, d.info.Data)
	if err != nil {
		return err
	}
	d.info.TxHash, d.info.Gas = &r.Hash, uint64(r.GasUsed)
	if code, err = d.node.Code(ctx, d.at); err != nil {
		return err
	}
	return d.compare(code)
}

func (c *call) printDeploy(info deployInfo, asJSON bool) error {
	if asJSON {
		return printJSON(c.stdout, info)
	}
	row := func(name, value string) { fmt.Fprintf(c.stdout, "  %-9s %s\n", name, value) }
	switch {
	case info.TxHash != nil:
		fmt.Fprintln(c.stdout, "The table is on the chain, and it is the one that was computed here.")
	case info.Already:
		fmt.Fprintln(c.stdout, "The table was on the chain already, and it is the one that was computed here.")
	default:
		fmt.Fprintln(c.stdout, "Send this from any account:")
		row("to", info.To)
		row("data", info.Data.String())
	}
	row("table", fmt.Sprintf("%s (%s, %d bytes)", info.Table, info.Format, info.Bytes))
	if info.TxHash != nil {
		row("gas", fmt.Sprint(info.Gas))
		row("in", info.TxHash.Hex())
	}
	return nil
}
