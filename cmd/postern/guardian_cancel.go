package main

import (
	"context"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
)

const guardianCancelAbout = `
Stops recoveries. Three ways:

The owner, by any quorum of the account's own signers (--key again for each): every recovery that is proposed ends, and all
that guardians have signed before is void.
  postern guardian cancel 0x… --key dev.json                          an operation of the account
  postern guardian cancel 0x… --key dev.json --owner-key payer.json   a signature, sent by anybody:
                                                                      also while the account is frozen
  postern guardian cancel 0x… --key dev.json --signed stop.json       the same for somebody elsewhere,
  postern guardian cancel stop.json --owner-key payer.json            who sends it

Guardians, by a majority of a tier – that of the recovery, or a quicker one –: one recovery ends.
  postern guardian cancel 0x… --tier 2 --by 1 --out cancel.json
  postern guardian approve cancel.json --owner-key bob.json           each of them
  postern guardian cancel cancel.json --owner-key payer.json`

func guardianCancel() verb {
	return verb{name: "cancel", usage: "<address|FILE> [flags]", about: guardianCancelAbout, run: runGuardianCancel}
}

func runGuardianCancel(ctx context.Context, c *call) error {
	fs := c.newFlags()
	r := &guardianRequest{guardianAct: guardianAct{accountAct: accountAct{call: c}}}
	r.guardianAct.flags(fs)
	fs.StringVar(&r.tier, "tier", "", "which `tier` has proposed it: guardians stop that one")
	by := fs.String("by", "", "whose guardians stop it: a `tier` (default the same)")
	signed := fs.String("signed", "", "keep the account's signature in this `file`, which anybody can send")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	stop, err := c.stopAt(rest)
	if err != nil {
		return err
	}
	if stop != nil {
		rest = []string{stop.Account.Hex()}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	payer := r.ownerKey
	bySignature := len(r.keys) > 0 && payer != ""
	if bySignature {
		r.ownerKey = "" // the key signs, it sends nothing
	}
	if err := r.open(ctx, "cancel", rest); err != nil {
		return err
	}
	switch {
	case stop != nil:
		r.ownerKey = payer
		return r.sendStop(ctx, stop)
	case r.file != nil:
		if _, ok := r.file.Message().(guardian.CancelRecovery); !ok {
			return wrongFile(r.file)
		}
		r.ownerKey = payer
		return r.send(ctx, nil)
	case r.tier != "":
		return r.beginCancel(or(*by, r.tier))
	}
	if !r.anyProposed() {
		return errNothingProposed(r.acct.Address())
	}
	if *signed != "" {
		return r.keepStop(ctx, *signed)
	}
	if !bySignature {
		if r.state.FrozenUntil.After(r.now) {
			return failf("frozen", "a signature is enough, which anybody sends: --key FILE --owner-key PAYER, or --signed FILE", "the account is frozen until %s and makes no operations", moment(r.state.FrozenUntil))
		}
		return r.own(ctx, "every recovery is stopped", []account.Call{guardian.Cancel()}, nil)
	}
	sig, err := r.signCancel(ctx)
	if err != nil {
		return err
	}
	r.ownerKey = payer
	return r.anybody(ctx, "every recovery is stopped", guardian.CancelBySignature(r.acct.Address(), sig), nil)
}

func (r *guardianRequest) anyProposed() bool {
	for _, p := range r.state.Proposals {
		if p != nil && p.Stage(r.now) != guardian.Expired {
			return true
		}
	}
	return false
}

func (r *guardianRequest) beginCancel(by string) error {
	tiers := len(r.state.Setup.Tiers)
	tier, err := r.names.tierOf("--tier", r.tier, tiers)
	if err != nil {
		return err
	}
	whose, err := r.names.tierOf("--by", by, tiers)
	if err != nil {
		return err
	}
	switch p := r.state.Proposals[tier]; {
	case whose > tier:
		return usageError(r.names.tier(int(whose))+" cannot stop what "+r.names.tier(int(tier))+" has proposed", "--by the same tier, or a quicker one")
	case p == nil || p.Stage(r.now) == guardian.Expired:
		return failf("nothing-proposed", "what stands: postern guardian show "+r.acct.Address().Hex(), "%s has proposed nothing", r.names.tier(int(tier)))
	}
	m, err := r.state.CancelRecovery(tier, whose)
	if err != nil {
		return err
	}
	return r.begin(m)
}

// signCancel has the account sign that everything stops (ERC-1271).
func (r *guardianRequest) signCancel(ctx context.Context) ([]byte, error) {
	auth, err := r.spec.authority(r.acct, r.passkey)
	if err != nil {
		return nil, err
	}
	own, ok := auth.(*webauthn.Authority)
	if !ok {
		return nil, errAccountOnly
	}
	m := r.state.CancelAll()
	if !r.json {
		r.call.printLines(append([]string{"On chain " + r.state.ChainID.String() + ":"}, m.Words()...))
	}
	if err := r.call.askFirst(ctx, r.approvalFlags, "Sign this?"); err != nil {
		return nil, err
	}
	ask := own.On(ctx, r.conn.Chain).SignHash(r.state.ChainID, m.Digest(r.state.ChainID))
	reply, err := r.here.approve(ask.Challenge())
	if err != nil {
		return nil, err
	}
	return ask.Finish(reply)
}
