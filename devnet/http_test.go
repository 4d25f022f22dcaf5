package devnet_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/postern-dev/postern/devnet"
)

func TestWebsitesCannotDriveTheChain(t *testing.T) {
	n := start(t, devnet.Config{Origins: []string{"http://localhost:5173"}})
	const ask = `{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}`
	cases := []struct {
		name   string
		method string
		host   string
		header map[string]string
		want   int
	}{
		{"program", "POST", "localhost:8545", nil, 200},
		{"program by IPv4", "POST", "127.0.0.1:8545", nil, 200},
		{"program by IPv6", "POST", "[::1]:8545", nil, 200},
		{"own page", "POST", "localhost:8080", map[string]string{"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}, 200},
		{"admitted page", "POST", "localhost:8545", map[string]string{"Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-site"}, 200},
		{"admitted page's preflight", "OPTIONS", "localhost:8545", map[string]string{"Origin": "http://localhost:5173"}, 204},
		{"website", "POST", "localhost:8545", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403},
		{"website's preflight", "OPTIONS", "localhost:8545", map[string]string{"Origin": "https://evil.example"}, 403},
		{"other local page", "POST", "localhost:8545", map[string]string{"Origin": "http://localhost:3000"}, 403},
		{"opaque origin", "POST", "localhost:8545", map[string]string{"Origin": "null"}, 403},
		{"website without Origin", "POST", "localhost:8545", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"rebound name", "POST", "evil.example:8545", map[string]string{"Origin": "http://evil.example:8545", "Sec-Fetch-Site": "same-origin"}, 403},
		{"rebound name, no browser", "POST", "localhost.evil.example", nil, 403},
		{"no host", "POST", "", nil, 403},
		{"other machine's address", "POST", "192.168.1.7:8545", nil, 403},
		{"form", "POST", "localhost:8545", map[string]string{"Content-Type": "text/plain"}, 415},
		{"GET", "GET", "localhost:8545", nil, 405},
		{"PUT", "PUT", "localhost:8545", nil, 405},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/", strings.NewReader(ask))
			r.Host = c.host
			r.Header.Set("Content-Type", "application/json")
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			n.RPCHandler().ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("status %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if w.Code == 403 || w.Code == 405 {
				var e struct {
					Error struct{ Code, Message, Hint string }
				}
				if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error.Code == "" || e.Error.Message == "" || e.Error.Hint == "" {
					t.Errorf("the refusal is no JSON error: %s", w.Body)
				}
			}
			if cors := w.Header().Get("Access-Control-Allow-Origin"); w.Code == 403 && cors != "" || cors == "*" {
				t.Errorf("Access-Control-Allow-Origin: %s", cors)
			}
		})
	}
}

func TestEndpointBoundsWhatItReads(t *testing.T) {
	n := start(t, devnet.Config{})
	url, err := n.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	big := `{"jsonrpc":"2.0","id":1,"method":"web3_sha3","params":["0x` + strings.Repeat("00", 2<<20) + `"]}`
	batch := "[" + strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},`, 200) + `{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}]`
	for name, body := range map[string]string{"large body": big, "large batch": batch, "no JSON": "<html>", "deep": strings.Repeat("[", 1<<16)} {
		resp, err := http.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			continue // closed while we were still sending
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == 200 && !strings.Contains(string(answer), `"error"`) {
			t.Errorf("%s: %d %.200s", name, resp.StatusCode, answer)
		}
	}
}

func TestDangerousMethodsAreNotOffered(t *testing.T) {
	n := start(t, devnet.Config{})
	b, _ := n.Listen("127.0.0.1:0")
	client, err := rpc.DialContext(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, method := range []string{"debug_setHead", "debug_cpuProfile", "debug_standardTraceBlockToFile", "debug_traceBlockFromFile",
		"admin_exportChain", "admin_importChain", "admin_addPeer", "miner_setGasPrice", "personal_sign", "dev_addWithdrawal", "engine_newPayloadV4", "testing_buildBlockV1"} {
		var out json.RawMessage
		if err := client.CallContext(t.Context(), &out, method); code(err) != -32601 {
			t.Errorf("%s: %v", method, err)
		}
	}
	for _, method := range []string{"eth_chainId", "net_version", "web3_clientVersion", "eth_supportedEntryPoints", "pimlico_getUserOperationGasPrice", "eth_blockNumber", "txpool_status"} {
		var out json.RawMessage
		if err := client.CallContext(t.Context(), &out, method); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	n := start(t, devnet.Config{})
	for _, addr := range []string{":8545", "0.0.0.0:0", "[::]:0", "192.168.1.1:0", "example.com:80", "127.0.0.1", ""} {
		if url, err := n.Listen(addr); !errors.Is(err, devnet.ErrListen) {
			t.Errorf("Listen(%q) = %s, %v", addr, url, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var e *devnet.Error
	if _, err := n.Listen(l.Addr().String()); !errors.Is(err, devnet.ErrListen) || !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("taken port: %v", err)
	}
}

func TestCloseEndsEverythingQuickly(t *testing.T) {
	n := open(t, devnet.Config{})
	url, err := n.Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	begin := time.Now()
	closeNet(t, n)
	closeNet(t, n)
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("closing took %s", took)
	}
	if _, err := http.Post(url, "application/json", strings.NewReader(`{}`)); err == nil {
		t.Error("still answers")
	}
	n.Mine() // does nothing
	if _, err := n.Listen("localhost:0"); !errors.Is(err, devnet.ErrListen) {
		t.Errorf("Listen after Close: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := n.Faucet(ctx, common.Address{1}, ether(1)); err == nil {
		t.Error("faucet works after Close")
	}
}

func TestFaucetMethodIsBounded(t *testing.T) {
	n := start(t, devnet.Config{FaucetPerMinute: 3})
	url, _ := n.Listen("127.0.0.1:0")
	client, err := rpc.DialContext(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	to := common.HexToAddress("0xabc")
	for i := range 4 {
		var tx common.Hash
		err := client.CallContext(t.Context(), &tx, "postern_faucet", to)
		if i < 3 && err != nil || i == 3 && code(err) != -32005 {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if got := balance(t, n, to); got.Cmp(ether(30)) != 0 {
		t.Errorf("balance %v, want 30 ether", got)
	}
	var tx common.Hash
	if err := client.CallContext(t.Context(), &tx, "postern_faucet", hexutil.Bytes{1, 2}); code(err) != -32602 {
		t.Errorf("bad address: %v", err)
	}
}
