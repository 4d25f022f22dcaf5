package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/postern-dev/postern/grant"
)

const grantCheckAbout = `
Names every trap in a policy file, before anybody signs it: what it allows although it does
not look so, what it refuses although it was meant, and what the SDK's document would lose.
It needs no network. What you add is looked at, too: --account for calls that would let the
key change the account itself.

Exit code 0: it may be signed; warnings are for the owner to read. 1: it must not be signed,
or it cannot be read. 2: usage.

  postern grant check policy.toml
  postern grant check policy.toml --account account.json --sdk`

func grantCheck() verb {
	return verb{name: "check", usage: "[policy.toml|policy.json|-] [flags]", about: grantCheckAbout, run: runGrantCheck}
}

// wireFinding is a finding as --json prints it.
type wireFinding struct {
	Level      string `json:"level"` // warning, refused
	Code       string `json:"code"`
	Policy     *int   `json:"policy,omitempty"`     // from 1
	Permission *int   `json:"permission,omitempty"` // of the policy, from 1
	Message    string `json:"message"`
	Hint       string `json:"hint"`
	Why        string `json:"why"`
}

func runGrantCheck(_ context.Context, c *call) error {
	fs := c.newFlags()
	address := fs.String("account", "", "account that the key is for: its `address`, or the file of postern kernel create --save")
	now := fs.String("at", "", "`time` of the check, such as 2026-12-01T09:00:00Z or Unix seconds (default now)")
	sdk := fs.Bool("sdk", false, "it is to leave as the SDK's document, which has no place for some things")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	facts := grant.Facts{Portable: *sdk}
	if facts.Now, err = momentOf(*now); err != nil {
		return err
	}
	if *address != "" {
		if facts.Account, _, err = kernelFiles.parse("--account", *address); err != nil {
			return err
		}
	}
	g, name, err := c.readPolicies(rest)
	if err != nil {
		return err
	}
	findings := grant.Check(g, facts)
	refused := len(grant.Refusals(findings)) > 0
	if *asJSON {
		err = printJSON(c.stdout, map[string]any{"ok": !refused, "findings": wireFindings(findings)})
	} else {
		c.printFindings(findings, name)
	}
	if err == nil && refused {
		return errWrong
	}
	return err
}

// readPolicies reads a policy file; the name is what messages call it.
func (c *call) readPolicies(rest []string) (grant.Grant, string, error) {
	text, path, err := c.readArgument(rest)
	if err != nil {
		return grant.Grant{}, "", err
	}
	g, err := grant.ParseFile(text)
	switch {
	case err != nil && isApproval(text):
		return grant.Grant{}, "", failf("bad-policies", "what it allows: postern grant explain; whether it is good: postern grant open", "%s is an approval, not a policy file", or(path, "what was read"))
	case err != nil:
		return grant.Grant{}, "", badPolicies(err, path)
	}
	return g, or(path, "the file"), nil
}

// badPolicies gives an error of the file its name.
func badPolicies(err error, path string) error {
	f := explain(err)
	if path != "" {
		f.Message = path + ": " + f.Message
	}
	f.Hint = or(f.Hint, "a file to start from: postern grant example")
	return f
}

// momentOf reads a time in seconds or as people write it; now if there is none.
func momentOf(text string) (uint64, error) {
	if text == "" {
		return uint64(time.Now().Unix()), nil
	}
	if n, err := strconv.ParseUint(text, 10, 40); err == nil {
		return n, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Unix() < 0 {
		return 0, usageError("--at is no time: "+clip(text), "write 2026-12-01T09:00:00Z, or Unix seconds")
	}
	return uint64(t.Unix()), nil
}

func wireFindings(findings []grant.Finding) []wireFinding {
	out := make([]wireFinding, 0, len(findings))
	from1 := func(n int) *int {
		if n < 0 {
			return nil
		}
		n++
		return &n
	}
	for _, f := range findings {
		out = append(out, wireFinding{f.Level.String(), string(f.Code), from1(f.Policy), from1(f.Permission), f.What, f.Way, f.Code.Why()})
	}
	return out
}

// printFindings says what is wrong, the worst first, and whether it may be signed.
func (c *call) printFindings(findings []grant.Finding, name string) {
	p := painter(c.stdout)
	refused := grant.Refusals(findings)
	for _, level := range []grant.Level{grant.Refused, grant.Warning} {
		for _, f := range findings {
			if f.Level != level {
				continue
			}
			mark := p.yellow("beware:")
			if level == grant.Refused {
				mark = p.red("refused:")
			}
			fmt.Fprintf(c.stdout, "%s %s\n  way out: %s\n", mark, plain(f.String()), plain(f.Way))
		}
	}
	switch n := len(refused); {
	case n == 1:
		fmt.Fprintln(c.stdout, p.red("1 thing is wrong: it must not be signed"))
	case n > 1:
		fmt.Fprintln(c.stdout, p.red(fmt.Sprintf("%d things are wrong: it must not be signed", n)))
	case len(findings) == 0:
		fmt.Fprintln(c.stdout, p.green("nothing wrong found")+"; what it allows: postern grant explain "+plain(name))
	default:
		fmt.Fprintln(c.stdout, p.green("it may be signed")+", if that is what you mean; what it allows: postern grant explain "+plain(name))
	}
}
