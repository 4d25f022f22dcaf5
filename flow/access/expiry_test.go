package access_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/flowtest"
)

// signed is a transaction that leaves a number, ready to be sent.
func (w *world) signed(number int, by signs) *flow.Transaction {
	w.Helper()
	tx := w.of([]byte(note), [][]byte{flow.Int(int64(number)).JSON()}, by.account)
	if err := w.Prepare(w.Context(), tx); err != nil {
		w.Fatal(err)
	}
	w.sign(tx, by)
	return tx
}

// The emulator's limit is 600 blocks, without the 30 that access nodes keep back; ours is the same.
func TestExpiry(t *testing.T) {
	w := newWorld(t)
	user := flowtest.NewSigner("user")
	a, b := w.create(flow.Passkey(user.Public(), 1000)), w.create(flow.Passkey(user.Public(), 1000))
	last, late := w.signed(1, signs{account: a, key: 0, signer: user, how: usual}), w.signed(2, signs{account: b, key: 0, signer: user, how: usual})
	w.mine(flow.ExpiryBlocks)
	for _, tx := range []*flow.Transaction{last, late} {
		if err := w.CheckExpiry(t.Context(), tx); err != nil {
			t.Errorf("600 blocks later: %v", err)
		}
	}
	if _, err := w.Send(t.Context(), last); err != nil { // in a block of its own, the 601st
		t.Fatalf("600 blocks later: %v", err)
	}
	if _, err := w.Wait(t.Context(), last.ID()); err != nil || w.noted(a) != "1" {
		t.Errorf("600 blocks later: %v", err)
	}
	if err := w.CheckExpiry(t.Context(), late); !errors.Is(err, access.ErrExpired) {
		t.Errorf("601 blocks later we say %v", err)
	}
	if _, err := w.Send(t.Context(), late); !errors.Is(err, access.ErrExpired) {
		t.Errorf("601 blocks later the node says %v", err)
	}
	if r, err := w.Result(t.Context(), late.ID()); err != nil || r.Status != access.StatusUnknown || w.noted(b) != "-1" {
		t.Errorf("of the one that had expired: %+v, %v", r, err)
	}
	late.ReferenceBlock = flow.Identifier{1}
	if err := w.CheckExpiry(t.Context(), late); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a block that nobody knows: %v", err)
	}
	// Its sequence number is still to be had.
	if _, err := w.send(w.of([]byte(note), [][]byte{flow.Int(3).JSON()}, b), signs{account: b, key: 0, signer: user, how: usual}); err != nil || w.noted(b) != "3" {
		t.Errorf("built anew: %v", err)
	}
}

// Two transactions of one sequence number: one runs, the other says why it did not, and neither runs later.
func TestARaceForASequenceNumber(t *testing.T) {
	w := newWorld(t)
	user := flowtest.NewSigner("user")
	account := w.create(flow.Passkey(user.Public(), 1000))
	by := signs{account: account, key: 0, signer: user, how: usual}
	first, second := w.signed(1, by), w.signed(2, by)
	for _, tx := range []*flow.Transaction{first, second} {
		if _, err := w.Send(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Wait(t.Context(), first.ID()); err != nil {
		t.Errorf("the first: %v", err)
	}
	for range 2 { // sent again it is the same one, and has failed
		if _, err := w.Send(t.Context(), second); err != nil {
			t.Errorf("the second, again: %v", err)
		}
		if r, err := w.Wait(t.Context(), second.ID()); !errors.Is(err, access.ErrSequence) || r.ID != second.ID() || r.Code != 1007 {
			t.Errorf("the second: %+v, %v", r, err)
		}
	}
	if k, err := w.Key(t.Context(), account, 0); err != nil || k.SequenceNumber != 1 || w.noted(account) != "1" {
		t.Errorf("%+v, %v, noted %s", k, err, w.noted(account))
	}
	if w.emulator == nil {
		return // who is first is not the same in every run
	}
	node, err := access.New(w.emulator.URL)
	if err != nil {
		t.Fatal(err)
	}
	w = &world{T: t, Client: node, service: w.service, owner: w.owner, emulator: w.emulator}
	const racers = 8
	all, errs := make([]*flow.Transaction, racers), make([]error, racers)
	for i := range all {
		all[i] = w.signed(100+i, by)
	}
	var wg sync.WaitGroup
	for i, tx := range all {
		wg.Go(func() {
			if _, errs[i] = node.Send(t.Context(), tx); errs[i] == nil {
				_, errs[i] = node.Wait(t.Context(), tx.ID())
			}
		})
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case !errors.Is(err, access.ErrSequence):
			t.Errorf("racer %d: %v", i, err)
		}
	}
	if k, err := w.Key(t.Context(), account, 0); err != nil || won < 0 || k.SequenceNumber != 2 || w.noted(account) != fmt.Sprint(100+won) {
		t.Errorf("%d has won; %+v, %v, noted %s", won, k, err, w.noted(account))
	}
}
