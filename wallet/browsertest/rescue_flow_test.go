package browsertest

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
)

// The wallet is gone; on a page of the passkey's domain the one file moves FLOW, gives the account a key that was
// written down, and with that key revokes the passkey.
func TestRescueOfAnAccountOnFlowByThePasskeyOnItsDomain(t *testing.T) {
	w := openFlowWorld(t)
	dir := shotDir(t)
	p := newTab(t, "")
	p.register()
	account := w.account(20, flowKeyOf(t, p.credential(), 1000))
	_, other := flowSecret(t, flow.SHA3, 1000)
	safe := w.account(0, other)
	before := w.look(safe).Balance

	// 1. The node is named, and which account it is; somebody else's passkey has no say in it.
	w.openFlowRescue(p, served(t), "/")
	if got := p.text("network"); got != "Flow emulator" {
		t.Errorf("the network is %q", got)
	}
	for typed, says := range map[string]string{
		"0x12":                 "16 digits",
		"0xf8d6e0586b0a20c8":   "a digit is wrong",
		"0x1654653399040a61":   "an address of Flow, and the node is of Flow emulator",
		"9a0766d93b6608b7":     "an address of Flow testnet",
		account.String() + "0": "16 digits",
	} {
		p.write("address", typed)
		p.click("passkey-form button")
		p.until(byID("address-error") + ".textContent.includes(" + quoted(says) + ")")
	}
	p.write("address", safe.String())
	p.click("passkey-form button")
	if got := p.problem(); !strings.Contains(got, "may not sign for this account") {
		t.Errorf("of somebody else's account the page says %q", got)
	}
	p.write("address", account.String())
	p.click("passkey-form button")
	p.shows("flow")
	if got := p.text("flow-own") + p.text("flow-balance"); !strings.HasPrefix(got, account.String()+"20") {
		t.Errorf("the page shows %q", got)
	}
	p.shot(dir, "rescue-flow-account")

	// 2. Some of it goes to safety; what is signed is read first.
	p.write("flow-to", account.String())
	p.write("flow-amount", "0,5")
	p.click("flow-review-go")
	p.until(byID("flow-amount-error") + ".textContent.includes('point') && " + byID("flow-to-error") + ".textContent.includes('itself')")
	p.write("flow-to", "0x"+strings.ToUpper(strings.TrimPrefix(safe.String(), "0x")))
	p.write("flow-amount", "25")
	p.click("flow-review-go")
	if got := p.problem(); !strings.Contains(got, "does not hold that much") {
		t.Errorf("of more than there is the page says %q", got)
	}
	p.write("flow-amount", "7.25")
	p.click("flow-review-go")
	p.shows("flow-review")
	if got := p.text("flow-review-title") + p.text("flow-review-rows"); !strings.HasPrefix(got, "Send 7.25 FLOW") || !strings.Contains(got, safe.String()) || !strings.Contains(got, account.String()) {
		t.Errorf("the review says %q", got)
	}
	p.eval("document.querySelector('#flow-review details').open = true", nil)
	p.shot(dir, "rescue-flow-review")
	p.click("flow-sign")
	p.flowSealed("7.25 FLOW sent")
	p.shot(dir, "rescue-flow-done")
	if got := w.look(safe).Balance - before; got != 725_000_000 {
		t.Errorf("the recipient got %d", got)
	}
	p.flowBack()

	// 3. A key to be written down becomes a second one.
	p.eval("document.querySelector('#flow-add-box').open = true", nil)
	p.write("new-key", "12")
	p.write("new-weight", "0")
	p.click("new-form button:not([type])")
	p.until(byID("new-key-error") + ".textContent.includes('128 digits; this has 2')")
	p.click("new-make")
	secret := p.text("new-secret")
	p.size(390, 1400)
	p.scheme("dark")
	p.shot(dir, "rescue-flow-add-narrow-dark")
	p.eval(byID("new-weight")+".value = '1000'", nil)
	p.click("new-form button:not([type])")
	p.shows("flow-review")
	if got := p.text("flow-cautions"); !strings.Contains(got, "everything with your account") || !strings.Contains(got, "written down its private key") {
		t.Errorf("cautions: %q", got)
	}
	p.shot(dir, "rescue-flow-review-add-narrow-dark")
	p.size(1100, 900)
	p.scheme("light")
	p.click("flow-sign")
	p.flowSealed("The key is added")
	if got := p.text("new-secret"); got == "" {
		t.Error("the key is gone before anybody has written it down")
	}
	p.flowBack()
	if keys := w.look(account).Keys; len(keys) != 2 || keys[1].Weight != 1000 || keys[1].Hash != flow.SHA3 {
		t.Fatalf("%+v", keys)
	}
	if got := p.text("new-secret"); got != "" {
		t.Error("the key is still in the page")
	}

	// 4. With it alone, from a file, the passkey is revoked and the rest moves.
	f := w.flowFromFile()
	f.write("address", account.String())
	f.useKey(secret)
	f.shows("flow")
	if got := f.text("flow-life"); !strings.Contains(got, "You sign as key 1") {
		t.Errorf("the page says %q", got)
	}
	f.flowDoes("flow-keys button", "Key 0 is revoked")
	if keys := w.look(account).Keys; !keys[0].Revoked || keys[1].Revoked {
		t.Errorf("%+v", keys)
	}
	f.flowBack()
	if got := f.text("flow-keys"); !strings.Contains(got, "Key 0: ") || !strings.Contains(got, "revoked") {
		t.Errorf("keys: %q", got)
	}
	f.write("flow-to", safe.String())
	f.click("flow-all")
	f.click("flow-review-go")
	f.shows("flow-review")
	f.click("flow-sign")
	f.shows("flow-done")
	f.until(byID("flow-done-step") + ".textContent === 'Receipt'")
	if left := w.look(account).Balance; left > 2_000_000 || !strings.HasSuffix(f.text("flow-done-title"), " FLOW sent") {
		t.Errorf("%d are left: %q", left, f.text("flow-done-title"))
	}

	// 5. The passkey may no longer sign.
	w.openFlowRescue(p, served(t), "/")
	p.write("address", account.String())
	p.click("passkey-form button")
	if got := p.problem(); !strings.Contains(got, "may not sign for this account") {
		t.Errorf("of a revoked passkey the page says %q", got)
	}
}

// An account that wants two signatures gathers them: a passkey of this domain with an exported one and a key on the
// other curve. A key indexer of somebody's finds it.
func TestRescueOfAnAccountOnFlowThatWantsSeveralSignatures(t *testing.T) {
	w := openFlowWorld(t)
	dir := shotDir(t)
	p := newTab(t, "")
	p.register()
	mine := flowKeyOf(t, p.credential(), 400)
	h := newHolding(t)
	raw, err := hexutil.Decode(h.secret)
	if err != nil {
		t.Fatal(err)
	}
	k1, err := crypto.ToECDSA(raw)
	if err != nil {
		t.Fatal(err)
	}
	plain := flow.AccountKey{Public: [64]byte(crypto.FromECDSAPub(&k1.PublicKey)[1:]), Curve: flow.Secp256k1, Hash: flow.SHA3, Weight: 300}
	second := flow.AccountKey{Public: [64]byte(h.public.Raw()), Curve: flow.P256, Hash: flow.SHA2, Weight: 300}
	account := w.account(10, mine, plain, second)
	before := w.look(w.payer).Balance

	w.face.says("/index/", func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, mine.PublicHex()) {
			http.Error(rw, `{"message":"not found"}`, http.StatusNotFound)
			return
		}
		fmt.Fprintf(rw, `{"publicKey":"x","accounts":[{"address":%q,"keyId":0},{"address":"0x1654653399040a61","keyId":3}]}`, account)
	})
	p.moves(served(t), "/", w.face.URL)
	p.click("chain-flow")
	p.eval("document.querySelector('#indexer-box').open = true", nil)
	p.shot(dir, "rescue-flow-start")
	p.write("rpc", w.face.URL+"/v1/")
	p.write("indexer", w.face.URL+"/index/key")
	p.click("connect")
	p.shows("who")
	p.click("passkey-form button")
	p.shows("flow")
	if got := p.text("flow-own"); got != account.String() {
		t.Fatalf("the page found %s, want %s", got, account)
	}

	// Nothing is asked of the account before the weights suffice.
	for range 2 {
		if got := p.text("flow-alone-text"); !strings.Contains(got, "must weigh 1000") {
			t.Errorf("the page says %q", got)
		}
		p.until(byID("flow-send-form") + ".hidden && " + byID("flow-add-box") + ".hidden && !document.querySelector('#flow-keys button')")
		p.shot(dir, "rescue-flow-several")
		p.click("flow-more")
		p.shows("who")
		if p.text("flow-life") == "Account on Flow emulator. You sign as key 0." {
			p.useKey(h.secret)
		} else {
			p.useExported(h.export(t, h.address))
		}
		p.shows("flow")
	}
	p.until(byID("flow-alone") + ".hidden")
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "4")
	p.click("flow-review-go")
	p.shows("flow-review")
	if got := p.text("flow-review-rows"); !strings.Contains(got, "(key 0), then your key (key 1), then the exported passkey of second.example (key 2)") {
		t.Errorf("the review says %q", got)
	}
	p.shot(dir, "rescue-flow-review-several")
	p.click("flow-sign")
	p.flowSealed("4 FLOW sent")
	if got := w.look(w.payer).Balance; got <= before {
		t.Errorf("%d, before %d", got, before)
	}

	p.flowBack()
	p.click("flow-leave")
	p.shows("who")
	if p.click("who-back"); p.value("address") == "" {
		t.Error("the address that was typed is gone")
	}
	p.shows("start")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = nil // the indexer's and the node's "not found" are in the browser's log
}

// Where a passkey has to sign twice, each prompt has a click of its own. A further passkey is made on the page.
func TestRescueOnFlowAsksForEachPasskeyByItself(t *testing.T) {
	w := openFlowWorld(t)
	p := newTab(t, "")
	p.register()
	first := flowKeyOf(t, p.credential(), 500)
	account := w.account(10, first, first) // the same key twice: it signs twice
	w.openFlowRescue(p, served(t), "/")
	p.write("address", account.String())
	p.click("passkey-form button")
	p.shows("flow")
	p.write("flow-to", w.payer.String())
	p.write("flow-amount", "1")
	p.click("flow-review-go")
	p.shows("flow-review")
	if got := p.text("flow-sign"); got != "Sign with your passkey (1 of 2)" {
		t.Errorf("the button says %q", got)
	}
	p.click("flow-sign")
	p.until(byID("flow-sign") + ".textContent === 'Sign with your passkey (2 of 2)'")
	if w.face.sent() != 0 {
		t.Error("half a transaction was sent")
	}
	p.click("flow-sign")
	p.flowSealed("1 FLOW sent")

	// A new passkey is made here and added.
	p.flowBack()
	p.eval("document.querySelector('#flow-add-box').open = true", nil)
	p.click("new-passkey")
	p.until(byID("new-key") + ".value.length === 128")
	public := p.value("new-key")
	p.until("!document.querySelector('[aria-disabled]')")
	p.click("new-form button:not([type])")
	p.shows("flow-review")
	p.click("flow-sign")
	p.until(byID("flow-sign") + ".textContent === 'Sign with your passkey (2 of 2)'")
	p.click("flow-sign")
	p.flowSealed("The key is added")
	if keys := w.look(account).Keys; len(keys) != 3 || hex.EncodeToString(keys[2].Public[:]) != public || keys[2].Hash != flow.SHA2 {
		t.Errorf("%+v", keys)
	}
}
