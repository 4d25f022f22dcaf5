// Amounts in units.

package grant

import (
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// Token is a currency in which amounts are written.
type Token struct {
	Symbol   string
	Address  common.Address // of the ERC-20 contract
	Decimals uint8
}

// Tokens are known by their symbols, which are unique.
type Tokens []Token

// maxDecimals is far above any token's; 10^77 is the largest power in 256 bits.
const maxDecimals = 77

// sound says whether the symbol is a name, that nothing else has in words, and the
// decimals are such as a number can have: both come from whoever made the file or
// the contract.
func (t Token) sound() bool {
	_, coin := coins[t.Symbol]
	strange := func(r rune) bool { return r >= 0x80 || !wordByte(byte(r)) }
	return isName(t.Symbol) && !strings.ContainsFunc(t.Symbol, strange) && len(t.Symbol) <= 20 && !coin && t.Symbol != "and" && t.Symbol != "or" && t.Symbol != "any" && t.Decimals <= maxDecimals
}

func (t Tokens) symbol(s string) (Token, bool) {
	for _, k := range t {
		if k.Symbol == s {
			return k, true
		}
	}
	return Token{}, false
}

func (t Tokens) at(a common.Address) (Token, bool) {
	for _, k := range t {
		if k.Address == a {
			return k, true
		}
	}
	return Token{}, false
}

// FormatUnits writes an amount with a decimal point, without trailing zeros.
func FormatUnits(amount *big.Int, decimals uint8) string {
	if amount == nil {
		return "0"
	}
	s := new(big.Int).Abs(amount).String()
	if d := int(decimals); d > 0 {
		if len(s) <= d {
			s = strings.Repeat("0", d-len(s)+1) + s
		}
		whole, frac := s[:len(s)-d], strings.TrimRight(s[len(s)-d:], "0")
		if s = whole; frac != "" {
			s += "." + frac
		}
	}
	if amount.Sign() < 0 {
		s = "-" + s
	}
	return s
}
