// Signatures of secp256k1 keys for ZeroDev's Kernel.

package seal

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// KernelPersonal is the hash that personal_sign makes of 32 bytes (EIP-191): what
// Kernel's ECDSA validators and signer have keys sign in place of an operation's
// hash or of a Merkle root.
func KernelPersonal(hash common.Hash) common.Hash {
	return crypto.Keccak256Hash([]byte("\x19Ethereum Signed Message:\n32"), hash[:])
}

// KernelECDSA is a signature in the one form in which Kernel's clients send it:
// r ‖ s ‖ v, v 27 or 28, with a low s.
func KernelECDSA(signature []byte) ([]byte, error) {
	sig, err := normalECDSA(signature)
	if err != nil {
		return nil, err
	}
	return sig[:], nil
}

// KernelECDSAStub is as long as a real signature and costs as much to refuse. The
// SDK's own is half zeros, which are cheaper as calldata than what will be sent.
func KernelECDSAStub() []byte { return MetaMaskECDSAStub() }

// KernelV2 is the signature of an operation of Kernel 2 under its default
// validator: the mode 0x00000000 ‖ signature.
func KernelV2(signature []byte) []byte {
	return append(make([]byte, 4, 4+len(signature)), signature...)
}
