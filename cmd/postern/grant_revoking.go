package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
)

// A revoking is what is to be taken back: ids, or contents where they are known.
type revoking struct {
	all         bool
	ids         []kernel.PermissionID
	permissions []kernel.Permission // of approvals
	grants      []grant.Grant       // theirs
	style       grant.Style         // of words
}

func permissionID(text string) (id kernel.PermissionID, ok bool) {
	if len(text) != 10 || text[:2] != "0x" {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(text[2:]))
	return id, err == nil
}

// possible refuses what an account that is not there cannot tell: it has no permissions, but
// approvals for it may be about.
func (w *revoking) possible(ctx context.Context, conn *connection, acct *kernel.Account) error {
	code, err := conn.Chain.Code(ctx, acct.Address())
	if err != nil {
		return fmt.Errorf("read the code of %s: %w", acct.Address(), err)
	}
	if len(code) > 0 || !w.all && len(w.ids) == 0 {
		return nil
	}
	return failf("not-deployed", "approvals that were not used yet are taken back by their files; or deploy it and take back all: postern kernel create --deploy, then postern grant revoke --all",
		"the account %s is not on this chain yet and has no permissions", acct.Address())
}

// on are the calls that take back on one chain, and in words what they take.
func (w *revoking) on(ctx context.Context, conn *connection, acct *kernel.Account, out *revoked) (calls []account.Call, words []string, err error) {
	list, partial, err := listOn(ctx, conn, acct, session.WithListStyle(w.style), session.WithKnown(w.permissions...))
	if err != nil && !errors.Is(err, session.ErrNoLogs) {
		return nil, nil, err
	}
	if w.all {
		calls, words, err = w.everything(ctx, conn, acct, list, out)
		if partial != nil {
			words = append(words, "beware: "+explain(partial).Message)
		}
		return calls, words, err
	}
	found := map[kernel.PermissionID]session.Permission{}
	for _, p := range list {
		found[p.ID] = p
	}
	var ids []kernel.PermissionID
	for _, id := range w.ids {
		if p, ok := found[id]; ok && isGone(p) {
			continue
		}
		ids = append(ids, id)
		words = append(words, wordsOfRevoked(id, found)...)
	}
	for i, p := range w.permissions {
		id := p.ID()
		switch known := found[id]; {
		case isGone(known):
		case known.Signer != (common.Address{}): // installed
			ids = append(ids, id)
			words = append(words, wordsOfRevoked(id, found)...)
		default:
			more, err := session.RevokeUnused(ctx, conn.Chain, acct, p)
			if err != nil {
				return nil, nil, err
			}
			calls = append(calls, more...)
			out.Took = append(out.Took, id.String())
			words = append(words, fmt.Sprintf("Revokes the approval %s, which was not used yet.", id))
			words = append(words, indented(grant.Words(w.grants[i], w.style))...)
		}
	}
	if len(ids) > 0 {
		more, err := session.Revoke(ctx, conn.Chain, acct, ids...)
		if err != nil {
			return nil, nil, explainRevoking(err)
		}
		calls = append(calls, more...)
		for _, id := range ids {
			out.Took = append(out.Took, id.String())
		}
	}
	if len(calls) == 0 {
		out.Skipped = "revoked already"
	}
	return calls, words, nil
}

// everything ends all there is, also what was approved and not used yet.
func (w *revoking) everything(ctx context.Context, conn *connection, acct *kernel.Account, list []session.Permission, out *revoked) (calls []account.Call, words []string, err error) {
	found := map[kernel.PermissionID]session.Permission{}
	for _, p := range list {
		found[p.ID] = p
		if !isGone(p) {
			out.Took = append(out.Took, p.ID.String())
			words = append(words, wordsOfRevoked(p.ID, found)...)
		}
	}
	words = append(words, "Makes every approval worthless that was not used yet.")
	calls, err = session.RevokeAll(ctx, conn.Chain, acct, list)
	return calls, words, err
}

func isGone(p session.Permission) bool { return p.Status.State == session.Revoked }

// wordsOfRevoked are those that the owner read when granting, if they are known.
func wordsOfRevoked(id kernel.PermissionID, found map[kernel.PermissionID]session.Permission) []string {
	return append([]string{fmt.Sprintf("Revokes the permission %s.", id)}, indented(found[id].Words)...)
}

func indented(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = "  " + line
	}
	return out
}

// explainRevoking says what to do about an id that the account does not have.
func explainRevoking(err error) error {
	e, ok := errors.AsType[*session.StateError](err)
	if !ok || e.State != session.Approved {
		return err
	}
	return failf("no-such-permission", "what there is: postern grant list "+e.Account.Hex()+"; an approval that was never used is taken back by its file", "the account %s has no permission %s on this chain", e.Account, e.Permission)
}
