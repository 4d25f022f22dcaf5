// The complete P-256 verifier: where it is and how it gets there.

package contracts

import (
	_ "embed"

	"github.com/ethereum/go-ethereum/crypto"
)

//go:embed out/P256Slow.json
var slowJSON []byte

var slowArtifact = mustArtifact(slowJSON)

// P256Slow is the address of the complete P-256 verifier, the same on every chain. Its calldata is h ‖ r ‖ s ‖ x ‖ y,
// five words; it answers with the word 1 or 0 and never reverts.
var P256Slow = create2(Deployer, deploySalt, crypto.Keccak256(slowArtifact.Bytecode))

// P256SlowInit is the calldata for [Deployer] that creates P256Slow: salt(32) ‖ init code. The deployer reverts when it
// is there already.
func P256SlowInit() []byte { return append(deploySalt[:], slowArtifact.Bytecode...) }
