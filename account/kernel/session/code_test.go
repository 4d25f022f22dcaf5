package session_test

import (
	"errors"
	"testing"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
)

// The originals are known by their code; stand-ins are not taken for them.
func TestOtherCodeIsNotTakenForTheOriginal(t *testing.T) {
	b := newBench(t, devnet.Config{Rules: devnet.Osaka})
	o, h, ctx := owners(t)[0], holders(t)[1], t.Context()
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V031, Root: o.root}))
	s := b.grantTo(t, acct, o, h, limited(3))
	judge := func(what string, err error) {
		t.Helper()
		e, ok := errors.AsType[*kernel.CodeError](err)
		if b.stand.Real && err != nil || !b.stand.Real && (!ok || e.Missing) {
			t.Errorf("%s: %v", what, err)
		}
	}
	judge("an opened session", s.CheckCode(ctx))
	_, err := session.Open(ctx, b.chain, s.Document(), session.WithCodeCheck())
	judge("opening", err)
	_, err = session.NewPending(ctx, []session.Target{b.target(acct)}, o.by, h.signer, ending(until+1), session.CheckingCode())
	judge("granting", err)
}
