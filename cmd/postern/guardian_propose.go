package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
)

const guardianProposeAbout = `
Asks the guardians of a tier to bring a new signer in, in the place of lost ones; and, when enough
of them have approved, sends that to the chain, where it begins to wait.

With an address: --out FILE is what the guardians approve, one after the other or each a copy. The
new signer signs it, too, which proves that it can. It names the account, the new signer, who loses
access, the tier, and until when it can be sent; nothing else can be made of their signatures.
The new signer is a passkey – a key file, a file with the reply of navigator.credentials.create(),
CREDENTIAL-ID:PUBLIC-KEY – or an address. Whom it replaces: of an account with one signer that one,
else name them as postern guardian show does, or "all".

With the file: anybody sends it and pays.

  postern guardian propose 0x… --new phone.json --replaces all --out recovery.json
  postern guardian approve recovery.json --key phone.json          the new passkey
  postern guardian approve recovery.json --owner-key bob.json      and so on
  postern guardian propose recovery.json --owner-key payer.json`

func guardianPropose() verb {
	return verb{name: "propose", usage: "<address --new SIGNER --out FILE | FILE> [flags]", about: guardianProposeAbout, run: runGuardianPropose}
}

func runGuardianPropose(ctx context.Context, c *call) error {
	fs := c.newFlags()
	r := &guardianRequest{guardianAct: guardianAct{accountAct: accountAct{call: c}}}
	r.flags(fs)
	r.deadline(fs)
	var replaces repeated
	fresh := fs.String("new", "", "the new `signer`: a passkey's file, CREDENTIAL-ID:PUBLIC-KEY, or an address")
	table := fs.String("table", "", "also build and use the new passkey's table of this `format`, such as 1k")
	fs.Var(&replaces, "replaces", "a `signer` of the account that loses its access, or all; may be repeated")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var signer seal.Signer
	var credential []byte
	if *fresh != "" {
		if signer, credential, err = parseSignerRef("--new", *fresh); err != nil {
			return err
		}
	}
	if err := r.open(ctx, "propose", rest); err != nil {
		return err
	}
	if r.file != nil {
		if _, ok := r.file.Message().(guardian.Recovery); !ok {
			return wrongFile(r.file)
		}
		return r.send(ctx, r.waiting)
	}
	if *fresh == "" {
		return usageError("which new signer?", "--new phone.json, or CREDENTIAL-ID:PUBLIC-KEY, or an address; to send what was approved: postern guardian propose FILE")
	}
	old, err := r.replaced(signer, replaces)
	if err != nil {
		return err
	}
	tier, err := r.names.tierOf("--tier", r.tier, len(r.state.Setup.Tiers))
	if err != nil {
		return err
	}
	until, err := r.until()
	if err != nil {
		return err
	}
	m, err := r.state.Recovery(tier, signer, old, until)
	if err != nil {
		return err
	}
	if *table != "" {
		if m.Table, err = parseTableFormat(*table); err != nil {
			return err
		}
	}
	if len(credential) > 0 {
		m.CredentialIDHash = guardian.CredentialIDHash(credential)
	}
	return r.begin(m)
}

// replaced are the signers that lose their access.
func (r *guardianRequest) replaced(fresh seal.Signer, args []string) ([]seal.Signer, error) {
	present := signersOf(r.acct)
	if slices.Contains(present, fresh) {
		return nil, failf("is-signer", "who signs: postern account show "+r.acct.Address().Hex(), "the new signer is a signer of the account already")
	}
	if len(args) == 0 && len(present) == 1 || len(args) == 1 && args[0] == "all" {
		return present, nil
	}
	if len(args) == 0 {
		return nil, usageError(fmt.Sprintf("the account has %d signers: whom does the new one replace?", len(present)), "--replaces SIGNER for each that is lost, or --replaces all; who they are: postern account show "+r.acct.Address().Hex())
	}
	var out []seal.Signer
	for _, arg := range args {
		s, _, err := parseSignerRef("--replaces", arg)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(present, func(p seal.Signer) bool { return guardian.ID(p) == guardian.ID(s) })
		if i < 0 {
			return nil, failf("not-a-signer", "who signs: postern account show "+r.acct.Address().Hex(), "%s is no signer of the account", guardian.Name(s))
		}
		out = append(out, present[i])
	}
	return out, nil
}

// waiting says when the recovery that was proposed can be executed.
func (r *guardianRequest) waiting(out *guarded) {
	m, ok := r.file.Message().(guardian.Recovery)
	if !ok || int(m.Tier) >= len(r.state.Proposals) || r.state.Proposals[m.Tier] == nil {
		return
	}
	p := r.state.Proposals[m.Tier]
	r.ready(out, p.ReadyAt, "postern guardian execute "+out.Account+" (for "+recovery.Span(p.ExpiresAt.Sub(p.ReadyAt))+"); until then its owner can stop it: postern guardian cancel")
}

func wrongFile(col *guardian.Collected) error {
	about := subjectOf(col.Message())
	hint := "postern inspect says what it is"
	if about.verb != "" {
		hint = "it is sent by: postern guardian " + about.verb + " FILE; " + hint
	}
	return failf("wrong-file", hint, "the file is about %s", about.what)
}
