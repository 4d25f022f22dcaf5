// Solady's WebAuthn library: webauthn-sol's struct, and a compact form of it.

package seal

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/postern-dev/postern/internal/abituple"
	"github.com/postern-dev/postern/passkey"
)

// SoladyWebAuthn is what tryDecodeAuth reads: [WebAuthnAuth]. Whether user
// verification is asked for is up to the contract that calls the library; what
// the backup flags say is not looked at.
func SoladyWebAuthn(a *passkey.Assertion) ([]byte, error) { return WebAuthnAuth(a) }

// ParseSoladyWebAuthn is the inverse of [SoladyWebAuthn].
func ParseSoladyWebAuthn(b []byte) (*passkey.Assertion, error) { return ParseWebAuthnAuth(b) }

// soladyCompactTail is challengeIndex (2) ‖ typeIndex (2) ‖ r (32) ‖ s (32).
const soladyCompactTail = 68

// SoladyWebAuthnCompact is what tryDecodeAuthCompact reads: the length of the
// authenticator data (2 bytes, big endian) ‖ authenticator data ‖
// clientDataJSON ‖ challengeIndex (2) ‖ typeIndex (2) ‖ r ‖ s.
func SoladyWebAuthnCompact(a *passkey.Assertion) ([]byte, error) {
	const where = "assertion"
	x, err := indexAssertion(where, a)
	if err != nil {
		return nil, err
	}
	if n := max(len(x.authData.Data), len(x.clientData.Data)); n > math.MaxUint16 {
		return nil, malformed(where, "authenticator or client data of %d bytes, at most %d", n, math.MaxUint16)
	}
	return slices.Concat(
		binary.BigEndian.AppendUint16(nil, uint16(len(x.authData.Data))), x.authData.Data, x.clientData.Data,
		x.challengeIndex.Word[30:], x.typeIndex.Word[30:], x.r.Word[:], x.s.Word[:]), nil
}

// ParseSoladyWebAuthnCompact is the inverse of [SoladyWebAuthnCompact].
func ParseSoladyWebAuthnCompact(b []byte) (*passkey.Assertion, error) {
	const where = "signature"
	if len(b) > MaxABI {
		return nil, malformed(where, "%d bytes, at most %d", len(b), MaxABI)
	}
	if len(b) < 2+soladyCompactTail || int(binary.BigEndian.Uint16(b)) > len(b)-2-soladyCompactTail {
		return nil, caused(ErrTruncated, where, "%d bytes are too few for what they announce", len(b))
	}
	end, tail := len(b)-soladyCompactTail, b[len(b)-soladyCompactTail:]
	client := 2 + int(binary.BigEndian.Uint16(b))
	x := indexed{
		authData: abituple.Bytes(b[2:client:client]), clientData: abituple.Bytes(b[client:end:end]),
		challengeIndex: abituple.Number(int(binary.BigEndian.Uint16(tail))), typeIndex: abituple.Number(int(binary.BigEndian.Uint16(tail[2:]))),
		r: abituple.Word([32]byte(tail[4:])), s: abituple.Word([32]byte(tail[36:])),
	}
	return x.assertion(where)
}

// SoladyWebAuthnStub is never shorter, nor cheaper as calldata, than a real
// [SoladyWebAuthn] within the limits. The contract stops at its challenge; see
// [CoinbaseStub].
func SoladyWebAuthnStub(limits StubLimits) ([]byte, error) {
	a, err := stubAssertion(limits, abiSlack)
	if err != nil {
		return nil, err
	}
	return SoladyWebAuthn(a)
}

// SoladyWebAuthnCompactStub is the same for [SoladyWebAuthnCompact].
func SoladyWebAuthnCompactStub(limits StubLimits) ([]byte, error) {
	a, err := stubAssertion(limits, abiSlack)
	if err != nil {
		return nil, err
	}
	return SoladyWebAuthnCompact(a)
}
