package journeys_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

// flaky stands before a bundler and can go down, or lose answers.
type flaky struct {
	next  http.Handler
	state atomic.Int32
}

const (
	up = iota
	refusing
	losing // passes requests on and loses the answers
)

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch f.state.Load() {
	case refusing:
		panic(http.ErrAbortHandler)
	case losing:
		f.next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	f.next.ServeHTTP(w, r)
}

// The bundler goes down at every step of an operation and comes back.
func TestBundlerDownAndBack(t *testing.T) {
	net := osaka(t)
	target, err := url.Parse(net.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = target.Host }}
	f := &flaky{next: proxy}
	server := httptest.NewServer(f)
	defer server.Close()
	c := connect(t, net.URL(), server.URL)
	p := newPerson(t, userop.V08)
	give(t, net, p.acct.Address(), milli(300))

	// 1. Down while preparing: the error is the bundler's, not the operation's.
	f.state.Store(refusing)
	_, err = p.prepare(t, c, milli(1))
	if te, ok := errors.AsType[*bundler.TransportError](err); !ok || te.Hint() == "" || errors.As(err, new(*account.EstimateError)) {
		t.Errorf("down while preparing: %v", err)
	}
	f.state.Store(up)
	op := p.prepared(t, c)
	p.seal(t, op)

	// 2. Down while sending: the same operation can be sent again.
	f.state.Store(refusing)
	if _, err := op.Send(t.Context()); !errors.As(err, new(*bundler.TransportError)) || errors.Is(err, account.ErrNonceUsed) {
		t.Errorf("down while sending: %v", err)
	}

	// 3. It takes the operation and the answer is lost.
	f.state.Store(losing)
	if _, err := op.Send(t.Context()); !errors.As(err, new(*bundler.TransportError)) {
		t.Errorf("answer lost: %v", err)
	}

	// 4. Down while waiting; back in time.
	f.state.Store(refusing)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if r, err := op.Wait(ctx); err == nil && r.UserOpHash == op.Hash() {
		t.Log("the node tells what the bundler cannot")
	} else if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, new(*bundler.TransportError)) {
		t.Errorf("down while waiting: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { f.state.Store(up) })
	if _, err := op.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}

	// 5. Sending once more changes nothing.
	lands(t, op)
	nonce, err := userop.GetNonce(p.acct.Address(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Chain.Call(t.Context(), userop.V08.Address(), nonce)
	if err != nil || len(out) != 32 || out[31] != 1 {
		t.Errorf("the nonce is %x (%v)", out, err)
	}

	// 6. Down for good: an ordinary key takes the bundler's place.
	next := p.prepared(t, c)
	p.seal(t, next)
	f.state.Store(refusing)
	key := newKey(t)
	give(t, net, (&account.Relayer{Key: key}).From(), milli(100))
	node, ok := c.Chain.(account.Node)
	if !ok {
		t.Fatal("the chain's client is no account.Node")
	}
	if r, err := next.SelfRelay(t.Context(), node, key); err != nil || !r.Success {
		t.Errorf("%+v, %v", r, err)
	}
}
