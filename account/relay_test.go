package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// relayBench is a chain that makes a block a minute or when told, an owner with
// money, and a relayer with money.
func relayBench(t *testing.T) (*devnet.Net, *owner, *account.Relayer, account.Client) {
	t.Helper()
	net, err := devnet.Start(t.Context(), devnet.Config{BlockTime: -time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	chain := accounttest.NodeChain{Node: net.Client().Client()}
	r := &account.Relayer{Node: chain, Chain: chain, Key: newKey(t)}
	o := newOwner(t)
	for _, a := range []common.Address{r.From(), o.acct.Address()} {
		done := make(chan error)
		go func() { done <- net.Faucet(t.Context(), a, ether(1)) }()
		for waiting := true; waiting; {
			select {
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
				waiting = false
			case <-time.After(20 * time.Millisecond):
				net.Mine()
			}
		}
	}
	return net, o, r, account.Client{Chain: chain, Bundler: r}
}

func (o *owner) sealedBy(t *testing.T, c account.Client) *account.Prepared {
	t.Helper()
	p, err := account.Prepare(t.Context(), c, o.acct, o.auth, []account.Call{{To: friend, Value: big.NewInt(1e15)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(o.approve(t, p.Challenge())); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRelayerSendsNothingTwice(t *testing.T) {
	net, o, r, c := relayBench(t)
	p := o.sealedBy(t, c)
	for range 3 { // pending: the same operation again is no new transaction
		if _, err := p.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// After a restart the relayer does not know what is pending, and waits.
	fresh := &account.Relayer{Node: r.Node, Chain: r.Chain, Key: r.Key}
	if _, err := fresh.Send(t.Context(), p.Op(), userop.V08); !errors.Is(err, account.ErrRelayBusy) {
		t.Errorf("a relayer that knows nothing, while a transaction is pending: %v", err)
	}
	net.Mine()
	if rec, err := fresh.Receipt(t.Context(), p.Hash()); err != nil || rec == nil || !rec.Success || rec.UserOpHash != p.Hash() || rec.Sender != o.acct.Address() {
		t.Fatalf("the new relayer finds %+v, %v", rec, err)
	}
	// Included: sending again finds the receipt, and a saved copy does too.
	if _, err := p.Send(t.Context()); err != nil {
		t.Error(err)
	}
	saved, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	c.Bundler = fresh
	q, err := account.Resume(saved, c, o.acct, o.auth)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Send(t.Context()); err != nil {
		t.Error(err)
	}
	n, err := net.Client().NonceAt(t.Context(), r.From(), nil)
	if err != nil || n != 1 {
		t.Errorf("the relaying key sent %d transactions (%v)", n, err)
	}
}

func TestRelayerFindsOutBeforeItPays(t *testing.T) {
	net, o, r, c := relayBench(t)
	p := o.sealedBy(t, c)
	op := p.Op()
	op.Signature[40] ^= 1
	if _, err := r.Send(t.Context(), op, userop.V08); account.AACode(err) != "AA24" {
		t.Errorf("a bad signature: %v", err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	net.Mine()

	// Another operation with the nonce that is used now.
	w := newWorld()
	late := o.sealedBy(t, account.Client{Chain: (*worldChain)(w), Bundler: (*worldBundler)(w)})
	saved, err := json.Marshal(late)
	if err != nil {
		t.Fatal(err)
	}
	if late, err = account.Resume(saved, c, o.acct, o.auth); err != nil {
		t.Fatal(err)
	}
	if _, err := late.Send(t.Context()); !errors.Is(err, account.ErrNonceUsed) {
		t.Errorf("a used nonce: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := late.Wait(ctx); !errors.Is(err, account.ErrDropped) {
		t.Errorf("waiting for it: %v", err)
	}
	if n, err := net.Client().NonceAt(t.Context(), r.From(), nil); err != nil || n != 1 {
		t.Errorf("the relaying key sent %d transactions (%v)", n, err)
	}
}

func TestRelayerReportsWhyCallsRevert(t *testing.T) {
	net, o, r, c := relayBench(t)
	// A call that reverts when estimated is refused before the prompt.
	bad := []account.Call{{To: userop.V08.Address(), Data: []byte{0xde, 0xad, 0xbe, 0xef}}}
	if _, err := account.Prepare(t.Context(), c, o.acct, o.auth, bad); !is(func(*account.EstimateError) bool { return true })(err) {
		t.Errorf("estimating calls that revert: %v", err)
	}
	// One that reverts on chain nevertheless has a receipt that says so.
	gas := account.GasEstimate{CallGasLimit: big.NewInt(100_000), VerificationGasLimit: big.NewInt(1_000_000), PreVerificationGas: big.NewInt(60_000)}
	p, err := account.Prepare(t.Context(), c, o.acct, o.auth, bad, account.WithGas(gas))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(o.approve(t, p.Challenge())); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	net.Mine()
	rec, err := p.Wait(t.Context())
	if err != nil || rec.Success || rec.ActualGasCost.Sign() <= 0 {
		t.Errorf("%+v, %v", rec, err)
	}
	_ = r
}
