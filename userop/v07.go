// EntryPoint 0.7: packed numbers, hashed as in 0.6.

package userop

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// V07 is EntryPoint 0.7.0.
var V07 EntryPoint = v07{}

type v07 struct{}

func (v07) Version() string { return "0.7" }
func (v07) String() string  { return "0.7" }
func (v07) Address() common.Address {
	return common.HexToAddress("0x0000000071727De22E5E9d8BAf0edAc6f37da032")
}
func (v07) shape() string              { return packedShape }
func (v07) handleOpsSelector() [4]byte { return packedHandleOps }

// Hash is keccak256(abi.encode(keccak256(packed fields), entryPoint, chainId)),
// where bytes stand as their hashes and the signature is left out.
func (ep v07) Hash(op *Op, chainID *big.Int) (common.Hash, error) {
	return hashByEncoding(ep, op, chainID)
}

func (ep v07) HandleOps(ops []*Op, beneficiary common.Address) ([]byte, error) {
	return encodeHandleOps(ep, ops, beneficiary)
}
func (ep v07) MarshalOp(op *Op) ([]byte, error)     { return marshalUnpacked(ep, op) }
func (ep v07) UnmarshalOp(data []byte) (*Op, error) { return unmarshal(ep, data, refuseUnknown) }

func (v07) fields(op *Op) ([]field, error) {
	if err := checkMarker(op, false); err != nil {
		return nil, err
	}
	return packedFields(op, false)
}

func (v07) fromFields(f []field) (*Op, error) {
	op, err := opFromPacked(f, false)
	if err != nil {
		return nil, err
	}
	return op, checkMarker(op, false)
}
