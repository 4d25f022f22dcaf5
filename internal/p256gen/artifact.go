// What is deployed: the committed artifacts.

package p256gen

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// Deployer is the deterministic deployment proxy that is on every chain.
var Deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// Artifact is one file of contracts/p256. The address is that of CREATE2 by Deployer with the salt, which is zero.
type Artifact struct {
	Name         string         `json:"name"`
	Address      common.Address `json:"address"`
	Salt         common.Hash    `json:"salt"`
	CreationCode hexutil.Bytes  `json:"creationCode"`
	RuntimeCode  hexutil.Bytes  `json:"runtimeCode"`
}

// NewArtifact wraps a program in the shortest creation code.
func NewArtifact(name string, runtime []byte) Artifact {
	if len(runtime) > 24_576 {
		panic(fmt.Sprintf("p256gen: %s has %d bytes, more than a contract may have", name, len(runtime)))
	}
	// size, offset and target for CODECOPY; the size again for RETURN
	creation := append([]byte{0x61, byte(len(runtime) >> 8), byte(len(runtime)), 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3}, runtime...)
	return Artifact{name, crypto.CreateAddress2(Deployer, [32]byte{}, crypto.Keccak256(creation)), common.Hash{}, creation, runtime}
}

// Engines writes all verifiers that are deployed, for a slow verifier at the given address.
func Engines(slow common.Address) []Artifact {
	cv, s := P256(), LoadSchedules()
	return []Artifact{
		NewArtifact("P256Table512", TableEngine(cv, Table512, s, slow)),
		NewArtifact("P256Table1k", TableEngine(cv, Table1k, s, slow)),
		NewArtifact("P256Table4k", TableEngine(cv, Table4k, s, slow)),
		NewArtifact("P256Table16k", TableEngine(cv, Table16k, s, slow)),
		NewArtifact("P256NoTable", NoTableEngine(cv, s, slow)),
		NewArtifact("P256Plain", PlainEngine(cv, s, slow)),
	}
}

// SlowAddress is where the slow verifier will be, by its compiled artifact (contracts/out/P256Slow.json).
func SlowAddress(artifact []byte) (common.Address, error) {
	var a struct {
		Bytecode hexutil.Bytes `json:"bytecode"`
	}
	if err := json.Unmarshal(artifact, &a); err != nil {
		return common.Address{}, fmt.Errorf("p256gen: the slow verifier's artifact: %w", err)
	}
	if len(a.Bytecode) == 0 {
		return common.Address{}, fmt.Errorf("p256gen: the slow verifier's artifact has no bytecode")
	}
	return crypto.CreateAddress2(Deployer, [32]byte{}, crypto.Keccak256(a.Bytecode)), nil
}

// JSON is the artifact as it is committed.
func (a Artifact) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(a); err != nil {
		panic(err) // hex and strings
	}
	return b.Bytes()
}
