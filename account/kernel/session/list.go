// All permissions of an account, as its chain has them.

package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// Permission is one that an account has or had.
type Permission struct {
	ID kernel.PermissionID
	// Status is where it stands. What remains is in it only if the contents are known.
	Status Status
	// Contents are what it was installed with; nil if nobody could tell, or if different
	// ones were found. They have the id, and what the account and its modules say of
	// signer and policies is the same. The rules of a call policy are not read: a session
	// key that hides what it was installed with can show other ones with the same id.
	Contents *kernel.Permission
	Grant    grant.Grant // of Contents
	// Policies are flag ‖ contract each, and Signer the signer's contract, as the
	// account has them; none once it is revoked.
	Policies [][22]byte
	Signer   common.Address
	// Words says whose it is, where it stands and what it may do.
	Words []string
}

// ListOption helps [List].
type ListOption func(*listOptions)

type listOptions struct {
	known []kernel.Permission
	style grant.Style
	clock func() time.Time
}

// WithKnown names permissions that the account may have, for nodes without logs and
// transactions, and such whose first operation was made in a way that hides them.
func WithKnown(p ...kernel.Permission) ListOption {
	return func(o *listOptions) { o.known = append(o.known, p...) }
}

// WithListStyle says how amounts and times are written in words.
func WithListStyle(s grant.Style) ListOption { return func(o *listOptions) { o.style = s } }

// ErrNoLogs is returned by List for a chain that gives no logs, where no permission is
// named to look for.
var ErrNoLogs = errors.New("session: this node gives no logs, in which the account's permissions would be found: use another one, or name the permissions")

// List finds the permissions of an account, newest first: by its events and
// operations on the chain, and those that are named. What it has of each is read
// from the account itself; what each may do from the transaction that installed it,
// if that has the permission's id. A node that hides logs can hide permissions; one
// that limits how much is asked gives a *[PartialError] beside what was found.
func List(ctx context.Context, ch account.Chain, acct *kernel.Account, opts ...ListOption) ([]Permission, error) {
	var o listOptions
	for _, f := range opts {
		f(&o)
	}
	r := reader{ch, acct.Address()}
	there, err := r.deployed(ctx)
	if err != nil || !there {
		return nil, err
	}
	found := newFindings()
	for _, p := range o.known {
		found.contents(p)
	}
	if node, ok := ch.(account.Node); ok {
		err = found.search(ctx, node, r.addr)
	} else if len(o.known) == 0 {
		err = ErrNoLogs
	}
	_, partial := errors.AsType[*PartialError](err)
	if err != nil && !partial {
		return nil, err
	}
	now, failed := clock(ctx, ch, o.clock)
	if failed != nil {
		return nil, failed
	}
	list, failed := r.list(ctx, acct.Version(), found, now, o.style)
	if failed != nil {
		return nil, failed
	}
	return list, err
}

// parallelReads is how many permissions are read at once.
const parallelReads = 4

func (r reader) list(ctx context.Context, v kernel.Version, found *findings, now uint64, style grant.Style) ([]Permission, error) {
	nonce, err := kernel.CurrentNonce(ctx, r.chain, r.addr)
	if err != nil {
		return nil, err
	}
	account := record{version: v, nonce: nonce}
	all := make([]*Permission, len(found.order))
	errs := make([]error, len(found.order))
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallelReads)
	for i, id := range found.order {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			all[i], errs[i] = r.one(ctx, id, found.byID[id], account, now, style)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var out []Permission
	for _, p := range all {
		if p != nil {
			out = append(out, *p)
		}
	}
	return out, nil
}

// one reads a candidate; nil if the account never had it.
func (r reader) one(ctx context.Context, id kernel.PermissionID, candidates []kernel.Permission, rec record, now uint64, style grant.Style) (*Permission, error) {
	var err error
	if rec.Installed, err = kernel.ReadInstalled(ctx, r.chain, r.addr, id.Validation()); err != nil {
		return nil, err
	}
	if !rec.Present && rec.Installed.Nonce == 0 {
		return nil, nil
	}
	fitting, err := r.fitting(ctx, id, candidates, rec, now)
	if err != nil {
		return nil, err
	}
	p := &Permission{ID: id, Policies: rec.Policies, Signer: rec.Signer}
	if len(fitting) == 1 {
		p.Contents, p.Grant, p.Status = fitting[0].permission, fitting[0].grant, fitting[0].status
	} else {
		p.Status = unknownStatus(id, rec, now)
	}
	p.Status.Deployed = true
	p.Status.Words = p.Status.words(p.Grant, style)
	p.Words = p.words(style, len(fitting) > 1)
	return p, nil
}

// content is what a permission may have been installed with, as nothing that the chain
// says contradicts it.
type content struct {
	permission *kernel.Permission
	grant      grant.Grant
	status     Status
}

// fitting drops candidates that the account or a module contradicts.
func (r reader) fitting(ctx context.Context, id kernel.PermissionID, candidates []kernel.Permission, rec record, now uint64) (out []content, err error) {
	for i := range candidates {
		c := content{permission: &candidates[i]}
		if c.grant, err = grantOf(candidates[i]); err != nil {
			continue
		}
		c.status, err = r.fits(ctx, id, c, rec, now)
		if _, mismatch := errors.AsType[*MismatchError](err); mismatch {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (r reader) fits(ctx context.Context, id kernel.PermissionID, c content, rec record, now uint64) (Status, error) {
	if rec.Present {
		if err := rec.matches(*c.permission); err != nil {
			return Status{}, err
		}
		if err := r.signerKey(ctx, id, c.permission.Signer); err != nil {
			return Status{}, err
		}
	}
	return r.status(ctx, id, c.grant, rec, now)
}

// unknownStatus is that of a permission whose contents nobody knows.
func unknownStatus(id kernel.PermissionID, rec record, now uint64) Status {
	st := Status{ID: id, Nonce: rec.nonce, Now: now, installed: rec.Present}
	st.Messages = rec.Present && rec.Flag&kernel.FlagNotMessages == 0 && (rec.Valid || invalidatedSigns(rec.version))
	switch {
	case !rec.Present:
		st.State = Revoked
	case !rec.Valid:
		st.State = Invalidated
	case !rec.Executes:
		st.State = Barred
	default:
		st.State = Enabled
	}
	return st
}

// grantOf is a permission in the words of package grant.
func grantOf(p kernel.Permission) (grant.Grant, error) {
	g := grant.Grant{Flag: grant.Flag(p.Flag)}
	for i, e := range p.Policies {
		policy, err := grant.DecodeKernelEntry(e)
		if err != nil {
			return grant.Grant{}, fmt.Errorf("session: policy %d: %w", i+1, err)
		}
		g.Policies = append(g.Policies, policy)
	}
	return g, nil
}

func (p *Permission) words(style grant.Style, several bool) []string {
	if p.Contents == nil {
		why := "of which no transaction was found that tells whose it is"
		if several {
			why = "for which different contents were found, so that nobody can tell which of them it has: somebody wants to deceive you"
		}
		out := append([]string{fmt.Sprintf("Permission %s, %s.", p.ID, why)}, p.Status.Words...)
		if len(p.Policies) > 0 {
			names := make([]string, len(p.Policies))
			for i, e := range p.Policies {
				names[i] = contractWords(common.Address(e[2:]))
			}
			out = append(out, "Its policies: "+strings.Join(names, ", ")+".")
		} else if p.Status.installed {
			out = append(out, "It has no policies: it may do everything.")
		}
		return out
	}
	out := append([]string{fmt.Sprintf("Permission %s for %s.", p.ID, signerWords(p.Contents.Signer))}, p.Status.Words...)
	return append(out, grant.Words(p.Grant, style)...)
}

// contractWords names a policy by its contract.
func contractWords(a common.Address) string {
	for _, c := range grant.KernelContracts() {
		if c.Address == a {
			return strings.TrimSpace(string(c.Kind) + " " + c.Version)
		}
	}
	return "the unknown " + a.Hex()
}
