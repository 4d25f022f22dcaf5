package contracts_test

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

func TestSignersAreAddedAndRemovedByTheAccount(t *testing.T) {
	first, second := newPasskey(t, "first", seal.RequireUV), newPasskey(t, "second", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, first.signer))
	hash := opHash("rotate")
	if a.validates(hash, second.approve(hash)) {
		t.Fatal("a stranger's approval is accepted")
	}
	// 1. The first key adds the second.
	if err := a.do("addSigners", signerBytes(second.signer), []uint64{1}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*rawPasskey{first, second} {
		if !a.validates(hash, p.approve(hash)) {
			t.Error("a signer's approval is refused")
		}
	}
	// 2. The second removes the first.
	if err := a.do("removeSigners", signerBytes(first.signer)); err != nil {
		t.Fatal(err)
	}
	if a.validates(hash, first.approve(hash)) {
		t.Error("the removed signer's approval is accepted")
	}
	// 3. It cannot remove itself, being the last.
	wantRevert(t, a.do("removeSigners", signerBytes(second.signer)), contracts.AccountABI, "MultiSignerERC7913UnreachableThreshold")
	// 4. Nor can it add itself again, or remove whom nobody knows.
	wantRevert(t, a.do("addSigners", signerBytes(second.signer), []uint64{1}), contracts.AccountABI, "MultiSignerERC7913AlreadyExists")
	wantRevert(t, a.do("removeSigners", signerBytes(first.signer)), contracts.AccountABI, "MultiSignerERC7913NonexistentSigner")
	// 5. The same key under another rule is another signer.
	if err := a.do("addSigners", signerBytes(second.withRule(0).signer), []uint64{1}); err != nil {
		t.Error(err)
	}
	got := a.ask("getSigners", uint64(0), uint64(math.MaxUint64)).([][]byte)
	if len(got) != 2 || !bytes.Equal(got[0], second.signer.Bytes()) {
		t.Errorf("signers %x", got)
	}
}

func TestTheAccountItselfIsNoSigner(t *testing.T) {
	p := newPasskey(t, "self", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	for _, signer := range [][]byte{a.address[:], append(a.address.Bytes(), 1, 2, 3)} {
		wantRevert(t, a.do("addSigners", [][]byte{signer}, []uint64{1}), contracts.AccountABI, "BadSigner")
	}
}

func TestThresholdAndWeights(t *testing.T) {
	one, two := newPasskey(t, "w1", seal.RequireUV), newPasskey(t, "w2", seal.RequireUV)
	key := newECDSA(t, "w3")
	signers := signerBytes(one.signer, two.signer, addressSigner(t, key.address))
	a := newAccount(t, osaka, contracts.Params{Signers: signers, Weights: []uint64{3, 2, 1}, Threshold: 4})
	hash := opHash("weights")
	c := sealed(t, key.approval(hash))
	b1, b2 := one.approve(hash), two.approve(hash)
	check := func(name string, want bool, parts ...[]byte) {
		t.Helper()
		if a.validates(hash, join(t, parts...)) != want {
			t.Errorf("%s: accepted %t", name, !want)
		}
	}
	check("3", false, b1)
	check("2", false, b2)
	check("1", false, c)
	check("3+2", true, b1, b2)
	check("3+1", true, b1, c)
	check("2+1", false, b2, c)
	check("3+2+1", true, b1, b2, c)

	for _, set := range []struct {
		threshold uint64
		want      string
	}{{0, "MultiSignerERC7913ZeroThreshold"}, {7, "MultiSignerERC7913UnreachableThreshold"}} {
		wantRevert(t, a.do("setThreshold", set.threshold), contracts.AccountABI, set.want)
	}
	if err := a.do("setThreshold", uint64(6)); err != nil {
		t.Fatal(err)
	}
	check("3+2 of 6", false, b1, b2)
	check("3+2+1 of 6", true, b1, b2, c)
	// Nothing may put the threshold out of reach.
	wantRevert(t, a.do("removeSigners", signers[2:]), contracts.AccountABI, "MultiSignerERC7913UnreachableThreshold")
	wantRevert(t, a.do("setSignerWeights", signers[:1], []uint64{2}), contracts.AccountABI, "MultiSignerERC7913UnreachableThreshold")
	wantRevert(t, a.do("setSignerWeights", signers[:1], []uint64{0}), contracts.AccountABI, "MultiSignerERC7913WeightedInvalidWeight")
	// Weights whose sum leaves 64 bits are refused.
	if a.do("setSignerWeights", signers[:1], []uint64{math.MaxUint64}) == nil {
		t.Error("the weights' sum overflows")
	}
	if err := a.do("setSignerWeights", signers[2:], []uint64{6}); err != nil {
		t.Fatal(err)
	}
	check("6 of 6", true, c)
	check("an invalid approval beside enough", false, c, one.fixed(authData(0), standardClientData(hash)))
}

func TestApprovalsComeOnceAndInOrder(t *testing.T) {
	one, two := newPasskey(t, "o1", seal.RequireUV), newPasskey(t, "o2", seal.RequireUV)
	a := newAccount(t, osaka, equal(2, one.signer, two.signer))
	hash := opHash("order")
	first, second := one.approve(hash), two.approve(hash)
	if one.signer.ID().Cmp(two.signer.ID()) > 0 {
		first, second = second, first
	}
	concat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	if !a.validates(hash, concat(first, second)) {
		t.Error("two approvals in order are refused")
	}
	for name, sig := range map[string][]byte{
		"unsorted":       concat(second, first),
		"the same twice": concat(first, first),
		"three":          concat(first, second, second),
		"one":            first,
		"none":           {},
	} {
		if a.validates(hash, sig) {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Bytes that an address does not fit in are no signer, not even where zeros after them make a contract's address.
func TestWhatIsShorterThanAnAddressIsNoSigner(t *testing.T) {
	p := newPasskey(t, "short", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	contract := addr("short")
	contract[18], contract[19] = 0, 0
	verifier, _ := a.deploy("HashVerifier")
	a.state.SetCode(contract, a.state.GetCode(verifier), 0)
	for n := range 20 {
		wantRevert(t, a.do("addSigners", [][]byte{contract[:n]}, []uint64{1}), contracts.AccountABI, "BadSigner")
	}
	if err := a.do("addSigners", [][]byte{contract[:]}, []uint64{1}); err != nil {
		t.Error(err)
	}
}

// Where signers enough approve, another's approval is not one too many but makes the signature malformed.
func TestAStrangersApprovalBesideEnoughIsRefused(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	hash := opHash("beside enough")
	owner := newECDSA(t, "owner of the stranger")
	wallet, _ := w.deploy("SigningContract", owner.address)
	walletSig := owner.sign(hash)
	walletSig[64] += 27
	contract, err := seal.PosternContract(addressSigner(t, wallet), walletSig)
	if err != nil {
		t.Fatal(err)
	}
	key, p := newECDSA(t, "stranger"), newPasskey(t, "stranger", seal.RequireUV)
	passkeys := bothForms(p, hash, usualFlags)
	strangers := map[string][]byte{
		"secp256k1": sealed(t, key.approval(hash)), "contract": sealed(t, contract),
		"fixed": passkeys["fixed"], "general": passkeys["general"],
		"fixed, hints":   hinted(t, passkeys["fixed"], make([]byte, 32)),
		"general, hints": hinted(t, passkeys["general"], make([]byte, 128)),
	}
	members := []seal.Signer{addressSigner(t, key.address), addressSigner(t, wallet), p.signer}
	for i := range 8 { // the signer's approval comes before some of the strangers' and after others
		signer := newPasskey(t, fmt.Sprint("signer ", i), seal.RequireUV)
		a := w.create(d, equal(1, signer.signer))
		all := w.create(d, equal(1, append(members, signer.signer)...))
		for name, approval := range strangers {
			both := join(t, signer.approve(hash), approval)
			if a.validates(hash, both) {
				t.Errorf("%s: a stranger's approval is accepted beside a signer's", name)
			}
			if !all.validates(hash, both) {
				t.Errorf("%s: two signers' approvals are refused", name)
			}
		}
	}
}

func TestContractsSign(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	key := newECDSA(t, "contract owner")
	wallet, _ := w.deploy("SigningContract", key.address)
	verifier, _ := w.deploy("HashVerifier")
	walletSigner := addressSigner(t, wallet)
	keySigner, err := seal.ParseSigner(append(verifier.Bytes(), "some key"...))
	if err != nil {
		t.Fatal(err)
	}
	p := newPasskey(t, "beside", seal.RequireUV)
	plain, delegated := newECDSA(t, "plain"), newECDSA(t, "delegated")
	w.state.SetCode(delegated.address, append([]byte{0xef, 0x01, 0x00}, wallet[:]...), 0) // EIP-7702
	a := w.create(d, equal(1, walletSigner, keySigner, p.signer, addressSigner(t, plain.address), addressSigner(t, delegated.address)))
	hash := opHash("contracts")
	walletSig := key.sign(hash)
	walletSig[64] += 27
	verifierSig := crypto.Keccak256([]byte("some key"), hash[:])

	contract := func(s seal.Signer, sig []byte) []byte {
		approval, err := seal.PosternContract(s, sig)
		if err != nil {
			t.Fatal(err)
		}
		return sealed(t, approval)
	}
	raw := func(signer, sig []byte) []byte {
		b := append([]byte{4, byte(len(signer) >> 8), byte(len(signer))}, signer...)
		return append(append(b, byte(len(sig)>>8), byte(len(sig))), sig...)
	}
	plainSig := plain.sign(hash)
	plainSig[64] += 27
	for _, c := range []struct {
		name string
		sig  []byte
		want bool
	}{
		{"ERC-1271", contract(walletSigner, walletSig), true},
		{"ERC-7913", contract(keySigner, verifierSig), true},
		{"both", join(t, contract(walletSigner, walletSig), contract(keySigner, verifierSig)), true},
		{"ERC-1271, wrong", contract(walletSigner, verifierSig), false},
		{"ERC-7913, wrong", contract(keySigner, walletSig), false},
		{"ERC-7913, reverts", contract(keySigner, nil), false},
		{"ERC-7913, answers too much", contract(keySigner, []byte{1}), false},
		{"a contract no signer", raw(verifier.Bytes(), verifierSig), false},
		{"another key of the verifier", raw(append(verifier.Bytes(), "other key"...), crypto.Keccak256([]byte("other key"), hash[:])), false},
		{"a plain key as a contract", raw(plain.address[:], plainSig), false},
		{"a passkey as a contract", raw(p.signer.Bytes(), p.approve(hash)), false},
		{"signer of 19 bytes", raw(wallet.Bytes()[:19], walletSig), false},
		{"a key that delegates to a contract", raw(delegated.address[:], walletSig), false},
		{"a key that delegates, as a key", sealed(t, delegated.approval(hash)), true},
	} {
		if got := a.validates(hash, c.sig); got != c.want {
			t.Errorf("%s: accepted %t", c.name, got)
		}
	}
	// Whoever is no signer is not even called.
	uninvited := raw(append(verifier.Bytes(), "other key"...), verifierSig)
	if trace := a.watch(a.entryPoint(), common.Address{}, func() { a.validates(hash, uninvited) }); trace.called(verifier) {
		t.Error("a verifier is called for a key that is no signer")
	}
	// A key's approval is of one hash.
	if a.validates(opHash("another"), sealed(t, plain.approval(hash))) {
		t.Error("a key's approval of another hash is accepted")
	}
}

func TestOnlyTheAccountAndItsEntryPointChangeAnything(t *testing.T) {
	p := newPasskey(t, "closed", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	extra := signerBytes(newPasskey(t, "extra", seal.RequireUV).signer)
	module, _ := a.deploy("YesValidator")
	calls := map[string][]byte{
		"addSigners":       a.pack("addSigners", extra, []uint64{1}),
		"removeSigners":    a.pack("removeSigners", extra),
		"setSignerWeights": a.pack("setSignerWeights", signerBytes(p.signer), []uint64{2}),
		"setThreshold":     a.pack("setThreshold", uint64(1)),
		"execute":          a.pack("execute", [32]byte{}, single(stranger, nil, nil)),
		"installModule":    a.pack("installModule", moduleValidator, module, []byte{}),
		"uninstallModule":  a.pack("uninstallModule", moduleValidator, module, []byte{}),
		"upgradeToAndCall": a.pack("upgradeToAndCall", a.d.Implementation, []byte{}),
	}
	other := userop.V07.Address()
	for name, data := range calls {
		for _, from := range []common.Address{stranger, other, a.d.Factory, a.d.Implementation} {
			_, _, err := a.send(from, a.address, nil, data)
			wantRevert(t, err, contracts.AccountABI, "AccountUnauthorized")
		}
		if name == "removeSigners" || name == "uninstallModule" {
			continue // nothing there to remove
		}
		if _, err := a.view(a.address, a.address, data); err != nil {
			t.Errorf("%s by the account itself: %v", name, err)
		}
		if _, err := a.view(a.entryPoint(), a.address, data); err != nil {
			t.Errorf("%s by the EntryPoint: %v", name, err)
		}
	}
	_, _, err := a.send(stranger, a.address, nil, a.validateData(common.Big0, opHash("x"), p.approve(opHash("x")), common.Big0))
	wantRevert(t, err, contracts.AccountABI, "AccountUnauthorized")
	_, _, err = a.send(a.address, a.address, nil, a.validateData(common.Big0, opHash("x"), p.approve(opHash("x")), common.Big0))
	wantRevert(t, err, contracts.AccountABI, "AccountUnauthorized")
	_, _, err = a.send(stranger, a.address, nil, a.pack("executeFromExecutor", [32]byte{}, single(stranger, nil, nil)))
	wantRevert(t, err, contracts.AccountABI, "ERC7579UninstalledModule")
	_, _, err = a.send(stranger, a.address, nil, a.pack("freeze", big.NewInt(0)))
	wantRevert(t, err, contracts.AccountABI, "ERC7579UninstalledModule")
	// The list is complete: every function that is not a view is either in it or named here.
	open := map[string]bool{"initialize": true, "probePrecompile": true, "useTable": true, "validateUserOp": true, "executeFromExecutor": true, "freeze": true}
	for name, m := range contracts.AccountABI.Methods {
		if !m.IsConstant() && !open[name] && calls[name] == nil && name[:2] != "on" {
			t.Errorf("%s can change something and is not tested here", name)
		}
	}
}

func TestNobodyInitialisesTwice(t *testing.T) {
	p := newPasskey(t, "init", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	data := a.pack("initialize", signerBytes(newPasskey(t, "thief", 0).signer), []uint64{1}, uint64(1))
	for _, from := range []common.Address{stranger, a.entryPoint(), a.d.Factory, a.address} {
		_, _, err := a.send(from, a.address, nil, data)
		wantRevert(t, err, contracts.AccountABI, "InvalidInitialization")
		_, _, err = a.send(from, a.d.Implementation, nil, data)
		wantRevert(t, err, contracts.AccountABI, "UUPSUnauthorizedCallContext")
	}
	// The implementation is locked twice: it is no proxy, and it counts as initialised, with a threshold nobody reaches.
	if v := a.state.GetState(a.d.Implementation, storeBase); v != common.BigToHash(new(big.Int).SetUint64(math.MaxUint64)) {
		t.Errorf("the implementation's store starts with %s", v)
	}
	// The implementation is nobody's account.
	thief := newPasskey(t, "thief", 0)
	implementation := &acct{a.world, a.d, a.params, a.d.Implementation}
	hash := opHash("implementation")
	for _, sig := range [][]byte{nil, thief.approve(hash), p.approve(hash)} {
		if implementation.validates(hash, sig) {
			t.Errorf("the implementation accepts %x", sig)
		}
	}
	// An EOA that delegates to the implementation (EIP-7702) cannot be initialised by anybody.
	eoa := addr("delegated")
	a.state.SetCode(eoa, append([]byte{0xef, 0x01, 0x00}, a.d.Implementation[:]...), 0)
	_, _, err := a.send(stranger, eoa, nil, data)
	wantRevert(t, err, contracts.AccountABI, "UUPSUnauthorizedCallContext")
}
