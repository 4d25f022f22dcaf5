package inspect

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// operationJSON explains a user operation in either wire form, or in the packed form of
// the contracts. ep is the EntryPoint if it is known from around it.
func (in *inspector) operationJSON(members map[string]json.RawMessage, ep userop.EntryPoint) Reading {
	r := Reading{Kind: "user-operation", Title: "user operation", Likelihood: Certain}
	if ep == nil {
		ep = in.opt.EntryPoint
	}
	clean := mendOperation(&r, members)
	var op *userop.Op
	var eps []userop.EntryPoint
	var first error
	for _, version := range formVersions(members) {
		read, err := unmarshalOp(version, clean)
		if err != nil {
			if first == nil || version == ep {
				first = err
			}
			continue
		}
		op, eps = read, append(eps, version)
	}
	if op == nil {
		r.wrong("malformed", strings.TrimPrefix(first.Error(), "user operation: "), "", "see the members of eth_sendUserOperation for the EntryPoint's version")
		return r
	}
	if ep != nil {
		if !contains(eps, ep) {
			r.wrong("form", fmt.Sprintf("EntryPoint %s does not take this form; it is the form of %s", ep.Version(), versionList(eps)),
				"initCode and paymasterAndData are the members of 0.6; factory and paymaster those of 0.7 and later", "write it in the other form, or send it to the other EntryPoint")
		} else {
			eps = []userop.EntryPoint{ep}
		}
	}
	in.explainOp(&r, op, eps)
	return r
}

func contains(list []userop.EntryPoint, ep userop.EntryPoint) bool {
	for _, e := range list {
		if e == ep {
			return true
		}
	}
	return false
}

func versionList(eps []userop.EntryPoint) string {
	var list []string
	for _, ep := range eps {
		list = append(list, ep.Version())
	}
	return strings.Join(list, ", ")
}

// formVersions tells the EntryPoint versions by the members' names.
func formVersions(members map[string]json.RawMessage) []userop.EntryPoint {
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := members[n]; ok {
				return true
			}
		}
		return false
	}
	switch {
	case has("paymasterSignature"):
		return []userop.EntryPoint{userop.V09}
	case has("factory", "factoryData", "paymaster", "paymasterData", "accountGasLimits", "gasFees", "paymasterVerificationGasLimit"):
		return []userop.EntryPoint{userop.V07, userop.V08, userop.V09}
	case has("initCode", "paymasterAndData"):
		return []userop.EntryPoint{userop.V06}
	}
	return userop.EntryPoints()
}

// explainOp prints the fields, the hashes, what the calldata does and the signature.
func (in *inspector) explainOp(r *Reading, op *userop.Op, eps []userop.EntryPoint) {
	r.fact("sender", op.Sender.Hex())
	if in.opt.Account != nil && op.Sender != *in.opt.Account {
		r.wrong("sender", "the sender is not the account "+in.opt.Account.Hex(), "an account derived from other parameters has another address", "attach to the account by its address")
	}
	nonceFacts(r, op.Nonce)
	if op.Factory != nil {
		r.fact("factory", fmt.Sprintf("%s with %d bytes of data", op.Factory.Hex(), len(op.FactoryData)))
		if part, ok := in.accountCall(op.FactoryData); ok {
			part.Title = "factory data: " + part.Title
			r.Parts = append(r.Parts, part)
		}
	}
	r.fact("gas", fmt.Sprintf("call %s, verification %s, pre-verification %s", number(op.CallGasLimit), number(op.VerificationGasLimit), number(op.PreVerificationGas)))
	r.fact("fee per gas", fmt.Sprintf("at most %s wei, priority %s wei", number(op.MaxFeePerGas), number(op.MaxPriorityFeePerGas)))
	if op.Paymaster != nil {
		r.fact("paymaster", fmt.Sprintf("%s with %d bytes of data; gas: verification %s, after %s", op.Paymaster.Hex(), len(op.PaymasterData), number(op.PaymasterVerificationGasLimit), number(op.PaymasterPostOpGasLimit)))
	}
	r.fact("for EntryPoint", versionList(eps))
	op = op.Clone().Normalize()
	if in.opt.ChainID != nil {
		for _, ep := range eps {
			if hash, err := ep.Hash(op, in.opt.ChainID); err != nil {
				r.wrong("hash", fmt.Sprintf("no hash for EntryPoint %s: %s", ep.Version(), err), "", "")
			} else {
				r.fact("hash, EntryPoint "+ep.Version(), hash.Hex())
			}
		}
	} else {
		r.note("chain-id", "give --chain-id for the operation's hashes")
	}
	opFindings(r, op)
	if part, ok := in.accountCall(op.CallData); ok {
		r.Parts = append(r.Parts, part)
	} else if len(op.CallData) > 0 {
		r.fact("call data", hexOf(op.CallData))
	}
	outer := in.op
	in.op = &opContext{op: op, eps: eps}
	in.opSignature(r, op)
	in.op = outer
}

// opSignature explains the signature inside an operation.
func (in *inspector) opSignature(r *Reading, op *userop.Op) {
	if len(op.Signature) == 0 {
		r.warn("unsigned", "there is no signature yet", "", "")
		return
	}
	part, ok := in.signature(op.Signature)
	if !ok {
		part = Reading{Kind: "signature", Title: "signature of an unknown kind", Likelihood: Possible}
		part.fact("bytes", hexOf(op.Signature))
	}
	part.Title = "signature: " + part.Title
	r.Parts = append(r.Parts, part)
}

// signature explains bytes that stand where an account's signature does.
func (in *inspector) signature(b []byte) (Reading, bool) {
	if in.depth >= maxDepth {
		return Reading{}, false
	}
	in.depth++
	defer func() { in.depth-- }()
	for _, recognise := range []func([]byte) (Reading, bool){
		in.posternSignature, in.hybridSignature, in.coinbaseSignature, in.kernelSignature, in.openZeppelinSignature,
		in.safeSignature, in.soladyCompact, in.ecdsaSignature, in.derSignature, in.jsonDocument,
	} {
		if r, ok := recognise(b); ok {
			switch r.Kind {
			case "der-signature", "assertion", "client-data":
				r.wrong("unsealed", "this is what the authenticator returned, not yet in the account's own layout", "the layout step was left out", "seal the whole assertion for the account kind: authenticator data, client data and r, s")
			}
			return r, true
		}
	}
	return Reading{}, false
}

func nonceFacts(r *Reading, nonce *big.Int) {
	key, seq, err := userop.SplitNonce(nonce)
	if err != nil {
		r.fact("nonce", number(nonce))
		return
	}
	if key.Sign() == 0 {
		r.fact("nonce", fmt.Sprint(seq))
		return
	}
	r.fact("nonce", fmt.Sprintf("key 0x%x, sequence %d", key, seq))
	if who, certain, ok := kernelActor(key); ok && certain {
		r.fact("approves", who)
	}
}

// opFindings are faults that show without a chain.
func opFindings(r *Reading, op *userop.Op) {
	if op.Sender == (common.Address{}) {
		r.wrong("sender-zero", "the sender is the zero address", "the account's address was not filled in", "")
	}
	if op.MaxPriorityFeePerGas.Cmp(op.MaxFeePerGas) > 0 {
		r.wrong("fees", "maxPriorityFeePerGas is above maxFeePerGas: bundlers refuse it", "the two were swapped", "set maxFeePerGas to at least base fee plus priority fee")
	}
	if op.MaxFeePerGas.Sign() > 0 && op.MaxFeePerGas.Cmp(big.NewInt(1000)) < 0 {
		r.warn("fee-placeholder", "maxFeePerGas is "+op.MaxFeePerGas.String()+" wei: no chain takes that", "a placeholder from a tutorial, or gwei where wei is meant", "ask the bundler (pimlico_getUserOperationGasPrice) or the chain")
	}
	if op.MaxFeePerGas.Sign() == 0 {
		r.warn("fee-zero", "the fees are zero", "not filled in yet", "fill in the fees before the hash is computed")
	}
	if op.VerificationGasLimit.Sign() == 0 || op.PreVerificationGas.Sign() == 0 {
		r.warn("gas-zero", "verificationGasLimit or preVerificationGas is zero", "not estimated yet", "estimate before the hash is computed: all gas fields are signed")
	}
	total := new(big.Int).Add(op.CallGasLimit, op.VerificationGasLimit)
	if limit := big.NewInt(30_000_000); total.Cmp(limit) > 0 {
		r.warn("gas-huge", "call and verification gas together are "+total.String()+", more than a block of many chains holds", "a stub, or a unit mistaken", "estimate the gas")
	}
}
