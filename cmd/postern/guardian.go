package main

import "context"

const guardianAbout = `
Guardians of a Postern account: people and keys who can bring in a new passkey when its owner
has lost all – never at once, and never against the owner's word in time. Who they are stands
in a setup file: tiers, each with a quorum and a delay. docs/guardians.md walks through all of it.

The owner:
  postern guardian example             a setup file to start from
  postern guardian check               what is wrong with it, before any chain
  postern guardian setup               put the first setup into force
  postern guardian schedule            change it later: the change waits, and can be dropped
  postern guardian leave               do without guardians; that waits, too
  postern guardian cancel              stop every recovery

Anybody:
  postern guardian show                who guards an account, and what is going on
  postern guardian propose             ask for a recovery; send it when enough guardians approved
  postern guardian execute             bring the new passkey in, after the delay
  postern guardian apply               put a scheduled setup into force, after its delay

A guardian:
  postern guardian approve             read in words what is asked, and sign it
  postern guardian join                lay the guardians' files together
  postern guardian cancel              stop a recovery, by quorum
  postern guardian freeze, unfreeze    stop the account for a while, by quorum

What guardians sign goes from one to the other as a file, by any way; it holds no secret, and
every signature in it is verified when it is read. Whether they still can: postern drill.

More on each: postern help guardian propose`

func guardianVerbs() []verb {
	return []verb{guardianExample(), guardianCheck(), guardianSetup(), guardianShow(), guardianSchedule(), guardianApply(), guardianLeave(),
		guardianPropose(), guardianApprove(), guardianJoin(), guardianExecute(), guardianCancel(), guardianFreeze(), guardianUnfreeze()}
}

func guardianCommand() command {
	return command{
		name:    "guardian",
		summary: "guardians of Postern's account: set up, recover, cancel, freeze",
		usage:   "example|check|setup|show|schedule|apply|leave|propose|approve|join|execute|cancel|freeze|unfreeze [flags]",
		about:   guardianAbout,
		run:     func(ctx context.Context, c *call) error { return c.dispatch(ctx, guardianVerbs()) },
	}
}
