// Values in expressions, and amounts with units.

package grant

import (
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

func decimal(n int) string { return strconv.Itoa(n) }

// value reads a value of a parameter's type as the word that stands for it.
func (r *ruleReader) value(p Param) (w [32]byte, err error) {
	text := r.next()
	switch {
	case p.Type == "address":
		a, why := r.addressOf(text)
		if why != "" {
			return w, r.back().fail("write 0x and 40 hexadecimal digits, or the symbol of a token in the table", "%q is no address: %s", text, why)
		}
		copy(w[12:], a[:])
	case p.Type == "bool":
		if text != "true" && text != "false" {
			return w, r.back().fail("write true or false", "%q is no bool", text)
		}
		if text == "true" {
			w[31] = 1
		}
	case strings.HasPrefix(p.Type, "bytes"):
		b, ok := hexBytes(text)
		n, _ := smallNumber(p.Type[len("bytes"):], 32)
		if !ok || uint64(len(b)) != n {
			return w, r.back().fail("write 0x and "+strconv.FormatUint(2*n, 10)+" hexadecimal digits", "%q is no %s", text, p.Type)
		}
		copy(w[:], b) // left-aligned, as the ABI has it
	default:
		n, err := r.amount(text)
		if err != nil {
			return w, err
		}
		bits, _ := smallNumber(p.Type[strings.Index(p.Type, "int")+3:], 256)
		if !strings.HasPrefix(p.Type, "u") {
			bits-- // of the number itself
		}
		if n.BitLen() > int(bits) {
			return w, r.back().fail("write a smaller number", "%s does not fit into %s", n, p.Type)
		}
		n.FillBytes(w[:])
	}
	return w, nil
}

func (r *ruleReader) addressOf(text string) (common.Address, string) {
	if t, ok := r.tokens.symbol(text); ok {
		return t.Address, ""
	}
	return parseAddress(text)
}

// amount reads a number, and a unit behind it.
func (r *ruleReader) amount(text string) (*big.Int, error) {
	at := r.at - 1
	unit := ""
	if u := r.peek(); isName(u) && u != "and" && u != "or" {
		unit = r.next()
	}
	if t, ok := r.tokens.symbol(unit); ok && r.target != t.Address {
		other, known := r.tokens.at(r.target)
		r.scanner.at--
		if r.target == (common.Address{}) {
			return nil, r.fail("name one token as the target: others count in other units", "an amount in %s, but the call may go to any contract", unit)
		}
		if known {
			return nil, r.fail("write the amount in "+other.Symbol, "an amount in %s, but the call goes to %s", unit, other.Symbol)
		}
		r.scanner.at++ // a contract that is no token, such as an exchange, takes amounts of tokens
	}
	n, e := parseAmount(text, unit, r.tokens)
	if e != nil {
		e.Column, e.Field = r.columnOf(at), "expression"
		return nil, e
	}
	return n, nil
}

func (r *ruleReader) columnOf(at int) int {
	return r.scanner.tokens[min(at, len(r.scanner.tokens)-1)].column
}

// coins are the units of the chain's own coin.
var coins = map[string]uint8{"wei": 0, "gwei": 9, "ETH": 18}

// ParseAmount reads "0.1 ETH", "5 USDC", "20 gwei", "100": a number without unit
// is in the smallest one.
func ParseAmount(text string, tokens Tokens) (*big.Int, error) {
	number, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := parseAmount(number, strings.TrimSpace(unit), tokens)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func parseAmount(number, unit string, tokens Tokens) (*big.Int, *Error) {
	decimals, known := uint8(0), unit == ""
	if d, ok := coins[unit]; ok {
		decimals, known = d, true
	} else if t, ok := tokens.symbol(unit); ok {
		decimals, known = t.Decimals, true
	}
	if !known {
		return nil, fail("amount", "put it into the table of tokens with its address and decimals; the chain's coin is ETH, gwei or wei", "there is no token %q", unit)
	}
	const way = "write digits, at most one point, and _ between digits"
	if len(number) > 120 {
		return nil, fail("amount", way, "a number of %d characters", len(number))
	}
	if digits, ok := strings.CutPrefix(number, "0x"); ok && unit == "" {
		n, ok := new(big.Int).SetString(digits, 16)
		if !ok || digits[0] == '-' || digits[0] == '+' || strings.Contains(digits, "_") || n.BitLen() > 256 {
			return nil, fail("amount", "write 0x and at most 64 hexadecimal digits", "%q is no number of 256 bits", number)
		}
		return n, nil
	}
	if !groupedDigits(number) {
		return nil, fail("amount", way, "%q is no amount", number)
	}
	whole, frac, _ := strings.Cut(strings.ReplaceAll(number, "_", ""), ".")
	if len(frac) > int(decimals) {
		way := "write a unit behind it, such as ETH or a token's symbol"
		if unit != "" {
			way = "write at most " + decimal(int(decimals)) + " digits behind the point"
		}
		return nil, fail("amount", way, "%q is finer than the smallest unit", strings.TrimSpace(number+" "+unit))
	}
	n, ok := new(big.Int).SetString(whole+frac+strings.Repeat("0", int(decimals)-len(frac)), 10)
	if !ok || n.BitLen() > 256 {
		return nil, fail("amount", "write a smaller amount", "%q does not fit into 256 bits", strings.TrimSpace(number+" "+unit))
	}
	return n, nil
}

// groupedDigits says whether s is digits with at most one point, with digits on
// both sides of the point and of every _.
func groupedDigits(s string) bool {
	points := 0
	before := false // a digit stands before
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			before = true
		case (c == '_' || c == '.') && before:
			before = false
			if c == '.' {
				points++
			}
		default:
			return false
		}
	}
	return before && points <= 1
}

// parseAddress takes an address in one case, or in the mixed case of its checksum.
func parseAddress(s string) (a common.Address, why string) {
	b, ok := hexBytes(s)
	if !ok || len(b) != 20 {
		return a, "not 0x and 40 hexadecimal digits"
	}
	a = common.BytesToAddress(b)
	if digits := s[2:]; digits != strings.ToLower(digits) && digits != strings.ToUpper(digits) && a.Hex() != s {
		return a, "its checksum (upper and lower case) is wrong: a digit may be mistyped"
	}
	return a, ""
}

func hexBytes(s string) ([]byte, bool) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		return nil, false
	}
	b, err := hex.DecodeString(digits)
	return b, err == nil
}
