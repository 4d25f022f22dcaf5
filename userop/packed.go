// PackedUserOperation, the ABI struct of EntryPoints 0.7 and later.

package userop

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

const packedShape = "wwddwwwdd"

// handleOps((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)[],address)
var packedHandleOps = [4]byte{0x76, 0x5e, 0x82, 0x7f}

// Packed is PackedUserOperation as the contracts' ABI has it; it can be given
// to go-ethereum's abi package as an argument.
type Packed struct {
	Sender             common.Address
	Nonce              *big.Int
	InitCode           []byte
	CallData           []byte
	AccountGasLimits   [32]byte // verificationGasLimit(16) ‖ callGasLimit(16)
	PreVerificationGas *big.Int
	GasFees            [32]byte // maxPriorityFeePerGas(16) ‖ maxFeePerGas(16)
	PaymasterAndData   []byte   // paymaster(20) ‖ verificationGasLimit(16) ‖ postOpGasLimit(16) ‖ data
	Signature          []byte
}

// Pack lays op out for EntryPoint 0.7 or later; 0.6 has no packed form.
func Pack(ep EntryPoint, op *Op) (*Packed, error) {
	if ep.shape() != packedShape {
		return nil, fieldErr("entryPoint", ErrUnsupported)
	}
	f, err := ep.fields(op)
	if err != nil {
		return nil, err
	}
	return &Packed{
		Sender: op.Sender, Nonce: f[1].number(), InitCode: f[2].data, CallData: f[3].data,
		AccountGasLimits: f[4].word, PreVerificationGas: f[5].number(), GasFees: f[6].word,
		PaymasterAndData: f[7].data, Signature: f[8].data,
	}, nil
}

// Unpack is the inverse of [Pack]. The result shares p's byte slices.
func Unpack(ep EntryPoint, p *Packed) (*Op, error) {
	if ep.shape() != packedShape {
		return nil, fieldErr("entryPoint", ErrUnsupported)
	}
	var e fieldEncoder
	e.word(p.Sender.Bytes())
	e.number("nonce", p.Nonce, 256)
	e.bytes(p.InitCode)
	e.bytes(p.CallData)
	e.word(p.AccountGasLimits[:])
	e.number("preVerificationGas", p.PreVerificationGas, 256)
	e.word(p.GasFees[:])
	e.bytes(p.PaymasterAndData)
	e.bytes(p.Signature)
	if e.err != nil {
		return nil, e.err
	}
	return ep.fromFields(e.fields)
}

func packedFields(op *Op, paymasterSignature bool) ([]field, error) {
	if err := checkPaymaster(op, paymasterSignature); err != nil {
		return nil, err
	}
	var e fieldEncoder
	e.word(op.Sender.Bytes())
	e.number("nonce", op.Nonce, 256)
	e.bytes(op.InitCode())
	e.bytes(op.CallData)
	e.pair("verificationGasLimit", op.VerificationGasLimit, "callGasLimit", op.CallGasLimit)
	e.number("preVerificationGas", op.PreVerificationGas, 256)
	e.pair("maxPriorityFeePerGas", op.MaxPriorityFeePerGas, "maxFeePerGas", op.MaxFeePerGas)
	e.bytes(e.paymasterAndData(op))
	e.bytes(op.Signature)
	return e.fields, e.err
}

// paymasterAndData packs the paymaster's part; empty without a paymaster.
func (e *fieldEncoder) paymasterAndData(op *Op) []byte {
	if op.Paymaster == nil {
		return nil
	}
	var limits fieldEncoder
	limits.pair("paymasterVerificationGasLimit", op.PaymasterVerificationGasLimit,
		"paymasterPostOpGasLimit", op.PaymasterPostOpGasLimit)
	if limits.err != nil {
		e.fail(limits.err)
		return nil
	}
	b := append(op.Paymaster.Bytes(), limits.fields[0].word[:]...)
	b = append(b, op.PaymasterData...)
	return appendPaymasterSignature(b, op.PaymasterSignature)
}

func opFromPacked(f []field, paymasterSignature bool) (*Op, error) {
	op := &Op{
		Nonce: f[1].number(), CallData: f[3].data, PreVerificationGas: f[5].number(), Signature: f[8].data,
	}
	op.VerificationGasLimit, op.CallGasLimit = f[4].halves()
	op.MaxPriorityFeePerGas, op.MaxFeePerGas = f[6].halves()
	var err error
	if op.Sender, err = f[0].address("sender"); err != nil {
		return nil, err
	}
	if err := setInitCode(op, f[2].data); err != nil {
		return nil, err
	}
	b := f[7].data
	if len(b) == 0 {
		return op, nil
	}
	if len(b) < paymasterDataOffset {
		return nil, fieldErrf("paymasterAndData", ErrFormat, "%d bytes, at least %d are needed", len(b), paymasterDataOffset)
	}
	a := common.BytesToAddress(b[:20])
	op.Paymaster = &a
	limits := field{word: [32]byte(b[20:52])}
	op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit = limits.halves()
	op.PaymasterData = b[paymasterDataOffset:]
	if paymasterSignature {
		n, err := paymasterSignatureLen(b)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			end := len(b) - paymasterSuffixLen
			op.PaymasterData, op.PaymasterSignature = b[paymasterDataOffset:end-n], b[end-n:end]
		}
	}
	return op, nil
}

// setInitCode splits factory ‖ data. A lone marker 0x7702, as short as two
// bytes, is what EntryPoints 0.8 and later read as EIP7702Marker.
func setInitCode(op *Op, b []byte) error {
	switch {
	case len(b) == 0:
		return nil
	case len(b) >= 20:
		a := common.BytesToAddress(b[:20])
		op.Factory, op.FactoryData = &a, b[20:]
		return nil
	}
	var a common.Address
	copy(a[:], b)
	if a != EIP7702Marker {
		return fieldErrf("initCode", ErrFormat, "%d bytes, an address needs 20", len(b))
	}
	op.Factory = &a
	return nil
}

// checkPaymaster refuses the paymaster's fields without a paymaster, which
// packing would drop silently, and its signature where there is none.
func checkPaymaster(op *Op, signature bool) error {
	if !signature && len(op.PaymasterSignature) != 0 {
		return fieldErr("paymasterSignature", ErrUnsupported)
	}
	if op.Paymaster == nil {
		for _, n := range op.numbers()[6:] {
			if *n.v != nil && (*n.v).Sign() != 0 {
				return fieldErrf(n.name, ErrUnexpected, "there is no paymaster")
			}
		}
		if len(op.PaymasterData) != 0 {
			return fieldErrf("paymasterData", ErrUnexpected, "there is no paymaster")
		}
		if len(op.PaymasterSignature) != 0 {
			return fieldErrf("paymasterSignature", ErrUnexpected, "there is no paymaster")
		}
	}
	if len(op.PaymasterSignature) > maxPaymasterSignature {
		return fieldErrf("paymasterSignature", ErrTooLarge, "%d bytes, its length is two bytes", len(op.PaymasterSignature))
	}
	return nil
}
