package browsertest

import (
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
)

// What would lock people out, or let one of them in alone, is said before anybody signs.
func TestGuardiansThatWouldNotHelpAreRefused(t *testing.T) {
	mum, bob := newFriend(t, "mum"), newFriend(t, "bob")
	p := blankTab(t)
	p.addAuthenticator()
	address := p.onTheChain()
	p.recovery()
	p.audit()
	p.click("to-guardians")
	own := members(t, address)[0]
	ownSigner := hexutil.Encode(own.Bytes())
	for _, c := range []struct {
		threshold, delay string
		guardians        [3]string
		says             string
	}{
		{"2", "7", [3]string{mum.address.Hex(), bob.address.Hex(), mum.address.Hex()}, "one key stands there twice"},
		{"4", "7", [3]string{mum.address.Hex(), bob.address.Hex(), recipient}, "the threshold is above the weight of all guardians"},
		{"0", "7", [3]string{mum.address.Hex(), bob.address.Hex(), recipient}, "a threshold of zero would need nobody"},
		{"2", "0", [3]string{mum.address.Hex(), bob.address.Hex(), recipient}, "the delay is shorter than a day"},
		{"2", "731", [3]string{mum.address.Hex(), bob.address.Hex(), recipient}, "the delay is longer than two years"},
		{"2", "7", [3]string{mum.address.Hex(), bob.address.Hex(), address}, "the account cannot guard itself"},
		{"2", "7", [3]string{mum.address.Hex(), bob.address.Hex(), ownSigner}, "who has that key has both"},
	} {
		p.guardians(c.threshold, c.delay, c.guardians[:]...)
		p.click("setup-go")
		p.until("!" + byID("setup-problems") + ".hidden && " + byID("setup-problems") + ".textContent.includes(" + quoted(c.says) + ")")
		p.shows("guardians")
	}
	for _, bad := range []string{"mum", "0x12", recipient[:41] + "9", "http://evil.example/#guardian=xx"} {
		p.guardians("2", "7", mum.address.Hex(), bob.address.Hex(), bad)
		p.click("setup-go")
		p.until(byID("guardian-0-2-error") + ".textContent")
		p.shows("guardians")
	}
	// A key of a verifier that is not on this chain could never sign.
	p.guardians("2", "7", mum.address.Hex(), bob.address.Hex(), recipient+"0102")
	p.click("setup-go")
	if got := p.problem(); !strings.Contains(got, "could never sign") {
		t.Errorf("the page says %q", got)
	}
	// One of three is allowed, and warned of.
	p.guardians("1", "7", mum.address.Hex(), bob.address.Hex(), recipient)
	p.until("!" + byID("setup-problems") + ".hidden || " + byID("setup-preview") + ".textContent.includes('1 of 3')")
	p.click("setup-go")
	p.shows("review")
	if s := guardState(t, address); len(s.Setup.Tiers) != 0 {
		t.Errorf("the chain has %+v", s.Setup)
	}
}

// onTheChain is an account on the chain, whose passkey this tab holds.
func (p *tab) onTheChain() string {
	p.t.Helper()
	p.path = "/"
	p.open("")
	address := p.register()
	p.fund()
	p.send(recipient, "0.01")
	return address
}

// Requests that were tampered with, are for another chain, or have outlived their time.
func TestRequestsThatDoNotHoldAreRefusedOrSaidToBeStale(t *testing.T) {
	mum, bob, dan := newFriend(t, "mum"), newFriend(t, "bob"), newFriend(t, "dan")
	ann := blankTab(t)
	ann.addAuthenticator()
	address := ann.guard("2", "7", mum.address.Hex(), bob.address.Hex(), dan.address.Hex())
	lost := blankTab(t)
	lost.addAuthenticator()
	request := lost.lose(address)
	helper := blankTab(t)
	helper.addAuthenticator()
	open := func(text string) {
		t.Helper()
		helper.recovery()
		helper.eval(byID("request")+".value = "+quoted(text), nil)
		helper.click("open-form button")
	}
	for name, text := range map[string]string{
		"cut":     request[:len(request)/2],
		"account": strings.Replace(request, address, recipient, 1),
		"chain":   strings.Replace(request, `"chainId":"31337"`, `"chainId":"1"`, 1),
		"more":    strings.Replace(request, `"format"`, `"x":1,"format"`, 1),
		"link":    origin(t) + "/recovery#approval=z.AAAA",
		"words":   "please sign this",
	} {
		open(text)
		if got := helper.problem(); !strings.Contains(got, "cannot be opened") {
			t.Errorf("%s: the page says %q", name, got)
		}
	}
	// A guardian's key that is none.
	open(request)
	helper.shows("approve")
	helper.eval("document.querySelector('#sign-key-box').open = true", nil)
	helper.write("sign-key", newFriend(t, "stranger").secret)
	helper.click("sign-key-form button")
	if got := helper.problem(); !strings.Contains(got, "is none of these guardians") {
		t.Errorf("a stranger is told %q", got)
	}
	// The answer of another request does not fit.
	other := lost.lose(address)
	helper.eval("document.querySelector('#merge-box').open = true", nil)
	helper.eval(byID("answer")+".value = "+quoted(other), nil)
	helper.click("merge-form button")
	if got := helper.problem(); !strings.Contains(got, "no answer to this request") {
		t.Errorf("the page says %q", got)
	}
	// Two agree, and then the week is over.
	both := bob.helps(t, mum.helps(t, request))
	skip(t, 8*24*time.Hour)
	open(both)
	helper.shows("approve")
	helper.until("!" + byID("approve-stale") + ".hidden")
	if got := helper.text("approve-stale"); !strings.Contains(got, "Ask for a new one") {
		t.Errorf("the page says %q", got)
	}
	helper.until(byID("send-box") + ".hidden")
	helper.until(byID("sign-box") + ".hidden")

	// What somebody else has sent meanwhile is refused by the contract, in words.
	again := lost.lose(address)
	both = bob.helps(t, mum.helps(t, again))
	open(both)
	helper.shows("approve")
	lost.answered(both)
	lost.click("send")
	lost.shows("guardians")
	helper.click("send")
	if got := helper.problem(); !strings.Contains(got, "The contract would refuse this") {
		t.Errorf("the page says %q", got)
	}
	open(both)
	helper.until(byID("approve-stale") + ".textContent.startsWith('This recovery is proposed')")
}
