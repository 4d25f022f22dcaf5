package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/seal"
)

const accountAddAbout = `
Lets another signer approve for the account: a second passkey for the day the first is lost, best
under another RP ID and in another cloud account, or a security key. With --remove it takes the
place of another one, in the same operation.

  postern account add laptop.json --key phone.json
  postern account add CREDENTIAL-ID:PUBLIC-KEY --key phone.json --threshold 2
  postern account add new.json --remove lost.json --account 0x… --key laptop.json

A signer is an address, a key file, a passkey – CREDENTIAL-ID:PUBLIC-KEY, its public key alone, or a
file with its registration –, or a signer's bytes.

Who approves is named as everywhere: by --key, again for each further signer whose key is here; with
a passkey elsewhere by --public-key …, --with and --out, then postern op approve and op send. For a
signer of another sort, such as an exported passkey, --call prints what postern rescue send takes.`

const accountRemoveAbout = `
No longer lets a signer approve for the account. Refused are the last signer, and what would leave less
weight than the account asks for, unless --threshold lowers that in the same operation.

  postern account remove 0xPUBLIC-KEY --account 0x… --key laptop.json
  postern account remove lost.json --account 0x… --key laptop.json --threshold 1

Who signs, with the public keys: postern account show 0x…`

const accountThresholdAbout = `
Changes how much weight has to approve: each signer weighs 1 unless it was added with another weight.
More than all signers weigh together is refused.

  postern account threshold 2 --key phone.json
  postern account threshold 1 --account 0x… --key phone.json --key laptop.json`

// mostSigners is how many one operation adds or removes.
const mostSigners = 16

func accountAdd() verb {
	return verb{name: "add", usage: "<signer…> [flags]", about: accountAddAbout, run: func(ctx context.Context, c *call) error {
		weight, threshold := uint64(1), uint64(0)
		var remove repeated
		return c.changeAccount(ctx, mostSigners, func(fs *flag.FlagSet) {
			fs.Uint64Var(&weight, "weight", 1, "what each of them `weighs`")
			fs.Uint64Var(&threshold, "threshold", 0, "the account asks for this `weight` from then on")
			fs.Var(&remove, "remove", "remove this `signer` in the same operation; may be repeated")
		}, func(a *webauthn.Account, rest []string) (out webauthn.Change, err error) {
			if out.Remove, err = signersNamed(a, remove, false); err != nil {
				return out, err
			}
			added, err := signersNamed(a, rest, true)
			for _, s := range added {
				out.Add = append(out.Add, webauthn.Member{Signer: s, Weight: weight})
			}
			out.Threshold = threshold
			return out, err
		})
	}}
}

func accountRemove() verb {
	return verb{name: "remove", usage: "<signer…> [flags]", about: accountRemoveAbout, run: func(ctx context.Context, c *call) error {
		threshold := uint64(0)
		return c.changeAccount(ctx, mostSigners, func(fs *flag.FlagSet) {
			fs.Uint64Var(&threshold, "threshold", 0, "the account asks for this `weight` from then on")
		}, func(a *webauthn.Account, rest []string) (out webauthn.Change, err error) {
			out.Threshold = threshold
			out.Remove, err = signersNamed(a, rest, false)
			return out, err
		})
	}}
}

func accountThreshold() verb {
	return verb{name: "threshold", usage: "<weight> [flags]", about: accountThresholdAbout, run: func(ctx context.Context, c *call) error {
		return c.changeAccount(ctx, 1, nil, func(a *webauthn.Account, rest []string) (webauthn.Change, error) {
			n, err := strconv.ParseUint(rest[0], 10, 64)
			switch {
			case err != nil || n == 0:
				return webauthn.Change{}, usageError("the threshold is no number from 1 on: "+clip(rest[0]), "postern account threshold 2")
			case n == a.Threshold():
				return webauthn.Change{}, failf("no-change", "who signs: postern account show "+a.Address().Hex(), "the account asks for %d already", n)
			}
			return webauthn.Change{Threshold: n}, nil
		})
	}}
}

// changeAccount makes a change of who controls the account, in words before anybody signs.
func (c *call) changeAccount(ctx context.Context, most int, more func(*flag.FlagSet), read func(*webauthn.Account, []string) (webauthn.Change, error)) error {
	fs := c.newFlags()
	a := &accountAct{call: c}
	a.ownFlags(fs)
	fs.BoolVar(&a.show, "call", false, "print the calls for postern op build or rescue send, and send nothing")
	if more != nil {
		more(fs)
	}
	rest, err := c.parse(fs, most)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("what is to change?", "run: postern help "+c.cmd.name)
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := a.open(ctx, "show", nil); err != nil {
		return err
	}
	if a.passkey.IsZero() && !a.show {
		return errAccountOnly
	}
	change, err := read(a.acct, rest)
	if err != nil {
		return err
	}
	calls, after, err := a.acct.Change(change)
	if err != nil {
		return err
	}
	switch {
	case a.show:
		c.printChange(c.stderr, a, change, after)
		return printJSON(c.stdout, wireCalls(calls))
	case !a.json:
		c.printChange(c.stdout, a, change, after)
	}
	r, err := a.operate(ctx, calls)
	if err != nil || r == nil {
		return err
	}
	if !r.Success || a.json {
		return c.printReceipt(r, a.json)
	}
	if err := c.printReceipt(r, false); err != nil {
		return err
	}
	if a.acct, err = webauthn.At(ctx, a.conn.Chain, a.acct.Address()); err != nil {
		return err
	}
	a.deployed = true
	info, err := a.info(ctx)
	if err != nil {
		return err
	}
	c.printAccount(info)
	return nil
}

// wireCalls are calls as op build and rescue send read them.
func wireCalls(calls []account.Call) (out []wireCall) {
	for _, one := range calls {
		out = append(out, wireCall{To: one.To.Hex(), Value: "0", Data: hexutil.Encode(one.Data)})
	}
	return out
}

// signersNamed are the signers that the arguments name: of those to remove, as the account has them.
func signersNamed(a *webauthn.Account, args []string, fresh bool) ([]webauthn.Signer, error) {
	var out []webauthn.Signer
	for _, arg := range args {
		s, err := signerNamed(a, arg, fresh)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, s) {
			return nil, usageError("a signer is named twice: "+webauthn.Name(s), "give each once")
		}
		out = append(out, s)
	}
	return out, nil
}

func signerNamed(a *webauthn.Account, arg string, fresh bool) (webauthn.Signer, error) {
	var s webauthn.Signer
	var err error
	if key, e := parseKey(arg); e == nil && strings.HasPrefix(arg, "0x") {
		s, err = seal.PasskeySigner(key, webauthn.FirstRule)
	} else {
		s, _, err = parseSignerRef("the signer", arg)
	}
	if err != nil {
		return s, err
	}
	if key, _, ok := s.Passkey(); ok {
		if member, is := signerOf(a, key); is {
			s = member // under whatever rule
		}
	}
	is := a.Weight(s) > 0
	switch show := "who signs: postern account show " + a.Address().Hex(); {
	case fresh && is:
		return s, failf("signer-already", show, "%s signs for the account already", webauthn.Name(s))
	case !fresh && !is:
		return s, failf("not-a-signer", show, "%s is no signer of the account %s", webauthn.Name(s), a.Address())
	}
	return s, nil
}

// printChange says what the account is like after the change, and what to beware of.
func (c *call) printChange(out io.Writer, a *accountAct, change webauthn.Change, after *webauthn.Account) {
	p := painter(out)
	for _, w := range a.changeWarnings(change, after) {
		fmt.Fprintln(out, p.yellow("WARNING: ")+plain(w))
	}
	total := uint64(0)
	fmt.Fprintln(out, "After this, for the account sign:")
	for _, m := range after.Members() {
		total += m.Weight
		fmt.Fprintf(out, "  %s, weight %d\n", plain(webauthn.Name(m.Signer)), m.Weight)
	}
	fmt.Fprintf(out, "  a weight of %d of %d has to approve\n", after.Threshold(), total)
}

// changeWarnings are what the change itself does not say.
func (a *accountAct) changeWarnings(change webauthn.Change, after *webauthn.Account) (out []string) {
	for _, s := range change.Remove {
		if slices.Contains(a.named(), s) {
			out = append(out, "this removes the very signer that approves of it, "+webauthn.Name(s)+": be sure that you can sign with another one")
		}
	}
	members := after.Members()
	total := uint64(0)
	for _, m := range members {
		total += m.Weight
	}
	var needed []string
	for _, m := range members {
		if total-m.Weight < after.Threshold() {
			needed = append(needed, webauthn.Name(m.Signer))
		}
	}
	switch {
	case len(members) == 1:
		out = append(out, "one signer remains: losing "+needed[0]+" locks the account")
	case len(needed) > 0:
		out = append(out, "losing "+strings.Join(needed, " or ")+" locks the account from then on: nothing reaches the weight without it")
	}
	return out
}

// named are the signers that approve here.
func (a *accountAct) named() (out []webauthn.Signer) {
	if s, ok := signerOf(a.acct, a.passkey); ok {
		out = append(out, s)
	}
	for _, co := range a.spec.Signers {
		if by, err := co.approver(a.acct); err == nil {
			out = append(out, by.Signer())
		}
	}
	return out
}
