package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// unmarshalOp reads mended JSON in the wire form of a version, or in the contracts' form.
func unmarshalOp(ep userop.EntryPoint, members map[string]json.RawMessage) (*userop.Op, error) {
	if _, packed := members["accountGasLimits"]; packed {
		return unpackJSON(ep, members)
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	return ep.UnmarshalOp(text)
}

// unpackJSON reads the contracts' form, as explorers and traces print it.
func unpackJSON(ep userop.EntryPoint, members map[string]json.RawMessage) (*userop.Op, error) {
	var bad error
	get := func(name string) []byte {
		var s string
		if err := json.Unmarshal(members[name], &s); err != nil || !hasHexPrefix(s) {
			bad = fmt.Errorf("%s is missing or not hex", name)
			return nil
		}
		if s = s[2:]; len(s)%2 == 1 {
			s = "0" + s
		}
		return common.FromHex(s)
	}
	word := func(name string) (w [32]byte) {
		b := bytes.TrimLeft(get(name), "\x00")
		if len(b) > 32 {
			bad = fmt.Errorf("%s is longer than 32 bytes", name)
			return w
		}
		copy(w[32-len(b):], b)
		return w
	}
	nonce, pre := word("nonce"), word("preVerificationGas")
	p := &userop.Packed{
		Sender: common.BytesToAddress(get("sender")), Nonce: bigOf(nonce[:]), InitCode: get("initCode"), CallData: get("callData"),
		AccountGasLimits: word("accountGasLimits"), PreVerificationGas: bigOf(pre[:]), GasFees: word("gasFees"),
		PaymasterAndData: get("paymasterAndData"), Signature: get("signature"),
	}
	if bad != nil {
		return nil, bad
	}
	return userop.Unpack(ep, p)
}
