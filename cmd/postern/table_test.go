package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/core/vm/runtime"

	"github.com/postern-dev/postern/p256table"
)

// --init-code and the server's /precompute: what the chain keeps is the table, and a call of it does
// nothing.
func TestTheCreationCodeLeavesTheTable(t *testing.T) {
	k, err := p256table.ParseKey("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p256table.Formats() {
		table, err := p256table.Build(f, k)
		if err != nil {
			t.Fatal(err)
		}
		init, err := p256table.InitCode(table)
		if err != nil {
			t.Fatal(err)
		}
		code, _, _, err := runtime.Create(init, &runtime.Config{GasLimit: 5_000_000})
		if err != nil || !bytes.Equal(code, table) {
			t.Errorf("%v: %d bytes, %v", f, len(code), err)
		}
		if out, _, err := runtime.Execute(code, []byte{1, 2, 3, 4}, nil); err != nil || len(out) != 0 {
			t.Errorf("%v: a call answers %x, %v", f, out, err)
		}
	}
}

func TestProgressSaysHowMuchIsDone(t *testing.T) {
	for want, got := range map[string]string{
		"[" + strings.Repeat("#", 15) + strings.Repeat(".", 15) + "]  50%  2000 tables, 1000 per second": progressLine(500, 1000, 2000, 2*time.Second),
		"[" + strings.Repeat("#", 30) + "] 100%  1 tables, 1 per second":                                 progressLine(2000, 1000, 1, time.Second),
		"7 tables, 7000 per second": progressLine(99, 0, 7, 0),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestOnlyATerminalGetsProgress(t *testing.T) {
	var b strings.Builder
	p := newProgress(&b, 10)
	p.show(5, 1)
	p.clear()
	if b.Len() != 0 {
		t.Errorf("%q", b.String())
	}
}
