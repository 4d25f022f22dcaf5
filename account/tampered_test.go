package account_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/userop"
)

// tamper changes the operation of a saved file, and its hash so that it fits.
func tamper(t *testing.T, p *account.Prepared, ep userop.EntryPoint, change func(*userop.Op)) []byte {
	t.Helper()
	op := p.Op()
	change(op)
	hash, err := ep.Hash(op, big.NewInt(31337))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := ep.MarshalOp(op)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(saved, &m); err != nil {
		t.Fatal(err)
	}
	m["op"], m["hash"] = json.RawMessage(wire), hash
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What calls and summary do not show is checked against account and authority.
func TestResumeRefusesWhatNobodyPrepared(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.prepare(t, w)
	if _, err := account.Resume(tamper(t, p, userop.V08, func(*userop.Op) {}), w.client(), o.acct, o.auth); err != nil {
		t.Fatal(err)
	}
	a := newKeyAccount(t, userop.V08)
	kw := keyWorld(a)
	k, err := account.Prepare(t.Context(), kw.client(), a, a, anything, account.WithAuthorization(authorized(t, kw, a)))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*userop.Op)
		mine   bool // of the key's own account
		want   error
	}{
		"a nonce of another sequence": {change: func(op *userop.Op) { op.Nonce = new(big.Int).Lsh(big.NewInt(1), 64) }, want: account.ErrChanged},
		"another factory":             {change: func(op *userop.Op) { op.Factory = &friend }, want: account.ErrChanged},
		"other data for the factory":  {change: func(op *userop.Op) { op.FactoryData = []byte{1} }, want: account.ErrChanged},
		"nobody as paymaster":         {change: func(op *userop.Op) { op.Paymaster = &common.Address{}; op.Normalize() }, want: account.ErrNoPaymaster},
		"a call in place of a factory": {mine: true, want: account.ErrChanged,
			change: func(op *userop.Op) { op.FactoryData = []byte{1} }},
		"a factory for a key": {mine: true, want: account.ErrChanged,
			change: func(op *userop.Op) { op.Factory = &friend }},
	} {
		p, client, acct, auth := p, w.client(), account.Account(o.acct), account.Authority(o.auth)
		if c.mine {
			p, client, acct, auth = k, kw.client(), a, a
		}
		if _, err := account.Resume(tamper(t, p, userop.V08, c.change), client, acct, auth); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestANonceOfAnotherSequenceIsRefused(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	w.nonce = new(big.Int).Lsh(big.NewInt(7), 64)
	p, err := account.Prepare(t.Context(), w.client(), o.acct, o.auth, anything)
	e, ok := errors.AsType[*account.NonceError](err)
	if !ok || p != nil || e.Key.Sign() != 0 || e.Nonce.Cmp(w.nonce) != 0 || e.Hint() == "" {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestAPaymasterWithoutAnAddressIsRefused(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	c := w.client()
	c.Paymaster = &scripted{}
	if p, err := account.Prepare(t.Context(), c, o.acct, o.auth, anything); p != nil || !errors.Is(err, account.ErrNoPaymaster) {
		t.Errorf("got %v, %v", p, err)
	}
}

// A relaying key signs for the chain that was meant, whatever the node says later.
func TestARelayingKeySignsForOneChain(t *testing.T) {
	w, o := newWorld(), newOwner(t)
	p := o.sealed(t, w)
	relay := &account.Relayer{Node: (*worldChain)(w), Chain: (*worldChain)(w), Key: newKey(t)}
	if id, err := relay.ChainID(t.Context()); err != nil || id.Int64() != w.chainID {
		t.Fatal(id, err)
	}
	w.chainID = 1
	_, own := p.SelfRelay(t.Context(), (*worldChain)(w), newKey(t))
	_, sent := relay.Send(t.Context(), p.Op(), userop.V08)
	for _, err := range []error{own, sent} {
		if e, ok := errors.AsType[*account.WrongChainError](err); !ok || e.Want.Int64() != 31337 || e.Got.Int64() != 1 {
			t.Errorf("got %v", err)
		}
	}
}
