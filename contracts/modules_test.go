package contracts_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
)

// ERC-7579 module types.
var (
	moduleValidator = big.NewInt(1)
	moduleExecutor  = big.NewInt(2)
	moduleFallback  = big.NewInt(3)
	moduleHook      = big.NewInt(4)
)

func (a *acct) installed(module common.Address, contract abi.ABI) int64 {
	return new(big.Int).SetBytes(a.must(stranger, module, nil, pack(a.t, contract, "installed"))).Int64()
}

// validatesWith is validates with a nonce whose key names a validator.
func (a *acct) validatesWith(validator common.Address, hash common.Hash, signature []byte) bool {
	a.t.Helper()
	nonce := new(big.Int).Lsh(validator.Big(), 96)
	nonce.Add(nonce, big.NewInt(5)) // a sequence number and no lane
	ret, _, err := a.send(a.entryPoint(), a.address, nil, a.validateData(nonce, hash, signature, new(big.Int)))
	if err != nil {
		a.t.Fatal(err)
	}
	return new(big.Int).SetBytes(ret).Sign() == 0
}

func TestValidatorModuleIsChosenByTheNonceKey(t *testing.T) {
	p := newPasskey(t, "validator", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	module, moduleABI := a.deploy("YesValidator")
	hash, yes := opHash("validator"), []byte("yes")

	// 1. Before the installation the nonce's key is only a lane of the account's own signers.
	if a.validatesWith(module, hash, yes) {
		t.Error("a module that is not installed validates")
	}
	if !a.validatesWith(module, hash, p.approve(hash)) {
		t.Error("the signer is refused in a lane of its own")
	}
	if err := a.do("installModule", moduleValidator, module, []byte{}); err != nil {
		t.Fatal(err)
	}
	if a.installed(module, moduleABI) != 1 || !a.ask("isModuleInstalled", moduleValidator, module, []byte{}).(bool) {
		t.Error("not installed")
	}
	// 2. Afterwards the module decides, in its lanes and in no others.
	if !a.validatesWith(module, hash, yes) || a.validatesWith(module, hash, []byte("no")) {
		t.Error("the module does not decide in its lane")
	}
	if a.validatesWith(module, hash, p.approve(hash)) {
		t.Error("the account's signer decides in the module's lane")
	}
	if a.validates(hash, yes) || !a.validates(hash, p.approve(hash)) {
		t.Error("the module decides outside its lane")
	}
	// 3. ERC-1271 names the module in front of its signature.
	if got := a.erc1271(hash, append(module.Bytes(), yes...)); got != magic {
		t.Errorf("ERC-1271 by module: %x", got)
	}
	if got := a.erc1271(hash, append(module.Bytes(), "no"...)); got == magic {
		t.Error("ERC-1271 by module that says no")
	}
	// 4. Twice is refused, and so is a module of another type.
	wantRevert(t, a.do("installModule", moduleValidator, module, []byte{}), contracts.AccountABI, "ERC7579AlreadyInstalledModule")
	wantRevert(t, a.do("installModule", moduleExecutor, module, []byte{}), contracts.AccountABI, "ERC7579MismatchedModuleTypeId")
	wantRevert(t, a.do("installModule", moduleHook, module, []byte{}), contracts.AccountABI, "ERC7579UnsupportedModuleType")
	if a.do("installModule", moduleValidator, addr("nothing"), []byte{}) == nil || a.do("installModule", moduleValidator, common.Address{}, []byte{}) == nil {
		t.Error("a module without code installed")
	}
	// 5. Gone is gone.
	if err := a.do("uninstallModule", moduleValidator, module, []byte{}); err != nil {
		t.Fatal(err)
	}
	if a.installed(module, moduleABI) != 0 || a.validatesWith(module, hash, yes) {
		t.Error("still there")
	}
	if got := a.erc1271(hash, append(module.Bytes(), yes...)); got == magic {
		t.Error("ERC-1271 by a module that is gone")
	}
	wantRevert(t, a.do("uninstallModule", moduleValidator, module, []byte{}), contracts.AccountABI, "ERC7579UninstalledModule")
}

func TestExecutorModuleExecutesWhileInstalled(t *testing.T) {
	a, target, targetABI := executionAccount(t)
	module, moduleABI := a.deploy("OpenExecutor")
	run := pack(t, moduleABI, "run", a.address, modeSingle, single(target, nil, pack(t, targetABI, "add", big.NewInt(4))))
	_, _, err := a.send(stranger, module, nil, run)
	wantRevert(t, err, contracts.AccountABI, "ERC7579UninstalledModule")
	if err := a.do("installModule", moduleExecutor, module, []byte{}); err != nil {
		t.Fatal(err)
	}
	a.must(stranger, module, nil, run)
	if got := a.sum(target, targetABI); got != 4 {
		t.Errorf("sum %d", got)
	}
	if err := a.do("uninstallModule", moduleExecutor, module, []byte{}); err != nil {
		t.Fatal(err)
	}
	_, _, err = a.send(stranger, module, nil, run)
	wantRevert(t, err, contracts.AccountABI, "ERC7579UninstalledModule")
}

func TestFallbackHandlerAnswersItsSelector(t *testing.T) {
	p := newPasskey(t, "fallback", seal.RequireUV)
	a := newAccount(t, osaka, equal(1, p.signer))
	module, moduleABI := a.deploy("EchoHandler")
	whoami := pack(t, moduleABI, "whoami")
	_, _, err := a.send(stranger, a.address, nil, whoami)
	wantRevert(t, err, contracts.AccountABI, "ERC7579MissingFallbackHandler")
	if err := a.do("installModule", moduleFallback, module, whoami[:4]); err != nil {
		t.Fatal(err)
	}
	ret := a.must(stranger, a.address, nil, whoami)
	if want := append(common.LeftPadBytes(a.address[:], 32), common.LeftPadBytes(stranger[:], 32)...); !bytes.Equal(ret, want) {
		t.Errorf("handler called by and for %x", ret)
	}
	wantRevert(t, a.do("installModule", moduleFallback, module, []byte{1, 2, 3}), contracts.AccountABI, "ERC7579CannotDecodeFallbackData")
	if err := a.do("uninstallModule", moduleFallback, module, whoami[:4]); err != nil {
		t.Fatal(err)
	}
	_, _, err = a.send(stranger, a.address, nil, whoami)
	wantRevert(t, err, contracts.AccountABI, "ERC7579MissingFallbackHandler")
}
