// EntryPoint 0.8: hash by EIP-712, EIP-7702 senders.

package userop

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// V08 is EntryPoint 0.8.0.
var V08 EntryPoint = v08{}

type v08 struct{}

var _ TypedDataEntryPoint = v08{}

func (v08) Version() string { return "0.8" }
func (v08) String() string  { return "0.8" }
func (v08) Address() common.Address {
	return common.HexToAddress("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108")
}
func (v08) shape() string              { return packedShape }
func (v08) handleOpsSelector() [4]byte { return packedHandleOps }

// Hash is the EIP-712 digest of the packed operation. When the factory is
// [EIP7702Marker], the sender's delegate is hashed in its place.
func (ep v08) Hash(op *Op, chainID *big.Int) (common.Hash, error) {
	d, err := ep.TypedData(op, chainID)
	if err != nil {
		return common.Hash{}, err
	}
	return d.Digest(), nil
}

// TypedData is the EIP-712 form of what [EntryPoint.Hash] hashes.
func (ep v08) TypedData(op *Op, chainID *big.Int) (*TypedData, error) {
	return typedData(ep, op, chainID)
}

func (ep v08) HandleOps(ops []*Op, beneficiary common.Address) ([]byte, error) {
	return encodeHandleOps(ep, ops, beneficiary)
}
func (ep v08) MarshalOp(op *Op) ([]byte, error)     { return marshalUnpacked(ep, op) }
func (ep v08) UnmarshalOp(data []byte) (*Op, error) { return unmarshal(ep, data, refuseUnknown) }
func (v08) fields(op *Op) ([]field, error)          { return packedFields(op, false) }
func (v08) fromFields(f []field) (*Op, error)       { return opFromPacked(f, false) }

func (v08) signedPaymasterAndData(b []byte) ([]byte, error) { return b, nil }
