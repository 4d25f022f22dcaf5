package browsertest

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/ethereum/go-ethereum/common"
)

func TestTwoPasskeysAreTwoAccounts(t *testing.T) {
	p := newTab(t, "")
	first := p.register()
	p.fund()
	p.send(recipient, "0.1") // now it is on the chain
	p.click("done-back")
	p.shows("account")
	p.click("signout")

	// The second one is on a security key; whoever answers is chosen.
	device := p.auth
	p.answers(false)
	p.addKey()
	key := p.auth
	second := p.register()
	if first == second {
		t.Fatal("two passkeys share one account")
	}
	p.fund()
	p.send(recipient, "0.2")

	for _, chosen := range []struct {
		answers, silent webauthn.AuthenticatorID
		address         string
	}{{device, key, first}, {key, device, second}} {
		p.auth = chosen.silent
		p.answers(false)
		p.auth = chosen.answers
		p.answers(true)
		p.eval("localStorage.clear()", nil)
		p.open("")
		p.shows("start")
		p.click("signin")
		p.shows("account")
		p.click("confirm")
		p.until(byID("confirm-box") + ".hidden")
		if got := p.text("address"); got != chosen.address {
			t.Errorf("signed in to %s, want %s", got, chosen.address)
		}
	}
}

// An account that is not on the chain leaves two candidates after one assertion.
func TestAnUndeployedAccountIsSettledByASecondSignature(t *testing.T) {
	p := newTab(t, "")
	address := p.register()

	// The hint settles it without one.
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("account")
	if got := p.text("address"); got != address {
		t.Fatalf("the hint led to %s, want %s", got, address)
	}

	// Without the hint, the passkey is asked once more.
	p.eval("localStorage.clear()", nil)
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("settle")
	p.click("settle-go")
	p.shows("account")
	if got := p.text("address"); got != address {
		t.Fatalf("two signatures led to %s, want %s", got, address)
	}

	// A hint that is a lie changes nothing.
	p.eval(`localStorage.setItem('postern.last', '0x70997970C51812dc3A010C7d01b50e0d17dc79C8')`, nil)
	p.open("")
	p.shows("start")
	p.click("signin")
	p.shows("settle")
}

func TestAPasskeyOnThisDeviceOnlyComesWithAWarning(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")
	p.removeAuthenticator()
	p.addKey()
	p.click("create")
	p.shows("prove")
	if got := p.text("kept"); got == "" || !strings.Contains(got, "this device only") {
		t.Errorf("a device-bound passkey is described as %q", got)
	}
}

func TestAnOfferThatHasGrownOldIsFetchedAnew(t *testing.T) {
	p := newTab(t, `{ const real = Date.now; window.later = 0; Date.now = () => real() + window.later; }`)
	p.shows("start")
	time.Sleep(200 * time.Millisecond)
	p.eval("window.later = 3600_000", nil)
	address := p.register()
	if !common.IsHexAddress(address) {
		t.Errorf("the address is %q", address)
	}
}

func TestStorageThatIsForbiddenIsDoneWithout(t *testing.T) {
	p := newTab(t, `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });`)
	p.register()
	p.fund()
	p.send(recipient, "0.1")
	p.click("done-back")
	p.shows("account")
	p.click("signout")
	p.shows("start")
	p.click("signin")
	p.shows("account")
}

func TestAFurtherPasskeyOfAnAccountOfAnotherChainIsToldSo(t *testing.T) {
	p := newTab(t, "")
	p.shows("start")
	p.eval(`navigator.credentials.create({ publicKey: { rp: { name: 'x' }, user: { id: Uint8Array.of(2, ...new Uint8Array(20).fill(7)), name: 'x', displayName: 'x' }, challenge: new Uint8Array(32),
		pubKeyCredParams: [{ type: 'public-key', alg: -7 }], authenticatorSelection: { residentKey: 'required', userVerification: 'required' } } }).then(() => 1)`, nil)
	p.click("signin")
	p.wantProblem("not on this chain", "0x0707")
}
