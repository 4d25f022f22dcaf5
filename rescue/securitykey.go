package rescue

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
)

// SecurityKey is a passkey in a FIDO2 security key, asked over CTAP: for any RP ID, whoever has
// its domain. Each question is a touch, and the key's PIN.
type SecurityKey struct {
	tools      Tools
	device     string
	rpID       string
	credential []byte
	handle     []byte
	keys       []passkey.PublicKey // that it may have
}

// OpenSecurityKey asks a security key for its passkeys of an RP ID, one touch for all. Passkeys
// that are not discoverable need their credential id. Each public key is recovered from a
// signature, which leaves two that it may be as a rule: an account on the chain tells which, or
// a second signature ([SecurityKey.Narrow]).
func OpenSecurityKey(ctx context.Context, t Tools, device, rpID string, credential []byte) ([]*SecurityKey, error) {
	answers, err := t.assert(ctx, device, rpID, credential, fresh())
	if err != nil {
		return nil, err
	}
	out := make([]*SecurityKey, len(answers))
	for i, a := range answers {
		out[i] = &SecurityKey{tools: t, device: device, rpID: rpID, credential: credential, handle: a.userHandle,
			keys: a.assertion.Recover()}
		if len(out[i].keys) == 0 {
			return nil, &passkey.Error{Cause: passkey.ErrSignature, Where: "the security key's answer"}
		}
	}
	return out, nil
}

// fresh is a challenge that means nothing: no account accepts it for an operation.
func fresh() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return b
}

// Identity implements [Signer].
func (k *SecurityKey) Identity() Identity {
	return Identity{Keys: k.keys, RPID: k.rpID, Credential: k.credential, UserHandle: k.handle}
}

// String names it.
func (k *SecurityKey) String() string {
	return fmt.Sprintf("a passkey of %q in the security key %s", k.rpID, k.device)
}

// Narrow asks the security key once more, after which its public key is certain.
func (k *SecurityKey) Narrow(ctx context.Context) error {
	answers, err := k.tools.assert(ctx, k.device, k.rpID, k.credential, fresh())
	if err != nil {
		return err
	}
	var both []passkey.PublicKey
	for _, a := range answers {
		if string(a.userHandle) != string(k.handle) {
			continue
		}
		for _, key := range a.assertion.Recover() {
			if k.Identity().has(key) {
				both = append(both, key)
			}
		}
	}
	if len(both) == 0 {
		return &passkey.Error{Cause: passkey.ErrCredential, Where: "the security key's answer", Hint: "was another security key plugged in meanwhile?"}
	}
	k.keys = both
	return nil
}

// Sign implements [Signer].
func (k *SecurityKey) Sign(ctx context.Context, c account.Challenge) (account.Approval, error) {
	credential := k.credential
	if len(credential) == 0 && len(c.Credentials) == 1 {
		credential = c.Credentials[0] // the account knows it
	}
	answers, err := k.tools.assert(ctx, k.device, k.rpID, credential, c.Digest[:])
	if err != nil {
		return account.Approval{}, err
	}
	var refused error
	for _, a := range answers { // of several passkeys of the RP ID, the one that is meant
		approval := account.Approval{Assertion: a.assertion}
		err := c.Verify(approval)
		if err == nil {
			return approval, nil
		}
		if refused == nil || string(a.userHandle) == string(k.handle) {
			refused = err
		}
	}
	return account.Approval{}, refused
}
