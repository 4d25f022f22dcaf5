package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel/guardians"
)

const kernelGuardiansSetAbout = `
Lets guardians give the account a new owner. Who they are stands in a file, TOML or JSON of the
same shape; an account that is not on the chain yet is deployed with it:

  version = 1
  delay = "7 days"         # so long the owner can veto: 1 to 730 days
  threshold = 2            # weight that is needed; a guardian without a weight has 1

  [[guardian]]
  name = "Mum"             # for people: it stands in this file only
  address = "0x…"          # of a wallet's key, or a file of postern key new --type eoa

  [[guardian]]
  name = "Bob"
  address = "0x…"
  weight = 2

What it means is printed in words before anything is signed, and what could not work is refused.
--danger-messages says that it is known: enough guardians can sign messages for the account at
once, such as permits of tokens, without the delay and without its owner.

  postern kernel guardians set guardians.toml --account 0x… --owner-key owner.json --danger-messages`

const kernelGuardiansChangeAbout = `
Puts other guardians, or another delay or threshold, in the place of what there is. It counts at
once. What the guardians of now have signed stays signed: stop what is open first, since a lower
threshold can let it through without its delay.

  postern kernel guardians veto recovery.json --owner-key owner.json
  postern kernel guardians change guardians.toml --account 0x… --owner-key owner.json --danger-messages`

const kernelGuardiansLeaveAbout = `
Does without guardians, from now on: their contracts are removed from the account.

  postern kernel guardians leave --account 0x… --owner-key owner.json`

// kernelHazards is what an owner has to know before she lets guardians in.
var kernelHazards = []string{
	"Enough of these guardians can sign messages for the account at once, without the delay and without you: a permit that lets somebody take all of a token is such a message.",
	"Nobody tells you of a recovery: the chain has no log of it. You can veto it only if somebody gives you its file or its hash.",
}

const kernelChangeHazard = "This counts at once. What the guardians of now have signed stays signed, and may then need no delay: veto what is open first."

func kernelGuardiansSet() verb {
	return verb{name: "set", usage: "<guardians.toml> --account 0x… --danger-messages [flags]", about: kernelGuardiansSetAbout, run: func(ctx context.Context, c *call) error {
		return c.setKernelGuardians(ctx, "the guardians are in force", kernelHazards, func(g *kernelGuarded, s guardians.Setup) ([]account.Call, error) {
			if len(g.setup.Guardians) == 0 {
				return guardians.Install(g.acct, s)
			}
			if err := g.standing(); err != nil {
				return nil, err
			}
			return nil, failf("guarded", "change them: postern kernel guardians change FILE", "the account %s has guardians already", g.acct.Address())
		})
	}}
}

func kernelGuardiansChange() verb {
	return verb{name: "change", usage: "<guardians.toml> --account 0x… --danger-messages [flags]", about: kernelGuardiansChangeAbout, run: func(ctx context.Context, c *call) error {
		hazards := append(slices.Clone(kernelHazards), kernelChangeHazard)
		return c.setKernelGuardians(ctx, "the new guardians are in force", hazards, func(g *kernelGuarded, s guardians.Setup) ([]account.Call, error) {
			if err := g.standing(); err != nil {
				return nil, err
			}
			if sameSetup(g.setup, s) {
				return nil, failf("no-change", "who they are: postern kernel guardians show "+g.acct.Address().Hex(), "these guardians are in force already")
			}
			change, err := guardians.Change(g.acct.Address(), s)
			return []account.Call{change}, err
		})
	}}
}

// setKernelGuardians makes the calls that put the setup of a file into force.
func (c *call) setKernelGuardians(ctx context.Context, does string, hazards []string, plan func(*kernelGuarded, guardians.Setup) ([]account.Call, error)) error {
	fs := c.newFlags()
	var f kernelFlags
	f.flags(fs)
	danger := fs.Bool("danger-messages", false, "known and meant: enough guardians can sign messages for the account at once, such as permits")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("which guardians?", "postern "+c.cmd.name+" guardians.toml --account 0x…; what stands in the file: postern help "+c.cmd.name)
	}
	file, err := c.readKernelSetup(rest[0])
	if err != nil {
		return err
	}
	file.setup.DangerMessages = *danger
	if err := file.refuse(common.Address{}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a, err := f.act(ctx, c)
	if err != nil {
		return err
	}
	g, err := readKernelGuarded(ctx, a.conn, a.acct)
	if err != nil {
		return err
	}
	calls, err := plan(g, file.setup)
	if err != nil {
		return err
	}
	if err := file.refuseOn(ctx, g); err != nil {
		return err
	}
	if !f.json {
		c.printLines(file.names.kernelSetup(file.setup))
		c.printHazards(hazards)
	}
	return a.guard(ctx, does, "keep the setup file for its names; who they are: postern kernel guardians show "+a.spec.Address.Hex(), calls)
}

func (c *call) printHazards(list []string) {
	for _, w := range list {
		fmt.Fprintf(c.stdout, "%s %s\n", painter(c.stdout).red("WARNING:"), plain(w))
	}
}

func kernelGuardiansLeave() verb {
	return verb{name: "leave", usage: "--account 0x… [flags]", about: kernelGuardiansLeaveAbout, run: runKernelGuardiansLeave}
}

func runKernelGuardiansLeave(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f kernelFlags
	f.flags(fs)
	if _, err := c.parse(fs, 0); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a, err := f.act(ctx, c)
	if err != nil {
		return err
	}
	g, err := readKernelGuarded(ctx, a.conn, a.acct)
	if err != nil {
		return err
	}
	if len(g.setup.Guardians) == 0 {
		return g.standing()
	}
	calls, err := guardians.Uninstall(a.acct)
	if err != nil {
		return err
	}
	return a.guard(ctx, "nobody guards the account any more", "", calls)
}
