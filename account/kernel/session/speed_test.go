package session_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
	"github.com/postern-dev/postern/account/kernel/session"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

// five is a grant of five policies.
func five() grant.Grant {
	g := limited(3)
	g.Policies = append(g.Policies, &grant.Gas{Allowed: ether(1)})
	return g
}

// From the grant to the operation that is ready to be signed, without a network: what
// the owner and the session key themselves sign is not counted.
func BenchmarkGrantToOperation(b *testing.B) {
	for _, h := range holders(b) {
		b.Run(h.name, func(b *testing.B) {
			o := owners(b)[1]
			acct := must[*kernel.Account](b)(kernel.New(kernel.Config{Root: o.root}))
			f := newFake(31337, acct.Address())
			targets := []session.Target{{Chain: f, ChainID: big.NewInt(f.id), Account: acct}}
			clock := func() time.Time { return at2026() }
			var signed *account.Approval
			op := &userop.Op{
				Sender: acct.Address(), CallData: must[[]byte](b)(kernel.Execute(pay(1))),
				CallGasLimit: big.NewInt(1e5), VerificationGasLimit: big.NewInt(1e6), PreVerificationGas: big.NewInt(1e5),
				MaxFeePerGas: big.NewInt(1e9), MaxPriorityFeePerGas: big.NewInt(1e9),
			}
			b.ReportAllocs()
			for b.Loop() {
				p := must[*session.Pending](b)(session.NewPending(b.Context(), targets, o.by, h.signer, five(), session.WithClock(clock)))
				if signed == nil {
					a := must[account.Approval](b)(o.ask(p.Challenge()))
					signed = &a
				}
				docs := must[[]*approval.Document](b)(p.Finish(*signed))
				s := must[*session.Session](b)(session.Open(b.Context(), f, docs[0], session.WithMachineClock(clock)))
				auth := must[*session.Authority](b)(s.Authority(b.Context(), h.by))
				op.Nonce = new(big.Int).Lsh(auth.NonceKey(), 64)
				must[account.Challenge](b)(auth.Challenge(op, big.NewInt(f.id)))
			}
		})
	}
}

// An opened session's way to what has to be signed.
func BenchmarkOpenToOperation(b *testing.B) {
	r := runs(b)[0]
	f, _ := r.fake(b)
	op := must[*userop.Op](b)(userop.V07.UnmarshalOp(r.Ops[0].UserOperation))
	b.ReportAllocs()
	for b.Loop() {
		s := must[*session.Session](b)(r.open(b, f, r.Multi))
		auth := must[*session.Authority](b)(s.Authority(b.Context(), r.approver()))
		must[account.Challenge](b)(auth.Challenge(op, big.NewInt(r.ChainID)))
	}
}
