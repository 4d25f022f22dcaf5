package kernel_test

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

func refused[E error](t testing.TB, what string, err error) {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		t.Errorf("%s: %v", what, err)
		return
	}
	if h, ok := any(e).(account.Hinter); !ok || h.Hint() == "" || h.Error() == "" {
		t.Errorf("%s: no way out", what)
	}
}

func TestImpossiblePairsOfVersionsAreRefused(t *testing.T) {
	for _, v := range kernel.Deployments() {
		for _, ep := range userop.EntryPoints() {
			want := userop.V06
			var right userop.EntryPoint = want
			if v.Version.V3() {
				right = userop.V07
			}
			_, err := kernel.ForVersion(v.Version, ep)
			if ep == right {
				if err != nil {
					t.Errorf("%s on %s: %v", v.Version, ep, err)
				}
				continue
			}
			refused[*kernel.VersionError](t, string(v.Version)+" on "+ep.String(), err)
		}
	}
	for _, v := range []kernel.Version{"", "0.2.1", "0.3.4", "3.1", "0.3", "v0.3.1", "0.8"} {
		_, err := kernel.ForVersion(v, nil)
		refused[*kernel.VersionError](t, string(v), err)
	}
	if _, ok := kernel.ByImplementation(common.Address{}); ok {
		t.Error("no implementation is 0.0.2's")
	}
}

// The factories' creation code is that of Solady's ERC-1967 proxies.
func TestInitCodeHashesAreThoseOfTheProxies(t *testing.T) {
	v3, v2 := kernel.ProxyCodes()
	for _, d := range kernel.Deployments() {
		if d.Version == kernel.V002 {
			continue
		}
		code := slices.Concat(hexutil.MustDecode("0x603d3d8160223d3973"), d.Implementation[:], hexutil.MustDecode("0x60095155f3"), v3)
		if !d.Version.V3() {
			code = slices.Concat(hexutil.MustDecode("0x607f3d8160093d39f3"), v2, []byte{0}) // the factory hashes a byte too many
		}
		if got := crypto.Keccak256Hash(code); got != d.InitCodeHash {
			t.Errorf("%s: %s, the table says %s", d.Version, got, d.InitCodeHash)
		}
		if by, ok := kernel.ByImplementation(d.Implementation); !ok || by.Version != d.Version {
			t.Errorf("%s is not found by its implementation", d.Version)
		}
	}
}

func TestVulnerableContractsAreRefused(t *testing.T) {
	key := read[sdkFile](t, "sdk.json").WebAuthnKey.key(t)
	for _, d := range kernel.Deployments() {
		for _, v := range []kernel.ValidatorVersion{"", kernel.WebAuthn001, kernel.WebAuthn002, kernel.WebAuthn003, "0.0.4"} {
			_, err := kernel.WebAuthn{Key: key, Version: v}.Contract(d.Version)
			good := d.Version.V3() && (v == "" || v == kernel.WebAuthn003)
			if (err == nil) != good {
				t.Errorf("WebAuthn %q on %s: %v", v, d.Version, err)
			}
		}
	}
	_, err := kernel.New(kernel.Config{Root: kernel.WebAuthn{Key: key, Version: kernel.WebAuthn002}})
	refused[*kernel.VulnerableError](t, "validator", err)
	_, err = kernel.New(kernel.Config{Root: kernel.MultiChainWebAuthn{Key: key, Version: kernel.WebAuthn001}})
	refused[*kernel.VulnerableError](t, "multi-chain validator", err)
	_, err = kernel.New(kernel.Config{Root: kernel.MultiChainWebAuthn{Key: key, Version: kernel.WebAuthn003}})
	refused[*kernel.UnsupportedError](t, "multi-chain validator of no version", err)
	patched := must[common.Address](t)(kernel.MultiChainWebAuthn{Key: key}.Contract(kernel.V033))
	if want := common.HexToAddress("0xF98365FAD8403C340b1D5F017b2EBdaE641104ff"); patched != want {
		t.Errorf("the multi-chain validator is %s", patched)
	}
	s := kernel.WebAuthnSigner(key, common.Hash{1})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	for _, old := range []string{"0x8AA55d4BfAE101609078681A69B5bc3181516612", "0x58625164e306242c7613223bDeb68fbe11300606", "0x615d8641B6Ce9406DE7c3C01f57c552Ab3A96f83"} {
		s.Contract = common.HexToAddress(old)
		refused[*kernel.VulnerableError](t, "signer", kernel.Permission{Signer: s}.Check())
	}
	for _, none := range []kernel.Signer{kernel.ECDSASigner(common.Address{}), {Contract: kernel.ECDSASigner(common.Address{}).Contract}, {Contract: kernel.WebAuthnSigner(key, common.Hash{}).Contract, Data: make([]byte, 96)}} {
		if err := none.Check(); !errors.Is(err, kernel.ErrNoOwner) {
			t.Errorf("%x: %v", none, err)
		}
	}
	for _, root := range []kernel.Validator{nil, kernel.ECDSA{}, kernel.MultiChainECDSA{}, kernel.WebAuthn{}, kernel.MultiChainWebAuthn{}} {
		if _, err := kernel.New(kernel.Config{Root: root}); !errors.Is(err, kernel.ErrNoOwner) {
			t.Errorf("%v: %v", root, err)
		}
	}
}

func TestCallsThatWouldNotDoWhatTheySayAreRefused(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	for _, v := range []kernel.Version{kernel.V002, kernel.V024, kernel.V031, kernel.V033} {
		a := f.attached(t, v, "ecdsa")
		inner := must[[]byte](t)(a.EncodeCalls([]account.Call{{To: common.Address{1}}}))
		for what, c := range map[string]account.Call{
			"value": {To: sdkAddress, Value: big.NewInt(1)}, "three bytes": {To: sdkAddress, Data: []byte{1, 2, 3}},
			"execute": {To: sdkAddress, Data: inner}, "executeUserOp": {To: sdkAddress, Data: hexutil.MustDecode("0x8dd7712f")},
		} {
			_, err := a.EncodeCalls([]account.Call{c})
			refused[*kernel.SelfCallError](t, string(v)+" "+what, err)
			if what == "value" {
				continue // among others a payment to itself does nothing
			}
			_, err = a.EncodeCalls([]account.Call{{To: common.Address{1}}, c})
			refused[*kernel.SelfCallError](t, string(v)+" "+what+" in a batch", err)
		}
		if _, err := a.EncodeCalls(nil); !errors.Is(err, account.ErrNoCalls) {
			t.Errorf("%s: no calls: %v", v, err)
		}
		for _, calls := range [][]account.Call{{{Value: big.NewInt(1)}}, {{}, {}}} {
			if _, err := (kernel.DangerDelegating{Account: a}).EncodeCalls(calls); err == nil {
				t.Errorf("%s: delegatecall of %+v", v, calls)
			}
		}
		if _, err := a.EncodeCalls([]account.Call{{Value: big.NewInt(-1)}}); err == nil {
			t.Error("a negative value")
		}
	}
}

func TestApprovalsForOthersAreRefused(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	a := f.attached(t, kernel.V031, "ecdsa")
	auth := must[*kernel.Authority](t)(a.Authority(kernel.OwnerApprover{}))
	good := kernel.Enable{Version: kernel.V031, Account: sdkAddress, ChainID: big.NewInt(1), ID: kernel.PermissionID{1}.Validation(), Nonce: 1}
	if _, err := auth.SignEnable(good); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*kernel.Enable){
		"account": func(e *kernel.Enable) { e.Account[0]++ }, "version": func(e *kernel.Enable) { e.Version = kernel.V032 },
		"chain": func(e *kernel.Enable) { e.ChainID = new(big.Int) }, "nonce": func(e *kernel.Enable) { e.Nonce = 0 },
		"root": func(e *kernel.Enable) { e.ID = kernel.ValidationID{} }, "Kernel 2": func(e *kernel.Enable) { e.Version = kernel.V024 },
	} {
		e := good
		change(&e)
		if _, err := auth.SignEnable(e); err == nil {
			t.Errorf("%s: approved", what)
		}
	}
	_, err := auth.SignEnables([]kernel.Enable{good})
	refused[*kernel.UnsupportedError](t, "several by a plain validator", err)
	multi := must[*kernel.Authority](t)(f.attached(t, kernel.V031, "multiECDSA").Authority(kernel.OwnerApprover{}))
	if _, err := multi.SignEnables([]kernel.Enable{good, good}); !errors.Is(err, kernel.ErrDuplicateLeaf) {
		t.Errorf("the same twice: %v", err)
	}
	if _, err := multi.SignEnables(nil); !errors.Is(err, kernel.ErrMerkle) {
		t.Errorf("nothing: %v", err)
	}
	_, err = a.Authority(kernel.PasskeyApprover{})
	refused[*kernel.NotSignerError](t, "a passkey for a key's account", err)
	_, err = f.attached(t, kernel.V031, "webauthn").Authority(kernel.OwnerApprover{})
	refused[*kernel.NotSignerError](t, "a key for a passkey's account", err)
	if _, err := auth.Challenge(&userop.Op{Sender: common.Address{9}}, big.NewInt(1)); err == nil {
		t.Error("an operation of another account")
	}
	q := must[*kernel.Request](t)(auth.SignText([]byte("x"), big.NewInt(1)))
	if _, err := q.Finish(sign(t, crypto.Keccak256([]byte("stranger")), q.Challenge())); !errors.Is(err, account.ErrWrongSigner) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := q.Finish(account.Approval{Assertion: &passkey.Assertion{}}); !errors.Is(err, account.ErrWrongKind) {
		t.Errorf("another kind: %v", err)
	}
}

func TestChangesThatWouldLockOrNotWorkAreRefused(t *testing.T) {
	f := read[sdkFile](t, "sdk.json")
	a, old := f.attached(t, kernel.V032, "ecdsa"), f.attached(t, kernel.V024, "ecdsa")
	only := func(_ []account.Call, err error) error { return err }
	for what, err := range map[string]error{
		"downgrade": only(a.Upgrade(kernel.V031)), "same": only(a.Upgrade(kernel.V032)),
		"modules of Kernel 2": only(old.InstallModule(kernel.ModuleHook, common.Address{1}, nil)), "nonce of Kernel 2": only(old.InvalidateNonce(3)),
		"permission of Kernel 2": only(old.UninstallPermissionID(kernel.PermissionID{1}, 0)),
	} {
		refused[*kernel.UnsupportedError](t, what, err)
	}
	refused[*kernel.VersionError](t, "another EntryPoint", only(old.Upgrade(kernel.V031)))
	for what, err := range map[string]error{
		"root": only(a.UninstallModule(kernel.ModuleValidator, a.RootContract(), nil)), "type": only(a.InstallModule(7, common.Address{1}, nil)),
		"itself": only(a.InstallModule(kernel.ModuleHook, sdkAddress, nil)), "root again": only(a.InstallValidator(kernel.ECDSA{Owner: common.Address{1}})),
		"nobody": only(a.ChangeRoot(kernel.ECDSA{})), "nonce": only(a.InvalidateNonce(0)), "permission nonce": only(a.InstallPermission(kernel.Permission{Signer: kernel.ECDSASigner(common.Address{1})}, 0)),
		"policies": only(a.UninstallPermissionID(kernel.PermissionID{1}, 254)),
	} {
		if err == nil {
			t.Errorf("%s: done", what)
		}
	}
	if calls := must[[]account.Call](t)(f.attached(t, kernel.V024, "ecdsa").ChangeRoot(kernel.ECDSA{Owner: common.Address{1}})); len(calls) != 1 || calls[0].To != sdkAddress {
		t.Errorf("%+v", calls)
	}
	if _, err := a.Undeployed(nil); !errors.Is(err, kernel.ErrNoFactory) {
		t.Errorf("an attached account is deployed: %v", err)
	}
	_, err := kernel.New(kernel.Config{Version: kernel.V031, Root: kernel.ECDSA{Owner: common.Address{1}}, Address: common.Address{2}})
	refused[*kernel.AddressError](t, "another address", err)
}
