package hybrid

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// The functions of HybridDeleGator and SimpleFactory that are used here, and the
// event that names keys. From npm @metamask/delegation-abis 2.0.0.
//
//go:embed data/HybridDeleGator.abi.json
var abiJSON []byte

//go:embed data/ERC1967Proxy.hex
var proxyHex string

var (
	contractABI = mustABI()
	proxyCode   = mustProxy()
)

// The two functions of the name execute, as package abi tells them apart.
const (
	executeOne  = "execute"  // execute((address,uint256,bytes)), 0x5c1c6dcd
	executeMode = "execute0" // execute(bytes32,bytes) of ERC-7579, 0xe9ae5c53
)

func mustABI() abi.ABI {
	a, err := abi.JSON(bytes.NewReader(abiJSON))
	if err != nil {
		panic(err) // the embedded file is wrong; every test would fail
	}
	return a
}

func mustProxy() []byte {
	var b strings.Builder
	for line := range strings.Lines(proxyHex) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(strings.TrimSpace(line))
		}
	}
	code, err := hex.DecodeString(b.String())
	if err != nil {
		panic(err)
	}
	return code
}

// pack encodes a call of the contract. An error is a fault of this package: the
// arguments have the right types.
func pack(method string, args ...any) ([]byte, error) {
	data, err := contractABI.Pack(method, args...)
	if err != nil {
		return nil, fmt.Errorf("hybrid: encode %s: %w", method, err)
	}
	return data, nil
}

// create2 is where SimpleFactory and the deterministic deployer put a contract.
func create2(deployer common.Address, salt [32]byte, initCode []byte) common.Address {
	return crypto.CreateAddress2(deployer, salt, crypto.Keccak256(initCode))
}

// mustType is a type of the contract interface made by hand.
func mustType(name string) abi.Type {
	t, err := abi.NewType(name, "", nil)
	if err != nil {
		panic(err)
	}
	return t
}
