package main

import (
	"context"
	_ "time/tzdata" // policy files name time zones, also where the system has none
)

const grantAbout = `
Session keys: a key or a passkey that may do a few things for an account of ZeroDev's Kernel,
within limits that the chain holds it to, until it ends or is revoked. What it may do stands
in a policy file; the owner approves it once, for any number of chains; the approval is a
file that goes to whoever has the session key. The ZeroDev SDK reads and writes the same
(--sdk).

  postern grant example              a policy file to start from
  postern grant check                what is wrong with it, before anybody signs
  postern grant explain              what it allows, in words: of a file or an approval
  postern grant new                  the owner approves: policy file → approval

  postern grant open                 is an approval good on this chain? what does it allow?
  postern grant status               what is left of it
  postern grant send                 send value or make calls with the session key

  postern grant list                 all session keys of an account, as the chain has them
  postern grant revoke               take one back, or all

From nothing to a session that pays, on a chain that has Kernel's contracts:
  postern key new owner.json --type eoa
  postern key new session.json --type eoa
  postern kernel create --owner-key owner.json --save account.json
  postern grant example > policy.toml
  postern grant check policy.toml
  postern grant new policy.toml --account account.json --owner-key owner.json \
      --session session.json --out approval.grant
  postern grant send approval.grant --session session.json --to 0x… --value 0.001eth

An approval is written encrypted: you are asked for its passphrase, or give it with
--passphrase FILE or $POSTERN_PASSPHRASE. With --sdk it is the SDK's text, which anybody can
read.

More on each: postern help grant new`

func grantVerbs() []verb {
	return []verb{grantExample(), grantCheck(), grantExplain(), grantNew(), grantOpen(), grantStatus(), grantSend(), grantList(), grantRevoke()}
}

func grantCommand() command {
	return command{
		name:    "grant",
		summary: "session keys of a Kernel account: limits, approval, use, revocation",
		usage:   "example|check|explain|new|open|status|send|list|revoke [flags]",
		about:   grantAbout,
		run:     func(ctx context.Context, c *call) error { return c.dispatch(ctx, grantVerbs()) },
	}
}
