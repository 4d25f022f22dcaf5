package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

// confirmations is how often a node that may be behind is asked about a receipt.
const confirmations = 6

// await waits for the bundler's receipt and, where a node is given, has it borne
// out: a bundler alone is not believed.
func (n *network) await(ctx context.Context, client *bundler.Client, hash common.Hash) (*account.Receipt, error) {
	r, err := client.Wait(ctx, hash)
	if err != nil {
		return nil, err
	}
	node := or(n.rpc, os.Getenv("POSTERN_RPC"))
	if node == "" {
		return r, nil
	}
	chain, err := bundler.NewChain(node, bundler.Options{})
	if err != nil {
		return nil, usageError("--rpc is no URL", "it starts with http:// or https://")
	}
	for i := 1; ; i++ {
		if err = confirm(ctx, chain, r); err == nil {
			return r, nil
		}
		if i == confirmations {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(time.Duration(i) * 300 * time.Millisecond):
		}
	}
}

// confirm asks about the EntryPoint that the receipt names, or about all.
func confirm(ctx context.Context, chain account.Confirmer, r *account.Receipt) error {
	if ep, ok := userop.EntryPointByAddress(r.EntryPoint); ok {
		return chain.Confirm(ctx, r, ep)
	}
	var err error
	for _, ep := range userop.EntryPoints() {
		if err = chain.Confirm(ctx, r, ep); err == nil {
			return nil
		}
	}
	return err
}
