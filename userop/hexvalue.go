// Hex values of Ethereum's JSON-RPC: quantities and data.

package userop

import (
	"encoding/hex"
	"errors"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

var (
	errNo0x      = errors.New("no 0x in front")
	errNoDigits  = errors.New("no digits")
	errLeading0  = errors.New("leading zeros")
	errNotHex    = errors.New("not hex")
	errTooLong   = errors.New("more than 256 bits")
	errNot20Byte = errors.New("not 20 bytes")
)

// quantity writes a number as a JSON-RPC quantity.
type quantity big.Int

func (q *quantity) MarshalText() ([]byte, error) {
	return []byte("0x" + (*big.Int)(q).Text(16)), nil
}

// hexBytes writes bytes as JSON-RPC data.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) {
	return []byte("0x" + hex.EncodeToString(b)), nil
}

// parseQuantity reads 0x and 1 to 64 hex digits without leading zeros.
func parseQuantity(s string) (*big.Int, error) {
	if !strings.HasPrefix(s, "0x") {
		return nil, errNo0x
	}
	s = s[2:]
	switch {
	case s == "":
		return nil, errNoDigits
	case len(s) > 1 && s[0] == '0':
		return nil, errLeading0
	case len(s) > 64:
		return nil, errTooLong
	}
	for i := range len(s) {
		if !isHex(s[i]) {
			return nil, errNotHex
		}
	}
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		return nil, errNotHex
	}
	return n, nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// parseHexBytes reads 0x and an even number of hex digits.
func parseHexBytes(s string) ([]byte, error) {
	if !strings.HasPrefix(s, "0x") {
		return nil, errNo0x
	}
	b, err := hex.DecodeString(s[2:])
	if err != nil {
		return nil, errNotHex
	}
	return b, nil
}

func parseAddress(s string) (common.Address, error) {
	b, err := parseHexBytes(s)
	if err != nil {
		return common.Address{}, err
	}
	if len(b) != 20 {
		return common.Address{}, errNot20Byte
	}
	return common.BytesToAddress(b), nil
}
