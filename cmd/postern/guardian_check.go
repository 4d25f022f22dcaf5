package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
)

const guardianCheckAbout = `
Names everything that is wrong with a setup file, before it reaches a chain, and says the rest in
words. With the account's address and a node it also looks who is behind each guardian there:
verifiers without code, guardians who are the account's own signers, contracts that the account
itself stands behind. A guardian who alone reaches the threshold of a tier of several is a warning.

Exit code 0: it can be put into force. 1: it cannot, or it cannot be read. 2: usage.

  postern guardian check guardians.toml
  postern guardian check guardians.toml --account 0x… --rpc URL`

func guardianCheck() verb {
	return verb{name: "check", usage: "[guardians.toml|guardians.json|-] [flags]", about: guardianCheckAbout, run: runGuardianCheck}
}

// wireProblem is what is wrong with a setup as --json prints it.
type wireProblem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func runGuardianCheck(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	address := fs.String("account", "", "`address` of the account that is to be guarded")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	var addr common.Address
	if *address != "" {
		if addr, err = parseAddress("--account", *address); err != nil {
			return err
		}
	}
	s, _, err := c.readSetup(rest)
	if err != nil {
		return err
	}
	var signers []seal.Signer
	var conn *connection
	if *address != "" {
		if conn, err = n.connect(); err != nil {
			return err
		}
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, n.timeout)
		defer cancel()
		acct, err := webauthn.At(ctx, conn.Chain, addr)
		if err != nil {
			return err
		}
		signers = signersOf(acct)
	}
	problems := s.setup.Problems(addr, signers)
	if conn != nil && len(problems) == 0 {
		if problems, err = s.problemsOn(ctx, conn.Chain, addr, signers); err != nil {
			return err
		}
	}
	if *asJSON {
		list := []wireProblem{}
		for _, p := range problems {
			list = append(list, wireProblem{p.Field, s.words(p), wayOut(p)})
		}
		err = printJSON(c.stdout, map[string]any{"ok": len(list) == 0, "configHash": s.setup.Hash(), "problems": list, "words": s.names.setup(s.setup), "warnings": s.names.alone(s.setup), "notChecked": unseen(conn)})
	} else {
		c.printProblems(s, problems, unseen(conn))
	}
	if err == nil && len(problems) > 0 {
		return errWrong
	}
	return err
}

// unseen is what was not looked at.
func unseen(conn *connection) []string {
	if conn != nil {
		return []string{}
	}
	return []string{"whether a guardian is the account itself or one of its signers, and who is behind a contract"}
}

func (c *call) printProblems(s *setupFile, problems []*guardian.SetupError, missed []string) {
	p := painter(c.stdout)
	for _, e := range problems {
		fmt.Fprintf(c.stdout, "%s %s\n  way out: %s\n", p.red("refused:"), plain(s.words(e)), plain(wayOut(e)))
	}
	if len(problems) > 0 {
		fmt.Fprintln(c.stdout, p.red("it would be refused on chain, or be of no use"))
		return
	}
	for _, line := range s.names.setup(s.setup) {
		fmt.Fprintln(c.stdout, plain(line))
	}
	c.printAlone(s.names.alone(s.setup))
	fmt.Fprintln(c.stdout, p.green("nothing wrong found"))
	for _, what := range missed {
		fmt.Fprintf(c.stdout, "not looked at: %s; with a node: --account 0x… --rpc URL\n", what)
	}
}

func signersOf(acct *webauthn.Account) (out []seal.Signer) {
	for _, m := range acct.Members() {
		out = append(out, m.Signer)
	}
	return out
}

// problemsOn asks a chain who is behind the guardians.
func (s *setupFile) problemsOn(ctx context.Context, ch account.Chain, acct common.Address, signers []seal.Signer) ([]*guardian.SetupError, error) {
	err := s.setup.CheckOn(ctx, ch, behind(ch), acct, signers)
	if e, ok := err.(*guardian.SetupError); ok {
		return []*guardian.SetupError{e}, nil
	}
	return nil, err
}

// refuse is nil for a setup that can be put into force, else the first problem with its way out.
func (s *setupFile) refuse(ctx context.Context, ch account.Chain, acct common.Address, signers []seal.Signer) error {
	problems := s.setup.Problems(acct, signers)
	if len(problems) == 0 && ch != nil {
		var err error
		if problems, err = s.problemsOn(ctx, ch, acct, signers); err != nil {
			return err
		}
	}
	if len(problems) == 0 {
		return nil
	}
	hint := wayOut(problems[0])
	if n := len(problems) - 1; n > 0 {
		hint += fmt.Sprintf("; %d more: postern guardian check FILE", n)
	}
	return failf("bad-setup", hint, "%s", s.words(problems[0]))
}

// wayOut is the way out in the terms of the file.
func wayOut(e *guardian.SetupError) string {
	switch e.Reason {
	case guardian.ChangeShort:
		return "raise change-delay to the first tier's delay and a day, or more; or leave it out"
	case guardian.FreezeRange:
		return "leave it out for no freeze, or write the first tier's delay and a day, or more"
	case guardian.FreezeAlone:
		return "name a second guardian, or leave freeze out"
	}
	return e.Hint()
}

// alone warns of guardians who need no other one of their tier.
func (b *nameBook) alone(s guardian.Setup) []string {
	out := []string{}
	for i, t := range s.Tiers {
		var who []string
		for _, p := range s.Alone() {
			if p.Tier == i {
				who = append(who, b.signer(t.Guardians[p.Guardian].Signer))
			}
		}
		if len(who) > 0 {
			out = append(out, fmt.Sprintf("%s: one guardian alone can bring in a new signer after %s, and no other has to agree: %s. Where that is not meant, raise the threshold.", b.tier(i), recovery.Span(t.Delay), strings.Join(who, "; or ")))
		}
	}
	return out
}

func (c *call) printAlone(list []string) {
	for _, w := range list {
		fmt.Fprintf(c.stdout, "%s %s\n", painter(c.stdout).red("WARNING:"), plain(w))
	}
}

var fieldIndex = regexp.MustCompile(`^(tiers|guardians)\[(\d+)\]$`)

// words says a problem with the names of the file.
func (s *setupFile) words(e *guardian.SetupError) string {
	var at []string
	tier := -1
	for _, part := range strings.Split(e.Field, ".") {
		m := fieldIndex.FindStringSubmatch(part)
		if m == nil {
			at = append(at, map[string]string{"changeDelay": "change-delay", "guardians": "its guardians", "tiers": "the tiers"}[part])
			if at[len(at)-1] == "" {
				at[len(at)-1] = part
			}
			continue
		}
		i, err := strconv.Atoi(m[2])
		switch {
		case err != nil:
		case m[1] == "tiers":
			tier = i
			at = append(at, s.names.tier(i))
		case tier >= 0 && tier < len(s.setup.Tiers) && i < len(s.setup.Tiers[tier].Guardians):
			at = append(at, s.names.signer(s.setup.Tiers[tier].Guardians[i].Signer))
		}
	}
	text := strings.Join(at, ", ") + ": " + string(e.Reason)
	if e.Detail != "" && !strings.HasSuffix(strings.Join(at, ", "), e.Detail) {
		text += " (" + e.Detail + ")"
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// behind says who signs for a contract: of Postern's accounts their signers, of others what
// owner() and getOwners() tell, as wallets of several signatures have it.
func behind(ch account.Chain) guardian.Resolver {
	return func(ctx context.Context, contract common.Address) ([]seal.Signer, error) {
		if acct, err := webauthn.At(ctx, ch, contract); err == nil {
			return signersOf(acct), nil
		}
		var out []seal.Signer
		for _, method := range []string{"owner()", "getOwners()"} {
			data, err := ch.Call(ctx, contract, crypto.Keccak256([]byte(method))[:4])
			if err != nil || len(data) < 32 {
				continue // it has no such function
			}
			if method == "getOwners()" {
				if len(data) < 64 {
					continue
				}
				data = data[64:]
			} else {
				data = data[:32]
			}
			for ; len(data) >= 32 && len(out) < maxOwners; data = data[32:] {
				if s, err := seal.AddressSigner(common.BytesToAddress(data[12:32])); err == nil {
					out = append(out, s)
				}
			}
		}
		return out, nil
	}
}

// maxOwners bounds what a contract may say of its owners.
const maxOwners = 256

// setup says a setup in words, with the names of the file.
func (b *nameBook) setup(s guardian.Setup) []string {
	var out []string
	for i, t := range s.Tiers {
		who := make([]string, len(t.Guardians))
		plain := true
		for _, g := range t.Guardians {
			plain = plain && g.Weight == 1
		}
		for j, g := range t.Guardians {
			if who[j] = b.signer(g.Signer); !plain {
				who[j] += fmt.Sprintf(" (weighs %d)", g.Weight)
			}
		}
		need := fmt.Sprintf("%d of %d", t.Threshold, len(t.Guardians))
		if !plain {
			need = fmt.Sprintf("a weight of %d of %d", t.Threshold, t.Weight())
		}
		out = append(out, fmt.Sprintf("%s: %s can bring in a new signer after %s: %s", b.tier(i), need, recovery.Span(t.Delay), strings.Join(who, ", ")))
	}
	out = append(out,
		"the owner can stop that all the time with any quorum of the account's own signers",
		"a recovery that nobody executes is void "+recovery.Span(s.Expiry)+" after its delay",
		"a change of guardians, and leaving, waits "+recovery.Span(s.ChangeDelay))
	if s.Freeze == 0 {
		return append(out, "guardians cannot freeze the account")
	}
	return append(out, "a majority of a tier, of two guardians at least, can freeze the account for "+recovery.Span(s.Freeze))
}
