package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/tableserver"
)

const tableVerifyAbout = `
Says whether a file is the table of a key, all of it and nothing else, by computing the table
again. The file holds bytes, hex, or JSON with a member code or bytecode; - is standard input.

  postern table verify table.bin 0x3f5a… 0xea04…
  postern table verify 0x3f5a… 0xea04… --from https://tables.example --format 1k

Without x and y the key that the table itself names is taken: that proves the table, not that
the key is yours. Exit code 0: it is the table; 1: it is not, and the first difference is named.`

const tableInspectAbout = `
Says what a file that may be a table says of itself: format, key, sizes, code hash. It checks the
form and that every point is on the curve, and then whether the table is right for that key.`

func runTableVerify(ctx context.Context, c *call) error {
	fs := c.newFlags()
	from := fs.String("from", "", "`URL` of a table server, in place of a file")
	format := fs.String("format", "4k", "with --from: "+formatUsage)
	timeout := fs.Duration("timeout", 10*time.Second, "with --from: time to wait")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 3)
	if err != nil {
		return err
	}
	if *from != "" {
		f, err := parseTableFormat(*format)
		if err != nil {
			return err
		}
		k, err := parseKeyArgs(rest)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		code, err := tableserver.Get(ctx, http.DefaultClient, *from, f, k)
		if err != nil {
			return tableError(err)
		}
		return c.verified(code, true, *asJSON)
	}
	if len(rest) != 1 && len(rest) != 3 {
		return usageError("a file is needed, and the key's x and y if they are known", "postern table verify table.bin 0x… 0x…")
	}
	code, err := c.readTableFile(rest[0])
	if err != nil {
		return err
	}
	if len(rest) == 3 {
		k, err := parseKeyArgs(rest[1:])
		if err != nil {
			return err
		}
		t, err := p256table.Parse(code)
		if err != nil {
			return tableError(err)
		}
		if t.Key != k {
			return failf("wrong-table", "do not use it; build the table of your key", "this is the table of another key, %s", t.Key)
		}
	}
	return c.verified(code, len(rest) == 3, *asJSON)
}

// verified computes the table again and prints what it is.
func (c *call) verified(code []byte, keyGiven, asJSON bool) error {
	info, err := infoOf(code)
	if err != nil {
		return err
	}
	if err := info.verify(code); err != nil {
		return tableError(err)
	}
	if asJSON {
		return printJSON(c.stdout, info)
	}
	p := painter(c.stdout)
	fmt.Fprintln(c.stdout, p.green("This is the table of the key, every byte of it."))
	c.printTable(info)
	if !keyGiven {
		fmt.Fprintln(c.stdout, "The key is the one that the table names. Is it yours?")
	}
	return nil
}

// verify computes the table again; the answer is in the info, the difference the error.
func (info *tableInfo) verify(code []byte) error {
	t, err := p256table.Parse(code)
	if err == nil {
		err = p256table.Verify(t.Format, t.Key, code)
	}
	right := err == nil
	info.Verified = &right
	return err
}

func runTableInspect(_ context.Context, c *call) error {
	fs := c.newFlags()
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError("a file is needed", "postern table inspect table.bin")
	}
	code, err := c.readTableFile(rest[0])
	if err != nil {
		return err
	}
	info, err := infoOf(code)
	if err != nil {
		return err
	}
	wrong := info.verify(code)
	if wrong != nil {
		info.Reason = sentence(wrong)
	}
	if *asJSON {
		if err := printJSON(c.stdout, info); err != nil {
			return err
		}
	} else {
		c.printTable(info)
		p := painter(c.stdout)
		if wrong == nil {
			fmt.Fprintln(c.stdout, p.green("The table is right for this key."))
		} else {
			fmt.Fprintf(c.stdout, "%s %s\n", p.red("The table is wrong:"), plain(info.Reason))
		}
	}
	if wrong != nil {
		return errWrong
	}
	return nil
}
