package main

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
)

// A sessionSpec says which approval it is and who signs: enough to open both again in a
// later step. It holds no secret.
type sessionSpec struct {
	Approval string         `json:"approval"` // the SDK's text, without a private key
	Version  string         `json:"version"`  // of Kernel
	Key      common.Address `json:"key"`      // that signs, or
	Passkey  *passkeySigner `json:"passkey,omitempty"`
	Lane     uint16         `json:"lane,omitempty"`
}

func (s *sessionSpec) open(ctx context.Context, chain account.Chain) (account.Account, account.Authority, error) {
	doc, err := approval.Parse([]byte(s.Approval))
	if err != nil {
		return nil, nil, err
	}
	signer, err := s.signer()
	if err != nil {
		return nil, nil, err
	}
	opened, err := session.Open(ctx, chain, doc, session.WithSigner(signer), session.WithVersion(kernel.Version(s.Version)))
	if err != nil {
		return nil, nil, err
	}
	auth, err := s.authority(ctx, chain, opened)
	if err != nil {
		return nil, nil, err
	}
	return opened.Account(), auth, nil
}

func (s *sessionSpec) signer() (kernel.Signer, error) {
	if s.Passkey == nil {
		return kernel.ECDSASigner(s.Key), nil
	}
	ref, err := passkeyOf(s.Passkey.CredentialID, s.Passkey.PublicKey)
	if err != nil {
		return kernel.Signer{}, err
	}
	return kernel.WebAuthnSigner(ref.public, kernel.CredentialHash(ref.credential)), nil
}

func (s *sessionSpec) authority(ctx context.Context, chain account.Chain, opened *session.Session) (*session.Authority, error) {
	lane := session.WithLane(kernel.Lane(s.Lane))
	if s.Passkey == nil {
		return opened.Authority(ctx, kernel.OwnerApprover{}, lane)
	}
	ref, err := passkeyOf(s.Passkey.CredentialID, s.Passkey.PublicKey)
	if err != nil {
		return nil, err
	}
	precompiled, err := hasP256(ctx, chain)
	if err != nil {
		return nil, err
	}
	return opened.Authority(ctx, kernel.PasskeyApprover{RPID: s.Passkey.RPID, Origins: s.Passkey.Origins, Credential: ref.credential, UsePrecompiled: precompiled}, lane)
}

// docSigner approves with the private key in an approval.
type docSigner struct{ s *session.Session }

func (d docSigner) approve(c account.Challenge) (account.Approval, error) { return d.s.Approve(c) }

// spec is who signs, with the key if it is here.
func (f *sessionSendFlags) spec(s *session.Session, key *sessionKey) (*sessionSpec, localSigner, error) {
	text, err := s.Document().Redacted().Serialize()
	if err != nil {
		return nil, nil, err
	}
	out := &sessionSpec{Approval: string(text), Version: string(s.Document().Context().Version)}
	if f.lane != "" {
		out.Lane = laneOf(f.lane)
	}
	if address, ok := s.Permission().Signer.ECDSA(); ok {
		out.Key = address
		switch {
		case key != nil:
			return out, key.local, nil
		case s.Document().Secret():
			return out, docSigner{s}, nil
		}
		return out, nil, nil
	}
	if key == nil || key.credential == nil {
		return nil, nil, usageError("the approval is for a passkey", "--session KEY: "+sessionHint)
	}
	out.Passkey = &passkeySigner{passkeyRef{credential: key.credential}.credentialText(), key.public.String(), or(key.rpID, f.rpID), append(key.origins, f.origins...)}
	if out.Passkey.RPID == "" || len(out.Passkey.Origins) == 0 {
		return nil, nil, usageError("a passkey elsewhere needs --rp-id and --origin", "for example: --rp-id example.org --origin https://example.org")
	}
	return out, key.local, nil
}

// laneOf reads a lane's number, or makes one of its name as the SDK does.
func laneOf(text string) uint16 {
	var n uint16
	if _, err := fmt.Sscanf(text, "%d", &n); err == nil && fmt.Sprint(n) == text {
		return n
	}
	return uint16(kernel.LaneOf(text))
}
