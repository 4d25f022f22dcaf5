package rescue

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/exported"
)

// Kind is what contract an account is.
type Kind string

// The kinds of accounts that are rescued here. Those of Flow have their own: OpenFlow.
const (
	WebAuthn Kind = "WebAuthnAccount"
	Hybrid   Kind = "MetaMask Hybrid"
	Kernel   Kind = "ZeroDev Kernel"
)

// Found is an account and the authority of the signers at hand.
type Found struct {
	Kind      Kind
	Account   account.Account
	Authority account.Authority
	Deployed  bool
	Threshold uint64   // weight that approvals must reach
	Signers   []string // of the account, in words
	// Certain says that the address follows from the keys alone, or was given, and not from what
	// a node showed: only then it may be shown as one to pay to.
	Certain bool
}

// UnknownError says that a contract is no account of a kind that is known here.
type UnknownError struct {
	Address common.Address
	Why     []error // what each kind says of it
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("rescue: the contract %s is no account of a kind that is known here", e.Address)
}

// Hint implements account.Hinter.
func (e *UnknownError) Hint() string {
	return "Postern's accounts, MetaMask's Hybrid ones and Kernel are known; is it the right chain?"
}

// Open opens the account at an address and takes the authority of the signers over it.
func Open(ctx context.Context, ch account.Chain, addr common.Address, signers ...Signer) (*Found, error) {
	f, err := open(ctx, ch, addr, identities(signers))
	if f != nil {
		f.Certain = true
	}
	return f, err
}

func open(ctx context.Context, ch account.Chain, addr common.Address, ids []Identity) (*Found, error) {
	code, err := ch.Code(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("rescue: read the code of %s: %w", addr, err)
	}
	if len(code) == 0 {
		id, err := ch.ChainID(ctx)
		if err != nil {
			return nil, err
		}
		return nil, &account.NotDeployedError{Account: addr, ChainID: id}
	}
	unknown := &UnknownError{Address: addr}
	for _, kind := range []struct {
		open  func() (*Found, error)
		other func(error) bool
	}{
		{func() (*Found, error) {
			a, err := hybrid.At(ctx, ch, addr, hybrid.WithKnownKeys(hybridKeys(ids)...))
			if err != nil {
				return nil, err
			}
			return ofHybrid(a, ids)
		}, is[*hybrid.NotHybridError]},
		{func() (*Found, error) {
			a, err := webauthn.At(ctx, ch, addr)
			if err != nil {
				return nil, err
			}
			return ofWebAuthn(a, ids)
		}, is[*webauthn.NotOursError]},
		{func() (*Found, error) {
			a, err := kernel.At(ctx, ch, addr)
			if err != nil {
				return nil, err
			}
			return ofKernel(ctx, ch, a, ids)
		}, is[*kernel.NotKernelError]},
	} {
		f, err := kind.open()
		if err == nil {
			f.Deployed = true
			return f, nil
		}
		if !kind.other(err) {
			return nil, err
		}
		unknown.Why = append(unknown.Why, err)
	}
	return nil, unknown
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func ofWebAuthn(a *webauthn.Account, ids []Identity) (*Found, error) {
	out := &Found{Kind: WebAuthn, Account: a, Threshold: a.Threshold()}
	var by []webauthn.Approver
	var weight uint64
	for _, m := range a.Members() {
		out.Signers = append(out.Signers, webauthn.Name(m.Signer))
		for _, id := range ids {
			key, _, passkey := m.Signer.Passkey()
			switch {
			case passkey && id.has(key):
				by = append(by, webauthn.PasskeyApprover{Passkey: m.Signer, RPID: id.RPID, Origins: origins(id), Credential: id.Credential})
			case m.Signer.IsAddress() && id.Address != (common.Address{}) && m.Signer.Address() == id.Address:
				by = append(by, webauthn.KeyApprover{Address: id.Address})
			default:
				continue
			}
			weight += m.Weight
			break
		}
	}
	if len(by) == 0 || weight < a.Threshold() {
		return nil, &NotSignerError{Account: a.Address(), Kind: WebAuthn, Who: names(ids), Signs: out.Signers, Weight: weight, Needed: a.Threshold()}
	}
	auth, err := a.Authority(by...)
	if err != nil {
		return nil, err
	}
	out.Authority = auth
	return out, nil
}

func ofHybrid(a *hybrid.Account, ids []Identity) (*Found, error) {
	out := &Found{Kind: Hybrid, Account: a, Threshold: 1}
	if a.Owner() != (common.Address{}) {
		out.Signers = append(out.Signers, "the owner "+a.Owner().Hex())
	}
	var by hybrid.Approver
	for _, id := range ids {
		if id.Address != (common.Address{}) && id.Address == a.Owner() {
			by = hybrid.OwnerApprover{Address: id.Address}
		}
	}
	for _, k := range a.Keys() {
		out.Signers = append(out.Signers, k.String())
		for _, id := range ids {
			if key, ok := hybridKey(k, id); ok && by == nil {
				by = hybrid.PasskeyApprover{Key: key, RPID: id.RPID, Origins: origins(id), Credential: id.Credential}
			}
		}
	}
	if by == nil {
		return nil, &NotSignerError{Account: a.Address(), Kind: Hybrid, Who: names(ids), Signs: out.Signers}
	}
	auth, err := a.Authority(by)
	if err != nil {
		return nil, err
	}
	out.Authority = auth
	return out, nil
}

// hybridKey is the account's key k as the signer knows it, if it is the signer's: by public key,
// and where the account does not say it, by the credential id that it is filed under.
func hybridKey(k hybrid.Key, id Identity) (hybrid.Key, bool) {
	if !k.Public.IsZero() {
		return k, id.has(k.Public)
	}
	for _, mine := range hybridKeys([]Identity{id}) {
		if mine.Hash == k.Hash {
			return mine, true
		}
	}
	return hybrid.Key{}, false
}

// hybridKeys are the keys as MetaMask's kit files passkeys: under their credential ids.
func hybridKeys(ids []Identity) (out []hybrid.Key) {
	for _, id := range ids {
		if len(id.Credential) > 0 && len(id.Keys) == 1 {
			out = append(out, hybrid.PasskeyKey(id.Credential, id.Keys[0]))
		}
	}
	return out
}

func ofKernel(ctx context.Context, ch account.Chain, a *kernel.Account, ids []Identity) (*Found, error) {
	out := &Found{Kind: Kernel, Account: a, Threshold: 1, Signers: []string{a.Root().String()}}
	owner, key := rootOf(a.Root())
	for _, id := range ids {
		var by kernel.Approver
		switch {
		case id.Address != (common.Address{}) && id.Address == owner:
			by = kernel.OwnerApprover{}
		case !key.IsZero() && id.has(key):
			p := kernel.PasskeyApprover{RPID: id.RPID, Origins: origins(id), Credential: id.Credential}
			if prober, ok := ch.(account.P256Prober); ok {
				has, err := prober.HasP256(ctx)
				if err != nil {
					return nil, err
				}
				p.UsePrecompiled = has
			}
			by = p
		default:
			continue
		}
		auth, err := a.Authority(by)
		if err != nil {
			return nil, err
		}
		out.Authority = auth
		return out, nil
	}
	return nil, &NotSignerError{Account: a.Address(), Kind: Kernel, Who: names(ids), Signs: out.Signers}
}

func rootOf(v kernel.Validator) (owner common.Address, key passkey.PublicKey) {
	switch r := v.(type) {
	case kernel.ECDSA:
		owner = r.Owner
	case kernel.MultiChainECDSA:
		owner = r.Owner
	case kernel.WebAuthn:
		key = r.Key
	case kernel.MultiChainWebAuthn:
		key = r.Key
	}
	return owner, key
}

// origins are what a signer that is no browser writes: the RP ID's own.
func origins(id Identity) []string { return []string{exported.Origin(id.RPID)} }

func names(ids []Identity) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}
