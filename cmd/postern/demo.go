package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/journeys"
	"github.com/postern-dev/postern/userop"
)

const demoAbout = `
Walks every user story on a chain in this process, with a software authenticator in the
place of the phone: register, operate, sign in, and so on. One line per step: gas, time,
hashes. Nothing is kept.

Some stories are of MetaMask's accounts: these exist for EntryPoint 0.7 only and are walked
there, whatever --entry-point says. Where MetaMask's own kit has done the same, "kit" is what
it took.

Two stories are of chains without P256VERIFY, where contracts verify passkeys by arithmetic: they are
walked on a chain with Prague rules, which becomes an Osaka chain, with P256VERIFY, on the way.

Four stories are of session keys on ZeroDev's accounts. The contracts that hold permissions are
in no package registry: with --kernel DIR, or KERNEL_ARTIFACTS, they come from a directory
(docs/testing.md says how it is made); without, these stories are skipped.

Six stories are of losses: a phone, a cloud account, a domain, guardians, and the wallet's vendor with
its server and bundler, from which postern rescue is the way back. Before each the
account's audit is read, and what happens must be what it says. Three of them let days pass on
the chain in this process.

One story is of Flow. Without an emulator it is played: what an emulator said when the story was
recorded, to the same requests, byte for byte. With --flow-emulator URL it is walked there, on accounts
that an account of the emulator pays for: --flow-service-key FILE has its private key (64 hex digits or
PEM; mode 0600), --flow-service ADDRESS its address.

With --json it prints one object: {"steps":[{"name","ok","gas","kitGas","ms","detail","skipped"}],"ok"}.

Exit code 0 only if every step was ok.`

func demoCommand() command {
	return command{
		name:    "demo",
		summary: "walk every user story without a browser",
		usage:   "[journey …] [--entry-point 0.8|all] [--artifacts DIR] [--kernel DIR] [--flow-emulator URL] [--json]",
		about:   demoAbout,
		run:     runDemo,
	}
}

func runDemo(ctx context.Context, c *call) error {
	fs := c.newFlags()
	version := fs.String("entry-point", "0.8", "EntryPoint `version`: 0.7, 0.8, 0.9, or all three")
	dir := artifactsFlag(fs)
	kernels := fs.String("kernel", os.Getenv(kernelstand.Variable), "`directory` with the contracts of ZeroDev's Kernel; default: "+kernelstand.Variable)
	var onFlow demoFlow
	onFlow.flags(fs)
	details := fs.Bool("details", false, "print all that is known of each step below it")
	verbose := fs.Bool("verbose", false, "write a log to standard error")
	asJSON := fs.Bool("json", false, "print one JSON object")
	only, err := c.parse(fs, len(journeys.All()))
	if err != nil {
		return err
	}
	eps, err := demoEntryPoints(*version)
	if err != nil {
		return err
	}
	if err := checkJourneys(only); err != nil {
		return err
	}
	stand, from, err := onFlow.stand(ctx)
	if err != nil {
		return err
	}
	log := c.log(*verbose)
	out := lines
	switch {
	case *asJSON:
		out = silent
	case *details:
		out = detailed
	}
	if out != silent && (len(only) == 0 || slices.Contains(only, "flow")) {
		fmt.Fprintf(c.stdout, "Flow: %s\n", plain(from))
	}
	if len(only) > 0 && !slices.ContainsFunc(only, func(name string) bool { return name != "flow" }) {
		// Flow alone needs neither the contracts nor a chain here.
		return c.demoed(ctx, nil, journeys.Env{Only: only, Flow: stand, Log: log}, out, 0, func() error { return nil })
	}
	begun := time.Now()
	set, err := artifacts.Open(ctx, artifacts.Options{Dir: *dir, Log: log})
	if err != nil {
		return err
	}
	config := devnet.Config{Artifacts: set, Log: log}
	var kernel kernelstand.Stand
	if *kernels != "" {
		if kernel, err = kernelstand.Load(*kernels); err != nil {
			return err
		}
		if config.Alloc, err = kernel.Alloc(config); err != nil {
			return err
		}
	}
	chain, err := devnet.Start(ctx, config)
	if err != nil {
		return err
	}
	env := journeys.Env{EntryPoints: eps, Only: only, Flow: stand, Log: log}
	without, closeAll := withoutP256(devnet.Config{Artifacts: set, Log: log})
	env.Without, env.Stand.Kernel = without, kernel.Versions
	if *kernels != "" {
		second, closeSecond := secondChain(config, kernel)
		env.Second, closeAll = second, joined(closeAll, closeSecond)
	}
	return c.demoed(ctx, chain, env, out, time.Since(begun), joined(closeAll, chain.Close))
}

// demoed walks the journeys, closes what they needed, and says how it went.
func (c *call) demoed(ctx context.Context, chain *devnet.Net, env journeys.Env, out demoOutput, took time.Duration, closeAll func() error) error {
	report, err := walk(ctx, c, chain, env, out, took)
	if err := errors.Join(err, closeAll()); err != nil {
		return err
	}
	if out == silent {
		if err := printJSON(c.stdout, report); err != nil {
			return err
		}
	}
	if !report.OK {
		return errWrong
	}
	return nil
}

func joined(a, b func() error) func() error { return func() error { return errors.Join(a(), b()) } }

// secondChain starts chains with another id and Kernel's contracts on them.
func secondChain(config devnet.Config, kernel kernelstand.Stand) (open func(context.Context) (journeys.Stand, error), closeAll func() error) {
	config.ChainID = devnet.DefaultChainID + 1
	return chainsOf(config, func(chain *devnet.Net, s *journeys.Stand) { s.Kernel = kernel.Versions })
}

// withoutP256 starts chains with Prague rules that become Osaka chains when they are told to.
func withoutP256(config devnet.Config) (open func(context.Context) (journeys.Stand, error), closeAll func() error) {
	config.Rules, config.OsakaAt = devnet.Prague, time.Now().Truncate(time.Second).Add(24*time.Hour)
	return chainsOf(config, func(chain *devnet.Net, s *journeys.Stand) { s.Osaka = chain.BecomeOsaka })
}

// chainsOf starts chains of a configuration, one per call of open, and completes their stands.
func chainsOf(config devnet.Config, complete func(*devnet.Net, *journeys.Stand)) (open func(context.Context) (journeys.Stand, error), closeAll func() error) {
	var chains []*devnet.Net
	open = func(ctx context.Context) (journeys.Stand, error) {
		chain, err := devnet.Start(ctx, config)
		if err != nil {
			return journeys.Stand{}, err
		}
		chains = append(chains, chain)
		url, err := chain.Listen("127.0.0.1:0")
		stand := journeys.Devnet(url, chain.Info().Token)
		complete(chain, &stand)
		return stand, err
	}
	return open, func() error {
		var errs []error
		for _, chain := range chains {
			errs = append(errs, chain.Close())
		}
		return errors.Join(errs...)
	}
}

// demoOutput says how much is printed while the journeys run.
type demoOutput uint8

const (
	silent demoOutput = iota
	lines
	detailed
)

// walk runs the journeys and prints the steps as they end. A step that failed is part of
// the report and no error. Without a chain the journeys are those that need none.
func walk(ctx context.Context, c *call, chain *devnet.Net, env journeys.Env, out demoOutput, took time.Duration) (*journeys.Report, error) {
	p, text := painter(c.stdout), out != silent
	if chain != nil {
		url, err := chain.Listen("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		kernels := env.Stand.Kernel
		env.Stand = journeys.Devnet(url, chain.Info().Token)
		env.Stand.Kernel = kernels
		if text {
			info := chain.Info()
			fmt.Fprintf(c.stdout, "chain %d (%s rules) in this process, ready after %s\n", info.ChainID, info.Rules, took.Round(time.Millisecond))
		}
	}
	report := &journeys.Report{Steps: []journeys.Step{}}
	begun := time.Now()
	err := journeys.Run(ctx, env, func(s journeys.Step) {
		report.Steps = append(report.Steps, s)
		if text {
			printStep(c.stdout, p, s, out == detailed)
		}
	})
	report.OK = err == nil && len(report.Steps) > 0
	failed, skipped := 0, 0
	for _, s := range report.Steps {
		if !s.OK {
			failed++
		}
		if s.Skipped != "" {
			skipped++
		}
	}
	if err != nil && (failed == 0 || ctx.Err() != nil) {
		return nil, err // it did not come to a step, or was interrupted
	}
	if text {
		verdict := p.green(fmt.Sprintf("%d steps, all ok", len(report.Steps)-skipped))
		if skipped > 0 {
			verdict += fmt.Sprintf(" (%d stories skipped)", skipped)
		}
		if failed > 0 {
			verdict = p.red(fmt.Sprintf("%d of %d steps failed", failed, len(report.Steps)))
		}
		fmt.Fprintf(c.stdout, "\n%s, in %s\n", verdict, time.Since(begun).Round(time.Millisecond))
		if i := slices.IndexFunc(report.Steps, func(s journeys.Step) bool { return s.Gas != nil }); i >= 0 {
			fmt.Fprintf(c.stdout, "the first operation was confirmed after %d ms: estimated, signed, sent, in a block\n", report.Steps[i].MS)
		}
	}
	return report, nil
}

// printStep is one line, what failed below it, and with --details all there is to know.
func printStep(w io.Writer, p paint, s journeys.Step, details bool) {
	if s.Skipped != "" {
		fmt.Fprintf(w, "skip  %s: %s\n", plain(s.Name), plain(s.Skipped))
		return
	}
	mark, gas := p.green("ok  "), "-"
	if !s.OK {
		mark = p.red("FAIL")
	}
	if s.Gas != nil {
		gas = fmt.Sprint(*s.Gas) + " gas"
	}
	line := fmt.Sprintf("%s  %-56s %11s %5d ms", mark, plain(s.Name), gas, s.MS)
	if s.KitGas != nil {
		line += fmt.Sprintf("  kit %d gas", *s.KitGas)
	}
	for _, f := range [][2]string{{"op", "userOpHash"}, {"tx", "txHash"}} {
		if hash, ok := s.Detail[f[1]].(string); ok {
			line += "  " + f[0] + " " + shortHash(hash)
		}
	}
	fmt.Fprintln(w, line)
	for _, name := range slices.Sorted(maps.Keys(s.Detail)) {
		if !details && (s.OK || name != "error" && name != "hint") {
			continue
		}
		for i, text := range splitLines(fmt.Sprint(s.Detail[name])) {
			label := name
			if i > 0 {
				label = ""
			}
			fmt.Fprintf(w, "      %s %s\n", p.dim(fmt.Sprintf("%-12s", plain(label))), plain(strings.TrimSpace(text)))
		}
	}
}

// shortHash keeps both ends; Flow's ids have no 0x.
func shortHash(hash string) string {
	if len(hash) == 64 {
		return plain(hash[:8] + "…" + hash[56:])
	}
	if len(hash) != 66 {
		return plain(hash)
	}
	return hash[:10] + "…" + hash[58:]
}

func demoEntryPoints(version string) ([]userop.EntryPoint, error) {
	if version == "all" {
		return nil, nil
	}
	ep, err := parseEntryPoint(version)
	if err != nil {
		return nil, err
	}
	if ep == userop.V06 {
		return nil, usageError("Postern's account does not work with EntryPoint 0.6", "choose 0.7, 0.8, 0.9 or all")
	}
	return []userop.EntryPoint{ep}, nil
}

func checkJourneys(names []string) error {
	var known []string
	for _, j := range journeys.All() {
		known = append(known, j.Name)
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return usageError("there is no journey "+clip(n), "there are: "+strings.Join(known, ", "))
		}
	}
	return nil
}

func artifactsFlag(fs *flag.FlagSet) *string {
	return fs.String("artifacts", "", "`directory` with the npm packages, for a machine without a network")
}
