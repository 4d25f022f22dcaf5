package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
)

// chains are the chain of --rpc and those of --also.
type chains struct{ also repeated }

func (f *chains) flags(fs *flag.FlagSet) {
	fs.Var(&f.also, "also", "node's `URL` of one more chain; may be repeated")
}

// connect opens the ways to all chains, the first one first.
func (f *chains) connect(n *network) ([]*connection, error) {
	var out []*connection
	for i, url := range append([]string{n.rpc}, f.also...) {
		one := *n
		if i > 0 {
			one.rpc, one.bundler, one.chainID = url, "", ""
			if url == "" {
				return nil, usageError("--also needs a URL", "it starts with http:// or https://")
			}
		}
		conn, err := one.connect()
		if err != nil {
			return nil, err
		}
		if i > 0 { // $POSTERN_BUNDLER is the first chain's
			if conn.Bundler, err = one.dialOwn(url); err != nil {
				return nil, err
			}
		}
		out = append(out, conn)
	}
	return out, nil
}

// targets are the account on all chains.
func (s *kernelSpec) targets(ctx context.Context, conns []*connection) ([]session.Target, error) {
	out := make([]session.Target, len(conns))
	for i, conn := range conns {
		id, err := conn.onChain(ctx)
		if err != nil {
			return nil, err
		}
		for _, before := range out[:i] {
			if before.ChainID.Cmp(id) == 0 {
				return nil, usageError(fmt.Sprintf("chain %v is named twice", id), "each chain once, by --rpc and --also")
			}
		}
		acct, err := s.account(ctx, conn.Chain)
		if err != nil {
			return nil, explainKernel(err, s)
		}
		acct = s.withFactory(acct)
		if !acct.Version().V3() {
			return nil, &kernel.UnsupportedError{Version: acct.Version(), What: "has no session keys", Way: "upgrade the account to 0.3.x, or make a new one: postern kernel create"}
		}
		out[i] = session.Target{Chain: conn.Chain, ChainID: id, Account: acct}
	}
	return out, nil
}

// withFactory is the account with what deploys it, where that is known and the owner is
// still the first one: the SDK's document tells owner and version by it.
func (s *kernelSpec) withFactory(acct *kernel.Account) *kernel.Account {
	if s.Create == nil {
		return acct
	}
	made, err := s.Create.account()
	if err != nil || made.Address() != acct.Address() || made.Version() != acct.Version() || made.RootContract() != acct.RootContract() {
		return acct
	}
	owner, key := rootOf(made.Root())
	if o, k := rootOf(acct.Root()); o != owner || k != key {
		return acct
	}
	return made
}

// approverOn is how the owner is asked, for all chains at once: by what every one of them has.
func (s *kernelSpec) approverOn(ctx context.Context, targets []session.Target) (kernel.Approver, error) {
	by, err := s.approver(targets[0].Account)
	if err != nil {
		return nil, err
	}
	p, ok := by.(kernel.PasskeyApprover)
	if !ok {
		return by, nil
	}
	p.UsePrecompiled = true
	for _, t := range targets {
		has, err := hasP256(ctx, t.Chain)
		if err != nil {
			return nil, err
		}
		p.UsePrecompiled = p.UsePrecompiled && has
	}
	return p, nil
}
