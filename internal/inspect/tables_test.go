package inspect_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/internal/inspect"
	"github.com/postern-dev/postern/seal"
)

func TestTheTableThatACallAsksForIsNamed(t *testing.T) {
	_, reg, _ := device(t)
	s, err := seal.PasskeySigner(reg.Key(), seal.RequireUV)
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[byte]string{0x13: "0x13 = table of the key (4k)", 0: "0x00 = arithmetic without a table", 9: "0x09 = unknown path 0x09"} {
		b, err := contracts.AccountABI.Pack("useTable", s.Bytes(), format)
		if err != nil {
			t.Fatal(err)
		}
		r := inspectHex(t, b, inspect.Options{})
		if fact(r, "format") != want || !strings.HasPrefix(fact(r, "signer"), "passkey x") {
			t.Errorf("%+v", r.Readings[0].Facts)
		}
	}
}

// Whatever our contracts revert with has a name.
func TestErrorsOfOurContractsAreNamed(t *testing.T) {
	for _, a := range []abi.ABI{contracts.AccountABI, contracts.FactoryABI, contracts.RecoveryABI} {
		for _, e := range a.Errors {
			data := bytes.Clone(e.ID[:4])
			head := 32 * len(e.Inputs)
			var tail []byte
			for _, in := range e.Inputs {
				word := make([]byte, 32)
				if in.Type.T == abi.BytesTy || in.Type.T == abi.StringTy { // empty, behind the words
					word[31] = byte(head + len(tail))
					tail = append(tail, make([]byte, 32)...)
				}
				data = append(data, word...)
			}
			r, err := inspect.Inspect([]byte(hexutil.Encode(append(data, tail...))), inspect.Options{})
			if err != nil {
				t.Errorf("%s: %v", e.Sig, err)
				continue
			}
			if r.Readings[0].Kind != "revert" || !strings.HasPrefix(fact(r, "error"), e.Name) {
				t.Errorf("%s: read as %v, %q", e.Sig, kinds(r), fact(r, "error"))
			}
		}
	}
}
