package inspect_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/internal/inspect"
)

func flowTransaction(t testing.TB) *flow.Transaction {
	t.Helper()
	user := flow.Address{0xf8, 7: 1}
	script, arguments := flow.RevokeKey(3)
	return &flow.Transaction{Script: script, Arguments: arguments, GasLimit: 100,
		ProposalKey: flow.ProposalKey{Address: user, SequenceNumber: 7}, Payer: flow.Address{7: 9}, Authorizers: []flow.Address{user}}
}

// What nodes refuse for the extension's own sake is an error, in package flow's words; what they take has none.
func TestExtensionsOfFlowAreExplained(t *testing.T) {
	tx := flowTransaction(t)
	message, err := tx.Message(tx.ProposalKey.Address)
	if err != nil {
		t.Fatal(err)
	}
	challenge := sha256.Sum256(message)
	known := inspect.Options{Challenge: challenge[:]}
	seen := 0
	for _, c := range flowtest.WebAuthn() {
		_, extension := c.Make(flowtest.NewSigner("user"), message)
		if _, _, err := flow.ParseExtension(extension); err != nil {
			continue
		}
		seen++
		r, err := inspect.Inspect([]byte(hex.EncodeToString(extension)), known)
		if err != nil || r.Readings[0].Kind != "flow-extension" {
			t.Errorf("%s: %v, %v", c.Name, err, kinds(r))
			continue
		}
		want := c.Cause != nil && !errors.Is(c.Cause, flow.ErrSignature) && !errors.Is(c.Cause, flow.ErrSignatureLen)
		if r.OK == want {
			t.Errorf("%s (%v): %+v", c.Name, c.Cause, r.Readings[0].Findings)
		}
		if want && !slices.ContainsFunc(r.Readings[0].Findings, func(f inspect.Finding) bool {
			return f.Hint != "" && strings.Contains(f.Message, strings.TrimPrefix(c.Cause.Error(), "flow: "))
		}) {
			t.Errorf("%s: %+v", c.Name, r.Readings[0].Findings)
		}
	}
	if seen < 20 {
		t.Errorf("%d extensions", seen)
	}
}

func TestExtensionsOfFlowAreComparedWithWhatIsGiven(t *testing.T) {
	_, extension := flowtest.WebAuthn()[0].Make(flowtest.NewSigner("user"), []byte("message"))
	right := inspect.Options{RPID: flowtest.RPID, Origins: []string{flowtest.Origin}}
	for name, c := range map[string]struct {
		b    []byte
		opt  inspect.Options
		want []string
	}{
		"right":                 {extension, right, nil},
		"another challenge":     {extension, inspect.Options{Challenge: make([]byte, 32)}, []string{"challenge"}},
		"another relying party": {extension, inspect.Options{RPID: "example.org"}, []string{"rp-id"}},
		"another origin":        {extension, inspect.Options{Origins: []string{"https://example.org"}}, []string{"origin"}},
		"cut":                   {extension[:len(extension)-1], right, []string{"extension"}},
	} {
		r, err := inspect.Inspect([]byte(hex.EncodeToString(c.b)), c.opt)
		if err != nil || r.Readings[0].Kind != "flow-extension" || !slices.Equal(codes(r, inspect.Error), c.want) {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
}

func TestMessagesOfFlowAreExplained(t *testing.T) {
	tx := flowTransaction(t)
	user := tx.ProposalKey.Address
	payload, err := tx.Message(user)
	if err != nil {
		t.Fatal(err)
	}
	challenge := sha256.Sum256(payload)
	r, err := inspect.Inspect([]byte(hex.EncodeToString(payload)), inspect.Options{Challenge: challenge[:]})
	if err != nil || !r.OK || r.Readings[0].Kind != "flow-message" || !strings.HasPrefix(fact(r, "script"), "revokes a key of the authorizer's account: ") ||
		fact(r, "argument 0") != "Int 3" || fact(r, "payer") != tx.Payer.String() || fact(r, "signed by") != "proposer and authorizers (payload)" {
		t.Errorf("%v, %+v", err, r)
	}
	if r, err := inspect.Inspect(payload, inspect.Options{Challenge: make([]byte, 32)}); err != nil || !slices.Equal(codes(r, inspect.Error), []string{"challenge"}) {
		t.Errorf("another challenge: %v, %+v", err, r)
	}
	if r, err := inspect.Inspect(payload[:len(payload)-1], inspect.Options{}); err != nil || !slices.Equal(codes(r, inspect.Error), []string{"message"}) || r.Readings[0].Findings[0].Hint == "" {
		t.Errorf("cut: %v, %+v", err, r)
	}

	signature, extension := flowtest.WebAuthn()[0].Make(flowtest.NewSigner("user"), payload)
	if err := tx.Sign(flow.Signature{Address: user, Signature: signature, Extension: extension}); err != nil {
		t.Fatal(err)
	}
	envelope, err := tx.Message(tx.Payer)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := inspect.Inspect(envelope, inspect.Options{}); err != nil || !r.OK || fact(r, "signed by") != "the payer (envelope)" || fact(r, "signed") != user.String()+", key 0" {
		t.Errorf("envelope: %v, %+v", err, r)
	}
	r, err = inspect.Inspect([]byte(hex.EncodeToString(tx.Bytes())), inspect.Options{})
	if err != nil || r.Readings[0].Kind != "flow-transaction" || !slices.Equal(codes(r, inspect.Note), []string{"missing", "verify"}) {
		t.Errorf("transaction: %v, %+v", err, r)
	}
	tx.GasLimit = flow.MaxGasLimit + 1
	if r, err := inspect.Inspect(tx.Bytes(), inspect.Options{}); err != nil || !slices.Equal(codes(r, inspect.Error), []string{"gas-limit"}) {
		t.Errorf("gas: %v, %+v", err, r)
	}
}
