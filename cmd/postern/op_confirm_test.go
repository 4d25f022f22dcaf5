package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/userop"
)

// serve answers JSON-RPC by one function.
func serve(t *testing.T, answer func(method string) any) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ID     json.RawMessage
			Method string
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": q.ID, "result": answer(q.Method)})
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// events is a chain that knows operations of one EntryPoint.
type events struct {
	of    userop.EntryPoint
	asked []string
}

func (c *events) Confirm(_ context.Context, _ *account.Receipt, ep userop.EntryPoint) error {
	c.asked = append(c.asked, ep.Version())
	if ep != c.of {
		return errors.New("no such event")
	}
	return nil
}

func TestAReceiptIsLookedForAtItsEntryPoint(t *testing.T) {
	c := &events{of: userop.V08}
	if err := confirm(t.Context(), c, &account.Receipt{EntryPoint: userop.V08.Address()}); err != nil || len(c.asked) != 1 {
		t.Errorf("asked %v: %v", c.asked, err)
	}
	c = &events{of: userop.V08}
	if err := confirm(t.Context(), c, &account.Receipt{EntryPoint: userop.V07.Address()}); err == nil || len(c.asked) != 1 {
		t.Errorf("the receipt names another one: asked %v: %v", c.asked, err)
	}
	c = &events{of: userop.V08}
	if err := confirm(t.Context(), c, &account.Receipt{}); err != nil {
		t.Errorf("the receipt names none: asked %v: %v", c.asked, err)
	}
	c = &events{}
	if err := confirm(t.Context(), c, &account.Receipt{}); err == nil || len(c.asked) != len(userop.EntryPoints()) {
		t.Errorf("on no EntryPoint: asked %v: %v", c.asked, err)
	}
}

func TestABundlersReceiptIsNotBelievedAlone(t *testing.T) {
	t.Setenv("POSTERN_RPC", "")
	hash, tx := common.Hash{1}, common.Hash{2}
	url := serve(t, func(string) any {
		return map[string]any{"userOpHash": hash, "entryPoint": userop.V08.Address(), "sender": common.Address{3}, "nonce": "0x0", "success": true,
			"receipt": map[string]any{"transactionHash": tx, "blockNumber": "0x1", "status": "0x1"}}
	})
	client, err := bundler.Dial(url, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := (&network{}).await(t.Context(), client, hash); err != nil || r.TxHash != tx {
		t.Errorf("without a node: %+v, %v", r, err)
	}
	var asked atomic.Int64
	node := serve(t, func(method string) any {
		if asked.Add(1); method != "eth_getTransactionReceipt" {
			t.Errorf("the node was asked %s", method)
		}
		return nil // it knows no such transaction
	})
	ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
	defer cancel()
	r, err := (&network{rpc: node}).await(ctx, client, hash)
	var denied *bundler.NotConfirmedError
	if r != nil || !errors.As(err, &denied) || !errors.Is(err, context.DeadlineExceeded) || asked.Load() < 2 {
		t.Errorf("a node that denies it, asked %d times: %+v, %v", asked.Load(), r, err)
	}
	if _, err := (&network{rpc: "nowhere"}).await(t.Context(), client, hash); explain(err).exit != exitUsage {
		t.Errorf("no URL: %v", err)
	}
}
