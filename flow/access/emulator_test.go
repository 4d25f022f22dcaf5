package access_test

import (
	"context"
	"crypto/elliptic"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/passkey"
)

var update = flag.Bool("update", false, "record the exchanges with the emulator in POSTERN_FLOW anew")

// world is a chain with an account of its own that pays for others.
type world struct {
	*testing.T
	*access.Client
	service flow.Address
	owner   *flowtest.Signer // of the service account

	emulator *accesstest.Emulator // nil when it is replayed
}

// mine makes empty blocks.
func (w *world) mine(blocks int) {
	w.Helper()
	if w.emulator == nil {
		return
	}
	if err := w.emulator.Mine(w.Context(), blocks); err != nil {
		w.Fatal(err)
	}
}

// newWorld is a fresh emulator, if there is one, or what it said when the test was recorded.
func newWorld(t *testing.T) *world {
	file := filepath.Join("testdata", t.Name()+".json")
	w := &world{T: t, owner: flowtest.NewSigner("service")}
	var transport http.RoundTripper
	base := "http://emulator.invalid"
	if dir := os.Getenv(accesstest.Directory); dir != "" {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		e, err := accesstest.Start(ctx, dir, [64]byte(w.owner.Public().Raw()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Stop)
		tape := &accesstest.Tape{Recorded: "flow-emulator v1.20.0", Service: e.Service.Hex()}
		base, w.service, transport, w.emulator = e.URL, e.Service, tape.Record(), e
		if *update {
			t.Cleanup(func() {
				if t.Failed() {
					return
				}
				if err := tape.Write(file); err != nil {
					t.Error(err)
				}
			})
		}
	} else {
		tape, err := accesstest.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if w.service, err = flow.ParseAddress(tape.Service); err != nil {
			t.Fatal(err)
		}
		t.Logf("no emulator (%s is not set): replayed, as recorded with %s", accesstest.Directory, tape.Recorded)
		transport = tape.Play()
	}
	var err error
	w.Client, err = access.New(base, access.WithHTTP(&http.Client{Transport: transport}), access.WithPoll(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// signs is who signs a transaction: a key of an account, and how.
type signs struct {
	account flow.Address
	key     uint32
	signer  *flowtest.Signer
	how     flowtest.Case
	list    flow.Role // where it stands; RoleNone: where it belongs
	signed  flow.Role // what it is of; RoleNone: of what its list is of
}

var (
	usual = flowtest.WebAuthn()[0]
	plain = flowtest.Plain()[0]
)

// send prepares, signs and sends, and waits for the result.
func (w *world) send(tx *flow.Transaction, who ...signs) (access.Result, error) {
	w.Helper()
	if err := w.Prepare(w.Context(), tx); err != nil {
		w.Fatal(err)
	}
	w.sign(tx, who...)
	id, err := w.Send(w.Context(), tx)
	if err != nil {
		return access.Result{}, err
	}
	return w.Wait(w.Context(), id)
}

func (w *world) sign(tx *flow.Transaction, who ...signs) {
	w.Helper()
	for _, s := range who {
		if s.list != flow.RoleNone {
			w.place(tx, s)
			continue
		}
		message, err := tx.Message(s.account)
		if err != nil {
			w.Fatal(err)
		}
		signature, extension := s.how.Make(s.signer, message)
		if err := tx.Sign(flow.Signature{Address: s.account, KeyIndex: s.key, Signature: signature, Extension: extension}); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) byService() signs {
	return signs{account: w.service, key: 0, signer: w.owner, how: plain}
}

// create makes an account with keys.
func (w *world) create(keys ...flow.AccountKey) flow.Address {
	w.Helper()
	script, arguments, err := flow.CreateAccount(keys...)
	if err != nil {
		w.Fatal(err)
	}
	r, err := w.send(w.of(script, arguments, w.service), w.byService())
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range r.Events {
		if e.Type == "flow.AccountCreated" {
			a, err := flow.ParseAddress(e.Value.Items[0].Text)
			if err != nil {
				w.Fatal(err)
			}
			return a
		}
	}
	w.Fatalf("no account in %+v", r)
	return flow.Address{}
}

// of is a transaction of one account that proposes, pays and authorizes.
func (w *world) of(script []byte, arguments [][]byte, a flow.Address) *flow.Transaction {
	return &flow.Transaction{
		Script: script, Arguments: arguments, ProposalKey: flow.ProposalKey{Address: a}, Payer: a, Authorizers: []flow.Address{a},
	}
}

// note leaves a number in the authorizer's storage.
const note = `transaction(n: Int) {
    prepare(a: auth(Storage) &Account) {
        a.storage.load<Int>(from: /storage/note)
        a.storage.save(n, to: /storage/note)
    }
}`

// read reads the number.
const read = `access(all) fun main(a: Address): Int {
    return getAuthAccount<auth(Storage) &Account>(a).storage.copy<Int>(from: /storage/note) ?? -1
}`

func (w *world) noted(a flow.Address) string {
	w.Helper()
	v, err := w.Script(w.Context(), []byte(read), [][]byte{flow.Addr(a).JSON()})
	if err != nil {
		w.Fatal(err)
	}
	return v.Text
}

// Every case is sent to the node: what package flow takes, the node takes, and what it refuses, the node refuses.
func TestNodesTakeWhatIsTaken(t *testing.T) {
	w := newWorld(t)
	user := flowtest.NewSigner("user")
	key := flow.Passkey(user.Public(), flow.WeightThreshold)
	account := w.create(key)
	sealed := 0
	for i, c := range append(flowtest.WebAuthn(), flowtest.Plain()...) {
		before := w.noted(account)
		tx := w.of([]byte(note), [][]byte{flow.Int(int64(i)).JSON()}, account)
		_, err := w.send(tx, signs{account: account, signer: user, how: c})
		own := tx.VerifySignature(tx.EnvelopeSignatures[0], flow.RoleEnvelope, key, nil)
		if !errors.Is(own, c.Cause) || (own == nil) != (c.Cause == nil) {
			t.Errorf("%s: package flow says %v", c, own)
		}
		after := w.noted(account)
		switch {
		case c.Cause == nil:
			if err != nil || after != fmt.Sprint(i) {
				t.Errorf("%s: the node says %v, and the note is %s", c, err, after)
			}
			sealed++
			continue
		case c.Cause == flow.ErrSignature:
			if !errors.Is(err, access.ErrSignature) {
				t.Errorf("%s: the node says %v", c, err)
			}
		case c.Cause == flow.ErrSignatureLen:
			if !errors.Is(err, access.ErrInvalid) || !strings.Contains(err.Error(), "InvalidRawSignature") && !strings.Contains(err.Error(), "invalid") {
				t.Errorf("%s: the node says %v", c, err)
			}
		default:
			if !errors.Is(err, access.ErrExtension) {
				t.Errorf("%s: the node says %v", c, err)
			}
		}
		if after != before {
			t.Errorf("%s: the note changed from %s to %s", c, before, after)
		}
	}
	// A passkey signs SHA-256: with another hash its key is good for nothing, which neither the chain nor a node says before.
	sha3 := key
	sha3.Hash = flow.SHA3
	wrong := w.create(sha3)
	tx := w.of([]byte(note), [][]byte{flow.Int(1).JSON()}, wrong)
	if _, err := w.send(tx, signs{account: wrong, key: 0, signer: user, how: usual}); !errors.Is(err, access.ErrSignature) || w.noted(wrong) != "-1" {
		t.Errorf("a key with SHA3_256: the node says %v", err)
	}
	if err := tx.VerifySignature(tx.EnvelopeSignatures[0], flow.RoleEnvelope, sha3, nil); !errors.Is(err, flow.ErrSignature) || !errors.Is(sha3.Fits(), flow.ErrKey) {
		t.Errorf("a key with SHA3_256: package flow says %v", err)
	}
	k, err := w.Key(t.Context(), account, 0)
	if err != nil || k.SequenceNumber != uint64(sealed) || k.Public != key.Public || k.Weight != 1000 || k.Curve != flow.P256 || k.Hash != flow.SHA2 {
		t.Errorf("after %d sealed transactions the key is %+v, %v", sealed, k, err)
	}
}

func TestNothingRunsTwice(t *testing.T) {
	w := newWorld(t)
	user := flowtest.NewSigner("user")
	account := w.create(flow.Passkey(user.Public(), 1000))
	tx := w.of([]byte(note), [][]byte{flow.Int(7).JSON()}, account)
	by := signs{account: account, key: 0, signer: user, how: usual}
	r, err := w.send(tx, by)
	if err != nil || r.ID != tx.ID() || r.Status != access.StatusSealed {
		t.Fatalf("%+v, %v", r, err)
	}
	again, err := w.Send(t.Context(), tx)
	if err != nil || again != r.ID {
		t.Errorf("sent again: %s, %v", again, err)
	}
	// With n - s it is another transaction, and as good; its sequence number is used up.
	other := *tx
	other.EnvelopeSignatures = []flow.Signature{tx.EnvelopeSignatures[0]}
	high := append([]byte{}, tx.EnvelopeSignatures[0].Signature...)
	n, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	n.Sub(n, new(big.Int).SetBytes(high[32:])).FillBytes(high[32:])
	other.EnvelopeSignatures[0].Signature = high
	if other.ID() == tx.ID() {
		t.Fatal("the same id")
	}
	id, err := w.Send(t.Context(), &other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Wait(t.Context(), id); !errors.Is(err, access.ErrSequence) {
		t.Errorf("the same with a high s: %v", err)
	}
	if r, err := w.Result(t.Context(), flow.Identifier{1}); err != nil || r.Status != access.StatusUnknown || r.Done() {
		t.Errorf("a transaction that nobody knows: %+v, %v", r, err)
	}
	failing := w.of([]byte(`transaction { prepare(a: &Account) { panic("on purpose") } }`), nil, account)
	if _, err := w.send(failing, by); !errors.Is(err, access.ErrFailed) || !strings.Contains(err.Error(), "on purpose") {
		t.Errorf("a script that fails: %v", err)
	}
	late := w.of([]byte(note), [][]byte{flow.Int(8).JSON()}, account)
	if err := w.Prepare(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	late.ReferenceBlock = flow.Identifier{1}
	w.sign(late, by)
	if _, err := w.Send(t.Context(), late); err == nil {
		t.Error("a block that nobody knows")
	}
}

func TestKeysComeAndGo(t *testing.T) {
	w := newWorld(t)
	old, young := flowtest.NewSigner("old"), flowtest.NewSigner("young")
	account := w.create(flow.Passkey(old.Public(), 1000))
	script, arguments, err := flow.AddKeys(flow.Passkey(young.Public(), 1000))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.send(w.of(script, arguments, account), signs{account: account, key: 0, signer: old, how: usual}); err != nil {
		t.Fatal(err)
	}
	script, arguments = flow.RevokeKey(0)
	tx := w.of(script, arguments, account)
	tx.ProposalKey.KeyIndex = 1
	if _, err := w.send(tx, signs{account: account, key: 1, signer: young, how: usual}); err != nil {
		t.Fatal(err)
	}
	a, err := w.Account(t.Context(), account)
	if err != nil || len(a.Keys) != 2 || !a.Keys[0].Revoked || a.Keys[1].Revoked || a.Keys[1].Public != [64]byte(young.Public().Raw()) {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := w.Prepare(t.Context(), w.of([]byte(note), nil, account)); !errors.Is(err, flow.ErrRevoked) {
		t.Errorf("proposed with a revoked key: %v", err)
	}
	tx = w.of([]byte(note), [][]byte{flow.Int(1).JSON()}, account)
	tx.ProposalKey.KeyIndex = 1
	if _, err := w.send(tx, signs{account: account, key: 0, signer: old, how: usual}); err == nil {
		t.Error("a revoked key signs")
	}
	script, arguments = flow.RevokeKey(9)
	tx = w.of(script, arguments, account)
	tx.ProposalKey.KeyIndex = 1
	if _, err := w.send(tx, signs{account: account, key: 1, signer: young, how: usual}); !errors.Is(err, access.ErrFailed) {
		t.Errorf("no such key: %v", err)
	}
}

func TestProofsOnChain(t *testing.T) {
	w := newWorld(t)
	one, two, bare := flowtest.NewSigner("one"), flowtest.NewSigner("two"), flowtest.NewSigner("bare")
	account := w.create(flow.Passkey(one.Public(), 500), flow.Passkey(two.Public(), 500), flow.Passkey(bare.Public(), 1000))
	a, err := w.Account(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	policy := flow.Policy{Assertion: passkey.Rule{RPID: flowtest.RPID, Origins: []string{flowtest.Origin}}}
	prove := func(keys ...uint32) *flow.Proof {
		p := &flow.Proof{App: "app.example", Address: account, Nonce: []byte("a nonce of thirty-two bytes, once")}
		m, err := p.Message()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			s := flow.Signature{Address: account, KeyIndex: k}
			how := usual
			if k == 2 {
				how = plain
			}
			s.Signature, s.Extension = how.Make([]*flowtest.Signer{one, two, bare}[k], m)
			p.Signatures = append(p.Signatures, s)
		}
		return p
	}
	broken, high := prove(2), prove(2)
	broken.Signatures[0].Signature[10] ^= 1
	s := high.Signatures[0].Signature[32:]
	new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(s)).FillBytes(s)
	for _, c := range []struct {
		name string
		p    *flow.Proof
		good bool
	}{
		{"two passkeys of 500", prove(0, 1), true},
		{"a plain key", prove(2), true},
		{"a plain key with a high s", high, true},
		{"a passkey and a plain key", prove(1, 2), true},
		{"one passkey of 500", prove(0), false},
		{"a bit changed", broken, false},
	} {
		if err := c.p.Verify(a.Keys, policy); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
		script, arguments, err := c.p.Script()
		if err != nil {
			t.Fatal(err)
		}
		v, err := w.Script(t.Context(), script, arguments)
		if err != nil || v.Text != fmt.Sprint(c.good) {
			t.Errorf("%s: the chain says %+v, %v", c.name, v, err)
		}
	}
}
