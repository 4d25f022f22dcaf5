package rescue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// Find looks for the accounts of a signer, in the order in which they are likely meant: the one
// that the passkey's user handle names; those that follow from the key as their first and only
// signer, for each contract that is known; and Hybrid accounts to which the key was added, as far
// as the node searches its logs. Accounts that are not on the chain are in the result only if the
// user handle leads to them, or money waits at their address: their first operation creates them.
//
// Anybody can make an account that has a key of yours among its signers beside one of theirs, and
// hope that you pay into it: see Found.Certain and look at all its signers.
func Find(ctx context.Context, ch account.Chain, s Signer) ([]*Found, error) {
	id := s.Identity()
	l := &look{ctx: ctx, ch: ch, id: id, ids: []Identity{id}, seen: map[common.Address]bool{}}
	for _, step := range []func() error{l.handle, l.first, l.logs} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	switch {
	case len(l.found) > 0:
		return l.found, nil
	case l.open:
		return nil, ErrAmbiguous
	case l.refused != nil:
		return nil, l.refused
	}
	return nil, ErrNothing
}

// look is one search.
type look struct {
	ctx     context.Context
	ch      account.Chain
	id      Identity
	ids     []Identity
	seen    map[common.Address]bool
	found   []*Found
	open    bool  // the key is not certain, and an account may be one that is not there yet
	refused error // the account that the user handle names obeys others
}

// at looks at one address. born is the account that a factory makes there, nil if it is not known.
func (l *look) at(addr common.Address, born func() (*Found, error), named, certain bool) error {
	if l.seen[addr] {
		return nil
	}
	l.seen[addr] = true
	code, err := l.ch.Code(l.ctx, addr)
	if err != nil {
		return fmt.Errorf("rescue: read the code of %s: %w", addr, err)
	}
	if len(code) > 0 {
		f, err := open(l.ctx, l.ch, addr, l.ids)
		switch {
		case is[*NotSignerError](err) || is[*UnknownError](err) || is[*kernel.RootError](err):
			if named {
				l.refused = err
			}
			return nil
		case err != nil:
			return err
		}
		f.Certain = certain
		l.found = append(l.found, f)
		return nil
	}
	if born == nil {
		return nil
	}
	if !named {
		money, err := l.ch.Balance(l.ctx, addr)
		if err != nil {
			return fmt.Errorf("rescue: read the balance of %s: %w", addr, err)
		}
		if money.Sign() == 0 {
			return nil
		}
	}
	if !certain {
		l.open = true
		return nil
	}
	f, err := born()
	if err != nil {
		return err
	}
	f.Certain = true
	l.found = append(l.found, f)
	return nil
}

// handle follows the user handle of a passkey of a WebAuthnAccount.
func (l *look) handle() error {
	h, err := webauthn.ParseHandle(l.id.UserHandle)
	if errors.Is(err, webauthn.ErrHandle) {
		return nil // no passkey, or another wallet's
	}
	if err != nil {
		return err
	}
	if addr, ok := h.Address(); ok {
		return l.at(addr, nil, true, false)
	}
	salt, _ := h.Salt()
	return l.saltAccounts(salt, true)
}

// saltAccounts are the accounts of a passkey as the first signer, on each EntryPoint. Of those
// that are not there yet, the one on the EntryPoint that new accounts have is meant.
func (l *look) saltAccounts(salt [32]byte, named bool) error {
	for _, ep := range userop.EntryPoints() {
		d, err := contracts.ForEntryPoint(ep)
		if is[*contracts.UnsupportedEntryPointError](err) {
			continue
		}
		if err != nil {
			return err
		}
		for _, key := range l.id.Keys {
			first, err := webauthn.ForPasskey(d, key, salt)
			if err != nil {
				return err
			}
			born := func() (*Found, error) { return ofWebAuthn(first, l.ids) }
			if err := l.at(first.Address(), born, named && ep == userop.V08, len(l.id.Keys) == 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// first are the accounts of the other kinds that have the signer as their first and only one.
func (l *look) first() error {
	if err := l.firstHybrid(); err != nil {
		return err
	}
	for _, d := range kernel.Deployments() {
		for _, root := range l.roots() {
			a, err := kernel.New(kernel.Config{Version: d.Version, Root: root})
			if err != nil {
				continue // this version does not have this validator
			}
			born := func() (*Found, error) { return ofKernel(l.ctx, l.ch, a, l.ids) }
			if err := l.at(a.Address(), born, false, len(l.id.Keys) <= 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *look) firstHybrid() error {
	var configs []hybrid.Config
	if l.id.Address != (common.Address{}) {
		configs = append(configs, hybrid.Config{Owner: l.id.Address})
	}
	for _, k := range l.keysOfHybrid() {
		configs = append(configs, hybrid.Config{Keys: []hybrid.Key{k}})
	}
	for _, d := range hybrid.Deployments() {
		for _, c := range configs {
			c.Deployment = d
			a, err := hybrid.New(c)
			if err != nil {
				continue // an owner of which it is known that it cannot sign
			}
			born := func() (*Found, error) { return ofHybrid(a, l.ids) }
			if err := l.at(a.Address(), born, false, len(l.id.Keys) <= 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *look) keysOfHybrid() []hybrid.Key {
	var out []hybrid.Key
	for _, key := range l.id.Keys {
		out = append(out, hybridKeys([]Identity{{Keys: []passkey.PublicKey{key}, Credential: l.id.Credential}})...)
	}
	return out
}

// roots are the validators of Kernel that the signer may be.
func (l *look) roots() (out []kernel.Validator) {
	if l.id.Address != (common.Address{}) {
		return []kernel.Validator{kernel.ECDSA{Owner: l.id.Address}, kernel.MultiChainECDSA{Owner: l.id.Address}}
	}
	if len(l.id.Credential) == 0 {
		return nil // its hash is part of the address
	}
	credential := kernel.CredentialHash(l.id.Credential)
	for _, key := range l.id.Keys {
		for _, v := range []kernel.ValidatorVersion{kernel.WebAuthn003, kernel.WebAuthn002, kernel.WebAuthn001} {
			out = append(out, kernel.WebAuthn{Key: key, CredentialHash: credential, Version: v, DangerVulnerable: true})
		}
	}
	return out
}

// logs finds Hybrid accounts that the key was added to. A node that does not search is no error:
// what it would have found can be named by address. Of the time that is left it takes half.
func (l *look) logs() error {
	if _, ok := l.ch.(account.Node); !ok {
		return nil
	}
	ctx := l.ctx
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
	}
	for _, d := range hybrid.Deployments() {
		for _, k := range l.keysOfHybrid() {
			accounts, err := hybrid.FindByKey(ctx, l.ch, d, k)
			if err != nil {
				if l.ctx.Err() != nil {
					return l.ctx.Err()
				}
				continue
			}
			for _, a := range accounts {
				if err := l.at(a.Address(), nil, false, false); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
