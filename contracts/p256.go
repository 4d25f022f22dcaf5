// The P-256 verifiers written by internal/p256gen.

package contracts

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

//go:embed p256/*.json
var p256Files embed.FS

// P256Engine is a verifier of P-256 signatures. It has no state and answers every call with one word, 1 for a valid
// signature and 0 for anything else, for calldata that is short, too. Words of calldata are 32 bytes, big endian.
type P256Engine struct {
	Name    string
	Address common.Address // by CREATE2 from Deployer with salt zero: the same on every chain

	creation, runtime []byte
}

// The engines. One with a table is for tables of its size alone, and believes what the table says: derive the table's
// address from the key.
var (
	P256Table512 = mustP256("P256Table512") // h r s table [1/s]
	P256Table1k  = mustP256("P256Table1k")
	P256Table4k  = mustP256("P256Table4k")
	P256Table16k = mustP256("P256Table16k")
	P256NoTable  = mustP256("P256NoTable") // h r s x y w yR i1 i2: hints from package p256hint
	P256Plain    = mustP256("P256Plain")   // h r s x y
)

// P256Engines lists the engines.
func P256Engines() []P256Engine {
	return []P256Engine{P256Table512, P256Table1k, P256Table4k, P256Table16k, P256NoTable, P256Plain}
}

// Code is the engine's code on a chain.
func (e P256Engine) Code() []byte { return slices.Clone(e.runtime) }

// InitCode is what to send to the deterministic deployer: the salt, then the creation code.
func (e P256Engine) InitCode() []byte { return append(make([]byte, 32), e.creation...) }

// mustP256 reads an embedded engine; a test compares it with what the generator writes.
func mustP256(name string) P256Engine {
	file, err := p256Files.ReadFile("p256/" + name + ".json")
	if err != nil {
		panic(fmt.Sprintf("contracts: %v", err))
	}
	var a struct {
		Address                   common.Address
		CreationCode, RuntimeCode hexutil.Bytes
	}
	if err := json.Unmarshal(file, &a); err != nil {
		panic(fmt.Sprintf("contracts: %s: %v", name, err))
	}
	return P256Engine{name, a.Address, a.CreationCode, a.RuntimeCode}
}
