package main

import (
	"context"
	"fmt"

	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/rescue"
)

const rescueWaysAbout = `
Says before any loss which signer of an account could still sign without the wallet – on a page of
its RP ID, from a security key, from an export, as a plain key, by the guardians –, and for each
RP ID what remains without its domain: possible, not known, or impossible, and what to prepare.

Who signs is read from the chain; where passkeys live is in no chain: say it with --facts, as for
postern audit (postern audit 0x… --template). What is not said counts as impossible.

Exit code 1 if for some domain the account is not known to be rescued.

  postern rescue ways 0x… --rpc URL --facts facts.toml`

func rescueWays() verb {
	return verb{name: "ways", usage: "[address] [flags]", about: rescueWaysAbout, run: runRescueWays}
}

func runRescueWays(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var s auditSource
	s.flags(fs)
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 && s.facts == "" {
		return usageError("which account?", "postern rescue ways 0x…, or --facts FILE that describes all of it")
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	acct, err := s.described(ctx, rest)
	if err != nil {
		return err
	}
	ways, outlooks := rescue.Ways(acct), rescue.Outlooks(acct)
	verdict := error(nil)
	for _, o := range outlooks {
		if max(o.Chance, o.Guardians) != rescue.Possible {
			verdict = errWrong
		}
	}
	if *asJSON {
		if err := printJSON(c.stdout, map[string]any{"ways": ways, "outlooks": outlooks}); err != nil {
			return err
		}
		return verdict
	}
	p := painter(c.stdout)
	colour := map[rescue.Chance]func(string) string{rescue.Possible: p.green, rescue.Unknown: p.yellow, rescue.Impossible: p.red}
	name := ""
	for _, w := range ways {
		if w.Name != name {
			name = w.Name
			fmt.Fprintln(c.stdout, p.bold(plain(name)))
		}
		fmt.Fprintf(c.stdout, "  %-12s  %s: %s\n", w.By, colour[w.Chance](w.Chance.String()), plain(w.Words))
	}
	for _, o := range outlooks {
		fmt.Fprintf(c.stdout, "\n%s\n", colour[max(o.Chance, o.Guardians)](plain(o.Words)))
		for _, line := range o.Prepare {
			fmt.Fprintln(c.stdout, plain("  prepare: "+line))
		}
	}
	return verdict
}

// rescueLines are what remains of an account without its wallet, for the audit.
func rescueLines(acct *recovery.Account) (lines []string) {
	for _, o := range rescue.Outlooks(acct) {
		lines = append(lines, o.Words)
		for _, p := range o.Prepare {
			lines = append(lines, "Prepare: "+p+".")
		}
	}
	return lines
}
