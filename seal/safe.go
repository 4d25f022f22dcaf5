// Safe's passkey module: what SafeWebAuthnSigner takes.

package seal

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// SafeWebAuthnSignature is a passkey's signature in its parts.
type SafeWebAuthnSignature struct {
	AuthData []byte
	// Fields is what follows the challenge in clientDataJSON, without the comma
	// before and the brace after: `"origin":"https://…","crossOrigin":false`.
	Fields    []byte
	Signature passkey.Signature
}

// SafeWebAuthn is a passkey's signature for its signer contract:
// abi.encode(authenticatorData, clientDataFields, r, s). The challenge is the
// hash that isValidSignature gets: a Safe's transaction hash, or the 4337
// module's hash of an operation. [SafeSignatures] wraps it for a Safe.
//
// The contract writes the start of clientDataJSON itself, so type and challenge
// must come first; clients on Android may order them otherwise. It asks for user
// verification, but not for user presence and not about the backup flags, and
// takes a high s.
func SafeWebAuthn(a *passkey.Assertion) ([]byte, error) {
	const where = "assertion"
	if err := checkAssertion(where, a); err != nil {
		return nil, err
	}
	prefix, suffix, err := cutChallenge(where, a)
	if err != nil {
		return nil, err
	}
	fields, comma := bytes.CutPrefix(suffix, []byte(`",`))
	fields, brace := bytes.CutSuffix(fields, []byte(`}`))
	if string(prefix) != fixedPrefix || !comma || !brace {
		return nil, malformed(where, "client data that is not %s…\",…}, as a Safe's signer writes it", fixedPrefix)
	}
	return (&SafeWebAuthnSignature{AuthData: a.AuthData.Raw, Fields: fields, Signature: a.Signature}).Bytes()
}

// Bytes writes the signature after checking it as the parser would.
func (s *SafeWebAuthnSignature) Bytes() ([]byte, error) {
	if err := s.check("signature"); err != nil {
		return nil, err
	}
	return abituple.Encode(abituple.Bytes(s.AuthData), abituple.Bytes(s.Fields), abituple.Word(s.Signature.R), abituple.Word(s.Signature.S)), nil
}

// ParseSafeWebAuthn reads a signature strictly: it refuses what the contract
// refuses whatever the hash, and what other contracts refuse but a Safe's signer
// does not (see [SafeWebAuthn]). The result refers to b.
func ParseSafeWebAuthn(b []byte) (SafeWebAuthnSignature, error) {
	const where = "signature"
	f, err := decodeTuple(where, abituple.Decode, b, "ddww")
	if err != nil {
		return SafeWebAuthnSignature{}, err
	}
	s := SafeWebAuthnSignature{AuthData: f[0].Data, Fields: f[1].Data, Signature: passkey.Signature{R: f[2].Word, S: f[3].Word}}
	if err := s.check(where); err != nil {
		return SafeWebAuthnSignature{}, err
	}
	return s, nil
}

func (s *SafeWebAuthnSignature) check(where string) error {
	a, err := s.assertion(where, common.Hash{})
	if err == nil && !a.AuthData.Flags.UV() {
		return caused(passkey.ErrUserVerification, where, "user verification (UV) is missing")
	}
	return err
}

// Assertion is the passkey's assertion of the hash, for
// [passkey.Assertion.Verify]. The signature carries no credential ID, so it has
// none.
func (s *SafeWebAuthnSignature) Assertion(hash common.Hash) (*passkey.Assertion, error) {
	return s.assertion("signature", hash)
}

func (s *SafeWebAuthnSignature) assertion(where string, hash common.Hash) (*passkey.Assertion, error) {
	suffix := append([]byte(`",`), s.Fields...)
	return rebuildAssertion(where, s.AuthData, joinChallenge([]byte(fixedPrefix), hash, append(suffix, '}')), s.Signature)
}

// SafeWebAuthnStub is never shorter, nor cheaper as calldata, than a real
// signature within the limits, and takes the contract through all of its
// verification, which it fails.
func SafeWebAuthnStub(limits StubLimits) ([]byte, error) {
	limits.PackageName = -1 // such client data is never taken
	a, err := stubAssertion(limits, abiSlack)
	if err != nil {
		return nil, err
	}
	return SafeWebAuthn(a)
}
