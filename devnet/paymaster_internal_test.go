package devnet

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/internal/artifacts"
	"github.com/postern-dev/postern/userop"
)

// deposits are what the paymasters of a chain have at their EntryPoints.
func deposits(t *testing.T, n *Net) map[string]*big.Int {
	t.Helper()
	s, err := newScene(n.chain.blocks(), operator)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*big.Int{}
	for _, ep := range n.Info().EntryPoints {
		found[ep.Version] = new(big.Int).SetBytes(ask(t, s, ep.Address, userop.BalanceOf(ep.Paymaster)))
	}
	return found
}

func TestPaymastersGetBackWhatTheySpent(t *testing.T) {
	set, err := artifacts.Open(t.Context(), artifacts.Options{})
	if err != nil {
		t.Skipf("SKIPPED: the contracts' bytecode is not to be had here: %v", err)
	}
	config := Config{DataDir: t.TempDir(), Artifacts: set}
	for round, left := range []int64{0, 499, 501} { // what the round before has left of the deposits, in ether
		n, err := Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		want := deposited
		if round > 0 {
			want = ether(left)
		}
		if round == 1 {
			want = new(big.Int).Add(want, deposited)
		}
		for version, has := range deposits(t, n) {
			if has.Cmp(want) != 0 {
				t.Errorf("round %d: paymaster %s has %v, want %v", round, version, has, want)
			}
		}
		// Its owner takes out all but what the next round is to find.
		keys, err := loadKeys(config.DataDir)
		if err != nil {
			t.Fatal(err)
		}
		owner := newWallet(n.chain, keys.Paymaster)
		if err := n.Faucet(t.Context(), owner.address, ether(1)); err != nil {
			t.Fatal(err)
		}
		next := map[int]int64{0: 499, 1: 501, 2: 0}[round]
		for _, ep := range n.Info().EntryPoints {
			data := crypto.Keccak256([]byte("withdrawTo(address,uint256)"))[:4]
			data = append(data, common.LeftPadBytes(owner.address[:], 32)...)
			data = append(data, common.LeftPadBytes(new(big.Int).Sub(want, ether(next)).Bytes(), 32)...)
			if _, err := owner.transact(t.Context(), &ep.Paymaster, new(big.Int), data, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThePaymastersKeyFollowsTheFaucets(t *testing.T) {
	first, err1 := newKeys()
	second, err2 := newKeys()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	again, err := withPaymaster(first.Faucet, second.Bundler)
	if err != nil || address(again.Paymaster) != address(first.Paymaster) || address(first.Paymaster) == address(second.Paymaster) {
		t.Errorf("%s, %s, again %s, %v", address(first.Paymaster), address(second.Paymaster), address(again.Paymaster), err)
	}
}

func FuzzPaymasterContext(f *testing.F) {
	p := &paymaster{token: common.HexToAddress("0x00000000000000000000000000000000000000aa")}
	for _, seed := range []string{`null`, `{}`, `[]`, `{"token":"0x00000000000000000000000000000000000000aa"}`, `{"token":"0x00000000000000000000000000000000000000AA"}`,
		`{"token":null}`, `{"token":"0x1"}`, `{"Token":"0x1"}`, `{"\u0074oken":"0x00000000000000000000000000000000000000aa"}`, `{"token":`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		raw := json.RawMessage(data)
		terms, err := p.parseContext(&raw)
		var refused *rpcError
		switch {
		case err != nil && (!errors.As(err, &refused) || refused.code != codeInvalid || len(refused.msg) > 500):
			t.Errorf("%v", err)
		case err == nil && terms.token != nil && (*terms.token != p.token || !json.Valid(data)):
			t.Errorf("%s is for the token %s", data, terms.token)
		case err == nil && terms.token == nil && strings.Contains(string(data), "0x"):
			t.Errorf("%s is for nothing", data)
		}
	})
}

func FuzzWithSignature(f *testing.F) {
	for _, seed := range []string{`{}`, ` { } `, `{"a":1}`, `{"signature":"0x12"}`, `{"\u0073ignature":"0x12"}`, `{"a":{"signature":"0x"}}`, `[]`, `{`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before, err1 := members(data, 32)
		out, err := withSignature(data)
		if (err == nil) != (err1 == nil) {
			t.Fatalf("%v, %v", err, err1)
		}
		if err != nil {
			return
		}
		after, err := members(out, 33)
		if err != nil {
			t.Fatalf("%s becomes %s: %v", data, out, err)
		}
		signatures := 0
		for _, m := range after {
			if m.name == "signature" {
				signatures++
			}
		}
		if signatures != 1 || len(after)-len(before) > 1 || len(after) < len(before) {
			t.Fatalf("%s becomes %s", data, out)
		}
		for i, m := range before {
			if got := after[len(after)-len(before)+i]; got.name != m.name || string(got.value) != string(m.value) {
				t.Fatalf("%s becomes %s", data, out)
			}
		}
	})
}
