package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
)

// leave leaves the account that is open, and lets go of the owner key if there is one.
func (p *tab) leave() {
	p.t.Helper()
	p.click("leave")
	var asked bool
	p.eval("!"+byID("leave-box")+".hidden", &asked)
	if asked {
		p.click("leave-sure")
	}
	p.shows("start")
}

// secret is the owner key that the tab keeps.
func (p *tab) secret() string {
	p.t.Helper()
	var s string
	p.eval("sessionStorage.getItem('postern.backup.owner') ?? ''", &s)
	return s
}

// everywhere is all that a tab keeps and shows.
const everywhere = "JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.documentElement.outerHTML, [...document.querySelectorAll('input')].map((e) => e.value)])"

// bring imports an owner key.
func (p *tab) bring(secret string) {
	p.t.Helper()
	p.shows("start")
	p.eval("document.querySelector('#import-box').open = true", nil)
	p.write("secret", secret)
	p.click("import-form button")
}

// The only key of an account goes with one more question, and then from the screen too.
func TestLeavingAsksBeforeTheOwnerKeyIsForgotten(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	p.begin()
	secret := p.secret()
	p.click("reveal")
	p.until(byID("reveal-key") + ".textContent === '" + secret + "'")
	p.click("leave")
	p.until("document.activeElement.id === 'leave-not'")
	if got := p.text("leave-text"); !strings.Contains(got, "Nobody else can sign") {
		t.Errorf("the page says %q", got)
	}
	p.click("leave-not")
	p.until(byID("leave-box") + ".hidden && document.activeElement.id === 'leave'")
	if p.secret() != secret {
		t.Error("staying has lost the key")
	}
	p.leave()
	var kept string
	p.eval(everywhere, &kept)
	if strings.Contains(kept, secret[2:]) {
		t.Error("the page says that it has forgotten the key, and has it")
	}

	// With a passkey beside it, the account is not lost; a passkey alone is left without a question.
	p.begin()
	p.click("gasless")
	p.create()
	p.addPasskey()
	p.stage("lose")
	p.click("leave")
	p.until("!" + byID("leave-box") + ".hidden")
	if got := p.text("leave-text"); !strings.Contains(got, "opened again with its passkey") {
		t.Errorf("the page says %q", got)
	}
	p.click("leave-not")
	p.click("lose")
	p.stage("send")
	p.click("leave")
	p.shows("start")
}

// A new owner's key is in the tab alone until the chain names it.
func TestLeavingAsksWhileANewOwnerIsOnItsWay(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('"eth_getUserOperationReceipt') && window.hold ? { ...j, result: null } : undefined`))
	address := p.begin()
	p.pay(place{}, address)
	p.create()
	p.addPasskey()
	p.stage("lose")
	p.click("lose")
	p.stage("send")
	p.sendByPasskey("0.1")
	p.stage("owner")
	p.eval("window.hold = true", nil)
	p.click("new-owner")
	p.shows("review")
	p.click("sign")
	p.until(byID("done-title") + ".textContent === 'Waiting for the chain'")
	p.click("done-back")
	p.until("!" + byID("held") + ".hidden && " + byID("review-go") + ".checkVisibility()")
	p.write("to", recipient)
	p.write("amount", "0.1")
	p.click("review-go")
	p.wantProblem("still on its way", "only once")
	p.click("leave")
	p.until("!" + byID("leave-box") + ".hidden || !" + byID("start") + ".hidden")
	if got := p.text("leave-text"); !strings.Contains(got, "in this tab alone") {
		t.Errorf("the page says %q", got)
	}
}

// The chain is asked once more before the key is let go.
func TestTheOnlySignerIsNotLost(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('"eth_call"') && window.bare && j.result.length > 130 ? { ...j, result: '0x' + '20'.padStart(64, '0') + '0'.repeat(64) } : undefined`)) // getKeyIdHashes()
	p.begin()
	p.click("gasless")
	p.create()
	p.addPasskey()
	p.stage("lose")
	secret := p.secret()
	p.eval("window.bare = true, "+byID("lose")+".click()", nil)
	p.wantProblem("nobody could sign")
	if p.secret() != secret {
		t.Error("the key is gone")
	}
}

// An address that runs somebody else's code is not signed over.
func TestAnAddressWithOtherCodeIsRefused(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('"eth_getCode"') && window.taken ? { ...j, result: '0xef0100' + '11'.repeat(20) } : undefined`))
	p.begin()
	p.eval("document.querySelector('#create-panel details').open = true", nil)
	p.click("become")
	p.until("!" + byID("eoa-panel") + ".hidden")
	p.shows("account")
	p.eval("window.taken = true", nil)
	p.write("eoa-to", recipient)
	p.write("eoa-amount", "0.25")
	p.click("eoa-go")
	p.wantProblem("runs other code already", "0x"+strings.Repeat("11", 20))
}

// Two tabs of one browser: each keeps the account that its own key opens.
func TestAnotherTabDoesNotChangeTheAccount(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	address := p.begin()
	p.eval(`localStorage.setItem('postern.backup.account', JSON.stringify({ address: '`+recipient+`' }))`, nil)
	p.open("")
	p.stage("create")
	if got := p.text("address"); got != address {
		t.Errorf("after a reload the tab has %s, want %s", got, address)
	}
	p.until(byID("create-blocked") + ".hidden")
}

// A key is never written over by another while its account is this tab's.
func TestAKeyThatIsHeldIsNotReplaced(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('"eth_getCode"') && sessionStorage.getItem('broken') ? '<html>502</html>' : undefined`))
	p.begin()
	secret := p.secret()
	p.eval("sessionStorage.setItem('broken', '1')", nil)
	p.open("")
	p.wantProblem("no usable answer")
	p.click("make-key")
	p.wantProblem("still holds another owner key")
	p.bring("0x" + strings.Repeat("11", 32))
	p.wantProblem("still holds another owner key")
	if p.secret() != secret {
		t.Error("the key has been replaced")
	}
	p.eval("sessionStorage.removeItem('broken')", nil)
	p.click("last-open")
	p.stage("create")
}

// A passkey that was made and tested is added later, whatever came in between.
func TestATestedPasskeyIsNotMadeAgain(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	address := p.begin()
	p.click("gasless")
	p.create()
	p.stage("passkey")
	p.click("gasless") // the account has nothing to pay with
	p.click("passkey-form button")
	p.shows("prove")
	for range 2 {
		p.click("test")
		p.wantProblem("does not cover the network fee")
	}
	p.click("test-back")
	p.stage("passkey")
	p.pay(place{}, address)
	p.click("passkey-go")
	p.shows("review")
	p.click("review-back")
	p.stage("passkey")
	if got := p.text("passkey-go"); !strings.Contains(got, "tested") {
		t.Errorf("the button says %q", got)
	}
	p.click("passkey-go")
	p.approve("The passkey is a signer")
	made := call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials
	if len(made) != 1 {
		t.Errorf("%d passkeys were made, want one", len(made))
	}
}

// The key of an EIP-7702 account, imported again, leads to its own address.
func TestAKeyOfItsOwnAddressComesBack(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, "")
	p.begin()
	p.eval("document.querySelector('#create-panel details').open = true", nil)
	p.click("become")
	p.until("!" + byID("eoa-panel") + ".hidden")
	p.shows("account")
	address, secret := p.text("address"), p.secret()
	again := func() {
		t.Helper()
		p.eval("sessionStorage.clear()", nil)
		p.open("")
		p.bring(secret)
		p.shows("account")
		p.until("!" + byID("eoa-panel") + ".hidden")
		if got := p.text("address"); got != address {
			t.Errorf("the key leads to %s, want %s", got, address)
		}
	}
	again()
	p.pay(place{}, address)
	p.write("eoa-to", recipient)
	p.write("eoa-amount", "0.25")
	p.click("eoa-go")
	p.approve("0.25 ETH sent")
	again() // it runs code now, which is no Hybrid account's
}

// An account that cannot be read shows no step of another one.
func TestAnUnreadableAccountShowsNoSteps(t *testing.T) {
	p := openBackup(t, place{origin: origin(t)}, replies(`(url, body, j) => body.includes('0x8da5cb5b') && window.broken ? '<html>502</html>' : undefined`)) // owner()
	address := p.begin()
	p.click("gasless")
	p.create()
	p.stage("passkey")
	p.leave()
	p.eval("window.broken = true, document.querySelectorAll('details').forEach((d) => { d.open = true; })", nil)
	p.write("open-address", address)
	p.click("address-form button")
	p.shows("account")
	p.until(byID("life") + ".textContent.includes('cannot be read')")
	var steps bool
	p.eval(byID("steps-box")+".checkVisibility()", &steps)
	if steps {
		t.Error("steps are shown that nobody knows to be right")
	}
	p.eval("window.broken = false", nil)
	p.stage("passkey")
}
