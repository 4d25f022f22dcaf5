// Refusals: JSON-RPC errors, the codes of ERC-7769, and the revert inside.

package bundler

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/postern-dev/postern/userop"
)

// JSON-RPC error codes of bundlers (ERC-7769) and of JSON-RPC itself.
const (
	CodeRejected         = -32500 // by the EntryPoint or the account: see the AA code
	CodePaymaster        = -32501 // by the paymaster
	CodeOpcode           = -32502 // validation breaks the rules of ERC-7562
	CodeTimeRange        = -32503 // expired, not due yet, or expires too soon
	CodeThrottled        = -32504 // paymaster, factory or account throttled or banned
	CodeStake            = -32505 // stake or unstake delay too low
	CodeAggregator       = -32506 // signature aggregator not supported
	CodeSignature        = -32507 // account's or paymaster's signature wrong
	CodePaymasterDeposit = -32508 // paymaster's deposit too low
	CodeReverted         = -32521 // the account's calls revert
	CodeInvalidParams    = -32602 // a field is wrong, or fees or gas too low
	CodeMethodNotFound   = -32601
	CodeInternal         = -32603

	codeLimit        = -32005 // rate limit (EIP-1474)
	codeNotSupported = -32004 // method not supported (EIP-1474)
)

// RPCError says that the other side understood and refused. When it carried
// revert data, errors.As finds the [userop.Revert] in it.
type RPCError struct {
	Endpoint string // without keys
	Method   string
	Code     int
	Message  string          // printable, without keys
	Data     json.RawMessage // as it came; nil without
	// Revert is decoded from Data or, without revert data, from Message when
	// there is an AA code in it; nil otherwise.
	Revert *userop.Revert
}

func (e *RPCError) Error() string {
	s := fmt.Sprintf("%s: %s", e.Method, e.Message)
	if e.Message == "" {
		s = fmt.Sprintf("%s: refused with code %d", e.Method, e.Code)
	}
	if r := e.Revert; r != nil {
		for ; r != nil; r = r.Inner {
			if text := r.Reason; text != "" && !strings.Contains(s, text) {
				s += ": " + text
			}
		}
	}
	return s
}

// Unwrap returns the revert if the other side said what was reverted with.
func (e *RPCError) Unwrap() error {
	if e.Revert == nil || e.Revert.Data == nil {
		return nil
	}
	return e.Revert
}

// AACode is the EntryPoint's error code, "AA24"; "" without one.
func (e *RPCError) AACode() string {
	if e.Revert == nil {
		return ""
	}
	return e.Revert.Code
}

// Hint is the way out.
func (e *RPCError) Hint() string {
	if e.Revert != nil && e.Revert.Code != "" {
		return e.Revert.Hint
	}
	if h, ok := codeHints[e.Code]; ok {
		return h
	}
	if e.Revert != nil && e.Revert.Hint != "" {
		return e.Revert.Hint
	}
	return "the server refused for the reason it states"
}

// Unavailable reports that the refusal is about the server, not the operation.
func (e *RPCError) Unavailable() bool {
	return e.Revert == nil && (e.Code == CodeInternal || e.Code == codeLimit)
}

var codeHints = map[int]string{
	CodeRejected:         "the EntryPoint or the account refuses the operation: check nonce, funds, signature and deployment",
	CodePaymaster:        "the paymaster refuses: ask it for new data, use another one, or pay from the account",
	CodeOpcode:           "validation uses storage or opcodes that bundlers forbid (ERC-7562): use another account implementation, or a bundler without that rule",
	CodeTimeRange:        "approve the operation again with a time range that still lasts",
	CodeThrottled:        "an entity of the operation is throttled or banned by this bundler: wait, or use another bundler or paymaster",
	CodeStake:            "an entity of the operation needs a higher stake or a longer unstake delay",
	CodeAggregator:       "use an account without signature aggregator",
	CodeSignature:        "check what was signed: the hash for this EntryPoint and chain, after the last change of any field",
	CodePaymasterDeposit: "the paymaster's deposit is too low: use another one or pay from the account",
	CodeReverted:         "the calls themselves fail: check target, amount and data",
	CodeInvalidParams:    "a field of the operation, its fee or its gas is not acceptable for this server: see the message",
	CodeMethodNotFound:   "this server does not offer the method: is it the right URL?",
	CodeInternal:         "the server failed: try again, or use another one",
}

// wireError is the error object of a reply.
type wireError struct {
	Code    int
	Message string
	Data    json.RawMessage
}

func (e *endpoint) rpcError(method string, w *wireError) *RPCError {
	out := &RPCError{
		Endpoint: e.shown, Method: method, Code: w.Code, Data: w.Data,
		Message: printable(e.scrub(w.Message), 1000),
	}
	if data, ok := revertData(w.Data, 0); ok {
		out.Revert = userop.DecodeRevert(data)
	} else if r := userop.DecodeReason(out.Message); r.Code != "" {
		out.Revert = r
	}
	return out
}

// revertData looks for the bytes of a revert where bundlers and nodes put them:
// error.data as hex, or a member of an object there.
func revertData(raw json.RawMessage, depth int) ([]byte, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || depth > 3 {
		return nil, false
	}
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil, false
		}
		s = strings.TrimPrefix(s, "Reverted ") // Parity's way
		if !strings.HasPrefix(s, "0x") {
			return nil, false
		}
		b, err := hex.DecodeString(s[2:])
		return b, err == nil
	case '{':
		m, err := members(raw)
		if err != nil {
			return nil, false
		}
		for _, name := range [...]string{"revertData", "data", "reason", "originalError"} {
			if b, ok := revertData(m[name], depth+1); ok {
				return b, true
			}
		}
	}
	return nil, false
}
