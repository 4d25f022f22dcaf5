package browsertest

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/flow"
)

func init() {
	type page = struct {
		name    string
		open    func(t *testing.T) *tab
		screens func(p *tab, look func(name string))
	}
	f := &flowScreens{}
	pages = append(pages, page{"rescue", openFunded, rescueScreens}, page{"rescue-several", openRich, severalScreens}, page{"rescue-flow", f.open, f.walk})
}

// flowScreens is an account on Flow that wants two signatures, by a passkey and a key.
type flowScreens struct {
	w       *flowWorld
	account flow.Address
	secret  string
}

func (f *flowScreens) open(t *testing.T) *tab {
	t.Helper()
	f.w = openFlowWorld(t)
	p := newTab(t, "")
	p.register()
	var key flow.AccountKey
	f.secret, key = flowSecret(t, flow.SHA3, 400)
	f.account = f.w.account(12, flowKeyOf(t, p.credential(), 600), key, flow.AccountKey{Public: key.Public, Curve: flow.P256, Hash: flow.SHA2, Weight: 1})
	p.moves(served(t), "/", f.w.face.URL)
	return p
}

// walk goes to every screen that accounts on Flow have of their own.
func (f *flowScreens) walk(p *tab, look func(name string)) {
	p.t.Helper()
	p.shows("start")
	p.click("chain-flow")
	p.eval("document.querySelectorAll('#start details').forEach((d) => { d.open = true; })", nil)
	p.write("rpc", f.w.face.URL)
	p.write("indexer", "http://node.example")
	p.click("connect")
	p.until(byID("indexer-error") + ".textContent")
	look("start")
	p.eval(byID("indexer")+".value = ''", nil)
	p.click("connect")
	p.shows("who")
	p.write("address", "0x1654653399040a61")
	p.click("passkey-form button")
	p.until(byID("address-error") + ".textContent")
	look("who")
	p.write("address", f.account.String())
	p.click("passkey-form button")
	p.shows("flow")
	look("one-of-two")
	p.click("flow-more")
	p.shows("who")
	p.useKey(f.secret)
	p.shows("flow")
	p.eval("document.querySelector('#flow-add-box').open = true", nil)
	p.click("new-make")
	p.write("new-weight", "0")
	p.click("new-form button:not([type])")
	p.until(byID("new-weight-error") + ".textContent")
	p.write("flow-to", "0xC5")
	p.write("flow-amount", "0,5")
	p.click("flow-review-go")
	p.until(byID("flow-to-error") + ".textContent && " + byID("flow-amount-error") + ".textContent")
	look("account-errors")
	p.eval(byID("new-weight")+".value = '1000'", nil)
	p.click("new-form button:not([type])")
	p.shows("flow-review")
	look("review-add")
	p.click("flow-review-back")
	p.shows("flow")
	p.write("flow-to", f.w.payer.String())
	p.write("flow-amount", "500")
	p.click("flow-review-go")
	p.problem()
	look("account-problem")
	p.click("flow-all")
	p.click("flow-review-go")
	p.shows("flow-review")
	p.eval("document.querySelector('#flow-review details').open = true", nil)
	look("review")
	p.click("flow-sign")
	p.shows("flow-done")
	p.until(byID("flow-done-step") + ".textContent === 'Receipt'")
	look("done")
}

// openRich has an account of the wallet, and a node that is a bundler as well and sees ether everywhere.
func openRich(t *testing.T) *tab {
	t.Helper()
	p := newTab(t, "")
	p.register()
	n := newPlainNode(t, stack.Chain().RPCHandler())
	n.rich, n.bundler = true, true
	p.moves(served(t), "/", n.URL)
	return p
}

// severalScreens walks to the choice of an account and of who carries.
func severalScreens(p *tab, look func(name string)) {
	p.t.Helper()
	p.shows("start")
	p.write("rpc", p.also)
	p.eval("document.querySelector('#start details').open = true", nil)
	p.write("bundler", p.also)
	p.click("connect")
	p.shows("who")
	p.click("passkey-form button")
	p.shows("found")
	look("found")
	p.click("again")
	p.shows("found")
	p.until(byID("again-box") + ".hidden")
	p.click("accounts button")
	p.shows("account")
	look("account-bundler")
	p.click("way-key")
	p.click("payer-make")
	p.until("!" + byID("payer-address") + ".hidden")
	p.click("all")
	look("account-everything")
}

// openFunded has an account of the wallet with some ether and tokens, and leaves the wallet.
func openFunded(t *testing.T) *tab {
	t.Helper()
	p := newTab(t, "")
	address := p.register()
	p.fund()
	if err := stack.Chain().MintToken(t.Context(), common.HexToAddress(address), big.NewInt(42_500_000)); err != nil {
		t.Fatal(err)
	}
	p.eval("sessionStorage.clear()", nil)
	p.moves(served(t), "/", newPlainNode(t, stack.Chain().RPCHandler()).URL)
	return p
}

// rescueScreens walks to every screen of the rescue page.
func rescueScreens(p *tab, look func(name string)) {
	p.t.Helper()
	p.shows("start")
	p.eval("document.querySelectorAll('#start details').forEach((d) => { d.open = true; })", nil)
	p.write("rpc", "http://node.example")
	p.click("connect")
	p.until(byID("rpc-error") + ".textContent")
	look("start")
	p.write("rpc", p.also)
	p.click("connect")
	p.shows("who")
	p.write("secret", "0x12")
	p.click("key-form button")
	p.until(byID("secret-error") + ".textContent")
	p.chooseFile("export.json", `{"encrypted":false,"items":[{"login":{"fido2Credentials":[`+aFewExported+`]}}]}`)
	p.until(byID("exported") + ".querySelectorAll('button').length === 2")
	p.eval("document.querySelector('#further-box').open = true", nil)
	look("who")
	p.verifies(false)
	p.click("passkey-form button")
	p.problem()
	look("who-problem")
	p.verifies(true)
	p.click("passkey-form button")
	p.shows("account")
	p.until(byID("balance") + ".textContent !== '…'")
	look("account")
	p.eval("document.querySelectorAll('#account details').forEach((d) => { d.open = true; })", nil)
	p.write("token", stack.Chain().Info().Token.Hex())
	p.click("token-form button")
	p.until(byID("tokens") + ".textContent")
	p.shows("account")
	p.write("to", "0xC5")
	p.write("amount", "0,5")
	p.click("review-go")
	p.until(byID("to-error") + ".textContent && " + byID("amount-error") + ".textContent && " + byID("payer-error") + ".textContent")
	look("account-errors")
	p.write("to", recipient)
	p.write("amount", "0.5")
	p.write("payer", fundedKey(p.t, func(a common.Address, wei *big.Int) error { return stack.Chain().Faucet(p.t.Context(), a, wei) }))
	p.click("review-go")
	p.shows("review")
	p.eval("document.querySelector('#review details').open = true", nil)
	look("review")
	p.click("sign")
	p.shows("done")
	p.until(byID("done-step") + ".textContent === 'Receipt'")
	look("done")
}

// Two passkeys of a vault, of nobody's accounts.
const aFewExported = `
	{"credentialId":"9d1f3c11-67cb-4d3b-8d2e-2a4f8a2f9d10","keyType":"public-key","keyAlgorithm":"ECDSA","keyCurve":"P-256","rpId":"wallet.example","userName":"Postern account","userHandle":"AQ",
	 "keyValue":"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQGhRANCAARv8DuUkkHOHa3UNRnmlg4KhbQaaaBcMoEDqivOFZTKFjxPdTpVvwHcU_bAsMfu54tAxv99JaluIoK5ic73HBRK"},
	{"credentialId":"b64.AQID","keyType":"public-key","keyAlgorithm":"ECDSA","keyCurve":"P-256","rpId":"localhost","userName":"","keyValue":"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgKhRANCAARVD0cQA_Pfl8PfUGrHl_ZyH7Gh-3uPb4PSJEmKZciOJBNgk9cBLlCac3FcvQsAo8wP9LXAGz_6GWqx-zJwNrjm"}`
