package webauthn_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/accounttest"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// relayBench is a chain that makes blocks when told, a relayer with money, and a
// passkey's account with money.
type relayBench struct {
	net    *devnet.Net
	relay  *account.Relayer
	client account.Client
	device *device
	acct   *webauthn.Account
	auth   *webauthn.Authority
}

func newRelayBench(t *testing.T) *relayBench {
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
	b := &relayBench{net: net, relay: &account.Relayer{Node: chain, Chain: chain, Key: must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())}, device: newDevice(t, "relay")}
	b.client = account.Client{Chain: chain, Bundler: b.relay}
	b.acct = must[*webauthn.Account](t)(webauthn.ForPasskey(deployment(t, userop.V08), b.device.key, [32]byte{1}))
	b.auth = must[*webauthn.Authority](t)(b.acct.Authority(b.device.approver(b.acct.Members()[0].Signer)))
	for _, a := range []common.Address{b.relay.From(), b.acct.Address()} {
		done := make(chan error)
		go func() { done <- net.Faucet(t.Context(), a, big.NewInt(1e18)) }()
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
	return b
}

// sealed is an approved operation that sends wei.
func (b *relayBench) sealed(t *testing.T, wei int64) *account.Prepared {
	t.Helper()
	return b.approved(t, must[*account.Prepared](t)(account.Prepare(t.Context(), b.client, b.acct, b.auth, []account.Call{{To: common.Address{1}, Value: big.NewInt(wei)}})))
}

func (b *relayBench) approved(t *testing.T, p *account.Prepared) *account.Prepared {
	t.Helper()
	if _, err := p.Finish(must[account.Approval](t)(b.device.approve(p.Challenge()))); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRelayerSendsNothingTwice(t *testing.T) {
	b := newRelayBench(t)
	p := b.sealed(t, 1)
	for range 3 { // pending: the same operation again is no new transaction
		if _, err := p.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// After a restart the relayer does not know what is pending, and waits.
	fresh := &account.Relayer{Node: b.relay.Node, Chain: b.relay.Chain, Key: b.relay.Key}
	if _, err := fresh.Send(t.Context(), p.Op(), userop.V08); !errors.Is(err, account.ErrRelayBusy) {
		t.Errorf("a relayer that knows nothing, while a transaction is pending: %v", err)
	}
	b.net.Mine()
	if rec, err := fresh.Receipt(t.Context(), p.Hash()); err != nil || rec == nil || !rec.Success || rec.UserOpHash != p.Hash() || rec.Sender != b.acct.Address() {
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
	c := b.client
	c.Bundler = fresh
	q, err := account.Resume(saved, c, b.acct, b.auth)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Send(t.Context()); err != nil {
		t.Error(err)
	}
	n, err := b.net.Client().NonceAt(t.Context(), b.relay.From(), nil)
	if err != nil || n != 1 {
		t.Errorf("the relaying key sent %d transactions (%v)", n, err)
	}
}

// spoiling is a relayer whose node finds nothing wrong, and that breaks the first signature on its way.
type spoiling struct {
	*account.Relayer
	spoilt bool
}

func (s *spoiling) Send(ctx context.Context, op *userop.Op, ep userop.EntryPoint) (common.Hash, error) {
	if !s.spoilt {
		s.spoilt = true
		broken := *op
		broken.Signature = append([]byte{}, op.Signature...)
		broken.Signature[40] ^= 1
		op = &broken
	}
	return s.Relayer.Send(ctx, op, ep)
}

// content is a chain on which every call would do.
type content struct{ account.Chain }

func (content) Call(context.Context, common.Address, []byte) ([]byte, error) { return nil, nil }

// A transaction that is reverted carries nothing: that is told, and the operation can be sent again.
func TestWaitEndsWhenTheRelayersTransactionIsReverted(t *testing.T) {
	b := newRelayBench(t)
	b.client.Bundler = &spoiling{Relayer: b.relay}
	p := b.sealed(t, 1)
	b.relay.Chain = content{b.relay.Chain}
	for _, want := range []bool{false, true} {
		if _, err := p.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.net.Mine()
		r, err := p.Wait(t.Context())
		if want && (err != nil || !r.Success) {
			t.Errorf("sent again: %+v, %v", r, err)
		}
		var reverted *account.RelayRevertedError
		if !want && (!errors.As(err, &reverted) || reverted.Transaction == common.Hash{} || reverted.Hint() == "") {
			t.Fatalf("reverted: %+v, %v", r, err)
		}
	}
}

func TestRelayerFindsOutBeforeItPays(t *testing.T) {
	b := newRelayBench(t)
	p := b.sealed(t, 1)
	late := b.sealed(t, 2)
	op := p.Op()
	op.Signature[40] ^= 1
	if _, err := b.relay.Send(t.Context(), op, userop.V08); account.AACode(err) != "AA24" {
		t.Errorf("a bad signature: %v", err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.net.Mine()

	// Another operation with the nonce that is used now.
	if _, err := late.Send(t.Context()); !errors.Is(err, account.ErrNonceUsed) {
		t.Errorf("a used nonce: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := late.Wait(ctx); !errors.Is(err, account.ErrDropped) {
		t.Errorf("waiting for it: %v", err)
	}
	if n, err := b.net.Client().NonceAt(t.Context(), b.relay.From(), nil); err != nil || n != 1 {
		t.Errorf("the relaying key sent %d transactions (%v)", n, err)
	}
}

func TestRelayerReportsWhyCallsRevert(t *testing.T) {
	b := newRelayBench(t)
	// A call that reverts when estimated is refused before the prompt.
	bad := []account.Call{{To: userop.V08.Address(), Data: []byte{0xde, 0xad, 0xbe, 0xef}}}
	if _, err := account.Prepare(t.Context(), b.client, b.acct, b.auth, bad); !is(func(*account.EstimateError) bool { return true })(err) {
		t.Errorf("estimating calls that revert: %v", err)
	}
	// One that reverts on chain nevertheless has a receipt that says so.
	gas := account.GasEstimate{CallGasLimit: big.NewInt(100_000), VerificationGasLimit: big.NewInt(1_000_000), PreVerificationGas: big.NewInt(60_000)}
	p, err := account.Prepare(t.Context(), b.client, b.acct, b.auth, bad, account.WithGas(gas))
	if err != nil {
		t.Fatal(err)
	}
	b.approved(t, p)
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.net.Mine()
	rec, err := p.Wait(t.Context())
	if err != nil || rec.Success || rec.ActualGasCost.Sign() <= 0 {
		t.Errorf("%+v, %v", rec, err)
	}
}
