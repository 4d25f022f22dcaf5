package flow_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/rlp"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
)

// What @onflow/sdk 1.13.7 hands to the signers of a sponsored transaction; each answered with the signature ab…ab and the
// extension 01c0. The id is the SDK's own, of a voucher without 0x: with it, encodeTxIdFromVoucher finds no signer's place
// and computes another id.
func signables(t testing.TB) (id string, each []json.RawMessage) {
	t.Helper()
	b, err := os.ReadFile("testdata/fcl-signables.json")
	if err != nil {
		t.Fatal(err)
	}
	var w struct {
		TxID string
		Seen []json.RawMessage
	}
	if err := json.Unmarshal(b, &w); err != nil || len(w.Seen) != 2 {
		t.Fatal(err)
	}
	return w.TxID, w.Seen
}

func TestSignablesOfTheSDK(t *testing.T) {
	id, each := signables(t)
	inside, err := flow.ParseSignable(each[0])
	if err != nil {
		t.Fatal(err)
	}
	outside, err := flow.ParseSignable(each[1])
	if err != nil {
		t.Fatal(err)
	}
	if inside.Role != flow.RolePayload || outside.Role != flow.RoleEnvelope || inside.KeyIndex != 0 || outside.KeyIndex != 2 {
		t.Errorf("%+v\n%+v", inside, outside)
	}
	signature := bytes.Repeat([]byte{0xab}, 64)
	tx := inside.Transaction
	if string(tx.Arguments[1]) != `{"type":"String","value":"é <b> \"q\" `+"\u2028"+`"}` || tx.GasLimit != 100 || tx.ProposalKey.SequenceNumber != 7 {
		t.Errorf("%+v", tx)
	}
	if err := tx.Sign(flow.Signature{Address: inside.Address, Signature: signature, Extension: []byte{1, 0xc0}}); err != nil {
		t.Fatal(err)
	}
	if m, err := tx.Message(outside.Address); err != nil || !bytes.Equal(m, outside.Message) {
		t.Errorf("the envelope is %x, %v\nthe SDK's %x", m, err, outside.Message)
	}
	if err := tx.Sign(flow.Signature{Address: outside.Address, KeyIndex: 2, Signature: signature, Extension: []byte{1, 0xc0}}); err != nil {
		t.Fatal(err)
	}
	if got := tx.ID().String(); got != id {
		t.Errorf("id %s, the SDK's %s", got, id)
	}
	want := `{"f_type":"CompositeSignature","f_vsn":"1.0.0","addr":"0xf8d6e0586b0a20c7","keyId":0,"signature":"` +
		strings.Repeat("ab", 64) + `","extensionData":"01c0"}`
	if got := string(inside.Composite(signature, []byte{1, 0xc0})); got != want {
		t.Errorf("%s", got)
	}
}

func TestSignablesAreReadStrictly(t *testing.T) {
	_, each := signables(t)
	text := string(each[1])
	for name, c := range map[string]struct {
		old, new string
		cause    error
	}{
		"another type":         {`"Signable"`, `"Other"`, flow.ErrSignable},
		"another account":      {`"addr": "01cf0e2f2f715450"`, `"addr": "0000000000000009"`, flow.ErrRole},
		"the payload's signer": {`"addr": "01cf0e2f2f715450"`, `"addr": "f8d6e0586b0a20c7"`, flow.ErrRole},
		"a user message":       {"464c4f572d56302e302d7472616e73616374696f6e", "464c4f572d56302e302d7573657200000000000000", flow.ErrTransaction},
		"an odd digit":         {`"message": "4`, `"message": "`, flow.ErrSignable},
		"a negative key":       {`"keyId": 2`, `"keyId": -2`, flow.ErrSignable},
		"no JSON":              {`{`, `[`, flow.ErrSignable},
	} {
		changed := strings.Replace(text, c.old, c.new, 1)
		if changed == text {
			t.Fatalf("%s: nothing to change", name)
		}
		if _, err := flow.ParseSignable([]byte(changed)); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v, want %v", name, err, c.cause)
		}
	}
	if _, err := flow.ParseSignable(make([]byte, 13_000_000)); !errors.Is(err, flow.ErrTooLarge) {
		t.Error(err)
	}
}

// An item more, in the payload or after it, makes another message: nothing that is signed goes unseen.
func TestMessagesAreReadWhole(t *testing.T) {
	tx := sponsored()
	tag := append([]byte(flow.TagTransaction), make([]byte, 32-len(flow.TagTransaction))...)
	form := formOf(tx)
	var longer []rlp.RawValue // the payload's items, and one more
	for rest := mustList(t, tx.Payload()); len(rest) != 0; {
		_, _, after, err := rlp.Split(rest)
		if err != nil {
			t.Fatal(err)
		}
		longer, rest = append(longer, rest[:len(rest)-len(after)]), after
	}
	longer = append(longer, []byte{1})
	for name, c := range map[string]struct {
		form any
		role flow.Role
	}{
		"a payload":                        {form, flow.RolePayload},
		"an envelope":                      {[]any{form, []any{}}, flow.RoleEnvelope},
		"a third list":                     {[]any{form, []any{}, []any{}}, flow.RoleNone},
		"a payload with an item more":      {longer, flow.RoleNone},
		"one in an envelope":               {[]any{longer, []any{}}, flow.RoleNone},
		"an envelope without its second":   {[]any{form}, flow.RoleNone},
		"a transaction is another message": {[]any{form, []any{}, []any{[]any{uint64(1), uint64(0), make([]byte, 64)}}}, flow.RoleNone},
	} {
		_, role, err := flow.DecodeMessage(append(tag[:32:32], mustRLP(t, c.form)...))
		if c.role == flow.RoleNone && err == nil || c.role != flow.RoleNone && (err != nil || role != c.role) {
			t.Errorf("%s: %s, %v", name, role, err)
		}
	}
	if _, err := flow.Decode(mustRLP(t, []any{longer, []any{}, []any{}})); !errors.Is(err, flow.ErrRLP) {
		t.Errorf("a transaction whose payload has an item more: %v", err)
	}
	if _, _, err := flow.DecodeMessage(append(tag, make([]byte, flow.MaxTransaction)...)); !errors.Is(err, flow.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func mustList(t *testing.T, b []byte) []byte {
	t.Helper()
	content, rest, err := rlp.SplitList(b)
	if err != nil || len(rest) != 0 {
		t.Fatal(err)
	}
	return content
}

func FuzzMessage(f *testing.F) {
	_, each := signables(f)
	for _, s := range each {
		parsed, err := flow.ParseSignable(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(parsed.Message)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, role, err := flow.DecodeMessage(b)
		if err != nil {
			return
		}
		if (role == flow.RolePayload && !bytes.HasSuffix(b, tx.Payload())) || (role == flow.RoleEnvelope && !bytes.HasSuffix(b, tx.Envelope())) {
			t.Fatalf("%s of %x", role, b)
		}
		// Nothing that signs as one role is read as the other.
		signer := flowtest.NewSigner("user")
		key := flow.Passkey(signer.Public(), 1)
		signature, extension := flowtest.WebAuthn()[0].Make(signer, b)
		for _, a := range tx.Signers() {
			for _, list := range []flow.Role{flow.RolePayload, flow.RoleEnvelope} {
				err := tx.VerifySignature(flow.Signature{Address: a, Signature: signature, Extension: extension}, list, key, nil)
				if (err == nil) != (list == role) {
					t.Fatalf("%s of %s in the %s: %v", role, a, list, err)
				}
			}
		}
	})
}

// FuzzSignable: of what a dapp asks a wallet, only the message counts, and it is the account's to sign.
func FuzzSignable(f *testing.F) {
	_, each := signables(f)
	for _, s := range each {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := flow.ParseSignable(b)
		if err != nil {
			var e *flow.Error
			if !errors.As(err, &e) || e.Hint() == "" || s != nil {
				t.Fatalf("%v, %v", s, err)
			}
			return
		}
		if s.Role == flow.RoleNone || s.Transaction.Role(s.Address) != s.Role {
			t.Fatalf("%s is asked to sign the %s", s.Address, s.Role)
		}
		if tx, role, err := flow.DecodeMessage(s.Message); err != nil || role != s.Role || !bytes.Equal(tx.Payload(), s.Transaction.Payload()) {
			t.Fatalf("the message says another transaction: %v", err)
		}
		if back, err := flow.ParseComposite(s.Composite(make([]byte, 64), nil)); err != nil || back.Address != s.Address || back.KeyIndex != s.KeyIndex {
			t.Fatalf("%+v, %v", back, err)
		}
	})
}
