package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/postern-dev/postern/p256table"
)

const tableAbout = `
The table of a P-256 key makes its signatures cheaper to verify on chains without P256VERIFY.
It is the code of a contract that nobody calls: multiples of the public key.

  postern table build X Y          compute it; many keys with --keys FILE
  postern table verify FILE X Y    is this the table of that key, all of it?
  postern table deploy X Y         have it computed on chain, where verifiers look for it
  postern table inspect FILE       what a file says of itself
  postern table serve              tables over HTTP

A table is computed from the key alone and anybody can compute it again, so whoever makes or
delivers it needs no trust, if it is verified. No secret is involved.

Formats: 512 bytes, 1k, 4k, 16k; larger ones cost more to deploy (200 gas per byte) and less to
verify with. fcl is the 16 KB table of FreshCryptoLib. The bytes: docs/formats.md.`

func tableCommand() command {
	return command{
		name: "table", summary: "compute, verify, deploy and serve the tables of P-256 keys",
		usage: "build|verify|deploy|inspect|serve …", about: tableAbout, run: runTable,
	}
}

func runTable(ctx context.Context, c *call) error {
	return c.dispatch(ctx, []verb{
		{"build", "<x> <y> | --keys <file> [--format 4k] [--out <file>] [--json]", tableBuildAbout, runTableBuild},
		{"verify", "<file> [<x> <y>] | <x> <y> --from <url> [--json]", tableVerifyAbout, runTableVerify},
		{"deploy", "<x> <y> [--format 4k] --owner-key <file> [--rpc URL] | --call [--json]", tableDeployAbout, runTableDeploy},
		{"inspect", "<file> [--json]", tableInspectAbout, runTableInspect},
		{"serve", "[--listen localhost:8081] [--json]", tableServeAbout, runTableServe},
	})
}

const formatUsage = "`layout` of the table: 512, 1k, 4k, 16k or fcl"

// tableInfo is what is said of a table.
type tableInfo struct {
	Format   string `json:"format"`
	X        string `json:"x"`
	Y        string `json:"y"`
	Points   int    `json:"points"`
	Bytes    int    `json:"bytes"`
	Gas      int    `json:"depositGas"` // 200 per byte of code
	CodeHash string `json:"codeHash"`   // keccak256, as EXTCODEHASH gives it
	Verified *bool  `json:"verified,omitempty"`
	Reason   string `json:"reason,omitempty"` // why not
	File     string `json:"file,omitempty"`
	Code     string `json:"code,omitempty"`
}

// tableError gives errors of p256table the words of the command line.
func tableError(err error) error {
	e, ok := errors.AsType[*p256table.Error](err)
	if !ok {
		return err
	}
	code := "bad-key"
	switch e.Cause {
	case p256table.ErrFormat:
		return usageError("there is no such table format: "+e.Seen, e.Hint())
	case p256table.ErrDifferent:
		code = "wrong-table"
	case p256table.ErrNoTable:
		code = "no-table"
	}
	return &failure{Code: code, Message: sentence(err), Hint: e.Hint(), exit: exitFailure, cause: err}
}

// parseKeyArgs reads the two coordinates.
func parseKeyArgs(args []string) (p256table.Key, error) {
	if len(args) != 2 {
		return p256table.Key{}, usageError("a key has two coordinates", "give x and y: 64 hex digits each")
	}
	k, err := p256table.ParseKey(args[0], args[1])
	if err != nil {
		return k, tableError(fmt.Errorf("the key: %w", err))
	}
	return k, nil
}

func parseTableFormat(name string) (p256table.Format, error) {
	f, err := p256table.ParseFormat(name)
	if err != nil {
		return 0, tableError(err)
	}
	return f, nil
}
