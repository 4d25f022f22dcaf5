package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/postern-dev/postern/account"
)

const opBuildAbout = `
Makes an operation of calls and everything that can be known before it is approved: nonce,
deployment if the account is not there yet, gas, fees, funds. Nothing is signed or sent.
The calls are --to, --value and --data, or a JSON list on standard input or in a file:
[{"to":"0x…","value":"0.1eth","data":"0x…"}].

The result holds "request" for navigator.credentials.get() and goes to --out, or to
standard output.`

func opBuild() verb {
	return verb{name: "build", usage: "[calls.json|-] [flags]", about: opBuildAbout, run: runOpBuild}
}

// buildFlags is all that makes an operation.
type buildFlags struct {
	network
	payer   payer
	spec    accountSpec
	address string
	signerFlags
	one    wireCall
	maxFee string
}

func (b *buildFlags) flags(fs *flag.FlagSet) {
	b.network.flags(fs)
	b.payer.flags(fs)
	b.spec.flags(fs, &b.address)
	b.signerFlags.flags(fs)
	b.one.flags(fs)
	fs.StringVar(&b.maxFee, "max-fee", "", "refuse if the fee may exceed this `amount`")
}

// prepare makes the operation. calls are those of a file, nil to take the flags.
func (b *buildFlags) prepare(ctx context.Context, conn *connection, calls []account.Call) (*account.Prepared, *opFile, error) {
	if b.address != "" {
		a, err := parseAddress("--account", b.address)
		if err != nil {
			return nil, nil, err
		}
		b.spec.Address = &a
	}
	if err := b.signerFlags.open(&b.spec); err != nil {
		return nil, nil, err
	}
	if calls == nil {
		var err error
		if calls, err = b.one.calls(); err != nil {
			return nil, nil, err
		}
	}
	options, err := b.payer.options(b.maxFee)
	if err != nil {
		return nil, nil, err
	}
	if err := b.payer.apply(conn); err != nil {
		return nil, nil, err
	}
	acct, auth, err := b.spec.open(ctx, conn.Chain)
	if err != nil {
		return nil, nil, err
	}
	p, err := account.Prepare(ctx, conn.Client, acct, auth, calls, options...)
	if err != nil {
		return nil, nil, err
	}
	f, err := newOpFile(&b.spec, p)
	return p, f, err
}

func runOpBuild(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var b buildFlags
	b.flags(fs)
	out := fs.String("out", "", "write the prepared operation to this `file`")
	asJSON := fs.Bool("json", false, "print the prepared operation although --out is given")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	calls, err := c.callsArgument(rest, b.one.To)
	if err != nil {
		return err
	}
	conn, err := b.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	p, f, err := b.prepare(ctx, conn, calls)
	if err != nil {
		return err
	}
	if *out != "" {
		if err := f.write(*out); err != nil {
			return err
		}
	}
	if *out == "" || *asJSON {
		return printJSON(c.stdout, f)
	}
	c.printPrepared(p)
	c.printNext(p, *out)
	return nil
}

// callsArgument reads the calls of a file or standard input; nil if --to says it all.
func (c *call) callsArgument(rest []string, to string) ([]account.Call, error) {
	if to != "" {
		if len(rest) > 0 {
			return nil, usageError("--to and a file of calls exclude each other", "give one of them")
		}
		return nil, nil
	}
	if len(rest) == 0 {
		return nil, usageError("there are no calls", "--to 0x… --value 0.1eth, or a JSON file of calls, or - for standard input")
	}
	text, _, err := c.readArgument(rest)
	if err != nil {
		return nil, err
	}
	return parseCalls(text)
}

func (c *call) printPrepared(p *account.Prepared) {
	for _, line := range splitLines(p.Summary().String()) {
		fmt.Fprintln(c.stdout, plain(line))
	}
	digest := p.Challenge().Digest
	fmt.Fprintf(c.stdout, "operation %s\nchallenge 0x%x\n", p.Hash().Hex(), digest[:])
}

// printNext says how a prepared operation gets its approval.
func (c *call) printNext(p *account.Prepared, path string) {
	next := "postern op send %s --assertion FILE, or --key FILE for a development key"
	switch challenge := p.Challenge(); {
	case challenge.Kind == account.KindSeveral:
		next = "each signer: postern op approve %s --key FILE, --assertion FILE or --signature 0x…; then postern op send"
	case challenge.Kind == account.KindECDSA && challenge.TypedData == nil:
		next = "sign \"personal\" of the file with personal_sign, then postern op send %s --signature 0x…"
	case challenge.Kind == account.KindECDSA:
		next = "sign \"typedData\" of the file with eth_signTypedData_v4, then postern op send %s --signature 0x…"
	}
	fmt.Fprintf(c.stdout, "next: "+next+"\n", plain(path))
}
