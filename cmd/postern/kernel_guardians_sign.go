package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel/guardians"
)

const kernelGuardiansSignAbout = `
Says in words what a file asks for, and signs it as a guardian. Nothing is sent, and no chain is
asked but with --rpc, which tells whether it still stands: the signature is verified and stands in
the file, which goes back, or on to the next.

A key on this machine: --key FILE. Elsewhere: first --request ask.json, which holds the typed data
for a wallet (eth_signTypedData_v4); then the same with --signature.

Sign only if the owner has asked you, in person or by voice, and has read the new owner's name to
you. A wallet shows no more than a hash: compare it with the one that is printed here.

  postern kernel guardians sign recovery.json --key bob.json --names guardians.toml
  postern kernel guardians sign recovery.json --guardian 0x… --request ask.json
  postern kernel guardians sign recovery.json --guardian 0x… --signature 0x…`

func kernelGuardiansSign() verb {
	return verb{name: "sign", usage: "<recovery.json> --key FILE [flags]", about: kernelGuardiansSignAbout, run: runKernelGuardiansSign}
}

// A guardianKey says which guardian acts: by a key here, or by its address.
type guardianKey struct{ key, address string }

func (f *guardianKey) flags(fs *flag.FlagSet) {
	fs.StringVar(&f.key, "key", "", "the guardian's key: `file` (postern key new FILE --type eoa), or - for standard input")
	fs.StringVar(&f.address, "guardian", "", "the guardian's `address`, where its key is elsewhere")
}

// read returns no signer where the key is elsewhere.
func (f *guardianKey) read(c *call) (who common.Address, signer localSigner, err error) {
	switch {
	case f.key == "" && f.address == "":
		return who, nil, usageError("which guardian?", "--key FILE, or --guardian 0x… where the key is elsewhere")
	case f.address != "":
		if who, err = parseAddress("--guardian", f.address); err != nil || f.key == "" {
			return who, nil, err
		}
	}
	key, err := openOwnerKey(f.key, c.stdin)
	if err != nil {
		if _, e := openKeyFile(f.key); e == nil {
			return who, nil, failf("bad-key", "guardians of a Kernel account have keys of EOAs: postern key new FILE --type eoa", "%s holds a passkey", clip(f.key))
		}
		return who, nil, err
	}
	if f.address != "" && key.address() != who {
		return who, nil, failf("wrong-key", "give the key of "+who.Hex()+", or leave --guardian out", "the key is that of %s, but --guardian says %s", key.address(), who)
	}
	return key.address(), key, nil
}

func runKernelGuardiansSign(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f approveFlags
	var by guardianKey
	by.flags(fs)
	fs.StringVar(&f.signature, "signature", "", "what the guardian's wallet signed, 0x `hex`")
	fs.StringVar(&f.request, "request", "", "write what has to be signed elsewhere to this `file`, and sign nothing")
	fs.StringVar(&f.out, "out", "", "keep the result in this `file`, in place of the one that was read")
	fs.StringVar(&f.names, "names", "", "setup `file` with the names of guardians")
	n := network{timeout: defaultTimeout}
	fs.StringVar(&n.rpc, "rpc", "", "node's `URL`, asked whether the recovery still stands (default: no node is asked)")
	fs.BoolVar(&f.yes, "yes", false, "do not ask before signing")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which file?", "postern kernel guardians sign recovery.json --key FILE")
	}
	names, err := openKernelNames(f.names)
	if err != nil {
		return err
	}
	r, err := c.readKernelRecovery(rest[0])
	if err != nil {
		return err
	}
	who, signer, err := by.read(c)
	if err != nil {
		return err
	}
	if err := r.isGuardian(who, names); err != nil {
		return err
	}
	if n.rpc != "" {
		if err := r.stands(ctx, &n); err != nil {
			return err
		}
	}
	if !f.json {
		c.printLines(r.words(names))
		c.printHazards(r.warnings())
		fmt.Fprintf(c.stdout, "signed by %s\n", plain(names.key(who)))
	}
	ask, err := guardians.Ask(who, r.proposal, r.chainID)
	if err != nil {
		return err
	}
	switch {
	case f.request != "":
		return c.writeAsk(&f, ask, r.words(names))
	case f.signature != "" && signer != nil:
		return usageError("--key and --signature exclude each other", "with --signature: --guardian 0x…")
	case f.signature == "" && signer == nil:
		return usageError("the key that signs is not here", "--request ask.json writes what has to be signed; then the same flags with --signature")
	}
	reply, err := c.ownerApproval(ctx, ask, signer, f.approvalFlags)
	if err != nil {
		return err
	}
	if err := r.add(who, reply.ECDSA); err != nil {
		return err
	}
	out := or(f.out, rest[0])
	if err := c.writeKernelRecovery(out, r); err != nil {
		return err
	}
	if f.json {
		return printJSON(c.stdout, r.wire(names, nil))
	}
	fmt.Fprintf(c.stdout, "%s %s has signed\n", painter(c.stdout).green("done:"), plain(names.key(who)))
	c.printKernelSigned(r, names, nil)
	next := "to the next guardian, or back to who asked you"
	if r.wire(names, nil).Ready {
		next = "back to who asked you: enough have signed"
	}
	fmt.Fprintf(c.stderr, "next: give %s %s\n", plain(out), next)
	return nil
}

// stands refuses what the chain would not take any more.
func (r *kernelRecovery) stands(ctx context.Context, n *network) error {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	conn, err := n.connect()
	if err != nil {
		return err
	}
	s, err := r.on(ctx, conn)
	if err != nil {
		return err
	}
	return s.open()
}
