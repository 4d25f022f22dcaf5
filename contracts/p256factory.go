// The factory of P-256 tables: where it is, where its tables are, how they are built.

package contracts

import (
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/p256table"
)

// P256TableFactory is the contract that computes a key's table on chain and puts it where nothing else can be. Its code
// is written by internal/p256gen/builder. In Solidity's words it is
//
//	function build(uint8 format, uint256 x, uint256 y) external returns (address table);
//	function tableOf(uint8 format, uint256 x, uint256 y) external view returns (address table);
//	error UnknownCall(); error UnknownFormat(); error NotOnCurve(); error NotBuilding(); error BuildFailed();
//
// build is for anybody, and cheap when the table is there. It refuses unknown formats, coordinates that are not below p
// and points off the curve, infinity among them. tableOf looks at the format alone. Neither is for the init code of an
// account: an EntryPoint lets a factory create nothing but the sender (ERC-7562, OP-031).
var P256TableFactory = mustP256("P256TableFactory")

// tableInitCode creates every table: it calls its creator without calldata and returns what it is answered.
var tableInitCode = hexutil.MustDecode("0x5f5f5f5f335afa3d5f5f3e6011575f5ffd5b3d5ff3")

// TableInitCode is the code that creates every table. Its hash is part of every table's address.
func TableInitCode() []byte { return slices.Clone(tableInitCode) }

// Errors of the factory, by the first four bytes of a revert's data.
var (
	ErrTableUnknownCall   = [4]byte(crypto.Keccak256([]byte("UnknownCall()")))   // another function, or ether
	ErrTableUnknownFormat = [4]byte(crypto.Keccak256([]byte("UnknownFormat()"))) // none of 0x11 to 0x14
	ErrTableNotOnCurve    = [4]byte(crypto.Keccak256([]byte("NotOnCurve()")))    // or a coordinate of p or more, or infinity
	ErrTableNotBuilding   = [4]byte(crypto.Keccak256([]byte("NotBuilding()")))   // no calldata, and no table is being created
	ErrTableBuildFailed   = [4]byte(crypto.Keccak256([]byte("BuildFailed()")))   // too little gas
)

// TableAddress is where the factory puts the table of a key: the same on every chain. That there is code says that it is
// the table: only the factory can put code there, and it puts no other.
func TableAddress(f p256table.Format, k p256table.Key) (common.Address, error) {
	x, y, err := tableArguments(f, k)
	if err != nil {
		return common.Address{}, err
	}
	salt := crypto.Keccak256Hash([]byte{byte(f)}, x[:], y[:])
	return create2(P256TableFactory.Address, salt, crypto.Keccak256(tableInitCode)), nil
}

// BuildTable is the calldata of build(uint8,uint256,uint256), which creates the table unless it is there, and returns
// its address. Anybody may send it, for any key.
func BuildTable(f p256table.Format, k p256table.Key) ([]byte, error) {
	return tableCall("build(uint8,uint256,uint256)", f, k)
}

// TableOf is the calldata of tableOf(uint8,uint256,uint256), a view that returns the address alone.
func TableOf(f p256table.Format, k p256table.Key) ([]byte, error) {
	return tableCall("tableOf(uint8,uint256,uint256)", f, k)
}

func tableCall(signature string, f p256table.Format, k p256table.Key) ([]byte, error) {
	x, y, err := tableArguments(f, k)
	if err != nil {
		return nil, err
	}
	data := append(crypto.Keccak256([]byte(signature))[:4], common.LeftPadBytes([]byte{byte(f)}, 32)...)
	return append(append(data, x[:]...), y[:]...), nil
}

func tableArguments(f p256table.Format, k p256table.Key) (x, y [32]byte, err error) {
	switch f {
	case p256table.Format512, p256table.Format1k, p256table.Format4k, p256table.Format16k:
	default:
		return x, y, fmt.Errorf("contracts: the table factory does not build format %v", f)
	}
	if k == (p256table.Key{}) {
		return x, y, fmt.Errorf("contracts: no key")
	}
	return k.X(), k.Y(), nil
}
