package kernel_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// sessionKey is a secp256k1 key under a permission, as bare as the contracts allow.
type sessionKey struct {
	permission kernel.Permission
	enable     *kernel.Enable // nil once it is installed
	approval   []byte         // of enable
	lane       kernel.Lane
	signer     common.Address // who signs, whether it may or not
}

func (s sessionKey) NonceKey() *big.Int {
	mode := kernel.ModeDefault
	if s.enable != nil {
		mode = kernel.ModeEnable
	}
	return kernel.KeyOf(mode, s.permission.ID().Validation(), s.lane).Int()
}

func (s sessionKey) wrap(sig []byte) []byte {
	if s.enable == nil {
		return seal.KernelUse(sig)
	}
	return s.enable.Seal(s.approval, seal.KernelUse(sig))
}

func (s sessionKey) Stub() []byte { return s.wrap(seal.KernelECDSAStub()) }

func (s sessionKey) Challenge(op *userop.Op, chainID *big.Int) (account.Challenge, error) {
	hash, err := userop.V07.Hash(op, chainID)
	return account.Challenge{Digest: seal.KernelPersonal(hash), Kind: account.KindECDSA, Address: s.signer, Personal: hash[:]}, err
}

func (s sessionKey) Seal(_ *userop.Op, a account.Approval) ([]byte, error) {
	sig, err := seal.KernelECDSA(a.ECDSA)
	return s.wrap(sig), err
}

// wrapped has calls run by execute, which is all that a permission may call.
type wrapped struct{ *kernel.Account }

func (w wrapped) EncodeCalls(calls []account.Call) ([]byte, error) { return kernel.Execute(calls) }

// granted is a permission of a key with the sudo policy, and its approval by the owner.
func (b *bench) granted(t testing.TB, acct *kernel.Account, o owner, seed string, nonce uint32, flag uint16) sessionKey {
	t.Helper()
	entry := must[[]byte](t)(grant.KernelEntry(&grant.Sudo{}))
	p := kernel.Permission{Policies: [][]byte{entry}, Signer: kernel.ECDSASigner(addressOfKey(newKey(seed))), Flag: flag}
	e := kernel.Enable{Version: acct.Version(), Account: acct.Address(), ChainID: b.id, ID: p.ID().Validation(), Nonce: nonce, Data: p.EnableData()}
	request := must[*kernel.Request](t)(must[*kernel.Authority](t)(acct.Authority(o.by)).SignEnable(e))
	approval := must[[][]byte](t)(request.Finish(must[account.Approval](t)(o.ask(request.Challenge()))))[0]
	return sessionKey{permission: p, enable: &e, approval: approval, lane: 5}
}

// try makes an operation; an error is one of the contracts.
func (b *bench) try(t testing.TB, acct account.Account, s sessionKey, key string, calls ...account.Call) error {
	t.Helper()
	s.signer = addressOfKey(newKey(key))
	p, err := account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: b.relay}, acct, s, calls)
	if err != nil {
		return err
	}
	if _, err := p.Finish(must[account.Approval](t)(approveECDSA(newKey(key))(p.Challenge()))); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		return err
	}
	if r := must[*account.Receipt](t)(p.Wait(t.Context())); !r.Success {
		t.Fatal(r.Reason)
	}
	return nil
}

// message reports whether the account's contract takes a message signed by the session
// key.
func (b *bench) message(t testing.TB, acct *kernel.Account, s sessionKey, key string) bool {
	t.Helper()
	hash := crypto.Keccak256Hash([]byte("a session's message"))
	d := must[kernel.TypedData](t)(kernel.MessageDigest(acct.Version(), acct.Address(), b.id, hash))
	sig := must[[]byte](t)(seal.KernelECDSA(must[[]byte](t)(crypto.Sign(d.Digest[:], newKey(key)))))
	m := seal.KernelMessage{PermissionID: s.permission.ID(), Signature: sig}
	return must[bool](t)(kernel.IsValidSignature(t.Context(), b.chain, acct.Address(), hash, m.Bytes()))
}

// TestPermissionsOnKernelItself: what the owner approves by the digest computed here, the
// contract installs with the first operation, which deploys the account too; nothing else
// that is approved or signed does.
func TestPermissionsOnKernelItself(t *testing.T) {
	b := newBench(t, devnet.Config{})
	pay := account.Call{To: target, Value: big.NewInt(1)}
	for _, v := range b.versions() {
		for i, o := range b.owners(t, v) {
			t.Run(string(v)+"/"+o.name, func(t *testing.T) {
				acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: o.root, Index: big.NewInt(int64(100 + i))}))
				b.fund(t, acct.Address())
				do := wrapped{acct}
				good := b.granted(t, acct, o, "session", 1, kernel.FlagAll)
				id := good.permission.ID().Validation()

				forged := map[string]sessionKey{"another nonce": b.granted(t, acct, o, "session", 2, kernel.FlagAll), "another permission's approval": good, "no approval": good}
				s := forged["another permission's approval"]
				s.approval = b.granted(t, acct, o, "another", 1, kernel.FlagAll).approval
				forged["another permission's approval"] = s
				s = forged["no approval"]
				s.approval = make([]byte, len(good.approval))
				forged["no approval"] = s
				s = good
				s.permission.Policies, s.enable = nil, &kernel.Enable{}
				*s.enable = *good.enable
				s.enable.Data = s.permission.EnableData()
				forged["without the policy"] = s
				for name, s := range forged {
					if err := b.try(t, do, s, "session", pay); err == nil {
						t.Fatalf("%s is enabled", name)
					}
				}
				if err := b.try(t, do, good, "another", pay); err == nil {
					t.Fatal("another key enables it")
				}

				if err := b.try(t, do, good, "session", pay); err != nil {
					t.Fatal(err)
				}
				got := must[kernel.Installed](t)(kernel.ReadInstalled(t.Context(), b.chain, acct.Address(), id))
				if !got.Present || !got.Valid || !got.Executes || got.Nonce != 1 || got.Hook != (common.Address{}) || got.Signer != good.permission.Signer.Contract ||
					len(got.Policies) != 1 || !bytes.Equal(got.Policies[0][:], good.permission.Policies[0][:22]) {
					t.Errorf("installed: %+v", got)
				}
				use := sessionKey{permission: good.permission, lane: 9}
				if err := b.try(t, do, use, "session", pay, pay); err != nil {
					t.Error(err)
				}
				if err := b.try(t, do, use, "another", pay); err == nil {
					t.Error("another key uses it")
				}
				if err := b.try(t, acct, use, "session", must[[]account.Call](t)(acct.InvalidateNonce(2))...); err == nil {
					t.Error("it calls another function of the account")
				}
				if !b.message(t, acct, good, "session") || b.message(t, acct, good, "another") {
					t.Error("messages are not those of the session key")
				}
				auth := must[*kernel.Authority](t)(acct.Authority(o.by))
				if v != kernel.V030 && b.stand.Has(mustVersion(t, kernel.V033).Implementation) {
					// A second one by a call, which signs no messages.
					silent := b.granted(t, acct, o, "silent", 1, kernel.FlagNotMessages)
					if r := b.do(t, acct, auth, o.ask, must[[]account.Call](t)(acct.InstallPermission(silent.permission, 1))); !r.Success {
						t.Fatal(r.Reason)
					}
					if err := b.try(t, do, sessionKey{permission: silent.permission}, "silent", pay); err != nil || b.message(t, acct, silent, "silent") {
						t.Errorf("the silent one: %v", err)
					}

					if r := b.do(t, acct, auth, o.ask, must[[]account.Call](t)(acct.UninstallPermission(silent.permission))); !r.Success {
						t.Fatal(r.Reason)
					}
					got = must[kernel.Installed](t)(kernel.ReadInstalled(t.Context(), b.chain, acct.Address(), silent.permission.ID().Validation()))
					if got.Present || got.Valid || got.Signer != (common.Address{}) || len(got.Policies) != 0 {
						t.Errorf("after it was uninstalled: %+v", got)
					}
					if err := b.try(t, do, sessionKey{permission: silent.permission}, "silent", pay); err == nil {
						t.Error("it makes operations after it was uninstalled")
					}
				}

				calls := must[[]account.Call](t)(acct.RevokeAll(t.Context(), b.chain))
				if r := b.do(t, acct, auth, o.ask, calls); !r.Success {
					t.Fatal(r.Reason)
				}
				got = must[kernel.Installed](t)(kernel.ReadInstalled(t.Context(), b.chain, acct.Address(), id))
				if !got.Present || got.Valid {
					t.Errorf("after all were revoked: %+v", got)
				}
				if err := b.try(t, do, use, "session", pay); err == nil {
					t.Error("it makes operations after all were revoked")
				}
				if still, want := b.message(t, acct, good, "session"), !v.AtLeast(kernel.V033); still != want {
					t.Errorf("messages after all were revoked: %v", still)
				}
				if !b.signs(t, acct, o) {
					t.Error("the owner signs no messages after all were revoked")
				}
				if r := b.do(t, acct, auth, o.ask, must[[]account.Call](t)(acct.UninstallPermission(good.permission))); !r.Success || b.message(t, acct, good, "session") {
					t.Error("messages after it was uninstalled")
				}
			})
		}
	}
}
