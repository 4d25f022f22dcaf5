package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/passkey"
)

var flowUser, flowSponsor = flow.Address{0xf8, 0xd6, 7: 1}, flow.Address{7: 9}

// flowFiles writes what wallets and apps have of Flow: a sponsored transaction that two passkeys of 500 and a secp256k1 key
// have signed (tx.hex), one that the first passkey alone has signed (half.hex) and one with another challenge (bad.hex);
// signable.json and answer.json; proof.json of the app "app"; replies of the two passkeys to some challenge. It sets $KEY0, $KEY1 and $SPONSOR, the public keys, $NONCE,
// $EXTENSION and $MESSAGE, and $URL of an access node that knows both accounts.
func flowFiles(ts *testscript.TestScript, _ bool, _ []string) {
	one, two := flowtest.NewSigner("one"), flowtest.NewSigner("two")
	sponsor, err := crypto.ToECDSA(bytes.Repeat([]byte{7}, 32))
	ts.Check(err)
	public := crypto.FromECDSAPub(&sponsor.PublicKey)[1:]
	keys := []flow.AccountKey{flow.Passkey(one.Public(), 500), flow.Passkey(two.Public(), 500)}
	keys[1].Index = 1
	script, arguments, err := flow.AddKeys(keys[1])
	ts.Check(err)
	start := func() *flow.Transaction {
		return &flow.Transaction{Script: script, Arguments: arguments, ReferenceBlock: flow.Identifier{1}, GasLimit: 100,
			ProposalKey: flow.ProposalKey{Address: flowUser, SequenceNumber: 7}, Payer: flowSponsor, Authorizers: []flow.Address{flowUser}}
	}
	usual := flowtest.WebAuthn()[0]
	passkeySigns := func(c flowtest.Case, s *flowtest.Signer, key uint32, message []byte) flow.Signature {
		out := flow.Signature{Address: flowUser, KeyIndex: key}
		out.Signature, out.Extension = c.Make(s, message)
		return out
	}
	write := func(name string, b []byte) { ts.Check(os.WriteFile(ts.MkAbs(name), b, 0o600)) }
	writeTx := func(name string, t *flow.Transaction) { write(name, []byte(hex.EncodeToString(t.Bytes())+"\n")) }
	pays := func(t *flow.Transaction) {
		challenge, err := t.Challenge(flowSponsor)
		ts.Check(err)
		signature, err := crypto.Sign(challenge[:], sponsor)
		ts.Check(err)
		ts.Check(t.Sign(flow.Signature{Address: flowSponsor, Signature: signature[:64]}))
	}

	tx := start()
	message, err := tx.Message(flowUser)
	ts.Check(err)
	first := passkeySigns(usual, one, 0, message)
	ts.Check(tx.Sign(first))
	half := *tx
	pays(&half)
	writeTx("half.hex", &half)
	ts.Check(tx.Sign(passkeySigns(usual, two, 1, message)))
	pays(tx)
	writeTx("tx.hex", tx)
	bad := start()
	for _, c := range flowtest.WebAuthn() {
		if errors.Is(c.Cause, flow.ErrChallenge) {
			ts.Check(bad.Sign(passkeySigns(c, one, 0, message)))
			break
		}
	}
	writeTx("bad.hex", bad)

	signable := flow.Signable{Address: flowUser}
	text, err := json.Marshal(map[string]any{"f_type": "Signable", "message": hex.EncodeToString(message), "addr": flowUser.Hex(), "keyId": 0})
	ts.Check(err)
	write("signable.json", text)
	write("answer.json", signable.Composite(first.Signature, first.Extension))

	proof := flow.Proof{App: "app", Address: flowUser, Nonce: bytes.Repeat([]byte{9}, 32)}
	message2, err := proof.Message()
	ts.Check(err)
	var answers []json.RawMessage
	for i, s := range []*flowtest.Signer{one, two} {
		signed := passkeySigns(usual, s, uint32(i), message2)
		signable.KeyIndex = uint32(i)
		answers = append(answers, signable.Composite(signed.Signature, signed.Extension))
	}
	text, err = json.Marshal(map[string]any{"address": flowUser.String(), "nonce": hex.EncodeToString(proof.Nonce), "signatures": answers})
	ts.Check(err)
	write("proof.json", text)

	for name, value := range map[string]string{
		"KEY0": keys[0].PublicHex(), "KEY1": keys[1].PublicHex(), "SPONSOR": hex.EncodeToString(public), "NONCE": hex.EncodeToString(proof.Nonce),
		"EXTENSION": hex.EncodeToString(first.Extension), "MESSAGE": hex.EncodeToString(message), "USER": flowUser.String(), "PAYER": flowSponsor.String(),
	} {
		ts.Setenv(name, value)
	}
	reply := func(s *flowtest.Signer, id, challenge string) []byte {
		a, b64 := flowtest.Usual(), base64.RawURLEncoding.EncodeToString
		client := a.ClientData(flowtest.Text([]byte(challenge)))
		signed, err := passkey.ParseP1363(s.SignedBy(a.AuthData(), client))
		ts.Check(err)
		text, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": map[string]any{},
			"response": map[string]any{"authenticatorData": b64(a.AuthData()), "clientDataJSON": b64(client), "signature": b64(signed.DER())}})
		ts.Check(err)
		return text
	}
	write("first.json", reply(one, "AQ", "one"))
	write("second.json", reply(one, "AQ", "two"))
	write("other.json", reply(two, "Ag", "one"))
	write("forged.json", reply(two, "AQ", "one"))
	node := accessNode(map[flow.Address][]flow.AccountKey{
		flowUser:    keys,
		flowSponsor: {{Public: [64]byte(public), Curve: flow.Secp256k1, Hash: flow.SHA2, Weight: 1000}},
	})
	ts.Defer(node.Close)
	ts.Setenv("URL", node.URL)
}

// accessNode answers as access nodes do when they are asked for an account.
func accessNode(accounts map[flow.Address][]flow.AccountKey) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/accounts/{address}", func(w http.ResponseWriter, r *http.Request) {
		a, err := flow.ParseAddress(r.PathValue("address"))
		keys, ok := accounts[a]
		if err != nil || !ok {
			http.Error(w, `{"code":404,"message":"account not found"}`, http.StatusNotFound)
			return
		}
		list := []map[string]any{}
		for _, k := range keys {
			list = append(list, map[string]any{"index": strconv.Itoa(int(k.Index)), "public_key": "0x" + k.PublicHex(), "signing_algorithm": k.Curve,
				"hashing_algorithm": k.Hash, "sequence_number": "7", "weight": strconv.Itoa(int(k.Weight)), "revoked": k.Revoked})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"address": a.Hex(), "balance": "0", "keys": list})
	})
	mux.HandleFunc("GET /key/{key}", func(w http.ResponseWriter, r *http.Request) { // an indexer that also lists whom it should not
		list := []map[string]any{}
		for a, keys := range accounts {
			if slices.ContainsFunc(accounts[flowUser], func(k flow.AccountKey) bool { return k.PublicHex() == r.PathValue("key") }) {
				list = append(list, map[string]any{"address": a.String(), "keyId": len(keys)})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"publicKey": r.PathValue("key"), "accounts": list})
	})
	return httptest.NewServer(mux)
}

// Every rule that nodes have is named, whatever form the signature has, and comes with a way out.
func TestFlowVerifyNamesTheRule(t *testing.T) {
	signer := flowtest.NewSigner("user")
	key := flow.Passkey(signer.Public(), flow.WeightThreshold)
	tx := &flow.Transaction{Script: []byte("transaction {}"), ReferenceBlock: flow.Identifier{1}, GasLimit: 100, ProposalKey: flow.ProposalKey{Address: flowUser}, Payer: flowUser}
	message, err := tx.Message(flowUser)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range append(flowtest.WebAuthn(), flowtest.Plain()...) {
		one := *tx
		s := flow.Signature{Address: flowUser}
		s.Signature, s.Extension = c.Make(signer, message)
		one.EnvelopeSignatures = []flow.Signature{s}
		v := (&flowSigned{tx: &one}).judge(map[flow.Address][]flow.AccountKey{flowUser: {key}}, true)
		got := v.Signatures[0]
		if v.OK != (c.Cause == nil) || got.Accepted != v.OK {
			t.Errorf("%s: %+v", c.Name, got)
		}
		var cause flow.Cause
		if errors.As(c.Cause, &cause) && (got.Refusal == nil || got.Refusal.Rule != string(cause) || got.Refusal.Hint == "") {
			t.Errorf("%s: %+v, want %s", c.Name, got.Refusal, cause)
		}
	}
}

// What is wrong with the whole is said, whatever its signatures are worth.
func TestFlowVerifyLooksAtTheWhole(t *testing.T) {
	signer := flowtest.NewSigner("user")
	keys := []flow.AccountKey{flow.Passkey(signer.Public(), 1000), flow.Passkey(signer.Public(), 1000)}
	keys[1].Index = 1
	for name, c := range map[string]struct {
		change func(*flow.Transaction)
		wrong  func(*flow.Transaction)
		rule   string
	}{
		"nothing is wrong":                {},
		"the gas limit":                   {change: func(tx *flow.Transaction) { tx.GasLimit = flow.MaxGasLimit + 1 }, rule: string(flow.ErrGasLimit)},
		"no gas":                          {change: func(tx *flow.Transaction) { tx.GasLimit = 0 }, rule: string(flow.ErrGasLimit)},
		"no block":                        {change: func(tx *flow.Transaction) { tx.ReferenceBlock = flow.Identifier{} }, rule: string(flow.ErrIncomplete)},
		"another key than the proposal's": {change: func(tx *flow.Transaction) { tx.ProposalKey.KeyIndex = 1 }, rule: "the proposal key has not signed"},
		"no signature":                    {wrong: func(tx *flow.Transaction) { tx.EnvelopeSignatures = nil }, rule: "a signature is missing"},
		"under the payload": {wrong: func(tx *flow.Transaction) {
			tx.PayloadSignatures, tx.EnvelopeSignatures = tx.EnvelopeSignatures, nil
		}, rule: "a signature is missing"},
	} {
		tx := &flow.Transaction{Script: []byte("transaction {}"), ReferenceBlock: flow.Identifier{1}, GasLimit: 100, ProposalKey: flow.ProposalKey{Address: flowUser}, Payer: flowUser}
		if c.change != nil {
			c.change(tx)
		}
		message, err := tx.Message(flowUser)
		if err != nil {
			t.Fatal(err)
		}
		s := flow.Signature{Address: flowUser}
		s.Signature, s.Extension = flowtest.WebAuthn()[0].Make(signer, message)
		tx.EnvelopeSignatures = []flow.Signature{s}
		if c.wrong != nil {
			c.wrong(tx)
		}
		v := (&flowSigned{tx: tx}).judge(map[flow.Address][]flow.AccountKey{flowUser: keys}, true)
		if v.OK != (c.rule == "") || len(v.Problems) != min(1, len(c.rule)) || c.rule != "" && v.Problems[0].Rule != c.rule {
			t.Errorf("%s: %+v", name, v)
		}
		if name == "under the payload" && v.Signatures[0].Accepted {
			t.Errorf("%s: %+v", name, v.Signatures)
		}
	}
	sponsored := &flow.Transaction{Script: []byte("transaction {}"), ProposalKey: flow.ProposalKey{Address: flowUser}, Payer: flowSponsor}
	message, err := sponsored.Message(flowUser)
	if err != nil {
		t.Fatal(err)
	}
	misplaced := flow.Signature{Address: flowUser}
	misplaced.Signature, misplaced.Extension = flowtest.WebAuthn()[0].Make(signer, message)
	sponsored.EnvelopeSignatures = []flow.Signature{misplaced}
	v := (&flowSigned{tx: sponsored}).judge(map[flow.Address][]flow.AccountKey{flowUser: keys}, true)
	if got := v.Signatures[0]; v.OK || got.Accepted || got.Refusal.Rule != string(flow.ErrChallenge) {
		t.Errorf("the payload's signature under the envelope: %+v", got)
	}
	one := flow.Signature{Address: flowUser, KeyIndex: 7, Signature: make([]byte, 64)}
	tx := &flow.Transaction{ProposalKey: flow.ProposalKey{Address: flowUser, KeyIndex: 7}, Payer: flowUser, EnvelopeSignatures: []flow.Signature{one}}
	if v := (&flowSigned{tx: tx}).judge(map[flow.Address][]flow.AccountKey{flowUser: keys}, true); v.OK || v.Signatures[0].Refusal.Rule != string(flow.ErrNoKey) {
		t.Errorf("no such key: %+v", v)
	}
}
