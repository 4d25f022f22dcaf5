package account

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
)

// Causes of an *ApprovalError that are not the passkey package's own.
var (
	ErrWrongKind      = errors.New("it is not of the kind that was asked for")
	ErrBadECDSA       = errors.New("the secp256k1 signature is malformed or has a high s")
	ErrBadP256        = errors.New("the P-256 signature is out of range or has a high s")
	ErrWrongSigner    = errors.New("another key signed")
	ErrTooFewParts    = errors.New("there are fewer approvals than asked for")
	ErrBadChallenge   = errors.New("the challenge contradicts itself")
	errNothingSetup   = errors.New("the challenge names no key")
	errMoreThanOneSet = errors.New("it holds more than one answer")
)

// Verify reports whether a is an approval of c: the right digest, the rule, the
// signature. It returns an *ApprovalError with the cause otherwise. For
// [KindSeveral] each part that is present must be right; how many of them suffice
// is the authority's to say.
func (c Challenge) Verify(a Approval) error {
	if err := c.verify(a); err != nil {
		if e, ok := errors.AsType[*ApprovalError](err); ok {
			return e
		}
		return &ApprovalError{Who: c.who(), Cause: err}
	}
	return nil
}

func (c Challenge) verify(a Approval) error {
	if set := a.fields(); set > 1 {
		return errMoreThanOneSet
	}
	switch c.Kind {
	case KindWebAuthn:
		if a.Assertion == nil {
			return ErrWrongKind
		}
		if c.Key.IsZero() {
			return errNothingSetup
		}
		if !bytes.Equal(c.Rule.Challenge, c.Digest[:]) {
			return ErrBadChallenge
		}
		return a.Assertion.Verify(c.Key, c.Rule)
	case KindECDSA:
		if a.ECDSA == nil {
			return ErrWrongKind
		}
		if c.Address == (common.Address{}) {
			return errNothingSetup
		}
		got, err := RecoverECDSA(c.Digest, a.ECDSA)
		if err != nil {
			return err
		}
		if got != c.Address {
			return fmt.Errorf("%w: %s", ErrWrongSigner, got)
		}
		return nil
	case KindP256:
		if a.P256 == nil {
			return ErrWrongKind
		}
		if c.Key.IsZero() {
			return errNothingSetup
		}
		return verifyP256(c.Key, c.Digest, *a.P256)
	case KindSeveral:
		if len(a.Parts) != len(c.Parts) {
			return fmt.Errorf("%w: %d of %d", ErrTooFewParts, len(a.Parts), len(c.Parts))
		}
		for i, p := range a.Parts {
			if p.fields() == 0 {
				continue
			}
			if c.Parts[i].Digest != c.Digest {
				return ErrBadChallenge
			}
			if err := c.Parts[i].Verify(p); err != nil {
				return err
			}
		}
		return nil
	}
	return ErrWrongKind
}

func (a Approval) fields() int {
	n := 0
	if a.Assertion != nil {
		n++
	}
	if a.ECDSA != nil {
		n++
	}
	if a.P256 != nil {
		n++
	}
	if a.Parts != nil {
		n++
	}
	return n
}

// IsZero reports whether a holds no answer.
func (a Approval) IsZero() bool { return a.fields() == 0 }

// who names the key of c in short.
func (c Challenge) who() string {
	switch c.Kind {
	case KindWebAuthn, KindP256:
		return ShortKey(c.Key)
	case KindECDSA:
		return "the key " + c.Address.Hex()
	case KindSeveral:
		return fmt.Sprintf("%d keys", len(c.Parts))
	}
	return "nobody"
}

// ShortKey names a passkey by so much of its key that nobody makes another one which is
// called the same: 12 bytes of x.
func ShortKey(k passkey.PublicKey) string {
	x := k.X()
	return fmt.Sprintf("the passkey %x…%x", x[:8], x[28:])
}

// verifyP256 checks a signature over sha256(digest). The contracts take a low s
// only, so that one approval has one form.
func verifyP256(key passkey.PublicKey, digest [32]byte, sig passkey.Signature) error {
	if low, err := passkey.ParseP1363(sig.P1363()); err != nil || low != sig {
		return ErrBadP256
	}
	sum := sha256.Sum256(digest[:])
	if !ecdsa.VerifyASN1(key.ECDSA(), sum[:], sig.DER()) {
		return ErrWrongSigner
	}
	return nil
}

// RecoverECDSA returns the address whose key signed digest. The signature is
// r ‖ s ‖ v, 65 bytes, v 0, 1, 27 or 28, with a low s.
func RecoverECDSA(digest [32]byte, sig []byte) (common.Address, error) {
	if len(sig) != 65 {
		return common.Address{}, ErrBadECDSA
	}
	s := bytes.Clone(sig)
	if s[64] >= 27 {
		s[64] -= 27
	}
	if s[64] > 1 || !crypto.ValidateSignatureValues(s[64], bigOf(s[:32]), bigOf(s[32:64]), true) {
		return common.Address{}, ErrBadECDSA
	}
	pub, err := crypto.SigToPub(digest[:], s)
	if err != nil {
		return common.Address{}, fmt.Errorf("%w: %w", ErrBadECDSA, err)
	}
	return crypto.PubkeyToAddress(*pub), nil
}
