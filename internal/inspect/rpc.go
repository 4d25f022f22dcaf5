package inspect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// rpcCodes are the error codes of ERC-7769 and JSON-RPC.
var rpcCodes = map[int][3]string{
	-32500: {"refused by the account's validation or the EntryPoint", "", "see the AAxx code in the message"},
	-32501: {"refused by the paymaster", "", "ask the paymaster for new data, or pay from the account"},
	-32502: {"validation broke a rule of ERC-7562 (opcode or storage)", "the account's or paymaster's code reads what validation must not read, for instance a codeless address", "use another bundler for development, or fix the contract"},
	-32503: {"outside of its time range", "validAfter or validUntil", "approve again"},
	-32504: {"paymaster throttled or banned", "its earlier operations failed", "use another paymaster"},
	-32505: {"stake or unstake delay too low", "factory, paymaster or account has to be staked for what it does", ""},
	-32506: {"the signature aggregator is not supported", "", ""},
	-32507: {"the account's signature was refused", "the wrong hash was signed, or the wrong key signed", "inspect the whole operation with --chain-id"},
	-32521: {"the account's calls revert", "the call itself fails, not the signature", "look at the revert data; simulate the call by eth_call from the account"},
	-32600: {"invalid request", "", ""},
	-32601: {"the method does not exist", "a node that is no bundler, or a bundler behind another URL", "set --bundler to a bundler's URL"},
	-32602: {"invalid parameters", "a field is missing or written in another form", "inspect the operation that was sent"},
	-32603: {"internal error of the node", "", ""},
	-32700: {"the request was no JSON", "", ""},
}

// rpc explains a JSON-RPC request or reply.
func (in *inspector) rpc(members map[string]json.RawMessage) (Reading, bool) {
	if raw, ok := members["error"]; ok && string(raw) != "null" {
		return in.rpcError(raw)
	}
	if members["code"] != nil && members["message"] != nil {
		raw, err := json.Marshal(members)
		if err != nil {
			return Reading{}, false
		}
		return in.rpcError(raw)
	}
	if raw, ok := members["params"]; ok {
		var method string
		var list []json.RawMessage
		if json.Unmarshal(members["method"], &method) != nil || json.Unmarshal(raw, &list) != nil {
			return Reading{}, false
		}
		r, ok := in.params(list)
		if !ok {
			return Reading{}, false
		}
		r.Title = "JSON-RPC " + shown(method) + ": " + r.Title
		return r, true
	}
	if raw, ok := members["result"]; ok {
		return in.inside(raw, "JSON-RPC reply", "result")
	}
	return Reading{}, false
}

func (in *inspector) rpcError(raw json.RawMessage) (Reading, bool) {
	var e struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Message == "" && e.Code == 0 {
		return Reading{}, false
	}
	r := Reading{Kind: "rpc-error", Title: "JSON-RPC error of a bundler or node", Likelihood: Certain}
	r.fact("code", fmt.Sprint(e.Code))
	r.fact("message", show([]byte(e.Message)))
	in.explainText(&r, e.Message)
	in.errorData(&r, e.Data)
	known, ok := rpcCodes[e.Code]
	switch {
	case ok && !r.ok():
		r.note("rpc", fmt.Sprintf("code %d: %s", e.Code, known[0])) // the cause is named already
	case ok:
		r.wrong("rpc", fmt.Sprintf("%d: %s", e.Code, known[0]), known[1], known[2])
	case r.ok():
		r.wrong("rpc", fmt.Sprintf("%d: %s", e.Code, shown(e.Message)), "", "")
	}
	return r, true
}

// errorData explains the data of an error: hex, or an object that holds it somewhere.
func (in *inspector) errorData(r *Reading, raw json.RawMessage) {
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	part := Reading{Kind: "error-data", Title: "data of the error", Likelihood: Certain}
	in.explainText(&part, string(raw))
	r.Parts = append(r.Parts, part.Parts...)
	for _, f := range part.Findings {
		if !hasFinding(r, f.Code) {
			r.Findings = append(r.Findings, f)
		}
	}
	if len(part.Parts) == 0 && len(part.Findings) == 0 {
		r.fact("data", show(raw))
	}
}

func hasFinding(r *Reading, code string) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// operationReply explains the result of eth_getUserOperationByHash.
func (in *inspector) operationReply(members map[string]json.RawMessage) (Reading, bool) {
	var op map[string]json.RawMessage
	if json.Unmarshal(members["userOperation"], &op) != nil || op["sender"] == nil {
		return Reading{}, false
	}
	var text string
	var ep userop.EntryPoint
	if json.Unmarshal(members["entryPoint"], &text) == nil && common.IsHexAddress(text) {
		ep, _ = userop.EntryPointByAddress(common.HexToAddress(text))
	}
	r := in.operationJSON(op, ep)
	for _, name := range []string{"transactionHash", "blockNumber"} {
		if raw, ok := members[name]; ok && string(raw) != "null" {
			r.fact(name, shown(strings.Trim(string(raw), `"`)))
		}
	}
	return r, true
}

// receipt explains the result of eth_getUserOperationReceipt.
func (in *inspector) receipt(members map[string]json.RawMessage) Reading {
	r := Reading{Kind: "receipt", Title: "receipt of a user operation", Likelihood: Certain}
	for _, name := range []string{"userOpHash", "sender", "nonce", "paymaster", "actualGasUsed", "actualGasCost", "success", "reason"} {
		if raw, ok := members[name]; ok && string(raw) != "null" {
			r.fact(name, shown(strings.Trim(string(raw), `"`)))
		}
	}
	if string(members["success"]) == "false" {
		r.wrong("call-failed", "the operation was included, and its calls reverted; the fee was paid", "the call itself failed: validation and signature were good", "look at the reason, and simulate the calls by eth_call from the account")
		in.explainText(&r, string(members["reason"]))
	}
	return r
}
