// Approvals of the layout "postern v1" from what signers give.

package seal

import (
	"encoding/base64"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
)

// PosternPasskey is a passkey's approval of the 32 bytes that are its
// assertion's challenge. The signer must be a passkey; that the assertion
// verifies is for the caller to check.
func PosternPasskey(signer Signer, a *passkey.Assertion) (PosternApproval, error) {
	const where = "assertion"
	c := &a.ClientData
	switch {
	case len(c.Challenge) != 32:
		return PosternApproval{}, malformed(where, "a challenge of %d bytes, not the 32 of a hash", len(c.Challenge))
	case c.TypeOffset < 0 || c.ChallengeOffset < 0 || c.ChallengeOffset+challengeLen > len(c.Raw):
		return PosternApproval{}, malformed(where, "client data spelt with spaces or escapes, which the account does not read")
	}
	end := c.ChallengeOffset + challengeLen
	text := c.Raw[c.ChallengeOffset:end]
	if string(text) != base64.RawURLEncoding.EncodeToString(c.Challenge) {
		return PosternApproval{}, malformed(where, "the challenge is not written as base64url without padding")
	}
	approval := PosternApproval{
		Kind:      PosternKindPasskeyGeneral,
		Signer:    signer,
		Signature: a.Signature,
		AuthData:  slices.Clone(a.AuthData.Raw),
		TypeIndex: c.TypeOffset,
		Prefix:    slices.Clone(c.Raw[:c.ChallengeOffset]),
		Suffix:    slices.Clone(c.Raw[end:]),
	}
	if string(approval.Prefix) == fixedPrefix {
		approval.Kind = PosternKindPasskey
	}
	if err := approval.check(where); err != nil {
		return PosternApproval{}, err
	}
	return approval, nil
}

// PosternECDSA is a secp256k1 key's approval: signature is r ‖ s ‖ v over the
// hash as it is (no prefix), 65 bytes, v 0, 1, 27 or 28. A high s is turned into
// the low one, which is the same signature.
func PosternECDSA(signer common.Address, signature []byte) (PosternApproval, error) {
	const where = "secp256k1 signature"
	s, err := AddressSigner(signer)
	if err != nil {
		return PosternApproval{}, err
	}
	if len(signature) != 65 {
		return PosternApproval{}, malformed(where, "%d bytes, not 65", len(signature))
	}
	sig := [65]byte(signature)
	if sig[64] < 2 {
		sig[64] += 27
	}
	lowerS(&sig)
	approval := PosternApproval{Kind: PosternKindECDSA, Signer: s, ECDSA: sig}
	if err := approval.check(where); err != nil {
		return PosternApproval{}, err
	}
	return approval, nil
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

// lowerS turns a high s into n−s and flips v, if s is below n.
func lowerS(sig *[65]byte) {
	n := crypto.S256().Params().N
	s := common.BytesToHash(sig[32:64]).Big()
	if low := common.BytesToHash(sig[32:64]).Big(); low.Sub(n, s).Sign() > 0 && low.Cmp(s) < 0 {
		low.FillBytes(sig[32:64])
		sig[64] ^= 27 ^ 28
	}
}

func checkECDSA(where string, sig [65]byte) error {
	r, s := common.BytesToHash(sig[:32]).Big(), common.BytesToHash(sig[32:64]).Big()
	switch {
	case sig[64] != 27 && sig[64] != 28:
		return malformed(where, "v is %d, not 27 or 28", sig[64])
	case !crypto.ValidateSignatureValues(sig[64]-27, r, s, true):
		return malformed(where, "r or s out of range")
	}
	return nil
}
