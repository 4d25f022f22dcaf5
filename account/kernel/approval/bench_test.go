package approval_test

import (
	"math/big"
	"testing"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/account/kernel/approval"
)

// The document of five policies that worked on the real contracts, with the whole
// interface of an ERC-20 token in it, 6 KB.
func BenchmarkFivePolicies(b *testing.B) {
	r := realDocuments(b)[1]
	text := []byte(r.Single)
	b.Run("parse and serialize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d, err := approval.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := d.Serialize(); err != nil {
				b.Fatal(err)
			}
		}
	})
	d := must(must(approval.Parse(text)).WithContext(approval.Context{Version: r.Version, Signer: kernel.Signer{Contract: r.Signer, Data: r.SignerData}}))
	b.Run("permission", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := d.Permission(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("enable and verify", func(b *testing.B) {
		owner := must(d.Owner())
		for b.Loop() {
			e := must(d.Enable(big.NewInt(r.ChainID), 1))
			if err := d.Verify(e, owner); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFromPermission(b *testing.B) {
	o := owners(b)[0]
	a, g := o.account(b, kernel.V033), five(b)
	d := o.grantFor(b, a, g, kernel.ECDSASigner(a.Address()), approval.Options{}, 1)[0]
	p, _, err := d.Permission()
	if err != nil {
		b.Fatal(err)
	}
	sig := d.Fields().EnableSignature
	for b.Loop() {
		if _, err := approval.FromPermission(p, g, a, sig, approval.Options{ChainID: big.NewInt(1), Nonce: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
