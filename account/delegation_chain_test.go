package account_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/bundler"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// delegating are the EntryPoints for which there is code to delegate to.
var delegating = []userop.EntryPoint{userop.V07, userop.V08, userop.V09}

func startNet(t *testing.T) *devnet.Net {
	t.Helper()
	net, err := devnet.Start(t.Context(), devnet.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := net.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return net
}

// throughServers is a client over HTTP, as an application has it.
func throughServers(t *testing.T, net *devnet.Net) account.Client {
	t.Helper()
	chain, err := bundler.NewChain(net.URL(), bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundler.Dial(net.URL(), bundler.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return account.Client{Chain: chain, Bundler: b, ChainID: net.ChainID()}
}

// eoa is the address of a key that becomes MetaMask's EIP-7702 account.
type eoa struct {
	key  *ecdsa.PrivateKey
	acct *hybrid.Stateless
	auth *hybrid.Authority
}

func newEOA(t *testing.T, net *devnet.Net, ep userop.EntryPoint, wei int64) *eoa {
	t.Helper()
	e := &eoa{key: newKey(t)}
	addr := crypto.PubkeyToAddress(e.key.PublicKey)
	d, err := hybrid.V130For(ep)
	if err != nil {
		t.Fatal(err)
	}
	if e.acct, err = hybrid.NewStateless(d, addr); err != nil {
		t.Fatal(err)
	}
	if e.auth, err = e.acct.Authority(hybrid.OwnerApprover{Address: addr}); err != nil {
		t.Fatal(err)
	}
	if wei > 0 {
		fund(t, net, addr, wei)
	}
	return e
}

func fund(t *testing.T, net *devnet.Net, addr common.Address, wei int64) {
	t.Helper()
	if err := net.Faucet(t.Context(), addr, big.NewInt(wei)); err != nil {
		t.Fatal(err)
	}
}

func (e *eoa) sign(t *testing.T, digest [32]byte) []byte {
	t.Helper()
	sig, err := crypto.Sign(digest[:], e.key)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// prepared asks for the authorization where one is needed, and approves.
func (e *eoa) prepared(t *testing.T, c account.Client, calls []account.Call) *account.Prepared {
	t.Helper()
	var opts []account.Option
	r, err := account.RequestAuthorization(t.Context(), c, e.acct)
	if err != nil {
		t.Fatal(err)
	}
	if r != nil {
		a, err := r.Finish(e.sign(t, r.Digest))
		if err != nil {
			t.Fatal(err)
		}
		opts = append(opts, account.WithAuthorization(a))
	}
	p, err := account.Prepare(t.Context(), c, e.acct, e.auth, calls, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(account.Approval{ECDSA: e.sign(t, p.Challenge().Digest)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func balanceOf(t *testing.T, c account.Client, addr common.Address) int64 {
	t.Helper()
	b, err := c.Chain.Balance(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	return b.Int64()
}

func TestAKeysAddressActsThroughBundlerAndRelayer(t *testing.T) {
	net := startNet(t)
	c := throughServers(t, net)
	node := c.Chain.(*bundler.Chain)
	relayKey := newKey(t)
	fund(t, net, crypto.PubkeyToAddress(relayKey.PublicKey), 1e18)
	for i, ep := range delegating {
		for j, way := range []string{"bundler", "relayer"} {
			t.Run(ep.Version()+" by "+way, func(t *testing.T) {
				e := newEOA(t, net, ep, 1e17)
				to := common.Address{0xee, byte(i), byte(j)}
				client := c
				relay := &account.Relayer{Node: node, Chain: node, Key: relayKey}
				if way == "relayer" {
					client.Bundler = relay
				}
				for round := range int64(2) { // the second time the code is there
					p := e.prepared(t, client, []account.Call{{To: to, Value: big.NewInt(5)}})
					if carried := p.Op().Authorization != nil; carried != (round == 0) {
						t.Errorf("round %d: carries an authorization: %t", round, carried)
					}
					r := sendAndWait(t, p)
					if !r.Success || balanceOf(t, client, to) != 5*(round+1) {
						t.Errorf("round %d: %+v, balance %d", round, r, balanceOf(t, client, to))
					}
					if kind := txType(t, net, r.TxHash); round == 0 && kind != types.SetCodeTxType {
						t.Errorf("the transaction is of type %d", kind)
					}
				}
				if r, err := account.RequestAuthorization(t.Context(), client, e.acct); r != nil || err != nil {
					t.Errorf("asked again: %+v, %v", r, err)
				}
			})
		}
	}
}

func sendAndWait(t *testing.T, p *account.Prepared) *account.Receipt {
	t.Helper()
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := p.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func txType(t *testing.T, net *devnet.Net, hash common.Hash) uint8 {
	t.Helper()
	tx, _, err := net.Client().TransactionByHash(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	return tx.Type()
}

// An operation that was prepared for a bundler is relayed by a key of one's own,
// authorization included.
func TestSelfRelayCarriesTheAuthorization(t *testing.T) {
	net := startNet(t)
	c := throughServers(t, net)
	node := c.Chain.(*bundler.Chain)
	e := newEOA(t, net, userop.V07, 1e17)
	to := common.Address{0xdd}
	p := e.prepared(t, c, []account.Call{{To: to, Value: big.NewInt(5)}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := p.SelfRelay(ctx, node, e.key); !errors.Is(err, account.ErrRelayOwn) {
		t.Errorf("by the key itself: %v", err)
	}
	key := newKey(t)
	fund(t, net, crypto.PubkeyToAddress(key.PublicKey), 1e18)
	r, err := p.SelfRelay(t.Context(), node, key)
	if err != nil || !r.Success || balanceOf(t, c, to) != 5 || txType(t, net, r.TxHash) != types.SetCodeTxType {
		t.Fatalf("%+v, %v", r, err)
	}
	if h, err := p.Send(t.Context()); err != nil || h != p.Hash() {
		t.Errorf("sent once more: %v", err)
	}
}

// A plain node's client says what contracts revert with in its own way.
func TestARelayerReadsTheRevertsOfAPlainNode(t *testing.T) {
	net := startNet(t)
	chain := accounttest.NodeChain{Node: net.Client().Client()}
	key := newKey(t)
	fund(t, net, crypto.PubkeyToAddress(key.PublicKey), 1e18)
	e := newEOA(t, net, userop.V07, 1e17)
	c := account.Client{Chain: chain, Bundler: &account.Relayer{Node: chain, Chain: chain, Key: key}}
	p := e.prepared(t, c, []account.Call{{To: friend, Value: big.NewInt(5)}})
	op := p.Op()
	op.Signature = (&eoa{key: newKey(t)}).sign(t, p.Challenge().Digest)
	op.Signature[64] += 27
	_, err := c.Bundler.Send(context.Background(), op, userop.V07)
	if r, ok := errors.AsType[*userop.Revert](err); !ok || r.Code != "AA24" {
		t.Errorf("got %v", err)
	}
	if r := sendAndWait(t, p); !r.Success {
		t.Errorf("%+v", r)
	}
}
