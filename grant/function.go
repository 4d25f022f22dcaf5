// Functions of contracts, as people write them: transfer(address to, uint256 amount).

package grant

import (
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
)

// Param is one parameter of a function.
type Param struct {
	Type string // canonical: uint256, never uint
	Name string // may be empty
}

// Function is a parsed signature.
type Function struct {
	Name   string
	Params []Param
}

// Signature is the canonical form that the selector is the hash of.
func (f *Function) Signature() string {
	types := make([]string, len(f.Params))
	for i, p := range f.Params {
		types[i] = p.Type
	}
	return f.Name + "(" + strings.Join(types, ",") + ")"
}

func (f *Function) String() string {
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		if params[i] = p.Type; p.Name != "" {
			params[i] += " " + p.Name
		}
	}
	return f.Name + "(" + strings.Join(params, ", ") + ")"
}

// Selector is the first four bytes of the signature's hash.
func (f *Function) Selector() [4]byte { return [4]byte(crypto.Keccak256([]byte(f.Signature()))[:4]) }
