package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// fakePage serves two files.
type fakePage struct{}

func (fakePage) Paths() []string { return []string{"/", "/app.js"} }
func (fakePage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "the page's own")
	fmt.Fprint(w, "page ", r.URL.Path)
}

func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name, " ", r.Method, " ", r.URL.Path) })
}

// running is a server on its own port.
type running struct {
	t    *testing.T
	host string
	stop context.CancelFunc
	done chan error
	log  *bytes.Buffer // read after done
}

func serve(t *testing.T, change ...func(*Config)) *running {
	t.Helper()
	r := &running{t: t, done: make(chan error, 1), log: &bytes.Buffer{}}
	cfg := Config{
		Page: fakePage{}, RPC: echo("rpc"), Passkeys: echo("passkeys"),
		Wallet: WalletConfig{ChainID: 31337, RPID: "localhost", RPCURL: "/rpc", PasskeyURL: "/passkeys", Faucet: true},
		Log:    slog.New(slog.NewTextHandler(r.log, nil)),
	}
	for _, c := range change {
		c(&cfg)
	}
	b, err := Listen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(b, cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.host = strings.TrimPrefix(b.Origin(), "http://")
	var ctx context.Context
	ctx, r.stop = context.WithCancel(t.Context())
	go func() { r.done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		r.stop()
		select {
		case err, open := <-r.done:
			if open && err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("the server does not end")
		}
	})
	return r
}

func (r *running) do(method, path string, header ...string) (*http.Response, string) {
	r.t.Helper()
	return r.via("127.0.0.1", method, path, header...)
}

// via sends a request to one of the loopback addresses, Host localhost unless changed.
func (r *running) via(ip, method, path string, header ...string) (*http.Response, string) {
	r.t.Helper()
	_, port, _ := strings.Cut(r.host, ":")
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://"+net.JoinHostPort(ip, port)+path, http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Host = r.host
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(body)
}

func (r *running) refused(res *http.Response, body string, status int, code string) {
	r.t.Helper()
	var reply struct {
		Error struct{ Code, Message, Hint, RequestID string }
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil {
		r.t.Fatalf("%d %q: %v", res.StatusCode, body, err)
	}
	if res.StatusCode != status || reply.Error.Code != code || reply.Error.Message == "" || reply.Error.RequestID == "" ||
		reply.Error.RequestID != res.Header.Get("X-Request-Id") || res.Header.Get("Content-Type") != "application/json" {
		r.t.Fatalf("%d %s, want %d %s", res.StatusCode, body, status, code)
	}
}

func TestRoutes(t *testing.T) {
	r := serve(t)
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/", "page /"}, {"HEAD", "/", ""}, {"GET", "/app.js", "page /app.js"},
		{"POST", "/rpc", "rpc POST /rpc"}, {"OPTIONS", "/rpc", "rpc OPTIONS /rpc"},
		{"POST", "/passkeys/login/options", "passkeys POST /login/options"},
		{"OPTIONS", "/passkeys/register/verify", "passkeys OPTIONS /register/verify"},
		{"GET", "/healthz", `{"ok":true}`}, {"GET", "/readyz", `{"ok":true}`},
		{"GET", "/config.json", `{"chainId":31337,"rpId":"localhost","rpName":"","entryPoint":{"version":"","address":""},"factory":"","implementation":"","proxyInitCodeHash":"","rpcUrl":"/rpc","passkeyUrl":"/passkeys","faucet":true}`},
	} {
		if res, body := r.do(c.method, c.path); res.StatusCode != 200 || body != c.want {
			t.Errorf("%s %s: %d %q, want %q", c.method, c.path, res.StatusCode, body, c.want)
		}
	}
	for _, path := range []string{"/nothing", "/app.js/", "/index.htm", "/%2e%2e/secret", "/.git/config"} {
		res, body := r.do("GET", path)
		r.refused(res, body, http.StatusNotFound, "not_found")
	}
	for _, path := range []string{"/", "/app.js", "/config.json", "/healthz", "/readyz"} {
		res, body := r.do("POST", path)
		r.refused(res, body, http.StatusMethodNotAllowed, "method_not_allowed")
	}
}

func TestBothAddressFamiliesAnswer(t *testing.T) {
	r := serve(t)
	for _, ip := range []string{"127.0.0.1", "::1"} {
		if l, err := net.Listen("tcp", net.JoinHostPort(ip, "0")); err != nil {
			t.Logf("%s: %v", ip, err)
			continue
		} else {
			l.Close()
		}
		if res, body := r.via(ip, "GET", "/"); res.StatusCode != 200 || body != "page /" {
			t.Errorf("%s: %d %q", ip, res.StatusCode, body)
		}
	}
}

func TestOnlyTheNameLocalhostIsAnswered(t *testing.T) {
	r := serve(t)
	_, port, _ := strings.Cut(r.host, ":")
	for _, host := range []string{"127.0.0.1:" + port, "[::1]:" + port, "localhost", "localhost:1", "evil.example:" + port, "localhost.evil.example:" + port, "localhost.:" + port} {
		for _, path := range []string{"/", "/config.json", "/rpc", "/passkeys/login/options", "/nothing"} {
			res, body := r.do("GET", path, "Host", host)
			r.refused(res, body, http.StatusMisdirectedRequest, "wrong_host")
			if !strings.Contains(body, "http://"+r.host) {
				t.Errorf("no way out: %s", body)
			}
		}
	}
}

func TestPagesOfOtherOriginsCannotPost(t *testing.T) {
	r := serve(t, func(c *Config) { c.Origins = []string{"http://localhost:5173"} })
	for _, path := range []string{"/rpc", "/passkeys/login/options"} {
		for _, header := range [][]string{
			{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://localhost:1"}, {"Origin", "https://" + r.host},
			{"Origin", ""}, {"Origin", "http://" + r.host, "Origin", "https://evil.example"},
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
		} {
			for _, method := range []string{"POST", "OPTIONS", "DELETE"} {
				res, body := r.do(method, path, header...)
				r.refused(res, body, http.StatusForbidden, "origin_not_allowed")
			}
		}
		for _, header := range [][]string{nil, {"Origin", "http://" + r.host}, {"Origin", "http://localhost:5173"}, {"Sec-Fetch-Site", "same-origin", "Origin", "http://" + r.host}, {"Sec-Fetch-Site", "none"}} {
			if res, body := r.do("POST", path, header...); res.StatusCode != 200 {
				t.Errorf("%v: %d %s", header, res.StatusCode, body)
			}
		}
	}
}

func TestEveryReplyCarriesSecurityHeaders(t *testing.T) {
	r := serve(t)
	for _, path := range []string{"/", "/config.json", "/nothing", "/rpc", "/passkeys/x"} {
		res, _ := r.do("GET", path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if p := res.Header.Get("Permissions-Policy"); !strings.Contains(p, "publickey-credentials-get=(self)") || !strings.Contains(p, "publickey-credentials-create=(self)") {
			t.Errorf("%s: Permissions-Policy is %q", path, p)
		}
		policy := res.Header.Get("Content-Security-Policy")
		if own := path == "/"; own && policy != "the page's own" || !own && !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if res.Header.Get("X-Request-Id") == "" || res.Header.Get("Server") != "" {
			t.Errorf("%s: %v", path, res.Header)
		}
	}
}

func TestNotReadyIsSaidWithoutDetails(t *testing.T) {
	r := serve(t, func(c *Config) { c.Ready = func(context.Context) error { return errors.New("private detail") } })
	res, body := r.do("GET", "/readyz")
	r.refused(res, body, http.StatusServiceUnavailable, "not_ready")
	if strings.Contains(body, "private") {
		t.Fatal(body)
	}
	if res, _ := r.do("GET", "/healthz"); res.StatusCode != 200 {
		t.Fatal("not healthy")
	}
}

func TestAPanicIsAJSONRefusalAndTheServerGoesOn(t *testing.T) {
	r := serve(t, func(c *Config) {
		c.RPC = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("private detail") })
	})
	for range 2 {
		res, body := r.do("POST", "/rpc")
		r.refused(res, body, http.StatusInternalServerError, "internal")
		if strings.Contains(body, "private") {
			t.Fatal(body)
		}
	}
	r.stop()
	if err := <-r.done; err != nil {
		t.Fatal(err)
	}
	close(r.done)
	if !strings.Contains(r.log.String(), "private detail") {
		t.Fatal("the log does not say why")
	}
}

func TestLongHeadersAndAddressesAreRefused(t *testing.T) {
	r := serve(t)
	res, body := r.do("GET", "/"+strings.Repeat("a", 3000))
	r.refused(res, body, http.StatusRequestURITooLong, "address_too_long")
	if res, _ := r.do("GET", "/", "X-Long", strings.Repeat("a", 64<<10)); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Fatalf("status %d", res.StatusCode)
	}
}

func TestGarbageOnTheWireDoesNotHurt(t *testing.T) {
	r := serve(t)
	for _, garbage := range []string{"\x16\x03\x01\x02\x00", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET  HTTP\r\n\r\n", "\r\n\r\n"} {
		c, err := net.Dial("tcp", "127.0.0.1"+r.host[strings.Index(r.host, ":"):])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, garbage)
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		reply, err := bufio.NewReader(c).ReadString('\n')
		if err == nil && !strings.Contains(reply, " 4") {
			t.Errorf("%q: %q", garbage, reply)
		}
		c.Close()
	}
	if res, _ := r.do("GET", "/"); res.StatusCode != 200 {
		t.Fatal("the server is gone")
	}
}

func TestAnOrderlyEndLetsRequestsFinishButDoesNotWaitForever(t *testing.T) {
	started, release := make(chan struct{}, 2), make(chan struct{})
	r := serve(t, func(c *Config) {
		c.RPC = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			started <- struct{}{}
			if r.URL.RawQuery == "hangs" {
				<-r.Context().Done()
				return
			}
			<-release
			fmt.Fprint(w, "finished")
		})
	})
	finished := make(chan string, 1)
	go func() {
		_, body := r.do("POST", "/rpc")
		finished <- body
	}()
	<-started
	go func() {
		res, err := http.Post("http://"+r.host+"/rpc?hangs", "application/json", nil)
		if err == nil {
			res.Body.Close()
		}
	}()
	<-started

	begun := time.Now()
	r.stop()
	close(release)
	if body := <-finished; body != "finished" {
		t.Fatalf("got %q", body)
	}
	if err := <-r.done; err != nil {
		t.Fatal(err)
	}
	close(r.done)
	if took := time.Since(begun); took > shutdownTime+30*time.Second {
		t.Fatalf("took %s", took)
	}
	if c, err := net.Dial("tcp", "127.0.0.1"+r.host[strings.Index(r.host, ":"):]); err == nil {
		c.Close()
		t.Fatal("still listening")
	}
}
