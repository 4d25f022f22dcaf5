// Command cmd measures what verifying P-256 signatures costs and writes it into docs/. Run it at the root of the module:
//
//	go run ./internal/gasreport/cmd          measure, print one table, write docs/gas.json, gas.md and gas.svg
//	go run ./internal/gasreport/cmd -draw    write gas.md and gas.svg anew from docs/gas.json and contracts/gas.json
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/postern-dev/postern/internal/gasreport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gasreport:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("gasreport", flag.ContinueOnError)
	drawOnly := flags.Bool("draw", false, "measure nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !*drawOnly {
		if err := measure(ctx, out); err != nil {
			return err
		}
	}
	files, err := gasreport.Files(".")
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func measure(ctx context.Context, out io.Writer) error {
	peers, err := gasreport.CompilePeers(ctx, ".")
	if err != nil {
		return err
	}
	report, err := gasreport.Measure(ctx, peers)
	if err != nil {
		return err
	}
	if err := report.Print(out); err != nil {
		return err
	}
	text, err := report.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(gasreport.Figures, text, 0o644)
}
