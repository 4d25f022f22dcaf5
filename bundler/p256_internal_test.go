package bundler

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
	"testing"
)

func TestTheProbesSignatures(t *testing.T) {
	verify := func(b []byte) bool {
		n := func(i int) *big.Int { return new(big.Int).SetBytes(b[32*i : 32*i+32]) }
		k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, b[96:]...))
		if err != nil {
			t.Fatal(err)
		}
		return ecdsa.Verify(k, b[:32], n(1), n(2))
	}
	if !verify(p256Good) || verify(p256Bad) {
		t.Error("good must be good and bad bad")
	}
	s := new(big.Int).SetBytes(p256Good[64:96])
	if s.Cmp(new(big.Int).Rsh(elliptic.P256().Params().N, 1)) > 0 {
		t.Error("s is high")
	}
}
