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
Hybrid account, or the root of a ZeroDev Kernel account. Where the keys live is not on any
chain: what you leave open is counted pessimistically. Say it in a file (docs/recovery.md):
--template prints one with the questions that matter. Without an address, the file describes
all of an account, of any kind, and no chain is asked.

Exit code 0 whatever is found, as long as the account could be read. With --json: the report
in the format postern-audit-1, and what was not read on standard error.

  postern audit 0x… --rpc URL
  postern audit 0x… --template >facts.toml
  postern audit 0x… --facts facts.toml --svg audit.svg
  postern audit --facts account.toml`

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
	var n network
	n.flags(fs)
	facts := fs.String("facts", "", "`file` with what you know of the keys")
	svg := fs.String("svg", "", "also write the picture to this `file`")
	template := fs.Bool("template", false, "print a file to fill in, in place of the report")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	switch {
	case err != nil:
		return err
	case len(rest) == 0 && *facts == "":
		return usageError("which account?", "postern audit 0x…, or --facts FILE that describes all of it")
	case *template && *asJSON:
		return usageError("--template and --json exclude each other", "run it twice")
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	acct, err := n.described(ctx, rest, *facts)
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
		c.printAudit(report, audit.Unread(*acct))
	}
	return nil
}

// described reads an account from its chain and adds what a file states, "" being none.
// Without an address the file states all.
func (n *network) described(ctx context.Context, address []string, facts string) (*recovery.Account, error) {
	var stated *recovery.File
	var err error
	if facts != "" {
		if stated, err = readFacts(facts); err != nil {
			return nil, err
		}
	}
	if len(address) == 0 {
		out, err := stated.Account()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", facts, err)
		}
		return out, nil
	}
	addr, err := parseAddress("the account", address[0])
	if err != nil {
		return nil, err
	}
	conn, err := n.connect()
	if err != nil {
		return nil, err
	}
	if _, err := conn.onChain(ctx); err != nil {
		return nil, err
	}
	acct, err := audit.Read(ctx, conn.Chain, addr)
	if err != nil || stated == nil {
		return &acct, err
	}
	out, err := stated.Apply(&acct)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", facts, err)
	}
	return out, nil
}

func readFacts(path string) (*recovery.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readLimited(f, maxFacts+1)
	if err != nil {
		return nil, err
	}
	if len(text) > maxFacts {
		return nil, failf("too-long", "a file of facts is what postern audit --template prints, filled in", "%s is longer than %d bytes", path, maxFacts)
	}
	out, err := recovery.ParseFile(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
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

func (c *call) printAudit(r *recovery.Report, unread []string) {
	p := painter(c.stdout)
	lines := r.Words()
	if len(unread) > 0 {
		lines = append(append(lines, "# Not read from the chain"), unread...)
	}
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
