package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

const contractsAbout = `
The contracts that Postern's accounts need on a chain: the verifiers of P-256 signatures, the factory
of tables, and for each EntryPoint the account's implementation and factory.

  postern contracts list                  where they are, on every chain
  postern contracts list --rpc URL        and which of them are on this one
  postern contracts deploy --rpc URL      put the missing ones there

They have no owner. Their addresses follow from their code alone (CREATE2 by the deployer at
0x4e59b44847b379578588920cA78FbF26c0B4956C), so it does not matter who deploys them.`

const contractsListAbout = `
Lists Postern's contracts and their addresses, which are the same on every chain. With a node, also
what the chain has at them: "there", compared byte for byte with what is compiled into this program,
or "missing". Words that a constructor found out on that chain, its id for instance, may be any.

With --data the JSON has what to send to the deployer for each, in the order of the list.

Exit code 1 if there is other code at one of the addresses.`

func contractsCommand() command {
	return command{
		name: "contracts", summary: "list Postern's contracts, and put them on a chain",
		usage: "list|deploy …", about: contractsAbout, run: runContracts,
	}
}

func runContracts(ctx context.Context, c *call) error {
	return c.dispatch(ctx, []verb{
		{"list", "[--rpc URL] [--entry-point 0.8|all] [--json [--data]]", contractsListAbout, runContractsList},
		{"deploy", "--owner-key <file> [--rpc URL] [--entry-point 0.8|all] [--json]", contractsDeployAbout, runContractsDeploy},
	})
}

// A presence is what a chain has at the address of a contract.
type presence string

const (
	there     presence = "there"
	missing   presence = "missing"
	otherCode presence = "other code"
)

// contractInfo is what --json says of a contract.
type contractInfo struct {
	Name    string         `json:"name"`
	Address common.Address `json:"address"`
	Bytes   int            `json:"bytes,omitempty"`
	State   presence       `json:"state,omitempty"` // with a node only
	Data    hexutil.Bytes  `json:"data,omitempty"`
	TxHash  *common.Hash   `json:"txHash,omitempty"`
	Gas     uint64         `json:"gasUsed,omitempty"`

	contract contracts.Contract
}

// contractList is a set of contracts, on a chain where a node is given.
type contractList struct {
	Contracts []contractInfo `json:"contracts"`
	// Needed are others' contracts that ours work with.
	Needed     []contractInfo `json:"needed"`
	P256Verify *bool          `json:"p256verify,omitempty"` // whether the chain's precompile answers

	node *bundler.Chain
}

// listContracts is all that accounts of the EntryPoint version need, "all" for every one.
func listContracts(version string) (*contractList, error) {
	l := &contractList{Needed: []contractInfo{{Name: "deployer", Address: contracts.Deployer}}}
	ours, eps := contracts.All(), []userop.EntryPoint{userop.V07, userop.V08, userop.V09}
	if version != "all" {
		ep, err := parseEntryPoint(version)
		if err != nil {
			return nil, err
		}
		d, err := contracts.ForEntryPoint(ep)
		if err != nil {
			return nil, usageError("Postern's account does not work with EntryPoint "+ep.Version(), "choose 0.7, 0.8, 0.9 or all")
		}
		ours, eps = append(append(contracts.P256Contracts(), d.Contracts()...), contracts.RecoveryContract()), []userop.EntryPoint{ep}
	}
	for _, k := range ours {
		l.Contracts = append(l.Contracts, contractInfo{Name: k.Name, Address: k.Address, Bytes: k.Size(), contract: k})
	}
	for _, ep := range eps {
		l.Needed = append(l.Needed, contractInfo{Name: "EntryPoint " + ep.Version(), Address: ep.Address()})
	}
	return l, nil
}

// look asks the chain for all of them.
func (l *contractList) look(ctx context.Context) error {
	for i := range l.Contracts {
		if err := l.Contracts[i].look(ctx, l.node); err != nil {
			return err
		}
	}
	for i := range l.Needed {
		n := &l.Needed[i]
		code, err := l.node.Code(ctx, n.Address)
		if err != nil {
			return err
		}
		n.State = missing
		if len(code) > 0 {
			n.State = there
		}
	}
	has, err := l.node.HasP256(ctx)
	if err == nil {
		l.P256Verify = &has
	}
	return err
}

func (k *contractInfo) look(ctx context.Context, node *bundler.Chain) error {
	code, err := node.Code(ctx, k.Address)
	switch {
	case err != nil:
		return err
	case len(code) == 0:
		k.State = missing
	case k.contract.Is(code):
		k.State = there
	default:
		k.State = otherCode
	}
	return nil
}

// count is how many of ours are in a state.
func (l *contractList) count(p presence) int {
	n := 0
	for _, k := range l.Contracts {
		if k.State == p {
			n++
		}
	}
	return n
}

func runContractsList(ctx context.Context, c *call) error {
	fs := c.newFlags()
	rpc := fs.String("rpc", "", "`URL` of a node (default $POSTERN_RPC); without one only addresses are listed")
	version := fs.String("entry-point", "all", "EntryPoint `version`: 0.7, 0.8, 0.9, or all three")
	timeout := fs.Duration("timeout", 30*time.Second, "time for all of it")
	data := fs.Bool("data", false, "with --json: also what to send to the deployer")
	asJSON := fs.Bool("json", false, "print one JSON object")
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	l, err := listContracts(*version)
	if err != nil {
		return err
	}
	if url, err := rpcURL(*rpc); err == nil {
		if l.node, err = bundler.NewChain(url, bundler.Options{}); err != nil {
			return usageError("--rpc is no URL", "it starts with http:// or https://")
		}
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		if err := l.look(ctx); err != nil {
			return err
		}
	}
	if *data {
		for i := range l.Contracts {
			l.Contracts[i].Data = l.Contracts[i].contract.Create
		}
	}
	if *asJSON {
		err = printJSON(c.stdout, l)
	} else {
		c.printContracts(l)
	}
	if err == nil && l.count(otherCode) > 0 {
		return errWrong
	}
	return err
}

func (c *call) printContracts(l *contractList) {
	p := painter(c.stdout)
	for i, k := range append(l.Contracts, l.Needed...) {
		if i == len(l.Contracts) {
			fmt.Fprintln(c.stdout, "they need")
		}
		size, state := "", string(k.State)
		if k.Bytes > 0 {
			size = fmt.Sprintf("%d bytes", k.Bytes)
		}
		switch k.State {
		case there:
			state = p.green(state)
		case otherCode:
			state = p.red(state)
		}
		row := fmt.Sprintf("  %-26s %s %12s  %s", k.Name, k.Address, size, state)
		fmt.Fprintln(c.stdout, strings.TrimRight(row, " "))
	}
	if l.P256Verify == nil {
		return
	}
	answers := "answers: accounts use it, and tables are of no use"
	if !*l.P256Verify {
		answers = "does not answer: accounts verify by tables, or without"
	}
	fmt.Fprintf(c.stdout, "%d of %d contracts are on this chain. P256VERIFY %s.\n", l.count(there), len(l.Contracts), answers)
}
