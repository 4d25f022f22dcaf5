package flow_test

import (
	"errors"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
)

// The rules of whole transactions, one by one. TestRoles of package access has nodes judge the same.
func TestAWholeTransactionIsJudgedAsNodesDo(t *testing.T) {
	user, light, payer, stranger := flow.Address{1}, flow.Address{2}, flow.Address{3}, flow.Address{4}
	signer := flowtest.NewSigner("user")
	keys := flow.Keys{}
	for a, weights := range map[flow.Address][]uint16{user: {500, 500, 1000}, light: {1}, payer: {1000, 1}, stranger: {1000}} {
		for i, w := range weights {
			k := flow.Passkey(signer.Public(), w)
			k.Index = uint32(i)
			keys[a] = append(keys[a], k)
		}
	}
	type by struct {
		a     flow.Address
		key   uint32
		list  flow.Role
		wrong flow.Role // what is signed instead of the list's message
	}
	const payload, envelope = flow.RolePayload, flow.RoleEnvelope
	usual := []by{{a: user, key: 2, list: payload}, {a: light, list: payload}, {a: payer, list: envelope}}
	plus := func(more ...by) []by { return append(append([]by{}, usual[:2]...), append(more, usual[2])...) }
	for _, c := range []struct {
		name   string
		cause  error
		by     []by
		change func(*flow.Transaction)
	}{
		{"as it should be", nil, usual, nil},
		{"the proposer signs the envelope", nil, []by{usual[0], {a: light, list: envelope}, usual[2]}, nil},
		{"two of 500", nil, []by{{a: user, list: payload}, {a: user, key: 1, list: payload}, usual[1], usual[2]}, nil},
		{"one of 500", flow.ErrWeight, []by{{a: user, list: payload}, usual[1], usual[2]}, nil},
		{"500 in each list", flow.ErrWeight, []by{{a: user, list: payload}, usual[1], {a: user, key: 1, list: envelope}, usual[2]}, nil},
		{"the authorizer under the envelope", flow.ErrMissing, []by{usual[1], {a: user, key: 2, list: envelope}, usual[2]}, nil},
		{"no authorizer", flow.ErrMissing, usual[1:], nil},
		{"no proposer", flow.ErrMissing, []by{usual[0], usual[2]}, nil},
		{"no payer", flow.ErrMissing, usual[:2], nil},
		{"the payer under the payload", flow.ErrMissing, []by{usual[0], usual[1], {a: payer, list: payload}}, nil},
		{"the payer's weights are of the envelope", flow.ErrWeight, []by{usual[0], usual[1], {a: payer, list: payload}, {a: payer, key: 1, list: envelope}}, nil},
		{"a payer's second key under the payload", nil, plus(by{a: payer, key: 1, list: payload}), nil},
		{"it proposes", nil, []by{usual[0], {a: payer, key: 1, list: payload}, usual[2]}, func(t *flow.Transaction) {
			t.ProposalKey = flow.ProposalKey{Address: payer, KeyIndex: 1}
		}},
		{"another key than the proposal's", flow.ErrProposer, []by{usual[0], usual[2]}, func(t *flow.Transaction) { t.ProposalKey = flow.ProposalKey{Address: payer, KeyIndex: 1} }},
		{"a key in both lists", flow.ErrTwice, plus(by{a: user, key: 2, list: envelope}), nil},
		{"a key twice in one", flow.ErrTwice, append([]by{usual[0]}, usual...), nil},
		{"a payload signature in the envelope", flow.ErrChallenge, plus(by{a: user, list: envelope, wrong: payload}), nil},
		{"an envelope signature in the payload", flow.ErrChallenge, []by{usual[0], usual[1], usual[2], {a: user, list: payload, wrong: envelope}}, nil},
		{"a stranger", flow.ErrRole, plus(by{a: stranger, list: payload}), nil},
		{"a key that is not there", flow.ErrNoKey, plus(by{a: user, key: 3, list: payload}), nil},
		{"one bad beside enough good", flow.ErrChallenge, plus(by{a: user, list: payload, wrong: envelope}), nil},
		{"nobody proposes", flow.ErrMissing, []by{usual[0], usual[2]}, func(t *flow.Transaction) { t.ProposalKey = flow.ProposalKey{} }},
		{"no script", flow.ErrIncomplete, usual, func(t *flow.Transaction) { t.Script = nil }},
		{"no block", flow.ErrIncomplete, usual, func(t *flow.Transaction) { t.ReferenceBlock = flow.Identifier{} }},
		{"no payer's address", flow.ErrIncomplete, usual[:2], func(t *flow.Transaction) { t.Payer = flow.Address{} }},
		{"the most gas", nil, usual, func(t *flow.Transaction) { t.GasLimit = flow.MaxGasLimit }},
		{"no gas", flow.ErrGasLimit, usual, func(t *flow.Transaction) { t.GasLimit = 0 }},
		{"too much gas", flow.ErrGasLimit, usual, func(t *flow.Transaction) { t.GasLimit = flow.MaxGasLimit + 1 }},
	} {
		tx := &flow.Transaction{
			Script: []byte("transaction {}"), ReferenceBlock: flow.Identifier{1}, GasLimit: 1,
			ProposalKey: flow.ProposalKey{Address: light}, Payer: payer, Authorizers: []flow.Address{user},
		}
		if c.change != nil {
			c.change(tx)
		}
		place(tx, func(add func(s flow.Signature, list, signed flow.Role)) {
			for _, b := range c.by {
				signed := b.list
				if b.wrong != flow.RoleNone {
					signed = b.wrong
				}
				add(flow.Signature{Address: b.a, KeyIndex: b.key}, b.list, signed)
			}
		}, signer)
		err := tx.Verify(keys, nil)
		var e *flow.Error
		if !errors.Is(err, c.cause) || (err == nil) != (c.cause == nil) || err != nil && (!errors.As(err, &e) || e.Hint() == "") {
			t.Errorf("%s: %v, want %v", c.name, err, c.cause)
		}
	}
}

// place adds signatures by one signer where nodes may find them, whoever's they are.
func place(tx *flow.Transaction, each func(add func(s flow.Signature, list, signed flow.Role)), by *flowtest.Signer) {
	tag := append([]byte(flow.TagTransaction), make([]byte, 32-len(flow.TagTransaction))...)
	each(func(s flow.Signature, list, signed flow.Role) {
		message := append(tag[:32:32], tx.Payload()...)
		if signed == flow.RoleEnvelope {
			message = append(tag[:32:32], tx.Envelope()...)
		}
		s.Signature, s.Extension = flowtest.WebAuthn()[0].Make(by, message)
		if list == flow.RoleEnvelope {
			tx.EnvelopeSignatures = append(tx.EnvelopeSignatures, s)
		} else {
			tx.PayloadSignatures = append(tx.PayloadSignatures, s)
		}
	})
}

func TestTheServiceAccountHasAnyGasLimit(t *testing.T) {
	signer := flowtest.NewSigner("user")
	for text, cause := range map[string]error{
		"e467b9dd11fa00df": nil, "8c5303eaa26202d6": nil, "f8d6e0586b0a20c7": nil, "01cf0e2f2f715450": flow.ErrGasLimit,
	} {
		a, err := flow.ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, gas := range []uint64{0, flow.MaxGasLimit + 1} {
			tx := &flow.Transaction{Script: []byte("transaction {}"), ReferenceBlock: flow.Identifier{1}, GasLimit: gas, ProposalKey: flow.ProposalKey{Address: a}, Payer: a}
			place(tx, func(add func(s flow.Signature, list, signed flow.Role)) {
				add(flow.Signature{Address: a}, flow.RoleEnvelope, flow.RoleEnvelope)
			}, signer)
			if err := tx.Verify(flow.Keys{a: {flow.Passkey(signer.Public(), 1000)}}, nil); !errors.Is(err, cause) || (err == nil) != (cause == nil) {
				t.Errorf("%s, gas %d: %v", text, gas, err)
			}
		}
	}
}

// Before the payer signs, all else is judged.
func TestThePayerSignsWhatIsReady(t *testing.T) {
	tx := sponsored()
	tx.ReferenceBlock = flow.Identifier{1}
	signer, user := flowtest.NewSigner("user"), tx.ProposalKey.Address
	half := flow.Passkey(signer.Public(), 500)
	keys := flow.Keys{user: {half, half}}
	keys[user][1].Index = 1
	for n, cause := range []error{flow.ErrMissing, flow.ErrWeight, nil} {
		if err := tx.JudgePayload(keys, flow.Nodes(nil)).Err(); !errors.Is(err, cause) || (err == nil) != (cause == nil) {
			t.Errorf("%d signatures: %v", n, err)
		}
		m, err := tx.Message(user)
		if err != nil {
			t.Fatal(err)
		}
		s := flow.Signature{Address: user, KeyIndex: uint32(n)}
		s.Signature, s.Extension = flowtest.WebAuthn()[0].Make(signer, m)
		if err := tx.Sign(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Sign(flow.Signature{Address: user, KeyIndex: 1}); !errors.Is(err, flow.ErrTwice) {
		t.Errorf("signed twice: %v", err)
	}
}
