// The module's functions and events.

package guardian

import (
	"bytes"
	_ "embed"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
)

//go:embed abi.json
var abiJSON []byte

var moduleABI = func() abi.ABI {
	a, err := abi.JSON(bytes.NewReader(abiJSON))
	if err != nil {
		panic(err) // the committed file is broken; every test would fail
	}
	return a
}()

// Module is the address of the recovery module of WebAuthnAccounts, the same on every
// chain.
var Module = common.HexToAddress("0x00000000000000000000000000000000000f00d1")
