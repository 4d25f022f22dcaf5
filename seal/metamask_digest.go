// What MetaMask's smart accounts sign: not the EntryPoint's hash, but their own
// EIP-712 digest of the packed operation.

package seal

import (
	"encoding/json"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/userop"
)

// The contracts whose digests are known, by the names of their EIP-712 domains.
const (
	MetaMaskHybrid    = "HybridDeleGator"
	MetaMaskStateless = "EIP7702StatelessDeleGator"
	MetaMaskMultiSig  = "MultiSigDeleGator"
)

var metaMaskOpType = keccak("PackedUserOperation(address sender,uint256 nonce,bytes initCode,bytes callData," +
	"bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData,address entryPoint)")

// MetaMaskDigest is what an account of the named contract has its signers sign
// for the operation; the EntryPoint's hash plays no part. Unlike that hash it
// covers all of paymasterAndData, so that EntryPoint 0.9's paymaster signature
// must be in place before the account signs. EntryPoint 0.6 has no such accounts.
func MetaMaskDigest(contract string, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (common.Hash, error) {
	d, p, err := metaMaskMessage(contract, op, ep, chainID)
	if err != nil {
		return common.Hash{}, err
	}
	b := make([]byte, 0, 10*32)
	b = append(b, metaMaskOpType...)
	b = append(b, common.LeftPadBytes(p.Sender[:], 32)...)
	b = append(b, common.BigToHash(p.Nonce).Bytes()...)
	b = append(b, crypto.Keccak256(p.InitCode)...)
	b = append(b, crypto.Keccak256(p.CallData)...)
	b = append(b, p.AccountGasLimits[:]...)
	b = append(b, common.BigToHash(p.PreVerificationGas).Bytes()...)
	b = append(b, p.GasFees[:]...)
	b = append(b, crypto.Keccak256(p.PaymasterAndData)...)
	b = append(b, common.LeftPadBytes(ep.Address().Bytes(), 32)...)
	return typedDataHash(d.Separator(), crypto.Keccak256Hash(b)), nil
}

// metaMaskMessage is the domain and the packed operation.
func metaMaskMessage(contract string, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) (Domain, *userop.Packed, error) {
	const where = "MetaMask digest"
	switch contract {
	case MetaMaskHybrid, MetaMaskStateless, MetaMaskMultiSig:
	default:
		return Domain{}, nil, malformed(where, "no contract %.64q is known", contract)
	}
	if chainID == nil || chainID.Sign() <= 0 || chainID.BitLen() > 256 {
		return Domain{}, nil, malformed(where, "chain id %v", chainID)
	}
	p, err := userop.Pack(ep, op)
	if err != nil {
		return Domain{}, nil, err
	}
	return Domain{Name: contract, Version: "1", ChainID: chainID, Account: op.Sender}, p, nil
}

// MetaMaskTypedData is the digest's preimage as JSON for eth_signTypedData_v4.
// Numbers are decimal text.
func MetaMaskTypedData(contract string, op *userop.Op, ep userop.EntryPoint, chainID *big.Int) ([]byte, error) {
	d, p, err := metaMaskMessage(contract, op, ep, chainID)
	if err != nil {
		return nil, err
	}
	var out metaMaskTyped
	out.Types.Domain = []typedMember{{"name", "string"}, {"version", "string"}, {"chainId", "uint256"}, {"verifyingContract", "address"}}
	out.Types.Op = []typedMember{
		{"sender", "address"}, {"nonce", "uint256"}, {"initCode", "bytes"}, {"callData", "bytes"},
		{"accountGasLimits", "bytes32"}, {"preVerificationGas", "uint256"}, {"gasFees", "bytes32"},
		{"paymasterAndData", "bytes"}, {"entryPoint", "address"},
	}
	out.PrimaryType = "PackedUserOperation"
	out.Domain.Name, out.Domain.Version = d.Name, d.Version
	out.Domain.ChainID, out.Domain.VerifyingContract = d.ChainID.String(), d.Account
	m := &out.Message
	m.Sender, m.Nonce, m.InitCode, m.CallData = p.Sender, p.Nonce.String(), p.InitCode, p.CallData
	m.AccountGasLimits, m.PreVerificationGas, m.GasFees = p.AccountGasLimits, p.PreVerificationGas.String(), p.GasFees
	m.PaymasterAndData, m.EntryPoint = p.PaymasterAndData, ep.Address()
	return json.Marshal(&out)
}

type typedMember struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// metaMaskTyped has its members in the order in which they are written.
type metaMaskTyped struct {
	Types struct {
		Domain []typedMember `json:"EIP712Domain"`
		Op     []typedMember `json:"PackedUserOperation"`
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
		EntryPoint         common.Address `json:"entryPoint"`
	} `json:"message"`
}
