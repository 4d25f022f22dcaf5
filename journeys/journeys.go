// Package journeys walks the user stories from end to end, without a browser:
// a software authenticator in the place of the phone, everything else real –
// contracts, EntryPoints, chain, bundler, JSON-RPC over HTTP.
//
// [Run] walks all of them on every EntryPoint and reports a [Step] at a time;
// `postern demo` prints these steps and the tests of this package check them.
// Each story has a file of its own with the steps in order, and a test of the
// same name.
package journeys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/postern-dev/postern/userop"
)

// Step is one step of a journey.
type Step struct {
	Name string  `json:"name"` // "operate v0.8: send value"
	OK   bool    `json:"ok"`
	Gas  *uint64 `json:"gas,omitempty"` // actual gas of the operation, where there is one
	// KitGas is what the same operation made by MetaMask's kit costs through Alto,
	// where there is such a figure.
	KitGas *uint64 `json:"kitGas,omitempty"`
	MS     int64   `json:"ms"` // wall clock, milliseconds
	// Detail holds hashes, addresses and amounts, all text or numbers. A failed
	// step has "error" and, where there is a way out, "hint".
	Detail map[string]any `json:"detail"`
	// Skipped says why a journey was not walked at all: the stand lacks something. It
	// is the journey's only step then, and OK.
	Skipped string `json:"skipped,omitempty"`
}

// Report is the JSON form of a whole run.
type Report struct {
	Steps []Step `json:"steps"`
	OK    bool   `json:"ok"`
}

// Env is the world a journey runs in. Journeys that wait for days move the chain's time by
// the methods of development chains; afterwards the chain is ahead of the clock.
type Env struct {
	Stand Stand
	// Without makes a stand whose chain has no P256VERIFY, for the journeys that are
	// about that; each walk gets its own. Nil walks them on Stand.
	Without func(ctx context.Context) (Stand, error)
	// Second makes a stand with another chain id, for journeys on two chains; nil: they
	// are not walked.
	Second func(ctx context.Context) (Stand, error)
	// Flow is a Flow chain; nil: what an emulator said when the journey was recorded.
	Flow *FlowStand
	// PasskeyURL is the passkey server that registers; it must accept the RP ID
	// "localhost" from the origin http://localhost:8080. "" starts one of its own.
	PasskeyURL string
	// EntryPoints to walk on; nil is v0.7, v0.8 and v0.9. Journeys whose account
	// lives on none of them are walked where it does: [Journey.EntryPoints].
	EntryPoints []userop.EntryPoint
	// Only walks the journeys of these names; nil walks all.
	Only []string
	// Seed makes keys and recipients of the journeys with MetaMask's accounts a
	// function of it, so that walks on two stands can be compared. A stand can be
	// walked once with a seed. Nil is random.
	Seed []byte
	// Log receives what is not a step; nil discards it.
	Log *slog.Logger
}

// Journey is one user story.
type Journey struct {
	Name  string // as in its file: "register"
	Story string // one sentence
	// EntryPoints are those that the journey's account lives on; nil: all that
	// Postern's own account does.
	EntryPoints []userop.EntryPoint
	place       place
	walk        func(ctx context.Context, w *walker) error
}

// place is the stand of an [Env] that a journey is walked on.
type place uint8

const (
	anywhere   place = iota // on Env.Stand
	without                 // where there is no P256VERIFY, if there is such a stand
	both                    // on Env.Stand and on that
	kernels                 // on Env.Stand, if Kernel is there
	twoKernels              // on Env.Stand and Env.Second at once, if Kernel is on both
	days                    // on Env.Stand, if its chain can let days pass
	onFlow                  // on Env.Flow, once: it is of no EntryPoint
)

// lacks says why a journey cannot be walked; "" if it can.
func (e Env) lacks(ctx context.Context, p place) string {
	switch {
	case p == days && !e.Stand.skips(ctx):
		return "the chain does not let days pass (evm_increaseTime)"
	case p != kernels && p != twoKernels:
		return ""
	case len(e.Stand.Kernel) == 0:
		return "the chain has no contracts of ZeroDev's Kernel: those that hold permissions are in no package registry (docs/testing.md)"
	case p == twoKernels && e.Second == nil:
		return "there is no second chain"
	}
	return ""
}

// places lists where a journey is walked.
func (e Env) places(p place) []func(context.Context) (Stand, error) {
	here := func(context.Context) (Stand, error) { return e.Stand, nil }
	switch {
	case p != without && p != both || e.Without == nil:
		return []func(context.Context) (Stand, error){here}
	case p == without:
		return []func(context.Context) (Stand, error){e.Without}
	}
	return []func(context.Context) (Stand, error){here, e.Without}
}

// Walk walks the journey on one entry point – nil for a journey that is of none, as on Flow – and reports each step as it ends. It
// stops at the first step that fails and returns its error.
func (j Journey) Walk(ctx context.Context, env Env, ep userop.EntryPoint, report func(Step)) error {
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	if j.place == onFlow {
		return j.walk(ctx, &walker{env: env, journey: j.Name, report: report})
	}
	w, err := newWalker(ctx, env, j.Name, ep, report)
	if err != nil {
		return err
	}
	defer w.close()
	return j.walk(ctx, w)
}

// All lists the journeys in the order in which Run walks them.
func All() []Journey {
	return []Journey{
		{"register", "a passkey becomes an account whose address needs no network", nil, anywhere, register},
		{"operate", "the passkey moves money: a first operation that creates the account, a second, a batch", nil, anywhere, operate},
		{"sign_in", "a new session finds the account by the passkey alone and goes on", nil, anywhere, signIn},
		{"rotate", "a second passkey is added, removes the first, and the first can do nothing any more", nil, anywhere, rotate},
		{"self_relay", "the account works without a bundler, through an ordinary key", nil, anywhere, selfRelay},
		{"backup_signer", "a MetaMask account gets a passkey as backup and goes on with it alone, at the same address", hybridEntryPoints, anywhere, backupSigner},
		{"owner_lost", "the owner's key is gone: the passkey sends, and puts a new owner in its place", hybridEntryPoints, anywhere, ownerLost},
		{"gasless_add_key", "an account that holds no money gets its passkey, because a paymaster pays", hybridEntryPoints, anywhere, gaslessAddKey},
		{"eip7702", "the address of an ordinary key becomes an account, by a bundler and by self relay", nil, anywhere, eip7702},
		{"no_precompile_table", "signatures get cheaper to verify: without a table, by one that a stranger has built, by P256VERIFY once the chain has it", nil, both, noPrecompileTable},
		{"grant_passkey_session", "an owner gives a passkey a few rights for an hour, as a text from one machine to another; the passkey uses them", hybridEntryPoints, kernels, grantPasskeySession},
		{"limits_hold", "a session key tries what it may not: it is told which rule refuses, and the chain refuses by the same one", hybridEntryPoints, kernels, limitsHold},
		{"one_prompt_many_chains", "one approval of the owner gives a session key rights on two chains", hybridEntryPoints, twoKernels, onePromptManyChains},
		{"revoke", "what an account has permitted is listed, one of it ends, then all; what was revoked works nowhere and does not come back", hybridEntryPoints, kernels, revoke},
		{"phone_lost", "the phone is lost: a second passkey goes on, and puts the next phone's in the place of the lost one's", nil, anywhere, phoneLost},
		{"cloud_lost_guardians", "the cloud account with the only passkey is gone: two of three guardians bring in a new one, in a week", nil, days, cloudLost},
		{"thief_starts_recovery", "a thief talks two guardians into a recovery: the owner stops it, three times in three ways", nil, days, thiefStarts},
		{"guardians_rotated_under_attack", "a thief has two guardians' keys: the owner puts others in their place while the thief freezes and proposes", nil, days, guardiansRotated},
		{"domain_lost_second_rp", "the domain of the passkeys is gone: a passkey of another domain goes on", nil, anywhere, domainLost},
		{"vendor_gone_rescue", "wallet, bundler and domain are gone: an exported passkey, a node and a funded key move everything", nil, anywhere, vendorGone},
		{"untrusted_builder", "whoever makes tables can lie, and gains nothing by it", nil, without, untrustedBuilder},
		{"flow", "a passkey is the key of an account on Flow: a sponsor pays for it, two sign together, it proves the account, it is revoked", nil, onFlow, flowAccount},
	}
}

// ErrFailed is returned by Run when a step was not OK; the step says why.
var ErrFailed = errors.New("journeys: a step failed")

// Run walks every journey on every entry point that it can be walked on and
// reports each step as it ends. A failed step ends its journey and not the run. The error is nil only if
// all steps were OK.
func Run(ctx context.Context, env Env, report func(Step)) error {
	if env.EntryPoints == nil {
		env.EntryPoints = []userop.EntryPoint{userop.V07, userop.V08, userop.V09}
	}
	var failed error
	for _, j := range All() {
		if !env.wants(j.Name) {
			continue
		}
		if why := env.lacks(ctx, j.place); why != "" {
			report(Step{Name: j.Name, OK: true, Skipped: why, Detail: map[string]any{}})
			continue
		}
		for _, open := range env.places(j.place) {
			for _, ep := range j.on(env.EntryPoints) {
				here, err := env, error(nil)
				if here.Stand, err = open(ctx); err == nil {
					err = j.Walk(ctx, here, ep, report)
				}
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("%w: %s: %w", ErrFailed, titleOf(j.Name, ep), err))
				}
				if ctx.Err() != nil {
					return errors.Join(failed, ctx.Err())
				}
			}
		}
	}
	return failed
}

// on is where the journey is walked when these entry points are asked for: on those
// of them that its account lives on, and if there is none, where it does live.
func (j Journey) on(asked []userop.EntryPoint) []userop.EntryPoint {
	if j.place == onFlow {
		return []userop.EntryPoint{nil}
	}
	if j.EntryPoints == nil {
		return asked
	}
	both := slices.DeleteFunc(slices.Clone(asked), func(ep userop.EntryPoint) bool { return !slices.Contains(j.EntryPoints, ep) })
	if len(both) == 0 {
		return j.EntryPoints
	}
	return both
}

// titleOf is what a journey's steps begin with.
func titleOf(journey string, ep userop.EntryPoint) string {
	if ep == nil {
		return journey
	}
	return journey + " v" + ep.Version()
}

func (e Env) wants(name string) bool {
	return e.Only == nil || slices.Contains(e.Only, name)
}
