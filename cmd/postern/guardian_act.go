package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/recovery"
)

// A guardianAct is something done about an account's guardians: by the account, or by anybody.
type guardianAct struct {
	accountAct
	namesPath string

	names *nameBook
	state *guardian.State
	now   time.Time // of the chain
}

func (a *guardianAct) flags(fs *flag.FlagSet) {
	a.accountAct.flags(fs)
	fs.StringVar(&a.namesPath, "names", "", "setup `file` with the names of guardians and tiers")
}

// open reads the account and where its recovery stands.
func (a *guardianAct) open(ctx context.Context, verb string, rest []string) error {
	var err error
	if a.names == nil {
		if a.names, err = openNames(a.namesPath); err != nil {
			return err
		}
	}
	if err := a.accountAct.open(ctx, "", rest); err != nil {
		f := explain(err)
		if f.Message == whichAccount {
			f.Hint = "postern guardian " + verb + " 0x…, or --key FILE, or --public-key with --salt"
		}
		return f
	}
	return a.look(ctx)
}

// look reads where the account's recovery stands now.
func (a *guardianAct) look(ctx context.Context) error {
	var err error
	if a.state, err = guardian.At(ctx, a.conn.Chain, a.acct.Address()); err != nil {
		return err
	}
	a.now, err = chainTime(ctx, a.conn)
	return err
}

// standing refuses an account that nobody guards.
func (a *guardianAct) standing() error {
	if !a.state.Setup.Empty() {
		return nil
	}
	return failf("no-guardians", "its owner sets them up: postern guardian setup FILE", "the account %s has no guardians on chain %s", a.acct.Address(), a.state.ChainID)
}

// guarded is what became of an action.
type guarded struct {
	Account string   `json:"account"`
	Does    string   `json:"does"`
	Next    string   `json:"next,omitempty"` // what is to be done then
	ReadyAt string   `json:"readyAt,omitempty"`
	Receipt *receipt `json:"receipt,omitempty"` // of an operation
	// Of a transaction, and of --call.
	TxHash *common.Hash    `json:"txHash,omitempty"`
	Gas    uint64          `json:"gasUsed,omitempty"`
	To     *common.Address `json:"to,omitempty"`
	Data   hexutil.Bytes   `json:"data,omitempty"`
}

// own makes the account's calls. after says what has become of it, read from the chain.
func (a *guardianAct) own(ctx context.Context, does string, calls []account.Call, after func(*guarded)) error {
	switch {
	case a.show:
		return usageError("--call is for what anybody may send", "this is the account's own affair: --key FILE, or --public-key with --out")
	case a.ownerKey != "" || a.passkey.IsZero():
		return errAccountOnly
	}
	r, err := a.operate(ctx, calls)
	if err != nil || r == nil {
		return err
	}
	if !r.Success {
		return a.call.printReceipt(r, a.json)
	}
	if !a.json {
		if err := a.call.printReceipt(r, false); err != nil {
			return err
		}
	}
	return a.tell(ctx, &guarded{Account: a.acct.Address().Hex(), Does: does, Receipt: wireReceipt(r)}, after)
}

// anybody sends a call that anybody may make: as an operation of the account, or as a
// transaction of somebody who pays.
func (a *guardianAct) anybody(ctx context.Context, does string, open account.Call, after func(*guarded)) error {
	out := &guarded{Account: a.acct.Address().Hex(), Does: does}
	switch {
	case a.show:
		out.To, out.Data = &open.To, open.Data
		return a.call.printCall(out, a.json)
	case !a.passkey.IsZero() && a.ownerKey == "":
		return a.own(ctx, does, []account.Call{open}, after)
	}
	words, ok := guardian.DescribeCall(a.acct.Address(), open)
	if !ok {
		words = does
	}
	tx, err := a.transact(ctx, upperFirst(words), open)
	if err != nil {
		return err
	}
	out.TxHash, out.Gas = &tx.Hash, uint64(tx.GasUsed)
	return a.tell(ctx, out, after)
}

// printCall prints what anybody may send, in place of sending it.
func (c *call) printCall(out *guarded, asJSON bool) error {
	if asJSON {
		return printJSON(c.stdout, out)
	}
	fmt.Fprintf(c.stdout, "%s\nSend this from any account:\n  to        %s\n  data      %s\n", plain(upperFirst(out.Does)), out.To.Hex(), out.Data)
	return nil
}

func (a *guardianAct) tell(ctx context.Context, out *guarded, after func(*guarded)) error {
	if after != nil {
		if err := a.look(ctx); err != nil {
			return err
		}
		after(out)
	}
	return a.call.printGuarded(out, a.json)
}

// printGuarded ends an action about guardians.
func (c *call) printGuarded(out *guarded, asJSON bool) error {
	if asJSON {
		return printJSON(c.stdout, out)
	}
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "%s %s\n", p.green("done:"), plain(out.Does))
	if out.TxHash != nil {
		fmt.Fprintf(c.stdout, "  gas       %d\n  in        %s\n", out.Gas, out.TxHash.Hex())
	}
	if out.Next != "" {
		fmt.Fprintf(c.stdout, "next: %s\n", plain(out.Next))
	}
	return nil
}

// ready says when something can be done, as the chain counts.
func (a *guardianAct) ready(out *guarded, at time.Time, next string) {
	out.ReadyAt = at.Format(time.RFC3339)
	out.Next = next
	if at.After(a.now) {
		out.Next = fmt.Sprintf("in %s, at %s: %s", recovery.Span(at.Sub(a.now)), moment(at), next)
	}
}

// timely refuses what the chain would refuse now because of its time.
func (a *guardianAct) timely(what string, s guardian.Stage, ready, expires time.Time, otherwise string) error {
	switch s {
	case guardian.Waiting:
		return failf("too-early", "wait; on a development chain: postern skip "+recovery.Span(ready.Sub(a.now)), "%s waits for %s more, until %s", what, recovery.Span(ready.Sub(a.now)), moment(ready))
	case guardian.Expired:
		return failf("expired", otherwise, "%s is void since %s", what, moment(expires))
	}
	return nil
}
