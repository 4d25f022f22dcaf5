package browsertest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/internal/server"
)

// fclDirectory is where the app with the unmodified Flow Client Library is, with its packages.
const fclDirectory = "../../interop/js/fcl"

// app is somebody else's page, at an origin of its own, and the wallet that it uses.
type app struct {
	*tab
	wallet      string // origin
	node        *access.Client
	service     flow.Address
	key         *ecdsa.PrivateKey // of the service account, which pays for others
	credentials []heldKey

	mu   sync.Mutex
	paid []*flow.Signable // what the app's server was asked to pay for
}

// openApp opens the app, in front of an emulator and a wallet of its own.
func openApp(t *testing.T) *app {
	t.Helper()
	needFlow(t)
	if _, err := os.Stat(fclDirectory + "/node_modules/@onflow/fcl"); err != nil {
		t.Skip("SKIPPED: @onflow/fcl is not installed: run “npm ci --ignore-scripts” in interop/js/fcl")
	}
	if skipped != "" {
		t.Skip(skipped)
	}
	a := &app{key: serviceKey(t)}
	e, node := flowEmulator(t, a.key)
	a.node, a.service = node, e.Service
	a.wallet = startFlow(t, server.UpConfig{Flow: e.URL, FlowServiceKey: flowServiceKey, FlowService: e.Service.Hex()})
	a.open(t, e.URL)
	return a
}

// open serves the app from another site than the wallet's, and opens it.
func (a *app) open(t *testing.T, node string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "node", "build.mjs")
	build.Dir = fclDirectory
	script, err := build.Output()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	to, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/v1/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	mux.HandleFunc("POST /pay", a.pay)
	mux.HandleFunc("/dapp.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Write(script)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!doctype html><title>An app</title><link rel="icon" href="data:,"><main><p id="ready" hidden>Ready</p><button id="go">Go</button></main><script type="module" src="/dapp.js"></script>`)
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	a.tab = appTab(t, site.URL)
	a.do(chromedp.Navigate(site.URL + "/?wallet=" + url.QueryEscape(a.wallet+"/fcl")))
	a.until("!" + byID("ready") + ".hidden")
}

// appTab is a page of somebody else's: what it writes to the console is its own affair.
func appTab(t *testing.T, home string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the page lives as long as the context that it is made with
		t.Fatal(err)
	}
	return &tab{t: t, ctx: ctx, home: home}
}

// pay signs as the app's server does: what its account pays for, with a plain key.
func (a *app) pay(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s, err := flow.ParseSignable(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	a.paid = append(a.paid, s)
	a.mu.Unlock()
	digest := sha256.Sum256(s.Message)
	left, right, err := ecdsa.Sign(rand.Reader, a.key, digest[:])
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(s.Composite(append(left.FillBytes(make([]byte, 32)), right.FillBytes(make([]byte, 32))...), nil))
}

// begin has the app do something, by a click as a person makes it.
func (a *app) begin(what string) {
	a.t.Helper()
	a.eval("void (window.next = () => "+what+")", nil)
	a.click("go")
}

// popup is the window of the wallet that the app opens when it does something.
func (a *app) popup(what string) *tab {
	a.t.Helper()
	opened := chromedp.WaitNewTarget(a.ctx, func(i *target.Info) bool { return i.Type == "page" })
	a.begin(what)
	return a.next(opened)
}

func (a *app) next(opened <-chan target.ID) *tab {
	a.t.Helper()
	select {
	case id := <-opened:
		return a.attach(id)
	case <-time.After(patience):
		a.t.Fatalf("no window was opened\n%s", a.state())
		return nil
	}
}

// attach watches a window of the wallet as any page of ours, and puts the person's passkeys into it.
func (a *app) attach(id target.ID) *tab {
	a.t.Helper()
	ctx, cancel := chromedp.NewContext(a.ctx, chromedp.WithTargetID(id))
	a.t.Cleanup(cancel)
	p := &tab{t: a.t, ctx: ctx, home: a.wallet}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		a.t.Fatal(err)
	}
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, empty{})
	call(p, webauthn.Enable, webauthn.EnableParams{})
	p.addAuthenticator()
	for _, c := range a.credentials {
		call(p, addKeyHeld, holdKey{p.auth, c})
	}
	a.t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			a.t.Error(problem)
		}
	})
	p.until("location.pathname === '/fcl' && document.readyState === 'complete'")
	p.size(640, 770)
	return p
}

// keeps takes the passkeys that a window has now into the next one.
func (a *app) keeps(p *tab) {
	a.t.Helper()
	a.credentials = nil
	for _, c := range call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials {
		a.credentials = append(a.credentials, heldKey{c.CredentialID, true, c.RpID, c.PrivateKey, c.UserHandle, c.SignCount, c.BackupEligibility, c.BackupState})
	}
}

// heldKey is what an authenticator takes back of a passkey: webauthn.Credential has members that it refuses even when they say no.
type heldKey struct {
	CredentialID         []byte  `json:"credentialId"`
	IsResidentCredential bool    `json:"isResidentCredential"`
	RPID                 string  `json:"rpId"`
	PrivateKey           []byte  `json:"privateKey"`
	UserHandle           []byte  `json:"userHandle"`
	SignCount            float64 `json:"signCount"`
	BackupEligibility    bool    `json:"backupEligibility"`
	BackupState          bool    `json:"backupState"`
}

type holdKey struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      heldKey                  `json:"credential"`
}

var addKeyHeld = cdp.Command[holdKey, empty]{Method: webauthn.CommandAddCredential}

// outcome is how what the app does has ended: a value in JSON, or words.
func (a *app) outcome() (value json.RawMessage, failed string) {
	a.t.Helper()
	a.until("outcome")
	var o struct {
		Value json.RawMessage
		Error string
	}
	a.eval("outcome", &o)
	return o.Value, o.Error
}

// value is what the app has got.
func (a *app) value(into any) {
	a.t.Helper()
	v, failed := a.outcome()
	if failed != "" {
		a.t.Fatalf("the app failed with: %s", failed)
	}
	if err := json.Unmarshal(v, into); err != nil {
		a.t.Fatalf("%s: %v", v, err)
	}
}

// leave presses what closes a window at once: a click by mouse would not always end before the window does.
func (a *app) leave(p *tab, id string) {
	a.t.Helper()
	p.eval("void setTimeout(() => "+byID(id)+".click())", nil)
}

// closed waits until a window of the wallet is gone.
func (a *app) closed(p *tab) {
	a.t.Helper()
	id := chromedp.FromContext(p.ctx).Target.TargetID
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		all, err := chromedp.Targets(browser)
		if err != nil {
			a.t.Fatal(err)
		}
		if !slices.ContainsFunc(all, func(i *target.Info) bool { return i.TargetID == id }) {
			return
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("the window stays open\n%s", p.state())
		}
	}
}

// note is what the account has noted.
func (a *app) note(of flow.Address) string {
	a.t.Helper()
	read := `access(all) fun main(a: Address): Int? { return getAuthAccount<auth(Storage) &Account>(a).storage.copy<Int>(from: /storage/note) }`
	v, err := a.node.Script(a.t.Context(), []byte(read), [][]byte{flow.Addr(of).JSON()})
	if err != nil {
		a.t.Fatal(err)
	}
	if len(v.Items) != 1 {
		return ""
	}
	return v.Items[0].Text
}

// nonce is what the app's server would choose for an account proof.
func nonce() string {
	b := make([]byte, flow.MinNonce)
	rand.Read(b)
	return hex.EncodeToString(b)
}
