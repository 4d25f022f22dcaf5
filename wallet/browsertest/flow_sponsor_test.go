package browsertest

import (
	"strings"
	"testing"
)

// losing drops the first answer about a payment, and refuses to pay when that is wanted.
const losing = `{
	const f = fetch;
	window.fetch = async (u, o) => {
		if (String(u).endsWith('/sponsor') && sessionStorage.getItem('refuse')) {
			return Response.json({ error: { code: sessionStorage.getItem('refuse'), message: 'the service has paid for 10 transactions of this account', hint: 'wait, or let the account pay by itself' } }, { status: 429 });
		}
		const reply = await f(u, o);
		if (String(u).endsWith('/sponsor') && !sessionStorage.getItem('lost')) {
			sessionStorage.setItem('lost', (await reply.json()).id);
			throw new TypeError('the connection is gone');
		}
		return reply;
	};
}`

func TestTheServicePaysForAFlowTransaction(t *testing.T) {
	p, node, url := openFlowAt(t)
	dir := shotDir(t)
	address := p.made(node)

	// 1. Who pays is the owner's choice, before anything is signed.
	p.eval(byID("weight")+".value = '1000'", nil)
	p.click("add")
	p.shows("review")
	p.until("!" + byID("pays") + ".hidden && !" + byID("paid") + ".checked")
	p.shot(dir, "flow-review-own-fees")
	p.click("paid")
	p.until(byID("review-rows") + ".textContent.includes('The service pays')")
	p.shows("review")
	p.shot(dir, "flow-review-paid")
	if got := p.sealed(); got != "The passkey is a key of your account" || !strings.Contains(p.text("done-rows"), "The service has paid") {
		t.Errorf("the page says %q: %s", got, p.text("done-rows"))
	}
	var id string
	p.eval(`document.querySelector('#done-rows dd').textContent`, &id)
	if got := sent(t, url, id); got == address.Hex() || got == "" {
		t.Errorf("%s was paid for by %s", id, got)
	}
	if keys := keysOf(t, node, address); len(keys) != 2 || keys[1].Weight != 1000 {
		t.Errorf("%+v", keys)
	}
	p.returns()

	// 2. The operator's scripts are paid for, others are not.
	p.writes("transaction { execute {} }", "")
	p.until(byID("pays") + ".hidden && !" + byID("pays-not") + ".hidden")
	p.click("review-back")
	p.shows("account")

	// 3. The answer is lost: the same transaction is sent again and has run once.
	p.open(losing)
	p.until("!" + byID("open-form") + ".hidden")
	p.click("open-form button")
	p.shows("account")
	p.writes(noteScript, `[{"type":"Int","value":"5"}]`)
	p.click("paid")
	p.until(byID("review-rows") + ".textContent.includes('The service pays')")
	p.shows("review")
	p.click("sign")
	if got := p.problem(); !strings.Contains(got, "not known whether") {
		t.Errorf("the page says %q", got)
	}
	p.until(byID("sign") + ".hidden && !" + byID("again") + ".hidden")
	p.shows("review")
	p.shot(dir, "flow-paid-unclear")
	p.click("again")
	p.shows("done")
	var lost string
	p.eval(`sessionStorage.getItem('lost')`, &lost)
	p.eval(`document.querySelector('#done-rows dd').textContent`, &id)
	if got := p.text("done-title"); got != "The transaction is sealed" || id != lost {
		t.Errorf("the page says %q: %s, lost %s", got, p.text("done-rows"), lost)
	}
	p.returns()

	// 4. The service's no is said in its words; whether the same can be sent later depends on why.
	for code, later := range map[string]bool{"paid_often": true, "script_not_paid": false} {
		p.eval(`sessionStorage.setItem('refuse', `+quoted(code)+`)`, nil)
		p.writes(noteScript, `[{"type":"Int","value":"6"}]`)
		p.click("paid")
		p.until(byID("review-rows") + ".textContent.includes('The service pays')")
		p.shows("review")
		p.click("sign")
		if got := p.problem(); !strings.Contains(got, "The service has paid for 10 transactions of this account.") || !strings.Contains(got, "Wait, or let the account pay by itself.") {
			t.Errorf("the page says %q", got)
		}
		p.shows("review")
		var again bool
		if p.eval("!"+byID("again")+".hidden", &again); again != later {
			t.Errorf("%s: can be sent again: %t", code, again)
		}
		p.click("review-back")
		p.shows("account")
	}
}

func TestTheWalletLeadsToFlowWhereThereIsOne(t *testing.T) {
	p, _ := openFlow(t)
	p.path = "/"
	p.open("")
	p.until("!" + byID("flow") + ".hidden")
	p.click("flow a")
	p.until("location.pathname === '/flow' && !document.getElementById('create-form').hidden")
	other := newTab(t, "")
	other.until("!" + byID("create") + ".disabled && " + byID("flow") + ".hidden")
}
