package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/accesstest"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/relyingparty"
	"github.com/postern-dev/postern/relyingparty/sqlite"
)

// flowNode is an access node whose accounts are in a map, and that seals what it is sent. Each transaction creates account
// 0x42, unless it is told to answer otherwise.
type flowNode struct {
	*httptest.Server
	mu       sync.Mutex
	accounts map[string][]flow.AccountKey
	sent     map[string]int // ids, how often
	lose     bool           // answers to transactions
	fail     bool           // in execution
	refuse   bool           // transactions, for good
	gateway  int            // its status instead of such an answer; 0: the connection is cut
	height   int            // of the latest block; blocks are known by their height's digits
}

var (
	flowUser    = flow.Address{7: 0x42}
	flowService = flow.Address{7: 0x11}
)

// paidScript is one that the operator has named.
const paidScript = "transaction { execute {} }"

// serviceKey is the sponsor's, in hexadecimal.
const serviceKey = "0101010101010101010101010101010101010101010101010101010101010101"

func newFlowNode(t *testing.T) *flowNode {
	n := &flowNode{height: 7, accounts: map[string][]flow.AccountKey{}, sent: map[string]int{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) { json.NewEncoder(w).Encode(v) }
	block := func(height int) []any {
		return []any{map[string]any{"header": map[string]any{"id": blockID(height), "height": fmt.Sprint(height), "timestamp": "2025-01-01T00:00:00Z"}}}
	}
	mux.HandleFunc("GET /v1/blocks", func(w http.ResponseWriter, _ *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		answer(w, block(n.height))
	})
	mux.HandleFunc("GET /v1/blocks/{id}", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		var height int
		if _, err := fmt.Sscanf(r.PathValue("id"), "%x", &height); err != nil || height > n.height || len(r.PathValue("id")) != 64 {
			w.WriteHeader(http.StatusNotFound)
			height = 0
		}
		answer(w, block(height))
	})
	mux.HandleFunc("GET /v1/network/parameters", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]string{"chain_id": "flow-emulator"})
	})
	key := func(k flow.AccountKey) map[string]any {
		return map[string]any{
			"index": fmt.Sprint(k.Index), "public_key": "0x" + k.PublicHex(), "signing_algorithm": k.Curve, "hashing_algorithm": k.Hash,
			"sequence_number": fmt.Sprint(k.SequenceNumber), "weight": fmt.Sprint(k.Weight), "revoked": k.Revoked,
		}
	}
	mux.HandleFunc("GET /v1/accounts/{a}", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		keys, ok := n.accounts[r.PathValue("a")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			answer(w, map[string]any{"code": 404, "message": "not found"})
			return
		}
		list := []any{}
		for _, k := range keys {
			list = append(list, key(k))
		}
		answer(w, map[string]any{"address": r.PathValue("a"), "balance": "100000", "keys": list})
	})
	mux.HandleFunc("GET /v1/accounts/{a}/keys/{i}", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		answer(w, key(n.accounts[r.PathValue("a")][0]))
	})
	mux.HandleFunc("POST /v1/transactions", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		tx, err := accesstest.Sent(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		id := tx.ID().String()
		n.sent[id]++
		if n.refuse {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"code": 400, "message": "no"})
			return
		}
		if n.lose && n.gateway != 0 {
			w.WriteHeader(n.gateway)
			return
		}
		if n.lose {
			panic(http.ErrAbortHandler)
		}
		answer(w, map[string]string{"id": id})
	})
	mux.HandleFunc("GET /v1/transaction_results/{id}", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		result := map[string]any{"block_id": strings.Repeat("ab", 32), "execution": "Success", "status": "Sealed", "computation_used": "1"}
		created := `{"type":"Event","value":{"id":"flow.AccountCreated","fields":[{"name":"address","value":{"type":"Address","value":"` + flowUser.String() + `"}}]}}`
		result["events"] = []any{map[string]any{"type": "flow.AccountCreated", "payload": []byte(created)}}
		if n.fail {
			result["execution"], result["status_code"], result["error_message"] = "Failure", 1, "[Error Code: 1101] no"
		}
		if n.sent[r.PathValue("id")] == 0 {
			w.WriteHeader(http.StatusNotFound)
		}
		answer(w, result)
	})
	n.Server = httptest.NewServer(mux)
	t.Cleanup(n.Close)
	return n
}

// blockID is a block's, of its height.
func blockID(height int) string { return fmt.Sprintf("%064x", height) }

// flowServer serves the page's questions about a node, with a store that may be another replica's, too.
func flowServer(t *testing.T, n *flowNode, store relyingparty.Store, change ...func(*Flow)) *running {
	t.Helper()
	node, err := access.New(n.URL, access.WithPoll(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	nonces, err := relyingparty.NewNonces(relyingparty.NoncesConfig{Store: store, Secrets: [][]byte{bytes.Repeat([]byte{7}, 32)}, Name: "proofs"})
	if err != nil {
		t.Fatal(err)
	}
	sponsor, err := NewSponsor(flowService, serviceKey, []byte(paidScript))
	if err != nil {
		t.Fatal(err)
	}
	n.accounts[flowService.Hex()] = []flow.AccountKey{{Public: sponsor.public(), Curve: flow.P256, Hash: flow.SHA3, Weight: 1000}}
	return serve(t, func(c *Config) {
		c.Flow = &Flow{Access: node, Nonces: nonces, App: "Postern", RPID: flowtest.RPID, Origins: []string{flowtest.Origin}, Sponsor: sponsor}
		for _, f := range change {
			f(c.Flow)
		}
	})
}

func openStore(t *testing.T) relyingparty.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Ephemeral)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// flow asks, and reads the reply, which may be a refusal.
func (r *running) flow(what string, body any) (out struct {
	App, Nonce, Address, ID, Status, Failure, Balance, Block string
	Transaction, Height, Latest                              string
	Verified                                                 bool
	Challenge                                                string
	Keys                                                     []flowKey
	Error                                                    json.RawMessage
	code                                                     string
}) {
	r.t.Helper()
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		text = string(b)
	}
	res, err := http.Post("http://"+r.host+flowPath+what, "application/json", strings.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		r.t.Fatal(err)
	}
	var refused struct{ Code string }
	if json.Unmarshal(out.Error, &refused) == nil {
		out.code = refused.Code
	}
	if (res.StatusCode == http.StatusOK) != (out.code == "") {
		r.t.Errorf("%s: status %d, code %q", what, res.StatusCode, out.code)
	}
	return out
}

// proof is what FCL hands to a server.
func proof(t *testing.T, app, nonce string, by *flowtest.Signer, how flowtest.Case) string {
	t.Helper()
	raw, err := hex.DecodeString(nonce)
	if err != nil {
		t.Fatal(err)
	}
	p := flow.Proof{App: app, Address: flowUser, Nonce: raw}
	m, err := p.Message()
	if err != nil {
		t.Fatal(err)
	}
	signature, extension := how.Make(by, m)
	return fmt.Sprintf(`{"address":%q,"nonce":%q,"signatures":[{"f_type":"CompositeSignature","f_vsn":"1.0.0","addr":%q,"keyId":0,"signature":"%x","extensionData":"%x"}]}`,
		flowUser, nonce, flowUser, signature, extension)
}

func TestAnAccountProofIsGoodOnceOnAnyReplica(t *testing.T) {
	n, store := newFlowNode(t), openStore(t)
	one, two := flowServer(t, n, store), flowServer(t, n, store)
	user, usual := flowtest.NewSigner("user"), flowtest.WebAuthn()[0]
	n.accounts[flowUser.Hex()] = []flow.AccountKey{flow.Passkey(user.Public(), 1000)}

	given := one.flow("nonce", "{}")
	if len(given.Nonce) < 64 || given.App != "Postern" {
		t.Fatalf("%+v", given)
	}
	// What is wrong is refused and does not use the nonce up.
	damaged := given.Nonce[:len(given.Nonce)-2] + "00"
	if strings.HasSuffix(given.Nonce, "00") {
		damaged = given.Nonce[:len(given.Nonce)-2] + "01"
	}
	for name, c := range map[string]struct{ body, code string }{
		"by another key":     {proof(t, "Postern", given.Nonce, flowtest.NewSigner("thief"), usual), "refused"},
		"for another app":    {proof(t, "Other", given.Nonce, user, usual), "refused"},
		"a nonce of its own": {proof(t, "Postern", strings.Repeat("ab", 32), user, usual), "challenge_invalid"},
		"a damaged nonce":    {proof(t, "Postern", damaged, user, usual), "challenge_invalid"},
		"a short nonce":      {proof(t, "Postern", given.Nonce[:62]+"ab", user, usual), "challenge_invalid"},
		"no JSON":            {"x", "refused"},
	} {
		if got := two.flow("proof", c.body).code; got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
	// Of many at once, on two replicas, one wins.
	body := proof(t, "Postern", given.Nonce, user, usual)
	var mu sync.Mutex
	count := map[string]int{}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			got := []*running{one, two}[i%2].flow("proof", body)
			mu.Lock()
			defer mu.Unlock()
			if got.Verified && got.Address == flowUser.String() {
				count["won"]++
			}
			count[got.code]++
		})
	}
	if wait.Wait(); count["won"] != 1 || count["challenge_used"] != 7 {
		t.Errorf("of 8: %v", count)
	}
	// Revoked and light keys prove nothing.
	for name, change := range map[string]func(*flow.AccountKey){
		"revoked": func(k *flow.AccountKey) { k.Revoked = true },
		"light":   func(k *flow.AccountKey) { k.Weight = 999 },
	} {
		k := flow.Passkey(user.Public(), 1000)
		change(&k)
		n.mu.Lock()
		n.accounts[flowUser.Hex()] = []flow.AccountKey{k}
		n.mu.Unlock()
		fresh := two.flow("nonce", "{}").Nonce
		if got := one.flow("proof", proof(t, "Postern", fresh, user, usual)).code; got != "refused" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// elsewhere is a key on secp256k1: Flow's accounts may have them, and ES256K is a passkey's.
func elsewhere(t *testing.T, index uint32, weight uint16) (*flowtest.Signer, flow.AccountKey) {
	t.Helper()
	key, err := crypto.ToECDSA(bytes.Repeat([]byte{byte(index) + 1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	signer := flowtest.Elsewhere(func(digest [32]byte) []byte {
		b, err := crypto.Sign(digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
		return b[:64]
	})
	public := [64]byte(crypto.FromECDSAPub(&key.PublicKey)[1:])
	return signer, flow.AccountKey{Index: index, Public: public, Curve: flow.Secp256k1, Hash: flow.SHA2, Weight: weight}
}

func TestAnAccountProvesByKeysOnTheOtherCurve(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	user, key := elsewhere(t, 0, 1000)
	n.accounts[flowUser.Hex()] = []flow.AccountKey{key}
	for _, how := range []flowtest.Case{flowtest.Plain()[0], flowtest.WebAuthn()[0]} {
		nonce := r.flow("nonce", "{}").Nonce
		other, _ := elsewhere(t, 1, 1000)
		if got := r.flow("proof", proof(t, "Postern", nonce, other, how)); got.code != "refused" {
			t.Errorf("by another key: %+v", got)
		}
		if got := r.flow("proof", proof(t, "Postern", nonce, user, how)); !got.Verified || got.Address != flowUser.String() {
			t.Errorf("%+v", got)
		}
	}
}

// registration is one in wallet mode on the tests' page.
func registration(t *testing.T, seed string, mode passkey.WalletMode, origin string) json.RawMessage {
	t.Helper()
	o, err := mode.Options(passkey.RelyingParty{ID: flowtest.RPID, Name: "x"}, passkey.User{ID: make([]byte, 32), Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := softkey.New(softkey.WithSeed([]byte(seed))).Create(text, origin)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestAFlowAccountIsMadeOncePerPasskey(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	for name, body := range map[string]any{
		"of another constant": map[string]any{"credential": registration(t, "flow", passkey.WalletMode{Challenge: bytes.Repeat([]byte{1}, 32)}, flowtest.Origin)},
		"of another page":     map[string]any{"credential": registration(t, "flow", passkey.WalletMode{}, "https://app."+flowtest.RPID)},
		"no registration":     map[string]any{"credential": map[string]any{}},
	} {
		if got := r.flow("account", body); got.code != "bad_passkey" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := r.flow("account", map[string]any{"credentials": 1}); got.code != "bad_request" {
		t.Errorf("other members: %+v", got)
	}
	if len(n.sent) != 0 {
		t.Fatalf("sent for refused ones: %v", n.sent)
	}
	// The answer is lost: it may have run. Asked again, the same transaction is asked about, and none is made anew.
	for _, gateway := range []int{0, http.StatusBadGateway, http.StatusTooManyRequests} {
		clear(n.sent)
		n.lose, n.gateway = true, gateway
		other := map[string]any{"credential": registration(t, fmt.Sprint("flow", gateway), passkey.WalletMode{}, flowtest.Origin)}
		if got := r.flow("account", other); got.Address != "" || len(n.sent) != 1 {
			t.Fatalf("%d: %+v, sent %v", gateway, got, n.sent)
		}
		n.lose = false
		made := r.flow("account", other)
		again := r.flow("account", other)
		if made.Address != flowUser.String() || again.Address != made.Address || again.ID != made.ID || n.sent[made.ID] != 1 || len(n.sent) != 1 {
			t.Errorf("%d: made %+v, again %+v, sent %v", gateway, made, again, n.sent)
		}
	}
}

func TestAnAccountThatFailedCanBeMadeAgain(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	good := map[string]any{"credential": registration(t, "flow", passkey.WalletMode{}, flowtest.Origin)}
	n.fail = true
	if got := r.flow("account", good); got.code != "node_refused" {
		t.Fatalf("%+v", got)
	}
	n.fail = false
	n.accounts[flowService.Hex()][0].SequenceNumber++ // what fails has used it, too
	if got := r.flow("account", good); got.Address != flowUser.String() || len(n.sent) != 2 {
		t.Errorf("%+v, sent %v", got, n.sent)
	}
	n.accounts[flowService.Hex()][0].Weight = 999
	other := map[string]any{"credential": registration(t, "other", passkey.WalletMode{}, flowtest.Origin)}
	if got := r.flow("account", other); got.code != "not_its_key" {
		t.Errorf("a light service key: %+v", got)
	}
}

func TestFlowTransactionsAreHandedOnAsTheyAre(t *testing.T) {
	n := newFlowNode(t)
	r := flowServer(t, n, openStore(t))
	user := flowtest.NewSigner("user")
	n.accounts[flowUser.Hex()] = []flow.AccountKey{flow.Passkey(user.Public(), 1000)}
	seen := r.flow("look", map[string]string{"address": flowUser.Hex()})
	if seen.Block != blockID(7) || len(seen.Keys) != 1 || seen.Keys[0].Public != flow.Passkey(user.Public(), 1).PublicHex() || seen.Balance != "100000" {
		t.Fatalf("%+v", seen)
	}
	tx := &flow.Transaction{Script: []byte("transaction {}"), GasLimit: flow.MaxGasLimit, ProposalKey: flow.ProposalKey{Address: flowUser}, Payer: flowUser, Authorizers: []flow.Address{flowUser}}
	if got := r.flow("send", map[string]string{"transaction": hex.EncodeToString(tx.Bytes())}); got.code != "unsigned" {
		t.Errorf("without a signature: %+v", got)
	}
	m, err := tx.Message(flowUser)
	if err != nil {
		t.Fatal(err)
	}
	signature, extension := flowtest.WebAuthn()[0].Make(user, m)
	if err := tx.Sign(flow.Signature{Address: flowUser, Signature: signature, Extension: extension}); err != nil {
		t.Fatal(err)
	}
	body := map[string]string{"transaction": hex.EncodeToString(tx.Bytes())}
	if got := r.flow("send", body); got.ID != tx.ID().String() || got.Status != "Sealed" || got.Failure != "" {
		t.Errorf("%+v", got)
	}
	n.fail = true
	if got := r.flow("send", body); got.Status != "Sealed" || !strings.Contains(got.Failure, "1101") {
		t.Errorf("failed: %+v", got)
	}
	for what, c := range map[string][2]string{
		"send":  {`{"transaction":"c0"}`, "refused"},
		"look":  {`{"address":"0x12"}`, "refused"},
		"nonce": {`{"more":1}`, "bad_request"},
	} {
		if got := r.flow(what, c[0]); got.code != c[1] {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got := r.flow("look", map[string]string{"address": "01" + strings.Repeat("0", 14)}); got.code != "no_account" {
		t.Errorf("nobody's account: %+v", got)
	}
	options := r.flow("options", map[string]any{"userId": passkey.Base64URL(make([]byte, 16)), "name": "Mine"})
	if want, _ := passkey.Base64URL(passkey.WalletChallenge).MarshalText(); options.Challenge != string(want) {
		t.Errorf("options %+v", options)
	}
	if got := r.flow("options", map[string]any{"userId": passkey.Base64URL(make([]byte, 15))}); got.code != "bad_passkey" {
		t.Errorf("a short user.id: %+v", got)
	}
	res, text := r.do("GET", flowPath+"nonce")
	r.refused(res, text, http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestServiceKeysAreReadAndNeverRepeated(t *testing.T) {
	for _, bad := range []string{"", "zz", serviceKey[2:], strings.Repeat("0", 64), strings.Repeat("f", 64)} {
		if s, err := NewSponsor(flowService, bad); err == nil || s != nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	a, err := NewSponsor(flowService, " 0x"+serviceKey+"\n")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := NewSponsor(flowService, serviceKey); err != nil || a.public() != b.public() || a.public() == [64]byte{} {
		t.Errorf("%v", err)
	}
}
