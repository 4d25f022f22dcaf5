package session_test

import (
	"errors"
	"math/big"
	"os"
	"testing"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/internal/kernelstand"
)

// born is an account whose deployment installs a permission, with the permission's
// document, which nobody signed.
func born(t testing.TB, v kernel.Version, o owner, h holder, calls int) (*kernel.Account, *approval.Document) {
	t.Helper()
	p := must[kernel.Permission](t)(approval.ToPermission(limited(3), h.signer))
	plain := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: o.root}))
	c := kernel.Config{Version: v, Root: o.root}
	for _, call := range must[[]account.Call](t)(plain.InstallPermission(p, 1))[:calls] {
		c.Init = append(c.Init, call.Data)
	}
	acct := must[*kernel.Account](t)(kernel.New(c))
	d := must[*approval.Document](t)(approval.FromPermission(p, limited(3), acct, nil, approval.Options{ChainID: big.NewInt(31337), PreInstalled: true}))
	return acct, must[*approval.Document](t)(approval.Parse(must[[]byte](t)(d.Serialize())))
}

func TestAPermissionThatTheAccountIsBornWith(t *testing.T) {
	o, h := owners(t)[0], holders(t)[0]
	acct, d := born(t, kernel.V033, o, h, 2)
	f := newFake(31337, acct.Address())
	s := must[*session.Session](t)(session.Open(t.Context(), f, d, session.WithSigner(h.signer), session.WithMachineClock(at2026)))
	if st := status(t, s); st.State != session.Enabled || st.Deployed || st.Messages {
		t.Errorf("%+v", st)
	}
	if a := must[*session.Authority](t)(s.Authority(t.Context(), h.by)); a.Enables() {
		t.Error("it would be installed twice")
	}
	if _, err := s.SignHash(t.Context(), h.by, [32]byte{1}, asker); !isState(err, session.Enabled) {
		t.Error(err)
	}
	// An account that is born without it, or without its access, needs the owner.
	for _, calls := range []int{0, 1} {
		acct, d := born(t, kernel.V033, o, h, calls)
		_, err := session.Open(t.Context(), newFake(31337, acct.Address()), d, session.WithSigner(h.signer))
		if _, ok := errors.AsType[*session.ApprovalError](err); !ok {
			t.Errorf("%d calls: %v", calls, err)
		}
	}
}

// On the chain, where there is the code that gives access.
func TestAPermissionThatTheAccountIsBornWithIsUsedAtOnce(t *testing.T) {
	if os.Getenv(kernelstand.Variable) == "" {
		t.Skip("only Kernel 0.3.3's own code gives access, which the stand-ins do not have: set " + kernelstand.Variable)
	}
	b := newBench(t, devnet.Config{Rules: devnet.Osaka})
	for _, v := range []kernel.Version{kernel.V031, kernel.V032, kernel.V033} {
		o, h := owners(t)[0], holders(t)[0]
		acct, d := born(t, v, o, h, 2)
		b.fund(t, acct.Address())
		s := b.open(t, d, h)
		b.use(t, s, h, pay(1))
		if st := status(t, s); st.State != session.Enabled || st.Left.Policies[1].Count != 2 {
			t.Errorf("%s: %+v", v, st)
		}
	}
}
