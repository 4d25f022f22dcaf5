// JSON of operations, as eth_sendUserOperation takes it.
//
// Reading is strict: one object, no member twice, member names exactly as
// specified, quantities as `0x` and hex digits without leading zeros, bytes as
// an even number of hex digits, addresses of 20 bytes, nothing after the object.
// Unknown members are refused by [EntryPoint.UnmarshalOp]: they would be lost,
// and whoever sent them believed that they mean something. [UnmarshalReply],
// for a bundler's answers, ignores them. A `null` optional member is an absent
// one. Gas limits and fees may be absent, as in a request for estimation; they
// are nil then, and [Op.Validate] refuses that.

package userop

import (
	"encoding/json"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// MaxJSON is the longest operation in JSON that is read, in bytes. Twice that of
// the largest transaction that nodes accept, in hex, fits.
const MaxJSON = 600_000

type unknownRule uint8

const (
	refuseUnknown unknownRule = iota
	ignoreUnknown
)

// UnmarshalReply reads an operation from a bundler's answer: as UnmarshalOp, but
// members it does not know are ignored. Compare the hash before believing it.
func UnmarshalReply(ep EntryPoint, data []byte) (*Op, error) {
	return unmarshal(ep, data, ignoreUnknown)
}

// wireAuth is written as common clients write it: chain and nonce as quantities,
// the parts of the signature as bytes of full length. Reading takes both for
// those.
type wireAuth struct {
	ChainID *quantity      `json:"chainId"`
	Address common.Address `json:"address"`
	Nonce   *quantity      `json:"nonce"`
	YParity hexBytes       `json:"yParity"`
	R       hexBytes       `json:"r"`
	S       hexBytes       `json:"s"`
}

type wireGas struct {
	CallGasLimit         *quantity `json:"callGasLimit,omitempty"`
	VerificationGasLimit *quantity `json:"verificationGasLimit,omitempty"`
	PreVerificationGas   *quantity `json:"preVerificationGas,omitempty"`
	MaxFeePerGas         *quantity `json:"maxFeePerGas,omitempty"`
	MaxPriorityFeePerGas *quantity `json:"maxPriorityFeePerGas,omitempty"`
}

func gasToWire(op *Op) wireGas {
	return wireGas{
		(*quantity)(op.CallGasLimit), (*quantity)(op.VerificationGasLimit), (*quantity)(op.PreVerificationGas),
		(*quantity)(op.MaxFeePerGas), (*quantity)(op.MaxPriorityFeePerGas),
	}
}

func authToWire(a *Authorization) *wireAuth {
	if a == nil {
		return nil
	}
	chainID := a.ChainID
	if chainID == nil {
		chainID = new(big.Int)
	}
	word := func(n *big.Int) hexBytes {
		if n == nil || n.Sign() < 0 || n.BitLen() > 256 {
			n = new(big.Int) // unsigned: Validate refuses it before anything is sent
		}
		return n.FillBytes(make([]byte, 32))
	}
	return &wireAuth{
		(*quantity)(chainID), a.Address, (*quantity)(new(big.Int).SetUint64(a.Nonce)),
		hexBytes{a.YParity}, word(a.R), word(a.S),
	}
}

// marshalV06 writes initCode and paymasterAndData.
func marshalV06(op *Op) ([]byte, error) {
	if err := checkForWire(V06, op); err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Sender   common.Address `json:"sender"`
		Nonce    *quantity      `json:"nonce"`
		InitCode hexBytes       `json:"initCode"`
		CallData hexBytes       `json:"callData"`
		wireGas
		PaymasterAndData hexBytes  `json:"paymasterAndData"`
		Signature        hexBytes  `json:"signature"`
		Authorization    *wireAuth `json:"eip7702Auth,omitempty"`
	}{
		op.Sender, (*quantity)(op.Nonce), op.InitCode(), op.CallData, gasToWire(op),
		paymasterAndData06(op), op.Signature, authToWire(op.Authorization),
	})
}

// marshalUnpacked writes the members of 0.7 and later.
func marshalUnpacked(ep EntryPoint, op *Op) ([]byte, error) {
	if err := checkForWire(ep, op); err != nil {
		return nil, err
	}
	w := struct {
		Sender      common.Address `json:"sender"`
		Nonce       *quantity      `json:"nonce"`
		Factory     *factory       `json:"factory,omitempty"`
		FactoryData *hexBytes      `json:"factoryData,omitempty"`
		CallData    hexBytes       `json:"callData"`
		wireGas
		Paymaster          *common.Address `json:"paymaster,omitempty"`
		VerificationLimit  *quantity       `json:"paymasterVerificationGasLimit,omitempty"`
		PostOpLimit        *quantity       `json:"paymasterPostOpGasLimit,omitempty"`
		PaymasterData      *hexBytes       `json:"paymasterData,omitempty"`
		PaymasterSignature hexBytes        `json:"paymasterSignature,omitempty"`
		Signature          hexBytes        `json:"signature"`
		Authorization      *wireAuth       `json:"eip7702Auth,omitempty"`
	}{
		Sender: op.Sender, Nonce: (*quantity)(op.Nonce), Factory: (*factory)(op.Factory), CallData: op.CallData,
		wireGas: gasToWire(op), Paymaster: op.Paymaster, PaymasterSignature: op.PaymasterSignature,
		Signature: op.Signature, Authorization: authToWire(op.Authorization),
	}
	if op.Factory != nil {
		w.FactoryData = (*hexBytes)(&op.FactoryData)
	}
	if op.Paymaster != nil {
		w.PaymasterData = (*hexBytes)(&op.PaymasterData)
		w.VerificationLimit = (*quantity)(op.PaymasterVerificationGasLimit)
		w.PostOpLimit = (*quantity)(op.PaymasterPostOpGasLimit)
	}
	return json.Marshal(w)
}

// factory writes the EIP-7702 marker in the short form that bundlers know.
type factory common.Address

func (f *factory) MarshalText() ([]byte, error) {
	if common.Address(*f) == EIP7702Marker {
		return []byte("0x7702"), nil
	}
	return (*common.Address)(f).MarshalText()
}

// checkForWire finds what the wire form cannot carry. Gas may still be missing.
func checkForWire(ep EntryPoint, op *Op) error {
	if op.Nonce == nil {
		return fieldErr("nonce", ErrMissing)
	}
	_, err := ep.fields(op.Clone().Normalize())
	return err
}

var (
	commonMembers = []string{
		"sender", "nonce", "callData", "callGasLimit", "verificationGasLimit", "preVerificationGas",
		"maxFeePerGas", "maxPriorityFeePerGas", "signature", "eip7702Auth",
	}
	v06Members      = append([]string{"initCode", "paymasterAndData"}, commonMembers...)
	unpackedMembers = append([]string{
		"factory", "factoryData", "paymaster", "paymasterVerificationGasLimit", "paymasterPostOpGasLimit", "paymasterData",
	}, commonMembers...)
	v09Members = append([]string{"paymasterSignature"}, unpackedMembers...)
)

func members(ep EntryPoint) []string {
	switch ep {
	case V06:
		return v06Members
	case V09:
		return v09Members
	}
	return unpackedMembers
}

func unmarshal(ep EntryPoint, data []byte, unknown unknownRule) (*Op, error) {
	o, err := parseObject(data, MaxJSON, members(ep), unknown)
	if err != nil {
		return nil, err
	}
	op := &Op{
		Sender:               o.requiredAddress("sender"),
		Nonce:                o.requiredNumber("nonce", 256),
		CallData:             o.requiredBytes("callData"),
		CallGasLimit:         o.number("callGasLimit", 256),
		VerificationGasLimit: o.number("verificationGasLimit", 256),
		PreVerificationGas:   o.number("preVerificationGas", 256),
		MaxFeePerGas:         o.number("maxFeePerGas", 256),
		MaxPriorityFeePerGas: o.number("maxPriorityFeePerGas", 256),
		Signature:            o.requiredBytes("signature"),
	}
	if ep == V06 {
		o.fail(setInitCode(op, o.bytes("initCode")))
		o.fail(setPaymasterAndData06(op, o.bytes("paymasterAndData")))
	} else {
		op.Factory = o.factory("factory")
		op.FactoryData = o.bytes("factoryData")
		op.Paymaster = o.address("paymaster")
		op.PaymasterVerificationGasLimit = o.number("paymasterVerificationGasLimit", 128)
		op.PaymasterPostOpGasLimit = o.number("paymasterPostOpGasLimit", 128)
		op.PaymasterData = o.bytes("paymasterData")
		op.PaymasterSignature = o.bytes("paymasterSignature")
	}
	op.Authorization = o.authorization("eip7702Auth", unknown)
	if o.err != nil {
		return nil, o.err
	}
	if op.Factory == nil && len(op.FactoryData) != 0 {
		return nil, fieldErrf("factoryData", ErrUnexpected, "there is no factory")
	}
	if err := checkForWire(ep, op); err != nil {
		return nil, err
	}
	return op, nil
}
