package journeys_test

import (
	"errors"
	"testing"
	"time"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// Client, chain and bundler stop after every step of an operation and come back:
// nothing is lost, nothing happens twice.
func TestRestartInTheMiddleOfAnOperation(t *testing.T) {
	dir := t.TempDir()
	var net *devnet.Net
	begin := func() account.Client {
		t.Helper()
		var err error
		// Blocks are made when told, so that it is known what is pending.
		if net, err = listen(devnet.Config{DataDir: dir, BlockTime: -time.Second}); err != nil {
			t.Fatal(err)
		}
		return connect(t, net.URL(), net.URL())
	}
	restart := func() account.Client {
		t.Helper()
		if err := net.Close(); err != nil {
			t.Fatal(err)
		}
		return begin()
	}
	mining := func(f func() error) error {
		done := make(chan error, 1)
		go func() { done <- f() }()
		for {
			select {
			case err := <-done:
				return err
			case <-time.After(20 * time.Millisecond):
				net.Mine()
			}
		}
	}
	c := begin()
	defer func() { net.Close() }()
	p := newPerson(t, userop.V08)
	if err := mining(func() error { return net.Faucet(t.Context(), p.acct.Address(), milli(200)) }); err != nil {
		t.Fatal(err)
	}
	resume := func(saved []byte, c account.Client) *account.Prepared {
		t.Helper()
		op, err := account.Resume(saved, c, p.acct, p.auth)
		if err != nil {
			t.Fatal(err)
		}
		return op
	}

	// 1. Prepared, then everything restarts.
	op := p.prepared(t, c)
	hash := op.Hash()
	op = resume(save(t, op), restart())
	if op.Sealed() || op.Hash() != hash {
		t.Fatal("another operation came back")
	}

	// 2. Approved, then everything restarts.
	p.seal(t, op)
	op = resume(save(t, op), restart())
	if !op.Sealed() {
		t.Fatal("the approval is lost")
	}

	// 3. Sent, and everything restarts before the answer was written down.
	before := save(t, op)
	if _, err := op.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	op = resume(before, restart())
	if _, err := op.Send(t.Context()); err != nil {
		t.Fatalf("sending again what is pending: %v", err)
	}

	// 4. Included, and everything restarts before the receipt was seen.
	if err := mining(func() error { _, err := op.Wait(t.Context()); return err }); err != nil {
		t.Fatal(err)
	}
	op = resume(before, restart())
	if _, err := op.Send(t.Context()); err != nil {
		t.Fatalf("sending again what is included: %v", err)
	}
	r, err := op.Wait(t.Context())
	if err != nil || !r.Success || r.UserOpHash != hash {
		t.Fatalf("%+v, %v", r, err)
	}

	// 5. It happened once.
	got, err := net.Client().BalanceAt(t.Context(), friend, nil)
	if err != nil || got.Cmp(milli(1)) != 0 {
		t.Errorf("the recipient holds %s wei (%v)", got, err)
	}
	if _, err := p.prepare(t, connect(t, net.URL(), net.URL()), milli(1000)); !errors.As(err, new(*account.InsufficientFundsError)) {
		t.Errorf("the account works no more: %v", err)
	}
}
