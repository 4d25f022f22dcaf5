package bundler_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

// Long enough for a busy machine; what must time out is tested with impatient.
var (
	noRetries = bundler.Options{Timeout: 10 * time.Second, MaxBody: 1 << 16, Retries: -1}
	impatient = bundler.Options{Timeout: time.Second, MaxBody: 1 << 16, Retries: -1}
)

// reply answers every request with a body in which ID stands for the request's id.
func reply(contentType string, status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID json.Number }
		_ = json.NewDecoder(r.Body).Decode(&m)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "ID", m.ID.String()))
	}
}

func ok(body string) http.HandlerFunc { return reply("application/json", 200, body) }

func TestAServerThatMisbehaves(t *testing.T) {
	const good = `{"jsonrpc":"2.0","id":ID,"result":"0x7a69"}`
	html := "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error // nil: no error
	}{
		"good":                         {ok(good), nil},
		"good with charset":            {reply("application/json; charset=utf-8", 200, good), nil},
		"good with a null error":       {ok(`{"jsonrpc":"2.0","id":ID,"result":"0x1","error":null}`), nil},
		"good with whitespace":         {ok("\n " + good + "\n\n"), nil},
		"good with unknown members":    {ok(`{"jsonrpc":"2.0","id":ID,"result":"0x1","took":5}`), nil},
		"leading zeros":                {ok(`{"jsonrpc":"2.0","id":ID,"result":"0x0001"}`), nil},
		"HTML":                         {reply("text/html", 200, html), bundler.ErrNotJSON},
		"HTML said to be JSON":         {ok(html), bundler.ErrNotJSON},
		"JSON said to be text":         {reply("text/plain", 200, good), bundler.ErrNotJSON},
		"no content type":              {func(w http.ResponseWriter, r *http.Request) { w.Header()["Content-Type"] = nil }, bundler.ErrNotJSON},
		"empty":                        {ok(""), bundler.ErrNotJSON},
		"no JSON":                      {ok("hello"), bundler.ErrNotJSON},
		"invalid JSON":                 {ok(`{"jsonrpc":"2.0","id":ID,"result":0x1}`), bundler.ErrNotJSON},
		"JSON cut short":               {ok(good[:30]), bundler.ErrTruncated},
		"connection broken in between": {broken, bundler.ErrTruncated},
		"connection broken at once":    {abort, bundler.ErrUnreachable},
		"endless":                      {endless, bundler.ErrTooLarge},
		"a bomb":                       {bomb, bundler.ErrTooLarge},
		"no answer":                    {hang, bundler.ErrTimeout},
		"a byte now and then":          {drip, bundler.ErrTimeout},
		"wrong id":                     {ok(`{"jsonrpc":"2.0","id":999999,"result":"0x1"}`), bundler.ErrWrongID},
		"id as text":                   {ok(`{"jsonrpc":"2.0","id":"ID","result":"0x1"}`), bundler.ErrWrongID},
		"no id":                        {ok(`{"jsonrpc":"2.0","result":"0x1"}`), bundler.ErrWrongID},
		"null id with a result":        {ok(`{"jsonrpc":"2.0","id":null,"result":"0x1"}`), bundler.ErrWrongID},
		"wrong id on a refusal":        {ok(`{"jsonrpc":"2.0","id":7777,"error":{"code":-1,"message":""}}`), bundler.ErrWrongID},
		"a batch":                      {ok("[" + good + "]"), bundler.ErrBadReply},
		"a string":                     {ok(`"0x1"`), bundler.ErrBadReply},
		"no version":                   {ok(`{"id":ID,"result":"0x1"}`), bundler.ErrBadReply},
		"version 1":                    {ok(`{"jsonrpc":"1.0","id":ID,"result":"0x1"}`), bundler.ErrBadReply},
		"two replies":                  {ok(good + good), bundler.ErrBadReply},
		"result twice":                 {ok(`{"jsonrpc":"2.0","id":ID,"result":"0x1","result":"0x2"}`), bundler.ErrBadReply},
		"result and error":             {ok(`{"jsonrpc":"2.0","id":ID,"result":"0x1","error":{"code":1,"message":""}}`), bundler.ErrBadReply},
		"neither":                      {ok(`{"jsonrpc":"2.0","id":ID}`), bundler.ErrBadReply},
		"error as text":                {ok(`{"jsonrpc":"2.0","id":ID,"error":"no"}`), bundler.ErrBadReply},
		"error without code":           {ok(`{"jsonrpc":"2.0","id":ID,"error":{"message":"no"}}`), bundler.ErrBadReply},
		"error with a broken code":     {ok(`{"jsonrpc":"2.0","id":ID,"error":{"code":1.5,"message":"no"}}`), bundler.ErrBadReply},
		"error with a huge code":       {ok(`{"jsonrpc":"2.0","id":ID,"error":{"code":99999999999,"message":"no"}}`), bundler.ErrBadReply},
		"error with a broken message":  {ok(`{"jsonrpc":"2.0","id":ID,"error":{"code":1,"message":[]}}`), bundler.ErrBadReply},
		"result of another type":       {ok(`{"jsonrpc":"2.0","id":ID,"result":{"a":1}}`), bundler.ErrBadReply},
		"result null":                  {ok(`{"jsonrpc":"2.0","id":ID,"result":null}`), bundler.ErrBadReply},
		"number as a number":           {ok(`{"jsonrpc":"2.0","id":ID,"result":31337}`), bundler.ErrBadReply},
		"number too long":              {ok(`{"jsonrpc":"2.0","id":ID,"result":"0x` + strings.Repeat("f", 65) + `"}`), bundler.ErrBadReply},
		"chain id 0":                   {ok(`{"jsonrpc":"2.0","id":ID,"result":"0x0"}`), bundler.ErrBadReply},
		"deep nesting":                 {ok(`{"jsonrpc":"2.0","id":ID,"result":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`), bundler.ErrNotJSON},
		"401":                          {reply("text/html", 401, html), bundler.ErrStatus},
		"404":                          {reply("text/plain", 404, "404 page not found"), bundler.ErrStatus},
		"429":                          {reply("application/json", 429, `{"error":"slow down"}`), bundler.ErrStatus},
		"503":                          {reply("text/html", 503, html), bundler.ErrStatus},
		"204":                          {reply("application/json", 204, ""), bundler.ErrStatus},
		"500 with a result":            {reply("application/json", 500, good), bundler.ErrStatus},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			defer server.Close()
			o := noRetries
			if c.want == bundler.ErrTimeout {
				o = impatient
			}
			client, err := bundler.Dial(server.URL, o)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.ChainID(t.Context())
			if c.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var te *bundler.TransportError
			if !errors.As(err, &te) || !errors.Is(err, c.want) || te.Hint() == "" || !te.Unavailable() || te.Method != "eth_chainId" {
				t.Errorf("%v, want: %v", err, c.want)
			}
			if err != nil && (len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\n\x00")) {
				t.Errorf("%q", err)
			}
		})
	}
}

func broken(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"jsonrpc":"2.0",`)
}

func abort(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<14)); err != nil {
			return
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	for range 100 {
		if _, err := z.Write(make([]byte, 1<<17)); err != nil || z.Flush() != nil {
			return
		}
	}
	z.Close()
}

func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the server sees the client leave only after that
	<-r.Context().Done()
}

func drip(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		_, _ = io.WriteString(w, " ")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestRefusalsMayComeWithAnErrorStatus(t *testing.T) {
	for _, status := range []int{200, 400, 500} {
		for _, id := range []string{"ID", "null"} {
			server := httptest.NewServer(reply("application/json", status, `{"jsonrpc":"2.0","id":`+id+`,"error":{"code":-32601,"message":"no such method","data":null}}`))
			c, err := bundler.Dial(server.URL, noRetries)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.ChainID(t.Context())
			var r *bundler.RPCError
			if !errors.As(err, &r) || r.Code != bundler.CodeMethodNotFound || r.Message != "no such method" || r.Hint() == "" {
				t.Errorf("%d: %v", status, err)
			}
			server.Close()
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	for _, h := range []*http.Client{nil, {}} {
		c, err := bundler.Dial(server.URL, bundler.Options{HTTP: h, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ChainID(t.Context()); !errors.Is(err, bundler.ErrStatus) || !strings.Contains(err.Error(), "307") {
			t.Error(err)
		}
	}
	if reached.Load() {
		t.Error("the key in the URL went to another server")
	}
}

func TestKeysNeverAppear(t *testing.T) {
	echo := func(kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			said := r.URL.String() + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-Api-Key")
			u, p, _ := r.BasicAuth()
			said += " " + u + " " + p
			switch kind {
			case "html":
				reply("text/html", 200, "<b>"+said+"</b>")(w, r)
			case "status":
				reply("text/plain", 403, "key refused: "+said)(w, r)
			case "refusal":
				b, _ := json.Marshal("bad key " + said)
				ok(`{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":`+string(b)+`}}`)(w, r)
			case "result":
				b, _ := json.Marshal(said)
				ok(`{"jsonrpc":"2.0","id":ID,"result":`+string(b)+`}`)(w, r)
			case "break":
				abort(w, r)
			case "hang":
				hang(w, r)
			}
		}
	}
	for _, kind := range []string{"html", "status", "refusal", "result", "break", "hang", "nobody listens", "no such host"} {
		server := httptest.NewServer(echo(kind))
		host := strings.TrimPrefix(server.URL, "http://")
		switch kind {
		case "nobody listens":
			server.Close()
		case "no such host":
			host = "no-such-host.invalid"
		}
		o := impatient
		o.Header = http.Header{"Authorization": {"Bearer SECRET-token"}, "X-Api-Key": {"SECRET-header"}}
		c, err := bundler.Dial("http://SECRETuser:SECRETpass@"+host+"/v2/SECRET-in-path/rpc?apikey=SECRETquery&x=SECRET%2Fescaped", o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.ChainID(t.Context())
		if err == nil {
			t.Errorf("%s: no error", kind)
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if s := fmt.Sprintf("%v %+v", e, e); strings.Contains(s, "SECRET") {
				t.Errorf("%s: %s", kind, s)
			}
		}
		if s := c.String(); strings.Contains(s, "SECRET") || !strings.Contains(s, host) {
			t.Error(s)
		}
		server.Close()
	}
	for _, bad := range []string{"", "SECRET", "ftp://SECRET/x", "http://", "http://a b/SECRET", "http://[::1/SECRET", "wss://SECRET.example"} {
		if _, err := bundler.Dial(bad, bundler.Options{}); !errors.Is(err, bundler.ErrURL) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOverloadIsRetriedWithTheSameBytes(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		bodies = append(bodies, string(b))
		n := len(bodies)
		mu.Unlock()
		if n < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		ok(`{"jsonrpc":"2.0","id":ID,"result":"0x1"}`)(w, r)
	}))
	defer server.Close()
	c, err := bundler.Dial(server.URL, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ChainID(t.Context()); err != nil {
		t.Error(err)
	}
	if len(bodies) != 3 || bodies[0] != bodies[1] || bodies[1] != bodies[2] {
		t.Errorf("%q", bodies)
	}
}

// methods serves each method by a handler of its own.
func methods(t *testing.T, m map[string]http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var req struct{ Method string }
		_ = json.Unmarshal(b, &req)
		r.Body = io.NopCloser(bytes.NewReader(b))
		h, ok := m[req.Method]
		if !ok {
			t.Errorf("not expected: %s", b)
			return
		}
		h(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestSendingWithUnknownOutcome(t *testing.T) {
	wire, err := userop.V08.MarshalOp(sample())
	if err != nil {
		t.Fatal(err)
	}
	id := ok(`{"jsonrpc":"2.0","id":ID,"result":"0x7a69"}`)
	known := ok(`{"jsonrpc":"2.0","id":ID,"result":{"userOperation":` + string(wire) + `,"entryPoint":"` + userop.V08.Address().Hex() + `"}}`)
	unknown := ok(`{"jsonrpc":"2.0","id":ID,"result":null}`)
	for name, c := range map[string]struct {
		send, byHash http.HandlerFunc
		sent         bool
	}{
		"accepted, then broken":    {broken, known, true},
		"accepted, then silent":    {hang, known, true},
		"accepted, but HTML":       {reply("text/html", 200, "<html>"), known, true},
		"broken before":            {abort, unknown, false},
		"broken, and no memory":    {abort, abort, false},
		"broken, and another hash": {abort, ok(`{"jsonrpc":"2.0","id":ID,"result":{"userOperation":{},"entryPoint":"` + userop.V08.Address().Hex() + `"}}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			server := methods(t, map[string]http.HandlerFunc{"eth_chainId": id, "eth_sendUserOperation": c.send, "eth_getUserOperationByHash": c.byHash})
			o := noRetries
			if strings.Contains(name, "silent") {
				o = impatient
			}
			client, err := bundler.Dial(server.URL, o)
			if err != nil {
				t.Fatal(err)
			}
			hash, err := client.Send(t.Context(), sample(), userop.V08)
			if c.sent {
				if err != nil || hash != hash8 {
					t.Error(hash, err)
				}
				return
			}
			var u *bundler.UnknownOutcomeError
			if !errors.As(err, &u) || u.Hash != hash8 || u.Hint() == "" {
				t.Error(err)
			}
		})
	}
}

func TestWaitLivesThroughAnOutageAndEndsWithTheContext(t *testing.T) {
	var n atomic.Int32
	server := methods(t, map[string]http.HandlerFunc{"eth_getUserOperationReceipt": func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 1:
			ok(`{"jsonrpc":"2.0","id":ID,"result":null}`)(w, r)
		case 2:
			abort(w, r)
		case 3:
			reply("text/html", 502, "<html>")(w, r)
		case 4:
			ok(`{"jsonrpc":"2.0","id":ID,"error":{"code":-32005,"message":"limit exceeded"}}`)(w, r)
		default:
			ok(`{"jsonrpc":"2.0","id":ID,"result":{"userOpHash":"`+hash8.Hex()+`","sender":"0x00000000000000000000000000000000000000aa","success":true,"receipt":{"transactionHash":"`+tx.Hex()+`","blockNumber":"0x1"}}}`)(w, r)
		}
	}})
	c, err := bundler.Dial(server.URL, noRetries)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Wait(t.Context(), hash8); err != nil || r.TxHash != tx || n.Load() != 5 {
		t.Error(r, err, n.Load())
	}

	pending := methods(t, map[string]http.HandlerFunc{"eth_getUserOperationReceipt": ok(`{"jsonrpc":"2.0","id":ID,"result":null}`)})
	c, err = bundler.Dial(pending.URL, noRetries)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if r, err := c.Wait(ctx, hash8); !errors.Is(err, context.DeadlineExceeded) || r != nil {
		t.Error(r, err)
	}

	refused := methods(t, map[string]http.HandlerFunc{"eth_getUserOperationReceipt": ok(`{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no"}}`)})
	c, err = bundler.Dial(refused.URL, noRetries)
	if err != nil {
		t.Fatal(err)
	}
	var rpc *bundler.RPCError
	if r, err := c.Wait(t.Context(), hash8); !errors.As(err, &rpc) || r != nil {
		t.Error(r, err)
	}
}

func TestCancellingEndsACallAtOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(hang))
	defer server.Close()
	c, err := bundler.NewChain(server.URL, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	if _, err := c.Balance(ctx, factory); !errors.Is(err, context.Canceled) || time.Since(start) > 10*time.Second {
		t.Error(err, time.Since(start))
	}
}

func TestNobodyListening(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	c, err := bundler.Dial("http://"+addr, noRetries)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SupportedEntryPoints(t.Context()); !errors.Is(err, bundler.ErrUnreachable) {
		t.Error(err)
	}
}

func TestOneClientServesManyGoroutines(t *testing.T) {
	server := httptest.NewServer(ok(`{"jsonrpc":"2.0","id":ID,"result":"0x7a69"}`))
	defer server.Close()
	c, err := bundler.Dial(server.URL, fast)
	if err != nil {
		t.Fatal(err)
	}
	n, err := bundler.NewChain(server.URL, fast)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if id, err := c.ChainID(t.Context()); err != nil || id.Cmp(chain) != 0 {
				t.Error(id, err)
			} else {
				id.SetInt64(1) // a copy
			}
			if b, err := n.Balance(t.Context(), factory); err != nil || b.Cmp(chain) != 0 {
				t.Error(b, err)
			}
		})
	}
	wg.Wait()
}
