// Kernel 3's wrappings of a signer's signature: of operations, whose nonce says
// which validator and mode, and of messages (ERC-1271).

package seal

import (
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/internal/abituple"
)

// The first bytes of Kernel's wrappings.
const (
	kernelSigner     = 0xff // the permission's signer; lower numbers are for policies that want signatures of their own
	kernelValidator  = 0x01
	kernelPermission = 0x02
)

// KernelUse is the signature of an operation, or the end of one of a message, by
// a permission: 0xff ‖ the signer's signature. An operation under the root
// validator carries the signature as it is.
func KernelUse(signature []byte) []byte { return slices.Concat([]byte{kernelSigner}, signature) }

// ParseKernelUse is the inverse of [KernelUse]. The result refers to b.
func ParseKernelUse(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] != kernelSigner {
		return nil, malformed("signature", "does not begin with 0xff, the mark of a permission's signer")
	}
	return b[1:], nil
}

// KernelEnable is the signature of an operation that also installs the validator
// or permission which signs it: enable mode, which the operation's nonce asks for.
type KernelEnable struct {
	Hook         common.Address // zero for none
	EnableData   []byte         // a permission's policies and signer, or a validator's initial data
	HookData     []byte
	SelectorData []byte // what may be called: selector ‖ module ‖ hook ‖ initial data
	// Approval is the root validator's signature over the typed data "Enable".
	Approval []byte
	// Signature is the one of the operation: [KernelUse] for a permission, bare for a validator.
	Signature []byte
}

// Bytes is hook (20) ‖ abi.encode(bytes enableData, bytes hookData, bytes
// selectorData, bytes approval, bytes signature).
func (k *KernelEnable) Bytes() []byte {
	return slices.Concat(k.Hook[:], abituple.Encode(
		abituple.Bytes(k.EnableData), abituple.Bytes(k.HookData), abituple.Bytes(k.SelectorData),
		abituple.Bytes(k.Approval), abituple.Bytes(k.Signature)))
}

// ParseKernelEnable is the inverse of [KernelEnable.Bytes]. The result refers to b.
func ParseKernelEnable(b []byte) (KernelEnable, error) {
	const where = "signature"
	if len(b) < common.AddressLength {
		return KernelEnable{}, caused(ErrTruncated, where, "%d bytes, too few for a hook's address", len(b))
	}
	f, err := decodeTuple(where, abituple.Decode, b[common.AddressLength:], "ddddd")
	if err != nil {
		return KernelEnable{}, err
	}
	return KernelEnable{common.Address(b[:common.AddressLength]), f[0].Data, f[1].Data, f[2].Data, f[3].Data, f[4].Data}, nil
}

// KernelMessage is a signature of a message (ERC-1271) in Kernel 3. What is
// signed is not the message's hash but EIP-712 Kernel(bytes32 hash) of it, which
// binds the account and the chain.
type KernelMessage struct {
	Validator    common.Address // who signs; zero if a permission does
	PermissionID [4]byte        // the permission that signs, where Validator is zero
	Signature    []byte         // the validator's or, without 0xff, the permission's signer's
}

// Bytes is 0x01 ‖ validator (20) ‖ signature, or 0x02 ‖ permission id (4) ‖ 0xff ‖
// signature.
func (k *KernelMessage) Bytes() []byte {
	if k.Validator != (common.Address{}) {
		return slices.Concat([]byte{kernelValidator}, k.Validator[:], k.Signature)
	}
	return slices.Concat([]byte{kernelPermission}, k.PermissionID[:], KernelUse(k.Signature))
}

// ParseKernelMessage is the inverse of [KernelMessage.Bytes]. The result refers to b.
func ParseKernelMessage(b []byte) (m KernelMessage, err error) {
	const where = "signature"
	switch {
	case len(b) > 21 && b[0] == kernelValidator:
		m = KernelMessage{Validator: common.Address(b[1:21]), Signature: b[21:]}
		if m.Validator == (common.Address{}) {
			return KernelMessage{}, malformed(where, "names the zero address as validator")
		}
		return m, nil
	case len(b) > 5 && b[0] == kernelPermission:
		m.PermissionID = [4]byte(b[1:5])
		m.Signature, err = ParseKernelUse(b[5:])
		return m, err
	}
	return KernelMessage{}, malformed(where, "neither 0x01 and a validator nor 0x02 and a permission")
}
