package browsertest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// openRecovery opens the page for recovery in a profile that has the wallet's account, deployed.
func openRecovery(t *testing.T) (p *tab, address string) {
	t.Helper()
	p = newTab(t, "")
	address = p.register()
	p.fund()
	p.send(recipient, "0.01")
	p.path = "/recovery"
	p.open("")
	return p, address
}

func (p *tab) audit() {
	p.t.Helper()
	p.shows("start")
	p.click("open-passkey")
	p.shows("audit")
}

// pick takes an option of a select by what it says, as a person does.
func (p *tab) pick(question, option string) {
	p.t.Helper()
	p.eval(`(() => {
		const label = [...document.querySelectorAll('#facts-form label')].find((l) => l.textContent.startsWith(`+quoted(question)+`));
		const select = document.getElementById(label.htmlFor);
		select.selectedIndex = [...select.options].findIndex((o) => o.textContent === `+quoted(option)+`);
		if (select.selectedIndex < 0) throw new Error('no such option');
		select.dispatchEvent(new Event('change'));
	})()`, nil)
}

// tell writes into the field of a question.
func (p *tab) tell(question, text string) {
	p.t.Helper()
	p.eval(`(() => {
		const label = [...document.querySelectorAll('#facts-form label')].find((l) => l.textContent.startsWith(`+quoted(question)+`));
		const field = label.parentElement.querySelector('input');
		field.value = `+quoted(text)+`;
		field.dispatchEvent(new Event('change'));
	})()`, nil)
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // of a string it cannot fail
	return string(b)
}

// group is the text of the events with one kind of end.
func (p *tab) group(state string) string {
	p.t.Helper()
	var s string
	p.eval(`document.querySelector('#table .`+state+`')?.textContent ?? ''`, &s)
	return s
}

func TestThePageSaysWhatWouldLockAnAccount(t *testing.T) {
	p, address := openRecovery(t)

	// 1. One passkey, of which nobody has said anything: much would lock it.
	p.audit()
	if got := p.text("audit-address"); got != address {
		t.Fatalf("the audit is of %s, want %s", got, address)
	}
	if got := p.group("locked"); !strings.Contains(got, "is lost") || !strings.Contains(got, "localhost") {
		t.Errorf("what locks it: %q", got)
	}
	p.until(byID("picture") + ".complete && " + byID("picture") + ".naturalWidth > 300")
	if got := p.text("verdict"); !strings.Contains(got, "lock") {
		t.Errorf("the verdict is %q", got)
	}

	// 2. What its owner says is counted at once, kept over a reload, and can be taken back.
	p.pick("Which cloud account", "None: it never leaves its device")
	p.shows("audit")
	if got := p.text("classes"); !strings.Contains(got, "Passkey") {
		t.Errorf("the table of classes: %q", got)
	}
	p.tell("Which devices", "My laptop")
	p.shows("audit")
	p.until(byID("table") + ".textContent.includes('My laptop is lost or broken')")
	if got := p.group("locked"); !strings.Contains(got, "My laptop is lost or broken") {
		t.Errorf("what locks it: %q", got)
	}
	p.open("")
	p.audit()
	p.until(byID("table") + ".textContent.includes('My laptop is lost or broken')")
	p.click("forget-facts")
	p.until("!" + byID("table") + ".textContent.includes('My laptop')")
	p.shows("audit")

	// 3. What to do about it, and what remains without the website.
	if got := p.text("rescue"); !strings.Contains(got, "Without localhost, vendor and bundler") {
		t.Errorf("without the website: %q", got)
	}
	if got := p.text("plan"); !strings.Contains(got, "passkey") || !strings.Contains(got, "no longer locks it") {
		t.Errorf("the advice is %q", got)
	}
}

func TestAnAccountIsAuditedByItsAddressAloneOrRefused(t *testing.T) {
	p, address := openRecovery(t)
	p.shows("start")
	p.eval("document.querySelector('#start details').open = true", nil)
	for given, says := range map[string]string{"": "Enter the address", "0x12": "40 digits"} {
		p.write("open-address", given)
		p.click("address-form button")
		p.until(byID("open-address-error") + ".textContent.includes(" + quoted(says) + ")")
	}
	p.write("open-address", recipient)
	p.quiet(func() {
		p.click("address-form button")
		if got := p.problem(); !strings.Contains(got, "here is no account at") {
			t.Errorf("the page says %q", got)
		}
	})
	p.write("open-address", address)
	p.click("address-form button")
	p.shows("audit")
	p.click("audit-back")
	p.shows("start")
}

// quiet forgets what the browser itself says of audits that are refused.
func (p *tab) quiet(f func()) {
	p.t.Helper()
	f()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = slices.DeleteFunc(p.problems, func(s string) bool { return strings.HasSuffix(s, "/audit") && strings.Contains(s, "Failed to load") })
}
