// Command postern puts passkeys in charge of blockchain accounts.
//
// Start with `postern help`. Results go to stdout, progress to stderr. With
// --json, stdout carries exactly one JSON value whatever happens: the result, or
// {"error":{"code","message","hint"}}. Exit codes: 0 done and fine, 1 it failed
// or what was looked at is wrong, 2 the command line was not understood.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	code := cli(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// cli runs one command line and returns the exit code.
func cli(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := run(ctx, args, stdin, stdout, stderr)
	return report(err, wantsJSON(args), stdout, stderr)
}
