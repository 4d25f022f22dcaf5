package main

import "context"

const accountAbout = `
Postern's own account, as a chain has it: who signs, and how signatures are verified. The
contract decides that: by P256VERIFY where it knows that the chain has it, otherwise by the table
of the passkey's key if one is in use, otherwise without.

  postern account show     signers, weights, and how each passkey's signatures are verified
  postern account add      lets another signer approve: a second passkey, a security key
  postern account remove   no longer lets a signer approve: a lost one
  postern account threshold
                           changes how much weight has to approve
  postern account table    have a passkey's table built and used
  postern account probe    have the account ask the chain for P256VERIFY again

Which account: its address, or --key FILE (postern key new), or --public-key with --salt.

Who signs, and how many must, is the account's own affair: an operation of it. Every such change is put
in words before anybody signs, and what would lock the account is refused.

Tables and probes are for anybody to send; they cannot harm an account. So there are three ways:
  --key FILE              an operation of the account, approved by a development key; with a
                          passkey elsewhere --public-key …, --out op.json, then postern op send
  --owner-key FILE        a transaction of any EOA, which pays
  --call                  what to send, for a wallet

More on each: postern help account table`

func accountCommand() command {
	return command{
		name:    "account",
		summary: "who signs for Postern's account; how it verifies passkeys, and tables for them",
		usage:   "show|add|remove|threshold|table|probe [flags]",
		about:   accountAbout,
		run:     func(ctx context.Context, c *call) error { return c.dispatch(ctx, accountVerbs()) },
	}
}

func accountVerbs() []verb {
	return []verb{accountShow(), accountAdd(), accountRemove(), accountThreshold(), accountTable(), accountProbe()}
}
