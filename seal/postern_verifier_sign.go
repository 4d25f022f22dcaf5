// Signatures that P256Verifier takes, and reading them.

package seal

import (
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// VerifierRaw is a signature by a key that signs hashes as they are: r ‖ s ‖ hints. hints are none, or those of a path
// ([P256Path.Hints]).
func VerifierRaw(s passkey.Signature, hints []byte) ([]byte, error) {
	b := append(s.P1363(), hints...)
	if _, _, err := ParseVerifierRaw(b); err != nil {
		return nil, err
	}
	return b, nil
}

// ParseVerifierRaw reads what VerifierRaw writes. The result refers to b.
func ParseVerifierRaw(b []byte) (s passkey.Signature, hints []byte, err error) {
	const where = "raw signature"
	switch len(b) {
	case 64:
	case 64 + hintsTable, 64 + hintsNoTable:
		hints = b[64:]
	default:
		return passkey.Signature{}, nil, malformed(where, "%d bytes, not 64 and hints of %d or %d", len(b), hintsTable, hintsNoTable)
	}
	s = passkey.Signature{R: [32]byte(b), S: [32]byte(b[32:])}
	if err := checkSignature(where, s); err != nil {
		return passkey.Signature{}, nil, err
	}
	return s, hints, nil
}

// VerifierSignature is a passkey's approval as P256Verifier takes it beside a [NewVerifierPasskey] of the same key and
// rule: the approval of [Postern] without x, y and rule.
func VerifierSignature(a PosternApproval) ([]byte, error) {
	const where = "approval"
	if !a.Kind.IsPasskey() {
		return nil, malformed(where, "no passkey's")
	}
	if err := a.check(where); err != nil {
		return nil, err
	}
	return a.appendAssertion([]byte{byte(a.Kind)}), nil
}

// ParseVerifierSignature reads to its last byte what VerifierSignature writes for this key, which is a passkey. It
// refuses what the verifier refuses whatever the hash. The result refers to b.
func ParseVerifierSignature(k VerifierKey, b []byte) (a PosternApproval, err error) {
	const where = "verifier signature"
	rule, ok := k.Rule()
	switch {
	case !ok:
		return a, malformed(where, "the key is no passkey")
	case len(b) == 0:
		return a, caused(ErrTruncated, where, "no bytes")
	}
	a.Kind = PosternKind(b[0])
	if !a.Kind.IsPasskey() {
		return PosternApproval{}, malformed(where, "unknown form %#02x", b[0])
	}
	if a.Signer, err = PasskeySigner(k.Public(), rule); err != nil {
		return PosternApproval{}, err
	}
	r := reader{b: b[1:]}
	r.assertion(&a)
	switch {
	case r.short:
		err = caused(ErrTruncated, where, "ends too early")
	case len(r.b) > 0:
		err = caused(ErrTrailing, where, "%d bytes follow its end", len(r.b))
	default:
		err = a.check(where)
	}
	if err != nil {
		return PosternApproval{}, err
	}
	return a, nil
}

// VerifierCall is calldata of P256Verifier for a passkey's signature, cheaper than its ERC-7913 entry: 28 zero bytes ‖ rule ‖
// format ‖ form ‖ authLen ‖ hash ‖ x ‖ y ‖ r ‖ s ‖ authData and the rest of the signature. It answers with one word, 1 or 0. [ParseVerifierCall] reads it.
func VerifierCall(hash common.Hash, k VerifierKey, signature []byte) ([]byte, error) {
	if _, err := ParseVerifierSignature(k, signature); err != nil {
		return nil, fmt.Errorf("verifier call: %w", err)
	}
	key := k.Bytes()
	return slices.Concat(make([]byte, verifierZeros), key[64:], signature[:1], signature[65:66], hash[:], key[:64], signature[1:65], signature[66:]), nil
}

// verifierZeros begin a [VerifierCall], so that no hash stands in their place.
const verifierZeros = 28

// ParseVerifierCall is the inverse of [VerifierCall]. It does not look into the signature: see [ParseVerifierSignature].
func ParseVerifierCall(b []byte) (hash common.Hash, k VerifierKey, signature []byte, err error) {
	const where = "verifier call"
	if len(b) < 192 {
		return common.Hash{}, VerifierKey{}, nil, caused(ErrTruncated, where, "%d bytes, at least 192", len(b))
	}
	if [verifierZeros]byte(b) != [verifierZeros]byte{} {
		return common.Hash{}, VerifierKey{}, nil, malformed(where, "does not begin with %d zero bytes", verifierZeros)
	}
	k, err = ParseVerifierKey(slices.Concat(b[64:128], b[verifierZeros:verifierZeros+2]))
	return common.Hash(b[32:64]), k, slices.Concat(b[30:31], b[128:192], b[31:32], b[192:]), err
}
