// The module by which guardians recover an account: where it is, how it gets there.

package contracts

import (
	_ "embed"

	"github.com/ethereum/go-ethereum/crypto"
)

//go:embed out/WebAuthnAccountRecovery.json
var recoveryJSON []byte

var recoveryArtifact = mustArtifact(recoveryJSON)

// RecoveryABI is the interface of WebAuthnAccountRecovery, with its events and errors.
var RecoveryABI = recoveryArtifact.ABI

// WebAuthnAccountRecovery is the address of the executor module (ERC-7579) by which guardians recover accounts, the same
// on every chain. It has passkeys verified by [P256Verifier]. docs/recovery-contract.md says how it works.
var WebAuthnAccountRecovery = create2(Deployer, deploySalt, crypto.Keccak256(recoveryInit()))

// WebAuthnAccountRecoveryInit is the calldata for [Deployer] that creates WebAuthnAccountRecovery: salt(32) ‖ init code.
// The deployer reverts when it is there already.
func WebAuthnAccountRecoveryInit() []byte { return append(deploySalt[:], recoveryInit()...) }

// RecoveryContract is the module among the shared contracts.
func RecoveryContract() Contract {
	return ofArtifact("WebAuthnAccountRecovery", WebAuthnAccountRecovery, recoveryArtifact, WebAuthnAccountRecoveryInit())
}

func recoveryInit() []byte { return withArgument(recoveryArtifact.Bytecode, P256Verifier) }

// The bounds that the module sets, in seconds and in numbers.
const (
	RecoveryMinDelay     = 24 * 60 * 60
	RecoveryMaxDelay     = 730 * RecoveryMinDelay
	RecoveryMinExpiry    = RecoveryMinDelay
	RecoveryMaxExpiry    = 90 * RecoveryMinDelay
	RecoveryMaxFreeze    = 60 * RecoveryMinDelay
	RecoveryMargin       = RecoveryMinDelay // by which changes and freezes are longer than the first tier's delay
	RecoveryMaxTiers     = 4
	RecoveryMaxGuardians = 16  // of a tier
	RecoveryMaxSigner    = 512 // bytes of a guardian's signer
	RecoveryMaxReplaces  = 32  // signers that one recovery replaces
	RecoveryMaxProof     = 8   // steps of an approval's Merkle proof
)
