// Conditions in words.

package grant

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// ruleWords says what must hold. f may be nil; amount, which may be nil too,
// writes a number in a unit, or "" if it has none.
func ruleWords(f *Function, r Rule, amount func(Param, *big.Int) string) string {
	p, known := f.param(r.Offset)
	name := fmt.Sprintf("the word at byte %d of the arguments", r.Offset)
	if known {
		name = label(f, p)
	}
	switch {
	case r.Condition == SliceEqual:
		if len(r.Params) != 3 {
			return name + " is compared in a way that cannot hold"
		}
		start, length := new(big.Int).SetBytes(r.Params[0][:]), new(big.Int).SetBytes(r.Params[1][:])
		what := fmt.Sprintf("have the keccak256 hash 0x%x", r.Params[2])
		if r.Slice != nil && crypto.Keccak256Hash(r.Slice) == r.Params[2] {
			what = fmt.Sprintf("are 0x%x", r.Slice)
			if p.Type == "string" {
				what = "are " + strconv.QuoteToASCII(string(r.Slice))
			}
		}
		return fmt.Sprintf("the %s bytes of %s from byte %s on %s", length, name, start, what)
	case r.Condition == OneOf:
		values := make([]string, len(r.Params))
		for i, w := range r.Params {
			values[i] = valueWords(p, w, amount)
		}
		return fmt.Sprintf("%s is one of [%s]", name, strings.Join(values, ", "))
	case len(r.Params) != 1:
		return name + " is compared in a way that cannot hold"
	}
	return fmt.Sprintf("%s %s %s", name, r.Condition, valueWords(p, r.Params[0], amount))
}

// valueWords writes a word as its type would have it; a type that the word does
// not belong to shows the bare word.
func valueWords(p Param, w [32]byte, amount func(Param, *big.Int) string) string {
	n := new(big.Int).SetBytes(w[:])
	bare := fmt.Sprintf("0x%x", w)
	switch {
	case p.Type == "address" && [12]byte(w[:12]) == [12]byte{}:
		return common.Address(w[12:]).Hex()
	case p.Type == "bool" && n.IsUint64() && n.Uint64() <= 1:
		return map[uint64]string{0: "false", 1: "true"}[n.Uint64()]
	case strings.HasPrefix(p.Type, "bytes"):
		size, ok := smallNumber(p.Type[len("bytes"):], 32)
		if ok && common.BytesToHash(common.RightPadBytes(w[:size], 32)) == common.Hash(w) {
			return fmt.Sprintf("0x%x", w[:size])
		}
	case strings.HasPrefix(p.Type, "uint"):
		if amount != nil {
			if s := amount(p, n); s != "" {
				return s
			}
		}
		return n.String()
	case strings.HasPrefix(p.Type, "int"):
		if n.Bit(255) == 1 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 256))
		}
		return n.String()
	}
	return bare
}
