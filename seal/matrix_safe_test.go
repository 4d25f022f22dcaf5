package seal_test

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// A Safe whose owners are passkeys' signer contracts, at these addresses.
var (
	safeMain  = common.HexToAddress("0x1111111111111111111111111111111111111111")
	safeOther = common.HexToAddress("0x2222222222222222222222222222222222222222")
)

// safeListCases are lists of signatures that a Safe is given.
func (t *bench) safeListCases() []matrixCase {
	by := func(d *device, owner common.Address) seal.SafeOwnerSignature {
		b, err := seal.SafeWebAuthn(d.assertion(t.hash[:], softkey.Quirks{}))
		if err != nil {
			t.Fatal(err)
		}
		return seal.SafeOwnerSignature{Owner: owner, Signature: b}
	}
	list := func(s ...seal.SafeOwnerSignature) []byte {
		b, err := seal.SafeSignatures(s...)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	change := func(b []byte, f func([]byte)) []byte {
		b = bytes.Clone(b)
		f(b)
		return b
	}
	main, other := by(t.main, safeMain), by(t.other, safeOther)
	one, two := list(main), list(other, main)
	disorder := change(two, func(b []byte) { // the entries change places, each with its offset
		first := bytes.Clone(b[:65])
		copy(b, b[65:130])
		copy(b[65:], first)
	})
	twice := change(two, func(b []byte) { copy(b[65:], b[:65]) })
	var out []matrixCase
	for _, c := range []struct {
		name            string
		owners          int
		sig             []byte
		contract, local string
	}{
		{"made by seal: one owner", 1, one, "accepts", "accepts"},
		{"made by seal: two owners", 2, two, "accepts", "accepts"},
		{"owners in disorder", 2, disorder, "refuses", string(seal.ErrEncoding)},
		{"one owner twice", 2, twice, "refuses", string(seal.ErrEncoding)},
		{"the other's signature", 1, list(by(t.other, safeMain)), "refuses", string(passkey.ErrSignature)},
		{"no owner of the Safe", 1, list(by(t.main, common.Address{0x33})), "refuses", string(passkey.ErrCredential)},
		{"an offset into the list", 1, change(one, func(b []byte) { b[63] = 0 }), "refuses", string(seal.ErrEncoding)},
		{"an offset behind the end", 1, change(one, func(b []byte) { b[61] = 1 }), "refuses", string(seal.ErrEncoding)},
		{"truncated by a word", 1, one[:len(one)-32], "refuses", string(seal.ErrTruncated)},
		{"64 bytes", 1, one[:64], "refuses", string(seal.ErrTruncated)},
		{"padded by a word", 1, append(bytes.Clone(one), make([]byte, 32)...), "accepts", string(seal.ErrTrailing)},
	} {
		out = append(out, matrixCase{Layout: "safe-signatures", Name: c.name, Owners: c.owners, UV: "required", Hash: t.hash,
			Signature: c.sig, Contract: c.contract, Local: c.local})
	}
	return out
}

func (t *bench) verifySafeList(c *matrixCase) error {
	list, err := seal.ParseSafeSignatures(c.Signature)
	if err != nil {
		return err
	}
	for _, o := range list {
		keys := map[common.Address]passkey.PublicKey{safeMain: t.main.cred.Key, safeOther: t.other.cred.Key}
		key, ok := keys[o.Owner]
		if !ok {
			return passkey.ErrCredential
		}
		s, err := seal.ParseSafeWebAuthn(o.Signature)
		if err != nil {
			return err
		}
		a, err := s.Assertion(c.Hash)
		if err != nil {
			return err
		}
		if err := a.Verify(key, c.rule()); err != nil {
			return err
		}
	}
	return nil
}
