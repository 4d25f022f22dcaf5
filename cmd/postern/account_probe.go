package main

import (
	"context"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

const accountProbeAbout = `
Has an account ask the chain for P256VERIFY again, and remember the answer. A chain that gains it
by an upgrade makes every operation cheaper, once the account knows. The answer is the chain's:
whoever sends this cannot bend it.

  postern account probe --key dev.json                    an operation of the account
  postern account probe 0x… --owner-key owner.json        somebody else pays
  postern account probe 0x… --call                        what to send, for a wallet`

func accountProbe() verb {
	return verb{name: "probe", usage: "[address] [flags]", about: accountProbeAbout, run: runAccountProbe}
}

func runAccountProbe(ctx context.Context, c *call) error {
	fs := c.newFlags()
	a := &accountAct{call: c}
	a.flags(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := a.open(ctx, "probe", rest); err != nil {
		return err
	}
	has, err := a.conn.node.HasP256(ctx)
	if err != nil {
		return fmt.Errorf("ask for P256VERIFY: %w", err)
	}
	open := webauthn.ProbeCall(a.acct.Address())
	var first webauthn.Signer
	for _, m := range a.acct.Members() {
		path, ok := a.acct.P256Path(m.Signer)
		if !ok {
			continue
		}
		if first = m.Signer; (path == seal.PathPrecompile) == has && !a.show {
			out := &done{Account: a.acct.Address().Hex(), Already: true}
			a.tell(out, first)
			return a.print(out)
		}
		break
	}
	return a.run(ctx, first, []account.Call{open}, &open)
}
