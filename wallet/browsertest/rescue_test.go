package browsertest

import (
	"math/big"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// rescueAll sends everything there is to the recipient, carried by a key.
func (p *tab) rescueAll(payer string) {
	p.t.Helper()
	p.write("to", recipient)
	p.click("all")
	p.write("payer", payer)
	p.click("review-go")
	p.shows("review")
	p.click("sign")
	p.shows("done")
	p.until(byID("done-step") + ".textContent === 'Receipt'")
	if got := p.text("done-title"); !strings.HasSuffix(got, " sent") {
		p.t.Fatalf("the receipt says %q\n%s", got, p.state())
	}
}

// The vendor is gone: wallet, passkey server and bundler. On a page of the passkeys'
// domain, the one file finds the account by the passkey alone and empties it.
func TestVendorGoneRescueByThePasskeyOnItsDomain(t *testing.T) {
	v := openVendor(t)
	p := newTabAt(t, v.origin)
	address := p.register()
	p.fund()
	p.send(recipient, "0.25")
	p.do(chromedp.Navigate("about:blank"))
	v.goes()
	held, before := v.balance(address), v.balance(recipient)
	if held.Sign() == 0 {
		t.Fatal("the account holds nothing")
	}

	p.openRescue(served(t), "/", v.node.URL)
	p.click("passkey-form button")
	p.shows("account")
	if got := p.text("own"); got != address {
		t.Fatalf("the page found %s, want %s", got, address)
	}
	p.rescueAll(v.payer())
	if got := v.balance(address); got.Sign() != 0 {
		t.Errorf("%s wei are left behind", got)
	}
	if got := new(big.Int).Sub(v.balance(recipient), before); got.Cmp(held) != 0 {
		t.Errorf("the recipient got %s wei, want %s", got, held)
	}
	if len(v.node.refused) != 0 {
		t.Errorf("the page asked a plain node for %q", v.node.refused)
	}
}

// From a file, with the passkey that a password manager has exported; the account was never on the chain.
func TestVendorGoneRescueFromAFileByAnExportedPasskey(t *testing.T) {
	v := openVendor(t)
	p := newTabAt(t, v.origin)
	address := p.register()
	p.fund()
	c := p.credential()
	p.do(chromedp.Navigate("about:blank"))
	v.goes()
	held, before := v.balance(address), v.balance(recipient)

	f := fromFile(t, v.node.URL)
	if got := f.text("no-passkey"); !strings.Contains(got, "opened from a file") {
		t.Errorf("of passkeys the page says %q", got)
	}
	for _, export := range []struct{ name, content string }{
		{"exchange.json", exchangeFormat(c)},
		{"bitwarden.json", bitwardenExport(c)},
		{"key.passkey", keepassFile(c)},
	} {
		f.chooseFile(export.name, export.content)
		f.until(byID("exported") + ".querySelectorAll('button').length === 1")
		f.click("exported button")
		f.shows("account")
		if got := f.text("own"); got != address {
			t.Fatalf("%s leads to %s, want %s", export.name, got, address)
		}
		if export.name != "key.passkey" {
			f.click("leave")
			f.shows("who")
		}
	}
	f.rescueAll(v.payer())
	if got := new(big.Int).Sub(v.balance(recipient), before); got.Cmp(held) != 0 || v.balance(address).Sign() != 0 {
		t.Errorf("the recipient got %s wei of %s", got, held)
	}
}
