// OpenZeppelin 5: what ERC7913WebAuthnVerifier and SignerWebAuthn take, and what
// ERC7913P256Verifier and SignerP256 do.

package seal

import (
	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// OpenZeppelinWebAuthn is abi.encode(r, s, challengeIndex, typeIndex,
// authenticatorData, clientDataJSON), *flat*: what a tool makes of the struct as
// one value starts with the word 0x20 and is refused. The challenge is the hash.
// The contracts ask for user verification unless their author changed that.
func OpenZeppelinWebAuthn(a *passkey.Assertion) ([]byte, error) {
	x, err := indexAssertion("assertion", a)
	if err != nil {
		return nil, err
	}
	return abituple.Encode(x.r, x.s, x.challengeIndex, x.typeIndex, x.authData, x.clientData), nil
}

// ParseOpenZeppelinWebAuthn is the inverse of [OpenZeppelinWebAuthn]. The
// contract is less strict about what lies around the fields.
func ParseOpenZeppelinWebAuthn(b []byte) (*passkey.Assertion, error) {
	const where = "signature"
	f, err := decodeTuple(where, abituple.Decode, b, "wwwwdd")
	if err != nil {
		return nil, err
	}
	x := indexed{r: f[0], s: f[1], challengeIndex: f[2], typeIndex: f[3], authData: f[4], clientData: f[5]}
	return x.assertion(where)
}

// OpenZeppelinWebAuthnStub is never shorter, nor cheaper as calldata, than a
// real signature within the limits. The contract stops at its challenge; see
// [CoinbaseStub].
func OpenZeppelinWebAuthnStub(limits StubLimits) ([]byte, error) {
	a, err := stubAssertion(limits, abiSlack)
	if err != nil {
		return nil, err
	}
	return OpenZeppelinWebAuthn(a)
}

// OpenZeppelinP256 is r ‖ s over the hash as it is: hash it no further before
// signing. It is nil if s is no signature.
func OpenZeppelinP256(s passkey.Signature) []byte { return lowP1363(s) }

// ParseOpenZeppelinP256 is the inverse of [OpenZeppelinP256]. The contract
// ignores bytes behind the 64; it does not.
func ParseOpenZeppelinP256(b []byte) (passkey.Signature, error) {
	const where = "signature"
	switch {
	case len(b) < 64:
		return passkey.Signature{}, caused(ErrTruncated, where, "%d bytes, not 64", len(b))
	case len(b) > 64:
		return passkey.Signature{}, caused(ErrTrailing, where, "%d bytes, not 64", len(b))
	}
	s := passkey.Signature{R: [32]byte(b), S: [32]byte(b[32:])}
	if err := checkSignature(where, s); err != nil {
		return passkey.Signature{}, err
	}
	return s, nil
}

// OpenZeppelinP256Stub is a signature in range that does not verify.
func OpenZeppelinP256Stub() []byte { return OpenZeppelinP256(stubSignature) }

// lowP1363 is r ‖ s with low s; nil if s is no signature.
func lowP1363(s passkey.Signature) []byte {
	low, err := passkey.ParseP1363(s.P1363())
	if err != nil {
		return nil
	}
	return low.P1363()
}
