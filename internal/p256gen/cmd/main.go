// Command cmd writes the P-256 engines to contracts/p256, or searches for better schedules to write them with. Run it at
// the root of the module:
//
//	go run ./internal/p256gen/cmd
//	go run ./internal/p256gen/cmd search -seconds 60 -seed 7
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/p256gen"
)

func main() {
	run := func() error { return emit("contracts") }
	if len(os.Args) > 1 && os.Args[1] == "search" {
		run = func() error { return findSchedules(os.Args[2:]) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "p256gen:", err)
		os.Exit(1)
	}
}

func emit(contracts string) error {
	var slow common.Address
	file, err := os.ReadFile(filepath.Join(contracts, "out", "P256Slow.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintln(os.Stderr, "p256gen: no slow verifier is compiled: its address is left zero")
	case err != nil:
		return err
	default:
		if slow, err = p256gen.SlowAddress(file); err != nil {
			return err
		}
	}
	for _, a := range p256gen.Engines(slow) {
		path := filepath.Join(contracts, "p256", a.Name+".json")
		if err := os.WriteFile(path, a.JSON(), 0o644); err != nil {
			return err
		}
		fmt.Printf("%-14s %s %6d bytes\n", a.Name, a.Address, len(a.RuntimeCode))
	}
	return nil
}
