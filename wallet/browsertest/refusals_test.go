package browsertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func (p *tab) wantProblem(parts ...string) {
	p.t.Helper()
	got := p.problem()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			p.t.Fatalf("the page says %q, which lacks %q", got, part)
		}
	}
}

func TestACancelledPromptIsToldFromOneThatTheBrowserRefuses(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")

	// Refused at once: the authenticator cannot verify the person.
	p.verifies(false)
	p.click("create")
	p.wantProblem("refused at once", "screen lock")

	// Cancelled: a prompt stood for a while, then came a no. (No headless Chromium
	// shows a prompt that one could close, so its answer is played.)
	p.eval(`void (navigator.credentials.create = () => new Promise((_, no) => setTimeout(no, 400, new DOMException('not allowed', 'NotAllowedError'))))`, nil)
	p.click("create")
	p.wantProblem("prompt was closed", "Nothing was signed")
	p.eval("delete navigator.credentials.create", nil)

	// Stopped by our own button.
	p.verifies(true)
	p.answers(false)
	p.click("create")
	p.until("!" + byID("cancel") + ".hidden")
	p.click("cancel")
	p.wantProblem("You stopped it")

	// And the page still works.
	p.answers(true)
	p.register()
}

func TestAPromptThatNobodyAnswersTimesOut(t *testing.T) {
	// The clock of the page runs fast: what waits for more than a minute waits a moment.
	p := newTab(t, `{ const real = setTimeout; window.setTimeout = (f, ms, ...a) => real(f, ms > 60000 ? 300 : ms, ...a); }`)
	p.shows("start")
	p.answers(false)
	p.click("create")
	p.wantProblem("Nobody answered", "Try again")
}

func TestABrowserWithoutPasskeysIsToldWhatToDo(t *testing.T) {
	p := blankTab(t)
	p.open(`delete window.PublicKeyCredential;`)
	p.wantProblem("This browser cannot use passkeys", "Use a current Safari, Chrome, Edge or Firefox")
	var disabled bool
	p.eval(byID("create")+".disabled && "+byID("signin")+".disabled", &disabled)
	if !disabled {
		t.Error("its buttons promise what they cannot do")
	}
}

func TestSigningInWithoutAPasskeySaysSo(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")
	p.click("signin")
	p.wantProblem("no passkey for this site")
}

func TestAPasskeyThatDoesNotProveItselfMakesNoAccount(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")
	p.click("create")
	p.shows("prove")
	p.answers(false)
	p.click("test")
	p.until("!" + byID("cancel") + ".hidden")
	p.click("cancel")
	p.wantProblem("You stopped it")
	var hint any
	p.eval("localStorage.length", &hint)
	if hint != 0.0 || p.text("address") != "" {
		t.Errorf("an account is shown before its proof: %q, %v remembered", p.text("address"), hint)
	}
	p.answers(true)
	p.click("test")
	p.shows("account")
}

func TestAPasskeyOfSomethingElseIsNamed(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")
	p.eval(`navigator.credentials.create({ publicKey: { rp: { name: 'x' }, user: { id: new Uint8Array(16), name: 'x', displayName: 'x' }, challenge: new Uint8Array(32),
		pubKeyCredParams: [{ type: 'public-key', alg: -7 }], authenticatorSelection: { residentKey: 'required', userVerification: 'required' } } }).then(() => 1)`, nil)
	p.click("signin")
	p.wantProblem("belongs to no account of this wallet")
}

func TestWrongInputIsExplainedAndKept(t *testing.T) {
	p := newTab(t, "")
	own := p.register()
	p.fund()
	mistyped := strings.Replace(recipient, "C51812dc", "C51812dC", 1)
	for _, in := range []struct{ to, amount, field, says string }{
		{mistyped, "0.1", "to", "capital letters"},
		{"", "0.1", "to", "Enter the address"},
		{recipient[:20], "0.1", "to", "40 digits"},
		{own, "0.1", "to", "this account itself"},
		{recipient, "0,1", "amount", "not a comma"},
		{recipient, "", "amount", "Enter an amount"},
		{recipient, "0.0000000000000000001", "amount", "18 digits"},
	} {
		p.eval(byID("to")+".value = "+byID("amount")+".value = ''", nil)
		p.fill(in.to, in.amount)
		p.until(byID(in.field+"-error") + ".textContent")
		if got := p.text(in.field + "-error"); !strings.Contains(got, in.says) {
			t.Errorf("%+v: says %q", in, got)
		}
		var focus string
		p.eval("document.activeElement.id", &focus)
		var invalid any
		p.eval(byID(in.field)+".getAttribute('aria-invalid')", &invalid)
		if p.value("to") != in.to || p.value("amount") != in.amount || focus != in.field || invalid != "true" {
			t.Errorf("%+v: kept %q and %q, focus on %q, aria-invalid %v", in, p.value("to"), p.value("amount"), focus, invalid)
		}
	}

	// More than there is, and all there is without the fee.
	p.fill(recipient, "1000000")
	p.wantProblem("does not hold that much")
	all := p.text("balance")
	p.fill(recipient, all)
	p.wantProblem("does not cover the network fee", "ETH less")
	if p.value("to") != recipient || p.value("amount") != all {
		t.Error("what was typed is gone")
	}

	// A recipient that takes no plain ETH is found out before anyone signs.
	var config struct{ Factory string }
	p.eval("fetch('/config.json').then((r) => r.json())", &config)
	p.fill(config.Factory, "0.1")
	p.wantProblem("does not accept this transfer")

	// Back from the review keeps it too, and a way on exists.
	p.fill(recipient, "0.1")
	p.shows("review")
	p.click("review-back")
	p.shows("account")
	if p.value("to") != recipient || p.value("amount") != "0.1" {
		t.Error("going back emptied the form")
	}
	p.send(recipient, "0.1")
}

func TestACancelledSignatureSendsNothing(t *testing.T) {
	p := newTab(t, "")
	own := p.register()
	p.fund()
	before := balance(t, own)
	p.fill(recipient, "0.1")
	p.shows("review")
	p.answers(false)
	p.click("sign")
	p.until("!" + byID("cancel") + ".hidden")
	p.click("cancel")
	p.wantProblem("You stopped it", "Nothing was signed")
	if balance(t, own).Cmp(before) != 0 {
		t.Error("money moved")
	}
	p.answers(true)
	p.click("sign")
	p.shows("done")
}

func TestAServerThatIsGoneIsNamedAndNothingIsSentTwice(t *testing.T) {
	// The answer to eth_sendUserOperation is lost on its way, and then all news of it.
	p := newTab(t, `{ const real = fetch; window.fetch = async (url, o) => {
		const r = await real(url, o);
		if (!window.back && /eth_sendUserOperation|eth_getUserOperation/.test(String(o?.body))) throw new TypeError('network');
		return r;
	}; }`)
	own := p.register()
	p.fund()
	before := balance(t, own)
	p.fill(recipient, "0.1")
	p.shows("review")
	p.click("sign")
	p.wantProblem("did not confirm", "can happen only once")
	p.click("sign") // "Send again": no second prompt, the same operation
	p.wantProblem("did not confirm")

	// Nothing leads around it: not another review, not a reload.
	p.click("review-back")
	p.shows("account")
	p.click("review-go")
	p.wantProblem("still on its way", "could pay twice")
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("account")
	p.until("!" + byID("held") + ".hidden")
	p.fill(recipient, "0.1")
	p.wantProblem("still on its way")
	p.eval("window.back = true", nil)
	p.until(byID("held") + ".hidden")
	spent := before.Sub(before, balance(t, own))
	if spent.Cmp(ether(0.1)) < 0 || spent.Cmp(ether(0.15)) > 0 {
		t.Errorf("%s wei left the account", spent)
	}
}

func TestTheKeyboardAloneSuffices(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")
	focus := func(id string) {
		t.Helper()
		for range 25 {
			var now string
			p.eval("document.activeElement.id", &now)
			if now == id {
				return
			}
			p.do(chromedp.KeyEvent("\t"))
		}
		t.Fatalf("Tab never reaches #%s", id)
	}
	press := func(id, key string) {
		t.Helper()
		focus(id)
		p.do(chromedp.KeyEvent(key))
	}
	press("create", "\r")
	p.shows("prove")
	press("test", " ")
	p.shows("account")
	p.until(byID("balance") + ".textContent !== '…'")
	press("faucet", "\r")
	p.shows("account")
	focus("to")
	p.do(chromedp.KeyEvent(recipient))
	focus("amount")
	p.do(chromedp.KeyEvent("0.1"), chromedp.KeyEvent("\r"))
	p.shows("review")
	var heading string
	p.eval("document.activeElement.id", &heading)
	if heading != "review-title" {
		t.Errorf("the focus is on %q, want the new heading", heading)
	}
	press("sign", "\r")
	p.shows("done")
}

// Safari opens a prompt only from the click itself: window.event is there only
// while an event is being handled, before anything has been awaited.
func TestPromptsOpenFromTheClickItself(t *testing.T) {
	p := newTab(t, `window.opened = []; for (const name of ['create', 'get']) {
		const real = CredentialsContainer.prototype[name];
		CredentialsContainer.prototype[name] = function (o) { window.opened.push(name + ' in ' + window.event?.type); return real.call(this, o); };
	}`)
	p.register()
	p.fund()
	p.send(recipient, "0.1")
	p.click("done-back")
	p.shows("account")
	p.click("signout")
	p.shows("start")
	p.click("signin")
	p.shows("account")
	var opened []string
	p.eval("window.opened", &opened)
	want := []string{"create in submit", "get in click", "get in click", "get in click"}
	if !slices.Equal(opened, want) {
		t.Errorf("prompts opened: %v, want %v", opened, want)
	}
}
