package journeys_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/guardian"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

const day = 24 * time.Hour

// A recovery key on paper is one guardian who has to wait: what it began goes on when the chain has stopped and started
// again in the middle of the wait, and is over when the wait is.
func TestARecoveryKeyWaitsThroughARestart(t *testing.T) {
	config := devnet.Config{DataDir: t.TempDir()}
	net, err := listen(config)
	if err != nil {
		t.Fatal(err)
	}
	lost, paper := newPerson(t, userop.V08), newKey(t)
	at := lost.acct.Address()
	give(t, net, at, milli(5_000))

	// 1. The account has a passkey, and a key on paper that can bring in another one after three days.
	setup, err := guardian.Simple(crypto.PubkeyToAddress(paper.PublicKey), 3*day)
	if err != nil {
		t.Fatal(err)
	}
	install, err := guardian.Install(at, setup)
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, net.URL(), net.URL())
	op, err := account.Prepare(t.Context(), client, lost.acct, lost.auth, []account.Call{install})
	if err != nil {
		t.Fatal(err)
	}
	lost.seal(t, op)
	lands(t, op)

	// 2. The passkey is lost. Whoever holds the paper proposes a new one.
	young := newPerson(t, userop.V08)
	state, err := guardian.At(t.Context(), client.Chain, at)
	if err != nil {
		t.Fatal(err)
	}
	r, err := state.Recovery(0, young.acct.Members()[0].Signer, []seal.Signer{lost.acct.Members()[0].Signer}, state.Time.Add(day))
	if err != nil {
		t.Fatal(err)
	}
	c, err := guardian.Collect(state.ChainID, setup, r)
	if err != nil {
		t.Fatal(err)
	}
	answer(t, c, guardian.Approver{Signer: setup.Tiers[0].Guardians[0].Signer}, func(ch account.Challenge) account.Approval {
		sig, err := crypto.Sign(ch.Digest[:], paper)
		if err != nil {
			t.Fatal(err)
		}
		return account.Approval{ECDSA: sig}
	})
	credential := young.device.Credentials()[0].ID
	answer(t, c, guardian.Approver{Signer: r.NewSigner, RPID: rpID, Origins: []string{origin}, Credential: credential}, func(ch account.Challenge) account.Approval {
		a, err := young.device.Sign(credential, ch.Digest[:], rpID, origin)
		if err != nil {
			t.Fatal(err)
		}
		return account.Approval{Assertion: a}
	})
	propose, err := c.Call()
	if err != nil {
		t.Fatal(err)
	}
	stranger := newKey(t)
	give(t, net, crypto.PubkeyToAddress(stranger.PublicKey), milli(1_000))
	if err := transact(t, net, stranger, propose); err != nil {
		t.Fatal(err)
	}

	// 3. Two days later the chain stops, and starts again.
	if _, err := net.Skip(t.Context(), 2*day); err != nil {
		t.Fatal(err)
	}
	if err := net.Close(); err != nil {
		t.Fatal(err)
	}
	if net, err = listen(config); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	}()
	client = connect(t, net.URL(), net.URL())
	if state, err = guardian.At(t.Context(), client.Chain, at); err != nil {
		t.Fatal(err)
	}
	p := state.Proposals[0]
	if p == nil || p.Recovery == nil || p.Stage(state.Time) != guardian.Waiting || p.ReadyAt.Sub(state.Time) > day {
		t.Fatalf("after the restart, at %s: %+v", state.Time, p)
	}
	execute, err := guardian.Execute(*p.Recovery)
	if err != nil {
		t.Fatal(err)
	}
	if err := transact(t, net, stranger, execute); err == nil {
		t.Fatal("it is executed a day too early")
	}

	// 4. After the third day it is done, and only the new passkey is left.
	if _, err := net.Skip(t.Context(), day); err != nil {
		t.Fatal(err)
	}
	if err := transact(t, net, stranger, execute); err != nil {
		t.Fatal(err)
	}
	now, err := webauthn.At(t.Context(), client.Chain, at)
	if err != nil {
		t.Fatal(err)
	}
	if m := now.Members(); len(m) != 1 || m[0].Signer != r.NewSigner {
		t.Errorf("the signers are %v", m)
	}
	if _, err := now.Authority(webauthn.PasskeyApprover{Passkey: lost.acct.Members()[0].Signer, RPID: rpID, Origins: []string{origin}}); !errors.Is(err, webauthn.ErrNotMember) {
		t.Errorf("the lost passkey: %v", err)
	}
}

// answer has somebody sign what is collected.
func answer(t *testing.T, c *guardian.Collected, by guardian.Approver, sign func(account.Challenge) account.Approval) {
	t.Helper()
	request, err := guardian.Ask(by, c.Message(), c.ChainID())
	if err != nil {
		t.Fatal(err)
	}
	a, err := request.Finish(sign(request.Challenge()))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Add(a); err != nil {
		t.Fatal(err)
	}
}

// transact sends a call from an ordinary key and waits until it has succeeded. What the chain would refuse is not sent.
func transact(t *testing.T, net *devnet.Net, key *ecdsa.PrivateKey, call account.Call) error {
	t.Helper()
	from, node := crypto.PubkeyToAddress(key.PublicKey), net.Client()
	gas, err := node.EstimateGas(t.Context(), ethereum.CallMsg{From: from, To: &call.To, Data: call.Data})
	if err != nil {
		return err
	}
	nonce, err := node.PendingNonceAt(t.Context(), from)
	if err != nil {
		return err
	}
	tx, err := types.SignNewTx(key, types.LatestSignerForChainID(net.ChainID()), &types.DynamicFeeTx{ChainID: net.ChainID(), Nonce: nonce,
		GasTipCap: milli(0).SetInt64(1e9), GasFeeCap: milli(0).SetInt64(20e9), Gas: gas + gas/8, To: &call.To, Data: call.Data})
	if err != nil {
		return err
	}
	if err := node.SendTransaction(t.Context(), tx); err != nil {
		return err
	}
	return mined(t.Context(), net, tx.Hash())
}

// mined waits for a transaction's success.
func mined(ctx context.Context, net *devnet.Net, hash common.Hash) error {
	for {
		r, err := net.Client().TransactionReceipt(ctx, hash)
		switch {
		case err == nil && r.Status != types.ReceiptStatusSuccessful:
			return errors.New("the transaction failed")
		case err == nil: // the node may know the receipt a moment before the block is its latest
			if head, err := net.Client().BlockNumber(ctx); err != nil || head >= r.BlockNumber.Uint64() {
				return err
			}
		case !errors.Is(err, ethereum.NotFound):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
