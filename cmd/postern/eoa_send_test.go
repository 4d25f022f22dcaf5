package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/bundler"
)

// turncoat is a node that names one chain and then others, and keeps what it is given to send.
type turncoat struct {
	ids      []uint64 // the last one for ever
	sent     []*types.Transaction
	trouble  string // the first answer about a receipt, if any
	troubled bool
}

func (n *turncoat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		ID     json.RawMessage
		Method string
		Params []json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result := `"0x1"`
	switch q.Method {
	case "eth_chainId":
		result = fmt.Sprintf(`"0x%x"`, n.ids[0])
		if len(n.ids) > 1 {
			n.ids = n.ids[1:]
		}
	case "eth_estimateGas":
		result = `"0x7530"`
	case "eth_getBalance":
		result = `"0xde0b6b3a7640000"`
	case "eth_feeHistory":
		result = `{"oldestBlock":"0x1","baseFeePerGas":["0x1","0x1"],"gasUsedRatio":[0],"reward":[["0x1"]]}`
	case "eth_sendRawTransaction":
		var raw hexutil.Bytes
		tx := new(types.Transaction)
		if err := errors.Join(json.Unmarshal(q.Params[0], &raw), tx.UnmarshalBinary(raw)); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		n.sent = append(n.sent, tx)
		result = fmt.Sprintf("%q", tx.Hash())
	case "eth_getTransactionReceipt":
		if n.trouble != "" && !n.troubled {
			n.troubled = true
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":%q}}`, q.ID, n.trouble)
			return
		}
		result = fmt.Sprintf(`{"transactionHash":%s,"status":"0x1","gasUsed":"0x1"}`, q.Params[0])
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, q.ID, result)
}

// A node that names another chain when it comes to signing would get a transaction that is valid there.
func TestTransactionsAreForTheChainThatWasMeant(t *testing.T) {
	owner, err := createOwnerFile(filepath.Join(t.TempDir(), "owner.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ids   []uint64
		chain *big.Int
		sent  int // of two
	}{
		"one chain":         {[]uint64{31337}, nil, 2},
		"the one meant":     {[]uint64{31337}, big.NewInt(31337), 2},
		"another at once":   {[]uint64{1}, big.NewInt(31337), 0},
		"another later":     {[]uint64{31337, 1}, big.NewInt(31337), 1},
		"nobody said which": {[]uint64{31337, 1}, nil, 1},
	} {
		n := &turncoat{ids: c.ids}
		server := httptest.NewServer(n)
		node, err := bundler.NewChain(server.URL, bundler.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := &eoaSender{node: node, payer: owner, most: big.NewInt(1e18), chain: c.chain, ask: func(string, *big.Int) error { return nil }}
		for i := range 2 {
			_, err := s.send(t.Context(), "a call", common.Address{1}, nil)
			var wrong *account.WrongChainError
			if ok := i < c.sent; ok != (err == nil) || !ok && !errors.As(err, &wrong) {
				t.Errorf("%s, transaction %d: %v", name, i, err)
			}
		}
		if len(n.sent) != c.sent {
			t.Errorf("%s: the node has %d transactions, not %d", name, len(n.sent), c.sent)
		}
		for _, tx := range n.sent {
			if tx.ChainId().Uint64() != 31337 {
				t.Errorf("%s: it has one for chain %s", name, tx.ChainId())
			}
		}
		server.Close()
	}
}

// What go-ethereum says while it indexes is no answer: the transaction is sent, and waited for.
func TestWaitingOutlastsANodeThatIndexes(t *testing.T) {
	owner, err := createOwnerFile(filepath.Join(t.TempDir(), "owner.json"))
	if err != nil {
		t.Fatal(err)
	}
	for trouble, ok := range map[string]bool{"transaction indexing is in progress": true, "missing trie node": false} {
		n := &turncoat{ids: []uint64{31337}, trouble: trouble}
		server := httptest.NewServer(n)
		node, err := bundler.NewChain(server.URL, bundler.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := &eoaSender{node: node, payer: owner, most: big.NewInt(1e18), ask: func(string, *big.Int) error { return nil }}
		if _, err := s.send(t.Context(), "a call", common.Address{1}, nil); ok != (err == nil) || !n.troubled || len(n.sent) != 1 {
			t.Errorf("%s: %v, asked: %v, sent: %d", trouble, err, n.troubled, len(n.sent))
		}
		server.Close()
	}
}
