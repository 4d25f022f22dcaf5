package inspect

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// The members of an operation, by the kind of value.
var (
	opQuantities = []string{"nonce", "callGasLimit", "verificationGasLimit", "preVerificationGas", "maxFeePerGas", "maxPriorityFeePerGas", "paymasterVerificationGasLimit", "paymasterPostOpGasLimit"}
	opBytes      = []string{"initCode", "factoryData", "callData", "paymasterAndData", "paymasterData", "paymasterSignature", "signature", "accountGasLimits", "gasFees"}
	opOther      = []string{"sender", "factory", "paymaster", "eip7702Auth"}
)

// mendOperation writes an operation as bundlers take it and says what had to be mended:
// every fault at once, where a strict parser would stop at the first.
func mendOperation(r *Reading, members map[string]json.RawMessage) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		raw := members[name]
		switch {
		case slices.Contains(opQuantities, name):
			out[name] = mendQuantity(r, name, raw)
		case slices.Contains(opBytes, name):
			out[name] = mendBytes(r, name, raw)
		case slices.Contains(opOther, name):
			out[name] = raw
		default:
			r.warn("unknown-member", "bundlers do not know the member "+shown(name), "a library's own field", "leave it out")
		}
		if string(out[name]) == "null" {
			delete(out, name)
		}
	}
	if _, ok := out["signature"]; !ok {
		out["signature"] = json.RawMessage(`"0x"`)
	}
	if _, ok := out["nonce"]; !ok {
		r.wrong("no-nonce", "there is no nonce", "not filled in yet", "ask EntryPoint.getNonce(sender, key)")
		out["nonce"] = json.RawMessage(`"0x0"`)
	}
	if _, ok := out["callData"]; !ok {
		r.wrong("no-call-data", "there is no callData", "it may be empty, but not missing", `set it to "0x"`)
		out["callData"] = json.RawMessage(`"0x"`)
	}
	// A factory of null or "0x" is how some libraries say that there is none.
	for _, name := range []string{"factory", "paymaster"} {
		if string(out[name]) == `"0x"` {
			r.warn("empty-address", name+` is "0x"`, "a library that fills in every member", "leave it out")
			delete(out, name)
		}
	}
	return out
}

func mendQuantity(r *Reading, name string, raw json.RawMessage) json.RawMessage {
	text := strings.Trim(string(raw), `"`)
	if len(text) > 80 || text == "null" {
		return raw
	}
	n, quoted := new(big.Int), raw[0] == '"'
	var ok bool
	switch {
	case strings.HasPrefix(text, "0x"):
		if n, ok = n.SetString(text[2:], 16); !ok && text == "0x" {
			n, ok = new(big.Int), true
		}
	default:
		n, ok = n.SetString(text, 10)
	}
	if !ok || n.Sign() < 0 {
		return raw
	}
	good := fmt.Sprintf("0x%x", n)
	if !quoted || text != good && strings.ToLower(text) != good {
		r.wrong("quantity", fmt.Sprintf("%s is written as %s; bundlers take %q", name, shown(string(raw)), good),
			"a number printed as decimal, or with leading zeros", "JSON-RPC quantities are 0x and hex digits without leading zeros")
	}
	return json.RawMessage(`"` + good + `"`)
}

func mendBytes(r *Reading, name string, raw json.RawMessage) json.RawMessage {
	text := strings.Trim(string(raw), `"`)
	if text == "" {
		r.wrong("bytes", name+" is the empty text", "", `empty bytes are written "0x"`)
		return json.RawMessage(`"0x"`)
	}
	if text != "null" && !hasHexPrefix(text) && len(text)%2 == 0 && strings.Trim(text, "0123456789abcdefABCDEF") == "" {
		r.wrong("bytes", name+" lacks 0x in front", "", "")
		return json.RawMessage(`"0x` + text + `"`)
	}
	return raw
}
