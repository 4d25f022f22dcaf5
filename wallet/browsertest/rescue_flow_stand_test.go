package browsertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/rescue"
)

// flowWorld is a chain of Flow behind an access node that can lie, and an account that pays for others.
type flowWorld struct {
	t      *testing.T
	node   *access.Client
	face   *flowFace
	payer  flow.Address
	secret *ecdsa.PrivateKey
}

// openFlowWorld starts an emulator of its own.
func openFlowWorld(t *testing.T) *flowWorld {
	t.Helper()
	if skipped != "" {
		t.Skip(skipped)
	}
	needFlow(t)
	w := &flowWorld{t: t}
	w.secret, _ = p256Key(t)
	e, node := flowEmulator(t, w.secret, access.WithPoll(50*time.Millisecond))
	w.node = node
	w.payer = e.Service
	w.face = newFlowFace(t, e.URL)
	return w
}

func p256Key(t *testing.T) (*ecdsa.PrivateKey, [64]byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key, publicOf(t, &key.PublicKey)
}

func publicOf(t *testing.T, k *ecdsa.PublicKey) [64]byte {
	t.Helper()
	p, err := passkey.NewPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return [64]byte(p.Raw())
}

// run has the payer do something, signed by its plain key.
func (w *flowWorld) run(script []byte, arguments [][]byte) access.Result {
	w.t.Helper()
	tx := &flow.Transaction{Script: script, Arguments: arguments, ProposalKey: flow.ProposalKey{Address: w.payer}, Payer: w.payer, Authorizers: []flow.Address{w.payer}}
	if err := w.node.Prepare(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
	message, err := tx.Message(w.payer)
	if err != nil {
		w.t.Fatal(err)
	}
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, w.secret, digest[:])
	if err != nil {
		w.t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	if err := tx.Sign(flow.Signature{Address: w.payer, Signature: signature}); err != nil {
		w.t.Fatal(err)
	}
	id, err := w.node.Send(w.t.Context(), tx)
	if err != nil {
		w.t.Fatal(err)
	}
	result, err := w.node.Wait(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// account makes an account with keys and some FLOW; whole numbers.
func (w *flowWorld) account(tokens uint64, keys ...flow.AccountKey) flow.Address {
	w.t.Helper()
	script, arguments, err := flow.CreateAccount(keys...)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range w.run(script, arguments).Events {
		if e.Type == "flow.AccountCreated" {
			a, err := flow.ParseAddress(e.Value.Items[0].Text)
			if err != nil {
				w.t.Fatal(err)
			}
			if tokens != 0 {
				if script, err = rescue.FlowTransfer("flow-emulator"); err != nil {
					w.t.Fatal(err)
				}
				w.run(script, [][]byte{flow.UFix64(tokens * 1e8).JSON(), flow.Addr(a).JSON()})
			}
			return a
		}
	}
	w.t.Fatal("no account was made")
	return flow.Address{}
}

func (w *flowWorld) look(a flow.Address) access.Account {
	w.t.Helper()
	account, err := w.node.Account(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return account
}

// flowFace is what the page sees of an access node: the emulator, and lies about it.
type flowFace struct {
	URL     string
	through http.Handler // the truth

	mu    sync.Mutex
	lies  map[string]http.HandlerFunc // by a part of the path
	posts int                         // transactions that came in
}

func newFlowFace(t *testing.T, emulator string) *flowFace {
	to, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	f := &flowFace{lies: map[string]http.HandlerFunc{}, through: httputil.NewSingleHostReverseProxy(to)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		var lie http.HandlerFunc
		for part, h := range f.lies {
			if strings.Contains(r.URL.Path, part) && r.Method != http.MethodOptions {
				lie = h
			}
		}
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/transactions") {
			f.posts++
		}
		f.mu.Unlock()
		if lie == nil {
			f.through.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", "*")
		lie(w, r)
	}))
	t.Cleanup(s.Close)
	f.URL = s.URL
	return f
}

// says puts a lie in the place of what the chain says where a path has a part; nil: the truth again.
func (f *flowFace) says(part string, lie http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.lies, part)
	if lie != nil {
		f.lies[part] = lie
	}
}

func (f *flowFace) sent() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.posts
}

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

// accountLie is an account with one key, as an access node writes it.
func accountLie(a flow.Address, k flow.AccountKey, balance string) http.HandlerFunc {
	b, err := json.Marshal(map[string]any{"address": a.Hex(), "balance": balance, "keys": []any{map[string]any{
		"index": fmt.Sprint(k.Index), "public_key": "0x" + k.PublicHex(), "signing_algorithm": k.Curve, "hashing_algorithm": k.Hash,
		"sequence_number": fmt.Sprint(k.SequenceNumber), "weight": fmt.Sprint(k.Weight), "revoked": k.Revoked}}})
	if err != nil {
		panic(err)
	}
	return answer(http.StatusOK, string(b))
}

// openFlowRescue opens the rescue page at the step where somebody says what he holds.
func (w *flowWorld) openFlowRescue(p *tab, home, path string) {
	p.t.Helper()
	p.moves(home, path, w.face.URL)
	p.shows("start")
	p.click("chain-flow")
	p.write("rpc", w.face.URL)
	p.click("connect")
	p.shows("who")
}

// flowFromFile opens it from a file.
func (w *flowWorld) flowFromFile() *tab {
	w.t.Helper()
	p := blankTab(w.t)
	w.openFlowRescue(p, "file://", saved(w.t))
	return p
}

// flowDoes reviews what a form asks for, signs it and waits for the seal.
func (p *tab) flowDoes(button, done string) {
	p.t.Helper()
	p.click(button)
	p.shows("flow-review")
	p.click("flow-sign")
	p.flowSealed(done)
}

func (p *tab) flowSealed(done string) {
	p.t.Helper()
	p.shows("flow-done")
	p.until(byID("flow-done-step") + ".textContent === 'Receipt'")
	if got := p.text("flow-done-title"); got != done {
		p.t.Fatalf("the receipt says %q, want %q\n%s", got, done, p.text("flow-done-rows"))
	}
}

// flowBack goes from the receipt to the account, whose balance is read anew.
func (p *tab) flowBack() {
	p.t.Helper()
	p.click("flow-done-back")
	p.shows("flow")
	p.until("!document.querySelector('[aria-disabled]')")
}

// flowKeyOf is a passkey as a key of Flow.
func flowKeyOf(t *testing.T, c *webauthn.Credential, weight uint16) flow.AccountKey {
	t.Helper()
	k, err := x509.ParsePKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	private := k.(*ecdsa.PrivateKey)
	return flow.AccountKey{Public: publicOf(t, &private.PublicKey), Curve: flow.P256, Hash: flow.SHA2, Weight: weight}
}

// flowSecret is a plain key on a curve, as digits.
func flowSecret(t *testing.T, hash flow.HashAlgorithm, weight uint16) (string, flow.AccountKey) {
	t.Helper()
	key, public := p256Key(t)
	raw, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(raw), flow.AccountKey{Public: public, Curve: flow.P256, Hash: hash, Weight: weight}
}
