package main

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

const grantListAbout = `
All session keys of an account, newest first, as the chain has them: where each stands, what
it may do, what is left. They are found by the account's events and operations; what each may
do comes from the operation that installed it. An approval that was never used leaves no
trace on the chain, so it is not in the list: name its file by --approval.

  postern grant list 0x… --rpc URL`

func grantList() verb {
	return verb{name: "list", usage: "<address|account.json> --rpc URL [flags]", about: grantListAbout, run: runGrantList}
}

// listed is what list prints.
type listed struct {
	Account     string             `json:"account"`
	ChainID     string             `json:"chainId"`
	Permissions []listedPermission `json:"permissions"`
	Partial     string             `json:"partial,omitempty"` // why some may be missing
}

type listedPermission struct {
	Permission string    `json:"permissionId"`
	Key        string    `json:"sessionKey,omitempty"`
	Known      bool      `json:"contentsKnown"`
	Words      []string  `json:"words"`
	Status     *standing `json:"status"`
}

func runGrantList(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var n network
	n.flags(fs)
	var f readFlags
	f.flags(fs)
	address := fs.String("account", "", "the `account`, in place of the argument")
	var known repeated
	fs.Var(&known, "approval", "`file` of an approval that the account may have; may be repeated")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, err := c.parse(fs, 1)
	if err != nil {
		return err
	}
	spec, err := accountArgument(rest, *address, "postern grant list 0x…")
	if err != nil {
		return err
	}
	options, err := c.listOptions(known, &f)
	if err != nil {
		return err
	}
	conn, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	id, err := conn.onChain(ctx)
	if err != nil {
		return err
	}
	acct, err := spec.account(ctx, conn.Chain)
	if err != nil {
		return explainKernel(err, spec)
	}
	list, partial, err := listOn(ctx, conn, acct, options...)
	if err != nil {
		return err
	}
	out := &listed{Account: acct.Address().Hex(), ChainID: id.String(), Permissions: describePermissions(id, list)}
	if partial != nil {
		out.Partial = explain(partial).Message
	}
	if *asJSON {
		return printJSON(c.stdout, out)
	}
	c.printList(out)
	return nil
}

// listOptions are the style of words, and the permissions of approvals that are named.
func (c *call) listOptions(files []string, f *readFlags) ([]session.ListOption, error) {
	var known []kernel.Permission
	var labels approvals
	for _, file := range files {
		p, _, err := c.permissionIn(file, f, &labels)
		if err != nil {
			return nil, err
		}
		known = append(known, p)
	}
	style, err := labels.style(f.zone)
	return []session.ListOption{session.WithListStyle(style), session.WithKnown(known...)}, err
}

// permissionIn is the permission that an approval is for. How people wrote it is added to
// the labels: no chain knows the units of amounts.
func (c *call) permissionIn(file string, f *readFlags, labels *approvals) (p kernel.Permission, g grant.Grant, err error) {
	key, err := f.key()
	if err != nil {
		return p, g, err
	}
	a, _, err := c.readApproval([]string{file}, f)
	if err != nil {
		return p, g, err
	}
	defer a.wipe()
	d, err := a.forKey(key)
	if err != nil {
		return p, g, err
	}
	labels.label.Zone = or(labels.label.Zone, a.label.Zone)
	for _, t := range a.label.Tokens {
		if !slices.ContainsFunc(labels.label.Tokens, func(o grant.Token) bool { return o.Symbol == t.Symbol || o.Address == t.Address }) {
			labels.label.Tokens = append(labels.label.Tokens, t)
		}
	}
	p, g, err = d.Permission()
	return p, g, a.explain(err, f)
}

// listOn lists, and keeps apart that some may be missing.
func listOn(ctx context.Context, conn *connection, acct *kernel.Account, options ...session.ListOption) (list []session.Permission, partial, err error) {
	list, err = session.List(ctx, conn.Chain, acct, options...)
	if is[*session.PartialError](err) {
		return list, err, nil
	}
	return list, nil, err
}

func describePermissions(chainID *big.Int, list []session.Permission) []listedPermission {
	out := make([]listedPermission, 0, len(list))
	for _, p := range list {
		one := listedPermission{Permission: p.ID.String(), Known: p.Contents != nil, Words: p.Words, Status: standingOf(chainID, p.Grant, &p.Status)}
		if p.Contents != nil {
			one.Key = signerText(p.Contents.Signer)
		}
		out = append(out, one)
	}
	return out
}

func (c *call) printList(out *listed) {
	p := painter(c.stdout)
	fmt.Fprintf(c.stdout, "session keys of %s on chain %s\n", p.bold(out.Account), out.ChainID)
	for _, one := range out.Permissions {
		state := p.green(one.Status.State)
		if !one.Status.Usable {
			state = p.dim(one.Status.State)
		}
		fmt.Fprintf(c.stdout, "%s %s\n", p.bold(one.Permission), state)
		for _, line := range one.Words {
			fmt.Fprintf(c.stdout, "  %s\n", plain(line))
		}
	}
	if len(out.Permissions) == 0 {
		fmt.Fprintln(c.stdout, "none")
	}
	if out.Partial != "" {
		fmt.Fprintf(c.stdout, "%s %s\n", p.yellow("beware:"), plain(out.Partial))
	}
}
