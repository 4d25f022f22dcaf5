package main

import "context"

const hybridSendAbout = `
Sends value or makes calls, approved by the owner or by any passkey of the account. The
calls are --to, --value and --data, or a JSON list on standard input or in a file:
[{"to":"0x…","value":"0.1eth","data":"0x…"}], all or none.

  postern hybrid send --account 0x… --key passkey.json --to 0x… --value 0.1eth

An account that is not on the chain yet is deployed by it, if it follows from --owner-key
(or --owner), --passkey and --salt.`

func hybridSend() verb {
	return verb{name: "send", usage: "[calls.json|-] --account 0x… [flags]", about: hybridSendAbout, run: runHybridSend}
}

func runHybridSend(ctx context.Context, c *call) error {
	var f hybridFlags
	return sendCalls(ctx, c, f.flags, &f.timeout, func(ctx context.Context, c *call) (actor, error) { return f.act(ctx, c) })
}
