package browsertest

import (
	"testing"
)

// aKey is the address of a key that nobody uses.
const aKey = "0x00000000000000000000000000000000DeaDBeef"

// grantScreens walks to every screen of the owner's page.
func grantScreens(p *tab, look func(name string)) {
	p.t.Helper()
	p.shows("start")
	p.eval("document.querySelectorAll('#start details').forEach((d) => { d.open = true; })", nil)
	p.write("secret", "0x12")
	p.click("import-form button")
	p.until(byID("secret-error") + ".textContent")
	look("start")
	p.verifies(false)
	p.click("open-passkey")
	p.problem()
	look("start-problem")
	p.verifies(true)
	p.click("new-form button")
	p.shows("prove")
	look("prove")
	p.click("test")
	p.shows("account")
	look("account-new")
	p.faucet()
	p.grantETH("0x12", "0xC5", "0,5", func() { p.click("add-token"); p.click("add-call") })
	p.until(byID("key-error") + ".textContent && " + byID("c1-to-error") + ".textContent")
	p.shows("form")
	look("form-errors")
	p.click("form-back")
	p.shows("account")
	p.grantETH(aKey, "", "0.5", func() {
		p.click("add-call")
		p.write(p.field("target"), recipient)
		p.write(p.field("call"), "vote(uint256 id, uint8 choice) where choice <= 2 and id in [7, 8]")
		p.write("count", "20")
		p.write("budget", "0.1")
	})
	p.shows("approve")
	p.eval("document.querySelector('#approve details').open = true", nil)
	look("approve")
	p.click("approve-sign")
	p.shows("handover")
	look("handover")
	p.click("handover-back")
	p.shows("account")
	p.eval("document.querySelectorAll('#account details').forEach((d) => { d.open = true; })", nil)
	look("account")
	p.click("revoke-all")
	p.shows("review")
	look("revoke-review")
	p.click("sign")
	p.shows("done")
	p.until(byID("done-title") + ".textContent.startsWith('No session key')")
	look("revoke-done")

	// As on another machine.
	p.eval("localStorage.clear()", nil)
	p.open("")
	p.shows("start")
	p.until("!document.querySelector('#open-passkey').disabled")
	p.click("open-passkey")
	p.shows("settle")
	look("settle")
	p.click("settle-go")
	p.shows("account")
}

// sessionScreens walks to every screen of the session key's page. The owner is another tab.
func sessionScreens(p *tab, look func(name string)) {
	p.t.Helper()
	p.shows("start")
	p.openApproval("AAAA")
	p.until(byID("text-error") + ".textContent")
	look("start")
	p.click("new-form button")
	p.shows("prove")
	look("prove")
	p.click("test")
	p.shows("request")
	look("request")
	request := p.text("request-text")
	text := approvalFor(p.t, p.home, request, func(owner *tab) {
		owner.click("add-call")
		owner.write(owner.field("target"), recipient)
		owner.write(owner.field("call"), "vote(uint256 id, uint8 choice) where choice <= 2")
		owner.write("count", "3")
		owner.write("budget", "1")
	})
	p.click("request-back")
	p.shows("start")

	// As on another machine, to which the passkey was synced.
	p.eval("localStorage.clear()", nil)
	p.openApproval(text)
	p.shows("unlock")
	look("unlock")
	p.click("unlock-go")
	p.shows("session")
	look("session-new")
	p.fillAct("0xC5", "0,5")
	p.until(byID("act-value-error") + ".textContent")
	look("session-errors")
	p.write("act-to", recipient)
	p.write("act-value", "5")
	p.click("act-form .primary")
	p.problem()
	look("session-problem")
	p.write("act-value", "0.1")
	p.click("act-form .primary")
	p.shows("review")
	p.eval("document.querySelector('#review details').open = true", nil)
	look("review")
	p.click("sign")
	p.shows("done")
	p.until(byID("done-title") + ".textContent === '0.1 ETH sent'")
	look("done")
	p.click("done-back")
	p.contains("left", "2 of 3")
	p.shows("session")
	p.eval(byID("what")+".value = '1', "+byID("what")+".dispatchEvent(new Event('change'))", nil)
	look("session")
}

// approvalFor is what a new owner signs for a request: ether to anyone, and more.
func approvalFor(t *testing.T, origin, request string, more func(owner *tab)) string {
	t.Helper()
	owner := openGrant(t, origin, "/grant", "")
	owner.ownKey()
	owner.faucet()
	owner.grantETH(request, "", "0.5", func() {
		if more != nil {
			more(owner)
		}
	})
	return owner.signGrant()
}
