package account

import (
	"errors"
	"math/big"
)

var errShortAnswer = errors.New("account: the node's answer is not a single word")

// decodeWord reads a uint256 that is the whole answer.
func decodeWord(b []byte) (*big.Int, error) {
	if len(b) != 32 {
		return nil, errShortAnswer
	}
	return bigOf(b), nil
}

func bigOf(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
