//go:build linux

package rescue

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// The wallet, its domain and the bundler are gone. The passkey is in a security key, which
// libfido2's own program asks; a node and a key with some money do the rest.
func TestMoneyComesBackByASecurityKeyWhenTheDomainIsGone(t *testing.T) {
	liveTools(t, "1234")
	net, err := devnet.Start(t.Context(), devnet.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	url, err := net.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	chain, err := bundler.NewChain(url, bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	relay, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}

	// 1. The account was made by this passkey, and holds money. It is not on the chain yet.
	v := newVirtualKey(t, "1234")
	salt := [32]byte{3}
	c := v.add("gone.example", webauthn.SaltHandle(salt).Bytes(), true)
	d, err := contracts.ForEntryPoint(userop.V08)
	if err != nil {
		t.Fatal(err)
	}
	acct, err := webauthn.ForPasskey(d, c.public(), salt)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []common.Address{acct.Address(), crypto.PubkeyToAddress(relay.PublicKey)} {
		if err := net.Faucet(t.Context(), a, big.NewInt(1e18)); err != nil {
			t.Fatal(err)
		}
	}

	// 2. One signature leaves two keys, and nothing on the chain tells which. The second one does.
	tools := liveTools(t, "1234\n1234\n1234")
	keys, err := OpenSecurityKey(t.Context(), tools, v.Path, "gone.example", nil)
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	key := keys[0]
	found, err := Find(t.Context(), chain, key)
	if len(key.keys) > 1 {
		if !errors.Is(err, ErrAmbiguous) {
			t.Fatalf("%d keys, %+v, %v", len(key.keys), found, err)
		}
		key.tools.Stdin = strings.NewReader("1234\n")
		if err := key.Narrow(t.Context()); err != nil {
			t.Fatal(err)
		}
		found, err = Find(t.Context(), chain, key)
	}
	if err != nil || len(found) != 1 || found[0].Account.Address() != acct.Address() || !found[0].Certain {
		t.Fatalf("%+v, %v", found, err)
	}

	// 3. It signs an operation that creates the account and empties it.
	to := common.HexToAddress("0x5afe")
	balances, err := Balances(t.Context(), chain, acct.Address())
	if err != nil {
		t.Fatal(err)
	}
	client := account.Client{Chain: chain, Bundler: &account.Relayer{Node: chain, Chain: chain, Key: relay}}
	p, err := MoveAll(t.Context(), client, found[0], to, balances)
	if err != nil {
		t.Fatal(err)
	}
	key.tools.Stdin = strings.NewReader("1234\n")
	approval, err := Approve(t.Context(), p.Challenge(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(approval); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := p.Wait(t.Context()); err != nil || !r.Success {
		t.Fatalf("%+v, %v", r, err)
	}
	if got, err := chain.Balance(t.Context(), to); err != nil || got.Cmp(big.NewInt(99e16)) < 0 {
		t.Errorf("%s wei arrived, %v", got, err)
	}
}
