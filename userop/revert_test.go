package userop_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/userop"
)

// word and tail build revert data by hand, apart from the code under test.
func word(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), n) }

func tail(b []byte) []byte {
	out := append(word(uint64(len(b))), b...)
	return append(out, make([]byte, (32-len(b)%32)%32)...)
}

func revertData(signature string, parts ...[]byte) []byte {
	return append(crypto.Keccak256([]byte(signature))[:4], bytes.Join(parts, nil)...)
}

func failedOp(i uint64, reason string) []byte {
	return revertData("FailedOp(uint256,string)", word(i), word(64), tail([]byte(reason)))
}

func failedOpWithRevert(reason string, inner []byte) []byte {
	r := tail([]byte(reason))
	return revertData("FailedOpWithRevert(uint256,string,bytes)", word(0), word(96), word(uint64(96+len(r))), r, tail(inner))
}

func solidityError(s string) []byte { return revertData("Error(string)", word(32), tail([]byte(s))) }

func TestDecodeRevert(t *testing.T) {
	for name, c := range map[string]struct {
		data                []byte
		name, code, reason  string
		opIndex             int
		innerName, innerWhy string
		text                string // part of the sentence
	}{
		"FailedOp": {data: failedOp(3, "AA24 signature error"), name: "FailedOp", code: "AA24", reason: "AA24 signature error", opIndex: 3,
			text: "user verification"},
		"0.6 wraps the account's reason": {data: failedOp(0, "AA23 reverted: wrong owner"), name: "FailedOp", code: "AA23",
			reason: "AA23 reverted: wrong owner", text: "verificationGasLimit"},
		"inner error": {data: failedOpWithRevert("AA23 reverted", solidityError("no such key")), name: "FailedOpWithRevert", code: "AA23",
			reason: "AA23 reverted", innerName: "Error", innerWhy: "no such key", text: "no such key"},
		"inner custom error": {data: failedOpWithRevert("AA33 reverted", revertData("ERC20InsufficientBalance(address,uint256,uint256)", word(9), word(1), word(2))),
			name: "FailedOpWithRevert", code: "AA33", reason: "AA33 reverted", innerName: "ERC20InsufficientBalance",
			innerWhy: "sender 0x0000000000000000000000000000000000000009, balance 1, needed 2", text: "needed 2"},
		"inner unknown": {data: failedOpWithRevert("AA23 reverted", []byte{1, 2, 3, 4}), name: "FailedOpWithRevert", code: "AA23",
			reason: "AA23 reverted", text: "0x01020304"},
		"inner empty": {data: failedOpWithRevert("AA23 reverted", nil), name: "FailedOpWithRevert", code: "AA23", reason: "AA23 reverted",
			text: "AA23 reverted: the account's"},
		"0.6 require":     {data: solidityError("AA94 gas values overflow"), name: "Error", code: "AA94", reason: "AA94 gas values overflow", opIndex: -1, text: "units"},
		"aggregator":      {data: revertData("SignatureValidationFailed(address)", word(1)), name: "SignatureValidationFailed", reason: "aggregator 0x0000000000000000000000000000000000000001", opIndex: -1, text: "SignatureValidationFailed(aggregator"},
		"sender":          {data: revertData("SenderAddressResult(address)", word(5)), name: "SenderAddressResult", reason: "sender 0x0000000000000000000000000000000000000005", opIndex: -1},
		"panic":           {data: revertData("Panic(uint256)", word(0x11)), name: "Panic", reason: "0x11: arithmetic overflow or underflow", opIndex: -1, text: "Panic(0x11: arithmetic"},
		"delegate":        {data: revertData("DelegateAndRevert(bool,bytes)", word(0), word(64), tail(solidityError("x"))), name: "DelegateAndRevert", reason: "success false", opIndex: -1, innerName: "Error", innerWhy: "x"},
		"postOp":          {data: revertData("PostOpReverted(bytes)", word(32), tail(solidityError("y"))), name: "PostOpReverted", opIndex: -1, innerName: "Error", innerWhy: "y", text: "PostOpReverted: y"},
		"execute":         {data: revertData("ExecuteError(uint256,bytes)", word(2), word(64), tail(solidityError("z"))), name: "ExecuteError", reason: "index 2", opIndex: -1, innerName: "Error", innerWhy: "z"},
		"bytes4":          {data: revertData("ERC7579MissingFallbackHandler(bytes4)", append([]byte{1, 2, 3, 4}, make([]byte, 28)...)), name: "ERC7579MissingFallbackHandler", reason: "selector 0x01020304", opIndex: -1},
		"no arguments":    {data: revertData("Reentrancy()"), name: "Reentrancy", opIndex: -1, text: "Reentrancy"},
		"empty":           {opIndex: -1, text: "out of gas"},
		"unknown":         {data: []byte{0xde, 0xad, 0xbe, 0xef, 1}, opIndex: -1, text: "0xdeadbeef01"},
		"short":           {data: []byte{1}, opIndex: -1, text: "0x01"},
		"selector alone":  {data: failedOp(0, "x")[:4], opIndex: -1, text: "reverted with"},
		"cut":             {data: failedOp(0, "AA24 signature error")[:90], opIndex: -1, text: "reverted with"},
		"length too far":  {data: revertData("Error(string)", word(32), word(1<<40)), opIndex: -1, text: "reverted with"},
		"dirty address":   {data: revertData("SenderAddressResult(address)", bytes.Repeat([]byte{1}, 32)), opIndex: -1},
		"index too large": {data: revertData("FailedOp(uint256,string)", word(1<<40), word(64), tail(nil)), opIndex: -1},
	} {
		t.Run(name, func(t *testing.T) {
			r := userop.DecodeRevert(c.data)
			if r.Name != c.name || r.Code != c.code || r.Reason != c.reason || r.OpIndex != c.opIndex {
				t.Errorf("%q %q %q %d", r.Name, r.Code, r.Reason, r.OpIndex)
			}
			if c.innerName != "" && (r.Inner == nil || r.Inner.Name != c.innerName || r.Root().Reason != c.innerWhy) {
				t.Errorf("inner %+v", r.Inner)
			}
			if !strings.Contains(r.Error(), c.text) {
				t.Errorf("%q does not say %q", r, c.text)
			}
			if c.code != "" && (r.Cause == "" || r.Hint == "") {
				t.Error("no way out")
			}
		})
	}
}

func TestNestingIsBounded(t *testing.T) {
	data := solidityError("innermost")
	for range 100 {
		data = failedOpWithRevert("AA23 reverted", data)
	}
	depth := 0
	for r := userop.DecodeRevert(data); r != nil; r = r.Inner {
		depth++
	}
	if depth < 4 || depth > 10 {
		t.Errorf("%d levels", depth)
	}
}

func TestHostileTextIsMadeHarmless(t *testing.T) {
	r := userop.DecodeRevert(solidityError("a\x1b[2J\x00\xff\u202e\n" + strings.Repeat("é", 5000)))
	if !utf8.ValidString(r.Reason) || len(r.Reason) > 1100 || strings.ContainsAny(r.Reason, "\x1b\x00\n\u202e") {
		t.Errorf("%q", r.Reason)
	}
}

func TestDecodeReasonFindsTheCodeInABundlersText(t *testing.T) {
	for text, want := range map[string]string{
		"UserOperation reverted during simulation with reason: AA25 invalid account nonce": "AA25",
		"FailedOp(0,\"AA21 didn't pay prefund\")":                                          "AA21",
		"something else": "",
		"0xAA24BB":       "",
	} {
		if r := userop.DecodeReason(text); r.Code != want || want != "" && r.Hint == "" {
			t.Errorf("%q: %q", text, r.Code)
		}
	}
}

func TestCodesAreSortedUniqueAndComplete(t *testing.T) {
	codes := userop.Codes()
	if !slices.IsSortedFunc(codes, func(a, b userop.Code) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("not sorted: lookup searches by halves")
	}
	// every code in the sources of EntryPoints 0.6, 0.7, 0.8 and 0.9
	for _, id := range strings.Fields(`AA10 AA13 AA14 AA15 AA20 AA21 AA22 AA23 AA24 AA25 AA26 AA27 AA30 AA31 AA32 AA33 AA34
		AA36 AA37 AA40 AA41 AA50 AA51 AA90 AA91 AA92 AA93 AA94 AA95 AA96 AA97 AA98 AA99`) {
		c, ok := userop.LookupCode(id)
		if !ok || c.ID != id || c.Name == "" || c.Versions == "" || c.Cause == "" || c.Hint == "" {
			t.Errorf("%s: %+v", id, c)
		}
	}
	if len(codes) != 33 {
		t.Errorf("%d codes", len(codes))
	}
	for _, id := range []string{"", "AA", "AA11", "AA240", "ZZ99"} {
		if _, ok := userop.LookupCode(id); ok {
			t.Errorf("found %q", id)
		}
	}
}

func FuzzDecodeRevert(f *testing.F) {
	f.Add(failedOpWithRevert("AA23 reverted", solidityError("x")))
	f.Add([]byte{})
	var file viemFile
	loadJSON(f, "viem.json", &file)
	for _, v := range file.Reverts {
		f.Add(fromHex(v.Data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := userop.DecodeRevert(data)
		if r == nil || !bytes.Equal(r.Data, data) || !utf8.ValidString(r.Reason) {
			t.Fatal("nothing, or something else")
		}
		if s := r.Error(); s == "" || len(s) > 20000 {
			t.Fatalf("a sentence of %d bytes", len(s))
		}
	})
}
