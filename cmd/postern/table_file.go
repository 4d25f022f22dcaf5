package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/p256table"
)

// maxTableFile is enough for the largest table as hex in JSON.
const maxTableFile = 64 << 10

// readTableFile reads a table from a file, or standard input for "-": as bytes, as hex, or as JSON with a
// member code or bytecode; creation code (--init-code) is taken for the table in it.
func (c *call) readTableFile(path string) ([]byte, error) {
	r := c.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, maxTableFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the table: %w", err)
	}
	if len(b) > maxTableFile {
		return nil, failf("no-table", "a table has at most 16 KB", "the file is too large for a table: more than %d bytes", maxTableFile)
	}
	return innerTable(tableBytes(b)), nil
}

// tableBytes undoes JSON and hex where there is any.
func tableBytes(b []byte) []byte {
	text := bytes.TrimSpace(b)
	var v struct{ Code, Bytecode string }
	if len(text) > 0 && text[0] == '{' && json.Unmarshal(text, &v) == nil {
		text = []byte(or(v.Code, v.Bytecode))
	}
	if raw, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x")); err == nil && len(raw) > 0 {
		return raw
	}
	return b
}

// innerTable undoes InitCode.
func innerTable(b []byte) []byte {
	empty, err := p256table.InitCode([]byte{0})
	if head := len(empty) - 1; err == nil && len(b) > head {
		if init, err := p256table.InitCode(b[head:]); err == nil && bytes.Equal(init, b) {
			return b[head:]
		}
	}
	return b
}

// infoOf describes a table that has the form of one.
func infoOf(code []byte) (tableInfo, error) {
	t, err := p256table.Parse(code)
	if err != nil {
		return tableInfo{}, tableError(err)
	}
	x, y := t.Key.X(), t.Key.Y()
	return tableInfo{
		Format: t.Format.String(), X: hexutil.Encode(x[:]), Y: hexutil.Encode(y[:]), Points: t.Format.Points(),
		Bytes: len(code), Gas: 200 * len(code), CodeHash: crypto.Keccak256Hash(code).Hex(),
	}, nil
}

func (c *call) printTable(info tableInfo) {
	row := func(name, value string) { fmt.Fprintf(c.stdout, "  %-10s %s\n", name, plain(value)) }
	row("format", fmt.Sprintf("%s: %d points, %d bytes, %d gas for the code", info.Format, info.Points, info.Bytes, info.Gas))
	row("key x", info.X)
	row("key y", info.Y)
	row("code hash", info.CodeHash)
	if info.File != "" {
		row("written to", info.File)
	}
}
