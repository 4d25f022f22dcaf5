package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/flow/secp256k1"
	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/passkey/softkey"
)

// sending is a signed transaction and the node that it is for.
func sending(t *testing.T) (*flowNode, *access.Client, *flow.Transaction) {
	t.Helper()
	user := flowtest.NewSigner("user")
	node := newFlowNode(flow.Passkey(user.Public(), 1000))
	server := node.serve()
	t.Cleanup(server.Close)
	node.url = server.URL
	client, err := access.New(server.URL, access.WithPoll(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	tx := &flow.Transaction{Script: []byte("transaction {}"), ProposalKey: flow.ProposalKey{Address: flowService}, Payer: flowService}
	if err := client.Prepare(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	message, err := tx.Message(flowService)
	if err != nil {
		t.Fatal(err)
	}
	s := flow.Signature{Address: flowService}
	s.Signature, s.Extension = flowtest.WebAuthn()[0].Make(user, message)
	if err := tx.Sign(s); err != nil {
		t.Fatal(err)
	}
	return node, client, tx
}

// Whatever happens to answers, a node sees one id, and the transaction runs once.
func TestFlowIsNeverSentUnderASecondID(t *testing.T) {
	for name, c := range map[string]struct {
		change func(n *flowNode)
		posts  int
		want   error
	}{
		"nothing is lost":            {func(*flowNode) {}, 1, nil},
		"an answer is lost":          {func(n *flowNode) { n.dropped = 1 }, 2, nil},
		"two gateways out of order":  {func(n *flowNode) { n.broken = 2 }, 3, nil},
		"asked too often":            {func(n *flowNode) { n.limited = 3 }, 1, nil},
		"the gateway stays as it is": {func(n *flowNode) { n.broken = 99 }, flowTries, access.ErrRefused},
	} {
		node, client, tx := sending(t)
		c.change(node)
		r, err := deliver(t.Context(), client, tx)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if len(node.posts) != c.posts || slices.ContainsFunc(node.posts, func(id flow.Identifier) bool { return id != tx.ID() }) {
			t.Errorf("%s: sent %v", name, node.posts)
		}
		if c.want != nil {
			node.broken = 0
		}
		for range 2 { // and by the same command again
			if r, err := deliver(t.Context(), client, tx); err != nil || r.Status != access.StatusSealed {
				t.Errorf("%s, again: %+v, %v", name, r, err)
			}
		}
		if k := node.accounts[flowService][0]; k.SequenceNumber != 1 || len(node.sealed) != 1 {
			t.Errorf("%s: sequence number %d, %d transactions", name, k.SequenceNumber, len(node.sealed))
		}
	}
}

// A transaction whose turn it is not is not sent.
func TestFlowLooksAtTheSequenceNumber(t *testing.T) {
	for number, want := range map[uint64]error{3: access.ErrSequence, 0: nil} {
		node, client, tx := sending(t)
		node.accounts[flowService][0].SequenceNumber = number
		if _, err := deliver(t.Context(), client, tx); !errors.Is(err, want) || (len(node.posts) == 0) != (want != nil) {
			t.Errorf("%d: %v, sent %v", number, err, node.posts)
		}
	}
	node, client, tx := sending(t)
	tx.ProposalKey.SequenceNumber = 2
	if _, err := deliver(t.Context(), client, tx); !errors.Is(err, errSequenceAhead) || len(node.posts) != 0 {
		t.Errorf("%v, sent %v", err, node.posts)
	}
}

// What is not known is said, and the file stays for the same command again; where nothing of it will run, it goes.
func TestFlowKeepsWhatIsNotKnown(t *testing.T) {
	for name, c := range map[string]struct {
		change func(n *flowNode, tx *flow.Transaction)
		code   string
		kept   bool
	}{
		"the node is out of order": {func(n *flowNode, _ *flow.Transaction) { n.broken = 99 }, "not-known", true},
		"results are garbled":      {func(n *flowNode, _ *flow.Transaction) { n.garbled = true }, "not-known", true},
		"refused the second time":  {func(n *flowNode, _ *flow.Transaction) { n.broken, n.refuses = 1, true }, "not-known", true},
		"nothing is sealed":        {func(n *flowNode, _ *flow.Transaction) { n.never = true }, "not-known", true},
		"it has expired":           {func(n *flowNode, _ *flow.Transaction) { n.blocks = flow.ExpiryBlocks + 1 }, "stale", false},
		"it has not yet":           {func(n *flowNode, _ *flow.Transaction) { n.blocks, n.broken = flow.ExpiryBlocks, 99 }, "not-known", true},
		"it expires soon":          {func(n *flowNode, _ *flow.Transaction) { n.blocks, n.late = 571, true }, "not-known", true},
		"the script has a fault": {func(n *flowNode, _ *flow.Transaction) {
			n.says500 = "Invalid Flow request: failed to parse transaction Cadence script: Parsing failed:\nerror: unexpected token"
		}, "refused", false},
		"another came first": {func(n *flowNode, _ *flow.Transaction) { n.accounts[flowService][0].SequenceNumber = 9 }, "stale", false},
	} {
		t.Chdir(t.TempDir())
		node, client, tx := sending(t)
		c.change(node, tx)
		f := &flowAct{client: client, timeout: 3 * time.Second, approvalFlags: approvalFlags{yes: true}}
		f.access = node.url
		err := f.send(t.Context(), &call{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}, tx, &flowActed{})
		if err == nil || explain(err).Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
		files, _ := filepath.Glob("flow-*.hex")
		if (len(files) == 1) != c.kept {
			t.Errorf("%s: files %v", name, files)
		}
		if c.code == "refused" && len(node.posts) != 1 || c.code == "stale" && len(node.posts) != 0 {
			t.Errorf("%s: sent %v", name, node.posts)
		}
		if c.kept {
			again, err := (&call{}).readFlowTransaction(files[0])
			if err != nil || again.ID() != tx.ID() {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Every form of a key signs as nodes want it, with the curve and hash of the account's key, and as no other key.
func TestFlowSigners(t *testing.T) {
	dir, message := t.TempDir(), []byte("a message")
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	seed := sha256.Sum256([]byte("plain"))
	p256, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	public, err := p256.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k1, err := crypto.ToECDSA(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	dev, err := createKeyFile(filepath.Join(dir, "dev.json"), "localhost", "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	eoa, err := createOwnerFile(filepath.Join(dir, "eoa.json"))
	if err != nil {
		t.Fatal(err)
	}
	block := func(typ string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: b}) }
	bare := flow.AccountKey{Index: 3, Public: [64]byte(public[1:]), Curve: flow.P256, Hash: flow.SHA3, Weight: 1000}
	other := flow.AccountKey{Index: 4, Public: [64]byte(crypto.FromECDSAPub(&k1.PublicKey)[1:]), Curve: flow.Secp256k1, Hash: flow.SHA2, Weight: 1000}
	owner := flow.AccountKey{Index: 5, Public: [64]byte(crypto.FromECDSAPub(&eoa.key.PublicKey)[1:]), Curve: flow.Secp256k1, Hash: flow.SHA3, Weight: 1000}
	pass := flow.Passkey(dev.credential.Key, 1000)
	pass.Index = 6
	for name, c := range map[string]struct {
		file string
		key  flow.AccountKey
	}{
		"hex on P-256":                 {file("a.hex", hex.AppendEncode(nil, seed[:])), bare},
		"the same hex on secp256k1":    {file("b.hex", []byte("0x"+hex.EncodeToString(seed[:])+"\n")), other},
		"SEC 1, after its parameters":  {file("c.pem", append(block("EC PARAMETERS", []byte{6, 8}), block("EC PRIVATE KEY", sec1)...)), bare},
		"PKCS 8":                       {file("d.pem", block("PRIVATE KEY", pkcs8)), bare},
		"an EOA's file":                {filepath.Join(dir, "eoa.json"), owner},
		"a passkey's file, two equals": {filepath.Join(dir, "dev.json"), pass},
	} {
		s, err := openFlowSigner(flowUser.String() + "=" + c.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		decoys := []flow.AccountKey{flow.Passkey(flowtest.NewSigner("decoy").Public(), 1000), c.key}
		k, err := s.key(access.Account{Address: flowUser, Keys: decoys})
		if err != nil || k.Index != c.key.Index {
			t.Errorf("%s: key %d, %v", name, k.Index, err)
			continue
		}
		made, err := s.sign(message, k)
		if err == nil {
			err = flow.Verify(made, message, c.key, secp256k1.Verify)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.key(access.Account{Address: flowUser, Keys: decoys[:1]}); err == nil {
			t.Errorf("%s signs as a decoy", name)
		}
		c.key.Revoked = true
		if _, err := s.key(access.Account{Address: flowUser, Keys: []flow.AccountKey{c.key}}); !errors.Is(err, flow.ErrRevoked) {
			t.Errorf("%s, revoked: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{"nothing": nil, "text": []byte("key"), "63 digits": []byte("00" + hex.EncodeToString(seed[1:])[1:]), "a certificate": block("CERTIFICATE", sec1), "cut PEM": block("EC PRIVATE KEY", sec1[:20])} {
		if _, err := openFlowSigner(flowUser.String() + "=" + file("bad", b)); err == nil {
			t.Errorf("%s is a key", name)
		}
	}
	// No passkey signs as a key with another hash.
	pass.Hash, pass.Revoked = flow.SHA3, false
	s, err := openFlowSigner(flowUser.String() + "=" + filepath.Join(dir, "dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.key(access.Account{Keys: []flow.AccountKey{pass}}); !errors.Is(err, flow.ErrKey) {
		t.Errorf("a passkey with SHA3_256: %v", err)
	}
}

// The answer of a passkey elsewhere is taken for the transaction that it was asked for, and for no other.
func TestFlowAnswers(t *testing.T) {
	node, client, tx := sending(t)
	key, err := keyFile{RPID: "localhost", Origin: "http://localhost:8080", Seed: "0x" + hex.EncodeToString(bytes.Repeat([]byte{1}, 32)), Salt: "0x" + hex.EncodeToString(bytes.Repeat([]byte{2}, 32))}.open()
	if err != nil {
		t.Fatal(err)
	}
	node.accounts[flowService] = []flow.AccountKey{flow.Passkey(key.credential.Key, 1000)}
	tx.EnvelopeSignatures = nil
	challenge, err := tx.Challenge(flowService)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(challenge [32]byte) string {
		return flowService.String() + "=" + answerFile(t, key.device, challenge[:])
	}
	c := &call{}
	s, err := openFlowAnswer(c, answer([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	if err := signFlow(t.Context(), client, tx, s); !errors.Is(err, flow.ErrChallenge) || len(tx.EnvelopeSignatures) != 0 {
		t.Errorf("the answer to another challenge: %v", err)
	}
	if s, err = openFlowAnswer(c, answer(challenge)); err != nil {
		t.Fatal(err)
	}
	if err := signFlow(t.Context(), client, tx, s); err != nil || len(tx.EnvelopeSignatures) != 1 {
		t.Error(err)
	}
	if r, err := deliver(t.Context(), client, tx); err != nil || r.Status != access.StatusSealed {
		t.Errorf("%+v, %v", r, err)
	}
}

// A passkey elsewhere signs an account proof, and no other one.
func TestFlowProofAnswers(t *testing.T) {
	key, err := keyFile{RPID: "localhost", Origin: "http://localhost:8080", Seed: "0x" + hex.EncodeToString(bytes.Repeat([]byte{1}, 32)), Salt: "0x" + hex.EncodeToString(bytes.Repeat([]byte{2}, 32))}.open()
	if err != nil {
		t.Fatal(err)
	}
	proof := &flow.Proof{App: "app", Address: flowService, Nonce: bytes.Repeat([]byte{9}, 32)}
	message, err := proof.Message()
	if err != nil {
		t.Fatal(err)
	}
	account := access.Account{Address: flowService, Keys: []flow.AccountKey{flow.Passkey(key.credential.Key, 1000)}}
	for challenge, want := range map[[32]byte]error{{1}: flow.ErrChallenge, sha256.Sum256(message): nil} {
		s, err := openFlowAnswer(&call{}, flowService.String()+"="+answerFile(t, key.device, challenge[:]))
		if err != nil {
			t.Fatal(err)
		}
		proof.Signatures = nil
		if err := signFlowProof(proof, message, account, s); !errors.Is(err, want) || (err == nil) != (len(proof.Signatures) == 1) {
			t.Errorf("%v, %d signatures", err, len(proof.Signatures))
		}
	}
}

// answerFile is the reply of a browser to a challenge.
func answerFile(t *testing.T, device *softkey.Authenticator, challenge []byte) string {
	t.Helper()
	options := `{"challenge":"` + base64.RawURLEncoding.EncodeToString(challenge) + `","rpId":"localhost"}`
	reply, err := device.Get([]byte(options), "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "reply.json")
	if err := os.WriteFile(path, reply, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// One key, in each form that Flow's tools and openssl write, pays where `up` and `demo` are told so.
func TestFlowServiceKey(t *testing.T) {
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	want := hex.EncodeToString(raw)
	for name, text := range map[string]string{
		"hex": want + "\n", "0x": "0x" + want, "pem": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})), "words": "no key",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readFlowServiceKey(file)
		if name == "words" {
			if err == nil || explain(err).Code != "bad-key" || strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := server.NewSponsor(flowService, got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := openFlowSigner(flowService.String() + "=" + file); err != nil {
			t.Errorf("%s: as a signer: %v", name, err)
		}
	}
}
