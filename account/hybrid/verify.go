package hybrid

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/seal"
)

// CheckSignature checks signature bytes as the contract does, offline and with a
// cause: the digest of an operation ([account.Challenge]), or the hash that an
// application passes to isValidSignature. Like the contract it knows nothing of
// relying party and origin; [account.Challenge.Verify] does. It returns who signed.
func (a *Account) CheckSignature(digest common.Hash, sig []byte) (Approver, error) {
	s, err := seal.ParseMetaMask(sig)
	if err != nil {
		return nil, err
	}
	if s.Kind == seal.MetaMaskKindECDSA {
		signer, err := account.RecoverECDSA(digest, sig)
		switch {
		case err != nil:
			return nil, err
		case signer != a.owner || signer == (common.Address{}):
			return nil, &NotSignerError{Account: a.address, Who: signer.Hex() + " signed, who is not its owner"}
		}
		return OwnerApprover{Address: signer}, nil
	}
	key, err := a.member(Key{Hash: s.KeyID})
	if err != nil {
		return nil, err
	}
	var by Approver = P256Approver{Key: key}
	signed := sha256.Sum256(digest[:])
	if s.Kind == seal.MetaMaskKindWebAuthn {
		as, err := s.Assertion(digest)
		if err != nil {
			return nil, err
		}
		signed = as.Digest()
		by = PasskeyApprover{Key: key, DangerSkipUserVerification: !s.RequireUV}
	}
	if !verifies(key.Public, signed, s.Signature) {
		return nil, fmt.Errorf("hybrid: %s did not sign this: %w", key, passkey.ErrSignature)
	}
	return by, nil
}

func verifies(key passkey.PublicKey, digest [32]byte, sig passkey.Signature) bool {
	return ecdsa.VerifyASN1(key.ECDSA(), digest[:], sig.DER())
}
