package flow

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"math/big"

	"github.com/postern-dev/postern/passkey"
)

// Curve is the signature algorithm of an account key, as Cadence names it.
type Curve string

// HashAlgorithm is the hash algorithm of an account key, as Cadence names it.
type HashAlgorithm string

const (
	P256      Curve = "ECDSA_P256"
	Secp256k1 Curve = "ECDSA_secp256k1"

	SHA2 HashAlgorithm = "SHA2_256"
	SHA3 HashAlgorithm = "SHA3_256"
)

// WeightThreshold is the weight that an account's signatures must have together.
const WeightThreshold = 1000

// AccountKey is a key of an account as the chain has it.
type AccountKey struct {
	Index          uint32
	Public         [64]byte // x‖y, big endian, without the 04 of SEC 1
	Curve          Curve
	Hash           HashAlgorithm
	Weight         uint16 // of WeightThreshold
	SequenceNumber uint64
	Revoked        bool
}

// Passkey is the account key of a passkey: P-256 with SHA2_256, the only hash that an ES256 credential can serve.
func Passkey(k passkey.PublicKey, weight uint16) AccountKey {
	return AccountKey{Public: [64]byte(k.Raw()), Curve: P256, Hash: SHA2, Weight: weight}
}

// Registered is the account key of a passkey that was registered in wallet mode, ES256 or ES256K.
func Registered(k passkey.WalletKey, weight uint16) AccountKey {
	key := AccountKey{Public: k.Raw, Curve: P256, Hash: SHA2, Weight: weight}
	if k.Algorithm == passkey.ES256K {
		key.Curve = Secp256k1
	}
	return key
}

// PublicHex is x‖y as 128 hexadecimal digits, without 0x: the form of Cadence and of the Access API.
func (k AccountKey) PublicHex() string { return hex.EncodeToString(k.Public[:]) }

// ParsePublic reads x‖y as 128 hexadecimal digits, with or without 0x. What it says of the curve is not checked.
func ParsePublic(text string) (public [64]byte, err error) {
	if !decodeHex(public[:], text) {
		return [64]byte{}, refused(ErrKey, "public key", "%.140q", text)
	}
	return public, nil
}

// Fits says whether a passkey can sign as this key.
func (k AccountKey) Fits() error {
	switch {
	case k.Curve != P256 && k.Curve != Secp256k1:
		return refused(ErrKey, "signature algorithm", "%.40q", string(k.Curve))
	case k.Hash != SHA2:
		return refused(ErrKey, "hash algorithm", "%.40q, and WebAuthn has SHA2_256 only", string(k.Hash))
	case k.Revoked:
		return refused(ErrRevoked, "", "key %d", k.Index)
	}
	return nil
}

// Verifier verifies signatures on a curve for which the standard library has none: r‖s of 64 bytes, of a digest of 32, by
// x‖y. It takes a high s as well as a low one.
type Verifier func(public, signature [64]byte, digest [32]byte) bool

// verify is the end of every check: is it a signature of the message?
func (k AccountKey) verify(signature, message []byte, secp256k1 Verifier) error {
	if len(signature) != 64 {
		return refused(ErrSignatureLen, "signature", "%d bytes", len(signature))
	}
	var digest [32]byte
	switch k.Hash {
	case SHA2:
		digest = sha256.Sum256(message)
	case SHA3:
		digest = sha3.Sum256(message)
	default:
		return refused(ErrKey, "hash algorithm", "%.40q", string(k.Hash))
	}
	switch k.Curve {
	case P256:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, k.Public[:]...))
		if err != nil {
			return refused(ErrKey, "public key", "%v", err)
		}
		// What is verified is public: big integers do not matter here. A high s is good, as it is for nodes.
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if !ecdsa.Verify(public, digest[:], r, s) {
			return refused(ErrSignature, "signature", "by key %d, %s with %s", k.Index, k.Curve, k.Hash)
		}
		return nil
	case Secp256k1:
		if secp256k1 == nil {
			return refused(ErrCurve, "signature algorithm", "%s", k.Curve)
		}
		if !secp256k1(k.Public, [64]byte(signature), digest) {
			return refused(ErrSignature, "signature", "by key %d, %s with %s", k.Index, k.Curve, k.Hash)
		}
		return nil
	}
	return refused(ErrKey, "signature algorithm", "%.40q", string(k.Curve))
}
