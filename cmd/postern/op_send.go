package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
)

const opSendAbout = `
Sends an operation: a prepared one, which --key or --assertion approves (--owner-key or
--signature if it is for the owner of a MetaMask account); a signed one in bundler JSON,
of any account kind; or one made of --to, --value and --data in one go.

The approval is verified here before anything is sent. The prepared file is written again
before sending and after it: running the command again is harmless.

At a terminal it asks before a key of this machine signs; --yes does not.`

func opSend() verb {
	return verb{name: "send", usage: "[prepared.json|operation.json|-] [flags]", about: opSendAbout, run: runOpSend}
}

type sendFlags struct {
	buildFlags
	approvalFlags
	ownerKey string
	out      string
	wait     bool
}

// approvalFlags say how an operation comes to its approval.
type approvalFlags struct {
	assertion, signature string
	yes, json            bool
}

func runOpSend(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f sendFlags
	f.flags(fs)
	fs.StringVar(&f.ownerKey, "owner-key", "", "`file` with the owner's key, or - for standard input (default $"+ownerEnv+")")
	fs.StringVar(&f.assertion, "assertion", "", "`file` with the reply of navigator.credentials.get(), or - for standard input")
	fs.StringVar(&f.signature, "signature", "", "the owner's `signature` of the typed data, 65 bytes hex")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.StringVar(&f.out, "out", "", "keep the operation in this `file` (made of flags only)")
	fs.BoolVar(&f.wait, "wait", false, "wait for the receipt")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if f.one.To != "" && len(rest) > 0 {
		return usageError("--to and a file exclude each other", "give one of them")
	}
	if f.one.To != "" {
		if len(f.keys) == 0 {
			return usageError("sending in one go needs --key", "with a passkey elsewhere: postern op build, then postern op send --assertion")
		}
		conn, err := f.connect()
		if err != nil {
			return err
		}
		p, file, err := f.prepare(ctx, conn, nil)
		if err != nil {
			return err
		}
		if len(f.with) > 0 {
			return c.begin(ctx, p, file, f.out, f.local(), f.approvalFlags)
		}
		return c.approveAndSend(ctx, p, file, f.out, f.local(), f)
	}
	if err := f.read(); err != nil {
		return err
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
	if err := f.payer.apply(conn); err != nil {
		return err
	}
	p, err := file.resume(ctx, conn)
	if err != nil {
		return err
	}
	signer, err := f.signerFor(p, c)
	if err != nil {
		return err
	}
	return c.approveAndSend(ctx, p, file, path, signer, f)
}

// signerFor is the key on this machine that is to approve of p, nil for none.
func (f *sendFlags) signerFor(p *account.Prepared, c *call) (localSigner, error) {
	here, several := len(f.here) > 0, p.Challenge().Kind == account.KindSeveral
	switch {
	case here && f.ownerKey != "":
		return nil, usageError("--key and --owner-key exclude each other", "give the one that the operation was prepared for")
	case here && p.Challenge().Kind == account.KindECDSA && f.here.passkeys():
		return nil, usageError("the operation is for the owner's key, and --key is a passkey", "--owner-key FILE, or --signature with what the owner's wallet signed (personal_sign or eth_signTypedData_v4)")
	case here:
		return f.here, nil
	case several && f.ownerKey != "":
		return nil, usageError("the operation is for several signers, and --owner-key is the owner's of another kind of account", "--key FILE, also for the key of an EOA; may be repeated")
	case f.ownerKey != "" && p.Challenge().Kind != account.KindECDSA:
		return nil, usageError("the operation is for a passkey, and --owner-key is none", "--assertion FILE with the passkey's reply, or --key FILE for a development key")
	case p.Challenge().Kind != account.KindECDSA || f.assertion != "" || f.signature != "":
		return nil, nil
	}
	owner, err := openOwnerKey(f.ownerKey, c.stdin)
	if owner == nil {
		return nil, err
	}
	return owner, nil
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
