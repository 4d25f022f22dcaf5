// Signatures for gas estimation by MetaMask's smart accounts.

package seal

import (
	"bytes"
	"slices"

	"github.com/ethereum/go-ethereum/common"
)

// MetaMaskWebAuthnStub is a passkey's signature that is never shorter than a
// real one by this key within the limits, and whose calldata never costs less.
// It passes every check of the account but the last: the signature is wrong. On
// a chain with the precompile the contract then tries its Solidity arithmetic as
// well, which it does not after a good signature; see the account's estimation.
func MetaMaskWebAuthnStub(keyID common.Hash, limits StubLimits) ([]byte, error) {
	slack := abiSlack
	if limits.PackageName >= 0 {
		slack += 32 // where the cut may be anywhere, the two halves' padding can differ by so many zeros
	}
	a, err := stubAssertion(limits, slack)
	if err != nil {
		return nil, err
	}
	return MetaMaskWebAuthn(keyID, a)
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
