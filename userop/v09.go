// EntryPoint 0.9: as 0.8, and a paymaster's signature outside the hash.

package userop

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// V09 is EntryPoint 0.9 at the canonical address of the release.
var V09 EntryPoint = v09{}

type v09 struct{}

var _ TypedDataEntryPoint = v09{}

func (v09) Version() string { return "0.9" }
func (v09) String() string  { return "0.9" }
func (v09) Address() common.Address {
	return common.HexToAddress("0x433709009B8330FDa32311DF1C2AFA402eD8D009")
}
func (v09) shape() string              { return packedShape }
func (v09) handleOpsSelector() [4]byte { return packedHandleOps }

// Hash is the EIP-712 digest of the packed operation; see [Op.PaymasterSignature]
// for what it leaves out.
func (ep v09) Hash(op *Op, chainID *big.Int) (common.Hash, error) {
	d, err := ep.TypedData(op, chainID)
	if err != nil {
		return common.Hash{}, err
	}
	return d.Digest(), nil
}

// TypedData is the EIP-712 form of what [EntryPoint.Hash] hashes.
func (ep v09) TypedData(op *Op, chainID *big.Int) (*TypedData, error) {
	return typedData(ep, op, chainID)
}

func (ep v09) HandleOps(ops []*Op, beneficiary common.Address) ([]byte, error) {
	return encodeHandleOps(ep, ops, beneficiary)
}
func (ep v09) MarshalOp(op *Op) ([]byte, error)     { return marshalUnpacked(ep, op) }
func (ep v09) UnmarshalOp(data []byte) (*Op, error) { return unmarshal(ep, data, refuseUnknown) }
func (v09) fields(op *Op) ([]field, error)          { return packedFields(op, true) }
func (v09) fromFields(f []field) (*Op, error)       { return opFromPacked(f, true) }

func (v09) signedPaymasterAndData(b []byte) ([]byte, error) { return withoutPaymasterSignature(b) }
