package main

import (
	"context"
	"fmt"
	"math/big"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
)

const kernelShowAbout = `
What an account is, as the chain has it now: version, owner, and the nonce that approvals of
session keys are made for. Its session keys: postern grant list.

  postern kernel show 0x… --rpc URL`

func kernelShow() verb {
	return verb{name: "show", usage: "<address|file> [flags]", about: kernelShowAbout, run: runKernelShow}
}

// kernelInfo is what the chain says of an account.
type kernelInfo struct {
	Account    string `json:"account"`
	ChainID    string `json:"chainId"`
	Version    string `json:"version"`
	EntryPoint string `json:"entryPoint"`
	Deployed   bool   `json:"deployed"`
	Root       string `json:"root"` // the validator's contract
	Owner      string `json:"owner"`
	Nonce      uint32 `json:"currentNonce,omitempty"` // of approvals; Kernel 3
	Balance    string `json:"balanceWei"`

	balance *big.Int
}

func runKernelShow(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	address := fs.String("account", "", "the `account`, in place of the argument")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	spec, err := accountArgument(rest, *address, "postern kernel show 0x…")
	if err != nil {
		return err
	}
	conn, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	info, err := readKernel(ctx, conn, spec)
	if err != nil {
		return explainKernel(err, spec)
	}
	if *asJSON {
		return printJSON(c.stdout, info)
	}
	c.printKernelInfo(info)
	return nil
}

// accountArgument reads the account that is named by an argument or by --account.
func accountArgument(rest []string, flagged, example string) (*kernelSpec, error) {
	text := flagged
	if len(rest) == 1 {
		if text != "" {
			return nil, usageError("the account is named twice", "give one of them")
		}
		text = rest[0]
	}
	if text == "" {
		return nil, usageError("which account?", example)
	}
	addr, made, err := kernelFiles.parse("the account", text)
	return &kernelSpec{Address: addr, Create: made}, err
}

// onChain refuses a node of another chain than --chain-id.
func (conn *connection) onChain(ctx context.Context) (*big.Int, error) {
	id, err := conn.Chain.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	if conn.ChainID != nil && conn.ChainID.Cmp(id) != 0 {
		return nil, &account.WrongChainError{Who: "the node", Want: conn.ChainID, Got: id}
	}
	return id, nil
}

func readKernel(ctx context.Context, conn *connection, spec *kernelSpec) (*kernelInfo, error) {
	id, err := conn.onChain(ctx)
	if err != nil {
		return nil, err
	}
	acct, err := spec.account(ctx, conn.Chain)
	if err != nil {
		return nil, err
	}
	code, err := conn.Chain.Code(ctx, spec.Address)
	if err != nil {
		return nil, fmt.Errorf("read the code of %s: %w", spec.Address, err)
	}
	balance, err := conn.Chain.Balance(ctx, spec.Address)
	if err != nil {
		return nil, fmt.Errorf("read the balance of %s: %w", spec.Address, err)
	}
	info := &kernelInfo{Account: spec.Address.Hex(), ChainID: id.String(), Version: string(acct.Version()), EntryPoint: acct.EntryPoint().Version(),
		Deployed: len(code) > 0, Root: acct.RootContract().Hex(), Owner: acct.Root().String(), Balance: balance.String(), balance: balance}
	if acct.Version().V3() {
		info.Nonce, err = kernel.CurrentNonce(ctx, conn.Chain, spec.Address)
	}
	return info, err
}

func (c *call) printKernelInfo(info *kernelInfo) {
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "Kernel account %s\n", p.bold(info.Account))
	fmt.Fprintf(c.stdout, "  on chain %s, version %s, EntryPoint %s, holds %s ETH\n", info.ChainID, info.Version, info.EntryPoint, account.Ether(info.balance))
	fmt.Fprintf(c.stdout, "  owner    %s\n", plain(info.Owner))
	fmt.Fprintf(c.stdout, "  root     validator %s\n", info.Root)
	if !info.Deployed {
		fmt.Fprintln(c.stdout, p.yellow("  not on the chain yet")+"; its first operation deploys it")
		return
	}
	if info.Nonce > 0 {
		fmt.Fprintf(c.stdout, "  nonce    %d, which approvals of session keys are made for; all keys: postern grant list %s\n", info.Nonce, info.Account)
	}
}
