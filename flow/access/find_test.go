package access_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/passkey"
)

// asserted is an assertion of somebody whose key nobody remembers.
func asserted(s *flowtest.Signer, challenge string) *passkey.Assertion {
	usual := flowtest.Usual()
	client := usual.ClientData(flowtest.Text([]byte(challenge)))
	sig, err := passkey.ParseP1363(s.SignedBy(usual.AuthData(), client))
	if err != nil {
		panic(err)
	}
	a, err := passkey.NewAssertion([]byte("id"), usual.AuthData(), client, sig.DER())
	if err != nil {
		panic(err)
	}
	return a
}

func TestFindMyAccount(t *testing.T) {
	w := newWorld(t)
	mine, others := flowtest.NewSigner("mine"), flowtest.NewSigner("others")
	account := w.create(flow.Passkey(others.Public(), 1000), flow.Passkey(mine.Public(), 500))
	sha3 := flow.Passkey(mine.Public(), 1000)
	sha3.Hash = flow.SHA3 // with which no passkey signs
	useless := w.create(flow.Passkey(others.Public(), 1000), flow.Passkey(mine.Public(), 1000), sha3)
	script, arguments := flow.RevokeKey(1)
	if _, err := w.send(w.of(script, arguments, useless), signs{account: useless, signer: others, how: usual}); err != nil {
		t.Fatal(err)
	}
	stranger := w.create(flow.Passkey(others.Public(), 1000))
	candidates := asserted(mine, "any challenge").Recover()
	if len(candidates) < 2 {
		t.Fatalf("%d candidates", len(candidates))
	}
	asked := map[string]bool{}
	indexer := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path] = true
		if r.URL.Path != "/key/"+hex.EncodeToString(mine.Public().Raw()) {
			http.NotFound(rw, r)
			return
		}
		// Also an account that has no such key.
		rw.Write([]byte(`{"publicKey":"x","accounts":[{"address":"` + account.String() + `","keyId":1,"weight":500},{"address":"` + stranger.String() + `"}]}`))
	}))
	defer indexer.Close()
	source, err := access.NewIndexer(indexer.URL + "/key")
	if err != nil {
		t.Fatal(err)
	}
	found, err := w.FindAccounts(t.Context(), candidates, source)
	if err != nil || len(found) != 1 || found[0].Address != account || found[0].Key.Index != 1 || found[0].Key.Weight != 500 || found[0].Passkey != mine.Public() {
		t.Errorf("%+v, %v", found, err)
	}
	if len(asked) != len(candidates) {
		t.Errorf("asked for %v", asked)
	}
	// After a second assertion the indexer learns of no key but the passkey's.
	clear(asked)
	both := passkey.RecoverFrom(asserted(mine, "any challenge"), asserted(mine, "another"))
	if found, err = w.FindAccounts(t.Context(), both, source); err != nil || len(found) != 1 || found[0].Address != account || len(asked) != 1 {
		t.Errorf("%+v, %v, asked for %v", found, err, asked)
	}
	found, err = w.FindAccounts(t.Context(), candidates, access.Known{stranger, useless, account, account})
	if err != nil || len(found) != 1 || found[0].Address != account {
		t.Errorf("known: %+v, %v", found, err)
	}
}

// hostile is an indexer that answers every question alike.
func hostile(t *testing.T, status int, reply string) *access.Indexer {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(reply))
	}))
	t.Cleanup(s.Close)
	i, err := access.NewIndexer(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestIndexersAreNotBelieved(t *testing.T) {
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"address":"%016x"}`, i+1))
		}
		return `{"accounts":[` + strings.Join(list, ",") + `]}`
	}
	for _, c := range []struct {
		status int
		reply  string
		found  int
		want   error
	}{
		{200, `{"accounts":[]}`, 0, nil},
		{200, `{}`, 0, nil},
		{404, `nobody has it`, 0, nil},
		{200, `{"publicKey":"x","accounts":[{"address":"0x01"}]}`, 0, access.ErrReply},
		{200, `{"accounts":[{"address":"01cf0e2f2f715450"},{"address":"0x01CF0E2F2F715450","keyId":"x"}]}`, 1, nil},
		{200, `{"accounts":[{"address":""}]}`, 0, access.ErrReply},
		{200, `{"accounts":[{}]}`, 0, access.ErrReply},
		{200, `{"accounts":[{"address":7}]}`, 0, access.ErrReply},
		{200, `{"accounts":{"address":"01cf0e2f2f715450"}}`, 0, access.ErrReply},
		{200, `[]`, 0, access.ErrReply},
		{200, ``, 0, access.ErrReply},
		{200, `<html>`, 0, access.ErrReply},
		{200, many(100), 100, nil},
		{200, many(101), 0, access.ErrTooLarge},
		{200, `{"accounts":[` + strings.Repeat(" ", 17<<20), 0, access.ErrTooLarge},
		{500, `{}`, 0, access.ErrRefused},
		{429, `slow down`, 0, access.ErrRefused},
	} {
		got, err := hostile(t, c.status, c.reply).Accounts(t.Context(), [64]byte{})
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || len(got) != c.found {
			t.Errorf("%d %.60s: %d accounts, %v", c.status, c.reply, len(got), err)
		}
	}
	if _, err := access.NewIndexer("ftp://x"); !errors.Is(err, access.ErrURL) {
		t.Errorf("no URL: %v", err)
	}
}

// A node that is out of order is not a node that says that there is no account.
func TestFindingSaysWhenItCouldNotLook(t *testing.T) {
	keys := []passkey.PublicKey{flowtest.NewSigner("mine").Public()}
	address := access.Known{flow.Address{7: 1}}
	for status, want := range map[int]error{400: nil, 404: nil, 429: access.ErrRefused, 500: access.ErrRefused, 503: access.ErrRefused} {
		found, err := says(t, status, `{"message":"no"}`).FindAccounts(t.Context(), keys, address)
		if !errors.Is(err, want) || (err == nil) != (want == nil) || len(found) != 0 {
			t.Errorf("%d: %v, %v", status, found, err)
		}
	}
	if _, err := says(t, 200, `{}`).FindAccounts(t.Context(), keys, hostile(t, 500, "")); !errors.Is(err, access.ErrRefused) {
		t.Errorf("an indexer that is out of order: %v", err)
	}
}

// Two assertions, an indexer, and the chain, which has the last word.
func ExampleClient_FindAccounts() {
	mine := flowtest.NewSigner("mine")
	public := hex.EncodeToString(mine.Public().Raw())
	indexer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/key/"+public {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `{"accounts":[{"address":"0x01cf0e2f2f715450","keyId":0}]}`)
	}))
	defer indexer.Close()
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"address":"01cf0e2f2f715450","balance":"100000000","keys":[{"index":"0","public_key":"0x%s","signing_algorithm":"ECDSA_P256",
			"hashing_algorithm":"SHA2_256","sequence_number":"7","weight":"1000","revoked":false}]}`, public)
	}))
	defer node.Close()

	// In the browser: navigator.credentials.get() without allowCredentials, twice, each with a challenge of its own.
	first, second := asserted(mine, "one"), asserted(mine, "two")
	candidates := passkey.RecoverFrom(first, second)
	fmt.Println(len(candidates), "candidate")

	source, err := access.NewIndexer(indexer.URL + "/key")
	if err != nil {
		panic(err)
	}
	client, err := access.New(node.URL)
	if err != nil {
		panic(err)
	}
	found, err := client.FindAccounts(context.Background(), candidates, source)
	if err != nil {
		panic(err)
	}
	for _, f := range found {
		fmt.Println(f.Address, "key", f.Key.Index, "weight", f.Key.Weight)
	}
	// Output:
	// 1 candidate
	// 0x01cf0e2f2f715450 key 0 weight 1000
}
