package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/postern-dev/postern/account/guardian"
)

const guardianExecuteAbout = `
Carries out a recovery whose delay is over: the new signer comes in, those it replaces go, in one
step. Anybody may send it. What was proposed is read from the chain's logs; a node that has none
needs the file.

  postern guardian execute 0x… --owner-key payer.json
  postern guardian execute recovery.json --owner-key payer.json`

func guardianExecute() verb {
	return verb{name: "execute", usage: "<address|FILE> [flags]", about: guardianExecuteAbout, run: runGuardianExecute}
}

func runGuardianExecute(ctx context.Context, c *call) error {
	fs := c.newFlags()
	r := &guardianRequest{guardianAct: guardianAct{accountAct: accountAct{call: c}}}
	r.guardianAct.flags(fs)
	fs.StringVar(&r.tier, "tier", "", "which `tier` has proposed it, where several have")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := r.open(ctx, "execute", rest); err != nil {
		return err
	}
	p, err := r.proposal()
	if err != nil {
		return err
	}
	if err := r.timely("the recovery", p.Stage(r.now), p.ReadyAt, p.ExpiresAt, "propose it again: postern guardian propose"); err != nil {
		return err
	}
	content := p.Recovery
	if content == nil {
		content, err = r.kept(p)
		if err != nil {
			return err
		}
	}
	call, err := guardian.Execute(*content)
	if err != nil {
		return err
	}
	return r.anybody(ctx, guardian.Name(content.NewSigner)+" is a signer of the account", call, func(out *guarded) {
		out.Next = "who signs now: postern account show " + out.Account
	})
}

// proposal is the one that is meant.
func (r *guardianRequest) proposal() (*guardian.Proposal, error) {
	var all []*guardian.Proposal
	for _, p := range r.state.Proposals {
		if p != nil {
			all = append(all, p)
		}
	}
	shown := "what stands: postern guardian show " + r.acct.Address().Hex()
	nothing := failf("nothing-proposed", shown, "no recovery of %s is proposed", r.acct.Address())
	if r.file == nil && len(all) == 0 {
		return nil, nothing
	}
	if r.file != nil {
		m, ok := r.file.Message().(guardian.Recovery)
		if !ok {
			return nil, wrongFile(r.file)
		}
		if r.tier == "" {
			for _, p := range all {
				if p.Digest == m.Digest(r.file.ChainID()) {
					return p, nil
				}
			}
			return nil, failf("nothing-proposed", "send the file first: postern guardian propose FILE; "+shown, "the recovery of this file is not proposed")
		}
	}
	if r.tier != "" {
		tier, err := r.names.tierOf("--tier", r.tier, len(r.state.Setup.Tiers))
		if err != nil {
			return nil, err
		}
		if p := r.state.Proposals[tier]; p != nil {
			return p, nil
		}
		return nil, nothing
	}
	if len(all) > 1 {
		var tiers []string
		for _, p := range all {
			tiers = append(tiers, r.names.tier(int(p.Tier)))
		}
		return nil, usageError("several recoveries are proposed: which?", "--tier: "+strings.Join(tiers, ", "))
	}
	return all[0], nil
}

// kept is what was proposed, as the file has it.
func (r *guardianRequest) kept(p *guardian.Proposal) (*guardian.Recovery, error) {
	if r.file != nil {
		if m, ok := r.file.Message().(guardian.Recovery); ok && m.Digest(r.file.ChainID()) == p.Digest {
			return &m, nil
		}
	}
	return nil, failf("no-logs", "give the file that was proposed, or use a node that has the logs of block "+strconv.FormatUint(p.Block, 10), "the node does not say what was proposed")
}
