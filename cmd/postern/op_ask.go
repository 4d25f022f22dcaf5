package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// askBefore asks a person, before a key on this machine signs what was printed.
// Where nobody sits at a terminal, the command line itself is the approval.
func (c *call) askBefore(ctx context.Context, f approvalFlags) error {
	return c.askFirst(ctx, f, "Sign and send this?")
}

func (c *call) askFirst(ctx context.Context, f approvalFlags, question string) error {
	if f.yes || f.json || !isTerminal(c.stdin) {
		return nil
	}
	return ask(ctx, c.stdin, c.stderr, question)
}

func ask(ctx context.Context, in io.Reader, out io.Writer, question string) error {
	fmt.Fprint(out, question+" [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(in, 256)).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(out)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return failf("declined", "run it again; --timeout gives more time, --yes does not ask", "nobody answered in time: not signed, nothing was sent")
		}
		return ctx.Err()
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
	}
	return failf("declined", "run it again and answer y, or add --yes", "not signed, nothing was sent")
}

// isTerminal reports whether somebody can be asked. The null device looks like a
// terminal and is none.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
