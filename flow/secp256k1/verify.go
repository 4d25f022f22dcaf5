// Package secp256k1 verifies signatures on the curve of ES256K for package flow, which has the standard library's curves
// only: hand [Verify] to its functions as the Verifier.
package secp256k1

import (
	"math/big"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
)

var (
	order     = crypto.S256().Params().N
	halfOrder = new(big.Int).Rsh(order, 1)
)

var _ flow.Verifier = Verify

// Verify says whether r‖s is a signature of a digest by x‖y. A high s is as good as a low one, as it is for nodes.
func Verify(public, signature [64]byte, digest [32]byte) bool {
	if s := new(big.Int).SetBytes(signature[32:]); s.Cmp(halfOrder) > 0 && s.Cmp(order) < 0 {
		s.Sub(order, s).FillBytes(signature[32:])
	}
	return crypto.VerifySignature(append([]byte{4}, public[:]...), digest[:], signature[:])
}
