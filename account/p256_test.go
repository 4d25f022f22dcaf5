package account_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
	"testing"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/passkey"
)

// signP256 signs sha256(digest) with a low s.
func signP256(t *testing.T, key *ecdsa.PrivateKey, digest []byte) passkey.Signature {
	t.Helper()
	sum := sha256.Sum256(digest)
	der, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig, err := passkey.ParseDER(der)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func newP256(t *testing.T) (*ecdsa.PrivateKey, passkey.PublicKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := passkey.ParseSEC1(raw)
	if err != nil {
		t.Fatal(err)
	}
	return key, pub
}

func TestRawP256Approvals(t *testing.T) {
	key, pub := newP256(t)
	stranger, _ := newP256(t)
	digest := [32]byte{1, 2, 3}
	c := account.Challenge{Kind: account.KindP256, Digest: digest, Key: pub}
	good := signP256(t, key, digest[:])
	of := func(s passkey.Signature) account.Approval { return account.Approval{P256: &s} }
	if err := c.Verify(of(good)); err != nil {
		t.Fatal(err)
	}
	if c.Kind.String() != "p256" || of(good).IsZero() {
		t.Error("the kind has no name, or the approval is none")
	}
	high, zero, large := good, good, good
	new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(good.S[:])).FillBytes(high.S[:])
	zero.R = [32]byte{}
	large.R = [32]byte(elliptic.P256().Params().N.Bytes())
	flipped := good
	flipped.R[31] ^= 1
	sum := sha256.Sum256(digest[:])
	for name, x := range map[string]struct {
		a     account.Approval
		cause error
	}{
		"another key":        {of(signP256(t, stranger, digest[:])), account.ErrWrongSigner},
		"another digest":     {of(signP256(t, key, make([]byte, 32))), account.ErrWrongSigner},
		"hashed once more":   {of(signP256(t, key, sum[:])), account.ErrWrongSigner},
		"a flipped bit":      {of(flipped), account.ErrWrongSigner},
		"a high s":           {of(high), account.ErrBadP256},
		"r of zero":          {of(zero), account.ErrBadP256},
		"r of the order":     {of(large), account.ErrBadP256},
		"the wrong kind":     {account.Approval{ECDSA: make([]byte, 65)}, account.ErrWrongKind},
		"nothing":            {account.Approval{}, account.ErrWrongKind},
		"an answer too many": {account.Approval{P256: &good, ECDSA: make([]byte, 65)}, nil},
		"several instead":    {account.Approval{Parts: []account.Approval{of(good)}}, account.ErrWrongKind},
	} {
		err := c.Verify(x.a)
		if e, ok := errors.AsType[*account.ApprovalError](err); !ok || x.cause != nil && !errors.Is(err, x.cause) || e.Who == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, other := range map[string]account.Challenge{
		"no key":         {Kind: account.KindP256, Digest: digest},
		"an ECDSA key":   {Kind: account.KindECDSA, Digest: digest, Address: friend},
		"an assertion":   {Kind: account.KindWebAuthn, Digest: digest, Key: pub},
		"another digest": {Kind: account.KindP256, Key: pub},
	} {
		if err := other.Verify(of(good)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	several := account.Challenge{Kind: account.KindSeveral, Digest: digest, Parts: []account.Challenge{c, c}}
	if err := several.Verify(account.Approval{Parts: []account.Approval{of(good), {}}}); err != nil {
		t.Errorf("as one of several: %v", err)
	}
}
