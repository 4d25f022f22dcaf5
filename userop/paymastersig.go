// The paymaster's signature of EntryPoint 0.9: `sig ‖ uint16 length ‖ magic` at
// the end of paymasterAndData. The hash covers what stands before it, and the
// magic, so that nobody can add or drop a signature.

package userop

import (
	"encoding/binary"
)

const (
	paymasterDataOffset   = 52 // paymaster(20) ‖ two limits of 16
	paymasterSuffixLen    = 10 // length(2) ‖ magic(8)
	maxPaymasterSignature = 1<<16 - 1
)

// keccak256("PaymasterSignature")[:8]
var paymasterSigMagic = [8]byte{0x22, 0xe3, 0x25, 0xa2, 0x97, 0x43, 0x96, 0x56}

func appendPaymasterSignature(b, sig []byte) []byte {
	if len(sig) == 0 {
		return b
	}
	b = append(b, sig...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(sig)))
	return append(b, paymasterSigMagic[:]...)
}

// paymasterSignatureLen follows UserOperationLib.getPaymasterSignatureLength: a
// length of 0 means that there is no signature, whatever the data ends with.
func paymasterSignatureLen(b []byte) (int, error) {
	if len(b) < paymasterDataOffset+paymasterSuffixLen || [8]byte(b[len(b)-8:]) != paymasterSigMagic {
		return 0, nil
	}
	n := int(binary.BigEndian.Uint16(b[len(b)-paymasterSuffixLen:]))
	if n > len(b)-paymasterDataOffset-paymasterSuffixLen {
		return 0, fieldErrf("paymasterSignature", ErrFormat, "it claims %d bytes and would reach into the paymaster's fixed fields", n)
	}
	return n, nil
}

// withoutPaymasterSignature is the part of paymasterAndData that is hashed.
func withoutPaymasterSignature(b []byte) ([]byte, error) {
	n, err := paymasterSignatureLen(b)
	if err != nil || n == 0 {
		return b, err
	}
	end := len(b) - paymasterSuffixLen - n
	return append(b[:end:end], paymasterSigMagic[:]...), nil
}
