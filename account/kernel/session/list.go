// All permissions of an account, as its chain has them.

package session

import (
	"context"
	"errors"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// Permission is one that an account has or had.
type Permission struct {
	ID kernel.PermissionID
	// Status is where it stands. What remains is in it only if the contents are known.
	Status Status
	// Contents are what it was installed with; nil if nobody could tell. They have
	// the id, and what the account says of signer and policies is the same.
	Contents *kernel.Permission
	Grant    grant.Grant // of Contents
	// Policies is their number in the account.
	Policies int
	// Words says whose it is and what it may do.
	Words []string
}

// ListOption helps [List].
type ListOption func(*listOptions)

type listOptions struct {
	known []kernel.Permission
	style grant.Style
}

// WithKnown names permissions that the account may have, for nodes without logs and
// transactions, and such whose first operation was made in a way that hides them.
func WithKnown(p ...kernel.Permission) ListOption {
	return func(o *listOptions) { o.known = append(o.known, p...) }
}

// WithListStyle says how amounts and times are written in words.
func WithListStyle(s grant.Style) ListOption { return func(o *listOptions) { o.style = s } }

// ErrNoLogs is returned by List for a chain that gives no logs, and no permission to
// look for.
var ErrNoLogs = errors.New("session: this node gives no logs, in which the account's permissions would be found: use another one, or name the permissions")

// List finds the permissions of an account: by its events and operations on the
// chain, and those that are named. What it has of each is read from the account
// itself. A node that hides logs can hide permissions.
func List(ctx context.Context, ch account.Chain, acct *kernel.Account, opts ...ListOption) ([]Permission, error) {
	var o listOptions
	for _, f := range opts {
		f(&o)
	}
	return list(ctx, reader{ch, acct.Address()}, o)
}
