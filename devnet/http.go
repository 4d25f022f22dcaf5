package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// RPCHandler is the chain's one JSON-RPC endpoint: eth_*, net_*, web3_*, the bundler's methods, the paymaster's
// (ERC-7677 and pimlico_getTokenQuotes), postern_faucet(address) and postern_tokenFaucet(address), and evm_increaseTime(seconds)
// and evm_mine(), as development chains have them, to let days pass. It refuses requests that a website of another origin
// makes a browser send, whether directly (Origin, Sec-Fetch-Site) or by a host name that resolves to loopback.
func (n *Net) RPCHandler() http.Handler { return n.handler }

// Listen serves the endpoint on a loopback address such as "127.0.0.1:8545" or "localhost:0" and
// returns its URL. The server ends with Close.
func (n *Net) Listen(addr string) (string, error) {
	l, err := listenLoopback(addr)
	if err != nil {
		return "", err
	}
	s := &http.Server{
		Handler:           n.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	address := "http://" + l.Addr().String()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return "", errors.Join(&Error{Kind: ErrListen, Err: errors.New("the chain is closed")}, l.Close())
	}
	n.servers, n.url = append(n.servers, s), address
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("serving JSON-RPC ended", "error", err)
		}
	}()
	return address, nil
}

// URL is the address Listen returned last, empty before.
func (n *Net) URL() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.url
}

func listenLoopback(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &Error{Kind: ErrListen, Err: err, Hint: "give host:port, for example 127.0.0.1:8545"}
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &Error{Kind: ErrListen, Err: fmt.Errorf("%q is not a loopback address", host),
			Hint: "a development chain must not be reachable from other machines; use 127.0.0.1 or ::1"}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &Error{Kind: ErrListen, Err: err, Hint: "the port is taken; choose another, or :0 for any"}
	}
	if err != nil {
		return nil, &Error{Kind: ErrListen, Err: err}
	}
	return l, nil
}

// guard lets loopback clients through, and browsers only for pages of this origin or a configured
// one.
type guard struct {
	next    http.Handler
	origins []string
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !loopbackHost(r.Host) {
		refuse(w, http.StatusForbidden, "wrong-host", "this development chain answers to localhost only", "address it as localhost")
		return
	}
	origin := r.Header.Get("Origin")
	if origin != "" && !g.allowed(origin, r.Host) || origin == "" && crossSite(r) {
		refuse(w, http.StatusForbidden, "wrong-origin", "pages of this origin may not use this development chain", "serve the page from the chain's own origin, or configure its origin")
		return
	}
	if origin != "" {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "Content-Type")
	}
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		g.next.ServeHTTP(w, r)
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		refuse(w, http.StatusMethodNotAllowed, "method-not-allowed", "JSON-RPC needs POST", "send a JSON-RPC request as the body of a POST")
	}
}

// refuse answers in the form of all of Postern's HTTP errors. The request id is there when a server in front gave one.
func refuse(w http.ResponseWriter, status int, code, message, hint string) {
	type body struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		Hint      string `json:"hint"`
		RequestID string `json:"requestId,omitempty"`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is out: a client that is gone changes nothing.
	_ = json.NewEncoder(w).Encode(map[string]body{"error": {code, message, hint, w.Header().Get("X-Request-Id")}})
}

func (g *guard) allowed(origin, host string) bool {
	if slices.Contains(g.origins, "*") || slices.Contains(g.origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, host)
}

// crossSite reads what browsers say of a request that carries no Origin.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

// loopbackHost refuses names an attacker can point at 127.0.0.1 (DNS rebinding).
func loopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
