// Approvals of the layout "postern v1" from what signers give.

package seal

import (
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// PosternPasskey is a passkey's approval of the 32 bytes that are its
// assertion's challenge. The signer must be a passkey; that the assertion
// verifies is for the caller to check.
func PosternPasskey(signer Signer, a *passkey.Assertion) (PosternApproval, error) {
	const where = "assertion"
	prefix, suffix, err := cutChallenge(where, a)
	if err != nil {
		return PosternApproval{}, err
	}
	approval := PosternApproval{
		Kind:      PosternKindPasskeyGeneral,
		Signer:    signer,
		Signature: a.Signature,
		AuthData:  slices.Clone(a.AuthData.Raw),
		TypeIndex: a.ClientData.TypeOffset,
		Prefix:    slices.Clone(prefix),
		Suffix:    slices.Clone(suffix),
	}
	if string(approval.Prefix) == fixedPrefix {
		approval.Kind = PosternKindPasskey
	}
	if err := approval.check(where); err != nil {
		return PosternApproval{}, err
	}
	return approval, nil
}

// WithHints is the approval with the hints that fit the path on which the
// account will verify it, or without where there are none. hash is what was
// approved. Approvals of other kinds, and ones that do not approve of hash, come
// back without hints.
func (a PosternApproval) WithHints(path P256Path, hash common.Hash) PosternApproval {
	key, _, ok := a.Signer.Passkey()
	if !ok || !a.Kind.IsPasskey() {
		return a
	}
	a.Hints = path.Hints(a.Digest(hash), a.Signature, key)
	a.Kind = a.Kind.withHints(a.Hints != nil)
	return a
}

// PosternECDSA is a secp256k1 key's approval: signature is r ‖ s ‖ v over the
// hash as it is (no prefix), 65 bytes, v 0, 1, 27 or 28. A high s is turned into
// the low one, which is the same signature.
func PosternECDSA(signer common.Address, signature []byte) (PosternApproval, error) {
	s, err := AddressSigner(signer)
	if err != nil {
		return PosternApproval{}, err
	}
	sig, err := normalECDSA(signature)
	if err != nil {
		return PosternApproval{}, err
	}
	return PosternApproval{Kind: PosternKindECDSA, Signer: s, ECDSA: sig}, nil
}

// PosternContract is the approval of an ERC-1271 contract or ERC-7913 key. What
// signature holds is between the signer and its verifier.
func PosternContract(signer Signer, signature []byte) (PosternApproval, error) {
	approval := PosternApproval{Kind: PosternKindContract, Signer: signer, Inner: slices.Clone(signature)}
	if err := approval.check("contract signature"); err != nil {
		return PosternApproval{}, err
	}
	return approval, nil
}
