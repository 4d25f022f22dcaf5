package hybrid

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
)

// ChainOfTable is a chain of the table.
type ChainOfTable struct {
	ID   uint64
	Name string
}

// TableOfChains is the table.
func TableOfChains() []ChainOfTable {
	var out []ChainOfTable
	for _, c := range chains130 {
		out = append(out, ChainOfTable{c.id, c.name})
	}
	return out
}

// Create2 is create2.
func Create2(deployer common.Address, salt [32]byte, initCode []byte) common.Address {
	return create2(deployer, salt, initCode)
}

// ProxyCode is the proxy's creation code.
func ProxyCode() []byte { return proxyCode }

// FallbackGas is the constant of this name.
const FallbackGas = fallbackGas

// CodeHashes are the hashes of the table by name.
func CodeHashes() map[string]common.Hash {
	out := map[string]common.Hash{}
	for _, c := range []contractCode{codeFactory, codeHybrid, codeStateless, codeManager, codeLibrary, codeProxy} {
		out[c.name] = c.hash
	}
	return out
}

// MaskedHash is the hash that code has in the table.
func MaskedHash(d Deployment, name string, self common.Address, chainID *big.Int, code []byte) common.Hash {
	return crypto.Keccak256Hash(d.mask(name, self, chainID, code))
}

// WithSigners is the account as if these were its signers now.
func WithSigners(a *Account, owner common.Address, keys []Key) *Account {
	b := *a
	b.owner, b.keys, b.deadOwner = owner, keys, ""
	return &b
}

// AsRead is the account as if its signers had been read from a chain.
func AsRead(a *Account) *Account {
	b := *a
	b.read = true
	return &b
}

// Pack encodes a call of the contract.
func Pack(method string, args ...any) ([]byte, error) { return pack(method, args...) }

// PackAddedKey is the data of the event that a key was added under a text.
func PackAddedKey(id string, k Key) ([]byte, error) {
	return addedKey.Inputs.NonIndexed().Pack(id, xsOf([]Key{k})[0], ysOf([]Key{k})[0])
}

// MethodID is the selector of a function.
func MethodID(method string) []byte { return contractABI.Methods[method].ID }

// EncodeCallsOf is encodeCalls.
func EncodeCallsOf(self common.Address, calls []account.Call) ([]byte, error) {
	return encodeCalls(self, calls)
}

// ErrorID is the selector of an error of the contract, nil for "".
func ErrorID(name string) []byte {
	signature, ok := map[string]string{
		"KeyAlreadyExists": "KeyAlreadyExists(bytes32)", "KeyDoesNotExist": "KeyDoesNotExist(bytes32)", "InvalidEmptyKey": "InvalidEmptyKey()",
		"KeyNotOnCurve": "KeyNotOnCurve(uint256,uint256)", "CannotRemoveLastSigner": "CannotRemoveLastSigner()", "SignersCannotBeEmpty": "SignersCannotBeEmpty()",
	}[name]
	if !ok {
		return nil
	}
	return crypto.Keccak256([]byte(signature))[:4]
}

// Unpack decodes a call of the contract.
func Unpack(method string, data []byte) ([]any, error) {
	return contractABI.Methods[method].Inputs.Unpack(data[4:])
}
