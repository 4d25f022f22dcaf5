// Verifiers of others, from npm: how they are compiled, and the way that costs least.

package gasreport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

// ErrMissing says that this machine lacks what peers are compiled with.
var ErrMissing = errors.New("the npm packages of other verifiers are not to be had here")

// Peers are the libraries of others, compiled; see interop/js/peers/compile.mjs.
type Peers struct {
	Solc      string            `json:"solc"`
	Packages  map[string]string `json:"packages"` // name → version
	Contracts map[string][]way  `json:"contracts"`
}

// way is one result of compiling a library.
type way struct {
	ViaIR             bool
	Runs              int
	Published         bool // compiled by its authors
	Creation, Runtime hexutil.Bytes
}

// CompilePeers compiles them, which takes a quarter of a minute. root is the module's.
func CompilePeers(ctx context.Context, root string) (*Peers, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("%w: Node.js is not installed", ErrMissing)
	}
	dir := filepath.Join(root, "interop", "js")
	for _, needed := range []string{dir, filepath.Join(root, "contracts")} {
		if _, err := os.Stat(filepath.Join(needed, "node_modules")); err != nil {
			return nil, fmt.Errorf("%w: run npm ci in %s", ErrMissing, needed)
		}
	}
	cmd := exec.CommandContext(ctx, node, "peers/compile.mjs")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("compile the verifiers of others: %w", err)
	}
	p := new(Peers)
	if err := json.Unmarshal(out, p); err != nil {
		return nil, fmt.Errorf("compile the verifiers of others: %w", err)
	}
	return p, nil
}

// peer is a library before it is known which way of compiling it is the cheapest.
type peer struct {
	Row
	contract string // as compile.mjs calls it
	npm      string // its package
	only     Rules
	place    func(c *chain, from *Peers, w way) (common.Address, error)
	data     func(c *chain, a *Assertion) ([]byte, error)
}

// best is the peer compiled in the way that costs least for a few signatures.
func (p *peer) best(from *Peers, few sample) (*verifier, error) {
	ways := from.Contracts[p.contract]
	if len(ways) == 0 {
		return nil, fmt.Errorf("%s: nothing was compiled", p.contract)
	}
	var best *verifier
	least, rules := uint64(0), Osaka
	var failure error
	for _, w := range ways {
		v := &verifier{Row: p.Row, only: p.only, data: p.data,
			place: func(c *chain) (common.Address, error) { return p.place(c, from, w) }}
		v.By = fmt.Sprintf("%s %s", p.npm, from.Packages[p.npm])
		v.Compiled = w.String()
		if p.only != "" {
			rules = p.only
		}
		used, _, err := v.run(rules, few)
		if err != nil {
			failure = err // some cannot be compiled in every way, and some are too large in one
			continue
		}
		if mean := summary(used).Mean; best == nil || mean < least {
			best, least = v, mean
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s: %w", p.Name, failure)
	}
	return best, nil
}

func (w way) String() string {
	switch {
	case w.Published:
		return "as published"
	case w.ViaIR:
		return "via IR, runs " + number(uint64(w.Runs))
	}
	return "runs " + number(uint64(w.Runs))
}
