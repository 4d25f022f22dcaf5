package main

import (
	"context"
	"errors"
	"flag"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
)

const kernelAbout = `
ZeroDev's Kernel account: one owner, a key or a passkey, who may do everything, and session
keys beside it that may do little (postern help grant). Addresses, calls and signatures are
those of the ZeroDev SDK.

  postern kernel create    the address, offline; with --deploy it is deployed
  postern kernel show      version, owner and modules, as the chain has them
  postern kernel send      send value or make calls, approved by the owner
  postern kernel guardians people who can together give it a new owner, after a delay

Who approves: --owner-key FILE (postern key new FILE --type eoa, or the private key in hex;
"-" is standard input, without the flag $POSTERN_OWNER_KEY counts), --key FILE (a passkey of
postern key new), or somebody elsewhere:
  --owner 0x… --out op.json                       then postern op send op.json --signature 0x…
  --public-key … --credential-id … --rp-id … --origin … --out op.json
                                                  then postern op send op.json --assertion FILE

Who pays: the account, or --paymaster URL (ERC-7677), for nothing or for --token 0x….

More on each: postern help kernel create`

func kernelVerbs() []verb {
	return []verb{kernelCreate(), kernelShow(), kernelSend(), kernelGuardians()}
}

func kernelCommand() command {
	return command{
		name:    "kernel",
		summary: "a ZeroDev Kernel account, which session keys are for; its guardians",
		usage:   "create|show|send|guardians [flags]",
		about:   kernelAbout,
		run:     func(ctx context.Context, c *call) error { return c.dispatch(ctx, kernelVerbs()) },
	}
}

// kernelFlags are those of every action on a Kernel account that exists or is known.
type kernelFlags struct {
	actFlags
	address string
}

func (f *kernelFlags) flags(fs *flag.FlagSet) {
	f.actFlags.flags(fs)
	fs.StringVar(&f.address, "account", "", "the account: its `address`, or the file of postern kernel create --save")
}

// spec is which account is meant and who approves, with the key if it is here.
func (f *kernelFlags) spec(c *call) (*kernelSpec, localSigner, error) {
	if f.address == "" {
		return nil, nil, usageError("which account?", "--account 0x…, or the file of postern kernel create --save")
	}
	addr, made, err := kernelFiles.parse("--account", f.address)
	if err != nil {
		return nil, nil, err
	}
	by, signer, err := f.approver.read(c)
	if err != nil {
		return nil, nil, err
	}
	return &kernelSpec{Address: addr, Create: made, Owner: by.Owner, Passkey: by.Passkey}, signer, nil
}

// A kernelAct is one action of an account's owner, opened and ready.
type kernelAct struct {
	call   *call
	flags  *kernelFlags
	conn   *connection
	spec   *kernelSpec
	acct   *kernel.Account
	signer localSigner // nil: elsewhere
}

func (f *kernelFlags) act(ctx context.Context, c *call) (*kernelAct, error) {
	spec, signer, err := f.spec(c)
	if err != nil {
		return nil, err
	}
	a := &kernelAct{call: c, flags: f, spec: spec, signer: signer}
	if a.conn, err = f.dial(); err != nil {
		return nil, err
	}
	a.acct, err = spec.account(ctx, a.conn.Chain)
	return a, explainKernel(err, spec)
}

// run prepares the calls, has them approved, sends them, and prints what became of it.
func (a *kernelAct) run(ctx context.Context, calls []account.Call, options ...account.Option) error {
	p, r, err := a.operate(ctx, calls, options...)
	if err != nil {
		return err
	}
	return a.call.printOutcome(p, r, a.flags.json)
}

func (a *kernelAct) operate(ctx context.Context, calls []account.Call, options ...account.Option) (*account.Prepared, *account.Receipt, error) {
	auth, err := a.spec.authority(ctx, a.conn.Chain, a.acct)
	if err != nil {
		return nil, nil, err
	}
	return a.call.operate(ctx, &a.flags.actFlags, a.conn, a.spec, guardians.Account{Account: a.acct}, auth, a.signer, calls, options...)
}

// explainKernel says where an account may be that is not there.
func explainKernel(err error, spec *kernelSpec) error {
	if is[*account.NotDeployedError](err) && spec.Create == nil {
		f := explain(err)
		f.Hint = "check address and chain; an account that is not on the chain yet is named by the file of postern kernel create --save"
		return f
	}
	if errors.Is(err, kernel.ErrNoAccount) {
		return failf("not-deployed", "check address and chain; deploy it with: postern kernel create --deploy", "there is no account at %s on this chain", spec.Address)
	}
	return err
}
