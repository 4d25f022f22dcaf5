// Who signs.

package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/recovery"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// description is an account as far as it has been read.
type description struct {
	ctx   context.Context
	chain account.Chain
	addr  common.Address

	kind    string
	can     []recovery.Ability
	signers []recovery.Signer
	quorum  recovery.Quorum
	routes  []recovery.Route // besides that of the quorum
	notes   []string
	urgent  []string
}

func (d *description) account() recovery.Account {
	return recovery.Account{
		Kind: d.kind, Address: d.addr.Hex(), Source: recovery.Chain, Signers: d.signers, Can: d.can, Urgent: d.urgent, Notes: d.notes,
		Routes:  append([]recovery.Route{{ID: "own", Name: "the account's signers", Use: recovery.Operate, Quorum: d.quorum}}, d.routes...),
		Domains: []recovery.Domain{{ID: "bundler", Name: "the bundler", Kind: recovery.DomainBundler}, {ID: "chain", Name: "the chain", Kind: recovery.DomainChain}},
		Ways:    []recovery.Way{{Needs: []string{"chain", "bundler"}}, {Needs: []string{"chain"}, Rescue: "send it yourself from any funded key"}},
	}
}

// add makes a signer a member of the quorum. Its ID follows from the key, so that a file
// still means the same signer when others have come and gone.
func (d *description) add(s recovery.Signer, weight uint64) {
	first := s
	for n := 2; slices.ContainsFunc(d.signers, func(x recovery.Signer) bool { return x.ID == s.ID }); n++ {
		s.ID, s.Name = fmt.Sprintf("%s-%d", first.ID, n), fmt.Sprintf("%s (%d)", first.Name, n)
	}
	d.signers = append(d.signers, s)
	d.quorum.Members = append(d.quorum.Members, recovery.Member{Signer: s.ID, Weight: weight})
}

func (d *description) webauthn() error {
	a, err := webauthn.At(d.ctx, d.chain, d.addr)
	if err != nil {
		return err
	}
	d.kind, d.quorum.Threshold = kindWebAuthn, a.Threshold()
	d.can = []recovery.Ability{recovery.CanAddPasskey, recovery.CanAddKey, recovery.CanThreshold}
	for _, m := range a.Members() {
		s, err := d.signer(m.Signer)
		if err != nil {
			return err
		}
		d.add(s, m.Weight)
	}
	return d.guardians()
}

// signer is one signer of a WebAuthnAccount.
func (d *description) signer(s webauthn.Signer) (recovery.Signer, error) {
	if key, rule, ok := s.Passkey(); ok {
		return ruled(PasskeySigner(key), rule), nil
	}
	if s.IsAddress() {
		out, code, err := d.key(s.Address())
		if code {
			out.ID, out.Kind, out.Name = "contract"+out.ID[len("key"):], recovery.KindContract, "Contract"+out.Name[len("Key"):]
		}
		return out, err
	}
	if s.Address() == contracts.P256Verifier {
		if k, err := seal.ParseVerifierKey(s.Bytes()[common.AddressLength:]); err == nil {
			out := PasskeySigner(k.Public())
			if rule, ok := k.Rule(); ok {
				out = ruled(out, rule)
			} else {
				out.ID, out.Kind, out.Name = "p256"+out.ID[len("passkey"):], recovery.KindHot, "P-256 key"+out.Name[len("Passkey"):]
			}
			return out, nil
		}
	}
	id := s.ID()
	return recovery.Signer{ID: fmt.Sprintf("signer-%x", id[:8]), Name: fmt.Sprintf("Signer %x of the verifier %s", id[:8], s.Address()), Kind: recovery.KindContract, Key: id.Hex()}, nil
}

// ruled adds what the account asks of a passkey's flags, if it asks for anything.
func ruled(s recovery.Signer, r seal.Rule) recovery.Signer {
	if asked := (recovery.Rule{BackupEligible: r.BE(), BackedUp: r.BS()}); asked != (recovery.Rule{}) {
		s.Rules = append(s.Rules, asked)
	}
	return s
}

func (d *description) hybrid() error {
	a, err := hybrid.At(d.ctx, d.chain, d.addr)
	if err != nil {
		return err
	}
	d.kind, d.quorum.Threshold = kindHybrid+" "+a.Deployment().Version, 1
	d.can = []recovery.Ability{recovery.CanAddPasskey}
	if owner := a.Owner(); owner == (common.Address{}) {
		d.can = append(d.can, recovery.CanAddKey)
	} else {
		s, _, err := d.key(owner)
		if err != nil {
			return err
		}
		if _, err := a.Authority(hybrid.OwnerApprover{Address: owner}); is[*hybrid.OwnerError](err) {
			s.Gone = recovery.Known(true, recovery.Chain)
		}
		d.add(s, 1)
	}
	for _, k := range a.Keys() {
		if k.Public.IsZero() {
			d.add(recovery.Signer{ID: fmt.Sprintf("passkey-hash-%x", k.Hash[:8]), Name: fmt.Sprintf("Passkey of hash %x", k.Hash[:8]), Kind: recovery.KindPasskey}, 1)
			continue
		}
		d.add(PasskeySigner(k.Public), 1)
	}
	return nil
}

// key describes an address that signs, and reports whether a contract is there. An
// ordinary account that runs a contract's code (EIP-7702) is still its key's.
func (d *description) key(a common.Address) (s recovery.Signer, code bool, err error) {
	hex := a.Hex()
	s = recovery.Signer{ID: fmt.Sprintf("key-%x", a[:8]), Name: "Key " + hex[:10] + "…" + hex[38:], Kind: recovery.KindHot, Key: hex}
	b, err := d.chain.Code(d.ctx, a)
	if err != nil {
		return s, false, fmt.Errorf("read the code of the signer %s: %w", a, err)
	}
	_, delegated := userop.ParseDelegation(b)
	return s, len(b) > 0 && !delegated, nil
}

// PasskeySigner describes a passkey by its key alone, as [Read] does. It is known by its x:
// the two keys that share one share their secret. Its name is that of account.ShortKey.
func PasskeySigner(k passkey.PublicKey) recovery.Signer {
	x := k.X()
	return recovery.Signer{
		ID: fmt.Sprintf("passkey-%x", x[:12]), Name: "Passkey " + strings.TrimPrefix(account.ShortKey(k), "the passkey "),
		Kind: recovery.KindPasskey, Key: fmt.Sprintf("0x%x", x),
	}
}
