// Where implementation and factory are, for each EntryPoint version.

package contracts

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/userop"
)

// Deployer is the deterministic deployment proxy found on nearly every chain.
// Its calldata is salt(32) ‖ init code.
var Deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// deploySalt is the CREATE2 salt of implementation and factory.
var deploySalt [32]byte

// UnsupportedEntryPointError says that WebAuthnAccount does not work with an
// EntryPoint version.
type UnsupportedEntryPointError struct {
	Version string // "0.6", or empty for none at all
}

func (e *UnsupportedEntryPointError) Error() string {
	if e.Version == "" {
		return "contracts: no EntryPoint given"
	}
	return fmt.Sprintf("contracts: WebAuthnAccount does not work with EntryPoint %s, only with 0.7 and later", e.Version)
}

// Deployment is the pair of contracts that serves one EntryPoint version. The
// addresses are the same on every chain.
type Deployment struct {
	EntryPoint     userop.EntryPoint
	Implementation common.Address
	Factory        common.Address
}

// ForEntryPoint computes the deployment for an EntryPoint version. Versions
// before 0.7 pass another operation struct to the account and are refused with
// an [*UnsupportedEntryPointError].
func ForEntryPoint(ep userop.EntryPoint) (Deployment, error) {
	if ep == nil {
		return Deployment{}, &UnsupportedEntryPointError{}
	}
	switch ep {
	case userop.V07, userop.V08, userop.V09:
	default:
		return Deployment{}, &UnsupportedEntryPointError{Version: ep.Version()}
	}
	d := Deployment{EntryPoint: ep}
	d.Implementation = create2(Deployer, deploySalt, crypto.Keccak256(d.implementationInit()))
	d.Factory = create2(Deployer, deploySalt, crypto.Keccak256(d.factoryInit()))
	return d, nil
}

// InitCodes returns the calldata for [Deployer] that creates the implementation
// and the factory, each salt(32) ‖ init code. The deployer reverts when the
// contract is there already. The implementation's constructor asks the chain
// for P256VERIFY and reverts if it is given too little gas to be sure.
func (d Deployment) InitCodes() (implementation, factory []byte) {
	return append(deploySalt[:], d.implementationInit()...), append(deploySalt[:], d.factoryInit()...)
}

// FirstPrecompile reads from the implementation's code on a chain whether accounts begin with P256VERIFY: what the
// implementation found out when it was deployed. (What it answers when it is asked itself anybody may have changed, by a
// probe; that counts for none of the accounts.) ok is false for code that is not the implementation's.
func (d Deployment) FirstPrecompile(code []byte) (answers, ok bool) {
	runtime := d.Contracts()[0].runtime
	if !(Contract{runtime: runtime}).Is(code) {
		return false, false
	}
	for at := 0; ; {
		i := bytes.Index(runtime[at:], immutable)
		if i < 0 {
			return false, true
		}
		at += i + len(immutable)
		if word := common.BytesToHash(code[at-32 : at]); word == (common.Hash{31: 1}) { // the others are addresses
			return true, true
		}
	}
}

func (d Deployment) implementationInit() []byte {
	return withArgument(accountArtifact.Bytecode, d.EntryPoint.Address())
}

func (d Deployment) factoryInit() []byte {
	return withArgument(factoryArtifact.Bytecode, d.Implementation)
}

// withArgument appends a constructor's only argument, an address.
func withArgument(code []byte, a common.Address) []byte {
	return append(slices.Clone(code), common.LeftPadBytes(a[:], 32)...)
}

func create2(deployer common.Address, salt [32]byte, initCodeHash []byte) common.Address {
	return crypto.CreateAddress2(deployer, salt, initCodeHash)
}
