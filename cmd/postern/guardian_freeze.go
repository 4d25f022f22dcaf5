package main

import (
	"context"
	"errors"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/userop"
)

const guardianFreezeAbout = `
Stops an account for the time that its setup says: it makes no operations and signs no messages.
Recovery goes on, and its owner can still cancel it by a signature. It takes a majority of a tier,
of two guardians at least. After a freeze there is none for twice its time.

  postern guardian freeze 0x… --tier 1 --out freeze.json
  postern guardian approve freeze.json --owner-key bob.json     each of them
  postern guardian freeze freeze.json --owner-key payer.json`

func guardianFreeze() verb {
	return verb{name: "freeze", usage: "<address --out FILE | FILE> [flags]", about: guardianFreezeAbout, run: func(ctx context.Context, c *call) error {
		return runFreeze(ctx, c, "freeze")
	}}
}

const guardianUnfreezeAbout = `
Ends a freeze before its time, by a majority of a tier, as it began.

  postern guardian unfreeze 0x… --tier 1 --out unfreeze.json
  postern guardian approve unfreeze.json --owner-key bob.json   each of them
  postern guardian unfreeze unfreeze.json --owner-key payer.json

A freeze that has ended by itself leaves a trace: validator modules that name an aggregator are refused
until the account has forgotten it. Anybody brings it to that.

  postern guardian unfreeze 0x… --owner-key payer.json`

func guardianUnfreeze() verb {
	return verb{name: "unfreeze", usage: "<address [--out FILE] | FILE> [flags]", about: guardianUnfreezeAbout, run: func(ctx context.Context, c *call) error {
		return runFreeze(ctx, c, "unfreeze")
	}}
}

func runFreeze(ctx context.Context, c *call, name string) error {
	fs := c.newFlags()
	r := &guardianRequest{guardianAct: guardianAct{accountAct: accountAct{call: c}}}
	r.flags(fs)
	r.deadline(fs)
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := r.open(ctx, name, rest); err != nil {
		return err
	}
	if r.file != nil {
		switch r.file.Message().(type) {
		case guardian.Freeze:
			if name == "freeze" {
				return r.send(ctx, r.frozen)
			}
		case guardian.Unfreeze:
			if name == "unfreeze" {
				return r.send(ctx, nil)
			}
		}
		return wrongFile(r.file)
	}
	frozen := r.state.FrozenUntil.After(r.now)
	if name == "unfreeze" && !frozen && r.out == "" {
		return r.thaw(ctx)
	}
	switch {
	case r.state.Setup.Freeze == 0:
		return failf("no-freeze", "its owner decides that in the setup: freeze = \"10 days\"", "guardians cannot freeze the account %s", r.acct.Address())
	case name == "freeze" && frozen:
		return failf("frozen", "end it: postern guardian unfreeze", "the account is frozen until %s already", moment(r.state.FrozenUntil))
	case name == "unfreeze" && !frozen:
		return r.notFrozen()
	}
	tier, err := r.names.tierOf("--tier", r.tier, len(r.state.Setup.Tiers))
	if err != nil {
		return err
	}
	until, err := r.until()
	if err != nil {
		return err
	}
	m := r.state.Freeze(tier, until)
	if name == "unfreeze" {
		return r.begin(guardian.Unfreeze(m))
	}
	return r.begin(m)
}

// thaw has the account forget a freeze that has ended by itself, if there was one.
func (r *guardianRequest) thaw(ctx context.Context) error {
	thaw := guardian.Thaw(r.acct.Address())
	_, err := r.conn.Chain.Call(ctx, thaw.To, thaw.Data)
	if revert, ok := errors.AsType[*userop.Revert](err); ok && revert.Name == "NotFrozen" {
		return r.notFrozen()
	}
	if err != nil {
		return err
	}
	return r.anybody(ctx, "the freeze that has ended is forgotten", thaw, nil)
}

func (r *guardianRequest) notFrozen() error {
	return failf("not-frozen", "what stands: postern guardian show "+r.acct.Address().Hex(), "the account is not frozen")
}

// frozen says until when it is.
func (r *guardianRequest) frozen(out *guarded) {
	if left := r.state.FrozenUntil.Sub(r.now); left > 0 {
		out.Next = "it ends by itself in " + recovery.Span(left) + ", at " + moment(r.state.FrozenUntil) + "; sooner: postern guardian unfreeze"
	}
}
