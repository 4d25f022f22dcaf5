// The contracts that a chain needs, whatever accounts there are.

package contracts

import (
	"bytes"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Contract is one of Postern's contracts that are shared by all accounts of a chain. It has no owner and no state that
// anybody could use to change it, and its address is the same on every chain, whoever deploys it.
type Contract struct {
	Name    string // "P256Slow", "WebAuthnAccount 0.8"
	Address common.Address
	Create  []byte // calldata for [Deployer], which reverts where the contract is already: salt(32) ‖ init code

	runtime []byte // its code, with zeros for what the constructor writes into it
}

// All lists the shared contracts in the order in which they are to be deployed: the verifiers of P-256 signatures and
// the factory of tables first, since account implementations look for them, and then implementation and factory for
// each EntryPoint version they exist for, and the recovery module.
func All() []Contract {
	list := P256Contracts()
	for _, ep := range []userop.EntryPoint{userop.V07, userop.V08, userop.V09} {
		d, err := ForEntryPoint(ep)
		if err != nil {
			panic(err) // they are supported, and a test says so
		}
		list = append(list, d.Contracts()...)
	}
	return append(list, RecoveryContract())
}

// P256Contracts lists the verifiers of P-256 signatures and the factory of tables, in the order of deployment.
func P256Contracts() []Contract {
	list := []Contract{ofArtifact("P256Slow", P256Slow, slowArtifact, P256SlowInit())}
	for _, e := range append(P256Engines(), P256TableFactory) {
		list = append(list, Contract{Name: e.Name, Address: e.Address, Create: e.InitCode(), runtime: e.runtime})
	}
	return append(list, ofArtifact("P256Verifier", P256Verifier, verifierArtifact, P256VerifierInit()))
}

// Contracts lists implementation and factory of the deployment, in the order of deployment.
func (d Deployment) Contracts() []Contract {
	implementation, factory := d.InitCodes()
	v := " " + d.EntryPoint.Version()
	return []Contract{
		ofArtifact("WebAuthnAccount"+v, d.Implementation, accountArtifact, implementation),
		ofArtifact("WebAuthnAccountFactory"+v, d.Factory, factoryArtifact, factory),
	}
}

func ofArtifact(name string, at common.Address, a artifact, create []byte) Contract {
	return Contract{Name: name, Address: at, Create: create, runtime: a.Bytecode[a.RuntimeStart : a.RuntimeStart+a.RuntimeSize]}
}

// immutable is how the compiler writes an immutable that the constructor has not set yet: PUSH32 of zero. A zero that is
// meant is never written so.
var immutable = append([]byte{0x7f}, make([]byte, 32)...)

// Is reports whether code, of the contract's address on some chain, is the contract's. Words that its constructor found
// out there, such as the chain's id and whether P256VERIFY answers, may be any.
func (c Contract) Is(code []byte) bool {
	if len(code) != len(c.runtime) {
		return false
	}
	masked := slices.Clone(code)
	for at := 0; ; {
		i := bytes.Index(c.runtime[at:], immutable)
		if i < 0 {
			return bytes.Equal(masked, c.runtime)
		}
		at += i + len(immutable)
		clear(masked[at-32 : at])
	}
}

// Size is the length of the contract's code.
func (c Contract) Size() int { return len(c.runtime) }
