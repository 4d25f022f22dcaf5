// The hash of EntryPoints 0.6 and 0.7, and what all versions share.

package userop

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

func hashByEncoding(ep EntryPoint, op *Op, chainID *big.Int) (common.Hash, error) {
	if err := checkChainID(chainID); err != nil {
		return common.Hash{}, err
	}
	f, err := ep.fields(op)
	if err != nil {
		return common.Hash{}, err
	}
	inner := crypto.Keccak256(appendHashed(nil, f[:len(f)-1]))
	out := appendAddress(inner, ep.Address())
	out = append(out, common.BigToHash(chainID).Bytes()...)
	return crypto.Keccak256Hash(out), nil
}

// appendHashed writes words as they are and byte strings as their keccak256.
func appendHashed(out []byte, fields []field) []byte {
	for _, f := range fields {
		if f.dynamic {
			out = append(out, crypto.Keccak256(f.data)...)
		} else {
			out = append(out, f.word[:]...)
		}
	}
	return out
}

func checkChainID(id *big.Int) error {
	if id == nil || id.Sign() <= 0 {
		return fieldErrf("chainId", ErrRange, "a positive number is needed")
	}
	return checkNumber("chainId", id, 256)
}
