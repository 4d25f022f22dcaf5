// What a chain and a bundler can do, found out before anyone is asked to sign.

package bundler

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/sync/errgroup"

	"github.com/postern-dev/postern/userop"
)

// Create2Factory is the deterministic deployment proxy that accounts' factories
// are deployed with; its code has this hash on every chain.
var Create2Factory = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

var create2FactoryHash = crypto.Keccak256Hash(common.FromHex(
	"0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"))

// Contract is what stands at an address.
type Contract struct {
	Name     string         `json:"name"`
	Address  common.Address `json:"address"`
	Deployed bool           `json:"deployed"`
	CodeHash common.Hash    `json:"codeHash,omitzero"` // keccak256 of the code
	// Bundler tells whether the bundler takes operations for this EntryPoint; nil
	// when there is no bundler or the contract is no EntryPoint.
	Bundler *bool `json:"bundler,omitempty"`
}

// Capabilities is the outcome of [Probe].
type Capabilities struct {
	ChainID        *big.Int   `json:"chainId"`
	P256           P256       `json:"p256verify"`
	EntryPoints    []Contract `json:"entryPoints"` // 0.6 to 0.9
	Create2Factory Contract   `json:"create2Factory"`
	Contracts      []Contract `json:"contracts,omitempty"` // that the caller named
	// Problems lists, in words, what will get in the way.
	Problems []string `json:"problems,omitempty"`
}

// Supports tells whether operations for ep can be sent.
func (c *Capabilities) Supports(ep userop.EntryPoint) bool {
	for _, e := range c.EntryPoints {
		if e.Address == ep.Address() {
			return e.Deployed && (e.Bundler == nil || *e.Bundler)
		}
	}
	return false
}

// Named is a contract to look for in [Probe].
type Named struct {
	Name    string
	Address common.Address
}

// Probe asks a node, and a bundler unless b is nil, what they can do: whether
// P256VERIFY really tells good signatures from bad ones, which EntryPoints and
// factories have code, and which EntryPoints the bundler serves. What is missing
// is in the result; the error says that somebody could not be asked.
func Probe(ctx context.Context, c *Chain, b *Client, also ...Named) (*Capabilities, error) {
	out := &Capabilities{
		Create2Factory: Contract{Name: "CREATE2 factory", Address: Create2Factory},
		Contracts:      make([]Contract, len(also)),
	}
	for _, ep := range userop.EntryPoints() {
		out.EntryPoints = append(out.EntryPoints, Contract{Name: "EntryPoint " + ep.Version(), Address: ep.Address()})
	}
	look := []*Contract{&out.Create2Factory}
	for i := range out.EntryPoints {
		look = append(look, &out.EntryPoints[i])
	}
	for i, n := range also {
		out.Contracts[i] = Contract{Name: n.Name, Address: n.Address}
		look = append(look, &out.Contracts[i])
	}
	var (
		p256Why   string
		bundlerID *big.Int
		served    []common.Address
	)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	g.Go(func() (err error) { out.ChainID, err = c.ChainID(gctx); return err })
	g.Go(func() (err error) { out.P256, p256Why, err = probeP256(gctx, c); return err })
	if b != nil {
		g.Go(func() (err error) { bundlerID, err = b.ChainID(gctx); return err })
		g.Go(func() (err error) { served, err = b.SupportedEntryPoints(gctx); return err })
	}
	for _, k := range look {
		g.Go(func() error {
			code, err := c.Code(gctx, k.Address)
			if err == nil && len(code) > 0 {
				k.Deployed, k.CodeHash = true, crypto.Keccak256Hash(code)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("probe the chain: %w", err)
	}
	if b != nil {
		for i := range out.EntryPoints {
			yes := slices.Contains(served, out.EntryPoints[i].Address)
			out.EntryPoints[i].Bundler = &yes
		}
	}
	out.judge(bundlerID, p256Why)
	return out, nil
}

// judge puts in words what will get in the way.
func (c *Capabilities) judge(bundlerID *big.Int, p256Why string) {
	problem := func(format string, args ...any) { c.Problems = append(c.Problems, fmt.Sprintf(format, args...)) }
	if bundlerID != nil && bundlerID.Cmp(c.ChainID) != 0 {
		problem("the bundler is on chain %s, the node on chain %s", bundlerID, c.ChainID)
	}
	if c.P256 == P256Untrusty {
		problem("P256VERIFY at %s must not be relied on: %s", P256Address, p256Why)
	}
	usable := false
	for _, e := range c.EntryPoints {
		usable = usable || e.Deployed && (e.Bundler == nil || *e.Bundler)
		if !e.Deployed && e.Bundler != nil && *e.Bundler {
			problem("the bundler claims to serve %s, which has no code on this chain", e.Name)
		}
	}
	if !usable {
		problem("no EntryPoint can be used")
	}
	switch f := c.Create2Factory; {
	case !f.Deployed:
		problem("there is no CREATE2 factory at %s: accounts' factories cannot be deployed at their usual addresses", f.Address)
	case f.CodeHash != create2FactoryHash:
		problem("the contract at %s is not the usual CREATE2 factory", f.Address)
	}
	for _, k := range c.Contracts {
		if !k.Deployed {
			problem("%s has no code at %s", k.Name, k.Address)
		}
	}
}
