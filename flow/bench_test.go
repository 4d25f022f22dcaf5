package flow_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
)

// BenchmarkVerify compares what a wallet does with a signed transaction, which is to encode it, to compute its id and to
// verify its passkey's signature, with the P-256 verification alone.
func BenchmarkVerify(b *testing.B) {
	s := flowtest.NewSigner("bench")
	key := flow.Passkey(s.Public(), 1000)
	tx := sponsored()
	tx.Payer = tx.ProposalKey.Address
	message, err := tx.Message(tx.Payer)
	if err != nil {
		b.Fatal(err)
	}
	usual := flowtest.WebAuthn()[0]
	signature, extension := usual.Make(s, message)
	one := flow.Signature{Address: tx.Payer, Signature: signature, Extension: extension}
	if err := tx.Sign(one); err != nil {
		b.Fatal(err)
	}
	b.Run("transaction", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if tx.ID() == (flow.Identifier{}) {
				b.Fatal("no id")
			}
			if err := tx.VerifySignature(one, flow.RolePayload, key, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	authData, client, err := flow.ParseExtension(extension)
	if err != nil {
		b.Fatal(err)
	}
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(authData, hash[:]...))
	r, v := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	public := s.Public().ECDSA()
	b.Run("P-256 alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !ecdsa.Verify(public, digest[:], r, v) {
				b.Fatal("not valid")
			}
		}
	})
}
