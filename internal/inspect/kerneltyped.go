package inspect

import (
	"bytes"
	"encoding/json"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account/kernel"
)

// enableFields are the members of Enable, as Kernel hashes them.
const enableFields = "bytes21 validationId,uint32 nonce,address hook,bytes validatorData,bytes hookData,bytes selectorData,"

// kernelTypedData explains what the owner of a Kernel account is asked to sign for a session
// key: the EIP-712 document "Enable". What it allows is read from what is signed.
func (in *inspector) kernelTypedData(members map[string]json.RawMessage) (Reading, bool) {
	var kind string
	var domain struct {
		Name, Version     string
		ChainID           json.RawMessage `json:"chainId"`
		VerifyingContract common.Address  `json:"verifyingContract"`
	}
	var message struct {
		Validation hexutil.Bytes   `json:"validationId"`
		Nonce      json.RawMessage `json:"nonce"`
		Data       hexutil.Bytes   `json:"validatorData"`
	}
	if json.Unmarshal(members["primaryType"], &kind) != nil || kind != "Enable" ||
		json.Unmarshal(members["domain"], &domain) != nil || domain.Name != "Kernel" {
		return Reading{}, false
	}
	r := Reading{Kind: "kernel-enable-typed-data", Title: "ZeroDev Kernel: what the owner signs to let a session key act (EIP-712)", Likelihood: Certain}
	r.fact("account", domain.VerifyingContract.Hex())
	r.fact("chain id", shown(unquotedJSON(domain.ChainID)))
	r.fact("Kernel", shown(domain.Version))
	if err := json.Unmarshal(members["message"], &message); err != nil {
		r.wrong("message", "the message is not one of Enable", "cut, or edited by hand", "make it again: postern grant new --request FILE")
		return r, true
	}
	var types map[string][]struct{ Name, Type string }
	fields := ""
	if json.Unmarshal(members["types"], &types) == nil {
		for _, f := range types["Enable"] {
			fields += f.Type + " " + f.Name + ","
		}
	}
	if fields != enableFields {
		r.wrong("types", "the types are not those of Kernel's Enable: what is signed is something else", "made for other contracts, or to mislead", "do not sign it")
	}
	r.fact("nonce of the account", shown(unquotedJSON(message.Nonce)))
	p, err := kernel.ParseEnableData(message.Data)
	if err != nil {
		r.note("enable-data", "the data is not a permission's: a validator is installed, or it is not written as the SDK writes it")
		return r, true
	}
	r.Parts = append(r.Parts, in.permission(p))
	id, validation := p.ID(), p.ID().Validation()
	if !bytes.Equal(message.Validation, validation[:]) {
		r.wrong("permission-id", "it names another permission than "+id.String()+", which its contents give", "policies or signer were changed", "do not sign it: make it again")
	}
	return r, true
}

// unquotedJSON is a number as text, which some write in quotes.
func unquotedJSON(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
