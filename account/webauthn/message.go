package webauthn

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/seal"
)

// Message is an off-chain signature (ERC-1271) on its way. What is signed binds
// account and chain (ERC-7739), so that it is worth nothing on another account
// of the same key.
type Message struct {
	auth      *Authority
	challenge account.Challenge
	wrap      func([]byte) ([]byte, error)
}

// SignHash begins the signature of a hash that an application will pass to
// isValidSignature – for a text message, its EIP-191 hash. The person sees no
// more than the hash; use [Authority.SignTyped] where the message is typed data.
// The signature has the hints that make it cheaper to verify as far as the authority
// knows how that is done: see [Authority.On].
func (a *Authority) SignHash(chainID *big.Int, hash common.Hash) *Message {
	digest := seal.PersonalSign(seal.PosternDomain(a.account.address, chainID), hash)
	return &Message{auth: a, challenge: a.ask(digest)}
}

// SignTyped begins the signature of an application's typed data (EIP-712).
func (a *Authority) SignTyped(chainID *big.Int, t seal.TypedContents) (*Message, error) {
	digest, err := t.SignHash(seal.PosternDomain(a.account.address, chainID))
	if err != nil {
		return nil, err
	}
	return &Message{auth: a, challenge: a.ask(digest), wrap: t.Wrap}, nil
}

// Challenge is what has to be signed.
func (m *Message) Challenge() account.Challenge { return m.challenge }

// Finish verifies the approval and returns the signature that the account's
// isValidSignature accepts.
func (m *Message) Finish(a account.Approval) ([]byte, error) {
	if err := m.challenge.Verify(a); err != nil {
		return nil, err
	}
	sig, err := m.auth.join(a)
	if err != nil {
		return nil, fmt.Errorf("webauthn: seal the signature: %w", err)
	}
	if m.wrap == nil {
		return sig, nil
	}
	return m.wrap(sig)
}
