package account_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

func data(selector string, words ...[]byte) []byte {
	out := common.FromHex(selector)
	for _, w := range words {
		out = append(out, common.LeftPadBytes(w, 32)...)
	}
	return out
}

// function is the selector of a signature.
func function(signature string) string {
	return hexutil.Encode(crypto.Keccak256([]byte(signature))[:4])
}

func TestSummarySaysWhatHappens(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	token := common.HexToAddress("0x00000000000000000000000000000000000070ce")
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)).Bytes()
	self, nobody := o.acct.Address(), common.BytesToAddress(all).Hex()
	cases := map[string]struct {
		call    account.Call
		does    string
		warning string
	}{
		"value":     {account.Call{To: friend, Value: big.NewInt(25e16)}, "send 0.25 ETH to " + friend.Hex(), ""},
		"token":     {account.Call{To: token, Data: data("0xa9059cbb", friend[:], []byte{42})}, "transfer 42 units of the token " + token.Hex() + " to " + friend.Hex(), ""},
		"allowance": {account.Call{To: token, Data: data("0x095ea7b3", friend[:], []byte{42})}, "allow " + friend.Hex() + " to spend 42 units of the token " + token.Hex(), "could take them"},
		"more":      {account.Call{To: token, Data: data("0x39509351", friend[:], []byte{42})}, "allow " + friend.Hex() + " to spend 42 more units of the token " + token.Hex(), "could take them"},
		"from":      {account.Call{To: token, Data: data("0x23b872dd", self[:], friend[:], []byte{42})}, "transfer 42 units, or number 42, of the token " + token.Hex() + " from " + self.Hex() + " to " + friend.Hex(), "gets it"},
		"upgrade":   {func() account.Call { c, _ := o.acct.Upgrade(friend, []byte{1, 2}); return c }(), "replace the code of this account by " + friend.Hex() + ", whose author then controls it, and run 2 bytes of data 0x0102 with it (a delegatecall)", "take everything"},
		"threshold": {func() account.Call {
			d, _ := contracts.AccountABI.Pack("setThreshold", uint64(2))
			return account.Call{To: self, Data: d}
		}(), "require approvals of weight 2 together", "who controls"},
		"any amount":   {account.Call{To: token, Data: data("0x095ea7b3", friend[:], all)}, "allow " + friend.Hex() + " to spend any amount of the token " + token.Hex(), "could take all"},
		"nothing more": {account.Call{To: token, Data: data("0x095ea7b3", friend[:], nil)}, "allow " + friend.Hex() + " to spend nothing of the token " + token.Hex(), "is a collection, " + friend.Hex() + " could take its number 0"},
		"nobody":       {account.Call{To: token, Data: data("0x095ea7b3", nil, []byte{42})}, "allow nobody to take number 42 of the collection " + token.Hex(), ""},
		"safely": {account.Call{To: token, Data: data(function("safeTransferFrom(address,address,uint256)"), self[:], friend[:], []byte{42})},
			"transfer number 42 of the collection " + token.Hex() + " from " + self.Hex() + " to " + friend.Hex(), friend.Hex() + " gets it"},
		"safely with data": {account.Call{To: token, Data: data(function("safeTransferFrom(address,address,uint256,bytes)"), self[:], friend[:], []byte{42}, []byte{128}, nil)},
			"transfer number 42 of the collection " + token.Hex() + " from " + self.Hex() + " to " + friend.Hex(), friend.Hex() + " gets it"},
		"some safely": {account.Call{To: token, Data: data(function("safeTransferFrom(address,address,uint256,uint256,bytes)"), self[:], friend[:], []byte{42}, []byte{7}, []byte{160}, nil)},
			"transfer 7 of number 42 of the collection " + token.Hex() + " from " + self.Hex() + " to " + friend.Hex(), friend.Hex() + " gets it"},
		"safely but short": {account.Call{To: token, Data: data("0xb88d4fde", self[:], friend[:])}, "call function 0xb88d4fde on " + token.Hex() + ", 68 bytes of data", ""},
		"safely but dirty": {account.Call{To: token, Data: data("0x42842e0e", self[:], all, []byte{42})}, "transfer number 42 of the collection " + token.Hex() + " from " + self.Hex() + " to " + nobody, "gets it"},
		"collection":       {account.Call{To: token, Data: data("0xa22cb465", friend[:], []byte{1})}, "allow " + friend.Hex() + " to move every token of the collection " + token.Hex(), "could take everything"},
		"taken back":       {account.Call{To: token, Data: data("0xa22cb465", friend[:], nil)}, "take back the permission of " + friend.Hex() + " over all tokens of the collection " + token.Hex(), ""},
		"dirty":            {account.Call{To: token, Data: data("0x095ea7b3", append([]byte{1}, friend[:]...), all)}, "allow " + friend.Hex() + " to spend any amount of the token " + token.Hex(), "could take all"},
		"followed":         {account.Call{To: token, Data: append(data("0x095ea7b3", friend[:], all), 0)}, "allow " + friend.Hex() + " to spend any amount of the token " + token.Hex(), "could take all"},
		"cut":              {account.Call{To: token, Data: data("0x095ea7b3", friend[:], all)[:67]}, "allow " + friend.Hex() + " to spend any amount of the token " + token.Hex(), "could take all"},
		"all followed":     {account.Call{To: token, Data: append(data("0xa22cb465", friend[:], []byte{1}), 0)}, "allow " + friend.Hex() + " to move every token of the collection " + token.Hex(), "could take everything"},
		"unknown":          {account.Call{To: token, Value: big.NewInt(1e16), Data: data("0x12345678")}, "call function 0x12345678 on " + token.Hex() + " with 0.01 ETH, 4 bytes of data", ""},
		"short":            {account.Call{To: token, Data: []byte{1}}, "call a function on " + token.Hex() + ", 1 bytes of data", ""},
		"itself":           {account.Call{To: self, Data: data("0x12345678")}, "change this account: call function 0x12345678 on itself", "can change who controls it"},
		"nothing":          {account.Call{To: self}, "do nothing but use up a nonce", ""},
		"known itself":     {func() account.Call { c, _ := o.acct.ProbePrecompile(); return c }(), "find out whether this chain verifies passkeys natively", ""},
	}
	w.code[self] = true
	for name, c := range cases {
		p, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{c.call})
		if err != nil {
			t.Fatal(err)
		}
		s := p.Summary()
		if len(s.Does) != 1 || s.Does[0] != c.does {
			t.Errorf("%s: %q, want %q", name, s.Does, c.does)
		}
		if got := strings.Join(s.Warnings, " "); (c.warning == "") != (got == "") || !strings.Contains(got, c.warning) {
			t.Errorf("%s: warned %q, want %q", name, got, c.warning)
		}
	}
}

func TestSummaryAsText(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(1e17)}, {To: friend, Value: big.NewInt(2e17)}})
	if err != nil {
		t.Fatal(err)
	}
	want := `2 steps, all or none:
  1. send 0.1 ETH to 0x00000000000000000000000000000000F00DcAfE
  2. send 0.2 ETH to 0x00000000000000000000000000000000F00DcAfE
from account ` + o.acct.Address().Hex() + ` on chain 31337, which this creates
value 0.3 ETH, fee at most 0.00153 ETH, paid by the account
approved by ` + o.auth.Name() + ` (EntryPoint v0.8)`
	if got := p.Summary().String(); !strings.EqualFold(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAnOperationThatOnlyCreatesSaysSo(t *testing.T) {
	first := func(s account.Summary) string { return strings.Join(s.Does, " | ") }
	w, o := newWorld(), newOwner(t)
	nothing := account.Call{To: o.acct.Address()}
	for want, calls := range map[string][]account.Call{
		"create the account, and nothing else": {nothing},
		"do nothing | do nothing":              {nothing, nothing},
	} {
		p, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, calls)
		if err != nil {
			t.Fatal(err)
		}
		if s := p.Summary(); first(s) != want || !s.Deploys {
			t.Errorf("got %q, want %q", first(s), want)
		}
	}
	a := newKeyAccount(t, userop.V08)
	w = keyWorld(a)
	p, err := account.Prepare(t.Context(), w.client(), a, a, []account.Call{{To: a.Address()}}, account.WithAuthorization(authorized(t, w, a)))
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Summary(); first(s) != "make the address a smart account, and nothing else" {
		t.Errorf("got %q", first(s))
	}
}

// wary warns of every call and describes none.
type wary struct{ account.Account }

func (wary) WarnCall(account.Call) string { return "beware" }

func TestAWarningNeedsNoDescription(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p, err := account.Prepare(t.Context(), w.client(), wary{o.acct}, o.auth, []account.Call{{To: friend, Data: []byte{1, 2, 3, 4}}})
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Summary(); len(s.Warnings) != 1 || s.Warnings[0] != "beware" || !strings.HasPrefix(s.Does[0], "call function") {
		t.Errorf("%+v", s)
	}
}
