package main

import (
	"context"
	"flag"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
)

const guardianSetupAbout = `
Puts the first setup of an account into force: it counts at once, since nobody guarded the account
before. Every later change is scheduled, and waits: postern guardian schedule.

The setup is checked before anything is signed, here and on the chain; what it means is printed
in words.

  postern guardian setup guardians.toml --key dev.json
  postern guardian setup guardians.toml --account 0x… --public-key … --rp-id … --origin … --out op.json`

func guardianSetup() verb {
	return verb{name: "setup", usage: "<guardians.toml> [flags]", about: guardianSetupAbout, run: runGuardianSetup}
}

func runGuardianSetup(ctx context.Context, c *call) error {
	a, file, done, err := c.withSetup(&ctx, "setup")
	if err != nil {
		return err
	}
	defer done()
	if !a.state.Setup.Empty() {
		return failf("guarded", "change it: postern guardian schedule FILE; who they are: postern guardian show "+a.acct.Address().Hex(), "the account %s has guardians already", a.acct.Address())
	}
	install, err := guardian.Install(a.acct.Address(), file.setup)
	if err != nil {
		return err
	}
	c.printSetup(a, file.setup)
	return a.own(ctx, "the guardians are in force", []account.Call{install}, func(out *guarded) {
		out.Next = "keep the setup file for its names, and see whether all can sign: postern drill new " + out.Account
	})
}

// withSetup reads a setup file and the account that it is for, and refuses what must not reach
// the chain.
func (c *call) withSetup(ctx *context.Context, verb string) (*guardianAct, *setupFile, func(), error) {
	fs := c.newFlags()
	a := &guardianAct{accountAct: accountAct{call: c}}
	a.accountAct.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(rest) == 0 {
		return nil, nil, nil, usageError("which setup?", "postern guardian "+verb+" guardians.toml --key FILE; a file to start from: postern guardian example")
	}
	file, _, err := c.readSetup(rest)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := file.refuse(*ctx, nil, common.Address{}, nil); err != nil {
		return nil, nil, nil, err
	}
	a.names = file.names
	var done func()
	*ctx, done = context.WithTimeout(*ctx, a.timeout)
	err = a.open(*ctx, verb, nil)
	if err == nil {
		err = file.refuse(*ctx, a.conn.Chain, a.acct.Address(), signersOf(a.acct))
	}
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return a, file, done, nil
}

func (c *call) printSetup(a *guardianAct, s guardian.Setup) {
	if !a.json {
		c.printLines(a.names.setup(s))
		c.printAlone(a.names.alone(s))
	}
}

const guardianScheduleAbout = `
Announces another setup. It can be put into force after the change delay of the setup that stands
now, by anybody; until then it can be dropped. A recovery that is executed meanwhile drops it, too.

  postern guardian schedule guardians.toml --key dev.json
  postern guardian schedule --drop --key dev.json`

func guardianSchedule() verb {
	return verb{name: "schedule", usage: "<guardians.toml>|--drop [flags]", about: guardianScheduleAbout, run: runGuardianSchedule}
}

func runGuardianSchedule(ctx context.Context, c *call) error {
	for _, arg := range c.args {
		if arg == "--drop" || arg == "-drop" {
			return c.ownersWord(ctx, "schedule", func(fs *flag.FlagSet) { fs.Bool("drop", false, "drop what is scheduled") }, dropScheduled)
		}
		if arg == "--help" || arg == "-h" || arg == "-help" {
			c.cmd.about += "\n\n--drop: drop what is scheduled."
		}
	}
	a, file, done, err := c.withSetup(&ctx, "schedule")
	if err != nil {
		return err
	}
	defer done()
	switch {
	case a.state.Setup.Empty():
		return failf("no-guardians", "the first setup counts at once: postern guardian setup FILE", "the account %s has no guardians yet", a.acct.Address())
	case a.state.Setup.Hash() == file.setup.Hash():
		return failf("no-change", "who they are: postern guardian show "+a.acct.Address().Hex(), "this setup is in force already")
	}
	next, err := guardian.ScheduleSetup(a.acct.Address(), file.setup)
	if err != nil {
		return err
	}
	c.printSetup(a, file.setup)
	return a.own(ctx, "the setup is scheduled", []account.Call{next}, a.pending)
}

// pending says when the change that waits can be put into force.
func (a *guardianAct) pending(out *guarded) {
	if p := a.state.Pending; p != nil {
		a.ready(out, p.ReadyAt, "postern guardian apply "+out.Account+"; until then: postern guardian schedule --drop")
	}
}

// ownersWord does what only the account may, of what the chain says of it.
func (c *call) ownersWord(ctx context.Context, verb string, more func(*flag.FlagSet), do func(context.Context, *guardianAct) error) error {
	fs := c.newFlags()
	a := &guardianAct{accountAct: accountAct{call: c}}
	a.flags(fs)
	if more != nil {
		more(fs)
	}
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := a.open(ctx, verb, rest); err != nil {
		return err
	}
	return do(ctx, a)
}

func dropScheduled(ctx context.Context, a *guardianAct) error {
	if a.state.Pending == nil {
		return errNothingScheduled(a)
	}
	return a.own(ctx, "nothing is scheduled any more", []account.Call{guardian.CancelSetup()}, nil)
}

func errNothingScheduled(a *guardianAct) error {
	return failf("not-scheduled", "what stands: postern guardian show "+a.acct.Address().Hex(), "no change of the guardians of %s is scheduled", a.acct.Address())
}

const guardianApplyAbout = `
Puts a scheduled setup into force, after its delay and before it is void. Anybody may send it.

  postern guardian apply 0x… --owner-key payer.json
  postern guardian apply --key dev.json
  postern guardian apply 0x… --call`

func guardianApply() verb {
	return verb{name: "apply", usage: "[address] [flags]", about: guardianApplyAbout, run: func(ctx context.Context, c *call) error {
		return c.ownersWord(ctx, "apply", nil, applyScheduled)
	}}
}

func applyScheduled(ctx context.Context, a *guardianAct) error {
	p := a.state.Pending
	if p == nil {
		return errNothingScheduled(a)
	}
	if err := a.timely("the scheduled setup", p.Stage(a.now), p.ReadyAt, p.ExpiresAt, "its owner schedules it again: postern guardian schedule FILE"); err != nil {
		return err
	}
	does := "the scheduled setup is in force"
	if p.Setup.Empty() {
		does = "the account has no guardians any more"
	}
	return a.anybody(ctx, does, guardian.ApplySetup(a.acct.Address()), nil)
}

const guardianLeaveAbout = `
Does without guardians. Like every change it is scheduled, and waits; then it is applied, by
anybody, and the module can be removed: leave, apply, leave.

  postern guardian leave --key dev.json
  postern guardian apply --key dev.json      after the delay
  postern guardian leave --key dev.json      removes the module`

func guardianLeave() verb {
	return verb{name: "leave", usage: "[flags]", about: guardianLeaveAbout, run: func(ctx context.Context, c *call) error {
		return c.ownersWord(ctx, "leave", nil, leaveGuardians)
	}}
}

func leaveGuardians(ctx context.Context, a *guardianAct) error {
	switch p := a.state.Pending; {
	case a.state.Setup.Empty():
		call, err := guardian.Uninstall(a.acct.Address())
		if err != nil {
			return err
		}
		return a.own(ctx, "the module of guardians is removed", []account.Call{call}, nil)
	case p != nil && p.Setup.Empty() && p.Stage(a.now) != guardian.Expired:
		return failf("scheduled", "postern guardian apply "+a.acct.Address().Hex()+", from "+moment(p.ReadyAt)+" on", "leaving is scheduled already")
	}
	call, err := guardian.ScheduleSetup(a.acct.Address(), guardian.Setup{})
	if err != nil {
		return err
	}
	return a.own(ctx, "leaving is scheduled", []account.Call{call}, a.pending)
}
