package contracts_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestValidationKeepsTheRulesOfERC7562(t *testing.T) {
	for _, f := range []fork{osaka, prague, cancun} {
		a, hash, signatures := everySignature(t, f)
		for name, sig := range signatures {
			t.Run(string(f)+"/"+name, func(t *testing.T) {
				for _, h := range []common.Hash{hash, opHash("wrong")} {
					trace := a.watch(a.entryPoint(), common.Address{}, func() {
						a.must(a.entryPoint(), a.address, nil, a.validateData(new(big.Int), h, sig, big.NewInt(1)))
					})
					for _, fault := range trace.faults {
						t.Error(fault)
					}
					// 0x100 is called where it answers, and nowhere else; not at all for a secp256k1 key.
					if want := f == osaka && name != "secp256k1"; trace.called(p256Verify) != want {
						t.Errorf("0x100 called: %t", !want)
					}
					for contract, accesses := range trace.storage {
						if contract != a.address {
							t.Errorf("storage of %s touched", contract)
						}
						for _, access := range accesses {
							if strings.HasPrefix(access, "w") {
								t.Errorf("validation writes: %s", access)
							}
						}
					}
					if n := len(trace.storage[a.address]); n > 9 {
						t.Errorf("%d storage accesses", n)
					}
				}
			})
		}
	}
}

func TestCreationKeepsTheRulesOfERC7562(t *testing.T) {
	for _, f := range []fork{osaka, prague} {
		w := newWorld(t, f)
		d := w.install(userop.V08)
		verifier, _ := w.deploy("HashVerifier")
		other, err := seal.ParseSigner(append(verifier.Bytes(), "key"...))
		if err != nil {
			t.Fatal(err)
		}
		params := equal(2, newPasskey(t, "create", seal.RequireUV).signer, addressSigner(t, addr("no code")), other)
		account, err := d.Address(params)
		if err != nil {
			t.Fatal(err)
		}
		data, err := d.CreateAccount(params)
		if err != nil {
			t.Fatal(err)
		}
		trace := w.watch(common.Address{}, account, func() { w.must(stranger, d.Factory, nil, data) })
		for _, fault := range trace.faults {
			t.Errorf("%s: %s", f, fault)
		}
		if trace.called(p256Verify) {
			t.Errorf("%s: 0x100 called", f)
		}
		for contract := range trace.storage {
			if contract != account {
				t.Errorf("%s: storage of %s touched", f, contract)
			}
		}
	}
}

func TestStubTakesTheWholeWayOfARealSignature(t *testing.T) {
	for _, f := range []fork{osaka, prague} {
		one, two := newPasskey(t, "s1", seal.RequireUV), newPasskey(t, "s2", 0x15)
		key := newECDSA(t, "s3")
		a := newAccount(t, f, equal(3, one.signer, two.signer, addressSigner(t, key.address)))
		hash := opHash("stub")
		real2 := two.fixed(authData(0x1d), standardClientData(hash))
		genuine := join(t, one.approve(hash), real2, sealed(t, key.approval(hash)))

		var stubs []seal.PosternApproval
		for _, p := range []*rawPasskey{one, two} {
			stub, err := seal.PosternPasskeyStub(p.signer, seal.StubLimits{}, seal.PathPrecompile)
			if err != nil {
				t.Fatal(err)
			}
			stubs = append(stubs, stub)
		}
		stub, err := seal.PosternECDSAStub(key.address)
		if err != nil {
			t.Fatal(err)
		}
		fake := sealed(t, append(stubs, stub)...)

		gas := func(sig []byte) uint64 {
			_, used, err := a.send(a.entryPoint(), a.address, nil, a.validateData(new(big.Int), hash, sig, new(big.Int)))
			if err != nil {
				t.Fatal(err)
			}
			return used
		}
		if !a.validates(hash, genuine) || a.validates(hash, fake) {
			t.Fatalf("%s: genuine refused or stub accepted", f)
		}
		if g, s := gas(genuine), gas(fake); s < g || len(fake) < len(genuine) {
			t.Errorf("%s: stub takes %d gas and %d bytes, a real signature %d and %d", f, s, len(fake), g, len(genuine))
		} else {
			t.Logf("%s: stub %d gas, real %d", f, s, g)
		}
	}
}

func TestPlainArithmeticNeverCostsMoreThanTheStub(t *testing.T) {
	p := newPasskey(t, "plain", seal.RequireUV)
	a := newAccount(t, prague, equal(1, p.signer))
	stub, err := seal.PosternPasskeyStub(p.signer, seal.StubLimits{}, seal.PathPrecompile)
	if err != nil {
		t.Fatal(err)
	}
	gas := func(h common.Hash, sig []byte) uint64 {
		_, used, err := a.send(a.entryPoint(), a.address, nil, a.validateData(new(big.Int), h, sig, new(big.Int)))
		if err != nil {
			t.Fatal(err)
		}
		return used
	}
	var all []uint64
	most := gas(opHash("plain"), sealed(t, stub))
	for i := range 100 {
		h := common.BigToHash(big.NewInt(int64(i)))
		all = append(all, gas(h, p.approve(h)))
	}
	t.Logf("plain arithmetic: %d to %d, stub %d", slices.Min(all), slices.Max(all), most)
	if slices.Max(all) > most {
		t.Errorf("a real signature took %d gas, the stub %d", slices.Max(all), most)
	}
}
