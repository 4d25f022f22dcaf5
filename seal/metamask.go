// MetaMask's smart accounts (Delegation Framework 1.3.0): HybridDeleGator takes
// a passkey's assertion, a raw P-256 signature or its owner's secp256k1
// signature; the EIP-7702 account takes the last only. What they sign is in
// metamask_digest.go.

package seal

import (
	"encoding/base64"
	"encoding/hex"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// MetaMaskKeyID is the name under which MetaMask's kit registers a passkey on
// chain. It is a *text*, never bytes: "0x" and, in lower case hex, the ASCII
// characters of the credential ID's base64url form (the kit says
// toHex(credential.id), where credential.id is the browser's text). A
// credential of the bytes 00 01 has the ID "AAE" and is "0x414145" on chain.
//
// Whoever registers another text of the same credential, or its raw bytes, gets
// another [MetaMaskKeyIDHash]: the key is then on the account, but what the kit
// makes for it names a key that is not. `postern inspect` recognises these
// mistakes.
func MetaMaskKeyID(credentialID []byte) string {
	return "0x" + hex.EncodeToString([]byte(base64.RawURLEncoding.EncodeToString(credentialID)))
}

// MetaMaskKeyIDHash is what the account stores and what begins a signature:
// keccak256 of the text's bytes as they are, with "0x" and without decoding the
// hex.
func MetaMaskKeyIDHash(keyID string) common.Hash { return crypto.Keccak256Hash([]byte(keyID)) }

// MetaMaskKind tells the forms of a signature apart; the account does so by its
// length.
type MetaMaskKind byte

// The forms of a signature.
const (
	MetaMaskKindECDSA    MetaMaskKind = iota + 1 // 65 bytes: secp256k1 over the digest
	MetaMaskKindP256                             // 96 bytes: P-256 over SHA-256(digest)
	MetaMaskKindWebAuthn                         // any other length: an assertion whose challenge is the digest
)

func (k MetaMaskKind) String() string {
	switch k {
	case MetaMaskKindECDSA:
		return "secp256k1"
	case MetaMaskKindP256:
		return "raw P-256"
	case MetaMaskKindWebAuthn:
		return "passkey"
	}
	return "unknown"
}

// MetaMaskSignature is a signature in its parts.
type MetaMaskSignature struct {
	Kind MetaMaskKind

	ECDSA [65]byte // of a secp256k1 key: r ‖ s ‖ v with low s and v 27 or 28

	KeyID     common.Hash       // of P-256 keys: [MetaMaskKeyIDHash]
	Signature passkey.Signature // of P-256 keys

	// Of a passkey: the authenticator data, and clientDataJSON cut around the
	// challenge's text. TypeIndex is where `"type":"webauthn.get"` stands.
	// RequireUV asks the contract to insist on user verification; it is the
	// signer's own choice and so protects nobody. The encoder sets it to UV.
	AuthData  []byte
	RequireUV bool
	Prefix    []byte
	Suffix    []byte
	TypeIndex int
}

// MetaMaskWebAuthn is a passkey's signature over the 32 bytes that are its
// assertion's challenge: abi.encode(keyIdHash, r, s, authenticatorData,
// requireUV, prefix, suffix, responseTypeLocation). That the assertion verifies
// is for the caller to check.
func MetaMaskWebAuthn(keyID common.Hash, a *passkey.Assertion) ([]byte, error) {
	const where = "assertion"
	if err := checkAssertion(where, a); err != nil {
		return nil, err
	}
	prefix, suffix, err := cutChallenge(where, a)
	if err != nil {
		return nil, err
	}
	s := MetaMaskSignature{
		Kind: MetaMaskKindWebAuthn, KeyID: keyID, Signature: a.Signature, AuthData: a.AuthData.Raw,
		RequireUV: a.AuthData.Flags.UV(), Prefix: prefix, Suffix: suffix, TypeIndex: a.ClientData.TypeOffset,
	}
	return s.Bytes()
}

// MetaMaskP256 is a bare P-256 key's signature: abi.encode(keyIdHash, r, s), 96
// bytes. s signs SHA-256 of the 32-byte digest, as every P-256 API hashes its
// input once. It is nil if s is no signature.
func MetaMaskP256(keyID common.Hash, s passkey.Signature) []byte {
	rs := lowP1363(s)
	if rs == nil {
		return nil
	}
	return append(keyID.Bytes(), rs...)
}

// MetaMaskECDSA is the owner's signature over the digest as it is (no prefix):
// r ‖ s ‖ v, 65 bytes. v may be 0, 1, 27 or 28 and becomes 27 or 28; a high s
// becomes the low one, which is the same signature.
func MetaMaskECDSA(sig []byte) ([]byte, error) {
	out, err := normalECDSA(sig)
	if err != nil {
		return nil, err
	}
	return out[:], nil
}

// Bytes writes the signature after checking it as the parser would.
func (s *MetaMaskSignature) Bytes() ([]byte, error) {
	if err := s.check("signature"); err != nil {
		return nil, err
	}
	switch s.Kind {
	case MetaMaskKindECDSA:
		return s.ECDSA[:], nil
	case MetaMaskKindP256:
		return MetaMaskP256(s.KeyID, s.Signature), nil
	}
	requireUV := 0
	if s.RequireUV {
		requireUV = 1
	}
	return abituple.Encode(abituple.Word(s.KeyID), abituple.Word(s.Signature.R), abituple.Word(s.Signature.S), abituple.Bytes(s.AuthData),
		abituple.Number(requireUV), abituple.Bytes(s.Prefix), abituple.Bytes(s.Suffix), abituple.Number(s.TypeIndex)), nil
}
