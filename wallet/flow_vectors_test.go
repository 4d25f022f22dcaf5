// The page for Flow repeats in JavaScript what package flow does for an account that does everything itself: messages,
// extensions, whole transactions, ids. This file writes what Go says to testdata/flow.json; jstest/ compares.

package wallet_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
)

const flowFile = "testdata/flow.json"

type flowVectors struct {
	Generator    string            `json:"generator"`
	Scripts      map[string]string `json:"scripts"` // hashes of package flow's
	Transactions []flowVector      `json:"transactions"`
	Together     []flowTogether    `json:"together"` // signed by several keys, or paid for by somebody else
	Proofs       []flowProofVector `json:"proofs"`
}

type flowTogether struct {
	Script     string     `json:"script"`
	Block      string     `json:"block"`
	Account    string     `json:"account"`
	Key        uint32     `json:"key"`
	Sequence   string     `json:"sequence"`
	Payer      string     `json:"payer"`
	Message    string     `json:"message"`    // of the account
	Signatures []flowPart `json:"signatures"` // as they were made, in whatever order
	Part       string     `json:"part"`       // with the account's signatures
	PayerKey   uint32     `json:"payerKey"`
	Paid       string     `json:"paid"` // the payer's signature, or ""
	Whole      string     `json:"whole"`
	ID         string     `json:"id"`
}

type flowPart struct {
	Key        uint32 `json:"key"`
	Signature  string `json:"signature"`
	AuthData   string `json:"authenticatorData"`
	ClientData string `json:"clientDataJSON"`
}

type flowVector struct {
	Script     string   `json:"script"`
	Args       []string `json:"args"`
	Block      string   `json:"block"`
	Gas        uint64   `json:"gas"`
	Account    string   `json:"account"`
	Key        uint32   `json:"key"`
	Sequence   string   `json:"sequence"`
	Message    string   `json:"message"`
	Challenge  string   `json:"challenge"`
	Signature  string   `json:"signature"`
	AuthData   string   `json:"authenticatorData"`
	ClientData string   `json:"clientDataJSON"`
	Extension  string   `json:"extension"`
	Whole      string   `json:"whole"`
	ID         string   `json:"id"`
}

type flowProofVector struct {
	App     string `json:"app"`
	Account string `json:"account"`
	Nonce   string `json:"nonce"`
	Message string `json:"message"`
}

func TestFlowVectors(t *testing.T) {
	got, err := json.MarshalIndent(goFlow(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(flowFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(flowFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s is not what Go says; write it anew with -update", flowFile)
	}
}

func goFlow(t *testing.T) flowVectors {
	t.Helper()
	user := flowtest.NewSigner("page")
	key := flow.Passkey(user.Public(), flow.WeightThreshold)
	create, keys, err := flow.CreateAccount(key)
	if err != nil {
		t.Fatal(err)
	}
	add, _, err := flow.AddKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	revoke, index := flow.RevokeKey(3)
	v := flowVectors{
		Generator: "go test ./wallet -run TestFlowVectors -update",
		Scripts: map[string]string{
			"create": flow.HashScript(create).String(), "add": flow.HashScript(add).String(), "revoke": flow.HashScript(revoke).String(),
		},
	}
	account := flow.Address{0xf8, 0xd6, 0xe0, 0x58, 0x6b, 0x0a, 0x20, 0xc7}
	for i, tx := range []flow.Transaction{
		{Script: create, Arguments: keys, GasLimit: 9999},
		{Script: add, Arguments: keys, GasLimit: 9999, ProposalKey: flow.ProposalKey{SequenceNumber: 127}},
		{Script: revoke, Arguments: index, GasLimit: 9999, ProposalKey: flow.ProposalKey{KeyIndex: 1, SequenceNumber: 128}},
		{Script: []byte("transaction {}"), GasLimit: 0},
		{Script: []byte("t"), GasLimit: 1, Arguments: [][]byte{[]byte("1")}, ProposalKey: flow.ProposalKey{KeyIndex: 127, SequenceNumber: math.MaxUint64}},
		{Script: []byte(strings.Repeat("é", 27) + "x"), GasLimit: 255, ProposalKey: flow.ProposalKey{KeyIndex: 128, SequenceNumber: 256}},
		{Script: []byte(strings.Repeat("x", 56)), GasLimit: 256, ProposalKey: flow.ProposalKey{KeyIndex: 65536}},
		{Script: []byte(strings.Repeat("x", 70_000)), GasLimit: 9999},
	} {
		a := account
		if i%2 == 1 {
			a = flow.Address{7: byte(i)} // zeros in front stay
		}
		tx.Payer, tx.Authorizers, tx.ProposalKey.Address = a, []flow.Address{a}, a
		tx.ReferenceBlock = sha256.Sum256([]byte{byte(i)})
		message, err := tx.Message(a)
		if err != nil {
			t.Fatal(err)
		}
		signature, extension := flowtest.WebAuthn()[0].Make(user, message)
		if err := tx.Sign(flow.Signature{Address: a, KeyIndex: tx.ProposalKey.KeyIndex, Signature: signature, Extension: extension}); err != nil {
			t.Fatal(err)
		}
		auth, client, err := flow.ParseExtension(extension)
		if err != nil {
			t.Fatal(err)
		}
		challenge := sha256.Sum256(message)
		one := flowVector{
			Script: string(tx.Script), Args: []string{}, Block: tx.ReferenceBlock.String(), Gas: tx.GasLimit, Account: a.Hex(), Key: tx.ProposalKey.KeyIndex,
			Sequence: fmt.Sprint(tx.ProposalKey.SequenceNumber), Message: hex.EncodeToString(message), Challenge: hex.EncodeToString(challenge[:]),
			Signature: hex.EncodeToString(signature), AuthData: hex.EncodeToString(auth), ClientData: hex.EncodeToString(client),
			Extension: hex.EncodeToString(extension), Whole: hex.EncodeToString(tx.Bytes()), ID: tx.ID().String(),
		}
		for _, b := range tx.Arguments {
			one.Args = append(one.Args, string(b))
		}
		if len(tx.Script) > 60_000 { // its bytes are known from its id
			one.Message, one.Whole = "", ""
		}
		v.Transactions = append(v.Transactions, one)
	}
	for i, keys := range [][]uint32{{0}, {1, 0}, {300, 2, 129}} {
		v.Together = append(v.Together, goTogether(t, i, account, account, keys), goTogether(t, i+3, account, flow.Address{7: 9}, keys))
	}
	for _, p := range []flow.Proof{
		{App: "Postern", Address: account, Nonce: make([]byte, 32)},
		{App: "Ä long name of an app, more than fifty-five bytes of it in UTF-8", Address: flow.Address{7: 1}, Nonce: bytes.Repeat([]byte{0xff}, 109)},
	} {
		m, err := p.Message()
		if err != nil {
			t.Fatal(err)
		}
		v.Proofs = append(v.Proofs, flowProofVector{p.App, p.Address.Hex(), hex.EncodeToString(p.Nonce), hex.EncodeToString(m)})
	}
	return v
}

// goTogether is a transaction that keys sign in an order of their own; the payer, if it is another account, last.
func goTogether(t *testing.T, i int, account, payer flow.Address, keys []uint32) flowTogether {
	t.Helper()
	tx := &flow.Transaction{
		Script: []byte("transaction {}"), GasLimit: 1000, ReferenceBlock: sha256.Sum256([]byte{byte(i)}), Payer: payer,
		ProposalKey: flow.ProposalKey{Address: account, KeyIndex: keys[0], SequenceNumber: uint64(i) * 200}, Authorizers: []flow.Address{account},
	}
	message, err := tx.Message(account)
	if err != nil {
		t.Fatal(err)
	}
	out := flowTogether{
		Script: string(tx.Script), Block: tx.ReferenceBlock.String(), Account: account.Hex(), Key: keys[0], Sequence: fmt.Sprint(tx.ProposalKey.SequenceNumber),
		Payer: payer.Hex(), Message: hex.EncodeToString(message),
	}
	for _, key := range keys {
		signature, extension := flowtest.WebAuthn()[0].Make(flowtest.NewSigner(fmt.Sprint(key)), message)
		auth, client, err := flow.ParseExtension(extension)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Sign(flow.Signature{Address: account, KeyIndex: key, Signature: signature, Extension: extension}); err != nil {
			t.Fatal(err)
		}
		out.Signatures = append(out.Signatures, flowPart{key, hex.EncodeToString(signature), hex.EncodeToString(auth), hex.EncodeToString(client)})
	}
	out.Part = hex.EncodeToString(tx.Bytes())
	if payer != account {
		out.PayerKey = uint32(i)
		envelope, err := tx.Message(payer)
		if err != nil {
			t.Fatal(err)
		}
		signature := flowtest.NewSigner("payer").Sign(sha256.Sum256(envelope))
		if err := tx.Sign(flow.Signature{Address: payer, KeyIndex: out.PayerKey, Signature: signature}); err != nil {
			t.Fatal(err)
		}
		out.Paid = hex.EncodeToString(signature)
	}
	out.Whole, out.ID = hex.EncodeToString(tx.Bytes()), tx.ID().String()
	return out
}
