// The end of permissions.

package session

import (
	"context"
	"slices"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
)

// Revoke is the owner's calls that uninstall permissions which the account has. What
// a document approves and the account has not installed yet is revoked by
// [RevokeUnused].
func Revoke(ctx context.Context, ch account.Chain, acct *kernel.Account, ids ...kernel.PermissionID) ([]account.Call, error) {
	r := reader{ch, acct.Address()}
	var calls []account.Call
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue // twice would revert, and revoke nothing
		}
		in, err := kernel.ReadInstalled(ctx, ch, r.addr, id.Validation())
		if err != nil {
			return nil, err
		}
		if !in.Present {
			return nil, &StateError{Permission: id, Account: r.addr, State: gone(in)}
		}
		more, err := acct.UninstallPermissionID(id, len(in.Policies))
		if err != nil {
			return nil, err
		}
		calls = append(calls, more...)
	}
	if len(calls) == 0 {
		return nil, account.ErrNoCalls
	}
	return calls, nil
}

func gone(in kernel.Installed) State {
	if in.Nonce == 0 {
		return Approved
	}
	return Revoked
}

// RevokeUnused is the owner's calls that make an approval worthless which was never
// used: the permission is installed and uninstalled at once, which cannot be done
// twice. It leaves other permissions alone. What was used meanwhile is uninstalled;
// where that happens after the chain was asked, the calls revert: ask again.
func RevokeUnused(ctx context.Context, ch account.Chain, acct *kernel.Account, p kernel.Permission) ([]account.Call, error) {
	r := reader{ch, acct.Address()}
	nonce, err := kernel.CurrentNonce(ctx, ch, r.addr)
	if err != nil {
		return nil, err
	}
	there, err := r.deployed(ctx)
	if err != nil {
		return nil, err
	}
	if there {
		in, err := kernel.ReadInstalled(ctx, ch, r.addr, p.ID().Validation())
		switch {
		case err != nil:
			return nil, err
		case in.Present || in.Nonce != 0:
			return Revoke(ctx, ch, acct, p.ID())
		}
	}
	install, err := acct.InstallPermission(p, nonce)
	if err != nil {
		return nil, err
	}
	uninstall, err := acct.UninstallPermission(p)
	if err != nil {
		return nil, err
	}
	return append(install[:1], uninstall...), nil // without access to execute
}

// RevokeAll is the owner's calls that end every permission that was found, and every
// approval that was not used yet: it uninstalls them, and raises the account's nonce,
// which alone would let them sign messages on before Kernel 0.3.3. Validators beside
// the root lose their power too; the root's own is kept: [kernel.Account.RevokeAll].
func RevokeAll(ctx context.Context, ch account.Chain, acct *kernel.Account, found []Permission) ([]account.Call, error) {
	var ids []kernel.PermissionID
	for _, p := range found {
		if p.Status.installed {
			ids = append(ids, p.ID)
		}
	}
	var calls []account.Call
	if len(ids) > 0 {
		var err error
		if calls, err = Revoke(ctx, ch, acct, ids...); err != nil {
			return nil, err
		}
	}
	raise, err := acct.RevokeAll(ctx, ch)
	return append(calls, raise...), err
}
