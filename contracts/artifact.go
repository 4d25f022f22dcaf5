// The compiled contracts, embedded.

package contracts

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

//go:embed out/WebAuthnAccount.json
var accountJSON []byte

//go:embed out/WebAuthnAccountFactory.json
var factoryJSON []byte

var accountArtifact, factoryArtifact = mustArtifact(accountJSON), mustArtifact(factoryJSON)

// AccountABI is the interface of WebAuthnAccount, with its events and errors.
var AccountABI = accountArtifact.ABI

// FactoryABI is the interface of WebAuthnAccountFactory.
var FactoryABI = factoryArtifact.ABI

// artifact is one file of out/.
type artifact struct {
	ABI      abi.ABI       `json:"abi"`
	Bytecode hexutil.Bytes `json:"bytecode"` // creation code, without constructor arguments
	// The code that the contract gets stands here in the creation code.
	RuntimeStart int `json:"runtimeStart"`
	RuntimeSize  int `json:"runtimeSize"`
}

// mustArtifact decodes an embedded file; a test makes sure that it can.
func mustArtifact(file []byte) artifact {
	var a artifact
	if err := json.Unmarshal(file, &a); err != nil {
		panic(fmt.Sprintf("contracts: embedded artifact: %v", err))
	}
	return a
}
