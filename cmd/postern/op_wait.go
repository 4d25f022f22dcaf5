package main

import (
	"context"
	"os"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/inspect"
)

const opWaitAbout = `
Waits until an operation is on chain and prints its receipt. Give its hash, or the
prepared file. Exit code 0 if its calls ran, 1 if they reverted or it never came.`

func opWait() verb {
	return verb{name: "wait", usage: "<hash|prepared.json> [flags]", about: opWaitAbout, run: runOpWait}
}

func runOpWait(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which operation?", "postern op wait 0x…, or the prepared file")
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	if hash, err := inspect.ParseBytes(rest[0]); err == nil && len(hash) == 32 {
		client, err := n.dialBundler(or(n.rpc, os.Getenv("POSTERN_RPC")))
		if err != nil {
			return err
		}
		r, err := n.await(ctx, client, common.BytesToHash(hash))
		if err != nil {
			return err
		}
		return c.printReceipt(r, *asJSON)
	}
	text, _, err := c.readArgument(rest)
	if err != nil {
		return err
	}
	file, err := parseOpFile(text)
	if err != nil {
		return err
	}
	conn, err := n.connect()
	if err != nil {
		return err
	}
	p, err := file.resume(ctx, conn)
	if err != nil {
		return err
	}
	r, err := p.Wait(ctx)
	if err != nil {
		return err
	}
	return c.printReceipt(r, *asJSON)
}
