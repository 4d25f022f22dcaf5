package kernel_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/userop"
)

// TestAnOrdinaryAccountRunsKernel needs the real Kernel 0.3.3: the key's address becomes
// an account, signs messages, and gives a session key a permission with its first use.
func TestAnOrdinaryAccountRunsKernel(t *testing.T) {
	b := newBench(t, devnet.Config{})
	if vs := b.versions(); vs[len(vs)-1] != kernel.V033 {
		t.Skip("Kernel 0.3.3 is in no registry: set KERNEL_ARTIFACTS to a directory that has it")
	}
	key := newKey("ordinary")
	o := owner{root: kernel.EIP7702{Key: addressOfKey(key)}, by: kernel.OwnerApprover{}, ask: approveECDSA(key)}
	acct := must[kernel.Delegated](t)(kernel.NewDelegated(addressOfKey(key)))
	b.fund(t, acct.Address())
	client := account.Client{Chain: b.chain, Bundler: b.relay}
	request := must[*account.AuthorizationRequest](t)(account.RequestAuthorization(t.Context(), client, acct))
	authorization := must[*userop.Authorization](t)(request.Finish(must[[]byte](t)(crypto.Sign(request.Digest[:], key))))
	auth := must[*kernel.Authority](t)(acct.Authority(o.by, kernel.WithLane(4)))
	pay := account.Call{To: target, Value: big.NewInt(1)}
	if r := b.do(t, acct, auth, o.ask, []account.Call{pay}, account.WithAuthorization(authorization)); !r.Success {
		t.Fatal(r.Reason)
	}
	if r := b.do(t, acct, auth, o.ask, []account.Call{pay, pay}); !r.Success {
		t.Fatal(r.Reason)
	}
	if !b.signs(t, acct.Account, o) {
		t.Error("its messages are refused")
	}
	if err := acct.CheckCode(t.Context(), b.chain); err != nil {
		t.Error(err)
	}
	nonce := must[uint32](t)(kernel.CurrentNonce(t.Context(), b.chain, acct.Address()))
	s := b.granted(t, acct.Account, o, "session", nonce, kernel.FlagAll)
	if err := b.try(t, wrapped{acct.Account}, s, "session", pay); err != nil {
		t.Fatal(err)
	}
	s.enable = nil
	if err := b.try(t, wrapped{acct.Account}, s, "session", pay); err != nil {
		t.Error(err)
	}
	if err := b.try(t, wrapped{acct.Account}, s, "another", pay); err == nil {
		t.Error("another key uses the permission")
	}
	if r := b.do(t, acct, auth, o.ask, must[[]account.Call](t)(acct.UninstallPermission(s.permission))); !r.Success {
		t.Fatal(r.Reason)
	}
	if err := b.try(t, wrapped{acct.Account}, s, "session", pay); err == nil {
		t.Error("the permission is used after it was revoked")
	}
	_, err := kernel.At(t.Context(), b.chain, acct.Address())
	if e, ok := errors.AsType[*kernel.NotKernelError](err); !ok || !e.EIP7702 {
		t.Errorf("opened by its address: %v", err)
	}
}

// TestOrdinaryAccountsAreTheirKeysAlone: the forms that the SDK has for them, and what such
// a root is not.
func TestOrdinaryAccountsAreTheirKeysAlone(t *testing.T) {
	key := newKey("ordinary")
	own := kernel.EIP7702{Key: addressOfKey(key)}
	acct := must[kernel.Delegated](t)(kernel.NewDelegated(own.Key))
	if f, data := acct.Factory(); f != (common.Address{}) || data != nil || acct.Delegate() != mustVersion(t, kernel.V033).Implementation || acct.EntryPoint() != userop.V07 {
		t.Error("it is made by a factory, or runs other code")
	}
	auth := must[*kernel.Authority](t)(acct.Authority(kernel.OwnerApprover{}, kernel.WithLane(7)))
	if auth.NonceKey().Cmp(big.NewInt(7)) != 0 {
		t.Errorf("nonce key %x", auth.NonceKey())
	}
	request := must[*kernel.Request](t)(auth.SignHash(common.Hash{1}, big.NewInt(1)))
	digest := must[kernel.TypedData](t)(kernel.MessageDigest(kernel.V033, own.Key, big.NewInt(1), common.Hash{1})).Digest
	sig := must[[][]byte](t)(request.Finish(must[account.Approval](t)(approveECDSA(key)(request.Challenge()))))[0]
	want := must[[]byte](t)(crypto.Sign(digest[:], key))
	want[64] += 27
	equal(t, "message", sig, append([]byte{0}, want...))

	plain := must[*kernel.Account](t)(kernel.New(kernel.Config{Root: kernel.ECDSA{Owner: own.Key}}))
	only := func(_ any, err error) error { return err }
	for what, err := range map[string]error{
		"made by a factory": only(kernel.New(kernel.Config{Root: own})), "at another address": only(kernel.Attach(target, kernel.V033, own)),
		"of an earlier version": only(kernel.Attach(own.Key, kernel.V032, own)), "as another account's root": only(plain.ChangeRoot(own)),
		"beside another root": only(plain.InstallValidator(own)), "given away": only(acct.ChangeRoot(kernel.ECDSA{Owner: target})),
		"replaced": only(acct.ReplaceRoot(t.Context(), nil, kernel.ECDSA{Owner: target}, false)),
	} {
		refused[*kernel.UnsupportedError](t, what, err)
	}
	if _, err := kernel.NewDelegated(common.Address{}); err == nil {
		t.Error("nobody's address")
	}
	if _, err := acct.Authority(kernel.PasskeyApprover{RPID: rpID, Origins: []string{origin}}); err == nil {
		t.Error("a passkey approves for it")
	}
}
