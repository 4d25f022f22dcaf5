// Accounts: their addresses and the call that creates them.

package contracts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/p256table"
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

// The account's own functions that anybody may call: in a transaction, or in an
// operation of the account.
var (
	useTableID        = crypto.Keccak256([]byte("useTable(bytes,uint8)"))[:4]
	p256PathID        = crypto.Keccak256([]byte("p256Path(bytes)"))[:4]
	probePrecompileID = crypto.Keccak256([]byte("probePrecompile()"))[:4]
)

// UseTable is the calldata of the account's useTable: the passkey with these
// signer bytes is to be verified by its table of this format, which is built
// first unless it is there. Anybody may ask for a larger table than the present
// one; the account itself for any, and with format 0 for none.
func UseTable(signer []byte, f p256table.Format) []byte {
	data := append(slices.Clone(useTableID), word(64)...)
	data = append(data, word(uint64(f))...)
	return appendBytes(data, signer)
}

// P256Path is the calldata of the account's view p256Path: how the signatures of
// the passkey with these signer bytes are verified now. See [ParseP256Path].
func P256Path(signer []byte) []byte {
	return appendBytes(append(slices.Clone(p256PathID), word(32)...), signer)
}

// ParseP256Path reads what p256Path returns: 0x01 by P256VERIFY, 0x11 to 0x14 by
// the key's table of that format, 0x00 without a table.
func ParseP256Path(ret []byte) (byte, error) {
	if len(ret) != 32 || !bytes.Equal(ret[:31], make([]byte, 31)) {
		return 0, fmt.Errorf("contracts: p256Path returned %d bytes that are no uint8", len(ret))
	}
	switch p := ret[31]; {
	case p <= 0x01, p >= byte(p256table.Format512) && p <= byte(p256table.Format16k):
		return p, nil
	default:
		return 0, fmt.Errorf("contracts: p256Path returned %#02x, which is no path", p)
	}
}

// ProbePrecompile is the calldata of the account's probePrecompile: it asks the
// chain for P256VERIFY again and remembers the answer. Anybody may.
func ProbePrecompile() []byte { return slices.Clone(probePrecompileID) }

func word(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), n) }

// appendBytes appends an ABI-encoded bytes: its length, and itself filled up to words.
func appendBytes(data, b []byte) []byte {
	data = append(append(data, word(uint64(len(b)))...), b...)
	return append(data, make([]byte, -len(b)&31)...)
}
