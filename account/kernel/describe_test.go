package kernel_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// TestCallsOfTheAccountAreSaidInWords: what each call of the account to itself and to its
// validator does, and what a person must know of it.
func TestCallsOfTheAccountAreSaidInWords(t *testing.T) {
	owner, dev := kernel.ECDSA{Owner: common.HexToAddress("0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")}, newDevice(t, "words")
	heir := kernel.ECDSA{Owner: common.HexToAddress("0xBbBBBBBbBBBbBbbBBbBbbBBbBBBbBbBbbBBBBbBb")}
	limited := kernel.Permission{Policies: [][]byte{must[[]byte](t)(grant.KernelEntry(&grant.RateLimit{Count: 3}))}, Signer: kernel.WebAuthnSigner(dev.key, dev.hash)}
	open := kernel.Permission{Signer: kernel.ECDSASigner(heir.Owner)}
	opaque := kernel.Permission{Policies: [][]byte{append(make([]byte, 2), common.HexToAddress("0x67b436caD8a6D025DF6C82C5BB43fbF11fC5B9B7").Bytes()...)}, Signer: open.Signer}
	opaque.Policies[0] = append(opaque.Policies[0], 1) // the sudo policy takes no data
	for _, v := range []kernel.Version{kernel.V024, kernel.V031, kernel.V033} {
		a := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: owner}))
		first := func(calls []account.Call, err error) account.Call { return must[[]account.Call](t)(calls, err)[0] }
		for _, c := range []struct {
			name        string
			only        bool // of Kernel 3
			call        func() account.Call
			words, warn []string
		}{
			{"change of root", false, func() account.Call {
				return first(a.ChangeRoot(kernel.WebAuthn{Key: dev.key, DangerVulnerable: true, Version: map[bool]kernel.ValidatorVersion{false: kernel.WebAuthn001}[v.V3()]}))
			},
				[]string{"give this account to the passkey ", "WebAuthn validator"}, []string{"new owner's key can then do everything"}},
			{"nonce", true, func() account.Call { return first(a.InvalidateNonce(7)) }, []string{"revoke all", "nonce below 7"}, []string{"messages"}},
			{"permission", true, func() account.Call { return first(a.InstallPermission(limited, 1)) },
				[]string{"let the passkey ", " act for this account as the permission " + limited.ID().String(), "3"}, nil},
			{"permission without policies", true, func() account.Call { return first(a.InstallPermission(open, 1)) },
				[]string{"let the key " + heir.Owner.Hex(), open.ID().String()}, []string{"everything"}},
			{"permission with policies that cannot be read", true, func() account.Call { return first(a.InstallPermission(opaque, 1)) },
				[]string{"1 policies of which not all can be read"}, []string{"may be everything"}},
			{"access", true, func() account.Call { return must[[]account.Call](t)(a.InstallPermission(limited, 1))[1] },
				[]string{"let the permission " + limited.ID().String() + " make calls for this account"}, []string{"without asking again"}},
			{"revocation", true, func() account.Call { return first(a.UninstallPermission(limited)) }, []string{"revoke the permission " + limited.ID().String()}, nil},
			{"validator", true, func() account.Call { return first(a.InstallValidator(dev.root())) }, []string{"install the validator"}, []string{"without the owner"}},
			{"module", true, func() account.Call { return first(a.InstallModule(kernel.ModuleExecutor, target, []byte{1})) }, []string{"install the executor " + target.Hex(), "0x01"}, []string{"module can take"}},
			{"less modules", true, func() account.Call { return first(a.UninstallModule(kernel.ModuleHook, target, nil)) }, []string{"uninstall the hook " + target.Hex()}, nil},
			{"new owner of the same validator", true, func() account.Call {
				return account.Call{To: a.RootContract(), Data: append(crypto.Keccak256([]byte("onInstall(bytes)"))[:4], common.FromHex("0x"+strings.Repeat("0", 62)+"20"+strings.Repeat("0", 62)+"14"+"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"+strings.Repeat("0", 24))...)}
			}, []string{"have the owner's validator obey the key " + heir.Owner.Hex()}, []string{"who the owner is"}},
			{"value", true, func() account.Call {
				c := first(a.UninstallPermission(limited))
				c.Value = big.NewInt(1e18)
				return c
			}, []string{"sending 1 of the chain's coin"}, nil},
		} {
			if c.only && !v.V3() {
				continue
			}
			call := c.call()
			words, ok := a.DescribeCall(call)
			warning := a.WarnCall(call)
			for _, w := range c.words {
				if !ok || !strings.Contains(words, w) {
					t.Errorf("%s %s: %q lacks %q", v, c.name, words, w)
				}
			}
			for _, w := range c.warn {
				if !strings.Contains(warning, w) {
					t.Errorf("%s %s: the warning %q lacks %q", v, c.name, warning, w)
				}
			}
			if c.warn == nil && c.name != "permission" && warning != "" {
				t.Errorf("%s %s: warns %q", v, c.name, warning)
			}
			// A byte more is another call: it is not described, and warned of.
			longer := call
			longer.Data = append(append([]byte{}, call.Data...), 0)
			if words, ok := a.DescribeCall(longer); ok || call.To == a.Address() && a.WarnCall(longer) == "" {
				t.Errorf("%s %s: with a byte more it is %q, warned of with %q", v, c.name, words, a.WarnCall(longer))
			}
		}
		for _, c := range []account.Call{{To: a.Address(), Data: []byte{1, 2, 3, 4}}, {To: a.Address(), Data: []byte{1}}} {
			if _, ok := a.DescribeCall(c); ok || a.WarnCall(c) == "" {
				t.Errorf("%s: an unknown call passes: %x", v, c.Data)
			}
		}
		for _, c := range []account.Call{{To: target, Data: []byte{1, 2, 3, 4}}, {To: a.Address(), Value: big.NewInt(1)}, {To: a.RootContract(), Data: []byte{9, 9, 9, 9}}} {
			if _, ok := a.DescribeCall(c); ok || a.WarnCall(c) != "" {
				t.Errorf("%s: a call of others is described or warned of: %s %x", v, c.To, c.Data)
			}
		}
		d := kernel.DangerDelegating{Account: a}
		if words, ok := d.DescribeCall(account.Call{To: target}); !ok || !strings.Contains(words, "as this account itself") || d.WarnCall(account.Call{To: target}) == "" {
			t.Errorf("foreign code: %q", words)
		}
	}
}

// TestAPermissionUnderAnothersNameIsWarnedOf: the chain installs whatever stands beside
// an id.
func TestAPermissionUnderAnothersNameIsWarnedOf(t *testing.T) {
	a := must[*kernel.Account](t)(kernel.New(kernel.Config{Root: kernel.ECDSA{Owner: target}}))
	p := kernel.Permission{Policies: [][]byte{must[[]byte](t)(grant.KernelEntry(&grant.RateLimit{Count: 3}))}, Signer: kernel.ECDSASigner(common.Address{1})}
	call := must[[]account.Call](t)(a.InstallPermission(p, 1))[0]
	const warning = "is not that of what it contains"
	if strings.Contains(a.WarnCall(call), warning) {
		t.Error("warned of under its own name")
	}
	id := p.ID()
	at := bytes.Index(call.Data, id[:])
	call.Data[at] ^= 1
	if got := a.WarnCall(call); !strings.Contains(got, warning) || !strings.Contains(got, id.String()) {
		t.Errorf("%q", got)
	}
}

// TestUpgradesAreNamed: a version of the table by its name, other code by what it is.
func TestUpgradesAreNamed(t *testing.T) {
	a := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V031, Root: kernel.ECDSA{Owner: target}}))
	call := must[[]account.Call](t)(a.Upgrade(kernel.V033))[0]
	if words, _ := a.DescribeCall(call); words != "have this account run Kernel 0.3.3" || a.WarnCall(call) != "" {
		t.Errorf("%q, %q", words, a.WarnCall(call))
	}
	call.Data[35] ^= 1
	if words, _ := a.DescribeCall(call); !strings.Contains(words, "whose author then controls it") || a.WarnCall(call) == "" {
		t.Errorf("%q, %q", words, a.WarnCall(call))
	}
}

// TestWarningsOfAccounts: of versions nobody has seen, and of validators with a hole.
func TestWarningsOfAccounts(t *testing.T) {
	dev := newDevice(t, "warnings")
	for _, c := range []struct {
		version kernel.Version
		root    kernel.Validator
		want    string
	}{
		{kernel.V033, dev.root(), ""}, {kernel.V033, dev.multiChain(), ""}, {kernel.V024, kernel.ECDSA{Owner: target}, ""}, {kernel.V002, kernel.ECDSA{Owner: target}, "nobody has seen"},
		{kernel.V031, kernel.WebAuthn{Key: dev.key, Version: kernel.WebAuthn002, DangerVulnerable: true}, "WebAuthn validator 0.0.2"},
		{kernel.V024, kernel.WebAuthn{Key: dev.key, Version: kernel.WebAuthn001, DangerVulnerable: true}, "approves anything"},
		{kernel.V033, kernel.MultiChainWebAuthn{Key: dev.key, Version: kernel.WebAuthn001, DangerVulnerable: true}, "multi-chain WebAuthn validator 0.0.1"},
		{kernel.V033, kernel.WebAuthn{Key: dev.key, DangerVulnerable: true}, ""},
	} {
		got := must[*kernel.Account](t)(kernel.Attach(target, c.version, c.root)).Warnings()
		if (c.want == "") != (len(got) == 0) || !strings.Contains(strings.Join(got, " "), c.want) {
			t.Errorf("%s, %s: %q", c.version, c.root, got)
		}
	}
}

// FuzzDescribeCall: nothing panics, and what is described is warned of where it is not
// harmless.
func FuzzDescribeCall(f *testing.F) {
	a, err := kernel.New(kernel.Config{Root: kernel.ECDSA{Owner: target}})
	if err != nil {
		f.Fatal(err)
	}
	p := kernel.Permission{Signer: kernel.ECDSASigner(target)}
	for _, calls := range [][]account.Call{
		must[[]account.Call](f)(a.InstallPermission(p, 1)), must[[]account.Call](f)(a.UninstallPermission(p)), must[[]account.Call](f)(a.InvalidateNonce(2)),
		must[[]account.Call](f)(a.ChangeRoot(kernel.MultiChainECDSA{Owner: target})), must[[]account.Call](f)(a.InstallModule(kernel.ModuleHook, target, nil)),
	} {
		for _, c := range calls {
			f.Add(c.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, to := range []common.Address{a.Address(), a.RootContract()} {
			c := account.Call{To: to, Data: data}
			words, ok := a.DescribeCall(c)
			if ok == (words == "") {
				t.Errorf("%q, %v", words, ok)
			}
			if !ok && to == a.Address() && len(data) > 0 && a.WarnCall(c) == "" {
				t.Error("neither described nor warned of")
			}
		}
	})
}
