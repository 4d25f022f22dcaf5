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
trace on the chain: name its file by --approval, and it is in the list too.

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
	var named approvedFiles
	defer named.wipe()
	options, err := named.read(c, known, &f)
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
	unused, err := named.unused(ctx, conn, acct, list, &f)
	if err != nil {
		return err
	}
	out.Permissions = append(unused, out.Permissions...)
	if partial != nil {
		out.Partial = explain(partial).Message
	}
	if *asJSON {
		return printJSON(c.stdout, out)
	}
	c.printList(out)
	return nil
}

// approvedFiles are the approvals that --approval names.
type approvedFiles struct {
	names []string
	list  []*approvals
}

func (l *approvedFiles) wipe() {
	for _, a := range l.list {
		a.wipe()
	}
}

// read opens the files. The list is made with their labels, and looks for their permissions.
func (l *approvedFiles) read(c *call, files []string, f *readFlags) ([]session.ListOption, error) {
	var known []kernel.Permission
	var labels approvals
	for _, file := range files {
		a, _, err := c.readApproval([]string{file}, f)
		if err != nil {
			return nil, err
		}
		l.names, l.list = append(l.names, file), append(l.list, a)
		p, _, err := a.permission(f, &labels)
		if err != nil {
			return nil, err
		}
		known = append(known, p)
	}
	style, err := labels.style(f.zone)
	return []session.ListOption{session.WithListStyle(style), session.WithKnown(known...)}, err
}

// unused are those of which the chain's list does not tell: they were approved, and not used.
func (l *approvedFiles) unused(ctx context.Context, conn *connection, acct *kernel.Account, list []session.Permission, f *readFlags) (out []listedPermission, err error) {
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	for i, a := range l.list {
		s, err := a.openSession(ctx, conn, key, f, "")
		if err != nil {
			return nil, err
		}
		if s.Address() != acct.Address() {
			return nil, failf("wrong-account", "leave it out, or list that account", "%s is for the account %s", l.names[i], s.Address())
		}
		if slices.ContainsFunc(list, func(p session.Permission) bool { return p.ID == s.ID() }) {
			continue
		}
		status, err := s.Status(ctx)
		if err != nil {
			return nil, err
		}
		who := signerText(s.Permission().Signer)
		words := slices.Concat([]string{fmt.Sprintf("Permission %s for %s.", s.ID(), who)}, status.Words, s.Words())
		out = append(out, listedPermission{Permission: s.ID().String(), Key: who, Known: true, Words: words, Status: standingOf(s.ChainID(), s.Grant(), &status)})
	}
	return out, nil
}

// permissionIn is the permission that an approval is for. How people wrote it is added to
// the labels: no chain knows the units of amounts.
func (c *call) permissionIn(file string, f *readFlags, labels *approvals) (p kernel.Permission, g grant.Grant, err error) {
	a, _, err := c.readApproval([]string{file}, f)
	if err != nil {
		return p, g, err
	}
	defer a.wipe()
	return a.permission(f, labels)
}

func (a *approvals) permission(f *readFlags, labels *approvals) (p kernel.Permission, g grant.Grant, err error) {
	key, err := f.key()
	if err != nil {
		return p, g, err
	}
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
