package secp256k1_test

import (
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/flow/secp256k1"
)

func TestVerify(t *testing.T) {
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("flow/secp256k1")))
	if err != nil {
		t.Fatal(err)
	}
	public := [64]byte(crypto.FromECDSAPub(&key.PublicKey)[1:])
	digest := sha256.Sum256([]byte("message"))
	b, err := crypto.Sign(digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	low := [64]byte(b[:64])
	n := crypto.S256().Params().N
	with := func(s *big.Int) (out [64]byte) {
		out = low
		s.FillBytes(out[32:])
		return out
	}
	high := with(new(big.Int).Sub(n, new(big.Int).SetBytes(low[32:])))
	if !secp256k1.Verify(public, low, digest) || !secp256k1.Verify(public, high, digest) {
		t.Error("a good signature is refused")
	}
	swapped := [64]byte(append(append([]byte{}, low[32:]...), low[:32]...))
	for name, s := range map[string][64]byte{"s = 0": with(new(big.Int)), "s = n": with(n), "zeros": {}, "swapped": swapped} {
		if secp256k1.Verify(public, s, digest) {
			t.Errorf("%s is taken", name)
		}
	}
	for i := range 64 {
		other := public
		other[i] ^= 1
		if secp256k1.Verify(other, low, digest) {
			t.Errorf("byte %d of the key is not looked at", i)
		}
		changed := low
		changed[i] ^= 1
		if secp256k1.Verify(public, changed, digest) {
			t.Errorf("byte %d of the signature is not looked at", i)
		}
	}
	if secp256k1.Verify([64]byte{}, low, digest) {
		t.Error("no key is taken")
	}
	// A key whose signature of the digest has s = 1: with the nonce 1, d = (1 - z)/r. Written as s = n + 1 it is none.
	r := crypto.S256().Params().Gx
	d := new(big.Int).Sub(big.NewInt(1), new(big.Int).SetBytes(digest[:]))
	d.Mul(d, new(big.Int).ModInverse(r, n)).Mod(d, n)
	if key, err = crypto.ToECDSA(d.FillBytes(make([]byte, 32))); err != nil {
		t.Fatal(err)
	}
	public = [64]byte(crypto.FromECDSAPub(&key.PublicKey)[1:])
	for s, want := range map[*big.Int]bool{big.NewInt(1): true, new(big.Int).Add(n, big.NewInt(1)): false} {
		var signature [64]byte
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		if got := secp256k1.Verify(public, signature, digest); got != want {
			t.Errorf("s = %x: %v", s, got)
		}
	}
}
