package main

import (
	"context"
	"io"
	"strings"
)

// A command is one verb of the command line. One file per command.
type command struct {
	name    string
	summary string // one line for the list of commands
	usage   string // what follows "postern <name>"
	about   string // the manual, printed by "postern help <name>"
	run     func(ctx context.Context, c *call) error
}

// A call is one invocation of a command.
type call struct {
	cmd    command
	args   []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func commands() []command {
	return []command{upCommand(), skipCommand(), demoCommand(), inspectCommand(), opCommand(), accountCommand(), hybridCommand(), kernelCommand(), grantCommand(), guardianCommand(), drillCommand(), auditCommand(), rescueCommand(), flowCommand(), keyCommand(), tableCommand(), contractsCommand(), storeCommand(), versionCommand(), helpCommand()}
}

func lookup(name string) (command, bool) {
	for _, cmd := range commands() {
		if cmd.name == name {
			return cmd, true
		}
	}
	return command{}, false
}

// run finds the command and runs it. What it returns is printed by report.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	cmd, ok := lookup(name)
	if !ok {
		return unknownCommand(name)
	}
	c := &call{cmd: cmd, args: args, stdin: stdin, stdout: stdout, stderr: stderr}
	return cmd.run(ctx, c)
}

func unknownCommand(name string) error {
	if strings.HasPrefix(name, "-") {
		return usageError("the command comes first, then its flags: "+clip(name), "run: postern help")
	}
	for _, cmd := range commands() {
		if len(name) > 1 && (strings.HasPrefix(cmd.name, name) || strings.HasPrefix(name, cmd.name)) {
			return usageError("there is no command "+clip(name), "did you mean: postern "+cmd.name)
		}
	}
	return usageError("there is no command "+clip(name), "run: postern help")
}
