package account

import (
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// The few EntryPoint functions that every version has, encoded by hand: two
// static arguments need no ABI machinery.
var (
	selGetNonce  = [4]byte{0x35, 0x56, 0x7e, 0x1a} // getNonce(address,uint192)
	selBalanceOf = [4]byte{0x70, 0xa0, 0x82, 0x31} // balanceOf(address)
)

var errShortAnswer = errors.New("account: the node's answer is not a single word")

func encodeGetNonce(sender common.Address, key *big.Int) []byte {
	return words(selGetNonce, sender.Bytes(), key.Bytes())
}

func encodeBalanceOf(a common.Address) []byte { return words(selBalanceOf, a.Bytes()) }

// words encodes a selector and left-padded 32-byte words.
func words(sel [4]byte, args ...[]byte) []byte {
	out := make([]byte, 4, 4+32*len(args))
	copy(out, sel[:])
	for _, a := range args {
		out = append(out, common.LeftPadBytes(a, 32)...)
	}
	return out
}

// decodeWord reads a uint256 that is the whole answer.
func decodeWord(b []byte) (*big.Int, error) {
	if len(b) != 32 {
		return nil, errShortAnswer
	}
	return bigOf(b), nil
}

func bigOf(b []byte) *big.Int { return new(big.Int).SetBytes(b) }
