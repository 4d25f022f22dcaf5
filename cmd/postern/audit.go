package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/postern-dev/postern/audit"
	"github.com/postern-dev/postern/recovery"
)

const auditAbout = `
What would lock an account, and what would lose it, before that happens: each loss and each
takeover, and each pair; the smallest sets of them; what to do, cheapest first.

Who signs, and with which weight, is read from the chain: of a Postern account, a MetaMask
Hybrid account, a ZeroDev Kernel account with its session keys, or with --flow an account of
Flow. Where the keys live is not on any chain: what you leave open is counted pessimistically.
What the passkey server has seen of the passkeys comes with --data or --passkeys; the rest you
say in a file (docs/recovery.md): --template prints one with the questions that matter. Without
an address, the file describes all of an account, of any kind, and no chain is asked.

--with N shows all of that as if proposal N were made, and is said once for each: the numbers
are those of the proposals that are left after the ones before it. --with 0 makes none, and
lists them. Nothing is sent.

--related looks at the file that lets other domains use an RP ID's passkeys, as browsers do.

Exit code 0 whatever is found, as long as the account could be read. With --json: the report
in the format postern-audit-1, and what was not read on standard error.

  postern audit 0x… --rpc URL
  postern audit 0x… --template >facts.toml
  postern audit 0x… --data DIR --facts facts.toml --svg audit.svg
  postern audit 0x… --flow https://rest-mainnet.onflow.org
  postern audit --facts account.toml
  postern audit 0x… --with 0
  postern audit 0x… --with 2 --with 1
  postern audit --related wallet.example --origin https://other.example`

func auditCommand() command {
	return command{
		name:    "audit",
		summary: "what would lock an account, and what would lose it",
		usage:   "[address] [flags]",
		about:   auditAbout,
		run:     runAudit,
	}
}

// maxFacts bounds a file of facts, in bytes.
const maxFacts = 1 << 20

func runAudit(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var s auditSource
	s.flags(fs)
	var related relatedAsk
	related.flags(fs)
	svg := fs.String("svg", "", "also write the picture to this `file`")
	var with withAsk
	with.flags(fs)
	template := fs.Bool("template", false, "print a file to fill in, in place of the report")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	switch {
	case err != nil:
		return err
	case related.rpID != "":
		return related.run(ctx, c, len(rest) > 0 || s.facts != "" || *template || *svg != "" || with.given, *asJSON, s.timeout)
	case len(related.origins) > 0:
		return usageError("--origin of which RP ID?", "--related RPID --origin https://…")
	case len(rest) == 0 && s.facts == "":
		return usageError("which account?", "postern audit 0x…, or --facts FILE that describes all of it")
	case *template && *asJSON:
		return usageError("--template and --json exclude each other", "run it twice")
	case *template && with.given:
		return usageError("--template is about the account as it is", "leave --with out")
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	acct, err := s.described(ctx, rest)
	if err != nil {
		return err
	}
	acct, err = with.made(acct)
	if err != nil {
		return err
	}
	report, err := recovery.Audit(acct)
	if err != nil {
		return err
	}
	if *svg != "" {
		if err := writeSVG(*svg, report.SVG()); err != nil {
			return err
		}
	}
	switch {
	case *template:
		fmt.Fprint(c.stdout, report.Template())
	case *asJSON:
		text, err := report.JSON()
		if err != nil {
			return err
		}
		for _, line := range audit.Unread(*acct) {
			fmt.Fprintln(c.stderr, plain("not read: "+line))
		}
		fmt.Fprintf(c.stdout, "%s\n", bytes.TrimSpace(text))
	default:
		c.printAudit(report.Words(), section{"Not read from the chain", audit.Unread(*acct)},
			section{"If a domain is gone, and the wallet with it", rescueLines(acct)}, section{"A second RP ID", secondRPID(report)}, section{"What can be chosen next (--with N)", with.next(report)}, section{"How to make such changes", howTo(acct, report)})
	}
	return nil
}

// howTo names the commands that do what is advised, where there are some.
func howTo(a *recovery.Account, r *recovery.Report) []string {
	if a.Kind != "WebAuthnAccount" || len(r.Advice) == 0 {
		return nil
	}
	return []string{"Who signs, and how many must: postern account add, remove, threshold. Guardians: postern guardian example, setup."}
}

// writeSVG replaces a picture, and nothing else.
func writeSVG(path string, picture []byte) error {
	if old, err := os.ReadFile(path); err == nil && !bytes.HasPrefix(old, []byte("<svg ")) {
		return failf("exists", "choose another name, or remove the file yourself", "%s is there already and is no picture", path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replaceFile(path, picture)
}

// section is a heading and its lines.
type section struct {
	heading string
	lines   []string
}

func (c *call) printAudit(lines []string, more ...section) {
	for _, s := range more {
		if len(s.lines) > 0 {
			lines = append(append(lines, "# "+s.heading), s.lines...)
		}
	}
	p := painter(c.stdout)
	for i, line := range lines {
		line = plain(line)
		heading, is := strings.CutPrefix(line, "# ")
		switch {
		case is && i > 0:
			fmt.Fprintf(c.stdout, "\n%s\n", p.bold(heading))
		case is:
			fmt.Fprintln(c.stdout, p.bold(heading))
		case line != "":
			fmt.Fprintln(c.stdout, "  "+line)
		}
	}
}
