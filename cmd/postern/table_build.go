package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/p256table"
)

const tableBuildAbout = `
Computes the table of a key. Without --out it prints the code of the contract as hex and nothing
else; with it, the file gets the bytes.

  postern table build 0x3f5a… 0xea04…
  postern table build 0x3f5a… 0xea04… --format 1k --out table.bin
  postern table build --keys keys.txt --format 1k --out tables.ndjson

--keys reads a key per line, as two words or as {"x":"0x…","y":"0x…"}, and writes a line of JSON
per table, in the same order. A line that is no key is named on standard error and passed over; the
exit code is 1 then.`

func runTableBuild(ctx context.Context, c *call) error {
	fs := c.newFlags()
	format := fs.String("format", "4k", formatUsage)
	keys := fs.String("keys", "", "`file` with a key per line; - is standard input")
	out := fs.String("out", "", "`file` for the result, in place of standard output; it must not be there yet")
	init := fs.Bool("init-code", false, "creation code that deploys the table, in place of the table")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 2)
	if err != nil {
		return err
	}
	f, err := parseTableFormat(*format)
	if err != nil {
		return err
	}
	if *keys != "" {
		switch {
		case len(rest) > 0:
			return usageError("keys are given twice", "give x and y, or --keys")
		case *init:
			return usageError("--init-code is for one key", "leave it out, or give x and y")
		case *asJSON && *out == "":
			return usageError("many tables are no single JSON object", "give a file for the tables: --out tables.ndjson")
		}
		return c.buildMany(ctx, f, *keys, *out, *asJSON)
	}
	k, err := parseKeyArgs(rest)
	if err != nil {
		return err
	}
	return c.buildOne(f, k, *out, *init, *asJSON)
}

func (c *call) buildOne(f p256table.Format, k p256table.Key, out string, init, asJSON bool) error {
	code, err := p256table.Build(f, k)
	if err != nil {
		return tableError(err)
	}
	info, err := infoOf(code)
	if err != nil {
		return err
	}
	if init {
		if code, err = p256table.InitCode(code); err != nil {
			return tableError(err)
		}
	}
	if out != "" {
		if err := writeNew(out, code); err != nil {
			return err
		}
		info.File = out
	}
	switch {
	case asJSON:
		if out == "" {
			info.Code = hexutil.Encode(code)
		}
		return printJSON(c.stdout, info)
	case out != "":
		c.printTable(info)
		return nil
	}
	_, err = fmt.Fprintln(c.stdout, hexutil.Encode(code))
	return err
}
