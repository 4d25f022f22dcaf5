package main

import (
	"context"
	"strings"
)

// A verb is one action of a command that has several: postern <command> <verb>.
type verb struct {
	name, usage, about string
	run                func(ctx context.Context, c *call) error
}

// dispatch runs the verb that the first argument names.
func (c *call) dispatch(ctx context.Context, verbs []verb) error {
	names := make([]string, len(verbs))
	for i, v := range verbs {
		if names[i] = v.name; len(c.args) > 0 && c.args[0] == v.name {
			sub := *c
			sub.cmd = command{name: c.cmd.name + " " + v.name, usage: v.usage, about: v.about}
			sub.args = c.args[1:]
			return v.run(ctx, &sub)
		}
	}
	hint := "postern " + c.cmd.name + " " + strings.Join(names, "|")
	if len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-") {
		return usageError("there is no action "+clip(c.args[0]), hint)
	}
	fs := c.newFlags()
	fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError(c.cmd.name+" needs to know what to do", hint)
	}
	return usageError("there is no action "+clip(rest[0]), hint)
}
