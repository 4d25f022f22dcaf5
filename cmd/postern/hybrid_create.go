package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
)

const hybridCreateAbout = `
The account that follows from its first signers: an owner, any number of passkeys, or both.
Its address is the same on every chain and known offline; it is what MetaMask's kit computes
from the same deployParams and deploySalt.

  postern hybrid create --owner-key owner.json              the address, without a network
  postern hybrid create --owner-key owner.json --rpc URL    deploys it, approved by the owner
  postern hybrid create --key phone.json --rpc URL          one of a passkey alone

With --account the result is compared: building an account again from other signers than
its first ones gives another, empty account, and is refused.

With --eoa the address of the owner's key itself becomes the account (EIP-7702): the key
signs an authorization to run MetaMask's code. Such an account has no passkeys and no other
owner: who loses the key loses it.`

func hybridCreate() verb {
	return verb{name: "create", usage: "[passkey …] [--owner-key FILE | --owner 0x…] [--rpc URL] [flags]", about: hybridCreateAbout, run: runHybridCreate}
}

// createFlags are those of create beside the common ones.
type createFlags struct {
	hybridFlags
	eoa, second, deploy bool
	entryPoint, save    string
}

func runHybridCreate(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f createFlags
	f.flags(fs)
	fs.BoolVar(&f.deploy, "deploy", false, "deploy it, also where the node is named by $POSTERN_RPC only")
	fs.StringVar(&f.save, "save", "", "keep the address, and what it follows from, in this `file` for --account")
	fs.BoolVar(&f.second, "another", false, "make it although the passkey has an account already")
	fs.BoolVar(&f.eoa, "eoa", false, "the owner's own address becomes the account (EIP-7702)")
	fs.StringVar(&f.entryPoint, "entry-point", "0.7", "EntryPoint `version`, with --eoa: 0.7, or 0.8 and 0.9 on a development chain")
	rest, err := c.parse(fs, 64)
	if err != nil {
		return err
	}
	f.passkeys = append(rest, f.passkeys...)
	f.deploy = f.deploy || f.rpc != "" || f.bundler != ""
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if f.eoa {
		return c.createEOA(ctx, &f)
	}
	return c.createHybrid(ctx, &f)
}

func (c *call) createHybrid(ctx context.Context, f *createFlags) error {
	spec := &hybridSpec{}
	signer, err := f.approvers(c, spec)
	switch {
	case errors.Is(err, errNobody) && len(f.passkeys) == 0:
		return usageError("an account needs an owner or a passkey", "--owner-key FILE, --owner 0x…, or a passkey: postern hybrid create passkey.json")
	case errors.Is(err, errNobody) && !f.deploy: // nobody has to approve of an address
	case err != nil:
		return err
	}
	made, err := f.creation(spec)
	if err != nil {
		return err
	}
	if made.empty() && spec.Passkey != nil { // who approves is all there is
		ref, err := passkeyOf(spec.Passkey.CredentialID, spec.Passkey.PublicKey)
		if err != nil {
			return err
		}
		made.add(ref)
	}
	acct, err := made.account()
	if err != nil {
		return err
	}
	spec.Address, spec.Create = acct.Address(), made
	if f.address != "" {
		if err := made.checkMeant(f.address); err != nil {
			return err
		}
	}
	if f.save != "" {
		if err := hybridFiles.save(f.save, spec.Address, made); err != nil {
			return err
		}
	}
	out := describeCreation(acct, made)
	if !f.deploy {
		return c.printCreated(out, f, notAsked)
	}
	a := &hybridAct{call: c, flags: &f.hybridFlags, spec: spec, signer: signer, acct: acct}
	if a.conn, err = f.dial(); err != nil {
		return err
	}
	if err := made.Environment.findLibrary(ctx, a.conn.Chain); err != nil {
		return err
	}
	if acct, err = made.account(); err != nil { // as before, but for the library
		return err
	}
	a.acct = acct
	there, err := a.deployed(ctx, spec.Address)
	if err != nil {
		return err
	}
	if there {
		return c.printCreated(out, f, out.isThere())
	}
	if !f.second {
		if err := checkNew(ctx, a.conn.Chain, acct); err != nil {
			return err
		}
	}
	if err := acct.Deployment().Check(ctx, a.conn.Chain); err != nil {
		return err
	}
	if err := c.printCreated(out, f, ""); err != nil {
		return err
	}
	return a.deploy(ctx, out, f.save)
}

// deploy makes the first operation, which does nothing else, and prints what became of it.
func (a *hybridAct) deploy(ctx context.Context, out *created, save string, options ...account.Option) error {
	p, r, err := a.operate(ctx, []account.Call{{To: a.spec.Address}}, options...)
	if err != nil || p == nil {
		return err
	}
	if !a.flags.json {
		if r == nil {
			return a.call.printSent(p.Hash(), false)
		}
		if err := a.call.printReceipt(r, false); err != nil {
			return err
		}
		if out.Delegate == "" && len(out.keys) == 0 {
			fmt.Fprintf(a.call.stdout, "next, a backup signer: postern hybrid add-key PASSKEY --account %s --owner-key %s\n", plain(or(save, out.Account)), plain(or(a.flags.ownerKey, "FILE")))
		}
		return nil
	}
	hash := p.Hash()
	out.Operation = &hash
	if r != nil {
		out.Receipt, out.Deployed = wireReceipt(r), &r.Success
	}
	return errors.Join(printJSON(a.call.stdout, out), badReceipt(r))
}

// checkNew refuses the tutorial's mistake: a passkey that runs an account is put where
// the first signers of that account belong. A node that does not search its logs is no
// reason to stop.
func checkNew(ctx context.Context, chain account.Chain, acct *hybrid.Account) error {
	different, ok := errors.AsType[*hybrid.DifferentAccountError](acct.CheckNew(ctx, chain))
	if !ok {
		return nil
	}
	f := explain(different)
	f.Hint += fmt.Sprintf("; for one more account with this passkey add --another; its signers: postern hybrid signers %s", different.Meant)
	return f
}

// checkMeant compares the account with the one that is meant: an address, or the file of
// an account, which says what differs.
func (c *hybridCreation) checkMeant(text string) error {
	meant, saved, err := hybridFiles.parse("--account", text)
	if err != nil {
		return err
	}
	if saved == nil {
		return c.checkIs(meant)
	}
	mine, err := c.config()
	if err != nil {
		return err
	}
	theirs, err := saved.config()
	if err != nil {
		return err
	}
	return hybrid.Compare(mine, theirs)
}
