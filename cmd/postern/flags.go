package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// errHelp says that help was asked for and has been printed.
var errHelp = errors.New("help printed")

// newFlags returns the command's flag set, silent: what goes wrong is an error.
func (c *call) newFlags() *flag.FlagSet {
	fs := flag.NewFlagSet(c.cmd.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

// repeated is a flag that may be given several times.
type repeated []string

func (r *repeated) String() string { return strings.Join(*r, ", ") }

// Set implements [flag.Value].
func (r *repeated) Set(v string) error {
	*r = append(*r, v)
	return nil
}

// parse reads flags wherever they stand and returns the other arguments. All that
// follows "--" is taken as it is; "-" is an argument, not a flag.
func (c *call) parse(fs *flag.FlagSet, most int) ([]string, error) {
	rest, args := []string(nil), c.args
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			printManual(c.stdout, c.cmd, fs)
			return nil, errHelp
		}
		if err != nil {
			return nil, usageError(flagMessage(err), "run: postern help "+c.cmd.name+dashHint(err, args))
		}
		if fs.NArg() == 0 {
			break
		}
		if taken := len(args) - fs.NArg(); taken > 0 && args[taken-1] == "--" {
			rest = append(rest, fs.Args()...)
			break
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
	if len(rest) > most {
		return nil, usageError(fmt.Sprintf("one argument too many: %s", clip(rest[most])), "run: postern help "+c.cmd.name)
	}
	return rest, nil
}

// dashHint is the way out for a credential id that was taken for a flag: one in 64 begins with "-".
func dashHint(err error, args []string) string {
	_, name, unknown := strings.Cut(err.Error(), "not defined: -")
	single := slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-"+name) })
	if !unknown || !single || len(name) < 16 {
		return ""
	}
	return "; a credential id that begins with - stands last, after --"
}

// flagMessage turns the flag package's words into ours (two dashes, one sentence).
func flagMessage(err error) string {
	text := strings.TrimSpace(err.Error())
	text = strings.Replace(text, "flag provided but not defined: -", "there is no flag --", 1)
	text = strings.Replace(text, "for flag -", "for --", 1)
	text = strings.Replace(text, "flag needs an argument: -", "a value is missing after --", 1)
	return clipTo(text, 200)
}

// wantsJSON reports whether --json is on the command line; it is needed before the
// flags are parsed, because they may be what is wrong.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--":
			return false
		case "--json", "-json", "--json=true", "-json=true":
			return true
		}
	}
	return false
}

// clip shortens text from outside for a message and keeps it on one line.
func clip(text string) string { return clipTo(fmt.Sprintf("%q", text), 60) }

func clipTo(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
