// Hex numbers in replies.

package bundler

import (
	"errors"
	"math/big"
)

var errNumber = errors.New("not a hex number of at most 256 bits")

// number is a quantity. Leading zeros, which some servers write, are accepted.
type number big.Int

func (n *number) UnmarshalJSON(b []byte) error {
	if len(b) < 5 || len(b) > 68 || b[0] != '"' || string(b[1:3]) != "0x" || b[len(b)-1] != '"' {
		return errNumber
	}
	digits := b[3 : len(b)-1]
	for _, c := range digits {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return errNumber
		}
	}
	if _, ok := (*big.Int)(n).SetString(string(digits), 16); !ok {
		return errNumber
	}
	return nil
}

// big returns a copy that never is nil.
func (n *number) big() *big.Int {
	if n == nil {
		return new(big.Int)
	}
	return new(big.Int).Set((*big.Int)(n))
}

// orNil returns nil for an absent number.
func (n *number) orNil() *big.Int {
	if n == nil {
		return nil
	}
	return n.big()
}
