// The operation itself.

package userop

import (
	"bytes"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// Op is a user operation in its unpacked form, for all EntryPoint versions.
//
// A nil number means "not stated yet", as in a request for gas estimation.
// Hashing and packing refuse nil numbers; [Op.Normalize] makes zeros of them.
// Gas is in units of gas, fees in wei per unit of gas.
type Op struct {
	Sender common.Address
	Nonce  *big.Int // 192-bit key ‖ 64-bit sequence, see [SplitNonce]

	// Factory creates the account when it does not exist yet; nil when it does.
	// [EIP7702Marker] stands for "the sender is an EIP-7702 delegation".
	Factory     *common.Address
	FactoryData []byte

	CallData []byte

	CallGasLimit         *big.Int
	VerificationGasLimit *big.Int
	PreVerificationGas   *big.Int
	MaxFeePerGas         *big.Int
	MaxPriorityFeePerGas *big.Int

	// Paymaster pays instead of the sender; nil when there is none. EntryPoint
	// 0.6 knows no gas limits of a paymaster: there they are nil or zero.
	Paymaster                     *common.Address
	PaymasterVerificationGasLimit *big.Int
	PaymasterPostOpGasLimit       *big.Int
	PaymasterData                 []byte
	// PaymasterSignature is not covered by the operation's hash, so that account
	// and paymaster can sign at the same time. EntryPoint 0.9 only. Whether there
	// is one is covered: put a stub here before the account signs.
	PaymasterSignature []byte

	Signature []byte

	// Authorization delegates the sender's code (EIP-7702) in the transaction
	// that carries the operation; nil for none.
	Authorization *Authorization
	// Delegate is the sender's delegate when Factory is EIP7702Marker and the
	// delegation is already on chain, so that no Authorization travels along.
	// It is not part of the wire form.
	Delegate *common.Address
}

// numbers lists every number with its wire name, in wire order.
func (op *Op) numbers() []struct {
	name string
	v    **big.Int
} {
	return []struct {
		name string
		v    **big.Int
	}{
		{"nonce", &op.Nonce},
		{"callGasLimit", &op.CallGasLimit},
		{"verificationGasLimit", &op.VerificationGasLimit},
		{"preVerificationGas", &op.PreVerificationGas},
		{"maxFeePerGas", &op.MaxFeePerGas},
		{"maxPriorityFeePerGas", &op.MaxPriorityFeePerGas},
		{"paymasterVerificationGasLimit", &op.PaymasterVerificationGasLimit},
		{"paymasterPostOpGasLimit", &op.PaymasterPostOpGasLimit},
	}
}

// Normalize sets every nil number to zero and returns op.
func (op *Op) Normalize() *Op {
	for _, n := range op.numbers() {
		if *n.v == nil {
			*n.v = new(big.Int)
		}
	}
	return op
}

// Clone returns a deep copy.
func (op *Op) Clone() *Op {
	c := *op
	for _, n := range c.numbers() {
		if *n.v != nil {
			*n.v = new(big.Int).Set(*n.v)
		}
	}
	c.Factory = cloneAddress(op.Factory)
	c.Paymaster = cloneAddress(op.Paymaster)
	c.Delegate = cloneAddress(op.Delegate)
	c.FactoryData = bytes.Clone(op.FactoryData)
	c.CallData = bytes.Clone(op.CallData)
	c.PaymasterData = bytes.Clone(op.PaymasterData)
	c.PaymasterSignature = bytes.Clone(op.PaymasterSignature)
	c.Signature = bytes.Clone(op.Signature)
	if op.Authorization != nil {
		a := op.Authorization.clone()
		c.Authorization = &a
	}
	return &c
}

// InitCode returns factory ‖ factoryData, empty when there is no factory. A lone
// [EIP7702Marker] is the two bytes 0x7702, as viem and bundlers pack it: an
// EntryPoint takes it padded or not, but accounts that hash initCode themselves, as
// MetaMask's do, were signed for in this form.
func (op *Op) InitCode() []byte {
	switch {
	case op.Factory == nil:
		return nil
	case op.IsEIP7702() && len(op.FactoryData) == 0:
		return bytes.Clone(EIP7702Marker[:2])
	}
	return append(op.Factory.Bytes(), op.FactoryData...)
}

func cloneAddress(a *common.Address) *common.Address {
	if a == nil {
		return nil
	}
	c := *a
	return &c
}
