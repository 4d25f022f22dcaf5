package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postern-dev/postern/account/guardian"
)

const drillAbout = `
Whether the guardians could still help: they sign a dated drill, which no contract accepts – nothing
happens to the account –, and the report says who can still sign and when each last did, tier by
tier. Keys get lost quietly; a drill twice a year finds out in time.

  postern drill new 0x… --out drill.json             a drill of today, from the chain
  postern drill sign drill.json --owner-key bob.json each guardian, in one file or a copy each
  postern drill report drill.json mums-copy.json --log drills.json --names guardians.toml

The log keeps the signatures themselves: whoever has it can verify every line of the report.

More on each: postern help drill report`

func drillVerbs() []verb { return []verb{drillNew(), drillSign(), drillReport()} }

func drillCommand() command {
	return command{
		name:    "drill",
		summary: "can the guardians of an account still sign?",
		usage:   "new|sign|report [flags]",
		about:   drillAbout,
		run:     func(ctx context.Context, c *call) error { return c.dispatch(ctx, drillVerbs()) },
	}
}

const drillNewAbout = `
Begins a drill of all guardians that an account has now, on its chain. It is dated by the chain.

  postern drill new 0x… --out drill.json --rpc URL`

func drillNew() verb {
	return verb{name: "new", usage: "[address] --out FILE [flags]", about: drillNewAbout, run: runDrillNew}
}

func runDrillNew(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f accountFlags
	f.flags(fs)
	book := fs.String("names", "", "setup `file` with the names of guardians and tiers")
	out := fs.String("out", "", "keep the drill in this `file`")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if *out == "" {
		return usageError("the guardians need a file", "--out drill.json, which goes from one to the other: postern drill sign drill.json")
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a := &guardianAct{accountAct: accountAct{call: c, accountFlags: f}, namesPath: *book}
	if err := a.open(ctx, "show", rest); err != nil {
		e := explain(err)
		e.Hint = strings.Replace(e.Hint, "postern guardian show", "postern drill new", 1)
		return e
	}
	if err := a.standing(); err != nil {
		return err
	}
	col, err := guardian.Collect(a.state.ChainID, a.state.Setup, a.state.Drill(a.now))
	if err != nil {
		return err
	}
	if err := c.writeCollected(*out, col); err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, statusOf(col, a.names, a.now))
	}
	c.printLines(a.names.words(col))
	c.printStatus(col, a.names)
	fmt.Fprintf(c.stdout, "next: each of them: postern drill sign %s\n", plain(*out))
	return nil
}

const drillSignAbout = `
Signs a drill as one of the guardians. What is signed says so, names the account and its date, and
can be used for nothing else. The flags are those of postern guardian approve.

A drill that is dated in the future is not signed: it would say that a key is there when it may
be lost.

  postern drill sign drill.json --owner-key bob.json
  postern drill sign drill.json --owner 0x… --request ask.json`

func drillSign() verb {
	return verb{name: "sign", usage: "<FILE> [flags]", about: drillSignAbout, run: func(ctx context.Context, c *call) error {
		return c.approveFile(ctx, func(m guardian.Message) error {
			d, ok := m.(guardian.Drill)
			switch {
			case !ok:
				return failf("wrong-file", "postern guardian approve FILE says what it is", "the file is about %s, not a drill", subjectOf(m).what)
			case time.Until(d.Date) > futureDrill:
				return failf("future", "is the clock of this machine right? else begin a drill of today: postern drill new", "the drill is dated %s, which is not yet", moment(d.Date))
			}
			return nil
		})
	}}
}

// futureDrill is by how much clocks may differ.
const futureDrill = 24 * time.Hour
