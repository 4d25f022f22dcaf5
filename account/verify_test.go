package account_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
)

func TestRecoverECDSA(t *testing.T) {
	key := newKey(t)
	want := crypto.PubkeyToAddress(key.PublicKey)
	digest := [32]byte(crypto.Keccak256([]byte("x")))
	sig, err := crypto.Sign(digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []byte{0, 27} {
		s := append([]byte(nil), sig...)
		s[64] += v
		if got, err := account.RecoverECDSA(digest, s); err != nil || got != want {
			t.Errorf("v %d: %s, %v", s[64], got, err)
		}
	}
	high := append([]byte(nil), sig...)
	n := crypto.S256().Params().N
	new(big.Int).Sub(n, new(big.Int).SetBytes(sig[32:64])).FillBytes(high[32:64])
	high[64] ^= 1
	for name, s := range map[string][]byte{
		"high s": high, "short": sig[:64], "long": append(append([]byte(nil), sig...), 0), "nothing": nil,
		"zeros": make([]byte, 65), "v 2": append(append([]byte(nil), sig[:64]...), 2), "v 29": append(append([]byte(nil), sig[:64]...), 29),
	} {
		if _, err := account.RecoverECDSA(digest, s); !errors.Is(err, account.ErrBadECDSA) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRecoverECDSA(f *testing.F) {
	f.Add(make([]byte, 65))
	f.Fuzz(func(t *testing.T, sig []byte) {
		a, err := account.RecoverECDSA([32]byte{1}, sig)
		if err != nil && a != (common.Address{}) {
			t.Error("a failed recovery returns an address")
		}
	})
}

func TestChallengesThatNameNoKeyAcceptNothing(t *testing.T) {
	key := newKey(t)
	sig, err := crypto.Sign(make([]byte, 32), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []account.Challenge{{}, {Kind: account.KindECDSA}, {Kind: account.KindWebAuthn}, {Kind: 9}} {
		for _, a := range []account.Approval{{}, {ECDSA: sig}, {Parts: []account.Approval{}}} {
			if err := c.Verify(a); err == nil {
				t.Errorf("%s accepts %+v", c.Kind, a)
			}
		}
	}
}

func TestPartsSignOneDigest(t *testing.T) {
	key := newKey(t)
	addr := crypto.PubkeyToAddress(key.PublicKey)
	part := account.Challenge{Digest: [32]byte{1}, Kind: account.KindECDSA, Address: addr}
	sig, err := crypto.Sign(part.Digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	a := account.Approval{Parts: []account.Approval{{ECDSA: sig}}}
	if err := (account.Challenge{Digest: part.Digest, Kind: account.KindSeveral, Parts: []account.Challenge{part}}).Verify(a); err != nil {
		t.Error(err)
	}
	if err := (account.Challenge{Digest: [32]byte{2}, Kind: account.KindSeveral, Parts: []account.Challenge{part}}).Verify(a); !errors.Is(err, account.ErrBadChallenge) {
		t.Errorf("a part with another digest: %v", err)
	}
	if err := (account.Challenge{Digest: part.Digest, Kind: account.KindSeveral, Parts: []account.Challenge{part, part}}).Verify(a); !errors.Is(err, account.ErrTooFewParts) {
		t.Errorf("fewer parts: %v", err)
	}
}

func TestEther(t *testing.T) {
	for want, wei := range map[string]*big.Int{
		"0": nil, "1": big.NewInt(1e18), "0.000000000000000001": big.NewInt(1), "1.5": big.NewInt(15e17), "-0.1": big.NewInt(-1e17), "1000": ether(1000),
	} {
		if got := account.Ether(wei); got != want {
			t.Errorf("Ether(%s) = %s, want %s", wei, got, want)
		}
	}
}
