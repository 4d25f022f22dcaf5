package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/journeys"
)

// flowNode is a chain of Flow as far as commands see it: accounts, keys, sequence numbers, and transactions of the scripts
// of package flow; others do nothing. With POSTERN_FLOW the scripts run against an emulator instead.
type flowNode struct {
	mu       sync.Mutex
	accounts map[flow.Address][]flow.AccountKey
	sealed   map[flow.Identifier]map[string]any
	posts    []flow.Identifier

	dropped int    // so many answers to sent transactions get lost, although they are taken
	broken  int    // so many sent transactions are not taken, by a gateway that is out of order
	never   bool   // nothing is sealed
	limited int    // so many questions after results are too many, once something was sent
	garbled bool   // results are, once something was sent
	refuses bool   // what is sent again
	blocks  uint64 // since the block that transactions refer to
	says500 string // transactions are refused in these words, as an emulator does
	late    bool   // transactions are refused as expired, though they are not
	url     string
}

var flowService = flow.Address{0xf8, 0xd6, 0xe0, 0x58, 0x6b, 0x0a, 0x20, 0xc7}

func newFlowNode(service flow.AccountKey) *flowNode {
	return &flowNode{accounts: map[flow.Address][]flow.AccountKey{flowService: {service}}, sealed: map[flow.Identifier]map[string]any{}}
}

func (n *flowNode) serve() *httptest.Server {
	mux := http.NewServeMux()
	block := func(w http.ResponseWriter, height uint64) {
		writeFlow(w, 200, []any{map[string]any{"header": map[string]string{"id": strings.Repeat("ab", 32), "height": strconv.FormatUint(height, 10), "timestamp": "2026-01-01T00:00:00Z"}}})
	}
	mux.HandleFunc("GET /v1/blocks", func(w http.ResponseWriter, _ *http.Request) { block(w, 7+n.blocks) })
	mux.HandleFunc("GET /v1/blocks/{id}", func(w http.ResponseWriter, _ *http.Request) { block(w, 7) })
	mux.HandleFunc("GET /v1/accounts/{address}", n.account)
	mux.HandleFunc("GET /v1/accounts/{address}/keys/{index}", n.account)
	mux.HandleFunc("POST /v1/transactions", n.post)
	mux.HandleFunc("GET /v1/transaction_results/{id}", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		id, _ := flow.ParseIdentifier(r.PathValue("id"))
		if len(n.posts) > 0 && n.garbled {
			writeFlow(w, 200, "<html>")
			return
		}
		if len(n.posts) > 0 && n.limited > 0 {
			n.limited--
			writeFlow(w, 429, map[string]any{"message": "too many requests"})
			return
		}
		if result := n.sealed[id]; result != nil {
			writeFlow(w, 200, result)
			return
		}
		writeFlow(w, 404, map[string]any{"message": "not found"})
	})
	return httptest.NewServer(mux)
}

func writeFlow(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (n *flowNode) account(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, _ := flow.ParseAddress(r.PathValue("address"))
	list := []any{}
	for _, k := range n.accounts[a] {
		one := map[string]any{"index": strconv.Itoa(int(k.Index)), "public_key": "0x" + k.PublicHex(), "signing_algorithm": k.Curve, "hashing_algorithm": k.Hash,
			"sequence_number": strconv.FormatUint(k.SequenceNumber, 10), "weight": strconv.Itoa(int(k.Weight)), "revoked": k.Revoked}
		if list = append(list, one); r.PathValue("index") == strconv.Itoa(int(k.Index)) {
			writeFlow(w, 200, one)
			return
		}
	}
	if len(list) == 0 || r.PathValue("index") != "" {
		writeFlow(w, 404, map[string]any{"message": "not found"})
		return
	}
	writeFlow(w, 200, map[string]any{"address": a.Hex(), "balance": "100000", "keys": list})
}

func (n *flowNode) post(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, err := accesstest.Sent(r.Body)
	if err != nil {
		writeFlow(w, 400, map[string]any{"message": err.Error()})
		return
	}
	id := t.ID()
	if n.posts = append(n.posts, id); n.refuses && len(n.posts) > 1 {
		writeFlow(w, 400, map[string]any{"message": "no"})
		return
	}
	if n.says500 != "" {
		writeFlow(w, 500, map[string]any{"message": n.says500})
		return
	}
	if n.late {
		writeFlow(w, 400, map[string]any{"message": "transaction is expired: ref_height=1 final_height=572"})
		return
	}
	if n.broken > 0 {
		n.broken--
		writeFlow(w, 502, map[string]any{"message": "bad gateway"})
		return
	}
	if n.sealed[id] != nil {
		writeFlow(w, 400, map[string]any{"message": "transaction has already been submitted"})
		return
	}
	n.run(t)
	if n.dropped > 0 {
		n.dropped--
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			c.Close()
		}
		return
	}
	writeFlow(w, 201, map[string]any{"id": id.String()})
}

// run seals a transaction.
func (n *flowNode) run(t *flow.Transaction) {
	result := map[string]any{"block_id": strings.Repeat("cd", 32), "execution": "Success", "status": "Sealed", "status_code": 0, "error_message": "", "computation_used": "1", "events": []any{}}
	n.sealed[t.ID()] = result
	if n.never {
		result["status"] = "Pending"
		return
	}
	keys := n.accounts[t.ProposalKey.Address]
	k := &keys[t.ProposalKey.KeyIndex]
	if k.SequenceNumber != t.ProposalKey.SequenceNumber {
		result["status_code"], result["error_message"] = 1, "[Error Code: 1007] invalid proposal key"
		return
	}
	k.SequenceNumber++
	var made []flow.AccountKey
	if len(t.Arguments) == 4 {
		public, _ := flow.ParseValue(t.Arguments[0])
		weights, _ := flow.ParseValue(t.Arguments[3])
		for i, p := range public.Items {
			key := flow.AccountKey{Index: uint32(i), Curve: flow.P256, Hash: flow.SHA2}
			key.Public, _ = flow.ParsePublic(p.Text)
			w, _, _ := strings.Cut(weights.Items[i].Text, ".")
			weight, _ := strconv.Atoi(w)
			key.Weight = uint16(weight)
			made = append(made, key)
		}
	}
	create, _, _ := flow.CreateAccount(made...)
	add, _, _ := flow.AddKeys(made...)
	revoke, _ := flow.RevokeKey(0)
	switch string(t.Script) {
	case string(create):
		a := flow.Address{1, byte(len(n.accounts))}
		n.accounts[a] = made
		payload, _ := json.Marshal(map[string]any{"type": "Event", "value": map[string]any{"id": "flow.AccountCreated", "fields": []any{
			map[string]any{"name": "address", "value": map[string]string{"type": "Address", "value": a.String()}}}}})
		result["events"] = []any{map[string]any{"type": "flow.AccountCreated", "payload": payload}}
	case string(add):
		for _, k := range made {
			k.Index = uint32(len(keys))
			keys = append(keys, k)
		}
		n.accounts[t.Authorizers[0]] = keys
	case string(revoke):
		v, _ := flow.ParseValue(t.Arguments[0])
		i, _ := strconv.Atoi(v.Text)
		keys[i].Revoked = true
	}
}

// flowChain is the script command "flownode": it sets $POSTERN_FLOW_ACCESS and $SERVICE, and writes service.hex, the key of
// the account that pays.
func flowChain(ts *testscript.TestScript, _ bool, _ []string) {
	key, err := journeys.RecordedKey()
	ts.Check(err)
	secret, err := key.Bytes()
	ts.Check(err)
	public, err := key.PublicKey.Bytes()
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "service.hex"), hex.AppendEncode(nil, secret), 0o600))
	if dir := os.Getenv(accesstest.Directory); dir != "" {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		e, err := accesstest.Start(ctx, dir, [64]byte(public[1:]))
		ts.Check(err)
		ts.Defer(e.Stop)
		ts.Setenv("POSTERN_FLOW_ACCESS", e.URL)
		ts.Setenv("SERVICE", e.Service.String())
		return
	}
	node := newFlowNode(flow.AccountKey{Public: [64]byte(public[1:]), Curve: flow.P256, Hash: flow.SHA2, Weight: 1000}).serve()
	ts.Defer(node.Close)
	ts.Setenv("POSTERN_FLOW_ACCESS", node.URL)
	ts.Setenv("SERVICE", flowService.String())
}
