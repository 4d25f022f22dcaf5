package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postern-dev/postern/account/guardian"
)

const guardianJoinAbout = `
Lays together what the guardians have signed, each in a copy of the file. All must be about the same
message. Every signature is verified; those of contracts if a node is given.

  postern guardian join mum.json bob.json --out recovery.json`

func guardianJoin() verb {
	return verb{name: "join", usage: "<FILE> <FILE>… --out FILE [flags]", about: guardianJoinAbout, run: runGuardianJoin}
}

// maxJoined is more than any setup has guardians.
const maxJoined = 130

func runGuardianJoin(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	out := fs.String("out", "", "keep the result in this `file`")
	book := fs.String("names", "", "setup `file` with the names of guardians and tiers")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, maxJoined)
	switch {
	case err != nil:
		return err
	case len(rest) == 0:
		return usageError("which files?", "postern guardian join mum.json bob.json --out recovery.json")
	case *out == "":
		return usageError("--out is missing", "--out FILE keeps the result; it may be one of the files")
	}
	names, err := openNames(*book)
	if err != nil {
		return err
	}
	all, err := c.readCollected(rest[0])
	if err != nil {
		return err
	}
	for _, path := range rest[1:] {
		more, err := c.readCollected(path)
		if err != nil {
			return err
		}
		if err := all.Merge(more); errors.Is(err, guardian.ErrMessage) {
			return failf("wrong-file", "lay together copies of one request; what a file is: postern inspect "+path, "%s is about something else than %s", clip(path), clip(rest[0]))
		} else if err != nil {
			f := explain(err)
			f.Message = path + ": " + f.Message
			return f
		}
	}
	if n.rpc != "" {
		conn, err := n.connect()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, n.timeout)
		defer cancel()
		if err := all.VerifyOn(ctx, conn.Chain); err != nil {
			return err
		}
	}
	if err := c.writeCollected(*out, all); err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.stdout, statusOf(all, names, time.Now()))
	}
	c.printLines(names.words(all))
	c.printWarnings(all, time.Now())
	c.printStatus(all, names)
	fmt.Fprintf(c.stdout, "kept in %s\n", plain(*out))
	return nil
}
