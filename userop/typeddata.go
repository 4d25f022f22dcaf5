// EIP-712 form of an operation, for EntryPoints 0.8 and later.

package userop

import (
	"encoding/json"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// TypedDataEntryPoint is an EntryPoint whose hash is an EIP-712 digest.
type TypedDataEntryPoint interface {
	EntryPoint
	TypedData(op *Op, chainID *big.Int) (*TypedData, error)

	// signedPaymasterAndData is the part of paymasterAndData that is hashed.
	signedPaymasterAndData([]byte) ([]byte, error)
}

// TypedData is an operation as EIP-712 typed data. Its JSON form is what
// eth_signTypedData_v4 takes.
type TypedData struct {
	ChainID           *big.Int
	VerifyingContract common.Address

	Sender             common.Address
	Nonce              *big.Int
	InitCode           []byte
	CallData           []byte
	AccountGasLimits   [32]byte
	PreVerificationGas *big.Int
	GasFees            [32]byte
	PaymasterAndData   []byte
}

var (
	domainTypeHash = crypto.Keccak256Hash([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	packedTypeHash = crypto.Keccak256Hash([]byte("PackedUserOperation(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData)"))
	domainName     = crypto.Keccak256Hash([]byte("ERC4337"))
	domainVersion  = crypto.Keccak256Hash([]byte("1"))
)

func typedData(ep TypedDataEntryPoint, op *Op, chainID *big.Int) (*TypedData, error) {
	if err := checkChainID(chainID); err != nil {
		return nil, err
	}
	f, err := ep.fields(op)
	if err != nil {
		return nil, err
	}
	if f[2].data, err = hashedInitCode(op); err != nil {
		return nil, err
	}
	if f[7].data, err = ep.signedPaymasterAndData(f[7].data); err != nil {
		return nil, err
	}
	return &TypedData{
		ChainID: new(big.Int).Set(chainID), VerifyingContract: ep.Address(),
		Sender: op.Sender, Nonce: f[1].number(), InitCode: f[2].data, CallData: f[3].data,
		AccountGasLimits: f[4].word, PreVerificationGas: f[5].number(), GasFees: f[6].word,
		PaymasterAndData: f[7].data,
	}, nil
}

// DomainSeparator is the EIP-712 domain's hash.
func (d *TypedData) DomainSeparator() common.Hash {
	out := append(domainTypeHash.Bytes(), domainName[:]...)
	out = append(out, domainVersion[:]...)
	out = append(out, common.BigToHash(d.ChainID).Bytes()...)
	return crypto.Keccak256Hash(appendAddress(out, d.VerifyingContract))
}

// StructHash is the EIP-712 hash of the message alone.
func (d *TypedData) StructHash() common.Hash {
	out := appendAddress(packedTypeHash.Bytes(), d.Sender)
	out = append(out, common.BigToHash(d.Nonce).Bytes()...)
	out = append(out, crypto.Keccak256(d.InitCode)...)
	out = append(out, crypto.Keccak256(d.CallData)...)
	out = append(out, d.AccountGasLimits[:]...)
	out = append(out, common.BigToHash(d.PreVerificationGas).Bytes()...)
	out = append(out, d.GasFees[:]...)
	return crypto.Keccak256Hash(append(out, crypto.Keccak256(d.PaymasterAndData)...))
}

// Digest is keccak256(0x1901 ‖ domain separator ‖ struct hash).
func (d *TypedData) Digest() common.Hash {
	ds, sh := d.DomainSeparator(), d.StructHash()
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, ds[:], sh[:])
}

// MarshalJSON writes the form of eth_signTypedData_v4; numbers are decimal text.
func (d *TypedData) MarshalJSON() ([]byte, error) {
	type member struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	var out struct {
		Types struct {
			Domain []member `json:"EIP712Domain"`
			Packed []member `json:"PackedUserOperation"`
		} `json:"types"`
		PrimaryType string `json:"primaryType"`
		Domain      struct {
			Name              string         `json:"name"`
			Version           string         `json:"version"`
			ChainID           string         `json:"chainId"`
			VerifyingContract common.Address `json:"verifyingContract"`
		} `json:"domain"`
		Message struct {
			Sender             common.Address `json:"sender"`
			Nonce              string         `json:"nonce"`
			InitCode           hexutil.Bytes  `json:"initCode"`
			CallData           hexutil.Bytes  `json:"callData"`
			AccountGasLimits   common.Hash    `json:"accountGasLimits"`
			PreVerificationGas string         `json:"preVerificationGas"`
			GasFees            common.Hash    `json:"gasFees"`
			PaymasterAndData   hexutil.Bytes  `json:"paymasterAndData"`
		} `json:"message"`
	}
	out.Types.Domain = []member{{"name", "string"}, {"version", "string"}, {"chainId", "uint256"}, {"verifyingContract", "address"}}
	out.Types.Packed = []member{
		{"sender", "address"}, {"nonce", "uint256"}, {"initCode", "bytes"}, {"callData", "bytes"},
		{"accountGasLimits", "bytes32"}, {"preVerificationGas", "uint256"}, {"gasFees", "bytes32"}, {"paymasterAndData", "bytes"},
	}
	out.PrimaryType = "PackedUserOperation"
	out.Domain.Name, out.Domain.Version = "ERC4337", "1"
	out.Domain.ChainID, out.Domain.VerifyingContract = d.ChainID.String(), d.VerifyingContract
	m := &out.Message
	m.Sender, m.Nonce, m.InitCode, m.CallData = d.Sender, d.Nonce.String(), d.InitCode, d.CallData
	m.AccountGasLimits, m.PreVerificationGas = d.AccountGasLimits, d.PreVerificationGas.String()
	m.GasFees, m.PaymasterAndData = d.GasFees, d.PaymasterAndData
	return json.Marshal(out)
}
