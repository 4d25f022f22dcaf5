package kernel

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// Code is a contract of the table.
type Code struct {
	Name    string
	Address common.Address
	Hash    common.Hash
	Version Version
}

// Codes is the table.
func Codes() (list []Code) {
	for _, c := range codes {
		list = append(list, Code{c.name, c.address, c.hash, c.version})
	}
	return list
}

// MaskedHash is the hash that code would have in the table.
func MaskedHash(c Code, chainID *big.Int, code []byte) common.Hash {
	return crypto.Keccak256Hash(contractCode{c.Name, c.Address, c.Hash, c.Version}.mask(chainID, code))
}

// ProxyCodes are the codes of accounts of Kernel 3 and of Kernel 0.2.
func ProxyCodes() (v3, v2 []byte) { return proxyCode, proxyCodeV2 }

// ChangeRootTo is the bare call of changeRootValidator.
func ChangeRootTo(id ValidationID, data []byte) []byte {
	out, err := pack(changeRootValidator, [21]byte(id), common.Address{}, data, []byte{})
	if err != nil {
		panic(err)
	}
	return out
}
