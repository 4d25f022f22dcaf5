package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow"
	"github.com/postern-dev/postern/flow/flowtest"
	"github.com/postern-dev/postern/flow/secp256k1"
	"github.com/postern-dev/postern/passkey"
)

// A passkey with ES256K, elsewhere: its registration makes an account's key, and its answer signs.
func TestFlowTakesES256K(t *testing.T) {
	secret, err := crypto.ToECDSA(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	device := flowtest.ES256K{Public: [64]byte(crypto.FromECDSAPub(&secret.PublicKey)[1:]), Signer: flowtest.Elsewhere(func(digest [32]byte) []byte {
		b, err := crypto.Sign(digest[:], secret)
		if err != nil {
			t.Fatal(err)
		}
		return b[:64]
	})}
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	created := file("created.json", device.Create([]byte(passkey.WalletChallenge)))
	keys, err := flowKeysOn("secp256k1", []string{created, hex.EncodeToString(device.Public[:])}, 1000)
	if err != nil || len(keys) != 2 || keys[0] != keys[1] || keys[0].Public != device.Public || keys[0].Curve != flow.Secp256k1 || keys[0].Hash != flow.SHA2 {
		t.Fatalf("%+v, %v", keys, err)
	}
	if _, err := flowKeysOn("p256", []string{created}, 1000); !errors.Is(err, passkey.ErrAlgorithm) {
		t.Errorf("where nobody asked for ES256K: %v", err)
	}

	node, client, tx := sending(t)
	node.accounts[flowService] = []flow.AccountKey{flow.Passkey(flowtest.NewSigner("decoy").Public(), 1000), keys[0]}
	node.accounts[flowService][1].Index = 1
	for _, high := range []bool{false, true} {
		tx.EnvelopeSignatures = nil
		challenge, err := tx.Challenge(flowService)
		if err != nil {
			t.Fatal(err)
		}
		s, err := openFlowAnswer(&call{}, flowService.String()+"="+file("answer.json", device.Get(challenge, high)))
		if err != nil {
			t.Fatal(err)
		}
		if err := signFlow(t.Context(), client, tx, s); err != nil {
			t.Fatal(err)
		}
		if one := tx.EnvelopeSignatures[0]; one.KeyIndex != 1 || tx.VerifySignature(one, flow.RoleEnvelope, keys[0], secp256k1.Verify) != nil {
			t.Errorf("%+v", one)
		}
		challenge[0] ^= 1
		if s, err = openFlowAnswer(&call{}, flowService.String()+"="+file("other.json", device.Get(challenge, high))); err != nil {
			t.Fatal(err)
		}
		tx.EnvelopeSignatures = nil
		if err := signFlow(t.Context(), client, tx, s); !errors.Is(err, flow.ErrChallenge) || len(tx.EnvelopeSignatures) != 0 {
			t.Errorf("the answer to another challenge: %v", err)
		}
	}
}
