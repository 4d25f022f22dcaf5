package contracts_test

import (
	"encoding/base64"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
)

// longestClientData is the longest that a browser writes for the origin of these tests.
func longestClientData(hash common.Hash) []byte {
	return []byte(`{"type":"webauthn.get","challenge":"` + base64.RawURLEncoding.EncodeToString(hash[:]) +
		`","origin":"https://wallet.example","crossOrigin":false,"other_keys_can_be_added_here":` +
		`"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"}`)
}

// calldataGas is EIP-2028's price.
func calldataGas(b []byte) uint64 {
	zeros := 0
	for _, x := range b {
		if x == 0 {
			zeros++
		}
	}
	return uint64(16*len(b) - 12*zeros)
}

// On every path of the account, a stub is never cheaper to validate than a signature, and hardly dearer: on the path
// without a table than one without hints, on others than one with the hints that fit.
func TestStubsCostTheAccountWhatRealSignaturesCost(t *testing.T) {
	browser := seal.StubLimits{Origin: len("https://wallet.example"), TopOrigin: -1, PackageName: -1}
	for _, f := range []fork{prague, osaka} {
		paths := []seal.P256Path{seal.PathNone, 0x11, 0x12, 0x13, 0x14}
		if f == osaka {
			paths = []seal.P256Path{seal.PathPrecompile}
		}
		for _, path := range paths {
			p := newPasskey(t, "stub paths", seal.RequireUV)
			a := newAccount(t, f, equal(1, p.signer))
			if format, ok := path.Table(); ok {
				a.must(stranger, a.address, nil, a.pack("useTable", p.signer.Bytes(), byte(format)))
			}
			said, err := a.view(stranger, a.address, contracts.P256Path(p.signer.Bytes()))
			if b, perr := contracts.ParseP256Path(said); err != nil || perr != nil || seal.P256Path(b) != path {
				t.Fatalf("the account's path is %x, not %s: %v, %v", said, path, err, perr)
			}
			gas := func(approval seal.PosternApproval, hash common.Hash) uint64 {
				sig := sealed(t, approval)
				_, used, err := a.send(a.entryPoint(), a.address, nil, a.validateData(new(big.Int), hash, sig, new(big.Int)))
				if err != nil {
					t.Fatal(err)
				}
				return used + calldataGas(sig)
			}
			stub, err := seal.PosternPasskeyStub(p.signer, browser, path)
			if err != nil {
				t.Fatal(err)
			}
			var real, unhinted, stubs []uint64
			for i := range 20 {
				hash := common.BigToHash(big.NewInt(int64(i + 1)))
				parsed, err := seal.ParsePostern(p.fixed(authData(usualFlags), longestClientData(hash)))
				if err != nil {
					t.Fatal(err)
				}
				hinted := parsed[0].WithHints(path, hash)
				if len(sealed(t, hinted)) != len(sealed(t, stub)) {
					t.Fatalf("%s: the stub has %d bytes, a real signature %d", path, len(sealed(t, stub)), len(sealed(t, hinted)))
				}
				if !a.validates(hash, sealed(t, hinted)) || !a.validates(hash, sealed(t, parsed[0])) || a.validates(hash, sealed(t, stub)) {
					t.Fatalf("%s, %s: a signature refused or a stub accepted", f, path)
				}
				unhinted, real, stubs = append(unhinted, gas(parsed[0], hash)), append(real, gas(hinted, hash)), append(stubs, gas(stub, hash))
			}
			t.Logf("%s, %s: real %d to %d, without hints %d to %d, stub %d to %d", f, path, slices.Min(real), slices.Max(real),
				slices.Min(unhinted), slices.Max(unhinted), slices.Min(stubs), slices.Max(stubs))
			beside := real
			if path == seal.PathNone {
				beside = unhinted
			}
			if slices.Min(stubs) < slices.Max(real) || slices.Min(stubs) < slices.Max(beside) || 100*slices.Max(stubs) > 103*slices.Min(beside) {
				t.Errorf("%s, %s: outside of the bounds", f, path)
			}
		}
	}
}
