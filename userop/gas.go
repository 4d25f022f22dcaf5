// preVerificationGas: what the EntryPoint cannot measure – calldata, the
// transaction's base cost, and its own work per operation.

package userop

import (
	"bytes"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// Gas of a transaction that carries a single operation.
const (
	txBase           = 21000 // intrinsic cost of a transaction
	opOverhead       = 18300 // the EntryPoint's unmeasured work per operation
	opWord           = 4     // copying calldata in memory, per 32-byte word
	byteZero         = 4     // calldata, EIP-2028
	byteNonZero      = 16
	floorPerToken    = 10 // EIP-7623: a zero byte is one token, any other four
	tokensPerNonZero = 4
	authorization    = 25000 // EIP-7702, per authorization
)

// Efficiency is the least share of verificationGasLimit, in percent, that
// bundlers who check it want to see used.
const Efficiency = 40

// someBeneficiary stands for the bundler's, with no zero byte in it.
var someBeneficiary = common.Address(bytes.Repeat([]byte{0xff}, 20))

// PreVerificationGas estimates preVerificationGas for an operation that is the
// only one of its bundle, by the customary formula: transaction base cost, a
// fixed overhead, and calldata, which costs what EIP-2028 says or, where that is
// more than the whole operation uses otherwise, the floor of EIP-7623. For the
// floor it counts on [Efficiency] percent of verificationGasLimit being used, and
// on none of callGasLimit.
//
// The signature must have its final length. Gas limits that are not stated are
// taken as long numbers. Chains that charge for data elsewhere (rollups) need
// more: there the bundler's own estimate counts.
//
// It returns nil for an operation that ep cannot pack.
func PreVerificationGas(op *Op, ep EntryPoint) *big.Int {
	c := op.Clone()
	used := uint64(0)
	if v := op.VerificationGasLimit; v != nil && v.BitLen() <= 32 {
		used = v.Uint64() * Efficiency / 100
	}
	// Stand-ins for what is still to be filled in; the bytes count, not the values.
	standIns := c.numbers()[1:6]
	if op.Paymaster != nil && ep != V06 {
		standIns = c.numbers()[1:]
	}
	for _, n := range standIns {
		if *n.v == nil || (*n.v).Sign() == 0 {
			*n.v = big.NewInt(0x7fffffff)
		}
	}
	data, err := encodeHandleOps(ep, []*Op{c.Normalize()}, someBeneficiary)
	if err != nil {
		return nil
	}
	zeros := uint64(bytes.Count(data, []byte{0}))
	nonZeros := uint64(len(data)) - zeros
	words := uint64(len(data)+31) / 32

	work := uint64(opOverhead) + opWord*words
	if op.Authorization != nil {
		work += authorization
	}
	standard := txBase + work + byteZero*zeros + byteNonZero*nonZeros
	floor := txBase + floorPerToken*(zeros+tokensPerNonZero*nonZeros)
	if floor > standard+used {
		standard = floor - used
	}
	return new(big.Int).SetUint64(standard)
}
