package main

import (
	"fmt"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/secp256k1"
)

// judge says what becomes of every signature, and of the whole.
func (s *flowSigned) judge(keys map[flow.Address][]flow.AccountKey, ofChain bool) flowVerdict {
	v := flowVerdict{Transaction: flowInfo(s.tx), OfChain: ofChain, tx: s.tx}
	weights := map[flow.Address]int{}
	add := func(one flow.Signature, role flow.Role) {
		key, err := flowKeyOf(keys, one, ofChain)
		if err == nil {
			err = s.verify(one, role, key)
		}
		info := flowSignatureInfo{Address: one.Address.String(), KeyIndex: one.KeyIndex, Signs: role.String(), Scheme: schemeOf(one),
			Checked: key != nil || ofChain, Accepted: err == nil, Refusal: refusalOf(err)}
		if key != nil && ofChain {
			info.Weight = &key.Weight
		}
		if err == nil {
			weights[one.Address] += int(key.Weight)
		}
		v.Signatures = append(v.Signatures, info)
	}
	if s.one != nil {
		add(*s.one, s.signable.Role)
	} else {
		for _, one := range s.tx.PayloadSignatures {
			add(one, flow.RolePayload)
		}
		for _, one := range s.tx.EnvelopeSignatures {
			add(one, flow.RoleEnvelope)
		}
		v.Problems = s.whole(weights, ofChain)
	}
	if s.tx.GasLimit > flow.MaxGasLimit {
		v.Problems = append(v.Problems, *refusalOf(&flow.Error{Cause: flow.ErrGasLimit, Where: "transaction",
			Seen: fmt.Sprintf("%d, at most %d", s.tx.GasLimit, flow.MaxGasLimit), Way: "Lower it, and have the transaction signed again."}))
	}
	v.OK = len(v.Problems) == 0 && len(v.Signatures) > 0
	for _, one := range v.Signatures {
		v.OK = v.OK && one.Accepted
	}
	return v
}

func flowKeyOf(keys map[flow.Address][]flow.AccountKey, one flow.Signature, ofChain bool) (*flow.AccountKey, error) {
	for _, k := range keys[one.Address] {
		if k.Index == one.KeyIndex {
			return &k, nil
		}
	}
	if ofChain {
		return nil, failf("no-such-key", "sign with a key that the account has", "the account has no key %d", one.KeyIndex)
	}
	return nil, failf("not-checked", "give it: "+flowPublicHint, "key %d of %s is not given", one.KeyIndex, one.Address)
}

// verify says whether nodes take a signature where it stands.
func (s *flowSigned) verify(one flow.Signature, role flow.Role, key *flow.AccountKey) error {
	if s.signable != nil {
		if one.Address != s.signable.Address {
			return &flow.Error{Cause: flow.ErrRole, Where: "answer", Seen: fmt.Sprintf("it is of %s, and %s was asked", one.Address, s.signable.Address), Way: "Answer with the account that the Signable names."}
		}
		if one.KeyIndex != s.signable.KeyIndex {
			return &flow.Error{Cause: flow.ErrRole, Where: "answer", Seen: fmt.Sprintf("it is of key %d, and key %d was asked", one.KeyIndex, s.signable.KeyIndex), Way: "FCL puts the answer under the key that it has asked: answer with that one."}
		}
		return flow.Verify(one, s.signable.Message, *key, secp256k1.Verify)
	}
	if want := s.tx.Role(one.Address); want != role {
		return &flow.Error{Cause: flow.ErrRole, Where: "signature", Seen: fmt.Sprintf("%s signs the %s, and this stands under the %s", one.Address, want, role), Way: "Everybody but the payer signs the payload; the payer signs the envelope."}
	}
	return s.tx.VerifySignature(one, *key, secp256k1.Verify)
}

// whole is what is wrong with a transaction beside its signatures.
func (s *flowSigned) whole(weights map[flow.Address]int, ofChain bool) (out []flowRefusal) {
	missing := map[flow.Address]bool{}
	for _, a := range s.tx.Missing() {
		missing[a] = true
		out = append(out, flowRefusal{"a signature is missing", fmt.Sprintf("%s has not signed the %s", a, s.tx.Role(a)), "everybody but the payer signs the payload, then the payer signs the envelope"})
	}
	proposal, signed := s.tx.ProposalKey, false
	for _, one := range s.signatures() {
		signed = signed || one.Address == proposal.Address && one.KeyIndex == proposal.KeyIndex
	}
	if !signed && !missing[proposal.Address] {
		out = append(out, flowRefusal{"the proposal key has not signed", fmt.Sprintf("the proposer's key %d has not signed", proposal.KeyIndex), "the key whose sequence number is used signs, too"})
	}
	for _, a := range s.tx.Signers() {
		if w := weights[a]; ofChain && !missing[a] && w < flow.WeightThreshold {
			out = append(out, flowRefusal{"the weights do not reach 1000", fmt.Sprintf("good signatures of %s weigh %d together, %d are needed", a, w, flow.WeightThreshold), "let more keys of the account sign"})
		}
	}
	return out
}
