package browsertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/internal/server"
)

// flowServiceKey is the emulator's, in hexadecimal.
const flowServiceKey = "2222222222222222222222222222222222222222222222222222222222222222"

// openFlow opens the page for Flow in front of an emulator of its own.
func openFlow(t *testing.T) (p *tab, node *access.Client) {
	t.Helper()
	p, node, _ = openFlowAt(t)
	return p, node
}

// openFlowAt also says where the emulator is.
func openFlowAt(t *testing.T) (p *tab, node *access.Client, url string) {
	t.Helper()
	needFlow(t)
	p = blankTab(t)
	e, node := flowEmulator(t, serviceKey(t))
	p.home = startFlow(t, server.UpConfig{
		Flow: e.URL, FlowServiceKey: flowServiceKey, FlowService: e.Service.Hex(), FlowSponsored: [][]byte{[]byte(noteScript), []byte(renoteScript)},
	})
	p.path = "/flow"
	p.addAuthenticator()
	p.open(choosing)
	return p, node, e.URL
}

// needFlow skips the test, by name, where there is no emulator.
func needFlow(t *testing.T) {
	t.Helper()
	if os.Getenv(accesstest.Directory) == "" {
		t.Skip("SKIPPED: no Flow emulator: " + accesstest.Directory + " names the directory that interop/flow/build.sh made")
	}
}

func serviceKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	raw, err := hex.DecodeString(flowServiceKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// flowEmulator runs an emulator until the test ends. The key is its service account's.
func flowEmulator(t *testing.T, key *ecdsa.PrivateKey, options ...access.Option) (*accesstest.Emulator, *access.Client) {
	t.Helper()
	starting, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	e, err := accesstest.Start(starting, os.Getenv(accesstest.Directory), publicOf(t, &key.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	node, err := access.New(e.URL, options...)
	if err != nil {
		t.Fatal(err)
	}
	return e, node
}

// startFlow runs a stack until the test ends, and says where.
func startFlow(t *testing.T, cfg server.UpConfig) string {
	t.Helper()
	cfg.Listen = "localhost:0"
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-served; err != nil {
			t.Errorf("the stack ended with: %v", err)
		}
	})
	return s.Origin()
}

// put puts text into a field at once; long scripts take too long by keyboard.
func (p *tab) put(id, text string) {
	p.t.Helper()
	p.eval(byID(id)+".value = "+quoted(text), nil)
}

// noteScript leaves a number in the authorizer's storage.
const noteScript = `transaction(n: Int) {
    prepare(a: auth(Storage) &Account) {
        a.storage.save(n, to: /storage/note)
    }
}`

// renoteScript puts another number in its place.
const renoteScript = `transaction(n: Int) {
    prepare(a: auth(Storage) &Account) {
        a.storage.load<Int>(from: /storage/note)
        a.storage.save(n, to: /storage/note)
    }
}`

func TestAPasskeySignsOnFlowAndTheEmulatorSeals(t *testing.T) {
	p, node := openFlow(t)
	dir := shotDir(t)

	// 1. A passkey becomes the one key of an account, which the server pays for.
	p.until("!" + byID("create-form") + ".hidden")
	p.shot(dir, "flow-start")
	p.click("create-form button")
	p.shows("account")
	address, err := flow.ParseAddress(p.text("account-address"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := node.Account(t.Context(), address)
	if err != nil || len(a.Keys) != 1 || a.Keys[0].Weight != 1000 || a.Keys[0].Hash != flow.SHA2 || a.Keys[0].Curve != flow.P256 {
		t.Fatalf("%+v, %v", a, err)
	}
	p.shot(dir, "flow-account")

	// 2. A script that the page does not know is shown by its hash and arguments; the passkey signs, the emulator seals.
	p.put("script", noteScript)
	p.put("args", `[{"type":"Int","value":"42"}]`)
	p.click("write-form button")
	p.shows("review")
	if got := p.text("review-rows"); !strings.Contains(got, flow.HashScript([]byte(noteScript)).String()) || !strings.Contains(got, `{"type":"Int","value":"42"}`) {
		t.Errorf("before signing the page shows %q", got)
	}
	if got := p.text("cautions"); !strings.Contains(got, "cannot tell what it does") {
		t.Errorf("cautions: %q", got)
	}
	p.shot(dir, "flow-review-unknown")
	if p.sealed() != "The transaction is sealed" {
		t.Errorf("the page says %q", p.text("done-title"))
	}
	p.shot(dir, "flow-done")
	read := `access(all) fun main(a: Address): Int { return getAuthAccount<auth(Storage) &Account>(a).storage.copy<Int>(from: /storage/note)! }`
	if v, err := node.Script(t.Context(), []byte(read), [][]byte{flow.Addr(address).JSON()}); err != nil || v.Text != "42" {
		t.Errorf("the note is %+v, %v", v, err)
	}

	// 3. What fails on the chain is said: the note is there already.
	p.click("done-back")
	p.shows("account")
	p.click("write-form button")
	p.shows("review")
	if p.sealed() != "The transaction did nothing" {
		t.Errorf("the page says %q", p.text("done-title"))
	}
	p.click("done-back")
	p.shows("account")

	// 4. The account is proven to be one's own, once.
	p.click("prove")
	p.shows("review")
	p.shot(dir, "flow-prove")
	if p.sealed() != "The account is yours" {
		t.Errorf("the page says %q", p.text("done-title"))
	}
	p.click("done-back")
	p.shows("account")

	// 5. A second passkey, in words; then it opens the account after a reload and revokes the first.
	first := p.credentials()
	p.click("add")
	p.shows("review")
	if got := p.text("review-title"); got != "Add a key to your account" {
		t.Errorf("in words: %q", got)
	}
	p.shot(dir, "flow-review-add")
	if p.sealed() != "The passkey is a key of your account" {
		t.Errorf("the page says %q: %s", p.text("done-title"), p.text("done-rows"))
	}
	if second := p.credentials(); first != 1 || second != 2 {
		t.Errorf("%d passkeys, then %d: one has replaced the other", first, second)
	}
	p.click("done-back")
	p.shows("account")
	p.size(390, 800)
	p.scheme("dark")
	p.shot(dir, "flow-account-narrow-dark")
	p.size(1100, 900)
	p.scheme("light")
	p.open("")
	p.until("!" + byID("open-form") + ".hidden")
	if got := p.value("address"); got != address.String() {
		t.Errorf("the page remembers %q, not %s", got, address)
	}
	p.click("open-form button")
	p.shows("account")
	p.eval(`document.querySelector('#keys button').setAttribute('id', 'revoke-other')`, nil)
	p.click("revoke-other")
	p.shows("review")
	if got := p.text("review-title"); !strings.HasPrefix(got, "Revoke key ") {
		t.Errorf("in words: %q", got)
	}
	if got := p.sealed(); !strings.HasSuffix(got, "is revoked") {
		t.Errorf("the page says %q", got)
	}
	if a, err = node.Account(t.Context(), address); err != nil || len(a.Keys) != 2 || a.Keys[0].Revoked == a.Keys[1].Revoked {
		t.Errorf("%+v, %v", a, err)
	}
}

// sealed signs what is shown, and says what the receipt says.
func (p *tab) sealed() string {
	p.t.Helper()
	p.click("sign")
	p.shows("done")
	return p.text("done-title")
}

func TestAFlowAccountOfSomebodyElseIsNotOpened(t *testing.T) {
	p, _ := openFlow(t)
	p.until("!" + byID("create-form") + ".hidden")
	p.click("create-form button")
	p.shows("account")
	p.click("leave")
	p.shows("start")
	p.write("address", "f8d6e0586b0a20c7")
	p.click("open-form button")
	if got := p.problem(); !strings.Contains(got, "no key of that account") {
		t.Errorf("the page says %q", got)
	}
	p.write("address", "0xzz")
	p.click("open-form button")
	p.until(byID("address-error") + ".textContent.includes('16 digits')")
}

func TestTheFlowPageSaysThatThereIsNoFlow(t *testing.T) {
	p := blankTab(t)
	p.path = "/flow"
	p.addAuthenticator()
	p.open("")
	p.until("!" + byID("no-flow") + ".hidden")
	p.until(byID("create-form") + ".hidden && " + byID("open-form") + ".hidden")
	var config map[string]json.RawMessage
	p.eval(`fetch('./config.json').then((r) => r.json())`, &config)
	if _, ok := config["flow"]; ok {
		t.Error("a Flow chain that is not there")
	}
}

// credentials is how many passkeys the authenticator holds.
func (p *tab) credentials() int {
	p.t.Helper()
	return len(call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials)
}
