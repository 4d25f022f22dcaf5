package seal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/passkey/softkey"
	"github.com/postern-dev/postern/seal"
)

// calldata is what bytes cost in a transaction: 16 gas, or 4 for a zero (EIP-2028;
// EIP-7623 keeps the ratio).
func calldata(b []byte) int { return 16*len(b) - 12*bytes.Count(b, []byte{0}) }

// A signature within the limits is never longer than the stub and never costs
// more calldata, whatever the lengths of its parts: they decide about padding,
// and about zero bytes in the words that hold offsets.
func TestStubsNeverCostLess(t *testing.T) {
	b := newBench(t)
	id := common.Hash(bytes.Repeat([]byte{7}, 32))
	abi := map[string]func(seal.StubLimits) ([]byte, error){
		"metamask":       func(l seal.StubLimits) ([]byte, error) { return seal.MetaMaskWebAuthnStub(id, l) },
		"coinbase":       func(l seal.StubLimits) ([]byte, error) { return seal.CoinbaseStub(1, l) },
		"openzeppelin":   seal.OpenZeppelinWebAuthnStub,
		"solady":         seal.SoladyWebAuthnStub,
		"solady-compact": seal.SoladyWebAuthnCompactStub,
		"safe":           seal.SafeWebAuthnStub,
		"kernel":         func(l seal.StubLimits) ([]byte, error) { return seal.KernelWebAuthnStub(true, l) },
	}
	for _, android := range []bool{false, true} {
		for n := 0; n < 140; n++ {
			limits := seal.StubLimits{Origin: len("https://") + n, TopOrigin: -1, PackageName: -1}
			quirks := []softkey.Quirks{{}, {ExtraMember: true}, {NoCrossOrigin: true}}
			if android {
				name := "com." + strings.Repeat("x", 1+n%37)
				limits.PackageName = len(name)
				quirks = append(quirks, softkey.Quirks{AndroidPackageName: name}, softkey.Quirks{AndroidPackageName: name, ReverseMembers: true},
					softkey.Quirks{AndroidPackageName: name, ReverseMembers: true, ExtraMember: true})
			}
			from := "https://" + strings.Repeat("o", n)
			for layout, stub := range abi {
				sealed := layouts[layout].seal
				if layout == "kernel" { // whose contract is in no registry, and not in the matrix
					sealed = sealBare(func(a *passkey.Assertion) ([]byte, error) {
						return seal.KernelWebAuthn(seal.KernelSignature{Assertion: a, UsePrecompiled: true})
					})
				}
				worst, err := stub(limits)
				if err != nil {
					t.Fatal(err)
				}
				for i, q := range quirks {
					if (layout == "safe" || layout == "kernel") && i > 2 {
						continue
					}
					b.main.auth.SetQuirks(q)
					a, err := b.main.auth.Sign(b.main.cred.ID, b.hash[:], rpID, from)
					if err != nil {
						t.Fatal(err)
					}
					real, err := sealed(id, a)
					if err != nil {
						t.Fatal(err)
					}
					if len(real) > len(worst) || calldata(real) > calldata(worst) {
						t.Fatalf("%s, origin of %d, %+v: %d bytes and %d gas against the stub's %d and %d",
							layout, n, q, len(real), calldata(real), len(worst), calldata(worst))
					}
				}
			}
		}
	}
}

// The same where nothing of the real signature is free: every byte that can be
// other than zero is, and the cut is anywhere.
func TestTheMetaMaskStubCoversEveryCut(t *testing.T) {
	const fields = `"type":"webauthn.get"`
	for total := 40; total < 140; total++ {
		limits := seal.StubLimits{Origin: total, TopOrigin: -1, PackageName: 1}
		worst, err := seal.MetaMaskWebAuthnStub(common.Hash{1}, limits)
		if err != nil {
			t.Fatal(err)
		}
		_, suffix, ok := strings.Cut(string(worst), fields)
		if !ok || suffix == "" {
			t.Fatal("the stub has no type")
		}
		length := clientDataLen(t, worst) - 8 - 32 // what the limits allow, without the stub's slack
		for front := 0; front+len(fields)+14+1 <= length-43; front++ {
			prefix := "{" + strings.Repeat("x", front) + fields + `,"challenge":"`
			rest := length - 43 - len(prefix) - 1
			if rest < 0 {
				break
			}
			s := seal.MetaMaskSignature{
				Kind: seal.MetaMaskKindWebAuthn, KeyID: common.Hash{1}, RequireUV: true, TypeIndex: front + 1,
				Signature: worstSignature(t, worst), AuthData: append(bytes.Repeat([]byte{9}, 32), 0x1d, 9, 9, 9, 9),
				Prefix: []byte(prefix), Suffix: []byte(`"` + strings.Repeat("y", rest)),
			}
			real, err := s.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if len(real) > len(worst) || calldata(real) > calldata(worst) {
				t.Fatalf("total %d, cut at %d: %d bytes and %d gas against %d and %d", total, len(prefix), len(real), calldata(real), len(worst), calldata(worst))
			}
		}
	}
}

func clientDataLen(t *testing.T, sig []byte) int {
	t.Helper()
	s, err := seal.ParseMetaMask(sig)
	if err != nil {
		t.Fatal(err)
	}
	return len(s.Prefix) + 43 + len(s.Suffix)
}

func worstSignature(t *testing.T, sig []byte) passkey.Signature {
	t.Helper()
	s, err := seal.ParseMetaMask(sig)
	if err != nil {
		t.Fatal(err)
	}
	return s.Signature
}

func TestStubsRefuseAbsurdLimits(t *testing.T) {
	for name, limits := range map[string]seal.StubLimits{
		"authenticator data": {AuthData: 256}, "huge authenticator data": {AuthData: 1 << 60}, "origin": {Origin: 70_000}, "huge origin": {Origin: 1 << 60}, "top origin": {TopOrigin: 70_000}, "package": {PackageName: 70_000},
	} {
		if b, err := seal.MetaMaskWebAuthnStub(common.Hash{}, limits); err == nil || b != nil {
			t.Errorf("%s: a stub of %d bytes", name, len(b))
		}
		if b, err := seal.CoinbaseStub(0, limits); err == nil || b != nil {
			t.Errorf("%s: a stub of %d bytes", name, len(b))
		}
	}
	d := newDevice(t, "absurd")
	if _, err := seal.PosternPasskeyStub(d.signer(0), seal.StubLimits{AuthData: 1 << 60}, seal.PathPrecompile); err == nil {
		t.Error("a huge approval")
	}
	b, err := seal.MetaMaskWebAuthnStub(common.Hash{}, seal.StubLimits{AuthData: 255, Origin: -5})
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.ParseMetaMask(b)
	if err != nil || len(s.AuthData) != 255 {
		t.Error(fmt.Sprint(len(s.AuthData)), err)
	}
}
