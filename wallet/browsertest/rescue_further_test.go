package browsertest

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/passkey"
)

// A second domain serves the one file. The passkey that is made there is of that domain, finds the account by itself, and
// is written as the command line takes it.
func TestAFurtherPasskeyIsMadeOnAnotherDomain(t *testing.T) {
	v := openVendor(t)
	p := newTabAt(t, v.origin)
	address := p.register()
	p.fund()
	p.send(recipient, "0.01")
	p.do(chromedp.Navigate("about:blank"))
	v.goes()

	home := strings.Replace(served(t), "localhost", "second.localhost", 1)
	p.openRescue(home, "/", v.node.URL)
	p.eval("document.querySelector('#further-box').open = true", nil)
	p.click("further-make")
	p.until(byID("address-error") + ".textContent.includes('Enter the address')")
	p.write("address", address)
	p.click("further-make")
	p.until("!" + byID("further-test-box") + ".hidden")
	p.until(byID("further-done") + ".hidden") // nothing to hand on before it has signed
	p.click("further-test")
	p.until("!" + byID("further-done") + ".hidden")

	id, public, _ := strings.Cut(p.text("further-ref"), ":")
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hexutil.Decode(public)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := passkey.ParseRaw(key); err != nil {
		t.Errorf("%s: %v", public, err)
	}
	found := false
	for _, c := range call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials {
		if c.RpID != "second.localhost" {
			continue
		}
		found = true
		if string(c.CredentialID) != string(raw) || string(c.UserHandle) != "\x02"+string(common.HexToAddress(address).Bytes()) || c.SignCount == 0 {
			t.Errorf("the passkey is %+v", c)
		}
	}
	if !found {
		t.Fatal("no passkey of the second domain was made")
	}
	if got := p.text("further-for"); got != address {
		t.Errorf("it is for %s", got)
	}
	dir := shotDir(t)
	p.shot(dir, "rescue-further")
	p.scheme("dark")
	p.size(320, 800)
	p.shot(dir, "rescue-further-narrow-dark")
	var over float64
	if p.eval("document.documentElement.scrollWidth - innerWidth", &over); over > 0 {
		t.Errorf("%v pixels too wide", over)
	}

	// It leads to the account without the address, which has it as no signer yet.
	p.write("address", "")
	u, err := url.Parse(home)
	if err != nil {
		t.Fatal(err)
	}
	p.write("rp", u.Hostname())
	p.click("passkey-form button")
	if got := p.problem(); !strings.Contains(got, "may not sign for this account") || !strings.Contains(got, address) {
		t.Errorf("the page says %q", got)
	}
}
