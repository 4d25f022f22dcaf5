//go:build !race

package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/userop"
	"github.com/postern-dev/postern/wallet"
)

// user is a person with a browser at a running stack.
type user struct {
	t      testing.TB
	origin string
	http   *http.Client
}

type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// up starts a stack and returns a user of it and what ends it, as Ctrl-C does.
func up(t testing.TB, cfg UpConfig) (*user, func()) {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "localhost:0"
	}
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	end := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("it does not end")
		}
	})
	t.Cleanup(end)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &user{t: t, origin: s.Origin(), http: &http.Client{Jar: jar, Transport: &http.Transport{}}}, end
}

func (u *user) get(path string) (*http.Response, []byte) {
	u.t.Helper()
	res, err := u.http.Get(u.origin + path)
	if err != nil {
		u.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		u.t.Fatal(err)
	}
	return res, body
}

func (u *user) post(path string, body any) map[string]any {
	u.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		u.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(u.t.Context(), "POST", u.origin+path, bytes.NewReader(raw))
	if err != nil {
		u.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", u.origin)
	res, err := u.http.Do(r)
	if err != nil {
		u.t.Fatal(err)
	}
	defer res.Body.Close()
	var reply map[string]any
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		u.t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
	}
	return reply
}

func (u *user) rpc(method string, params ...any) any {
	u.t.Helper()
	reply := u.post("/rpc", map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": append([]any{}, params...)})
	if reply["error"] != nil {
		u.t.Fatalf("%s: %v", method, reply["error"])
	}
	return reply["result"]
}

func (u *user) register(key *softkey.Authenticator) {
	u.t.Helper()
	handle := make([]byte, 33)
	rand.Read(handle)
	handle[0] = 1
	offer := u.post("/passkeys/register/options", map[string]any{"username": "me", "userHandle": base64.RawURLEncoding.EncodeToString(handle)})
	options, err := json.Marshal(offer["options"])
	if err != nil {
		u.t.Fatal(err)
	}
	cred, err := key.Create(options, u.origin)
	if err != nil {
		u.t.Fatal(err)
	}
	reply := u.post("/passkeys/register/verify", map[string]any{"username": "me", "userId": offer["userId"], "cred": json.RawMessage(cred)})
	if reply["verified"] != true {
		u.t.Fatalf("%v", reply)
	}
}

func (u *user) login(key *softkey.Authenticator) map[string]any {
	u.t.Helper()
	options, err := json.Marshal(u.post("/passkeys/login/options", map[string]any{}))
	if err != nil {
		u.t.Fatal(err)
	}
	cred, err := key.Get(options, u.origin)
	if err != nil {
		u.t.Fatal(err)
	}
	return u.post("/passkeys/login/verify", map[string]any{"cred": json.RawMessage(cred)})
}

func TestUpServesWalletChainAndPasskeysFromOneOrigin(t *testing.T) {
	var out lines
	begun := time.Now()
	u, end := up(t, UpConfig{Out: &out})

	// 1. It is ready soon.
	if res, body := u.get("/readyz"); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	t.Logf("ready after %s", time.Since(begun).Round(time.Millisecond))

	// 2. The page comes with its policy, packed, and its modules and vendored modules load.
	res, page := u.get("/")
	policy, err := wallet.ContentSecurityPolicy()
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || !res.Uncompressed || res.Header.Get("Content-Security-Policy") != policy || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	if want, err := io.ReadAll(must(wallet.Files().Open("index.html"))); err != nil || !bytes.Equal(page, want) {
		t.Fatalf("other bytes than in the repository, %v", err)
	}
	for _, path := range []string{"/app.js", "/vendor/noble-hashes/sha3.js", "/vendor/noble-curves/abstract/weierstrass.js"} {
		res, _ := u.get(path)
		if res.StatusCode != 200 || res.Header.Get("Etag") == "" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
	}

	// 3. The configuration names what really stands on the chain.
	_, raw := u.get("/config.json")
	var config WalletConfig
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	if config.ChainID != 31337 || config.RPID != "localhost" || config.EntryPoint.Version != "0.8" || config.Factory != d.Factory.Hex() || !config.Faucet {
		t.Fatalf("%s", raw)
	}
	m := config.Hybrid
	if m == nil || m.Version != "1.3.0" || m.EntryPoint.Version != "0.7" || config.PaymasterURL != config.RPCURL {
		t.Fatalf("%s", raw)
	}
	for _, address := range []string{config.EntryPoint.Address, config.Factory, config.Implementation,
		m.EntryPoint.Address, m.Factory, m.Implementation, m.Stateless, m.DelegationManager, m.P256} {
		if code := u.rpc("eth_getCode", address, "latest"); len(code.(string)) < 100 {
			t.Errorf("no code at %s", address)
		}
	}
	// Kernel is named, and not there: its contracts are nobody's to hand out.
	if k := config.Kernel; k == nil || len(k.Versions) != 3 || k.Versions[0].Version != "0.3.3" || k.Versions[2].Version != "0.3.1" || u.rpc("eth_getCode", k.MetaFactory, "latest") != "0x" {
		t.Errorf("%s", raw)
	}
	if id := u.rpc("eth_chainId"); id != "0x7a69" {
		t.Errorf("chain id %v", id)
	}

	stub := u.rpc("pm_getPaymasterStubData", map[string]any{"sender": m.Factory, "nonce": "0x0", "callData": "0x"}, m.EntryPoint.Address, "0x7a69", map[string]any{})
	if fields, ok := stub.(map[string]any); !ok || fields["paymaster"] == nil {
		t.Errorf("paymaster says %v", stub)
	}
	if quotes := u.rpc("pimlico_getTokenQuotes", map[string]any{"tokens": []string{}}, m.EntryPoint.Address, "0x7a69"); fmt.Sprint(quotes) != "map[quotes:[]]" {
		t.Errorf("quotes %v", quotes)
	}
	u.rpc("postern_tokenFaucet", m.Factory)

	// 4. A passkey registers and signs in.
	key := softkey.New()
	u.register(key)
	if in := u.login(key); in["verification"].(map[string]any)["verified"] != true {
		t.Fatalf("%v", in)
	}

	// 5. It said where things are, by name and never by IP address, and ends.
	end()
	for _, want := range []string{u.origin + "\n", u.origin + "/rpc", "31337", "0.6, 0.7, 0.8, 0.9 (release candidate", "Framework 1.3.0", "token 0x", "paymaster", "Next:", "--data", "Ctrl-C", "Ending."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "127.0.0.1") || strings.Contains(out.String(), "://[") {
		t.Errorf("an IP address:\n%s", out.String())
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestStateSurvivesARestartAndTheDirectoryHasOneOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	address := common.HexToAddress("0x00000000000000000000000000000000DeaDBeef").Hex()
	key := softkey.New()

	first, end := up(t, UpConfig{DataDir: dir})
	first.register(key)
	first.rpc("postern_faucet", address)
	balance := func(u *user) *big.Int {
		wei, _ := new(big.Int).SetString(strings.TrimPrefix(u.rpc("eth_getBalance", address, "latest").(string), "0x"), 16)
		return wei
	}
	for deadline := time.Now().Add(time.Minute); balance(first).Sign() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the faucet gave nothing")
		}
	}
	had := balance(first)

	_, err := Start(t.Context(), UpConfig{Listen: "localhost:0", DataDir: dir})
	var e *Error
	if !errors.As(err, &e) || e.Code() != "data-busy" || !strings.Contains(e.Error(), dir) {
		t.Fatalf("got %v", err)
	}
	end()

	listen := strings.TrimPrefix(first.origin, "http://")
	second, end := up(t, UpConfig{Listen: listen, DataDir: dir})
	if now := balance(second); now.Cmp(had) != 0 {
		t.Errorf("balance %s, was %s", now, had)
	}
	if in := second.login(key); in["verification"].(map[string]any)["verified"] != true {
		t.Errorf("%v", in)
	}
	end()

	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if path != filepath.Join(dir, chainDir) && filepath.Dir(path) == dir && err == nil && info.Mode().Perm()&0o077 != 0 {
			return fmt.Errorf("%s: mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestABusyPortFailsBeforeAnythingStarts(t *testing.T) {
	held := take(t, "localhost:0")
	dir := filepath.Join(t.TempDir(), "data")
	err := Up(t.Context(), UpConfig{Listen: hostPort(held.Port), DataDir: dir})
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("it touched the data directory")
	}
}

func TestABadOriginIsNamed(t *testing.T) {
	for _, origin := range []string{"*", "localhost:5173", "http://example.org", "http://localhost:5173/", "chrome-extension://*", "chrome-extension://a/", "x-extension://a"} {
		_, err := Start(t.Context(), UpConfig{Listen: "localhost:0", Origins: []string{origin}})
		var e *Error
		if !errors.As(err, &e) || e.Code() != "bad-origin" || !strings.Contains(e.Error(), origin) {
			t.Errorf("%s: got %v", origin, err)
		}
	}
}

func TestUpEndsWhenItsContextDoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out lines
	done := make(chan error, 1)
	go func() { done <- Up(ctx, UpConfig{Listen: "localhost:0", Out: &out}) }()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "Next:"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not start")
		}
	}
	begun := time.Now()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("ending took %s", took)
	}
}

func TestStrangersOnThisMachinesPagesGetNothing(t *testing.T) {
	const wallet = "chrome-extension://nkbihfbeogaeaoehlefnkodbefgppgkn"
	u, _ := up(t, UpConfig{Origins: []string{"http://localhost:5173", wallet}})
	for origin, want := range map[string]int{"https://evil.example": 403, "chrome-extension://other": 403, "null": 403, "http://localhost:5173": 200, u.origin: 200, wallet: 200} {
		for path, body := range map[string]string{"/rpc": `{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}`, "/passkeys/login/options": `{}`} {
			want := want
			if origin == wallet && path != "/rpc" {
				want = 403 // an extension uses the chain, not the passkeys
			}
			r, err := http.NewRequestWithContext(t.Context(), "POST", u.origin+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Origin", origin)
			res, err := u.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			allowed := res.Header.Get("Access-Control-Allow-Origin")
			if res.StatusCode != want || (want == 200) != (allowed == origin) {
				t.Errorf("%s from %s: %d, allowed %q", path, origin, res.StatusCode, allowed)
			}
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := Start(b.Context(), UpConfig{Listen: "localhost:0"})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
