package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/passkey"
)

// An accountSpec says which account it is and which passkey approves: enough to open both
// again in a later step. It holds no secret.
type accountSpec struct {
	EntryPoint   string          `json:"entryPoint"` // version
	PublicKey    string          `json:"publicKey"`
	CredentialID string          `json:"credentialId,omitempty"` // base64url
	RPID         string          `json:"rpId"`
	Origins      []string        `json:"origins"`
	Salt         string          `json:"salt,omitempty"`    // of an account made by this passkey
	Address      *common.Address `json:"address,omitempty"` // of an existing account
	Signers      []coSigner      `json:"signers,omitempty"` // who approves besides
}

func (s *accountSpec) flags(fs *flag.FlagSet, address *string) {
	fs.StringVar(&s.EntryPoint, "entry-point", "0.8", "EntryPoint `version` of a new account: 0.7, 0.8, 0.9")
	fs.StringVar(&s.PublicKey, "public-key", "", "passkey's public `key`: COSE, SPKI, SEC1 or raw, hex or base64url")
	fs.StringVar(&s.CredentialID, "credential-id", "", "passkey's credential `id`, base64url; without it the person chooses")
	fs.StringVar(&s.RPID, "rp-id", "", "relying party `domain` of the passkey")
	fs.Var((*repeated)(&s.Origins), "origin", "`origin` whose page signs; may be repeated")
	fs.StringVar(&s.Salt, "salt", "", "account's `salt`, 0x and 64 hex digits, for an account made by this passkey alone")
	fs.StringVar(address, "account", "", "`address` of an existing account that has the passkey as a signer")
}

// fromKey fills in what a development key knows; flags that were given stay.
func (s *accountSpec) fromKey(k *devKey) {
	s.PublicKey = k.credential.Key.String()
	s.CredentialID = base64.RawURLEncoding.EncodeToString(k.credential.ID)
	s.RPID, s.Origins = k.file.RPID, []string{k.file.Origin}
	if s.Address == nil && s.Salt == "" {
		s.Salt = "0x" + hex.EncodeToString(k.salt[:])
	}
}

func (s *accountSpec) check() error {
	switch {
	case s.PublicKey == "":
		return usageError("no passkey is given", "--key FILE for a development key, or --public-key with --rp-id, --origin and --salt or --account")
	case s.RPID == "" || len(s.Origins) == 0:
		return usageError("the passkey's --rp-id and --origin are missing", "for example: --rp-id example.org --origin https://example.org")
	case s.Salt == "" && s.Address == nil:
		return usageError("the account is missing", "--salt for an account made by this passkey, or --account for an existing one")
	case s.Salt != "" && s.Address != nil:
		return usageError("--salt and --account exclude each other", "--salt is for an account made by this passkey, --account for an existing one")
	}
	_, err := s.credentialID()
	return err
}

// open returns the account and the passkey's authority over it.
func (s *accountSpec) open(ctx context.Context, chain account.Chain) (account.Account, account.Authority, error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	key, err := parseKey(s.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	acct, err := s.account(ctx, chain, key)
	if err != nil {
		return nil, nil, err
	}
	auth, err := s.authority(acct, key)
	if err != nil {
		return nil, nil, err
	}
	return guardian.Account{Account: acct}, auth, nil
}

// authority is that of the passkey over the account, with the further signers.
func (s *accountSpec) authority(acct *webauthn.Account, key passkey.PublicKey) (account.Authority, error) {
	first, err := passkeyApprover(acct, key, s.RPID, s.Origins, s.CredentialID)
	if err != nil {
		return nil, err
	}
	approvers := []webauthn.Approver{first}
	for _, co := range s.Signers {
		next, err := co.approver(acct)
		if err != nil {
			return nil, err
		}
		approvers = append(approvers, next)
	}
	auth, err := acct.Authority(approvers...)
	if err != nil {
		return nil, tooLight(acct, err)
	}
	return auth, nil
}

func (s *accountSpec) credentialID() ([]byte, error) {
	if s.CredentialID == "" {
		return nil, nil
	}
	return parseCredentialID(s.CredentialID)
}

func parseCredentialID(text string) ([]byte, error) {
	id, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(id) == 0 || len(id) > passkey.MaxCredentialID {
		return nil, usageError("the credential id is not base64url: "+clip(text), `it is the member "id" of the passkey's replies`)
	}
	return id, nil
}

// account is the account as the chain has it now, or as it will be made.
func (s *accountSpec) account(ctx context.Context, chain account.Chain, key passkey.PublicKey) (*webauthn.Account, error) {
	if s.Address != nil {
		acct, err := webauthn.At(ctx, chain, *s.Address)
		if err != nil {
			return nil, fmt.Errorf("open the account %s: %w", s.Address, err)
		}
		return acct, nil
	}
	ep, err := parseEntryPoint(s.EntryPoint)
	if err != nil {
		return nil, err
	}
	d, err := contracts.ForEntryPoint(ep)
	if err != nil {
		return nil, usageError("Postern's account does not work with EntryPoint "+ep.Version(), "choose 0.7, 0.8 or 0.9")
	}
	salt, err := inspect.ParseBytes(s.Salt)
	if err != nil || len(salt) != 32 {
		return nil, usageError("the salt is not 32 bytes: "+clip(s.Salt), "it is 0x and 64 hex digits: bytes 2 to 33 of the passkey's user handle")
	}
	acct, err := webauthn.ForPasskey(d, key, [32]byte(salt))
	if err != nil {
		return nil, err
	}
	now, err := acct.With(ctx, chain)
	if err != nil {
		return nil, fmt.Errorf("open the account %s: %w", acct.Address(), err)
	}
	return now, nil
}

// signerOf finds the member that is this passkey, under whatever rule.
func signerOf(acct *webauthn.Account, key passkey.PublicKey) (webauthn.Signer, bool) {
	for _, m := range acct.Members() {
		if k, _, ok := m.Signer.Passkey(); ok && k == key {
			return m.Signer, true
		}
	}
	return webauthn.Signer{}, false
}
