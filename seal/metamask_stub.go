// Signatures for gas estimation by MetaMask's smart accounts.

package seal

import (
	"bytes"
	"math"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
)

// metaMaskStubSlack is how many bytes a passkey's stub is longer than the longest
// client data within the limits. The words that hold offsets and lengths can have
// six more non-zero bytes in a real signature than in the stub, at 12 gas each.
// Where the cut is not known, the two halves' padding can differ by 32 zero bytes more.
const (
	metaMaskStubSlack    = 6
	metaMaskStubSlackCut = 6 + 32
)

// MetaMaskWebAuthnStub is a passkey's signature that is never shorter than a
// real one by this key within the limits, and whose calldata never costs less.
// It passes every check of the account but the last: the signature is wrong. On
// a chain with the precompile the contract then tries its Solidity arithmetic as
// well, which a real signature does not; see the account's estimation.
func MetaMaskWebAuthnStub(keyID common.Hash, limits StubLimits) ([]byte, error) {
	if limits.AuthData > math.MaxUint8 {
		return nil, malformed("stub", "authenticator data of %d bytes, at most %d", limits.AuthData, math.MaxUint8)
	}
	authData := bytes.Repeat([]byte{0x55}, max(37, limits.AuthData))
	authData[32] = byte(passkey.FlagUP | passkey.FlagUV | passkey.FlagBE | passkey.FlagBS)
	slack := metaMaskStubSlack
	if limits.PackageName >= 0 {
		slack = metaMaskStubSlackCut
	}
	limits.Origin = limit(limits.Origin, 128) + slack
	prefix, suffix, typeIndex, err := stubClientData(limits)
	if err != nil {
		return nil, err
	}
	s := MetaMaskSignature{
		Kind: MetaMaskKindWebAuthn, KeyID: keyID, Signature: stubSignature, AuthData: authData, RequireUV: true,
		Prefix: []byte(prefix), Suffix: []byte(suffix), TypeIndex: typeIndex,
	}
	return s.Bytes()
}

// MetaMaskP256Stub is a raw P-256 signature in range that does not verify.
func MetaMaskP256Stub(keyID common.Hash) []byte { return MetaMaskP256(keyID, stubSignature) }

// MetaMaskECDSAStub is a secp256k1 signature that recovers to somebody whatever
// the hash: one that recovers to nobody makes the contract revert.
func MetaMaskECDSAStub() []byte {
	r := bytes.Repeat([]byte{0x55}, 32)
	r[31] = 0x57 // 0x55…55 is no point's x
	return slices.Concat(r, bytes.Repeat([]byte{0x55}, 32), []byte{27})
}
