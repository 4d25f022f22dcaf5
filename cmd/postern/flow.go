package main

import "context"

const flowAbout = `
A passkey as the key of a Flow account, and what wallets and apps show you of it.

  postern flow key dev.json --script create     its public key as Flow wants it, and the transaction
  postern flow account create dev.json --signer 0x…=sponsor.pem --access URL
  postern flow find reply.json --indexer URL --access URL       which account was it?
  postern flow tx new note.cdc --authorizer 0x… --signer 0x…=dev.json --send --access URL
  postern flow verify tx.hex --access URL       do nodes take these signatures, and if not, why not?
  postern flow verify signable.json answer.json --public-key 0x…
  postern flow proof new|sign …                 an account proof, as wallets make it for apps
  postern flow proof verify proof.json --app NAME --nonce HEX --access URL

Nodes answer "invalid extension data" whichever rule is broken; this names it. What an
extension or a message says: postern inspect. Each action has a manual: postern help flow key.`

func flowCommand() command {
	return command{
		name:    "flow",
		summary: "a passkey on Flow: its account, transactions, signatures, account proofs",
		usage:   "key|account|find|tx|verify|proof …",
		about:   flowAbout,
		run: func(ctx context.Context, c *call) error {
			return c.dispatch(ctx, []verb{flowKey(), flowAccounts(), flowFind(), flowTx(), flowVerify(), flowProof()})
		},
	}
}

func flowProof() verb {
	return verb{name: "proof", usage: "new|sign|verify …", about: flowProofAbout, run: func(ctx context.Context, c *call) error {
		return c.dispatch(ctx, []verb{
			{name: "new", usage: "--app NAME --address ADDRESS --out FILE [flags]", about: flowProofNewAbout, run: runFlowProofNew},
			{name: "sign", usage: "<file> --app NAME --signer ADDRESS=FILE… [flags]", about: flowProofSignAbout, run: runFlowProofSign},
			flowProofVerify(),
		})
	}}
}
