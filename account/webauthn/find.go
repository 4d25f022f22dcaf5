package webauthn

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// FirstRule is the rule of the first passkey of an account made by [ForPasskey]:
// user verification required.
const FirstRule = seal.RequireUV

// ForPasskey is the account of a new passkey: it is the only signer, under
// [FirstRule]. The passkey is to be registered with the user handle
// SaltHandle(salt), by which [Find] leads back here.
func ForPasskey(d contracts.Deployment, key passkey.PublicKey, salt [32]byte) (*Account, error) {
	s, err := Passkey(key, FirstRule)
	if err != nil {
		return nil, err
	}
	return New(d, Members(s), 1, salt)
}

var (
	// ErrAmbiguous is returned by Find when one assertion is not enough: ask for
	// a second one of the same credential and give both.
	ErrAmbiguous = errors.New("webauthn: the passkey's account cannot be told from one assertion: ask once more")
	// ErrOtherCredential is returned when assertions are of different passkeys.
	ErrOtherCredential = errors.New("webauthn: the assertions are not of one passkey")
)

// RemovedError says that a passkey leads to an account which it no longer
// controls.
type RemovedError struct{ Account common.Address }

func (e *RemovedError) Error() string {
	return fmt.Sprintf("webauthn: this passkey is no signer of its account %s any more", e.Account)
}

// Hint implements [account.Hinter].
func (e *RemovedError) Hint() string { return "sign in with another passkey of the account" }

// Ceremony is one assertion with what it had to satisfy.
type Ceremony struct {
	Assertion *passkey.Assertion
	Rule      passkey.Rule // UserVerification and the like are as the page asked
}

// Found is the account that a passkey leads to.
type Found struct {
	Account  *Account
	Signer   Signer // the passkey as the account knows it
	Key      passkey.PublicKey
	Deployed bool
	// Certain: key, and with it the address, follow from the assertions and the
	// user handle's salt alone. Otherwise a node's word chose among the keys that
	// may have signed, or the user handle, which is not signed, named the address:
	// a node that lies or is behind can lead to an account that the passkey does
	// not control. Such an account may be operated – an approval by another key
	// is refused before anything is sent – but must not be shown as an address to
	// pay to. Two assertions make an account of [ForPasskey] certain.
	Certain bool
}

// Find leads from assertions of one unknown passkey to its account, with no
// memory but the chain's: the public key is recovered from the signature, which
// leaves two candidates as a rule, and the user handle says how the account is
// reached. Candidates are checked against the chain; if more than one is left –
// usually because the account is not deployed yet – the error is [ErrAmbiguous]
// and a second assertion decides. What one assertion finds rests on the node's
// word: see [Found.Certain].
//
// The user handle is not signed. That does no harm: an account is returned only
// if the key that signed controls it.
func Find(ctx context.Context, ch account.Chain, d contracts.Deployment, ceremonies ...Ceremony) (*Found, error) {
	keys, handle, err := candidates(ceremonies)
	if err != nil {
		return nil, err
	}
	if addr, ok := handle.Address(); ok {
		acct, err := At(ctx, ch, addr)
		if err != nil {
			return nil, err
		}
		return among(acct, keys)
	}
	salt, _ := handle.Salt()
	var found []*Found
	var removed error
	for _, key := range keys {
		f, err := atSalt(ctx, ch, d, key, salt)
		switch {
		case errors.As(err, new(*RemovedError)):
			removed = err
			continue
		case err != nil:
			return nil, err
		}
		f.Certain = len(keys) == 1
		if f.Deployed || f.Certain {
			found = append(found, f)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && removed != nil:
		return nil, removed
	}
	return nil, ErrAmbiguous
}

// candidates returns the keys that may have made all the assertions.
func candidates(ceremonies []Ceremony) ([]passkey.PublicKey, Handle, error) {
	var keys []passkey.PublicKey
	var handle Handle
	if len(ceremonies) == 0 {
		return nil, handle, errors.New("webauthn: no assertion to start from")
	}
	for i, c := range ceremonies {
		h, err := ParseHandle(c.Assertion.UserHandle)
		if err != nil {
			return nil, handle, err
		}
		if i > 0 && (h != handle || string(c.Assertion.ID) != string(ceremonies[0].Assertion.ID)) {
			return nil, handle, ErrOtherCredential
		}
		handle = h
		var verified []passkey.PublicKey
		var refused error
		for _, k := range c.Assertion.Recover() {
			if err := c.Assertion.Verify(k, c.Rule); err != nil {
				refused = err
				continue
			}
			if i == 0 || contains(keys, k) {
				verified = append(verified, k)
			}
		}
		if keys = verified; len(keys) == 0 {
			if refused != nil {
				return nil, handle, refused
			}
			return nil, handle, ErrOtherCredential
		}
	}
	return keys, handle, nil
}

func contains(keys []passkey.PublicKey, k passkey.PublicKey) bool {
	for _, x := range keys {
		if x == k {
			return true
		}
	}
	return false
}

// atSalt opens the account that key made with salt, deployed or not.
func atSalt(ctx context.Context, ch account.Chain, d contracts.Deployment, key passkey.PublicKey, salt [32]byte) (*Found, error) {
	first, err := ForPasskey(d, key, salt)
	if err != nil {
		return nil, err
	}
	code, err := ch.Code(ctx, first.address)
	if err != nil {
		return nil, fmt.Errorf("webauthn: read the code of %s: %w", first.address, err)
	}
	if len(code) == 0 {
		return &Found{Account: first, Signer: first.members[0].Signer, Key: key}, nil
	}
	now, err := first.With(ctx, ch)
	if err != nil {
		return nil, err
	}
	return among(now, []passkey.PublicKey{key})
}

// among finds which of the keys is a signer of a deployed account.
func among(acct *Account, keys []passkey.PublicKey) (*Found, error) {
	var found []*Found
	for _, m := range acct.members {
		key, _, ok := m.Signer.Passkey()
		if ok && contains(keys, key) {
			found = append(found, &Found{Account: acct, Signer: m.Signer, Key: key, Deployed: true})
		}
	}
	switch {
	case len(found) == 0:
		return nil, &RemovedError{Account: acct.address}
	case len(found) > 1 && found[0].Key != found[1].Key:
		return nil, ErrAmbiguous
	}
	return found[0], nil // one key under two rules: either will do
}
