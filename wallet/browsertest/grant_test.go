package browsertest

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/internal/kernelstand"
	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/passkey"
)

// kernelStack is a stack whose chain has Kernel: what KERNEL_ARTIFACTS names, else the stand-ins.
type kernelStack struct {
	once   sync.Once
	origin string
	token  string // an ERC-20 on its chain
	err    error
	end    func() error
}

var kernels kernelStack

func (k *kernelStack) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	k.end = func() error { cancel(); return nil }
	stand, err := kernelstand.Open(ctx)
	if err != nil {
		return err
	}
	alloc, err := stand.Alloc(devnet.Config{})
	if err != nil {
		return err
	}
	s, err := server.Start(ctx, server.UpConfig{Listen: "localhost:0", Alloc: alloc})
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	k.origin, k.token = s.Origin(), s.Chain().Info().Token.Hex()
	k.end = func() error { cancel(); return <-served }
	return nil
}

func (k *kernelStack) close() error {
	if k.end == nil {
		return nil
	}
	return k.end()
}

func kernelOrigin(t *testing.T) string {
	t.Helper()
	if skipped != "" {
		t.Skip(skipped)
	}
	kernels.once.Do(func() { kernels.err = kernels.start() })
	if kernels.err != nil {
		t.Fatal(kernels.err)
	}
	return kernels.origin
}

// timeZone is where the people of these walks are.
const timeZone = "Europe/Berlin"

// openGrant opens one of the pages for session keys in a profile of its own.
func openGrant(t *testing.T, origin, path, script string) *tab {
	t.Helper()
	p := blankTab(t)
	p.home, p.path = origin, path
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: timeZone})
	p.addAuthenticator()
	p.open(script)
	p.shows("start")
	p.until("!document.querySelector('#start button').disabled")
	return p
}

// ask makes a session's passkey and returns the request.
func (p *tab) ask() string {
	p.t.Helper()
	p.click("new-form button")
	p.shows("prove")
	p.click("test")
	p.shows("request")
	return p.text("request-text")
}

// ownPasskey opens the Kernel account of a new passkey.
func (p *tab) ownPasskey() string {
	p.t.Helper()
	p.openBox("new-box")
	p.click("new-form button")
	p.shows("prove")
	p.click("test")
	p.shows("account")
	return p.text("address")
}

// ownKey opens the Kernel account of a key of a development chain.
func (p *tab) ownKey() string {
	p.t.Helper()
	p.makeKey()
	p.shows("account")
	return p.text("address")
}

func (p *tab) makeKey() {
	p.t.Helper()
	p.openBox("key-box")
	p.click("make-key")
}

func (p *tab) openBox(id string) {
	p.t.Helper()
	p.eval(byID(id)+".open = true", nil)
}

// pay asks the page's faucet.
func (p *tab) faucet() {
	p.t.Helper()
	p.click("faucet")
	p.until(byID("balance") + ".textContent === '10'")
	p.shows("account")
}

// grantETH fills the form: so much to one address, within limits.
func (p *tab) grantETH(request, to, limit string, more func()) {
	p.t.Helper()
	p.click("new-grant")
	p.shows("form")
	p.eval(fmt.Sprintf("%s.value = %q", byID("key"), request), nil)
	p.write(p.field("to"), to)
	p.write(p.field("limit"), limit)
	if more != nil {
		more()
	}
	p.click("grant-form .primary")
}

// field is the id of a field of the last card.
func (p *tab) field(name string) string {
	p.t.Helper()
	var id string
	p.eval(fmt.Sprintf("[...document.querySelectorAll('#calls input')].filter((e) => e.id.endsWith('-%s')).at(-1).id", name), &id)
	return id
}

// signGrant signs what is on view and returns the approval.
func (p *tab) signGrant() string {
	p.t.Helper()
	p.shows("approve")
	p.click("approve-sign")
	p.shows("handover")
	var modules int
	p.eval("document.querySelectorAll('#code path').length", &modules)
	if modules != 1 {
		p.t.Error("there is no QR code")
	}
	return p.text("approval")
}

// link is what the page would copy.
func (p *tab) link() string {
	p.t.Helper()
	p.eval("(navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }, 0)", nil)
	p.click("copy-link")
	p.contains("status", "copied")
	var url string
	p.eval("copied", &url)
	return url
}

func (p *tab) lines(id string) []string {
	p.t.Helper()
	var lines []string
	p.eval(fmt.Sprintf("[...%s.children].map((e) => e.textContent)", byID(id)), &lines)
	return lines
}

// openApproval pastes an approval.
func (p *tab) openApproval(text string) {
	p.t.Helper()
	p.eval(fmt.Sprintf("%s.value = %q", byID("text"), text), nil)
	p.click("open-form .primary")
}

// act sends ether as the session key and waits for the receipt.
func (p *tab) act(to, amount string) {
	p.t.Helper()
	p.fillAct(to, amount)
	p.shows("review")
	p.click("sign")
	p.shows("done")
	if got := p.text("done-title"); got != amount+" ETH sent" {
		p.t.Fatalf("the receipt says %q\n%s", got, p.state())
	}
	p.click("done-back")
	p.shows("session")
}

func (p *tab) fillAct(to, amount string) {
	p.t.Helper()
	if to != "" {
		p.write("act-to", to)
	}
	p.write("act-value", amount)
	p.click("act-form .primary")
}

// The page's document is one that Go reads, verifies and explains in the same words.
func document(t *testing.T, text, request string, shown []string) *approval.Document {
	t.Helper()
	d, err := approval.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.RawURLEncoding.DecodeString(request)
	if err != nil {
		t.Fatal(err)
	}
	key, err := passkey.ParseRaw(b[:64])
	if err != nil {
		t.Fatal(err)
	}
	d, err = d.WithContext(approval.Context{ChainID: big.NewInt(31337), Nonce: 1, Signer: kernel.WebAuthnSigner(key, common.Hash(b[64:]))})
	if err != nil {
		t.Fatal(err)
	}
	_, g, err := d.Permission()
	if err != nil {
		t.Fatal(err)
	}
	g.Zone = timeZone
	if want := grant.Words(g, grant.Style{}); strings.Join(want, "\n") != strings.Join(shown, "\n") {
		t.Errorf("the page says\n%s\nGo says\n%s", strings.Join(shown, "\n"), strings.Join(want, "\n"))
	}
	e, err := d.Enable(big.NewInt(31337), 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Account()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Verify(e, a.Root()); err != nil {
		t.Errorf("the owner's signature: %v", err)
	}
	return d
}

// A session key from the request to the revocation, with each kind of owner: the owner never
// sees the session's device, nor it the owner's.
func TestASessionKeyIsGivenUsedAndRevoked(t *testing.T) {
	for name, open := range map[string]func(*tab) string{"owned by a passkey": (*tab).ownPasskey, "owned by a key": (*tab).ownKey} {
		t.Run(name, func(t *testing.T) {
			at := kernelOrigin(t)
			before := wei(t, place{origin: at}, recipient)

			// 1. Somebody's device asks.
			session := openGrant(t, at, "/session", "")
			request := session.ask()

			// 2. The owner says what is allowed, sees it in words, and signs once.
			owner := openGrant(t, at, "/grant", "")
			address := open(owner)
			owner.faucet()
			owner.grantETH(request, recipient, "0.5", func() { owner.write("count", "2") })
			owner.shows("approve")
			shown := owner.lines("words")
			text := owner.signGrant()
			d := document(t, text, request, shown)
			if got := d.Fields().Account.Hex(); got != address {
				t.Fatalf("the approval is for %s, the page shows %s", got, address)
			}

			// 3. The device opens it and acts. The first operation creates the account and installs the key.
			session.click("request-back")
			session.shows("start")
			session.openApproval(text)
			session.shows("session")
			if got := session.lines("words"); strings.Join(got, "\n") != strings.Join(shown, "\n") {
				t.Errorf("the session's page says %q, the owner's %q", got, shown)
			}
			var bad int
			session.eval("document.querySelectorAll('#checks .bad').length", &bad)
			if bad != 0 || len(session.lines("checks")) != 3 {
				t.Fatalf("checks: %q", session.lines("checks"))
			}
			session.act("", "0.25")
			session.contains("left", "1 of 2")

			// 4. What the limits refuse is refused before anybody is asked, and the rule is named.
			session.fillAct("", "0.6")
			if got := session.problem(); !strings.Contains(got, "more than the 0.5 ETH that each call may send") || !strings.Contains(got, "policy 1, call 1") {
				t.Errorf("over the limit the page says %q", got)
			}
			session.act("", "0.2")
			session.contains("left", "0 of 2")
			session.fillAct("", "0.1")
			if got := session.problem(); !strings.Contains(got, "No operation is left") || !strings.Contains(got, "policy 2") {
				t.Errorf("after the last one the page says %q", got)
			}
			if got := new(big.Int).Sub(wei(t, place{origin: at}, recipient), before); got.Cmp(ether(0.45)) != 0 {
				t.Errorf("the recipient has %s wei more", got)
			}

			// 5. The owner takes it back; then the approval is of no use.
			owner.click("handover-back")
			owner.shows("account")
			if got := owner.text("given"); !strings.Contains(got, "in use") {
				t.Errorf("the list says %q", got)
			}
			owner.click("given button")
			owner.shows("review")
			owner.click("sign")
			owner.shows("done")
			if got := owner.text("done-title"); got != "The session key is revoked" {
				t.Fatalf("%q\n%s", got, owner.state())
			}
			owner.click("done-back")
			owner.shows("account")
			owner.contains("given", "revoked")
			session.click("leave")
			session.shows("start")
			session.openApproval(text)
			session.shows("session")
			if got := session.text("session-title"); got == "You may act" || !strings.Contains(session.text("checks"), "The owner has revoked it") {
				t.Errorf("after the revocation the page says %q: %q", got, session.lines("checks"))
			}
		})
	}
}

// says_ waits until an element says something.
func (p *tab) contains(id, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%s.textContent.includes(%q)", byID(id), text))
}

func decoded(t *testing.T, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func encoded(json string) string { return base64.StdEncoding.EncodeToString([]byte(json)) }

// changed is the approval with one thing in the place of another.
func changed(t *testing.T, text, old, new string) string {
	t.Helper()
	d := decoded(t, text)
	if strings.Count(d, old) != 1 {
		t.Fatalf("%s is not in %s", old, d)
	}
	return encoded(strings.Replace(d, old, new, 1))
}
