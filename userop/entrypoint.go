// EntryPoint versions as values.

package userop

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// EntryPoint is one version of the ERC-4337 singleton at its canonical address.
// The values are [V06], [V07], [V08] and [V09]; they are comparable and there
// are no others.
type EntryPoint interface {
	// Version is "0.6", "0.7", "0.8" or "0.9".
	Version() string
	String() string
	// Address is the canonical address, the same on every chain.
	Address() common.Address
	// Hash is what getUserOpHash returns for op on the given chain.
	Hash(op *Op, chainID *big.Int) (common.Hash, error)
	// HandleOps is the calldata of handleOps(ops, beneficiary).
	HandleOps(ops []*Op, beneficiary common.Address) ([]byte, error)
	// MarshalOp writes the JSON that bundlers take for this version.
	MarshalOp(op *Op) ([]byte, error)
	// UnmarshalOp reads that JSON strictly; see the rules in wire.go.
	UnmarshalOp(data []byte) (*Op, error)

	// fields lays the operation out as the members of the version's ABI struct,
	// the signature last.
	fields(op *Op) ([]field, error)
	// fromFields is the inverse of fields; dynamic members may alias the input.
	fromFields([]field) (*Op, error)
	// shape has one letter per member of the ABI struct: w = word, d = bytes.
	shape() string
	handleOpsSelector() [4]byte
}

// EntryPoints returns all versions, oldest first.
func EntryPoints() []EntryPoint { return []EntryPoint{V06, V07, V08, V09} }

// EntryPointByAddress finds the version whose canonical address is a.
func EntryPointByAddress(a common.Address) (EntryPoint, bool) {
	for _, ep := range EntryPoints() {
		if ep.Address() == a {
			return ep, true
		}
	}
	return nil, false
}

// ParseVersion reads "0.6" … "0.9", with or without a leading "v".
func ParseVersion(s string) (EntryPoint, error) {
	t := s
	if len(t) > 0 && (t[0] == 'v' || t[0] == 'V') {
		t = t[1:]
	}
	for _, ep := range EntryPoints() {
		if ep.Version() == t {
			return ep, nil
		}
	}
	if len(s) > 32 {
		s = s[:32] + "…"
	}
	return nil, fmt.Errorf("unknown EntryPoint version %q: 0.6, 0.7, 0.8 and 0.9 are known", s)
}
