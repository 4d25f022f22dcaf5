package main

import "context"

const hybridAbout = `
MetaMask's smart account of the kind Hybrid, delegation framework 1.3.0: one ordinary
owner key and any number of passkeys, each of which can do everything alone. Addresses,
calls and signatures are those of MetaMask's Smart Accounts Kit.

A backup signer in four commands, after what the kit calls them:
  toMetaMaskSmartAccount  postern hybrid create --owner-key owner.json --save account.json --deploy
  addKey                  postern hybrid add-key passkey.json --account account.json --owner-key owner.json
  sendUserOperation       postern hybrid send --account account.json --key passkey.json --to 0x… --value 1eth
  transferOwnership       postern hybrid transfer-ownership 0x… --account account.json --key passkey.json

  postern hybrid create              the address, offline; with --deploy it is deployed
  postern hybrid signers             owner and passkeys, as the chain has them
  postern hybrid add-key             let a passkey sign
  postern hybrid remove-key          no longer let it
  postern hybrid send                send value or make calls
  postern hybrid transfer-ownership  another owner key, or none

Who approves: --owner-key FILE (postern key new FILE --type eoa, or the private key in hex;
"-" is standard input, without the flag $POSTERN_OWNER_KEY counts), --key FILE (a passkey of
postern key new), or somebody elsewhere:
  --owner 0x… --out op.json                       then postern op send op.json --signature 0x…
  --public-key … --credential-id … --rp-id … --origin … --out op.json
                                                  then postern op send op.json --assertion FILE

An account keeps the address of its first signers whatever becomes of them. So name an
existing account by --account: from other signers follows another, empty account.

Contracts of your own (deploySmartAccountsEnvironment): --environment FILE with the kit's JSON.

Who pays: the account, or --paymaster URL (ERC-7677), for nothing or for --token 0x….

More on each: postern help hybrid add-key`

func hybridVerbs() []verb {
	return []verb{hybridCreate(), hybridSigners(), hybridAddKey(), hybridRemoveKey(), hybridSend(), hybridTransfer()}
}

func hybridCommand() command {
	return command{
		name:    "hybrid",
		summary: "a MetaMask smart account with a passkey as backup signer",
		usage:   "create|signers|add-key|remove-key|send|transfer-ownership [flags]",
		about:   hybridAbout,
		run:     func(ctx context.Context, c *call) error { return c.dispatch(ctx, hybridVerbs()) },
	}
}
