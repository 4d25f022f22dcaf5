// EntryPoint 0.6: unpacked numbers, initCode and paymasterAndData as bytes.

package userop

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// V06 is EntryPoint 0.6.0.
var V06 EntryPoint = v06{}

type v06 struct{}

func (v06) Version() string { return "0.6" }
func (v06) String() string  { return "0.6" }
func (v06) Address() common.Address {
	return common.HexToAddress("0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789")
}
func (v06) shape() string { return "wwddwwwwwdd" }

// handleOps((address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes)[],address)
func (v06) handleOpsSelector() [4]byte { return [4]byte{0x1f, 0xad, 0x94, 0x8c} }

// Hash is keccak256(abi.encode(keccak256(fields), entryPoint, chainId)), where
// bytes stand as their hashes and the signature is left out.
func (ep v06) Hash(op *Op, chainID *big.Int) (common.Hash, error) {
	return hashByEncoding(ep, op, chainID)
}

func (ep v06) HandleOps(ops []*Op, beneficiary common.Address) ([]byte, error) {
	return encodeHandleOps(ep, ops, beneficiary)
}
func (ep v06) MarshalOp(op *Op) ([]byte, error)     { return marshalV06(op) }
func (ep v06) UnmarshalOp(data []byte) (*Op, error) { return unmarshal(ep, data, refuseUnknown) }

func (v06) fields(op *Op) ([]field, error) {
	if err := checkMarker(op, false); err != nil {
		return nil, err
	}
	for _, n := range op.numbers()[6:] {
		if *n.v != nil && (*n.v).Sign() != 0 {
			return nil, fieldErr(n.name, ErrUnsupported)
		}
	}
	if err := checkPaymaster(op, false); err != nil {
		return nil, err
	}
	var e fieldEncoder
	e.word(op.Sender.Bytes())
	e.number("nonce", op.Nonce, 256)
	e.bytes(op.InitCode())
	e.bytes(op.CallData)
	e.number("callGasLimit", op.CallGasLimit, 256)
	e.number("verificationGasLimit", op.VerificationGasLimit, 256)
	e.number("preVerificationGas", op.PreVerificationGas, 256)
	e.number("maxFeePerGas", op.MaxFeePerGas, 256)
	e.number("maxPriorityFeePerGas", op.MaxPriorityFeePerGas, 256)
	e.bytes(paymasterAndData06(op))
	e.bytes(op.Signature)
	return e.fields, e.err
}

func (v06) fromFields(f []field) (*Op, error) {
	op := &Op{
		Nonce:                f[1].number(),
		CallData:             f[3].data,
		CallGasLimit:         f[4].number(),
		VerificationGasLimit: f[5].number(),
		PreVerificationGas:   f[6].number(),
		MaxFeePerGas:         f[7].number(),
		MaxPriorityFeePerGas: f[8].number(),
		Signature:            f[10].data,
	}
	var err error
	if op.Sender, err = f[0].address("sender"); err != nil {
		return nil, err
	}
	if err := setInitCode(op, f[2].data); err != nil {
		return nil, err
	}
	if err := setPaymasterAndData06(op, f[9].data); err != nil {
		return nil, err
	}
	return op, checkMarker(op, false)
}

// paymasterAndData06 is paymaster ‖ data, empty without a paymaster.
func paymasterAndData06(op *Op) []byte {
	if op.Paymaster == nil {
		return nil
	}
	return append(op.Paymaster.Bytes(), op.PaymasterData...)
}

func setPaymasterAndData06(op *Op, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) < 20 {
		return fieldErrf("paymasterAndData", ErrFormat, "%d bytes, an address needs 20", len(b))
	}
	a := common.BytesToAddress(b[:20])
	op.Paymaster, op.PaymasterData = &a, b[20:]
	return nil
}
