// Who signs for a Kernel account, and who else may act for it.

package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/recovery"
)

func (d *description) kernel() error {
	a, err := kernel.At(d.ctx, d.chain, d.addr)
	if err != nil {
		return err
	}
	d.kind, d.quorum.Threshold = kindKernel+" "+string(a.Version()), 1
	if err := d.obeys(a.Version(), a.Root()); err != nil {
		return err
	}
	further, err := kernel.ReadFurther(d.ctx, d.chain, d.addr)
	if err != nil {
		return err
	}
	for _, f := range further {
		if !f.Executes {
			d.note("The account's %s signs messages for it and makes no operations.", f.Name)
			continue
		}
		if err := d.obeys(a.Version(), f.Validator); err != nil {
			return err
		}
	}
	if err := d.permissions(a); err != nil {
		return err
	}
	return d.kernelGuardians(a.Version())
}

func (d *description) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// obeys makes whoever a validator obeys a signer.
func (d *description) obeys(v kernel.Version, validator kernel.Validator) error {
	var owner common.Address
	var key passkey.PublicKey
	switch r := validator.(type) {
	case kernel.ECDSA:
		owner = r.Owner
	case kernel.MultiChainECDSA:
		owner = r.Owner
	case kernel.WebAuthn:
		r.DangerVulnerable, key = false, r.Key
		validator = r
	case kernel.MultiChainWebAuthn:
		r.DangerVulnerable, key = false, r.Key
		validator = r
	}
	// Through the hole whoever has seen one signature controls the account: no report holds then.
	if _, err := validator.Contract(v); err != nil {
		return err
	}
	if !key.IsZero() {
		d.add(PasskeySigner(key), 1)
		return nil
	}
	return d.plainKey(owner)
}

// plainKey adds a key of which a contract asks no contract: where one is, nobody signs.
func (d *description) plainKey(owner common.Address) error {
	s, code, err := d.key(owner)
	if err != nil {
		return err
	}
	if code {
		s.Gone = recovery.Known(true, recovery.Chain)
	}
	d.add(s, 1)
	return nil
}

// Bounds of looking for an account's session keys, and of what is said of them.
const (
	maxPermissions = 32
	searchTime     = 20 * time.Second
)

// permissions adds session keys that nothing limits as signers, and says of the others
// what they may do. That a node does not tell is said, and no error: the report holds for
// the keys that it names.
func (d *description) permissions(a *kernel.Account) error {
	if !a.Version().V3() {
		return nil
	}
	// A node may answer for a whole chain piece by piece: the report does not wait for the last.
	limit := searchTime
	if end, ok := d.ctx.Deadline(); ok {
		limit = min(limit, time.Until(end)/2)
	}
	ctx, cancel := context.WithTimeout(d.ctx, limit)
	defer cancel()
	list, err := session.List(ctx, d.chain, a)
	if d.ctx.Err() != nil {
		return d.ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		d.note("Not all of the account's session keys were found: the node took too long.")
	} else if err != nil {
		d.note("Not all of the account's session keys were found: the node does not tell of all that happened. Ask another one.") // its words name it, and others may read this
	}
	said := 0
	for _, p := range list {
		if !p.Status.Usable() && !p.Status.Messages {
			continue
		}
		if p.Status.Usable() && unlimited(p, d.addr) && len(d.signers) < recovery.MaxSigners {
			if err := d.sessionKey(p); err != nil {
				return err
			}
		}
		if said++; said <= maxPermissions {
			d.note("%s", strings.Join(p.Words, " "))
		}
	}
	if said > maxPermissions {
		d.note("And %d more session keys.", said-maxPermissions)
	}
	return nil
}

// unlimited says that nothing that is understood keeps a session key from changing the
// account's owner. Limits of time, fees and number do not: once is enough. What is not
// known, a policy or what the key was installed with, is counted as no limit.
func unlimited(p session.Permission, account common.Address) bool {
	if p.Contents == nil {
		return true
	}
	if !slices.ContainsFunc(p.Grant.Policies, func(x grant.Policy) bool { return x.Kind() == grant.KindCall }) {
		return true
	}
	return slices.ContainsFunc(grant.Check(p.Grant, grant.Facts{Account: account}), func(f grant.Finding) bool {
		return slices.Contains([]grant.Code{grant.SelfCall, grant.DelegateCall, grant.DelegateFault, grant.ProtectedTarget}, f.Code)
	})
}

// sessionKey makes a session key a signer.
func (d *description) sessionKey(p session.Permission) error {
	if p.Contents != nil {
		if key, _, ok := p.Contents.Signer.WebAuthn(); ok {
			d.add(PasskeySigner(key), 1)
			return nil
		}
		if owner, ok := p.Contents.Signer.ECDSA(); ok {
			return d.plainKey(owner)
		}
	}
	d.add(recovery.Signer{ID: "session-" + strings.TrimPrefix(p.ID.String(), "0x"), Name: "Session key " + p.ID.String(), Kind: recovery.KindHot}, 1)
	return nil
}
