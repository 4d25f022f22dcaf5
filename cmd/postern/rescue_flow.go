package main

import (
	"context"
	"fmt"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/rescue"
)

// openFlow opens the account of Flow that --account names, with the keys at hand.
func (f *rescueFlags) openFlow(ctx context.Context, c *call) (*access.Client, *rescue.FlowAccount, error) {
	if f.account == "" {
		return nil, nil, usageError("which account of Flow?", "--account 0x and 16 digits; accounts of a public key: a block explorer, or Flow's key indexer")
	}
	if len(f.tokens) > 0 {
		return nil, nil, usageError("--token is for tokens of other chains", "on Flow FLOW alone is moved here")
	}
	addr, err := flow.ParseAddress(f.account)
	if err != nil {
		return nil, nil, err
	}
	client, err := access.New(f.flow)
	if err != nil {
		return nil, nil, err
	}
	if err := f.rescueSigners.open(ctx, c); err != nil {
		return nil, nil, err
	}
	a, err := rescue.OpenFlow(ctx, client, addr, f.opened...)
	return client, a, err
}

func flowAmount(units uint64) string { return fmt.Sprintf("%d.%08d FLOW", units/1e8, units%1e8) }

func (f *rescueFlags) findFlow(ctx context.Context, c *call) error {
	_, a, err := f.openFlow(ctx, c)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(c.stdout, map[string]any{"address": a.Address.String(), "balance": flowAmount(a.Balance), "weight": a.Weight, "keys": len(a.Keys)})
	}
	fmt.Fprintf(c.stdout, "%s  Flow\n  %s\n  %d keys at hand, of weight %d\n", a.Address.String(), flowAmount(a.Balance), len(a.Keys), a.Weight)
	return nil
}

func (f *rescueAct) moveFlow(ctx context.Context, c *call, target string) error {
	f.approvalFlags.json = f.rescueFlags.json
	to, err := flow.ParseAddress(target)
	if err != nil {
		return err
	}
	client, a, err := f.openFlow(ctx, c)
	if err != nil {
		return err
	}
	if to == a.Address {
		return usageError("--to is the account itself", "name another address that is yours")
	}
	tx, err := a.Move(ctx, client, to, 0)
	if err != nil {
		return err
	}
	if !f.rescueFlags.json {
		fmt.Fprintf(c.stdout, "Send all FLOW of %s, which holds %s, to %s\n", a.Address.String(), flowAmount(a.Balance), to.String())
	}
	if err := c.askBefore(ctx, f.approvalFlags); err != nil {
		return err
	}
	if err := a.Sign(ctx, tx); err != nil {
		return err
	}
	id, err := client.Send(ctx, tx)
	if err != nil {
		return err
	}
	if f.wait {
		if _, err := client.Wait(ctx, id); err != nil {
			return err
		}
	}
	if f.rescueFlags.json {
		return printJSON(c.stdout, map[string]any{"transaction": fmt.Sprintf("%x", id[:]), "sealed": f.wait})
	}
	fmt.Fprintf(c.stdout, "done\n  transaction  %x\n", id[:])
	return nil
}
