// The page that apps use through FCL reads what they want signed by a decoder of its own. This file writes messages and
// what package flow reads in them to testdata/flow_messages.json; jstest/ compares.

package wallet_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
)

const flowMessagesFile = "testdata/flow_messages.json"

type flowMessages struct {
	Generator string        `json:"generator"`
	Read      []flowMessage `json:"read"`
	// Refused are messages with something wrong; Taken are such as happen to be right all the same. Hexadecimal digits.
	Refused []string `json:"refused"`
	Taken   []string `json:"taken"`
}

type flowMessage struct {
	Message     string          `json:"message"`
	Kind        string          `json:"kind"`
	Script      string          `json:"script"`
	Args        []string        `json:"args"`
	Block       string          `json:"block"`
	Gas         uint64          `json:"gas"`
	Proposer    string          `json:"proposer"`
	Key         uint32          `json:"key"`
	Sequence    string          `json:"sequence"`
	Payer       string          `json:"payer"`
	Authorizers []string        `json:"authorizers"`
	Signatures  []flowSignature `json:"signatures"`
}

type flowSignature struct {
	Address   string `json:"address"`
	Key       uint32 `json:"key"`
	Signature string `json:"signature"`
	Extension string `json:"extension"`
}

func TestFlowMessages(t *testing.T) {
	got, err := json.MarshalIndent(goFlowMessages(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(flowMessagesFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(flowMessagesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s is not what Go says; write it anew with -update", flowMessagesFile)
	}
}

func goFlowMessages(t *testing.T) flowMessages {
	t.Helper()
	v := flowMessages{Generator: "go test ./wallet -run TestFlowMessages -update"}
	draw := rand.New(rand.NewPCG(7, 264))
	user, other := flowtest.NewSigner("page"), flowtest.NewSigner("other")
	a, b, c := flow.Address{0xf8, 1}, flow.Address{7: 2}, flow.Address{3, 3, 3, 3, 3, 3, 3, 3}
	for i, tx := range []flow.Transaction{
		{Script: []byte("transaction {}"), Payer: a},
		{Script: []byte("t"), Payer: a, Authorizers: []flow.Address{a}, GasLimit: 9999},
		{Script: []byte(strings.Repeat("é", 28)), Payer: b, Authorizers: []flow.Address{a}, GasLimit: 127, Arguments: [][]byte{[]byte("1"), []byte(`{"type":"String","value":"ä"}`), {}}},
		{Script: []byte(strings.Repeat("x", 300)), Payer: b, Authorizers: []flow.Address{a, c, b}, GasLimit: 128, ProposalKey: flow.ProposalKey{KeyIndex: math.MaxUint32, SequenceNumber: math.MaxUint64}},
		{Payer: c, Authorizers: []flow.Address{b, c}, ProposalKey: flow.ProposalKey{KeyIndex: 256, SequenceNumber: 1 << 32}},
	} {
		tx.ProposalKey.Address = a
		for j := range tx.ReferenceBlock {
			tx.ReferenceBlock[j] = byte(draw.Uint32())
		}
		for _, signer := range tx.Signers() {
			if tx.Role(signer) != flow.RolePayload {
				continue
			}
			m, err := tx.Message(signer)
			if err != nil {
				t.Fatal(err)
			}
			v.Read = append(v.Read, read(t, m))
			one, two := flow.Signature{Address: signer, KeyIndex: 1, Signature: make([]byte, 64)}, flow.Signature{Address: signer, KeyIndex: 300}
			two.Signature, two.Extension = flowtest.WebAuthn()[0].Make(user, m)
			if i%2 == 0 {
				one.Signature, one.Extension = flowtest.WebAuthn()[0].Make(other, m)
			}
			for _, s := range []flow.Signature{two, one} {
				if err := tx.Sign(s); err != nil {
					t.Fatal(err)
				}
			}
		}
		m, err := tx.Message(tx.Payer)
		if err != nil {
			t.Fatal(err)
		}
		v.Read = append(v.Read, read(t, m))
	}
	for _, r := range v.Read {
		m, err := hex.DecodeString(r.Message)
		if err != nil {
			t.Fatal(err)
		}
		for range 14 {
			v.judge(spoiled(draw, m))
		}
	}
	tag := append([]byte(flow.TagTransaction), make([]byte, 11)...)
	for _, body := range []string{"", "80", "c0", "c1c0", "c2c0c0", "f8", "f800", "f90000", "ff" + strings.Repeat("ff", 8), "bf" + strings.Repeat("ff", 8), strings.Repeat("c1", 100), "c3c20180c0", strings.Repeat("f9ffff", 30)} {
		m, err := hex.DecodeString(body)
		if err != nil {
			t.Fatal(err)
		}
		v.judge(append(slices.Clone(tag), m...))
	}
	t.Logf("%d messages, %d refused, %d taken all the same", len(v.Read), len(v.Refused), len(v.Taken))
	return v
}

func (v *flowMessages) judge(m []byte) {
	if _, _, err := flow.DecodeMessage(m); err != nil {
		v.Refused = append(v.Refused, hex.EncodeToString(m))
	} else {
		v.Taken = append(v.Taken, hex.EncodeToString(m))
	}
}

// spoiled is a message with one to three things changed.
func spoiled(draw *rand.Rand, m []byte) []byte {
	m = slices.Clone(m)
	for range 1 + draw.IntN(3) {
		if len(m) == 0 {
			break
		}
		at := draw.IntN(len(m))
		if draw.IntN(4) > 0 { // where lengths are: there it hurts
			at = min(len(m)-1, 32+draw.IntN(20))
		}
		switch draw.IntN(5) {
		case 0:
			m[at] ^= 1 << draw.IntN(8)
		case 1:
			m = slices.Delete(m, at, at+1)
		case 2:
			m = slices.Insert(m, at, byte(draw.Uint32()))
		case 3:
			m = m[:len(m)-1]
		case 4:
			m = append(m, byte(draw.Uint32()))
		}
	}
	return m
}

func read(t *testing.T, m []byte) flowMessage {
	t.Helper()
	tx, role, err := flow.DecodeMessage(m)
	if err != nil {
		t.Fatal(err)
	}
	r := flowMessage{
		Message: hex.EncodeToString(m), Kind: role.String(), Script: string(tx.Script), Args: []string{}, Block: tx.ReferenceBlock.String(), Gas: tx.GasLimit,
		Proposer: tx.ProposalKey.Address.Hex(), Key: tx.ProposalKey.KeyIndex, Sequence: fmt.Sprint(tx.ProposalKey.SequenceNumber), Payer: tx.Payer.Hex(),
		Authorizers: []string{}, Signatures: []flowSignature{},
	}
	for _, arg := range tx.Arguments {
		r.Args = append(r.Args, string(arg))
	}
	for _, a := range tx.Authorizers {
		r.Authorizers = append(r.Authorizers, a.Hex())
	}
	for _, s := range tx.PayloadSignatures {
		r.Signatures = append(r.Signatures, flowSignature{s.Address.Hex(), s.KeyIndex, hex.EncodeToString(s.Signature), hex.EncodeToString(s.Extension)})
	}
	return r
}
