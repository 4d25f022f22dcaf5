// Keys that sign what they are asked: secp256k1 keys, and passkeys with the client data of Chromium.

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	ethcrypto "github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/passkey"
)

const (
	rpID   = "localhost"
	origin = "http://localhost:5173"
)

// key is a key that an owner or a session has.
type key struct {
	Kind   string        `json:"kind"` // "ecdsa" or "webauthn"
	Secret hexutil.Bytes `json:"secret"`
	ID     hexutil.Bytes `json:"id,omitempty"` // credential id of a passkey
}

func (k key) address() (common.Address, error) {
	s, err := ethcrypto.ToECDSA(k.Secret)
	if err != nil {
		return common.Address{}, err
	}
	return ethcrypto.PubkeyToAddress(s.PublicKey), nil
}

func (k key) p256() (*ecdsa.PrivateKey, passkey.PublicKey, error) {
	s, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), k.Secret)
	if err != nil {
		return nil, passkey.PublicKey{}, err
	}
	public, err := passkey.NewPublicKey(&s.PublicKey)
	return s, public, err
}

// approve signs a challenge, deterministically.
func (k key) approve(c account.Challenge) (account.Approval, error) {
	switch c.Kind {
	case account.KindECDSA:
		s, err := ethcrypto.ToECDSA(k.Secret)
		if err != nil {
			return account.Approval{}, err
		}
		sig, err := ethcrypto.Sign(c.Digest[:], s)
		return account.Approval{ECDSA: sig}, err
	case account.KindWebAuthn:
		a, err := k.assert(c.Digest)
		return account.Approval{Assertion: a}, err
	}
	return account.Approval{}, fmt.Errorf("a challenge of kind %v", c.Kind)
}

// assert answers as the authenticator in interop/js/kernel/browser.mjs does, to the byte.
func (k key) assert(challenge [32]byte) (*passkey.Assertion, error) {
	s, _, err := k.p256()
	if err != nil {
		return nil, err
	}
	rp := sha256.Sum256([]byte(rpID))
	authData := append(rp[:], 0x1d, 0, 0, 0, 0) // UP, UV, BE, BS; no counter
	client := fmt.Appendf(nil, `{"type":"webauthn.get","challenge":"%s","origin":"%s","crossOrigin":false}`, base64.RawURLEncoding.EncodeToString(challenge[:]), origin)
	clientHash := sha256.Sum256(client)
	digest := sha256.Sum256(append(authData[:len(authData):len(authData)], clientHash[:]...))
	der, err := s.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return passkey.NewAssertion(k.ID, authData, client, der)
}

// signer is the key as a session's.
func (k key) signer() (kernel.Signer, error) {
	switch k.Kind {
	case "ecdsa":
		a, err := k.address()
		return kernel.ECDSASigner(a), err
	case "webauthn":
		_, public, err := k.p256()
		return kernel.WebAuthnSigner(public, kernel.CredentialHash(k.ID)), err
	}
	return kernel.Signer{}, fmt.Errorf("no key is of kind %q", k.Kind)
}

// owner is a key behind a root validator: "ecdsa", "multiECDSA", "webauthn", "multiWebAuthn" or "multiWebAuthnPatched".
type owner struct {
	Validator string `json:"validator"`
	Key       key    `json:"key"`
}

func (o owner) root() (kernel.Validator, error) {
	switch o.Key.Kind {
	case "ecdsa":
		a, err := o.Key.address()
		if o.Validator == "multiECDSA" {
			return kernel.MultiChainECDSA{Owner: a}, err
		}
		if o.Validator == "ecdsa" {
			return kernel.ECDSA{Owner: a}, err
		}
	case "webauthn":
		_, public, err := o.Key.p256()
		hash := kernel.CredentialHash(o.Key.ID)
		if o.Validator == "multiWebAuthn" {
			// The one that the packages on npm know.
			return kernel.MultiChainWebAuthn{Key: public, CredentialHash: hash, Version: kernel.WebAuthn001, DangerVulnerable: true}, err
		}
		if o.Validator == "multiWebAuthnPatched" {
			return kernel.MultiChainWebAuthn{Key: public, CredentialHash: hash}, err
		}
		if o.Validator == "webauthn" {
			return kernel.WebAuthn{Key: public, CredentialHash: hash}, err
		}
	}
	return nil, fmt.Errorf("no %s validator is of kind %q", o.Key.Kind, o.Validator)
}

// approver asks the owner; for a passkey as the SDK asks it on that chain.
func (o owner) approver(chainID *big.Int) kernel.Approver {
	if o.Key.Kind == "ecdsa" {
		return kernel.OwnerApprover{}
	}
	return kernel.PasskeyApprover{
		RPID: rpID, Origins: []string{origin}, Credential: o.Key.ID, UsePrecompiled: kernel.SDKUsesPrecompiled(chainID),
	}
}

// personal is the hash of a text as personal_sign makes it (EIP-191).
func personal(text string) common.Hash {
	return ethcrypto.Keccak256Hash(fmt.Appendf(nil, "\x19Ethereum Signed Message:\n%d%s", len(text), text))
}
