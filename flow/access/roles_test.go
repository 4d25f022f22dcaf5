package access_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/flowtest"
)

// What package flow says of whole transactions is what becomes of them at the node.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	one, two := flowtest.NewSigner("one"), flowtest.NewSigner("two")
	whole := w.create(flow.Passkey(one.Public(), 1000))
	halves := w.create(flow.Passkey(one.Public(), 500), flow.Passkey(two.Public(), 500))
	light := w.create(flow.Passkey(one.Public(), 1), flow.Passkey(two.Public(), 1000))
	number := int64(0)
	try := func(name string, want, rule error, tx *flow.Transaction, who ...signs) {
		t.Helper()
		number++
		tx.Script, tx.Arguments = []byte(note), [][]byte{flow.Int(number).JSON()}
		gas := tx.GasLimit
		if err := w.Prepare(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		if gas == noGas {
			tx.GasLimit = 0
		}
		keys := w.keys(who...)
		w.sign(tx, who...)
		if err := tx.Verify(keys, nil); !errors.Is(err, rule) || (err == nil) != (rule == nil) {
			t.Errorf("%s: package flow says %v, want %v", name, err, rule)
		}
		id, err := w.Send(t.Context(), tx)
		if err == nil {
			_, err = w.Wait(t.Context(), id)
		}
		noted := w.noted(tx.Authorizers[0]) == fmt.Sprint(number)
		if !errors.Is(err, want) || (err == nil) != (want == nil) || noted != (want == nil) {
			t.Errorf("%s: %v, want %v; noted: %t", name, err, want, noted)
		}
		if (err == nil) != (rule == nil) {
			t.Errorf("%s: package flow and the node are of two minds", name)
		}
	}
	tx := func(proposer, payer, authorizer flow.Address) *flow.Transaction {
		return &flow.Transaction{ProposalKey: flow.ProposalKey{Address: proposer}, Payer: payer, Authorizers: []flow.Address{authorizer}}
	}
	by := func(a flow.Address, key uint32, s *flowtest.Signer) signs {
		return signs{account: a, key: key, signer: s, how: usual}
	}
	in := func(list flow.Role, s signs) signs { s.list = list; return s }
	const payload, envelope = flow.RolePayload, flow.RoleEnvelope
	try("a passkey, paid for by a plain key", nil, nil, tx(whole, w.service, whole), by(whole, 0, one), w.byService())
	try("a plain key proposes and pays, a passkey authorizes", nil, nil, tx(w.service, w.service, whole), by(whole, 0, one), w.byService())
	try("a passkey pays for a passkey", nil, nil, tx(halves, whole, halves), by(halves, 0, one), by(halves, 1, two), by(whole, 0, one))
	try("a passkey pays for a plain key", nil, nil, tx(w.service, whole, w.service), w.byService(), by(whole, 0, one))
	try("two passkeys of 500", nil, nil, tx(halves, halves, halves), by(halves, 0, one), by(halves, 1, two))
	try("one of two passkeys", access.ErrWeight, flow.ErrWeight, tx(halves, halves, halves), by(halves, 0, one))
	try("the same passkey under both numbers", access.ErrSignature, flow.ErrSignature, tx(halves, halves, halves), by(halves, 0, one), by(halves, 1, one))
	try("a passkey under another number", access.ErrSignature, flow.ErrSignature, tx(halves, halves, halves), by(halves, 1, one), by(halves, 0, two))

	// Who proposes and does no more needs its proposal key, whatever that weighs, in either list.
	try("a proposer of weight 1", nil, nil, tx(light, w.service, whole), by(light, 0, one), by(whole, 0, one), w.byService())
	try("it signs the envelope", nil, nil, tx(light, w.service, whole), by(whole, 0, one), in(envelope, by(light, 0, one)), in(envelope, w.byService()))
	try("its heavy key signs", access.ErrSignature, flow.ErrProposer, tx(light, w.service, whole), by(light, 1, two), by(whole, 0, one), w.byService())
	try("an authorizer of weight 1", access.ErrWeight, flow.ErrWeight, tx(light, w.service, light), by(light, 0, one), w.byService())

	// Signatures are of the list where they stand.
	try("the payer's proposal key signs the payload", nil, nil, tx(light, light, whole), in(payload, by(light, 0, one)), by(whole, 0, one), in(envelope, by(light, 1, two)))
	try("the payer's second key signs nothing", access.ErrSignature, flow.ErrProposer, tx(light, light, light), by(light, 1, two))
	try("the payer's weight under the payload", access.ErrWeight, flow.ErrWeight, tx(halves, halves, whole), in(payload, by(halves, 0, one)), by(whole, 0, one), in(envelope, by(halves, 1, two)))
	try("an authorizer's weight under the envelope", access.ErrWeight, flow.ErrWeight, tx(halves, w.service, halves), by(halves, 0, one), in(envelope, by(halves, 1, two)), w.byService())
	copied, bare := in(envelope, by(halves, 1, two)), in(envelope, w.byService())
	copied.signed, bare.signed = payload, payload
	try("a payload signature under the envelope", access.ErrExtension, flow.ErrChallenge, tx(halves, w.service, whole), by(halves, 0, one), by(whole, 0, one), copied, w.byService())
	try("a plain one", access.ErrSignature, flow.ErrSignature, tx(halves, w.service, whole), by(halves, 0, one), by(whole, 0, one), bare)
	copied.list, copied.signed = payload, envelope
	try("an envelope signature under the payload", access.ErrExtension, flow.ErrChallenge, tx(halves, w.service, whole), by(halves, 0, one), by(whole, 0, one), copied, w.byService())

	// Each key signs once, and one that is bad spoils all.
	try("a key in both lists", access.ErrInvalid, flow.ErrTwice, tx(whole, w.service, whole), by(whole, 0, one), in(envelope, by(whole, 0, one)), w.byService())
	try("a bad one beside enough good ones", access.ErrSignature, flow.ErrSignature, tx(light, w.service, light), by(light, 0, two), by(light, 1, two), w.byService())
	try("a stranger", access.ErrInvalid, flow.ErrRole, tx(whole, whole, whole), in(payload, by(halves, 0, one)), in(envelope, by(whole, 0, one)))

	gas := func(limit uint64, t *flow.Transaction) *flow.Transaction { t.GasLimit = limit; return t }
	try("no gas", access.ErrInvalid, flow.ErrGasLimit, gas(noGas, tx(whole, whole, whole)), by(whole, 0, one))
	try("the most gas", nil, nil, gas(flow.MaxGasLimit, tx(whole, whole, whole)), by(whole, 0, one))
	try("too much gas", access.ErrInvalid, flow.ErrGasLimit, gas(flow.MaxGasLimit+1, tx(whole, whole, whole)), by(whole, 0, one))
	try("too much gas, and the service account pays", nil, nil, gas(flow.MaxGasLimit+1, tx(whole, w.service, whole)), by(whole, 0, one), w.byService())
}

// noGas is a gas limit of 0, of which Prepare would make the highest.
const noGas = ^uint64(0)

// place puts a signature into a list, whether it belongs there or not.
func (w *world) place(tx *flow.Transaction, s signs) {
	message := append([]byte(flow.TagTransaction), make([]byte, 32-len(flow.TagTransaction))...)
	if s.signed == flow.RoleEnvelope || s.signed == flow.RoleNone && s.list == flow.RoleEnvelope {
		message = append(message, tx.Envelope()...)
	} else {
		message = append(message, tx.Payload()...)
	}
	one := flow.Signature{Address: s.account, KeyIndex: s.key}
	one.Signature, one.Extension = s.how.Make(s.signer, message)
	to := &tx.PayloadSignatures
	if s.list == flow.RoleEnvelope {
		to = &tx.EnvelopeSignatures
	}
	*to = append(*to, one)
	order := tx.Signers()
	slices.SortStableFunc(*to, func(a, b flow.Signature) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Address), slices.Index(order, b.Address)), cmp.Compare(a.KeyIndex, b.KeyIndex))
	})
}

// keys are those of everybody who signs.
func (w *world) keys(who ...signs) flow.Keys {
	w.Helper()
	out := flow.Keys{}
	for _, s := range who {
		if out[s.account] != nil {
			continue
		}
		a, err := w.Account(w.Context(), s.account)
		if err != nil {
			w.Fatal(err)
		}
		out[s.account] = a.Keys
	}
	return out
}
