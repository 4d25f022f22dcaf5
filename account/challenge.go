package account

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// Kind says which sort of approval a challenge asks for.
type Kind uint8

const (
	// KindWebAuthn asks for a passkey assertion.
	KindWebAuthn Kind = iota + 1
	// KindECDSA asks for a secp256k1 signature.
	KindECDSA
	// KindSeveral asks for one approval per part.
	KindSeveral
	// KindP256 asks for a raw P-256 signature over the SHA-256 of the digest.
	KindP256
)

func (k Kind) String() string {
	switch k {
	case KindWebAuthn:
		return "webauthn"
	case KindECDSA:
		return "ecdsa"
	case KindSeveral:
		return "several"
	case KindP256:
		return "p256"
	}
	return "unknown"
}

// Challenge is what must be signed, and exactly which approval will do. An
// approval is checked against it by [Challenge.Verify].
type Challenge struct {
	// Digest is signed: it is the WebAuthn challenge, what a secp256k1 key signs
	// as it is, with no prefix, or what a P-256 key signs the SHA-256 of.
	Digest [32]byte
	Kind   Kind

	// Key and Rule: the passkey that must sign, and what its assertion must show
	// (KindWebAuthn). Rule.Challenge equals Digest. KindP256 has a Key only.
	Key  passkey.PublicKey
	Rule passkey.Rule
	// Credentials are the ids to offer in allowCredentials; empty lets the
	// person choose among the passkeys of Rule.RPID.
	Credentials [][]byte

	// Address must have signed (KindECDSA).
	Address common.Address

	// TypedData is the EIP-712 JSON whose digest this is, where there is one.
	TypedData []byte
	// Personal is what personal_sign (EIP-191) is given so that the digest is
	// signed, where the digest is such a message's.
	Personal []byte

	// Parts are the challenges of the members (KindSeveral).
	Parts []Challenge
}

// Approval is one answer to a challenge: exactly one of its fields is set.
type Approval struct {
	// Assertion of a passkey.
	Assertion *passkey.Assertion
	// ECDSA is r ‖ s ‖ v of a secp256k1 key, 65 bytes, v 0, 1, 27 or 28.
	ECDSA []byte
	// P256 is a signature of the key itself, without WebAuthn around it.
	P256 *passkey.Signature
	// Parts answer Challenge.Parts in order; the zero Approval leaves one out.
	Parts []Approval
}
