package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/postern-dev/postern/internal/inspect"
)

const inspectAbout = `
Recognises what it is given and explains it: what it is, what it says, everything that
is wrong with it, where that usually comes from and what to do. It needs no network.

It knows registrations, assertions and their parts (attestation object, authenticator
data, clientDataJSON, COSE, SPKI, SEC1 and raw keys, DER and raw signatures), user
operations in every form with their hashes, handleOps calldata, bundler errors and
revert data, the signatures of these accounts: Postern, MetaMask Hybrid, ZeroDev
Kernel, Coinbase Smart Wallet, Solady, OpenZeppelin, Safe; and of Kernel's session keys the
approvals – the SDK's text and postern grant's –, what they allow, what their owner signs, and
nonces. Of guardians it knows the files that they pass on, what they sign, and calls of the recovery
module. Of Flow it knows the extension of a signature, what keys sign, and transactions.

The argument is hex, base64url, base64, PEM, JSON, an error's text, or a file's name; "-"
or none reads standard input. Data that starts with "-" goes after "--". What you add by
flags is checked; what you leave out is left open.

Exit code 0: understood, and nothing is wrong with it. 1: something is wrong with it, or it
is not recognised. 2: usage.

  postern inspect assertion.json --rp-id example.org --challenge 0x5f…
  postern inspect op.json --chain-id 8453 --entry-point 0.7
  postern inspect "AA24 signature error"
  pbpaste | postern inspect`

func inspectCommand() command {
	return command{
		name:    "inspect",
		summary: "explain an assertion, key, signature, operation or error",
		usage:   "[flags] <hex|base64url|base64|json|text|file|->",
		about:   inspectAbout,
		run:     runInspect,
	}
}

func runInspect(_ context.Context, c *call) error {
	fs := c.newFlags()
	var f inspectFlags
	asJSON := fs.Bool("json", false, "print one JSON object")
	fs.StringVar(&f.challenge, "challenge", "", "`bytes` that should have been signed: hex or base64url")
	fs.StringVar(&f.rpID, "rp-id", "", "relying party `domain`")
	fs.Var((*repeated)(&f.origins), "origin", "accepted `origin`, such as https://example.org; may be repeated")
	fs.StringVar(&f.key, "key", "", "public `key` that should have signed: COSE, SPKI, SEC1 or raw, hex or base64url")
	fs.StringVar(&f.key, "public-key", "", "the same `key`, by the name that it has in other commands")
	fs.StringVar(&f.entryPoint, "entry-point", "", "EntryPoint `version`: 0.6, 0.7, 0.8, 0.9")
	fs.StringVar(&f.chainID, "chain-id", "", "chain `id`, for the hashes of an operation")
	fs.StringVar(&f.account, "account", "", "`address` of the account that it is for")
	fs.StringVar(&f.credentialID, "credential-id", "", "`id` of the passkey's credential, base64url or hex; explains the key ids of MetaMask accounts")
	fs.StringVar(&f.keyIDHash, "key-id-hash", "", "`hash` by which a MetaMask account knows the key, of getKeyIdHashes()")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	input, from, err := c.inspectInput(rest)
	if err != nil {
		return err
	}
	report, err := inspect.Inspect(input, opt)
	if err != nil {
		return inspectFailure(err, from)
	}
	if *asJSON {
		err = printJSON(c.stdout, report)
	} else {
		printReport(c.stdout, report, from)
	}
	if err == nil && !report.OK {
		return errWrong
	}
	return err
}

func inspectFailure(err error, from string) error {
	switch {
	case errors.Is(err, inspect.ErrTooLong):
		return failf("too-long", "give the part in question alone", "the input is longer than %d bytes", inspect.MaxInput)
	case errors.Is(err, inspect.ErrEmpty):
		return failf("empty", "pass hex, base64url, JSON or a file; see: postern help inspect", "there is nothing to inspect%s", from)
	case errors.Is(err, inspect.ErrUnknown):
		return failf("not-recognised", "is it cut, or of a kind not listed in: postern help inspect", "not recognised%s: %s", from, strings.TrimPrefix(err.Error(), "inspect: not recognised: "))
	}
	return err
}

// inspectInput returns what to look at, and " in <file>" or "" for messages.
func (c *call) inspectInput(rest []string) ([]byte, string, error) {
	if len(rest) == 0 || rest[0] == "-" {
		if f, ok := c.stdin.(*os.File); ok && len(rest) == 0 {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				return nil, "", usageError("there is nothing to inspect", "postern inspect <hex|base64url|json|file>, or pipe it in")
			}
		}
		data, err := readLimited(c.stdin, inspect.MaxInput+1)
		return data, " on standard input", err
	}
	arg := rest[0]
	if len(arg) < 4096 && !strings.HasPrefix(arg, "0x") && !strings.ContainsAny(arg, "{\n") {
		info, err := os.Stat(arg)
		switch {
		case err == nil && info.Mode().IsRegular():
			f, err := os.Open(arg)
			if err != nil {
				return nil, "", err
			}
			defer f.Close()
			data, err := readLimited(f, inspect.MaxInput+1)
			return data, " in " + arg, err
		case err == nil:
			return nil, "", failf("no-file", "name a file, or pass the data itself", "%s is no file", clip(arg))
		case strings.ContainsAny(arg, "./\\") && !strings.ContainsAny(arg, " +="):
			return nil, "", failf("no-file", "check the path; data may stand on the command line or on standard input", "there is no file %s", clip(arg))
		}
	}
	return []byte(arg), "", nil
}

func readLimited(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	return data, nil
}
