package browsertest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/passkey"
)

// fclUser is FCL's current user, as the app reads it.
type fclUser struct {
	Addr     string
	LoggedIn bool
	Services []struct {
		Type, Method, Endpoint string
		Identity               struct {
			Address string
			KeyID   *uint32
		}
		Data json.RawMessage
	}
}

// logIn logs the app in with an account that the window makes, and a proof of it if there is a nonce.
func (a *app) logIn(app, nonce string) (flow.Address, fclUser) {
	a.t.Helper()
	resolver := "undefined"
	if nonce != "" {
		resolver = fmt.Sprintf("async () => ({ appIdentifier: %s, nonce: %q })", app, nonce)
	}
	p := a.popup(`(fcl.config().put('fcl.accountProof.resolver', ` + resolver + `), fcl.authenticate())`)
	p.shows("choose")
	p.until("!" + byID("create-form") + ".hidden")
	if got := p.text("choose-rows"); !strings.Contains(got, a.home) {
		a.t.Errorf("who asks: %q, not %s", got, a.home)
	}
	p.click("create-form button")
	p.shows("review")
	a.keeps(p)
	p.click("yes")
	var user fclUser
	a.value(&user)
	a.closed(p)
	address, err := flow.ParseAddress(user.Addr)
	if err != nil {
		a.t.Fatal(err)
	}
	return address, user
}

// sealed waits for the transaction whose id the app has got.
func (a *app) sealed() {
	a.t.Helper()
	var id string
	a.value(&id)
	a.begin(fmt.Sprintf("sealed(%q)", id))
	var result struct {
		Status, StatusCode int
		ErrorMessage       string
	}
	a.value(&result)
	if result.Status != 4 || result.StatusCode != 0 || result.ErrorMessage != "" {
		a.t.Fatalf("%+v", result)
	}
}

func TestAnAppWithUnmodifiedFCLUsesTheFlowWallet(t *testing.T) {
	a := openApp(t)
	dir := shotDir(t)

	// 1. The app logs in, with a proof of the account; its server verifies it with the account's keys.
	asked := nonce()
	address, user := a.logIn("location.origin", asked)
	if !user.LoggedIn {
		t.Fatalf("%+v", user)
	}
	var proof json.RawMessage
	for _, s := range user.Services {
		switch s.Type {
		case "account-proof":
			proof = s.Data
		case "authn", "authz":
			if s.Method != "POP/RPC" || !strings.HasPrefix(s.Endpoint, a.wallet+"/fcl") || s.Identity.Address != address.String() || s.Identity.KeyID == nil || *s.Identity.KeyID != 0 {
				t.Errorf("%+v", s)
			}
		default:
			t.Errorf("a service that is not there: %q", s.Type)
		}
	}
	account, err := a.node.Account(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	policy := flow.Policy{Assertion: passkey.Rule{RPID: "localhost", Origins: []string{a.wallet}}}
	p, err := flow.ParseProof(proof, a.home)
	if err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(p.Nonce) != asked || p.Address != address {
		t.Errorf("%+v", p)
	}
	if err := p.Verify(account.Keys, policy); err != nil {
		t.Errorf("the proof: %v", err)
	}
	for name, spoil := range map[string]func(p *flow.Proof){
		"another nonce":   func(p *flow.Proof) { p.Nonce = bytes.Repeat([]byte{1}, flow.MinNonce) },
		"another app":     func(p *flow.Proof) { p.App += "." },
		"another account": func(p *flow.Proof) { p.Address = a.service },
	} {
		other := *p
		spoil(&other)
		if other.Verify(account.Keys, policy) == nil {
			t.Errorf("%s is taken", name)
		}
	}

	// 2. The account proposes, authorizes and pays: one window, one signature, sealed.
	w := a.popup("mutate(42)")
	w.shows("review")
	for _, want := range []string{a.home, `{"type":"Int","value":"42"}`, address.String() + " authorizes it, proposes it, and pays for it", "999"} {
		if got := w.text("review-rows"); !strings.Contains(got, want) {
			t.Errorf("before signing the page shows %q, not %q", got, want)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		w.scheme(scheme)
		w.shot(dir, "fcl-review-"+scheme)
	}
	w.size(340, 700)
	w.shot(dir, "fcl-review-narrow")
	w.size(640, 770)
	w.click("yes")
	a.sealed()
	a.closed(w)
	if got := a.note(address); got != "42" {
		t.Errorf("the note is %q", got)
	}

	// 3. The app's server pays: the passkey signs the payload, then a plain key the envelope with the extension in it.
	w = a.popup(fmt.Sprintf("mutate(43, { payer: sponsor(%q) })", a.service.Hex()))
	w.shows("review")
	if got := w.text("review-rows"); !strings.Contains(got, address.String()+" authorizes it and proposes it") || !strings.Contains(got, a.service.String()) {
		t.Errorf("before signing the page shows %q", got)
	}
	w.click("yes")
	a.sealed()
	a.closed(w)
	if got := a.note(address); got != "43" {
		t.Errorf("the note is %q", got)
	}
	if len(a.paid) != 1 || len(a.paid[0].Transaction.PayloadSignatures) != 1 || len(a.paid[0].Transaction.PayloadSignatures[0].Extension) < 100 {
		t.Errorf("the app's server was asked for %+v", a.paid)
	}

	// 4. No is an answer, with a reason, and the window goes.
	w = a.popup("mutate(44)")
	w.shows("review")
	a.leave(w, "no")
	if _, failed := a.outcome(); !strings.Contains(failed, "Declined: The user said no.") {
		t.Errorf("the app is told %q", failed)
	}
	a.closed(w)
	w = a.popup("mutate(45)")
	w.shows("review")
	call(w, page.Close, empty{})
	if _, failed := a.outcome(); !strings.Contains(failed, "Externally Halted") {
		t.Errorf("the app is told %q", failed)
	}
	if got := a.note(address); got != "43" {
		t.Errorf("the note is %q", got)
	}

	// 5. A message of its own is not signed: no verifier takes a passkey's signature of it.
	a.begin(`fcl.currentUser.signUserMessage('00')`)
	if _, failed := a.outcome(); failed == "" {
		t.Error("a message was signed")
	}
	w = a.popup(`byHand('user-signature', { message: '00' })`)
	w.shows("refused")
	w.shot(dir, "fcl-refused")
	if got := w.text("refused-title"); got != "The app wants a message signed." {
		t.Errorf("the page says %q", got)
	}
	a.leave(w, "refuse")
	a.closed(w)
	a.declined("The app wants a message signed.")

	// 6. Logging in anew: the account is remembered, and without a proof nothing is signed.
	w = a.popup(`(fcl.unauthenticate(), fcl.config().put('fcl.accountProof.resolver', undefined), fcl.authenticate())`)
	w.shows("choose")
	w.shot(dir, "fcl-choose")
	w.eval(`document.querySelector('#remembered button').setAttribute('id', 'use')`, nil)
	w.click("use")
	w.shows("review")
	w.shot(dir, "fcl-share")
	a.leave(w, "yes")
	a.value(&user)
	if user.Addr != address.String() || len(user.Services) != 2 {
		t.Errorf("%+v", user)
	}
	a.closed(w)
}

// declined waits until a window that the app speaks to by hand has answered it: no, and why, and to no other origin.
func (a *app) declined(reason string) {
	a.t.Helper()
	a.until("heard.some((m) => m.type === 'FCL:VIEW:RESPONSE')")
	var heard []struct{ Origin, Type, Status, Reason string }
	a.eval("heard", &heard)
	last := heard[len(heard)-1]
	if len(heard) != 2 || last.Status != "DECLINED" || last.Origin != a.wallet || !strings.Contains(last.Reason, reason) {
		a.t.Errorf("the app hears %+v, not %q", heard, reason)
	}
}

func TestAHostileAppGetsNoSignatureOnFlow(t *testing.T) {
	a := openApp(t)
	address, _ := a.logIn("", "")

	// What FCL would have signed, in full.
	a.begin(fmt.Sprintf("mutate(1, { proposer: caught(%[1]q, 0), payer: caught(%[1]q, 0), authorizations: [caught(%[1]q, 0)] })", address.Hex()))
	if _, failed := a.outcome(); failed == "" {
		t.Fatal("nothing was caught")
	}
	a.eval("signable.message.length > 100", nil)

	for _, lie := range []struct{ name, change, why string }{
		{"the voucher shows another script", `{ voucher: { ...signable.voucher, cadence: 'transaction {}' } }`, "voucher’s script"},
		{"the request shows another script", `{ cadence: 'transaction {}' }`, "request’s script"},
		{"another argument is shown", `{ args: [{ value: '2', type: 'Int' }] }`, "request’s arguments"},
		{"another payer is shown", `{ voucher: { ...signable.voucher, payer: '0xf8d6e0586b0a20c7' } }`, "voucher’s payer"},
		{"the account is another", `{ addr: 'f8d6e0586b0a20c7' }`, "signs nothing of this transaction"},
		{"the role is another", `{ roles: { ...signable.roles, payer: false } }`, "something else than what it is"},
		{"the message has been changed", `{ message: signable.message.slice(0, -1) + '1' }`, ""},
		{"no transaction", `{ message: '00'.repeat(40) }`, "no transaction"},
		{"nothing that can be read", `{ message: '<img src=x onerror=alert(1)>' }`, "no message in hexadecimal"},
	} {
		w := a.popup(`void byHand('authz', { ...signable, ...` + lie.change + ` })`)
		w.shows("refused")
		if got := w.text("refused-title"); !strings.Contains(got, lie.why) {
			t.Errorf("%s: the page says %q", lie.name, got)
		}
		a.leave(w, "refuse")
		a.closed(w)
		a.declined(lie.why)
	}

	// The true one is shown; what the app says afterwards changes nothing of it.
	w := a.popup(`void byHand('authz', signable)`)
	w.shows("review")
	before := w.text("review")
	a.eval(`void own.postMessage({ type: 'FCL:VIEW:READY:RESPONSE', body: { ...signable, message: '00' }, service: { type: 'authz' } }, '*')`, nil)
	a.eval(`void own.postMessage({ type: 'FCL:VIEW:READY:RESPONSE', body: {}, service: { type: 'authn' } }, '*')`, nil)
	w.eval(`new Promise((ready) => setTimeout(ready, 100))`, nil)
	if got := w.text("review"); got != before {
		t.Errorf("the page shows %q", got)
	}
	a.leave(w, "no")
	a.closed(w)
	a.declined("The user said no.")

	// A proof for another site is not made.
	w = a.popup(`void byHand('authn', { appIdentifier: 'https://bank.example', nonce: '00'.repeat(32) })`)
	w.shows("refused")
	if got := w.text("refused-title"); !strings.Contains(got, "https://bank.example, which is another site") {
		t.Errorf("the page says %q", got)
	}
	a.leave(w, "refuse")
	a.closed(w)
	a.declined("another site")
	w = a.popup(`void byHand('authn', { appIdentifier: location.origin, nonce: '00'.repeat(31) })`)
	w.shows("refused")
	a.leave(w, "refuse")
	a.closed(w)
	a.declined("at least 32 bytes")

	// What would leave the account to nobody is refused, and the app told why.
	script, _ := flow.RevokeKey(0)
	w = a.popup(fmt.Sprintf("mutate(0, { cadence: %s })", quoted(string(script))))
	w.shows("refused")
	if got := w.text("refused"); !strings.Contains(got, "Key 0 is needed.") || !strings.Contains(got, "nobody could use the account any more") {
		t.Errorf("the page says %q", got)
	}
	a.leave(w, "refuse")
	a.closed(w)
	if _, failed := a.outcome(); !strings.Contains(failed, "Declined: Key 0 is needed.") {
		t.Errorf("the app is told %q", failed)
	}

	// Another network is named.
	w = a.popup(`void byHand('authn', {}, { config: { client: { network: 'testnet' } } })`)
	w.shows("refused")
	if got := w.text("refused-title"); !strings.Contains(got, "The app is on testnet") {
		t.Errorf("the page says %q", got)
	}
	a.leave(w, "refuse")
	a.closed(w)
}
