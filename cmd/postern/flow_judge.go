package main

import (
	"errors"
	"fmt"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/secp256k1"
)

// judge says what becomes of every signature, and of the whole. Of keys that are not the chain's no weight is known.
func (s *flowSigned) judge(keys flow.Keys, ofChain bool) flowVerdict {
	v := flowVerdict{Transaction: flowInfo(s.tx), OfChain: ofChain, tx: s.tx}
	judged := s.tx.Judge(keys, flow.Nodes(secp256k1.Verify))
	if s.one != nil {
		judged = flow.Verdict{Signatures: []flow.Judged{{Signature: *s.one, List: s.signable.Role, Err: s.answer(keys)}}}
	}
	for _, one := range judged.Signatures {
		key, missing := keys.Key(one.Signature)
		if missing != nil && errors.Is(one.Err, flow.ErrNoKey) && !ofChain {
			one.Err = failf("not-checked", "give it: "+flowPublicHint, "key %d of %s is not given", one.KeyIndex, one.Address)
		}
		info := flowSignatureInfo{Address: one.Address.String(), KeyIndex: one.KeyIndex, Signs: one.List.String(), Scheme: schemeOf(one.Signature),
			Checked: missing == nil || ofChain, Accepted: one.Err == nil, Refusal: refusalOf(one.Err)}
		if missing == nil && ofChain {
			info.Weight = &key.Weight
		}
		v.Signatures = append(v.Signatures, info)
	}
	for _, problem := range judged.Problems {
		if ofChain || problem.Cause != flow.ErrWeight {
			v.Problems = append(v.Problems, *refusalOf(problem))
		}
	}
	v.OK = len(v.Problems) == 0 && len(v.Signatures) > 0
	for _, one := range v.Signatures {
		v.OK = v.OK && one.Accepted
	}
	return v
}

// answer says whether nodes take what a wallet has answered to a Signable.
func (s *flowSigned) answer(keys flow.Keys) error {
	if s.one.Address != s.signable.Address {
		return &flow.Error{Cause: flow.ErrRole, Where: "answer", Seen: fmt.Sprintf("it is of %s, and %s was asked", s.one.Address, s.signable.Address), Way: "Answer with the account that the Signable names."}
	}
	if s.one.KeyIndex != s.signable.KeyIndex {
		return &flow.Error{Cause: flow.ErrRole, Where: "answer", Seen: fmt.Sprintf("it is of key %d, and key %d was asked", s.one.KeyIndex, s.signable.KeyIndex), Way: "FCL puts the answer under the key that it has asked: answer with that one."}
	}
	key, err := keys.Key(*s.one)
	if err != nil {
		return err
	}
	return flow.Verify(*s.one, s.signable.Message, key, secp256k1.Verify)
}
