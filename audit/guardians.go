// Who guards a WebAuthnAccount, and what is under way.

package audit

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/guardians"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// guardians adds a route for each tier of the account's guardians, and says what is
// proposed, announced or frozen.
func (d *description) guardians() error {
	able, err := d.recoverable()
	if err != nil || !able {
		return err
	}
	s, err := guardian.At(d.ctx, d.chain, d.addr)
	if errors.Is(err, guardian.ErrNoModule) {
		return nil
	}
	if err != nil {
		return err
	}
	d.can = append(d.can, recovery.CanGuardians)
	if !s.Setup.Empty() {
		if installed, err := d.installed(); err != nil {
			return err
		} else if !installed {
			d.note("The account's guardians cannot do anything: they are written down in the recovery module, but the module is none of this account's any more. Code that ran as the account has removed it.")
			return nil
		}
	}
	d.pending(s)
	for i := range s.Setup.Tiers {
		if err := d.tier(s, i); err != nil {
			return err
		}
	}
	return nil
}

// recoverable reports whether the account is of a version that takes the module: that
// can be frozen.
func (d *description) recoverable() (bool, error) {
	data, err := contracts.AccountABI.Pack("frozenUntil")
	if err != nil {
		return false, err
	}
	out, err := d.chain.Call(d.ctx, d.addr, data)
	if _, reverted := errors.AsType[*userop.Revert](err); reverted {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask whether it is frozen: %w", err)
	}
	return len(out) == 32, nil
}

// installed reports whether the recovery module may act for the account. It does not let itself
// be uninstalled while there are guardians, but code that runs as the account can do without its word.
func (d *description) installed() (bool, error) {
	data, err := contracts.AccountABI.Pack("isModuleInstalled", big.NewInt(2), guardian.Module, []byte{})
	if err != nil {
		return false, err
	}
	out, err := d.chain.Call(d.ctx, d.addr, data)
	if _, reverted := errors.AsType[*userop.Revert](err); reverted {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask whether it has the recovery module: %w", err)
	}
	return len(out) == 32 && common.BytesToHash(out) == common.BigToHash(big.NewInt(1)), nil
}

// tier adds a tier as a way to recover. The account's signers may stop it, and so may
// majorities of this tier and of quicker ones.
func (d *description) tier(s *guardian.State, n int) error {
	t := s.Setup.Tiers[n]
	r := recovery.Route{
		ID: fmt.Sprintf("guardians-%d", n+1), Name: fmt.Sprintf("the guardians of tier %d", n+1), Use: recovery.Recover,
		Quorum: recovery.Quorum{Threshold: t.Threshold}, Delay: t.Delay, Expiry: s.Setup.Expiry, Cancel: []recovery.Quorum{d.quorum},
	}
	for _, g := range t.Guardians {
		id, err := d.guardian(g.Signer)
		if err != nil {
			return err
		}
		r.Members = append(r.Members, recovery.Member{Signer: id, Weight: g.Weight})
	}
	d.routes = append(d.routes, r)
	for i := range n + 1 { // routes follow the tiers
		if q, ok := majority(s.Setup.Tiers[i], d.routes[i].Members); ok {
			d.routes[n].Cancel = append(d.routes[n].Cancel, q)
		}
	}
	return nil
}

// majority is the quorum by which guardians of a tier cancel: more than half of the weight,
// the threshold at least, and two of them at least. The only guardian of a tier may
// cancel its own proposals, which stops nobody else, and is no quorum here.
func majority(t guardian.Tier, members []recovery.Member) (recovery.Quorum, bool) {
	if len(members) < 2 {
		return recovery.Quorum{}, false
	}
	q := recovery.Quorum{Threshold: t.Majority(), Members: slices.Clone(members)}
	heavy := slices.IndexFunc(members, func(m recovery.Member) bool { return m.Weight >= q.Threshold })
	if heavy < 0 {
		return q, true
	}
	// One alone has the weight, and no others together have: it takes that one and any other.
	others := uint64(len(members) - 1)
	for i := range q.Members {
		q.Members[i].Weight = 1
	}
	q.Members[heavy].Weight, q.Threshold = others, others+1
	return q, true
}

// guardian finds a guardian among the signers there are, by its key, or adds it.
func (d *description) guardian(s seal.Signer) (id string, err error) {
	g, err := d.signer(s)
	if err != nil {
		return "", err
	}
	if _, _, isPasskey := s.Passkey(); !isPasskey && !s.IsAddress() {
		code, err := d.chain.Code(d.ctx, s.Address())
		if err != nil {
			return "", fmt.Errorf("read the code of the verifier %s: %w", s.Address(), err)
		}
		if _, delegated := userop.ParseDelegation(code); len(code) == 0 || delegated {
			g.Gone = recovery.Known(true, recovery.Chain)
		}
	}
	if i := slices.IndexFunc(d.signers, func(x recovery.Signer) bool { return x.Key == g.Key }); i >= 0 {
		for _, r := range g.Rules {
			if !slices.Contains(d.signers[i].Rules, r) {
				d.signers[i].Rules = append(d.signers[i].Rules, r)
			}
		}
		return d.signers[i].ID, nil
	}
	if slices.ContainsFunc(d.signers, func(x recovery.Signer) bool { return x.ID == g.ID }) {
		g.ID = fmt.Sprintf("%s-%d", g.ID, len(d.signers))
	}
	d.signers = append(d.signers, g)
	return g.ID, nil
}

// kernelGuardians adds the guardians of a Kernel account by its makers' weighted validator.
func (d *description) kernelGuardians(v kernel.Version) error {
	if !v.AtLeast(kernel.V031) {
		return nil
	}
	installed, err := kernel.ReadInstalled(d.ctx, d.chain, d.addr, kernel.ValidatorID(guardians.Validator))
	if err != nil {
		return err
	}
	var s guardians.Setup
	if installed.Valid {
		if s, err = guardians.At(d.ctx, d.chain, d.addr); err != nil {
			return err
		}
	}
	if len(s.Guardians) == 0 {
		return d.couldHaveGuardians()
	}
	r := recovery.Route{ID: "guardians", Name: "the account's guardians", Use: recovery.Recover,
		Quorum: recovery.Quorum{Threshold: uint64(s.Threshold)}, Delay: s.Delay, Cancel: []recovery.Quorum{d.quorum}}
	for _, g := range s.Guardians {
		signer, err := seal.AddressSigner(g.Address)
		if err != nil {
			return err
		}
		id, err := d.guardian(signer)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(d.signers, func(x recovery.Signer) bool { return x.ID == id }); d.signers[i].Kind == recovery.KindContract {
			d.signers[i].Gone = recovery.Known(true, recovery.Chain) // the validator recovers keys from signatures and asks no contract
		}
		r.Members = append(r.Members, recovery.Member{Signer: id, Weight: uint64(g.Weight)})
	}
	d.routes = append(d.routes, r)
	d.note("The same guardians can sign messages for the account at once, without the delay: permits of tokens among them. What they have approved of does not expire, and the owner has to veto each.")
	return nil
}

// couldHaveGuardians has guardians advised where the chain has the contracts, once: a Kernel account has one
// set of them, so that nothing is advised where it has one already.
func (d *description) couldHaveGuardians() error {
	switch err := guardians.Available(d.ctx, d.chain); {
	case is[*guardians.SetupError](err): // the chain has none
	case err != nil:
		return err
	default:
		d.can = append(d.can, recovery.CanGuardians)
		d.note("It has no guardians. Those that Kernel's makers offer can do more than recover it after a delay: enough of them together, or a recovery key alone, can sign messages for it at once, permits of tokens among them.")
	}
	return nil
}

// pending says what is under way, and first of all what is in force now.
func (d *description) pending(s *guardian.State) {
	now := s.Time
	for i, p := range s.Proposals {
		if p == nil || p.Stage(now) == guardian.Expired {
			continue
		}
		what := "a new signer"
		if p.Recovery != nil {
			what = fmt.Sprintf("the new signer %s in the place of %s", guardian.Name(p.Recovery.NewSigner), names(p.Recovery.Replaces))
		}
		if p.Stage(now) == guardian.Ready {
			d.first("A recovery can be executed by anyone now, until %s: the guardians of tier %d bring in %s. Cancel it at once if you did not ask for it.", when(p.ExpiresAt), i+1, what)
			continue
		}
		d.note("A recovery is under way: the guardians of tier %d bring in %s. Anyone can execute it from %s, in %s, until %s. Cancel it if you did not ask for it.",
			i+1, what, when(p.ReadyAt), recovery.Span(p.ReadyAt.Sub(now)), when(p.ExpiresAt))
	}
	if s.Pending != nil && s.Pending.Stage(now) != guardian.Expired {
		what := "other guardians: " + strings.Join(s.Pending.Setup.Words(), " ")
		if s.Pending.Setup.Empty() {
			what = "no guardians any more."
		}
		d.note("A change of guardians is announced and can be applied by anyone from %s: %s Cancel it if you did not announce it.", when(s.Pending.ReadyAt), what)
	}
	if s.FrozenUntil.After(now) {
		d.first("The account's guardians have frozen it until %s: it can do nothing before, and recovery goes on.", when(s.FrozenUntil))
	}
}

// first is a note that comes before everything else.
func (d *description) first(format string, args ...any) {
	d.urgent = append(d.urgent, fmt.Sprintf(format, args...))
}

func names(list []seal.Signer) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = guardian.Name(s)
	}
	return strings.Join(out, ", ")
}

func when(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }
