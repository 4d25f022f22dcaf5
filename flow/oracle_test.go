package flow_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
)

var update = flag.Bool("update", false, "record what the oracle in POSTERN_FLOW says")

// What interop/flow/oracle reads and writes.
type (
	oracleSignature struct {
		Address   []byte
		Key       uint32
		Signature []byte
		Extension []byte
	}
	oracleQuestion struct {
		Script, ReferenceBlock, Proposer, Payer []byte
		Arguments, Authorizers                  [][]byte
		Gas, Sequence                           uint64
		Key                                     uint32
		Inside, Outside                         []oracleSignature
	}
	oracleAnswer struct {
		Payload, Envelope, ID []byte
		Inside, Outside       []struct {
			Accepted bool
			Signed   []byte
		}
		Error string
	}
)

func questionOf(t *flow.Transaction) oracleQuestion {
	signatures := func(list []flow.Signature) (out []oracleSignature) {
		for _, s := range list {
			out = append(out, oracleSignature{s.Address[:], s.KeyIndex, s.Signature, s.Extension})
		}
		return out
	}
	q := oracleQuestion{
		Script: t.Script, ReferenceBlock: t.ReferenceBlock[:], Proposer: t.ProposalKey.Address[:], Payer: t.Payer[:],
		Arguments: t.Arguments, Gas: t.GasLimit, Sequence: t.ProposalKey.SequenceNumber, Key: t.ProposalKey.KeyIndex,
		Inside: signatures(t.PayloadSignatures), Outside: signatures(t.EnvelopeSignatures),
	}
	for _, a := range t.Authorizers {
		q.Authorizers = append(q.Authorizers, bytes.Clone(a[:]))
	}
	return q
}

// signedTransaction is a random transaction whose signatures are of all forms, half of them damaged by a byte.
func signedTransaction(r *rand.Rand, s *flowtest.Signer, forms []flowtest.Case) *flow.Transaction {
	t := randomTransaction(r)
	if len(t.Script) == 0 { // flow-go makes none
		t.Script = []byte("transaction {}")
	}
	t.PayloadSignatures, t.EnvelopeSignatures = nil, nil
	sign := func(a flow.Address, key uint32) {
		message, err := t.Message(a)
		if err != nil {
			panic(err)
		}
		signature, extension := forms[r.IntN(len(forms))].Make(s, message)
		if r.IntN(2) == 0 && len(extension) > 0 {
			extension[r.IntN(len(extension))] ^= byte(1 << r.IntN(8))
		}
		if err := t.Sign(flow.Signature{Address: a, KeyIndex: key, Signature: signature, Extension: extension}); err != nil {
			panic(err)
		}
	}
	for _, a := range t.Signers() {
		if t.Role(a) == flow.RolePayload {
			for key := range uint32(r.IntN(2) + 1) {
				sign(a, key)
			}
		}
	}
	sign(t.Payer, 0)
	return t
}

func domainTag() []byte {
	return append([]byte(flow.TagTransaction), make([]byte, 32-len(flow.TagTransaction))...)
}

// recorded is how many of the oracle's answers are kept for machines without it.
const recorded = 60

// TestFlowGoAgrees: payload, envelope, id and what is taken of extensions are flow-go's, of 20,000 random transactions where
// the oracle is, and of those that were recorded elsewhere.
func TestFlowGoAgrees(t *testing.T) {
	const file = "testdata/flow-go.json"
	ask := replayed(t, file)
	count, answers := recorded, []json.RawMessage(nil)
	if dir := os.Getenv("POSTERN_FLOW"); dir != "" {
		ask, count = oracle(t, dir), 20_000
	} else {
		t.Logf("no oracle (POSTERN_FLOW is not set): %d transactions, as flow-go v0.47 judged them, instead of 20,000", count)
	}
	r, s := rand.New(rand.NewPCG(7, 8)), flowtest.NewSigner("oracle")
	forms := append(flowtest.WebAuthn(), flowtest.Plain()...)
	key := flow.Passkey(s.Public(), 1000)
	taken, refused := 0, 0
	for i := range count {
		tx := signedTransaction(r, s, forms)
		raw := ask(i, questionOf(tx))
		if len(answers) < recorded {
			answers = append(answers, raw)
		}
		var a oracleAnswer
		if err := json.Unmarshal(raw, &a); err != nil || a.Error != "" {
			t.Fatalf("%d: %v %s", i, err, a.Error)
		}
		id := tx.ID()
		if !bytes.Equal(a.Payload, tx.Payload()) || !bytes.Equal(a.Envelope, tx.Envelope()) || !bytes.Equal(a.ID, id[:]) {
			t.Fatalf("%d: %+v\nflow-go %x\n%x\n%x", i, tx, a.Payload, a.Envelope, a.ID)
		}
		for list, signatures := range [][]flow.Signature{tx.PayloadSignatures, tx.EnvelopeSignatures} {
			verdicts, role, message := a.Inside, flow.RolePayload, append(domainTag(), a.Payload...)
			if list == 1 {
				verdicts, role, message = a.Outside, flow.RoleEnvelope, append(domainTag(), a.Envelope...)
			}
			for n, signature := range signatures {
				err := tx.VerifySignature(signature, role, key, nil)
				accepted := err == nil || errors.Is(err, flow.ErrSignature) || errors.Is(err, flow.ErrSignatureLen)
				if accepted != verdicts[n].Accepted {
					t.Fatalf("%d: signature %d: %v, and flow-go takes it: %t\n%x", i, n, err, verdicts[n].Accepted, signature.Extension)
				}
				if accepted {
					if signed, err := flow.SignedBy(signature.Extension, message); err != nil || !bytes.Equal(signed, verdicts[n].Signed) {
						t.Fatalf("%d: signature %d is of %x, %v, and flow-go's of %x", i, n, signed, err, verdicts[n].Signed)
					}
					taken++
				} else {
					refused++
				}
			}
		}
	}
	t.Logf("%d transactions, %d extensions taken, %d refused", count, taken, refused)
	if taken < count/4 || refused < count/4 {
		t.Error("too few to mean anything")
	}
	if *update && os.Getenv("POSTERN_FLOW") != "" {
		b, err := json.MarshalIndent(answers, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func replayed(t *testing.T, file string) func(i int, q oracleQuestion) json.RawMessage {
	b, err := os.ReadFile(file)
	if err != nil {
		if *update {
			return nil
		}
		t.Fatal(err)
	}
	var answers []json.RawMessage
	if err := json.Unmarshal(b, &answers); err != nil || len(answers) != recorded {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	return func(i int, _ oracleQuestion) json.RawMessage { return answers[i] }
}

func oracle(t *testing.T, dir string) func(i int, q oracleQuestion) json.RawMessage {
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "oracle"))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	lines, questions := bufio.NewReaderSize(stdout, 1<<20), json.NewEncoder(stdin)
	return func(_ int, q oracleQuestion) json.RawMessage {
		if err := questions.Encode(q); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		return bytes.TrimSpace(line)
	}
}
