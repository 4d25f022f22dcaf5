package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/userop"
)

const opHashAbout = `
The hash of an operation: of bundler JSON, for every EntryPoint version whose form it has,
or of a prepared operation. It needs no network.

  postern op hash op.json --chain-id 8453 --entry-point 0.7`

func opHash() verb {
	return verb{name: "hash", usage: "[operation.json|-] [--chain-id N] [--entry-point V]", about: opHashAbout, run: runOpHash}
}

func runOpHash(_ context.Context, c *call) error {
	fs := c.newFlags()
	chain := fs.String("chain-id", "", "chain `id`; a prepared operation has its own")
	version := fs.String("entry-point", "", "EntryPoint `version`; without it every version that takes the form")
	asJSON := fs.Bool("json", false, "print one JSON object: hash by version")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	text, _, err := c.readArgument(rest)
	if err != nil {
		return err
	}
	w, err := parseWireOp(text, *version)
	if err != nil {
		return err
	}
	if *chain != "" {
		if w.chainID, err = parseChainID(*chain); err != nil {
			return err
		}
	}
	if w.chainID == nil {
		return usageError("the chain id is missing", "the hash depends on it: --chain-id 8453")
	}
	hashes := map[string]string{}
	for _, ep := range w.eps {
		hash, err := ep.Hash(w.op.Clone().Normalize(), w.chainID)
		if err != nil {
			return failf("no-hash", "", "no hash for EntryPoint %s: %w", ep.Version(), err)
		}
		hashes[ep.Version()] = hash.Hex()
	}
	if *asJSON {
		return printJSON(c.stdout, map[string]any{"chainId": w.chainID, "hashes": hashes})
	}
	if len(w.eps) == 1 {
		fmt.Fprintln(c.stdout, hashes[w.eps[0].Version()])
		return nil
	}
	for _, ep := range w.eps {
		fmt.Fprintf(c.stdout, "%s  EntryPoint %s\n", hashes[ep.Version()], ep.Version())
	}
	return nil
}

// A wireOp is an operation read from JSON, with what stood around it.
type wireOp struct {
	op      *userop.Op
	eps     []userop.EntryPoint // versions that take its form
	chainID *big.Int            // nil if not stated
}

// parseWireOp reads bundler JSON or a prepared operation.
func parseWireOp(text []byte, version string) (*wireOp, error) {
	var outer struct {
		Format   string          `json:"format"`
		Prepared json.RawMessage `json:"prepared"`
	}
	if json.Unmarshal(text, &outer) == nil && outer.Format == opFormat {
		var p struct {
			ChainID    *hexutil.Big    `json:"chainId"`
			EntryPoint common.Address  `json:"entryPoint"`
			Op         json.RawMessage `json:"op"`
		}
		if err := json.Unmarshal(outer.Prepared, &p); err != nil || p.ChainID == nil {
			return nil, failf("bad-file", "make it again with: postern op build", "the prepared operation is damaged")
		}
		w, err := parseWireOp(p.Op, p.EntryPoint.Hex())
		if err != nil {
			return nil, err
		}
		w.chainID = (*big.Int)(p.ChainID)
		return w, nil
	}
	eps := userop.EntryPoints()
	if version != "" {
		ep, err := parseEntryPoint(version)
		if err != nil {
			return nil, err
		}
		eps = []userop.EntryPoint{ep}
	}
	w := &wireOp{}
	var first error
	for _, ep := range eps {
		op, err := ep.UnmarshalOp(text)
		if err != nil {
			if first == nil || !strings.Contains(err.Error(), userop.ErrUnknown.Error()) {
				first = err
			}
			continue
		}
		w.op, w.eps = op, append(w.eps, ep)
	}
	if w.op == nil {
		return nil, failf("bad-operation", "for everything that is wrong with it: postern inspect FILE", "this is no operation: %s", strings.TrimPrefix(first.Error(), "user operation: "))
	}
	return w, nil
}

// one is the only version that the operation can be for.
func (w *wireOp) one() (userop.EntryPoint, error) {
	if len(w.eps) == 1 {
		return w.eps[0], nil
	}
	return nil, usageError("the form fits several EntryPoint versions", "say which: --entry-point 0.7")
}

func splitLines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }
