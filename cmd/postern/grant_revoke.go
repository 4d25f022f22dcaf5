package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
)

const grantRevokeAbout = `
Takes session keys back: by their permission ids, which postern grant list shows; by the file
of an approval, used or not; or all with --all, approvals that were never used among them.
The owner approves it, one operation on each chain. What is taken back is printed in words
first. The same grant to the same key cannot be given again.

  postern grant revoke 0x35204ada --account account.json --owner-key owner.json
  postern grant revoke approval.grant --account account.json --owner-key owner.json
  postern grant revoke --all --account account.json --owner-key owner.json --also URL

Several chains: --also URL for each. The owner is asked once for all of them if the root of
the account is a multi-chain validator, else once for each. A chain where there is nothing to
take back is passed over; one that fails does not stop the others, and the command can be run
again.`

func grantRevoke() verb {
	return verb{name: "revoke", usage: "<permission id|approval.grant>… | --all --account 0x… --owner-key FILE [flags]", about: grantRevokeAbout, run: runGrantRevoke}
}

// revokeFlags are those of revoke.
type revokeFlags struct {
	kernelFlags
	chains
	read readFlags
	all  bool
}

// revoked is what became of it on one chain.
type revoked struct {
	ChainID   string       `json:"chainId"`
	Took      []string     `json:"permissions,omitempty"` // ids
	Skipped   string       `json:"skipped,omitempty"`     // why nothing was done
	Operation *common.Hash `json:"userOpHash,omitempty"`
	Receipt   *receipt     `json:"receipt,omitempty"`
	Error     *failure     `json:"error,omitempty"`
}

func runGrantRevoke(ctx context.Context, c *call) error {
	fs := c.newFlags()
	var f revokeFlags
	f.kernelFlags.flags(fs)
	f.chains.flags(fs)
	fs.BoolVar(&f.all, "all", false, "everything that the account has, and every approval that was not used yet; other validators too")
	fs.StringVar(&f.read.passphrase, "passphrase", "", "`file` with the passphrase of the approval, or - for standard input (default $"+passphraseEnv+", else you are asked)")
	fs.StringVar(&f.read.session, "session", "", "session `key` of an approval of the SDK's that does not name it")
	fs.StringVar(&f.read.zone, "timezone", "", "`zone` for the times, beside UTC (default $TZ)")
	rest, err := c.parse(fs, 64)
	if err != nil {
		return err
	}
	what, err := f.what(c, rest)
	if err != nil {
		return err
	}
	spec, signer, err := f.spec(c)
	if err != nil {
		return err
	}
	conns, err := f.chains.connect(&f.network)
	if err != nil {
		return err
	}
	switch {
	case len(conns) > 1 && signer == nil:
		return usageError("the key that approves is not here, and several chains want it", "one chain after the other: without --also, with --out op.json")
	case len(conns) > 1 && (f.out != "" || !f.wait):
		return usageError("--out and --wait=false are for one chain", "leave them out, or run it for one chain after the other, without --also")
	}
	for _, conn := range conns {
		if err := f.payer.apply(conn); err != nil {
			return err
		}
	}
	if len(conns) > 1 {
		results, err := f.onMany(ctx, c, conns, spec, signer, what)
		if results == nil {
			return err
		}
		return f.conclude(c, results, err)
	}
	one, err := f.onOne(ctx, c, conns[0], spec, signer, what)
	return f.conclude(c, []*revoked{one}, err)
}

// conclude prints what became of it, as one value with --json.
func (f *revokeFlags) conclude(c *call, results []*revoked, failed error) error {
	switch {
	case len(results) == 1 && failed != nil:
		return failed
	case f.json:
		if results[0].Operation == nil && results[0].Skipped == "" && len(results) == 1 {
			return nil // written down for an owner elsewhere, and printed
		}
		if err := printJSON(c.stdout, map[string]any{"chains": results}); err != nil {
			return err
		}
	}
	if failed != nil {
		return errWrong
	}
	for _, r := range results {
		if r.Receipt != nil && !r.Receipt.Success {
			return errWrong
		}
	}
	return nil
}

// what is named by the arguments.
func (f *revokeFlags) what(c *call, rest []string) (*revoking, error) {
	if f.all == (len(rest) > 0) {
		return nil, usageError("what is to be taken back?", "postern grant revoke 0x35204ada --account 0x…, the file of an approval, or --all; postern grant list shows what there is")
	}
	out := &revoking{all: f.all}
	var labels approvals
	for _, arg := range rest {
		if id, ok := permissionID(arg); ok {
			out.ids = append(out.ids, id)
			continue
		}
		if strings.HasPrefix(arg, "0x") {
			return nil, usageError("no permission id: "+clip(arg), "0x and 8 hex digits, as postern grant list shows it")
		}
		p, g, err := c.permissionIn(arg, &f.read, &labels)
		if err != nil {
			return nil, err
		}
		out.permissions, out.grants = append(out.permissions, p), append(out.grants, g)
	}
	var err error
	out.style, err = labels.style(f.read.zone)
	return out, err
}

// find looks for what there is to take back on a chain, and says it. Without calls there is nothing.
func (f *revokeFlags) find(ctx context.Context, c *call, conn *connection, spec *kernelSpec, what *revoking) (out *revoked, acct *kernel.Account, calls []account.Call, err error) {
	out = &revoked{}
	id, err := conn.onChain(ctx)
	if err != nil {
		return out, nil, nil, err
	}
	out.ChainID = id.String()
	if acct, err = spec.account(ctx, conn.Chain); err != nil {
		return out, nil, nil, explainKernel(err, spec)
	}
	if err = what.possible(ctx, conn, acct); err != nil {
		return out, acct, nil, err
	}
	calls, words, err := what.on(ctx, conn, acct, out)
	if err != nil {
		return out, acct, nil, err
	}
	w := f.output(c)
	if len(calls) == 0 {
		fmt.Fprintf(w, "chain %s: %s\n", out.ChainID, out.Skipped)
	}
	for _, line := range words {
		fmt.Fprintln(w, plain(line))
	}
	return out, acct, calls, nil
}

// output is where words for people go.
func (f *revokeFlags) output(c *call) io.Writer {
	if f.json {
		return io.Discard
	}
	return c.stdout
}

// onOne takes back on one chain.
func (f *revokeFlags) onOne(ctx context.Context, c *call, conn *connection, spec *kernelSpec, signer localSigner, what *revoking) (*revoked, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	out, acct, calls, err := f.find(ctx, c, conn, spec, what)
	if err != nil || len(calls) == 0 {
		return out, err
	}
	auth, err := spec.authority(ctx, conn.Chain, acct)
	if err != nil {
		return out, err
	}
	p, r, err := c.operate(ctx, &f.actFlags, conn, spec, acct, auth, signer, calls)
	if err != nil || p == nil {
		return out, err
	}
	hash := p.Hash()
	out.Operation = &hash
	if r != nil {
		out.Receipt = wireReceipt(r)
	}
	if f.json {
		return out, nil
	}
	return out, ignoreWrong(c.printOutcome(p, r, false))
}

// ignoreWrong leaves it to conclude that a result is a bad one.
func ignoreWrong(err error) error {
	if errors.Is(err, errWrong) {
		return nil
	}
	return err
}
