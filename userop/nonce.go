// Nonces: a 192-bit key chosen by the account, a 64-bit sequence that the
// EntryPoint counts per sender and key.

package userop

import (
	"encoding/binary"
	"math/big"
)

// MakeNonce is key<<64 | sequence. A nil key is key 0.
func MakeNonce(key *big.Int, sequence uint64) (*big.Int, error) {
	if key == nil {
		key = new(big.Int)
	}
	if err := checkNumber("nonce key", key, 192); err != nil {
		return nil, err
	}
	n := new(big.Int).Lsh(key, 64)
	return n.Or(n, new(big.Int).SetUint64(sequence)), nil
}

// SplitNonce is the inverse of [MakeNonce].
func SplitNonce(nonce *big.Int) (key *big.Int, sequence uint64, err error) {
	if err := checkNumber("nonce", nonce, 256); err != nil {
		return nil, 0, err
	}
	var w [32]byte
	nonce.FillBytes(w[:])
	return new(big.Int).SetBytes(w[:24]), binary.BigEndian.Uint64(w[24:]), nil
}
