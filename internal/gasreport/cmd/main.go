// Command cmd measures what verifying P-256 signatures costs and writes the figures into docs/. Run it at the root of
// the module:
//
//	go run ./internal/gasreport/cmd
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/postern-dev/postern/internal/gasreport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "gasreport:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	peers, err := gasreport.CompilePeers(ctx, ".")
	if err != nil {
		return err
	}
	report, err := gasreport.Measure(ctx, peers)
	if err != nil {
		return err
	}
	return report.Print(os.Stdout)
}
