package server

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/passkey"
)

// bill is a transaction that somebody else is to pay for.
type bill struct {
	flow.Transaction
	signers map[uint32]*flowtest.Signer
	how     flowtest.Case
}

var user500 = map[uint32]*flowtest.Signer{0: flowtest.NewSigner("one"), 1: flowtest.NewSigner("two")}

func newBill(sequence uint64, change ...func(b *bill)) map[string]string {
	b := &bill{signers: user500, how: flowtest.WebAuthn()[0]}
	block, _ := flow.ParseIdentifier(blockID(5))
	b.Transaction = flow.Transaction{
		Script: []byte(paidScript), GasLimit: payGas, ReferenceBlock: block, Payer: flowService,
		ProposalKey: flow.ProposalKey{Address: flowUser, KeyIndex: 1, SequenceNumber: sequence}, Authorizers: []flow.Address{flowUser},
	}
	for _, c := range change {
		c(b)
	}
	for index, by := range b.signers {
		if m, err := b.Message(b.ProposalKey.Address); err == nil {
			signature, extension := b.how.Make(by, m)
			_ = b.Sign(flow.Signature{Address: b.ProposalKey.Address, KeyIndex: index, Signature: signature, Extension: extension})
		}
	}
	return map[string]string{"transaction": hex.EncodeToString(b.Bytes())}
}

// halves gives the user two keys of weight 500, whose next sequence number is the given one.
func (n *flowNode) halves(sequence uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.accounts[flowUser.Hex()] = nil
	for i := range uint32(2) {
		k := flow.Passkey(user500[i].Public(), 500)
		k.Index, k.SequenceNumber = i, sequence
		n.accounts[flowUser.Hex()] = append(n.accounts[flowUser.Hex()], k)
	}
}

func TestTheServicePaysOnce(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	n.halves(4)
	// The answer is lost, the same is asked again, many at once, by others who signed anew: one transaction.
	n.lose = true
	if got := r.flow("sponsor", newBill(4)); got.code != "chain_failed" || len(n.sent) != 1 {
		t.Fatalf("%+v, sent %v", got, n.sent)
	}
	n.mu.Lock()
	n.lose = false
	n.mu.Unlock()
	var ids sync.Map
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			got := r.flow("sponsor", newBill(4, func(b *bill) { b.how = flowtest.WebAuthn()[i%2] }))
			if got.Status != "Sealed" {
				t.Errorf("%+v", got)
			}
			ids.Store(got.ID+got.Transaction, true)
		})
	}
	wait.Wait()
	count := 0
	ids.Range(func(k, _ any) bool {
		count++
		raw, err := hex.DecodeString(k.(string)[64:])
		if err != nil {
			t.Fatal(err)
		}
		tx, err := flow.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if tx.ID().String() != k.(string)[:64] || len(tx.PayloadSignatures) != 2 || len(tx.EnvelopeSignatures) != 1 || tx.EnvelopeSignatures[0].Address != flowService {
			t.Errorf("%+v", tx)
		}
		if err := tx.VerifySignature(tx.EnvelopeSignatures[0], flow.RoleEnvelope, n.accounts[flowService.Hex()][0], nil); err != nil {
			t.Error(err)
		}
		return true
	})
	if count != 1 || len(n.sent) != 1 {
		t.Errorf("%d answers, sent %v", count, n.sent)
	}
	// Another server that knows nothing of it signs the same one.
	id := ""
	for sent := range n.sent {
		id = sent
	}
	if got := flowServer(t, n, openStore(t)).flow("sponsor", newBill(4)); got.ID != id {
		t.Errorf("on another server %s, before %s", got.ID, id)
	}
}

func TestTheServicePaysForKeysOnTheOtherCurve(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	signers := map[uint32]*flowtest.Signer{}
	n.accounts[flowUser.Hex()] = nil
	for i := range uint32(2) {
		signer, key := elsewhere(t, i, 500)
		key.SequenceNumber = 4
		signers[i] = signer
		n.accounts[flowUser.Hex()] = append(n.accounts[flowUser.Hex()], key)
	}
	by := func(signers map[uint32]*flowtest.Signer) func(b *bill) { return func(b *bill) { b.signers = signers } }
	if got := r.flow("sponsor", newBill(4, by(user500))); got.code != "refused" || len(n.sent) != 0 {
		t.Errorf("by keys of P-256: %+v", got)
	}
	if got := r.flow("sponsor", newBill(4, by(signers))); got.Status != "Sealed" {
		t.Errorf("%+v", got)
	}
}

// Two who come at once have both been looked at before either is remembered.
func TestTheSecondOfTwoAtOnceGetsTheFirst(t *testing.T) {
	s, err := NewSponsor(flowService, serviceKey)
	if err != nil {
		t.Fatal(err)
	}
	bought := func(payload byte) *payment {
		return &payment{payload: [32]byte{payload}, tx: &flow.Transaction{ProposalKey: flow.ProposalKey{Address: flowUser}}, at: time.Now()}
	}
	first, second := bought(1), bought(1)
	if p, again, err := s.keep(first, 7); p != first || again || err != nil {
		t.Fatalf("%+v, %t, %v", p, again, err)
	}
	if p, again, err := s.keep(second, 7); p != first || !again || err != nil {
		t.Errorf("%+v, %t, %v", p, again, err)
	}
	if p, _, err := s.keep(bought(2), 7); p != nil || err != otherPaid {
		t.Errorf("another payload: %+v, %v", p, err)
	}
}

func TestWhatTheServiceDoesNotPay(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	strict := flowServer(t, n, openStore(t), func(f *Flow) { f.Registration = passkey.WalletMode{UserVerification: "required"} })
	n.halves(4)
	key, _, err := flow.CreateAccount(flow.Passkey(user500[0].Public(), 1000))
	if err != nil {
		t.Fatal(err)
	}
	assertion := func(change func(a *flowtest.Assertion)) func(b *bill) {
		return func(b *bill) {
			b.how = flowtest.Case{Make: func(s *flowtest.Signer, message []byte) ([]byte, []byte) {
				a := flowtest.Usual()
				change(&a)
				client := a.ClientData(flowtest.Text(message))
				return s.SignedBy(a.AuthData(), client), flow.Extension(a.AuthData(), client)
			}}
		}
	}
	other := flow.Address{7: 0x43}
	for _, c := range []struct {
		name, code string
		change     func(b *bill)
	}{
		{"another script", "script_not_paid", func(b *bill) { b.Script = []byte(paidScript + "\n") }},
		{"a new account", "script_not_paid", func(b *bill) { b.Script = key }},
		{"much computation", "gas_limit", func(b *bill) { b.GasLimit = payGas + 1 }},
		{"no computation", "gas_limit", func(b *bill) { b.GasLimit = 0 }},
		{"long arguments", "too_long", func(b *bill) { b.Arguments = [][]byte{bytes.Repeat([]byte{'1'}, payBytes)} }},
		{"another payer", "wrong_payer", func(b *bill) { b.Payer = other }},
		{"the account pays", "wrong_payer", func(b *bill) { b.Payer = flowUser }},
		{"the service authorizes", "wrong_payer", func(b *bill) { b.Authorizers = []flow.Address{flowUser, flowService} }},
		{"the service proposes", "wrong_payer", func(b *bill) { b.ProposalKey.Address = flowService }},
		{"somebody else authorizes too", "several_accounts", func(b *bill) { b.Authorizers = []flow.Address{flowUser, other} }},
		{"nobody authorizes", "several_accounts", func(b *bill) { b.Authorizers = nil }},
		{"somebody else authorizes", "several_accounts", func(b *bill) { b.Authorizers = []flow.Address{other} }},
		{"the payer has signed", "payer_signed", func(b *bill) {
			b.EnvelopeSignatures = []flow.Signature{{Address: flowService, Signature: make([]byte, 64)}}
		}},
		{"a key counted again in the payer's name", "payer_signed", func(b *bill) {
			m, _ := b.Message(flowUser)
			signature, extension := b.how.Make(user500[1], m)
			for _, who := range []flow.Address{flowUser, flowService} {
				b.PayloadSignatures = append(b.PayloadSignatures, flow.Signature{Address: who, KeyIndex: 1, Signature: signature, Extension: extension})
			}
			b.signers = nil
		}},
		{"a block that is not known", "unknown_block", func(b *bill) { b.ReferenceBlock[31] = 99 }},
		{"a sequence number that is used", "sequence_used", func(b *bill) { b.ProposalKey.SequenceNumber = 3 }},
		{"a sequence number of later", "sequence_early", func(b *bill) { b.ProposalKey.SequenceNumber = 5 }},
		{"one signature of two", "too_light", func(b *bill) { b.signers = map[uint32]*flowtest.Signer{1: user500[1]} }},
		{"not by the proposal key", "proposer_missing", func(b *bill) { b.signers = map[uint32]*flowtest.Signer{0: user500[0]} }},
		{"no signature", "proposer_missing", func(b *bill) { b.signers = nil }},
		{"by a key that is not there", "no_key", func(b *bill) { b.signers = map[uint32]*flowtest.Signer{0: user500[0], 1: user500[1], 2: user500[0]} }},
		{"by keys in each other's place", "refused", func(b *bill) { b.signers = map[uint32]*flowtest.Signer{0: user500[1], 1: user500[0]} }},
		{"on another page", "bad_passkey", assertion(func(a *flowtest.Assertion) {
			a.Client = strings.ReplaceAll(a.Client, flowtest.Origin, "https://evil.example")
		})},
		{"for another relying party", "bad_passkey", assertion(func(a *flowtest.Assertion) { a.RPIDHash[0] ^= 1 })},
	} {
		if got := r.flow("sponsor", newBill(4, c.change)); got.code != c.code {
			t.Errorf("%s: %q, want %q: %s", c.name, got.code, c.code, got.Error)
		}
	}
	unseen := newBill(4, assertion(func(a *flowtest.Assertion) { a.Flags &^= flowtest.UV }))
	if got := strict.flow("sponsor", unseen); got.code != "bad_passkey" {
		t.Errorf("without UV where it is required: %+v", got)
	}
	n.height = 5 + payBlocks + 1
	if got := r.flow("sponsor", newBill(4)); got.code != "expired" {
		t.Errorf("on an old block: %+v", got)
	}
	n.height = 7
	n.accounts[flowUser.Hex()][0].Revoked = true
	if got := r.flow("sponsor", newBill(4)); got.code != "refused" {
		t.Errorf("by a revoked key: %+v", got)
	}
	n.accounts[flowService.Hex()][0].Weight = 999
	n.accounts[flowUser.Hex()][0].Revoked = false
	if got := r.flow("sponsor", newBill(4)); got.code != "not_its_key" {
		t.Errorf("with a light key of its own: %+v", got)
	}
	for body, code := range map[string]string{`{"transaction":"c0"}`: "refused", `{"transaction":"zz"}`: "bad_request", `{"transaction":"","more":1}`: "bad_request"} {
		if got := r.flow("sponsor", body); got.code != code {
			t.Errorf("%s: %+v", body, got)
		}
	}
	if len(n.sent) != 0 {
		t.Fatalf("sent for what was refused: %v", n.sent)
	}
	n.accounts[flowService.Hex()][0].Weight = 1000
	if got := r.flow("sponsor", unseen); got.Status != "Sealed" {
		t.Errorf("without UV where it is not required: %+v", got)
	}
}

func TestOneTransactionPerSequenceNumberIsPaidFor(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	n.halves(4)
	n.lose = true
	first := newBill(4)
	if got := r.flow("sponsor", first); got.code != "chain_failed" {
		t.Fatalf("%+v", got)
	}
	second := newBill(4, func(b *bill) { b.ReferenceBlock[31] = 6 })
	n.lose = false
	if got := r.flow("sponsor", second); got.code != "other_paid" || len(n.sent) != 1 {
		t.Errorf("while the first may run: %+v, sent %v", got, n.sent)
	}
	// The first can never run: it has expired, and the second is on a newer block.
	n.height = 5 + flow.ExpiryBlocks + 1
	late := newBill(4, func(b *bill) { b.ReferenceBlock, _ = flow.ParseIdentifier(blockID(n.height)) })
	if got := r.flow("sponsor", late); got.Status != "Sealed" || len(n.sent) != 2 {
		t.Errorf("when the first has expired: %+v, sent %v", got, n.sent)
	}
	// The node refuses one for good: it does not stand in the way of the next.
	n.height, n.refuse = 7, true
	n.halves(5)
	if got := r.flow("sponsor", newBill(5)); got.code != "node_refused" {
		t.Errorf("%+v", got)
	}
	n.refuse = false
	if got := r.flow("sponsor", newBill(5, func(b *bill) { b.ReferenceBlock[31] = 6 })); got.Status != "Sealed" {
		t.Errorf("after a refusal: %+v", got)
	}
	// What failed in execution is said, again and again, and is not paid for anew.
	n.fail = true
	n.halves(6)
	before := len(n.sent)
	for range 2 {
		if got := r.flow("sponsor", newBill(6)); got.Status != "Sealed" || !strings.Contains(got.Failure, "1101") || len(n.sent) != before+1 {
			t.Errorf("%+v, sent %v", got, n.sent)
		}
	}
}

func TestWhatIsPaidForIsBounded(t *testing.T) {
	n := newFlowNode(t)
	var sponsor *Sponsor
	r := flowServer(t, n, openStore(t), func(f *Flow) { sponsor = f.Sponsor })
	for i := range uint64(payEach) {
		n.halves(i)
		if got := r.flow("sponsor", newBill(i)); got.Status != "Sealed" {
			t.Fatalf("%d: %+v", i, got)
		}
	}
	n.halves(payEach)
	if got := r.flow("sponsor", newBill(payEach)); got.code != "paid_often" {
		t.Errorf("one too many: %+v", got)
	}
	if got := r.flow("sponsor", newBill(payEach-1)); got.Status != "Sealed" {
		t.Errorf("what was paid for before: %+v", got)
	}
	sponsor.mu.Lock()
	for i, at := range sponsor.lately[flowUser] {
		sponsor.lately[flowUser][i] = at.Add(-payWindow)
	}
	sponsor.mu.Unlock()
	if got := r.flow("sponsor", newBill(payEach)); got.Status != "Sealed" {
		t.Errorf("later: %+v", got)
	}
	sponsor.mu.Lock()
	for i := range uint64(maxPaid) {
		sponsor.paid[flow.ProposalKey{SequenceNumber: i}] = &payment{}
	}
	sponsor.mu.Unlock()
	n.halves(payEach + 1)
	if got := r.flow("sponsor", newBill(payEach+1)); got.code != "paid_enough" {
		t.Errorf("in all: %+v", got)
	}
}

func TestHowOldABlockIs(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	n.height = 640
	if got := r.flow("block", map[string]string{"id": blockID(40)}); got.Height != "40" || got.Latest != "640" {
		t.Errorf("%+v", got)
	}
	for id, code := range map[string]string{blockID(641): "unknown_block", "ab": "refused"} {
		if got := r.flow("block", map[string]string{"id": id}); got.code != code {
			t.Errorf("%s: %+v", id, got)
		}
	}
}

func TestNobodyPaysWithoutAService(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t), func(f *Flow) { f.Sponsor = nil })
	for _, what := range []string{"sponsor", "account"} {
		res, text := r.do(http.MethodPost, flowPath+what)
		r.refused(res, text, http.StatusNotFound, "not_found")
	}
	without := &Flow{}
	c, err := without.page()
	if err != nil || c.Sponsor != nil || c.Accounts {
		t.Errorf("%+v, %v", c, err)
	}
	s, err := NewSponsor(flowService, serviceKey, []byte(paidScript))
	if err != nil {
		t.Fatal(err)
	}
	with := &Flow{Sponsor: s}
	if c, err = with.page(); err != nil || fmt.Sprint(c.Sponsor.Scripts) != fmt.Sprint([]string{
		flow.HashScript([]byte(c.Scripts.Add)).String(), flow.HashScript([]byte(c.Scripts.Revoke)).String(), flow.HashScript([]byte(paidScript)).String(),
	}) || c.Sponsor.Address != flowService.String() || c.Sponsor.Gas != payGas {
		t.Errorf("%+v, %v", c, err)
	}
}
