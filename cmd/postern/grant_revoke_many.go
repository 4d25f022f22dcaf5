package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
)

// A manyChains is a revocation on several chains at once.
type manyChains struct {
	*revokeFlags
	c       *call
	results []*revoked
	targets []session.RevokeTarget
	of      []*revoked // those of targets
	failed  error      // the last one
	signed  bool       // the owner has approved something
}

// onMany takes back on several chains. The owner is asked once, if the account's root can be.
func (f *revokeFlags) onMany(ctx context.Context, c *call, conns []*connection, spec *kernelSpec, signer localSigner, what *revoking) ([]*revoked, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout*time.Duration(len(conns)))
	defer cancel()
	m := &manyChains{revokeFlags: f, c: c}
	options, err := f.payer.options(f.maxFee)
	if err != nil {
		return nil, err
	}
	var by kernel.Approver
	precompiled := true
	for i, conn := range conns {
		if !f.json {
			fmt.Fprintf(c.stderr, "chain %d of %d\n", i+1, len(conns))
		}
		out, acct, calls, err := f.find(ctx, c, conn, spec, what)
		m.results = append(m.results, out)
		if err == nil && len(calls) > 0 {
			by, err = m.add(ctx, conn, spec, acct, calls, &precompiled)
		}
		if err != nil {
			m.fail(out, err)
		}
	}
	if len(m.targets) == 0 {
		return m.results, m.failed
	}
	if p, ok := by.(kernel.PasskeyApprover); ok {
		p.UsePrecompiled = precompiled // of one signature for all, so all must have it
		by = p
	}
	approve := func(ctx context.Context, challenge account.Challenge) (account.Approval, error) {
		fmt.Fprintf(f.output(c), "challenge 0x%x\n", challenge.Digest[:])
		if err := c.askBefore(ctx, f.approvalFlags); err != nil {
			return account.Approval{}, err
		}
		a, err := signer.approve(challenge)
		m.signed = m.signed || err == nil
		return a, err
	}
	if err := session.RevokeMany(ctx, m.targets, by, approve, m.progress, options...); err != nil && m.failed == nil {
		m.failed = err
	}
	return m.results, m.failed
}

// add makes a chain one of those on which something is taken back.
func (m *manyChains) add(ctx context.Context, conn *connection, spec *kernelSpec, acct *kernel.Account, calls []account.Call, precompiled *bool) (kernel.Approver, error) {
	by, err := spec.approver(acct)
	if err != nil {
		return nil, err
	}
	if _, ok := by.(kernel.PasskeyApprover); ok && *precompiled {
		if *precompiled, err = hasP256(ctx, conn.Chain); err != nil {
			return nil, err
		}
	}
	client := conn.Client
	if client.ChainID, err = conn.onChain(ctx); err != nil {
		return nil, err
	}
	m.targets = append(m.targets, session.RevokeTarget{Client: client, Account: acct, Calls: calls})
	m.of = append(m.of, m.results[len(m.results)-1])
	return by, nil
}

// progress is told each step, one at a time.
func (m *manyChains) progress(p session.Progress) {
	out, w := m.of[p.Target], m.output(m.c)
	switch p.Step {
	case session.StepPrepared:
		for _, line := range splitLines(p.Summary.String()) {
			fmt.Fprintln(w, plain(line))
		}
		fmt.Fprintf(w, "operation %s\n", p.Hash)
	case session.StepDone:
		out.Operation, out.Receipt = &p.Hash, wireReceipt(p.Receipt)
		if !m.json {
			fmt.Fprintf(w, "chain %s:\n", p.ChainID)
			_ = m.c.printReceipt(p.Receipt, false)
		}
	case session.StepFailed:
		err := p.Err
		if m.signed && p.Hash != (common.Hash{}) {
			out.Operation = &p.Hash
			err = outcome(err, p.Hash, "")
		}
		m.fail(out, err)
	}
}

// fail notes that a chain failed, and says so.
func (m *manyChains) fail(out *revoked, err error) {
	out.Error, m.failed = explain(err), err
	if !m.json {
		if out.ChainID != "" {
			fmt.Fprintf(m.c.stderr, "chain %s:\n", out.ChainID)
		}
		report(err, false, m.c.stdout, m.c.stderr)
	}
}
