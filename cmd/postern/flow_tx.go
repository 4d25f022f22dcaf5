package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/postern-dev/postern/flow"
)

const flowTxAbout = `
A transaction of Flow from script to seal, by one person or by several who pass on a file.

  postern flow tx new pay.cdc --arg '{"type":"UFix64","value":"1.0"}' --authorizer 0x… --payer 0x… --out tx.hex
  postern flow tx sign tx.hex --signer 0x…=dev.json
  postern flow tx sign tx.hex --signer 0x…=sponsor.pem
  postern flow tx send tx.hex

What is signed: postern flow verify, postern inspect. Each action has a manual.`

const flowTxNewAbout = `
Makes a transaction of a Cadence script, with the latest sealed block as its reference, from
which on it can be sent for 600 blocks, about ten minutes. Arguments are JSON-Cadence: --arg for each, or --args
with a JSON array of them.

The proposer, whose key's sequence number is used up, is the first authorizer, and the payer is
the proposer, unless they are named. With --signer it is signed: by the payer last.

With --send it is sent and seen sealed, else it is kept in --out for those who sign next.

  postern flow tx new note.cdc --arg '{"type":"Int","value":"7"}' --authorizer 0x01cf0e2f2f715450 --signer 0x01cf0e2f2f715450=dev.json --send
  postern flow tx new note.cdc --args args.json --authorizer 0x… --payer 0x… --out tx.hex`

const flowTxSignAbout = `
Adds signatures to a transaction in a file. Everybody but the payer signs first, and the payer
last, because it signs the others' signatures too; it is refused as long as an account's signatures weigh less than
1000. A signature is added only if nodes would take it: the key is read from the chain.

A passkey elsewhere signs the challenge that is printed for its account, with
navigator.credentials.get(); its JSON is given with --answer.

  postern flow tx sign tx.hex --signer 0x01cf0e2f2f715450=laptop.json --signer 0x01cf0e2f2f715450=phone.json
  postern flow tx sign tx.hex --answer 0x01cf0e2f2f715450=reply.json --send`

const flowTxSendAbout = `
Sends a signed transaction and waits until it is sealed. It is first judged as nodes judge it,
because they do not say which rule is broken.

The same file can be sent any number of times: a transaction is known by its id and runs once. A
node that does not answer is handed the same bytes again; and where nobody knows whether it was
taken, this command with the same file finds out. It never makes another transaction.

Exit code 0: sealed, and it did what it should. 1: it failed, was refused, or is not known.`

func flowTx() verb {
	return verb{name: "tx", usage: "new|sign|send …", about: flowTxAbout, run: func(ctx context.Context, c *call) error {
		return c.dispatch(ctx, []verb{
			{name: "new", usage: "<script.cdc> --authorizer ADDRESS [--out FILE|--send] [flags]", about: flowTxNewAbout, run: runFlowTxNew},
			{name: "sign", usage: "<file> --signer ADDRESS=FILE… [--send] [flags]", about: flowTxSignAbout, run: runFlowTxSign},
			{name: "send", usage: "<file> [flags]", about: flowTxSendAbout, run: runFlowTxSend},
		})
	}}
}

func runFlowTxNew(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	f.signFlags(fs)
	var args, authorizers repeated
	fs.Var(&args, "arg", "an argument in `JSON`-Cadence; may be repeated")
	file := fs.String("args", "", "`file` with a JSON array of the arguments")
	fs.Var(&authorizers, "authorizer", "`address` of an account that the script reaches into; may be repeated")
	proposer := fs.String("proposer", "", "`address`, or ADDRESS:INDEX, of the proposer; default: the first authorizer")
	payer := fs.String("payer", "", "`address` of who pays; default: the proposer")
	gas := fs.Uint64("gas", flow.MaxGasLimit, "the most computation that it may take")
	send := fs.Bool("send", false, "send it, and wait until it is sealed")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which script?", "postern flow tx new script.cdc --authorizer 0x…")
	}
	t := &flow.Transaction{GasLimit: *gas}
	if *gas == 0 || *gas > flow.MaxGasLimit {
		return usageError(fmt.Sprintf("there is no gas limit of %d", *gas), fmt.Sprintf("from 1 to %d", flow.MaxGasLimit))
	}
	index, err := flowRoles(t, authorizers, *proposer, *payer)
	if err != nil {
		return err
	}
	if t.Script, err = readFlowScript(rest[0]); err != nil {
		return err
	}
	if t.Arguments, err = flowArguments(args, *file); err != nil {
		return err
	}
	if !*send && f.out == "" {
		return usageError("where should the transaction go?", "--out FILE keeps it for the next one who signs; --send sends it")
	}
	if err := f.open(c); err != nil {
		return err
	}
	if err := f.proposes(ctx, t, index); err != nil {
		return err
	}
	return f.act(ctx, c, t, *send)
}

// flowRoles sets who does what; index is of the proposal key, or -1.
func flowRoles(t *flow.Transaction, authorizers []string, proposer, payer string) (index int64, err error) {
	for _, text := range authorizers {
		a, err := flow.ParseAddress(text)
		if err != nil {
			return 0, err
		}
		t.Authorizers = append(t.Authorizers, a)
	}
	index = -1
	if proposer == "" {
		if len(t.Authorizers) == 0 {
			return 0, usageError("who proposes it?", "--authorizer ADDRESS, or for a script without one --proposer ADDRESS")
		}
		t.ProposalKey.Address = t.Authorizers[0]
	} else {
		at, number, hasIndex := strings.Cut(proposer, ":")
		if t.ProposalKey.Address, err = flow.ParseAddress(at); err != nil {
			return 0, err
		}
		if hasIndex {
			n, err := strconv.ParseUint(number, 10, 32)
			if err != nil {
				return 0, usageError("--proposer names no key: "+clip(proposer), "ADDRESS, or ADDRESS:INDEX")
			}
			index = int64(n)
		}
	}
	if t.Payer = t.ProposalKey.Address; payer != "" {
		t.Payer, err = flow.ParseAddress(payer)
	}
	return index, err
}

func readFlowScript(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	script, err := readFlow(f)
	if err == nil && len(script) == 0 {
		err = failf("bad-script", "is it the right file?", "%s is empty", clip(path))
	}
	return script, err
}

// flowArguments reads arguments and writes each as its JSON-Cadence.
func flowArguments(args []string, file string) (out [][]byte, err error) {
	var list []json.RawMessage
	if file != "" {
		if len(args) > 0 {
			return nil, usageError("--arg and --args are two answers to one question", "give one of them")
		}
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		b, err := readFlow(f)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, &list); err != nil {
			return nil, failf("bad-argument", `such as [{"type":"Int","value":"7"}]`, "%s is no JSON array", clip(file))
		}
	}
	for _, a := range args {
		list = append(list, json.RawMessage(a))
	}
	for i, a := range list {
		v, err := flow.ParseValue(a)
		if err != nil {
			return nil, failf("bad-argument", `JSON-Cadence, such as {"type":"Int","value":"7"}`, "argument %d: %w", i+1, err)
		}
		out = append(out, v.JSON())
	}
	return out, nil
}

func runFlowTxSign(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	f.signFlags(fs)
	send := fs.Bool("send", false, "send it then, and wait until it is sealed")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which transaction?", "postern flow tx sign tx.hex --signer 0x…=dev.json")
	}
	if len(f.signers)+len(f.answers) == 0 {
		return usageError("who signs?", "--signer "+flowSignerHint+"; a passkey elsewhere: --answer ADDRESS=FILE")
	}
	t, err := c.readFlowTransaction(rest[0])
	if err != nil {
		return err
	}
	f.keepsIn(rest[0])
	if err := f.open(c); err != nil {
		return err
	}
	return f.act(ctx, c, t, *send)
}

// keepsIn makes the file that a transaction comes from the one that it goes to, unless another is named.
func (f *flowAct) keepsIn(arg string) {
	if info, err := os.Stat(arg); f.out == "" && arg != "-" && err == nil && info.Mode().IsRegular() {
		f.out = arg
	}
}

func runFlowTxSend(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f flowAct
	f.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which transaction?", "postern flow tx send tx.hex")
	}
	t, err := c.readFlowTransaction(rest[0])
	if err != nil {
		return err
	}
	f.keepsIn(rest[0])
	if err := f.open(c); err != nil {
		return err
	}
	return f.act(ctx, c, t, true)
}
