// Reading the signatures of MetaMask's smart accounts.

package seal

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// ParseMetaMask reads a signature to its last byte. It refuses what the account
// refuses whatever the hash, encodings that are not canonical, and client data
// that is not cut at its challenge: the contract would accept a passkey's
// signature whose challenge was another text, if only the digest's base64url
// stood somewhere in its client data; nobody who follows the standard makes one.
// Only the chain can tell whether the key is one of the account's. The result
// refers to b.
func ParseMetaMask(b []byte) (MetaMaskSignature, error) {
	const where = "signature"
	var s MetaMaskSignature
	switch {
	case len(b) == 65:
		s = MetaMaskSignature{Kind: MetaMaskKindECDSA, ECDSA: [65]byte(b)}
	case len(b) < 96:
		return s, caused(ErrTruncated, where, "%d bytes; a MetaMask account takes 65 (secp256k1), 96 (P-256) or more (passkey)", len(b))
	case len(b) == 96:
		s = MetaMaskSignature{
			Kind: MetaMaskKindP256, KeyID: common.Hash(b),
			Signature: passkey.Signature{R: [32]byte(b[32:]), S: [32]byte(b[64:])},
		}
	default:
		f, err := decodeTuple(where, abituple.Decode, b, "wwwdwddw")
		if err != nil {
			return s, err
		}
		requireUV := f[4].Int()
		if requireUV > 1 {
			return s, caused(ErrEncoding, where, "requireUV is neither true nor false")
		}
		s = MetaMaskSignature{
			Kind: MetaMaskKindWebAuthn, KeyID: f[0].Word, Signature: passkey.Signature{R: f[1].Word, S: f[2].Word},
			AuthData: f[3].Data, RequireUV: requireUV == 1, Prefix: f[5].Data, Suffix: f[6].Data, TypeIndex: f[7].Int(),
		}
	}
	if err := s.check(where); err != nil {
		return MetaMaskSignature{}, err
	}
	return s, nil
}

// Assertion is the passkey's assertion of the digest that was signed, for
// [passkey.Assertion.Verify]. The signature carries no credential ID, so it has
// none.
func (s *MetaMaskSignature) Assertion(digest common.Hash) (*passkey.Assertion, error) {
	if s.Kind != MetaMaskKindWebAuthn {
		return nil, malformed("signature", "by %s, not by a passkey", s.Kind)
	}
	return rebuildAssertion("signature", s.AuthData, joinChallenge(s.Prefix, digest, s.Suffix), s.Signature)
}

func (s *MetaMaskSignature) check(where string) error {
	switch s.Kind {
	case MetaMaskKindECDSA:
		return checkECDSA(where, s.ECDSA)
	case MetaMaskKindP256:
		return checkSignature(where, s.Signature)
	case MetaMaskKindWebAuthn:
		return s.checkWebAuthn(where)
	}
	return malformed(where, "unknown kind %d", s.Kind)
}

func (s *MetaMaskSignature) checkWebAuthn(where string) error {
	if err := checkSignature(where, s.Signature); err != nil {
		return err
	}
	if err := checkAuthData(where, s.AuthData); err != nil {
		return err
	}
	json := joinChallenge(s.Prefix, common.Hash{}, s.Suffix)
	switch {
	case s.RequireUV && !passkey.Flags(s.AuthData[32]).UV():
		return caused(passkey.ErrUserVerification, where, "requireUV is set but user verification (UV) is missing")
	case !bytes.HasSuffix(s.Prefix, []byte(challengeKey)) || len(s.Suffix) == 0 || s.Suffix[0] != '"':
		return caused(passkey.ErrChallenge, where, "the challenge does not stand where the client data is cut")
	case s.TypeIndex < 0 || s.TypeIndex > len(json) || !bytes.HasPrefix(json[s.TypeIndex:], []byte(typeMember)):
		return caused(ErrIndex, where, "no %s at index %d of the client data", typeMember, s.TypeIndex)
	}
	return nil
}
