package main

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
)

const contractsDeployAbout = `
Puts Postern's contracts on a chain: those that accounts of one EntryPoint version need, or all. Only what
is missing is sent, in ordinary transactions of any EOA that has coins, so it can be run again after
anything that went wrong. Each contract's code is compared with what is compiled into this program before
and after.

  postern contracts deploy --rpc URL --owner-key deployer.json
  postern contracts deploy --rpc URL --owner-key deployer.json --entry-point all

Where even the deployer at 0x4e59b44847b379578588920cA78FbF26c0B4956C is missing it comes first, by the
transaction that has put it on nearly every chain: that costs 0.01 ETH, which its sender keeps the rest
of. Chains that take no transaction without chain id (EIP-155) need another way to it.

It is asked once before anything is sent; --max-fee bounds all transactions together, and --chain-id
refuses another chain than the one that is meant.`

// contractsDeploy puts contracts on a chain.
type contractsDeploy struct {
	*eoaSender
	list  *contractList
	asked bool
}

func runContractsDeploy(ctx context.Context, c *call) error {
	fs := c.newFlags()
	rpc := fs.String("rpc", "", "`URL` of a node (default $POSTERN_RPC)")
	version := fs.String("entry-point", "0.8", "EntryPoint `version`: 0.7, 0.8, 0.9, or all three")
	owner := fs.String("owner-key", "", "`file` with the key of the EOA that pays, or - for standard input (default $"+ownerEnv+")")
	most := fs.String("max-fee", "0.2eth", "most that all transactions together may `cost`")
	chain := fs.String("chain-id", "", "chain `id` that is meant; another one is refused")
	timeout := fs.Duration("timeout", 10*time.Minute, "time for all of it")
	var f approvalFlags
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	l, err := listContracts(*version)
	if err != nil {
		return err
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
	if l.node, err = bundler.NewChain(url, bundler.Options{}); err != nil {
		return usageError("--rpc is no URL", "it starts with http:// or https://")
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	sender := &eoaSender{node: l.node, most: limit, chain: id}
	if err := sender.onChain(ctx); err != nil {
		return err
	}
	if err := l.look(ctx); err != nil {
		return err
	}
	if l.count(missing) > 0 {
		d := &contractsDeploy{eoaSender: sender, list: l}
		if d.payer, err = openOwnerKey(*owner, c.stdin); err != nil {
			return err
		}
		if d.payer == nil {
			return usageError("a key is needed to pay for the transactions", "--owner-key FILE; or postern contracts list --json --data, and send them with a wallet")
		}
		d.ask = func(_ string, cost *big.Int) error { return d.spend(ctx, c, f, cost) }
		if err := d.deploy(ctx, c, f.json); err != nil {
			return err
		}
	}
	if n := l.count(otherCode); n > 0 {
		if f.json {
			return errWrong
		}
		c.printContracts(l)
		return errWrong
	}
	if f.json {
		return printJSON(c.stdout, l)
	}
	c.printContracts(l)
	return nil
}

// spend asks before the first transaction and keeps count of what all of them may cost.
func (d *contractsDeploy) spend(ctx context.Context, c *call, f approvalFlags, cost *big.Int) error {
	if !d.asked {
		d.asked = true
		if !f.json {
			fmt.Fprintf(c.stdout, "%d contracts are missing on chain %s. All transactions together cost at most %s ETH.\n", d.list.count(missing), d.chain, account.Ether(d.most))
		}
		if err := c.askBefore(ctx, f); err != nil {
			return err
		}
	}
	d.most = new(big.Int).Sub(d.most, cost)
	return nil
}

func (d *contractsDeploy) deploy(ctx context.Context, c *call, quiet bool) error {
	if err := d.deployer(ctx); err != nil {
		return err
	}
	for i := range d.list.Contracts {
		k := &d.list.Contracts[i]
		if k.State != missing {
			continue
		}
		if err := k.look(ctx, d.node); err != nil { // somebody else may have been quicker
			return err
		}
		if k.State != missing {
			continue
		}
		r, err := d.send(ctx, k.Name, contracts.Deployer, k.contract.Create)
		if err != nil {
			return fmt.Errorf("deploy %s: %w", k.Name, err)
		}
		k.TxHash, k.Gas = &r.Hash, uint64(r.GasUsed)
		if err := k.look(ctx, d.node); err != nil {
			return err
		}
		if k.State != there {
			return failf("wrong-code", "use another node; if it says the same, this chain does not run Ethereum's rules", "transaction %s did not put %s at %s", r.Hash, k.Name, k.Address)
		}
		if !quiet {
			fmt.Fprintf(c.stdout, "  %-26s %s %9d gas\n", k.Name, k.Address, k.Gas)
		}
	}
	return nil
}

// deployerTx creates the deployer: the transaction of github.com/Arachnid/deterministic-deployment-proxy. Its signature
// is made up, so that nobody has the key of its sender and the same code comes to the same address everywhere.
var deployerTx = hexutil.MustDecode("0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe" +
	"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3" +
	"1ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222")

// deployer puts the deployer on a chain that lacks it.
func (d *contractsDeploy) deployer(ctx context.Context) error {
	needed := &d.list.Needed[0]
	if needed.State == there {
		return nil
	}
	from, cost, err := senderOf(deployerTx)
	if err != nil {
		return err
	}
	has, err := d.node.Balance(ctx, from)
	if err != nil {
		return err
	}
	if lacks := new(big.Int).Sub(cost, has); lacks.Sign() > 0 {
		if _, err := d.pay(ctx, "The deployer's sender", from, lacks, nil); err != nil {
			return fmt.Errorf("pay for the deployer: %w", err)
		}
	}
	r, err := d.broadcast(ctx, deployerTx)
	if err != nil {
		return failf("no-deployer", "the deployer has to come by another way here; its sources: github.com/Arachnid/deterministic-deployment-proxy", "the deployer is not on this chain, and its transaction is not taken: %w", err)
	}
	code, err := d.node.Code(ctx, contracts.Deployer)
	if err != nil {
		return err
	}
	if len(code) == 0 {
		return failf("no-deployer", "use another node", "transaction %s put no deployer at %s", r.Hash, contracts.Deployer)
	}
	needed.State, needed.TxHash, needed.Gas = there, &r.Hash, uint64(r.GasUsed)
	return nil
}
