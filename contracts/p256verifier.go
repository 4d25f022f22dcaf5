// The verifier of P-256 signatures and passkeys for anybody: where it is, how it gets there, how it is called.

package contracts

import (
	_ "embed"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

//go:embed out/P256Verifier.json
var verifierJSON []byte

var verifierArtifact = mustArtifact(verifierJSON)

// P256Verifier is the address of the verifier, the same on every chain. It takes P256VERIFY where the chain has it, and
// the contracts of [P256Contracts] elsewhere. Beside the functions below, which [seal] has the keys and signatures of,
// it answers
//
//   - h ‖ r ‖ s ‖ x ‖ y, 160 bytes, with the word 1 or 0, as P256VERIFY would a good signature;
//   - [seal.VerifierCall], a passkey's approval that begins with 28 zero bytes, with the word 1 or 0.
var P256Verifier = create2(Deployer, deploySalt, crypto.Keccak256(verifierArtifact.Bytecode))

// P256VerifierInit is the calldata for [Deployer] that creates P256Verifier: salt(32) ‖ init code. The deployer reverts
// when it is there already, and when the verifier is given too little gas to find out whether P256VERIFY answers.
func P256VerifierInit() []byte { return append(deploySalt[:], verifierArtifact.Bytecode...) }

// The functions of P256Verifier.
var (
	verifierVerifyID        = crypto.Keccak256([]byte("verify(bytes,bytes32,bytes)"))[:4]
	verifierProbeID         = crypto.Keccak256([]byte("probe(address)"))[:4]
	verifierHasPrecompileID = crypto.Keccak256([]byte("hasPrecompile(address)"))[:4]
)

// VerifierMagic is how P256Verifier answers a good signature by ERC-7913: in the first four bytes of a word. A bad one is
// answered by 0xffffffff.
var VerifierMagic = [4]byte(verifierVerifyID)

// VerifySignature is the calldata of P256Verifier's verify(bytes,bytes32,bytes), ERC-7913.
func VerifySignature(key []byte, hash [32]byte, signature []byte) []byte {
	data := append(append([]byte{}, verifierVerifyID...), word(96)...)
	data = append(data, hash[:]...)
	data = append(data, word(uint64(96+32+len(key)+(-len(key)&31)))...)
	return appendBytes(appendBytes(data, key), signature)
}

// ProbeFor is the calldata of P256Verifier's probe(address): it asks the chain for P256VERIFY and remembers the answer
// for calls by this account. Anybody may.
func ProbeFor(account common.Address) []byte {
	return append(append([]byte{}, verifierProbeID...), common.LeftPadBytes(account[:], 32)...)
}

// HasPrecompileFor is the calldata of P256Verifier's view hasPrecompile(address): whether calls by this account are
// verified by P256VERIFY. It returns a bool.
func HasPrecompileFor(account common.Address) []byte {
	return append(append([]byte{}, verifierHasPrecompileID...), common.LeftPadBytes(account[:], 32)...)
}
