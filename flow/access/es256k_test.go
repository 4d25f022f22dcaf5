package access_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/access"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/flow/secp256k1"
	"github.com/postern-dev/postern/passkey"
)

// es256k is a key on secp256k1 that signs as an authenticator with ES256K does.
func es256k(t *testing.T, name string) (*flowtest.Signer, flow.AccountKey) {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("postern flowtest " + name)))
	if err != nil {
		t.Fatal(err)
	}
	signer := flowtest.Elsewhere(func(digest [32]byte) []byte {
		b, err := crypto.Sign(digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
		return b[:64]
	})
	public := [64]byte(crypto.FromECDSAPub(&key.PublicKey)[1:])
	return signer, flow.AccountKey{Public: public, Curve: flow.Secp256k1, Hash: flow.SHA2, Weight: flow.WeightThreshold}
}

// From the authenticator's replies to a sealed transaction, where the wallet has asked for ES256K.
func TestES256K(t *testing.T) {
	w := newWorld(t)
	user, want := es256k(t, "es256k")
	device := flowtest.ES256K{Signer: user, Public: want.Public}
	mode := passkey.WalletMode{ES256K: true}
	_, registered, err := mode.Read(device.Create([]byte(passkey.WalletChallenge)), flowtest.RPID, flowtest.Origin)
	key := flow.Registered(registered, flow.WeightThreshold)
	if err != nil || key != want {
		t.Fatalf("%+v, %v", key, err)
	}
	account := w.create(key)
	if found, err := w.Key(t.Context(), account, 0); err != nil || found.Fits() != nil || found.Public != key.Public || found.Curve != flow.Secp256k1 {
		t.Fatalf("%+v, %v", found, err)
	}
	policy := flow.Policy{Assertion: passkey.Rule{RPID: flowtest.RPID, Origins: []string{flowtest.Origin}}, Secp256k1: secp256k1.Verify}
	for i := range 2 {
		tx := w.of([]byte(note), [][]byte{flow.Int(int64(i)).JSON()}, account)
		if err := w.Prepare(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		message, err := tx.Message(account)
		if err != nil {
			t.Fatal(err)
		}
		challenge, err := tx.Challenge(account)
		if err != nil {
			t.Fatal(err)
		}
		a, signature, err := passkey.ParseES256K(device.Get(challenge, i == 1))
		if err != nil {
			t.Fatal(err)
		}
		s := flow.Signature{Address: account, Signature: signature[:], Extension: flow.Extension(a.AuthData.Raw, a.ClientData.Raw)}
		if err := policy.Verify(s, message, key); err != nil {
			t.Fatal(err)
		}
		if err := flow.Verify(s, message, key, nil); !errors.Is(err, flow.ErrCurve) {
			t.Errorf("without a verifier: %v", err)
		}
		if err := tx.Sign(s); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Wait(t.Context(), tx.ID()); err != nil || w.noted(account) != fmt.Sprint(i) {
			t.Errorf("%v, noted %s", err, w.noted(account))
		}
	}
}

// The cases of the sheet, with a key on secp256k1: the same are taken.
func TestNodesTakeTheSameOfES256K(t *testing.T) {
	w := newWorld(t)
	user, key := es256k(t, "es256k cases")
	account := w.create(key)
	cases := slices.DeleteFunc(append(flowtest.WebAuthn(), flowtest.Plain()...), func(c flowtest.Case) bool {
		return c.Name == "high s" // of P-256
	})
	cases = append(cases, flowtest.Case{Name: "high s of secp256k1", Make: func(s *flowtest.Signer, message []byte) ([]byte, []byte) {
		signature, extension := usual.Make(s, message)
		v := new(big.Int).SetBytes(signature[32:])
		v.Sub(crypto.S256().Params().N, v).FillBytes(signature[32:])
		return signature, extension
	}})
	for i, c := range cases {
		tx := w.of([]byte(note), [][]byte{flow.Int(int64(i)).JSON()}, account)
		_, err := w.send(tx, signs{account: account, key: 0, signer: user, how: c})
		own := tx.VerifySignature(tx.EnvelopeSignatures[0], flow.RoleEnvelope, key, secp256k1.Verify)
		if !errors.Is(own, c.Cause) || (own == nil) != (c.Cause == nil) {
			t.Errorf("%s: package flow says %v", c, own)
		}
		if (err == nil) != (c.Cause == nil) || errors.Is(err, access.ErrSignature) != (c.Cause == flow.ErrSignature) {
			t.Errorf("%s: the node says %v", c, err)
		}
	}
}
