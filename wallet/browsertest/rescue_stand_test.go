package browsertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/internal/server"
	"github.com/postern-dev/postern/wallet"
)

// vendor is a wallet's server with its chain and bundler, which goes away; the chain stays.
type vendor struct {
	t      *testing.T
	dir    string
	origin string
	stop   func()
	chain  *devnet.Net // behind the node, once the vendor is gone
	node   *plainNode
}

func openVendor(t *testing.T) *vendor {
	t.Helper()
	if skipped != "" {
		t.Skip(skipped)
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &vendor{t: t, dir: t.TempDir(), stop: cancel}
	s, err := server.Start(ctx, server.UpConfig{Listen: "localhost:0", DataDir: v.dir})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	v.origin = s.Origin()
	v.stop = func() {
		v.stop = func() {}
		cancel()
		if err := <-served; err != nil {
			t.Error("the vendor ended with:", err)
		}
	}
	t.Cleanup(func() { v.stop() })
	return v
}

// goes stops server, passkey server and bundler. The chain lives on behind somebody else's node.
func (v *vendor) goes() {
	v.t.Helper()
	v.stop()
	set, err := artifacts.Open(v.t.Context(), artifacts.Options{})
	if err != nil {
		v.t.Fatal(err)
	}
	v.chain, err = devnet.Start(v.t.Context(), devnet.Config{DataDir: filepath.Join(v.dir, "chain"), Artifacts: set})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		if err := v.chain.Close(); err != nil {
			v.t.Error(err)
		}
	})
	v.node = newPlainNode(v.t, v.chain.RPCHandler())
}

// payer is a fresh key with a little ether on the chain.
func (v *vendor) payer() string {
	v.t.Helper()
	return fundedKey(v.t, func(a common.Address, wei *big.Int) error { return v.chain.Faucet(v.t.Context(), a, wei) })
}

func fundedKey(t *testing.T, faucet func(common.Address, *big.Int) error) string {
	t.Helper()
	secret, address := newSecret(t)
	if err := faucet(address, ether(0.05)); err != nil {
		t.Fatal(err)
	}
	return secret
}

func (v *vendor) balance(a string) *big.Int {
	v.t.Helper()
	wei, err := v.chain.Client().BalanceAt(v.t.Context(), common.HexToAddress(a), nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return wei
}

// plainNode answers web pages of any origin, as public nodes do, and knows nothing of bundlers or faucets.
type plainNode struct {
	URL     string
	bundler bool     // it is one, too
	rich    bool     // says that every address holds ether
	refused []string // what was asked beyond that

	mu   sync.Mutex
	says map[string]string // other answers, by method; "cut": none, "refuse": an error
}

// answers puts another answer in the place of the true one, to a method or to calls of a function by its selector;
// empty: the true one again.
func (n *plainNode) answers(method, result string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.says[method] = result
}

func newPlainNode(t *testing.T, chain http.Handler) *plainNode {
	n := &plainNode{says: map[string]string{}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		if r.Method == http.MethodOptions {
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		var ask struct {
			ID     json.RawMessage
			Method string
			Params []json.RawMessage
		}
		if err != nil || json.Unmarshal(body, &ask) != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		if !n.bundler && (!strings.HasPrefix(ask.Method, "eth_") || strings.Contains(ask.Method, "UserOperation")) {
			n.refused = append(n.refused, ask.Method)
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no %s here"}}`, ask.ID, ask.Method)
			return
		}
		n.mu.Lock()
		other := n.says[ask.Method]
		var to struct{ Data string }
		if ask.Method == "eth_call" && json.Unmarshal(ask.Params[0], &to) == nil && len(to.Data) >= 10 && n.says[to.Data[:10]] != "" {
			other = n.says[to.Data[:10]]
		}
		n.mu.Unlock()
		if n.rich && ask.Method == "eth_getBalance" {
			other = `"0xde0b6b3a7640000"`
		}
		if other == "cut" {
			panic(http.ErrAbortHandler)
		}
		if other == "refuse" {
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"transaction underpriced"}}`, ask.ID)
			return
		}
		if other != "" {
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, ask.ID, other)
			return
		}
		inner := httptest.NewRequest(http.MethodPost, "http://localhost/", bytes.NewReader(body))
		inner.Header.Set("Content-Type", "application/json")
		chain.ServeHTTP(w, inner)
	}))
	t.Cleanup(s.Close)
	n.URL = s.URL
	return n
}

// forward is the handler of a chain that is reached by HTTP.
func forward(url string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resp, err := http.Post(url, "application/json", r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(w, resp.Body)
	})
}

// served is the rescue page on some web server of the passkeys' own domain, which has nothing else.
func served(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(wallet.RescueHTML())
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

// saved is the rescue page as a file; its path.
func saved(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "postern-rescue.html")
	if err := os.WriteFile(path, wallet.RescueHTML(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openRescue opens the page from a web server's origin, or from a file, and names the node.
func (p *tab) openRescue(home, path, node string) {
	p.t.Helper()
	p.moves(home, path, node)
	p.shows("start")
	p.write("rpc", node)
	p.click("connect")
	p.shows("who")
}

// moves opens the rescue page where another was open, whose last requests are waited for.
func (p *tab) moves(home, path, node string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"))
	p.home, p.path, p.also = home, path, node
	p.open("")
}

// fromFile opens it in a profile of its own, with no authenticator anywhere.
func fromFile(t *testing.T, node string) *tab {
	t.Helper()
	p := blankTab(t)
	p.openRescue("file://", saved(t), node)
	return p
}

// credential is the passkey in the virtual authenticator, as a password manager could export it.
func (p *tab) credential() *webauthn.Credential {
	p.t.Helper()
	all := call(p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.auth}).Credentials
	if len(all) != 1 {
		p.t.Fatalf("the authenticator has %d passkeys", len(all))
	}
	return all[0]
}

// choose puts a file into the field.
func (p *tab) chooseFile(name, content string) {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{path}))
}

// url64 is base64url without padding, as WebAuthn writes bytes.
func url64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// exchangeFormat is FIDO's Credential Exchange Format 1.0 with one passkey.
func exchangeFormat(c *webauthn.Credential) string {
	return fmt.Sprintf(`{"version":{"major":1,"minor":0},"exporterRpId":"vault.example","exporterDisplayName":"Vault","timestamp":1763740800,
		"accounts":[{"id":"AQ","username":"ada","email":"","collections":[],"items":[{"id":"AQ","title":"Postern","credentials":[
			{"type":"basic-auth","username":{"value":"ada"}},
			{"type":"passkey","credentialId":%q,"rpId":%q,"username":"Ada","userDisplayName":"Ada","userHandle":%q,"key":%q}]}]}]}`,
		url64(c.CredentialID), c.RpID, url64(c.UserHandle), url64(c.PrivateKey))
}

// bitwardenExport is Bitwarden's unencrypted JSON.
func bitwardenExport(c *webauthn.Credential) string {
	return fmt.Sprintf(`{"encrypted":false,"folders":[],"items":[{"id":"x","type":1,"name":"Postern","login":{"username":"ada","fido2Credentials":[
		{"credentialId":"b64.%s","keyType":"public-key","keyAlgorithm":"ECDSA","keyCurve":"P-256","keyValue":%q,"rpId":%q,"userHandle":%q,"userName":"Ada","counter":"0","discoverable":"true"}]}}]}`,
		url64(c.CredentialID), url64(c.PrivateKey), c.RpID, url64(c.UserHandle))
}

// keepassFile is a .passkey of KeePassXC.
func keepassFile(c *webauthn.Credential) string {
	pem := "-----BEGIN PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString(c.PrivateKey) + "\n-----END PRIVATE KEY-----\n"
	return fmt.Sprintf(`{"credentialId":%q,"privateKey":%q,"relyingParty":%q,"url":"https://%s","userHandle":%q,"username":"Ada"}`,
		url64(c.CredentialID), pem, c.RpID, c.RpID, url64(c.UserHandle))
}

// newTabAt opens the wallet of another origin.
func newTabAt(t *testing.T, origin string) *tab {
	t.Helper()
	p := blankTab(t)
	p.home = origin
	p.addAuthenticator()
	p.open("")
	return p
}
