package accesstest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/access/accesstest"
)

func TestWhatAClientSendsIsRead(t *testing.T) {
	var sent []byte
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		got, err := accesstest.Sent(bytes.NewReader(sent))
		if err != nil {
			t.Error(err)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"id": got.ID().String()})
	}))
	defer node.Close()
	client, err := access.New(node.URL)
	if err != nil {
		t.Fatal(err)
	}
	one, two := flow.Address{7: 1}, flow.Address{7: 2}
	tx := &flow.Transaction{Script: []byte("transaction {}"), Arguments: [][]byte{flow.Addr(two).JSON()}, ReferenceBlock: flow.Identifier{1, 31: 9}, GasLimit: 77,
		ProposalKey: flow.ProposalKey{Address: one, KeyIndex: 4, SequenceNumber: 1 << 40}, Payer: two, Authorizers: []flow.Address{one}}
	for _, s := range []flow.Signature{
		{Address: one, KeyIndex: 4, Signature: bytes.Repeat([]byte{1}, 64), Extension: []byte{1, 2}},
		{Address: two, KeyIndex: 5, Signature: bytes.Repeat([]byte{2}, 64)},
	} {
		if err := tx.Sign(s); err != nil {
			t.Fatal(err)
		}
	}
	if id, err := client.Send(t.Context(), tx); err != nil || id != tx.ID() { // the client compares the node's, too
		t.Fatal(id, err)
	}
	for _, spoil := range [][2]string{{`"77"`, `"x"`}, {`"77"`, `77`}, {`"` + two.Hex() + `"`, `"zz"`}, {`"reference_block_id":"01`, `"reference_block_id":"0`}, {`{`, `[`}} {
		text := strings.ReplaceAll(string(sent), spoil[0], spoil[1])
		if got, err := accesstest.Sent(strings.NewReader(text)); text == string(sent) || err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
