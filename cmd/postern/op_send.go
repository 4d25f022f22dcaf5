package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/passkey"
)

const opSendAbout = `
Sends an operation: a prepared one, which --key or --assertion approves; a signed one in
bundler JSON, of any account kind; or one made of --to, --value and --data in one go.

The approval is verified here before anything is sent. The prepared file is written again
before sending and after it: running the command again is harmless.`

func opSend() opVerb {
	return opVerb{name: "send", usage: "[prepared.json|operation.json|-] [flags]", about: opSendAbout, run: runOpSend}
}

type sendFlags struct {
	buildFlags
	assertion, out string
	wait, json     bool
}

func runOpSend(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f sendFlags
	f.flags(fs)
	fs.StringVar(&f.assertion, "assertion", "", "`file` with the reply of navigator.credentials.get(), or - for standard input")
	fs.StringVar(&f.out, "out", "", "keep the operation in this `file` (made of flags only)")
	fs.BoolVar(&f.wait, "wait", false, "wait for the receipt")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if f.to != "" && len(rest) > 0 {
		return usageError("--to and a file exclude each other", "give one of them")
	}
	key, err := f.loadKey()
	if err != nil {
		return err
	}
	if f.to != "" {
		if key == nil {
			return usageError("sending in one go needs --key", "with a passkey elsewhere: postern op build, then postern op send --assertion")
		}
		conn, err := f.connect()
		if err != nil {
			return err
		}
		p, file, err := f.prepare(ctx, conn, key, nil)
		if err != nil {
			return err
		}
		return c.approveAndSend(ctx, p, file, f.out, key, f)
	}
	text, path, err := c.readArgument(rest)
	if err != nil {
		return err
	}
	if isWireOp(text) {
		return c.sendSigned(ctx, text, explicit(fs, "entry-point", f.spec.EntryPoint), f)
	}
	file, err := parseOpFile(text)
	if err != nil {
		return err
	}
	conn, err := f.connect()
	if err != nil {
		return err
	}
	p, err := file.resume(ctx, conn)
	if err != nil {
		return err
	}
	return c.approveAndSend(ctx, p, file, path, key, f)
}

// explicit is a flag's value only if it was given, not its default.
func explicit(fs *flag.FlagSet, name, value string) (out string) {
	fs.Visit(func(f *flag.Flag) {
		if f.Name == name {
			out = value
		}
	})
	return out
}

func isWireOp(text []byte) bool {
	var m map[string]json.RawMessage
	return json.Unmarshal(text, &m) == nil && m["sender"] != nil
}

// approveAndSend seals the operation unless that was done before, writes down that it is
// sealed, sends it, writes down that it was sent.
func (c *call) approveAndSend(ctx context.Context, p *account.Prepared, file *opFile, path string, key *devKey, f sendFlags) error {
	if !f.json {
		c.printPrepared(p)
	}
	if !p.Sealed() {
		approval, err := c.approval(p, key, f)
		if err != nil {
			return err
		}
		if _, err := p.Finish(approval); err != nil {
			return err
		}
	}
	save := func() error {
		if err := file.update(p); err != nil || path == "" {
			return err
		}
		return file.write(path)
	}
	if err := save(); err != nil {
		return err
	}
	hash, err := p.Send(ctx)
	if saved := save(); err == nil {
		err = saved
	}
	if err != nil {
		return outcome(err, p.Hash(), path)
	}
	if !f.wait {
		return c.printSent(hash, f.json)
	}
	r, err := p.Wait(ctx)
	if err != nil {
		return outcome(err, p.Hash(), path)
	}
	return c.printReceipt(r, f.json)
}

// outcome adds the way on to an error after which the operation may run all the same.
// The file is sent again without harm; flags would make another operation.
func outcome(err error, hash common.Hash, path string) error {
	open := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if !open && !is[*bundler.UnknownOutcomeError](err) && !is[*account.UnclearError](err) && !is[*bundler.TransportError](err) {
		return err
	}
	f := explain(err)
	f.Hint = "it may run yet: postern op wait " + hash.Hex() + "; the same flags again would make a second operation"
	if path != "" {
		f.Hint = "it may run yet: postern op wait " + path + "; sending the file again is harmless, it runs only once"
	}
	return f
}

// approval asks the development key, or reads what a passkey elsewhere gave.
func (c *call) approval(p *account.Prepared, key *devKey, f sendFlags) (account.Approval, error) {
	switch {
	case key != nil && f.assertion != "":
		return account.Approval{}, usageError("--key and --assertion exclude each other", "give one of them")
	case key != nil:
		digest := p.Challenge().Digest
		a, err := key.device.Sign(key.credential.ID, digest[:], key.file.RPID, key.file.Origin)
		if err != nil {
			return account.Approval{}, fmt.Errorf("sign with the development key: %w", err)
		}
		return account.Approval{Assertion: a}, nil
	case f.assertion == "":
		return account.Approval{}, usageError("the operation is not approved yet", "--assertion FILE with the passkey's reply, or --key FILE for a development key")
	}
	text, _, err := c.readArgument([]string{f.assertion})
	if err != nil {
		return account.Approval{}, err
	}
	a, err := passkey.ParseAssertion(text)
	if err != nil {
		return account.Approval{}, failf("bad-assertion", "for everything that is wrong with it: postern inspect "+f.assertion, "the assertion cannot be read: %w", err)
	}
	return account.Approval{Assertion: a}, nil
}

// sendSigned sends an operation that somebody else made and signed.
func (c *call) sendSigned(ctx context.Context, text []byte, version string, f sendFlags) error {
	w, err := parseWireOp(text, version)
	if err != nil {
		return err
	}
	ep, err := w.one()
	if err != nil {
		return err
	}
	client, err := f.dialBundler(or(f.rpc, os.Getenv("POSTERN_RPC")))
	if err != nil {
		return err
	}
	want, err := f.wantedChain()
	if err != nil {
		return err
	}
	if want != nil {
		got, err := client.ChainID(ctx)
		if err != nil {
			return err
		}
		if got.Cmp(want) != 0 {
			return &account.WrongChainError{Who: "the bundler", Want: want, Got: got}
		}
	}
	hash, err := client.Send(ctx, w.op, ep)
	if err != nil {
		return err
	}
	if !f.wait {
		return c.printSent(hash, f.json)
	}
	r, err := f.await(ctx, client, hash)
	if err != nil {
		return err
	}
	return c.printReceipt(r, f.json)
}

func (c *call) printSent(hash common.Hash, asJSON bool) error {
	if asJSON {
		return printJSON(c.stdout, map[string]string{"userOpHash": hash.Hex()})
	}
	fmt.Fprintf(c.stdout, "sent %s\nnext: postern op wait %s\n", hash.Hex(), hash.Hex())
	return nil
}
