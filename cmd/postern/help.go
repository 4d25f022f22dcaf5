package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

func helpCommand() command {
	return command{
		name:    "help",
		summary: "this list, or the manual of one command",
		usage:   "[command [action]]",
		about:   "Without an argument: the list of commands. With one: its manual; some have actions with manuals of their own.",
		run:     runHelp,
	}
}

func runHelp(ctx context.Context, c *call) error {
	fs := c.newFlags()
	asJSON := fs.Bool("json", false, "print the commands as JSON")
	rest, err := c.parse(fs, 3)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		cmd, ok := lookup(rest[0])
		if !ok {
			return unknownCommand(rest[0])
		}
		return manual(ctx, c, cmd, rest[1:])
	}
	if *asJSON {
		type entry struct {
			Name    string `json:"name"`
			Summary string `json:"summary"`
		}
		var list []entry
		for _, cmd := range commands() {
			list = append(list, entry{cmd.name, cmd.summary})
		}
		return printJSON(c.stdout, map[string]any{"commands": list})
	}
	fmt.Fprint(c.stdout, "Postern: passkeys in charge of blockchain accounts.\n\n")
	fmt.Fprint(c.stdout, "usage: postern <command> [flags]\n\n")
	for _, cmd := range commands() {
		fmt.Fprintf(c.stdout, "  %-9s %s\n", cmd.name, cmd.summary)
	}
	fmt.Fprint(c.stdout, "\nFirst steps:\n"+
		"  postern up        then open the page it prints\n"+
		"  postern demo      the same walk without a browser\n\n"+
		"Every command takes --json: one JSON value on standard output, on failure\n"+
		"{\"error\":{\"code\",\"message\",\"hint\"}}. Exit codes: 0 fine, 1 failed or found wrong, 2 usage.\n"+
		"The manual of a command: postern help <command>\n")
	return nil
}

// manual lets the command print its own manual, since only it knows its flags.
func manual(ctx context.Context, c *call, cmd command, action []string) error {
	err := cmd.run(ctx, &call{cmd: cmd, args: append(action, "--help"), stdin: c.stdin, stdout: c.stdout, stderr: c.stderr})
	if errors.Is(err, errHelp) {
		return nil
	}
	return err
}

func printManual(w io.Writer, cmd command, fs *flag.FlagSet) {
	fmt.Fprintf(w, "usage: postern %s %s\n\n%s\n", cmd.name, cmd.usage, strings.TrimSpace(cmd.about))
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if first {
			fmt.Fprint(w, "\nFlags:\n")
			first = false
		}
		value, text := flag.UnquoteUsage(f)
		name := "--" + f.Name
		if value != "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  %-24s %s\n", name, text)
	})
}
