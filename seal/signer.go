// The bytes by which an account knows a signer.

package seal

import (
	"encoding/hex"
	"math"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/passkey"
)

// PasskeyVerifier is the address that begins a passkey's signer bytes. It is
// P256VERIFY's and stands for the account's own WebAuthn check.
var PasskeyVerifier = common.BytesToAddress([]byte{0x01, 0x00})

// passkeySignerLen is 20 + 32 + 32 + 1.
const passkeySignerLen = 85

// Signer is one signer of an account. It is a comparable value; the zero Signer
// is none, and every other one has been checked as the account checks it, as far
// as that is possible without a chain.
type Signer struct{ bytes string }

// PasskeySigner is a passkey under a rule.
func PasskeySigner(key passkey.PublicKey, rule Rule) (Signer, error) {
	if key.IsZero() {
		return Signer{}, malformed("signer", "no public key")
	}
	if !rule.Valid() {
		return Signer{}, &RuleError{UV: rule.UV(), BE: rule.BE(), BS: rule.BS()}
	}
	b := append(PasskeyVerifier.Bytes(), key.Raw()...)
	return Signer{string(append(b, byte(rule)))}, nil
}

// AddressSigner is a secp256k1 key or an ERC-1271 contract.
func AddressSigner(a common.Address) (Signer, error) { return ParseSigner(a[:]) }

// ParseSigner reads signer bytes. It refuses what an account refuses, but for
// two things that only the chain can tell: whether an ERC-7913 verifier has
// code, and whether the signer is the account itself.
func ParseSigner(b []byte) (Signer, error) {
	switch {
	case len(b) < common.AddressLength:
		return Signer{}, malformed("signer", "%d bytes, shorter than an address", len(b))
	case len(b) > math.MaxUint16:
		return Signer{}, malformed("signer", "%d bytes, longer than a signature can carry", len(b))
	}
	verifier := common.BytesToAddress(b[:common.AddressLength])
	if verifier == PasskeyVerifier {
		if len(b) != passkeySignerLen {
			return Signer{}, malformed("signer", "a passkey takes %d bytes, not %d", passkeySignerLen, len(b))
		}
		key, err := passkey.ParseRaw(b[20:84])
		if err != nil {
			return Signer{}, err
		}
		rule, err := ParseRule(b[84])
		if err != nil {
			return Signer{}, err
		}
		return PasskeySigner(key, rule)
	}
	if verifier.Big().BitLen() <= 16 {
		return Signer{}, malformed("signer", "%s is reserved for precompiled contracts", verifier)
	}
	return Signer{string(b)}, nil
}

// Bytes is what the account stores.
func (s Signer) Bytes() []byte { return []byte(s.bytes) }

// ID is keccak256 of the bytes; approvals are sorted by it.
func (s Signer) ID() common.Hash { return crypto.Keccak256Hash([]byte(s.bytes)) }

// IsZero reports whether s is no signer at all.
func (s Signer) IsZero() bool { return s.bytes == "" }

// Address is the whole of a secp256k1 key's or ERC-1271 contract's signer, the
// verifier of any other.
func (s Signer) Address() common.Address {
	if s.IsZero() {
		return common.Address{}
	}
	return common.BytesToAddress([]byte(s.bytes[:common.AddressLength]))
}

// IsAddress reports whether the signer is an address and nothing more.
func (s Signer) IsAddress() bool { return len(s.bytes) == common.AddressLength }

// Passkey gives the key and rule of a passkey.
func (s Signer) Passkey() (key passkey.PublicKey, rule Rule, ok bool) {
	if len(s.bytes) != passkeySignerLen || s.Address() != PasskeyVerifier {
		return passkey.PublicKey{}, 0, false
	}
	key, err := passkey.ParseRaw([]byte(s.bytes[20:84]))
	return key, Rule(s.bytes[84]), err == nil
}

// String is 0x and the bytes in hex.
func (s Signer) String() string { return "0x" + hex.EncodeToString([]byte(s.bytes)) }
