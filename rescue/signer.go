package rescue

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/exported"
)

// Identity is what is known of a signer before any account is.
type Identity struct {
	Address common.Address // of a secp256k1 key; zero for a passkey

	Keys       []passkey.PublicKey // of a passkey: more than one while it is not certain which
	RPID       string
	Credential []byte // empty if not known
	UserHandle []byte // empty if not known
}

// String names the signer.
func (i Identity) String() string {
	switch {
	case i.Address != (common.Address{}):
		return "the key " + i.Address.Hex()
	case len(i.Keys) == 1:
		return account.ShortKey(i.Keys[0])
	}
	return fmt.Sprintf("a passkey of %q", i.RPID)
}

func (i Identity) has(k passkey.PublicKey) bool {
	for _, x := range i.Keys {
		if x == k {
			return true
		}
	}
	return false
}

// A Signer is a key at hand.
type Signer interface {
	Identity() Identity
	// Sign answers a challenge for its key. The answer is verified by who asked.
	Sign(ctx context.Context, c account.Challenge) (account.Approval, error)
}

// Exported is a passkey from a file. Its flags are those that a rule asks for: see
// exported.Flags.
func Exported(p *exported.Passkey) Signer { return exportedSigner{p} }

type exportedSigner struct{ *exported.Passkey }

func (s exportedSigner) Identity() Identity {
	return Identity{Keys: []passkey.PublicKey{s.Key}, RPID: s.RPID, Credential: s.CredentialID, UserHandle: s.UserHandle}
}

func (s exportedSigner) Sign(_ context.Context, c account.Challenge) (account.Approval, error) {
	a, err := s.Assert(c.Digest[:], exported.Flags(c.Rule.UserVerification, c.Rule.BackupEligible, c.Rule.BackedUp))
	if err != nil {
		return account.Approval{}, err
	}
	return account.Approval{Assertion: a}, nil
}

// Key is a secp256k1 key.
func Key(k *ecdsa.PrivateKey) Signer { return keySigner{k} }

type keySigner struct{ key *ecdsa.PrivateKey }

func (s keySigner) Identity() Identity {
	return Identity{Address: crypto.PubkeyToAddress(s.key.PublicKey)}
}

func (s keySigner) Sign(_ context.Context, c account.Challenge) (account.Approval, error) {
	sig, err := crypto.Sign(c.Digest[:], s.key)
	if err != nil {
		return account.Approval{}, fmt.Errorf("rescue: sign: %w", err)
	}
	return account.Approval{ECDSA: sig}, nil
}

// Format keeps the key out of every text.
func (s keySigner) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.Identity().String()) }

// Approve has the signers answer a challenge, each its own part. Of several parts those stay
// unanswered whose signer is not there; who asked knows whether the others suffice.
func Approve(ctx context.Context, c account.Challenge, signers ...Signer) (account.Approval, error) {
	if c.Kind == account.KindSeveral {
		out := account.Approval{Parts: make([]account.Approval, len(c.Parts))}
		for i, part := range c.Parts {
			a, err := Approve(ctx, part, signers...)
			if err != nil && !errors.Is(err, ErrOtherSigner) {
				return account.Approval{}, err
			}
			out.Parts[i] = a
		}
		return out, nil
	}
	for _, s := range signers {
		id := s.Identity()
		if c.Kind == account.KindECDSA && id.Address == c.Address || c.Kind == account.KindWebAuthn && id.has(c.Key) {
			a, err := s.Sign(ctx, c)
			if err != nil {
				return account.Approval{}, err
			}
			return a, c.Verify(a)
		}
	}
	return account.Approval{}, ErrOtherSigner
}

// identities are those of the signers.
func identities(signers []Signer) []Identity {
	out := make([]Identity, len(signers))
	for i, s := range signers {
		out[i] = s.Identity()
	}
	return out
}
