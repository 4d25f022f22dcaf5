package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/recovery"
)

const drillReportAbout = `
Who can still sign, and when each last did: from drills that were signed, in files and in a log. With
--log the files are added to it, and it is kept. Every signature is verified again.

With a node, the guardians are those that the chain has now, and it verifies the signatures of
contracts; without, they are those of the newest drill, and such signatures do not count.

Exit code 0: in every tier, enough guardians signed lately for a recovery. 1: in some tier not.

  postern drill report drill.json --log drills.json --names guardians.toml
  postern drill report --log drills.json --within "1 day 12 hours" --json`

func drillReport() verb {
	return verb{name: "report", usage: "[FILE…] [--log LOG] [flags]", about: drillReportAbout, run: runDrillReport}
}

// drilled is the report.
type drilled struct {
	Account   string            `json:"account"`
	ChainID   string            `json:"chainId"`
	Now       string            `json:"now"`
	Within    int64             `json:"withinSeconds"`
	OnChain   bool              `json:"setupFromChain"`
	OK        bool              `json:"ok"`
	Tiers     []drilledTier     `json:"tiers"`
	Guardians []drilledGuardian `json:"guardians"`
	Drills    []drilledDrill    `json:"drills"`
}

type drilledTier struct {
	Tier      int    `json:"tier"` // from 1
	Name      string `json:"name"`
	Weight    uint64 `json:"weight"` // that signed lately
	Threshold uint64 `json:"threshold"`
	Majority  uint64 `json:"majority"` // that cancels and freezes
	Reached   bool   `json:"reached"`
}

type drilledGuardian struct {
	Name   string `json:"name"`
	Signer string `json:"signer"`
	Last   string `json:"last,omitempty"` // date of the last drill that it signed
	Lately bool   `json:"lately"`
	// Unverified: it signed something that only the chain can verify, and the chain was not asked.
	Unverified bool `json:"unverified,omitempty"`

	date time.Time
}

type drilledDrill struct {
	Date    string `json:"date"`
	Signed  int    `json:"signed"`
	Asked   int    `json:"asked"`
	Bad     int    `json:"badSignatures,omitempty"` // that the chain refuses
	Future  bool   `json:"inTheFuture,omitempty"`
	Current bool   `json:"currentSetup"`
}

func runDrillReport(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	path := fs.String("log", "", "`file` that keeps the drills")
	book := fs.String("names", "", "setup `file` with the names of guardians and tiers")
	within := fs.String("within", "180 days", "how `long` ago counts as lately")
	at := fs.String("at", "", "`time` of the report, such as 2026-12-01T09:00:00Z or Unix seconds (default the chain's, or now)")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, maxJoined)
	switch {
	case err != nil:
		return err
	case len(rest) == 0 && *path == "":
		return usageError("which drills?", "postern drill report drill.json, or --log drills.json")
	}
	lately, ok := recovery.ParseSpan(*within)
	if !ok || lately == 0 {
		return usageError("--within is no duration: "+clip(*within), `write "180 days"`)
	}
	names, err := openNames(*book)
	if err != nil {
		return err
	}
	seconds, err := momentOf(*at)
	if err != nil {
		return err
	}
	log, err := c.drills(rest, *path)
	if err != nil {
		return err
	}
	now := time.Unix(int64(seconds), 0).UTC()
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	setup, chain, err := log.onChain(ctx, &n, *at == "", &now)
	if err != nil {
		return err
	}
	if *path != "" {
		if err := log.write(*path); err != nil {
			return err
		}
	}
	out, err := log.report(ctx, setup, chain, names, now, lately)
	if err != nil {
		return err
	}
	if *asJSON {
		err = printJSON(c.stdout, out)
	} else {
		c.printDrilled(out, now, lately)
	}
	if err == nil && !out.OK {
		return errWrong
	}
	return err
}

// drills reads the log and the files that are to be added.
func (c *call) drills(files []string, path string) (*drillLog, error) {
	log := &drillLog{}
	if path != "" {
		var err error
		if log, err = c.readDrillLog(path); err != nil {
			return nil, err
		}
	}
	for _, name := range files {
		col, err := c.readCollected(name)
		if err != nil {
			return nil, err
		}
		if err := log.add(col); err != nil {
			f := explain(err)
			f.Message = name + ": " + f.Message
			return nil, f
		}
	}
	if len(log.drills) == 0 {
		return nil, failf("no-drills", "begin one: postern drill new 0x… --out drill.json", "there are no drills yet")
	}
	return log, nil
}

// onChain reads the guardians of today where a node is given, and the chain's time unless another is.
func (l *drillLog) onChain(ctx context.Context, n *network, chainTimes bool, now *time.Time) (*guardian.Setup, *connection, error) {
	if n.rpc == "" && os.Getenv("POSTERN_RPC") == "" {
		return nil, nil, nil
	}
	conn, err := n.connect()
	if err != nil {
		return nil, nil, err
	}
	state, err := guardian.At(ctx, conn.Chain, drillOf(l.drills[0]).Account)
	if err != nil {
		return nil, nil, err
	}
	if want := l.drills[0].ChainID(); state.ChainID.Cmp(want) != 0 {
		return nil, nil, failf("wrong-chain", "use a node of that chain", "the drills are of chain %s, and the node is on chain %s", want, state.ChainID)
	}
	if chainTimes {
		if *now, err = chainTime(ctx, conn); err != nil {
			return nil, nil, err
		}
	}
	return &state.Setup, conn, nil
}

// report says of each guardian when it last signed, and of each tier whether that is enough.
func (l *drillLog) report(ctx context.Context, setup *guardian.Setup, conn *connection, names *nameBook, now time.Time, lately time.Duration) (*drilled, error) {
	newest := l.newest(now)
	if newest == nil {
		return nil, failf("future", "is the clock right? --at, or --rpc for the chain's time", "all drills are dated in the future")
	}
	if setup == nil {
		s := newest.Setup()
		setup = &s
	}
	d := drillOf(newest)
	out := &drilled{Account: d.Account.Hex(), ChainID: newest.ChainID().String(), Now: now.Format(time.RFC3339), Within: int64(lately / time.Second), OnChain: conn != nil, OK: !setup.Empty(),
		Tiers: []drilledTier{}, Guardians: []drilledGuardian{}, Drills: []drilledDrill{}}
	last, unverified := map[common.Hash]time.Time{}, map[common.Hash]bool{}
	for _, col := range l.drills {
		date := drillOf(col).Date
		row := drilledDrill{Date: date.Format(time.RFC3339), Future: date.After(now.Add(futureDrill)), Current: col.Setup().Hash() == setup.Hash(), Asked: len(col.Status().Guardians)}
		for _, a := range col.Approvals() {
			err := a.Verify(col.Message(), col.ChainID())
			if errors.Is(err, guardian.ErrUnverified) && conn != nil {
				if err = a.VerifyOn(ctx, conn.Chain, col.Message(), col.ChainID()); err != nil && !errors.Is(err, guardian.ErrForged) {
					return nil, err
				}
			}
			id := guardian.ID(a.Signer)
			switch {
			case errors.Is(err, guardian.ErrUnverified):
				unverified[id] = true
			case err != nil:
				row.Bad++
			default:
				if row.Signed++; !row.Future {
					last[id] = date // the oldest first
				}
			}
		}
		out.Drills = append(out.Drills, row)
	}
	fresh := func(id common.Hash) bool { return !last[id].IsZero() && now.Sub(last[id]) <= lately }
	for _, s := range setup.Guardians() {
		id := guardian.ID(s)
		g := drilledGuardian{Name: names.signer(s), Signer: s.String(), Lately: fresh(id), date: last[id]}
		if !g.date.IsZero() {
			g.Last = g.date.Format(time.RFC3339)
		}
		g.Unverified = unverified[id] && !g.Lately
		out.Guardians = append(out.Guardians, g)
	}
	for i, t := range setup.Tiers {
		row := drilledTier{Tier: i + 1, Name: names.tier(i), Threshold: t.Threshold, Majority: t.Majority()}
		for _, g := range t.Guardians {
			if fresh(guardian.ID(g.Signer)) {
				row.Weight += g.Weight
			}
		}
		row.Reached = row.Weight >= row.Threshold
		out.OK = out.OK && row.Reached
		out.Tiers = append(out.Tiers, row)
	}
	return out, nil
}

func (c *call) printDrilled(d *drilled, now time.Time, lately time.Duration) {
	out, p := c.stdout, painter(c.stdout)
	from := "as the newest drill has them"
	if d.OnChain {
		from = "as the chain has them"
	}
	fmt.Fprintf(out, "guardians of %s on chain %s, %s, on %s\n", d.Account, d.ChainID, from, moment(now))
	for _, g := range d.Guardians {
		word := p.red("never signed a drill")
		switch {
		case g.Lately:
			word = p.green("can sign") + ", last shown " + ago(now.Sub(g.date))
		case g.Unverified:
			word = p.yellow("signed what only the chain can verify") + ": --rpc"
		case g.Last != "":
			word = p.yellow("last shown " + ago(now.Sub(g.date)))
		}
		fmt.Fprintf(out, "  %s: %s\n", plain(g.Name), word)
	}
	for _, t := range d.Tiers {
		verdict := p.green("enough for a recovery")
		if !t.Reached {
			verdict = p.red("NOT ENOUGH for a recovery")
		}
		fmt.Fprintf(out, "%s: %d signed in the last %s, %d needed: %s\n", plain(t.Name), t.Weight, recovery.Span(lately), t.Threshold, verdict)
	}
	for _, x := range d.Drills {
		if x.Bad > 0 {
			fmt.Fprintf(out, "%s %d of the signatures of %s are not good, as the chain says\n", p.red("beware:"), x.Bad, x.Date)
		}
		if x.Future {
			fmt.Fprintf(out, "%s a drill of %s does not count: that is not yet\n", p.yellow("beware:"), x.Date)
		}
	}
	if len(d.Tiers) == 0 {
		fmt.Fprintln(out, p.red("nobody guards the account"))
	}
}

// ago says how long ago something was.
func ago(d time.Duration) string {
	if d < time.Minute {
		return "just now"
	}
	return recovery.Span(d.Truncate(time.Minute)) + " ago"
}
