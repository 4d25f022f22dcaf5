package main

import (
	"context"
	"fmt"
	"os"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

const opEstimateAbout = `
What a bundler says an operation takes. Give an operation as bundler JSON, with a stub
signature of full length; or the flags of op build, for what it would prepare.

  postern op estimate op.json --entry-point 0.7 --bundler https://…
  postern op estimate --key dev.json --to 0x… --value 0.1eth --rpc http://localhost:8080/rpc`

func opEstimate() verb {
	return verb{name: "estimate", usage: "[operation.json|-] [flags]", about: opEstimateAbout, run: runOpEstimate}
}

func runOpEstimate(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var b buildFlags
	b.flags(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	if b.one.To != "" {
		conn, err := b.connect()
		if err != nil {
			return err
		}
		p, _, err := b.prepare(ctx, conn, nil)
		if err != nil {
			return err
		}
		op := p.Op()
		return c.printGas(op, account.Ether(p.MaxFee()), *asJSON)
	}
	text, _, err := c.readArgument(rest)
	if err != nil {
		return err
	}
	w, err := parseWireOp(text, explicit(fs, "entry-point", b.spec.EntryPoint))
	if err != nil {
		return err
	}
	ep, err := w.one()
	if err != nil {
		return err
	}
	client, err := b.dialBundler(or(b.rpc, os.Getenv("POSTERN_RPC")))
	if err != nil {
		return err
	}
	g, err := client.EstimateGas(ctx, w.op, ep)
	if err != nil {
		return err
	}
	op := &userop.Op{CallGasLimit: g.CallGasLimit, VerificationGasLimit: g.VerificationGasLimit, PreVerificationGas: g.PreVerificationGas,
		PaymasterVerificationGasLimit: g.PaymasterVerificationGasLimit, PaymasterPostOpGasLimit: g.PaymasterPostOpGasLimit}
	return c.printGas(op, "", *asJSON)
}

// printGas prints limits as they stand in op, and the most they can cost if known.
func (c *call) printGas(op *userop.Op, maxFee string, asJSON bool) error {
	type gas struct {
		Call                  string `json:"callGasLimit"`
		Verification          string `json:"verificationGasLimit"`
		PreVerification       string `json:"preVerificationGas"`
		PaymasterVerification string `json:"paymasterVerificationGasLimit,omitempty"`
		PaymasterPostOp       string `json:"paymasterPostOpGasLimit,omitempty"`
		MaxFee                string `json:"maxFeeEth,omitempty"`
	}
	g := gas{number(op.CallGasLimit), number(op.VerificationGasLimit), number(op.PreVerificationGas),
		number(op.PaymasterVerificationGasLimit), number(op.PaymasterPostOpGasLimit), maxFee}
	if asJSON {
		return printJSON(c.stdout, g)
	}
	for _, row := range [][2]string{{"call", g.Call}, {"verification", g.Verification}, {"pre-verification", g.PreVerification},
		{"paymaster verification", g.PaymasterVerification}, {"paymaster after", g.PaymasterPostOp}, {"fee at most (ETH)", g.MaxFee}} {
		if row[1] != "" {
			fmt.Fprintf(c.stdout, "%-22s %s\n", row[0], row[1])
		}
	}
	return nil
}
