// Revert data of EntryPoints and accounts, decoded to what it means.

package userop

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"
)

const (
	maxRevertDepth  = 6    // errors inside errors
	maxRevertReason = 1024 // bytes of text kept
)

// Revert is decoded revert data. It is an error whose text says what happened
// and, when that is known, the way out.
type Revert struct {
	// Name is the Solidity error: "FailedOp", "FailedOpWithRevert",
	// "SignatureValidationFailed", "PostOpReverted", "SenderAddressResult",
	// "DelegateAndRevert", "Error", "Panic" or another known one; "" if unknown.
	Name string
	// OpIndex is the place in the bundle, -1 when the error does not say.
	OpIndex int
	// Code is "AA24"; "" when the EntryPoint gave none.
	Code string
	// Reason is the contract's text, or the arguments in words; printable.
	Reason string
	// Cause and Hint are ours: why it happens, and the way out.
	Cause, Hint string
	// Address is the aggregator or the sender that the error names, if it does.
	Address common.Address
	// Success is DelegateAndRevert's: the call inside succeeded, and Data is what
	// it returned.
	Success bool
	// Inner is the error inside this one: the account's or the paymaster's own.
	Inner *Revert
	// Data is the undecoded input.
	Data []byte
}

// DecodeRevert never fails: what it does not know, it shows in hex.
func DecodeRevert(data []byte) *Revert { return decodeRevert(data, 0) }

var aaCode = regexp.MustCompile(`\bAA[0-9]{2}\b`)

// DecodeReason reads text that a bundler passes on without revert data, such as
// "UserOperation reverted during simulation with reason: AA25 invalid account
// nonce".
func DecodeReason(text string) *Revert {
	r := &Revert{OpIndex: -1, Reason: printable(text)}
	r.explain()
	return r
}

// Error is one sentence, and the hint after it.
func (r *Revert) Error() string {
	var b strings.Builder
	switch {
	case r.Reason != "" && (r.Name == "" || r.Code != "" || r.Name == "Error"):
		b.WriteString(r.Reason)
	case r.Name != "":
		b.WriteString(r.Name)
		if r.Reason != "" {
			b.WriteString("(" + r.Reason + ")")
		}
	case len(r.Data) == 0:
		b.WriteString("reverted without data")
	default:
		b.WriteString("reverted with " + shortHex(r.Data))
	}
	if r.Inner != nil {
		b.WriteString(": " + r.Inner.brief())
	}
	if r.Cause != "" {
		b.WriteString(": " + r.Cause)
	}
	if r.Hint != "" {
		b.WriteString("; " + r.Hint)
	}
	return b.String()
}

// brief is the error without cause and hint.
func (r *Revert) brief() string {
	c := *r
	c.Cause, c.Hint = "", ""
	return c.Error()
}

// Root is the innermost error.
func (r *Revert) Root() *Revert {
	for r.Inner != nil {
		r = r.Inner
	}
	return r
}

func decodeRevert(data []byte, depth int) *Revert {
	r := &Revert{OpIndex: -1, Data: bytes.Clone(data)}
	if len(data) >= 4 {
		if k, ok := knownErrors()[[4]byte(data[:4])]; ok {
			r.Name = k.name
			if !k.decode(r, data[4:], depth) {
				// the selector fits and the rest does not: believe neither
				*r = Revert{OpIndex: -1, Data: r.Data}
			}
		}
	} else if len(data) == 0 {
		r.Cause = "the contract did not say why, ran out of gas, or has no code"
		r.Hint = "EntryPoints 0.6 and 0.7 say nothing when the sender is not deployed and the operation carries no factory"
	}
	r.explain()
	return r
}

// explain fills code, cause and hint from the reason's text.
func (r *Revert) explain() {
	if r.Code = aaCode.FindString(r.Reason); r.Code == "" {
		return
	}
	if c, ok := LookupCode(r.Code); ok {
		r.Cause, r.Hint = c.Cause, c.Hint
	}
}

// panics are Solidity's, from its documentation.
var panics = map[uint64]string{
	0x00: "generic compiler panic", 0x01: "assertion failed", 0x11: "arithmetic overflow or underflow",
	0x12: "division by zero", 0x21: "value is not of the enum", 0x22: "storage byte array badly encoded",
	0x31: "pop of an empty array", 0x32: "array index out of bounds", 0x41: "too much memory", 0x51: "call of an uninitialised function",
}

func decodePanic(r *Revert, n *big.Int) {
	text := "unknown"
	if n.IsUint64() {
		if t, ok := panics[n.Uint64()]; ok {
			text = t
		}
	}
	r.Reason = fmt.Sprintf("0x%x: %s", n, text)
}

// printable keeps text harmless for a terminal and short.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxRevertReason {
		s = s[:maxRevertReason]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '\uFFFD'
	}, s)
}

func shortHex(b []byte) string {
	if len(b) > 36 {
		return "0x" + hex.EncodeToString(b[:36]) + fmt.Sprintf("… (%d bytes)", len(b))
	}
	return "0x" + hex.EncodeToString(b)
}
