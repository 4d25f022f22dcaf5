// Accounts: their addresses and the call that creates them.

package contracts

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// Params is everything an account starts with. Its address commits to all of it.
type Params struct {
	Signers   [][]byte // signer bytes, see docs/formats.md
	Weights   []uint64 // one per signer, each at least 1
	Threshold uint64   // at least 1, at most the sum of the weights
	Salt      [32]byte // anything; tells apart accounts that start alike
}

// pack encodes the four values as the factory's functions take them.
func (p Params) pack(method string) ([]byte, error) {
	data, err := FactoryABI.Pack(method, p.Signers, p.Weights, p.Threshold, p.Salt)
	if err != nil {
		return nil, fmt.Errorf("contracts: encode %s: %w", method, err)
	}
	return data, nil
}

// CREATE2Salt is what the factory gives CREATE2: keccak256(abi.encode(signers, weights, threshold, salt)).
func (p Params) CREATE2Salt() ([32]byte, error) {
	data, err := p.pack("createAccount")
	if err != nil {
		return [32]byte{}, err
	}
	return crypto.Keccak256Hash(data[4:]), nil // without the selector
}

// Address is where the factory puts the account. It says nothing of whether the
// parameters are acceptable: the chain refuses bad signers when it creates the
// account.
func (d Deployment) Address(p Params) (common.Address, error) {
	salt, err := p.CREATE2Salt()
	if err != nil {
		return common.Address{}, err
	}
	return create2(d.Factory, salt, ProxyInitCodeHash(d.Implementation).Bytes()), nil
}

// CreateAccount is the calldata of the factory's createAccount, which is an
// operation's factory data. Calling it again for an existing account returns
// its address and changes nothing.
func (d Deployment) CreateAccount(p Params) ([]byte, error) {
	return p.pack("createAccount")
}

// The proxy's creation code around the implementation's address: 95 bytes, of
// which the runtime is 61 (Solady LibClone, "minimal ERC1967 proxy").
var (
	proxyHead = common.FromHex("603d3d8160223d3973")
	proxyTail = common.FromHex("60095155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076" +
		"cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3")
)

// ProxyInitCodeHash is the hash of the creation code of an account's proxy.
// With the factory's address and the salt it makes an account's address
// (EIP-1014).
func ProxyInitCodeHash(implementation common.Address) common.Hash {
	return crypto.Keccak256Hash(proxyHead, implementation[:], proxyTail)
}
