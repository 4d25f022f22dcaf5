package passkey

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// WalletMode are the choices of a wallet that registers passkeys by itself: no server asks for them, and none remembers
// them, because the key is then put on a chain (Flow: FLIP 264). The zero value is what it takes.
//
// A challenge that is always the same proves nothing about when the passkey was made, and nothing depends on that: whoever
// shows the registration again can at most name the same public key again. That the key is in its owner's hands, the first
// transaction shows.
type WalletMode struct {
	// Challenge is the constant, 16 to 64 bytes. Nil: WalletChallenge.
	Challenge []byte

	// UserVerification and Attestation are words of WebAuthn. Empty: "preferred", since nodes do not look at UV, and
	// "none", since no one is told about the authenticator.
	UserVerification, Attestation string

	// Timeout of the prompt, in full milliseconds, at most 10 minutes. Zero: 1 minute.
	Timeout time.Duration

	// ES256K also offers keys on secp256k1, after ES256, and Read takes them; few authenticators have them. RS256 is never
	// offered: no account key can be made of it.
	ES256K bool
}

// WalletChallenge is the challenge of registrations in wallet mode that choose no other.
const WalletChallenge = "postern wallet-mode registration"

// Bounds of a user.id in wallet mode. It stands for the account and for nobody's name: random, and the same when the
// registration is tried again, so that no passkey is left over from the first attempt.
const (
	MinWalletUserID = 16
	MaxWalletUserID = maxUserHandle
)

const maxWalletTimeout = 10 * time.Minute

// Options are for navigator.credentials.create(). Name credentials that the account has already: an authenticator replaces
// a passkey of the same user.id, and with it a key that may be the only one of an account.
func (m WalletMode) Options(rp RelyingParty, user User, have ...[]byte) (*CreationOptions, error) {
	m = m.filled()
	switch {
	case len(m.Challenge) < 16 || len(m.Challenge) > 64:
		return nil, badOptions(fmt.Sprintf("a challenge of %d bytes", len(m.Challenge)), "16 to 64 bytes")
	case len(user.ID) < MinWalletUserID || len(user.ID) > MaxWalletUserID:
		return nil, badOptions(fmt.Sprintf("user.id of %d bytes", len(user.ID)), "16 to 64 random bytes")
	case m.Timeout < time.Millisecond || m.Timeout > maxWalletTimeout:
		return nil, badOptions("a timeout of "+m.Timeout.String(), "a millisecond to 10 minutes")
	case !slices.Contains([]string{"required", "preferred", "discouraged"}, m.UserVerification):
		return nil, badOptions("user verification "+quote(m.UserVerification), "required, preferred or discouraged")
	case !slices.Contains([]string{"none", "indirect", "direct", "enterprise"}, m.Attestation):
		return nil, badOptions("attestation "+quote(m.Attestation), "none, indirect, direct or enterprise")
	}
	o := NewCreationOptions(rp, user, m.Challenge)
	o.Timeout = uint32(m.Timeout.Milliseconds())
	o.Attestation = m.Attestation
	o.AuthenticatorSelection.UserVerification = m.UserVerification
	if m.ES256K {
		o.PubKeyCredParams = append(o.PubKeyCredParams, CredentialParameter{"public-key", ES256K})
	}
	for _, id := range have {
		o.ExcludeCredentials = append(o.ExcludeCredentials, Descriptor{Type: "public-key", ID: id})
	}
	return o, nil
}

// Rule is what a registration of Options must satisfy.
func (m WalletMode) Rule(rpID string, origins ...string) Rule {
	m = m.filled()
	rule := Rule{RPID: rpID, Origins: origins, Challenge: m.Challenge}
	if m.UserVerification == "required" {
		rule.UserVerification = Required
	}
	return rule
}

func (m WalletMode) filled() WalletMode {
	if m.Challenge == nil {
		m.Challenge = []byte(WalletChallenge)
	}
	m.Challenge = bytes.Clone(m.Challenge)
	if m.UserVerification == "" {
		m.UserVerification = "preferred"
	}
	if m.Attestation == "" {
		m.Attestation = "none"
	}
	if m.Timeout == 0 {
		m.Timeout = time.Minute
	}
	return m
}
