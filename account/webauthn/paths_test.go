package webauthn_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256hint"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// oracle is a chain of which nothing but calls is asked.
type oracle struct {
	account.Chain
	call func(to common.Address, data []byte) ([]byte, error)
}

func (o oracle) Call(_ context.Context, to common.Address, data []byte) ([]byte, error) {
	return o.call(to, data)
}

// Code is there where a chain is behind it.
func (o oracle) Code(ctx context.Context, addr common.Address) ([]byte, error) {
	if o.Chain == nil {
		return nil, nil
	}
	return o.Chain.Code(ctx, addr)
}

// probing is an oracle that knows whether it has P256VERIFY.
type probing struct {
	oracle
	has bool
	err error
}

func (p probing) HasP256(context.Context) (bool, error) { return p.has, p.err }

func word(b byte) []byte { return common.LeftPadBytes([]byte{b}, 32) }

func TestThePathOfEachPasskeyIsAsked(t *testing.T) {
	d1, d2 := newDevice(t, "one"), newDevice(t, "two")
	s1, s2, s3 := d1.signer(t, webauthn.FirstRule), d2.signer(t, 0), addressSigner(t, 1)
	acct := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V08), webauthn.Members(s1, s2, s3), 1, [32]byte{}))
	auth := must[*webauthn.Authority](t)(acct.Authority(d1.approver(s1), webauthn.KeyApprover{Address: s3.Address()}, d2.approver(s2)))
	says := func(a1, a2 []byte, err error) oracle {
		return oracle{call: func(to common.Address, data []byte) ([]byte, error) {
			switch {
			case to == acct.Address() && bytes.Equal(data, contracts.P256Path(s1.Bytes())):
				return a1, nil
			case to == acct.Address() && bytes.Equal(data, contracts.P256Path(s2.Bytes())):
				return a2, err
			}
			return nil, errors.New("nobody asked for this")
		}}
	}
	const no = byte(seal.PathPrecompile)
	for name, c := range map[string]struct {
		chain oracle
		want  []byte
	}{
		"two formats":         {says(word(0x11), word(0x14), nil), []byte{0x11, no, 0x14}},
		"none and precompile": {says(word(0), word(1), nil), []byte{0, no, 1}},
		"an unknown format":   {says(word(0x13), word(0x15), nil), []byte{0x13, no, no}},
		"a version of later":  {says(word(0x13), word(2), nil), []byte{0x13, no, no}},
		"garbage":             {says(word(0x12), bytes.Repeat([]byte{0xff}, 32), nil), []byte{0x12, no, no}},
		"half a word":         {says(word(0x12), make([]byte, 16), nil), []byte{0x12, no, no}},
		"two words":           {says(word(0x12), make([]byte, 64), nil), []byte{0x12, no, no}},
		"a revert":            {says(word(0), nil, &userop.Revert{}), []byte{0, no, no}},
		"a node that is down": {says(word(0), nil, context.DeadlineExceeded), []byte{0, no, no}},
	} {
		if got := auth.P256Paths(t.Context(), c.chain); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", name, got, c.want)
		}
	}
}

func TestAnAccountThatIsNotThereYetWillVerifyAsItsImplementation(t *testing.T) {
	dev := newDevice(t, "unborn")
	d := deployment(t, userop.V08)
	acct := must[*webauthn.Account](t)(webauthn.ForPasskey(d, dev.key, [32]byte{1}))
	auth := must[*webauthn.Authority](t)(acct.Authority(dev.approver(acct.Members()[0].Signer)))
	chain := func(implementation []byte) oracle {
		return oracle{call: func(to common.Address, data []byte) ([]byte, error) {
			if to == d.Implementation && bytes.Equal(data, contracts.AccountABI.Methods["hasPrecompile"].ID) {
				return implementation, nil
			}
			return nil, nil // no code
		}}
	}
	for name, c := range map[string]struct {
		chain account.Chain
		want  P
	}{
		"it has found P256VERIFY":        {probing{chain(word(1)), false, nil}, seal.PathPrecompile},
		"it has found none":              {probing{chain(word(0)), true, nil}, seal.PathNone},
		"not there, the chain has it":    {probing{chain(nil), true, nil}, seal.PathPrecompile},
		"not there, nor P256VERIFY":      {probing{chain(nil), false, nil}, seal.PathNone},
		"neither says":                   {probing{chain(word(7)), true, errors.New("down")}, seal.PathNone},
		"a chain that cannot be probed":  {chain(nil), seal.PathNone},
		"it says so, without the prober": {chain(word(1)), seal.PathPrecompile},
	} {
		if got := auth.P256Paths(t.Context(), c.chain); !bytes.Equal(got, []byte{byte(c.want)}) {
			t.Errorf("%s: %x, want %x", name, got, byte(c.want))
		}
		if got := acct.FirstPath(t.Context(), c.chain); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

type P = webauthn.P256Path

// allPaths are all there are.
var allPaths = []P{seal.PathNone, seal.PathPrecompile, P(p256table.Format512), P(p256table.Format1k), P(p256table.Format4k), P(p256table.Format16k)}

func TestApprovalsCarryTheHintsOfTheirPath(t *testing.T) {
	d1, d2 := newDevice(t, "hints"), newDevice(t, "more hints", softkey.WithQuirks(softkey.Quirks{AndroidPackageName: "com.android.chrome"}))
	key := must[*ecdsa.PrivateKey](t)(crypto.GenerateKey())
	s1, s2 := d1.signer(t, webauthn.FirstRule), d2.signer(t, 0)
	s3 := must[webauthn.Signer](t)(webauthn.Address(crypto.PubkeyToAddress(key.PublicKey)))
	acct := must[*webauthn.Account](t)(webauthn.New(deployment(t, userop.V08), webauthn.Members(s1, s2, s3), 2, [32]byte{}))
	bare := must[*webauthn.Authority](t)(acct.Authority(d1.approver(s1), d2.approver(s2), webauthn.KeyApprover{Address: s3.Address()}))
	for _, p1 := range allPaths {
		for _, p2 := range allPaths {
			auth := must[account.Authority](t)(bare.OnP256Paths([]byte{byte(p1), byte(p2), byte(seal.PathPrecompile)}))
			op := probeOp(t, acct)
			c := must[account.Challenge](t)(auth.Challenge(op, big.NewInt(1)))
			parts := make([]account.Approval, 3)
			for i, f := range []func(account.Challenge) (account.Approval, error){d1.approve, d2.approve, approveECDSA(key)} {
				parts[i] = must[account.Approval](t)(f(c.Parts[i]))
			}
			sig := must[[]byte](t)(auth.Seal(op, account.Approval{Parts: parts}))
			longer := 0
			for _, p := range []P{p1, p2} {
				if n := p.HintsLen(); n > 0 {
					longer += 1 + n
				}
			}
			if stub := auth.Stub(); len(sig) > len(stub) || len(stub) != len(bare.Stub())+longer {
				t.Errorf("%s and %s: %d bytes, the stub has %d, without hints %d", p1, p2, len(sig), len(stub), len(bare.Stub()))
			}
			seen := map[webauthn.Signer][]byte{}
			for _, a := range must[[]seal.PosternApproval](t)(seal.ParsePostern(sig)) {
				seen[a.Signer] = a.Hints
			}
			for i, w := range []struct {
				s webauthn.Signer
				p P
			}{{s1, p1}, {s2, p2}} {
				if want := hintsOf(t, w.s, w.p, parts[i]); !bytes.Equal(seen[w.s], want) {
					t.Errorf("%s and %s: hints %x, want %x", p1, p2, seen[w.s], want)
				}
			}
			if seen[s3] != nil {
				t.Error("a secp256k1 approval has hints")
			}
		}
	}
	for _, paths := range [][]byte{nil, {0}, {0, 0}, {0, 0, 0, 0}, {0, 2, 1}, {0, 0x15, 1}, {0xff, 0, 1}} {
		if a, err := bare.OnP256Paths(paths); err == nil || a != nil {
			t.Errorf("paths %x are taken", paths)
		}
	}
}

// hintsOf computes hints from the assertion, not from what was sealed.
func hintsOf(t *testing.T, s webauthn.Signer, p P, a account.Approval) []byte {
	t.Helper()
	x := a.Assertion
	client := sha256.Sum256(x.ClientData.Raw)
	h := sha256.Sum256(append(slices.Clone(x.AuthData.Raw), client[:]...))
	if p == seal.PathPrecompile {
		return nil
	}
	if p != seal.PathNone {
		w := must[[32]byte](t)(p256hint.Inverse(x.Signature.S))
		return w[:]
	}
	key, _, _ := s.Passkey()
	return must[p256hint.Hints](t)(p256hint.For(h, x.Signature.R, x.Signature.S, key.X(), key.Y())).Bytes()
}
