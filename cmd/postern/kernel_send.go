package main

import "context"

const kernelSendAbout = `
Sends value or makes calls, approved by the owner. The calls are --to, --value and --data, or
a JSON list on standard input or in a file: [{"to":"0x…","value":"0.1eth","data":"0x…"}], all
or none. An account that is not on the chain yet is deployed by it, if --account is the file
of create --save.

  postern kernel send --account account.json --owner-key owner.json --to 0x… --value 0.1eth`

func kernelSend() verb {
	return verb{name: "send", usage: "[calls.json|-] --account 0x… [flags]", about: kernelSendAbout, run: runKernelSend}
}

func runKernelSend(ctx context.Context, c *call) error {
	var f kernelFlags
	return sendCalls(ctx, c, f.flags, &f.timeout, func(ctx context.Context, c *call) (actor, error) { return f.act(ctx, c) })
}
