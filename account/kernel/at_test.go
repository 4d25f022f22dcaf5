package kernel_test

import (
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/devnet"
)

// plainChain has the methods of account.Chain only: no storage, no simulation.
type plainChain struct{ account.Chain }

// signs reports whether the account's contract takes a message that the root signs.
func (b *bench) signs(t testing.TB, acct *kernel.Account, o owner) bool {
	t.Helper()
	auth := must[*kernel.Authority](t)(acct.Authority(o.by))
	hash := crypto.Keccak256Hash([]byte("a message"))
	request := must[*kernel.Request](t)(auth.DangerSignHash(hash, b.id))
	sigs := must[[][]byte](t)(request.Finish(must[account.Approval](t)(o.ask(request.Challenge()))))
	return must[bool](t)(kernel.IsValidSignature(t.Context(), b.chain, acct.Address(), hash, sigs[0]))
}

// TestTheLifeOfAnAccount: an owner makes the account and hands it on, over all kinds of
// owners and back to a validator that it had before. After each step the chain is read,
// what is read can be used, and no former owner signs anything.
func TestTheLifeOfAnAccount(t *testing.T) {
	b := newBench(t, devnet.Config{})
	for _, v := range b.versions() {
		t.Run(string(v), func(t *testing.T) {
			byKey, byMulti, byPasskey := b.owners(t, v)[0], b.owners(t, v)[1], b.owners(t, v)[2]
			heirKey, heirDevice := newKey("heir"), newDevice(t, "heir")
			heir, next := byKey, byPasskey
			multiKey := newKey("another") // with the same key the old owner's operations would be the new one's
			byMulti.root, byMulti.ask = kernel.MultiChainECDSA{Owner: addressOfKey(multiKey)}, approveECDSA(multiKey)
			heir.root, heir.ask = kernel.ECDSA{Owner: addressOfKey(heirKey)}, approveECDSA(heirKey)
			next.root, next.ask = heirDevice.root(), heirDevice.approve
			steps := []owner{byPasskey, next, heir, byKey, byMulti, byPasskey}
			if v == kernel.V030 {
				steps = []owner{heir, byKey} // it cannot change to another validator
			}
			acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: byKey.root}))
			for _, read := range []func() error{
				func() error { _, err := kernel.At(t.Context(), b.chain, acct.Address()); return err },
				func() error { _, err := kernel.Read(t.Context(), plainChain{b.chain}, acct.Address()); return err },
			} {
				if err := read(); !errors.Is(err, kernel.ErrNoAccount) {
					t.Errorf("before it is there: %v", err)
				}
			}
			if n := must[uint32](t)(kernel.CurrentNonce(t.Context(), b.chain, acct.Address())); n != 1 {
				t.Errorf("before it is there the nonce is %d", n)
			}
			b.fund(t, acct.Address())
			if r := b.do(t, acct, must[*kernel.Authority](t)(acct.Authority(byKey.by)), byKey.ask, []account.Call{{To: target, Value: big.NewInt(1)}}); !r.Success {
				t.Fatal(r.Reason)
			}
			now, owner := acct, byKey
			for i, to := range steps {
				name := fmt.Sprintf("step %d, to %s", i, to.root)
				auth := must[*kernel.Authority](t)(now.Authority(owner.by))
				calls := must[[]account.Call](t)(now.ReplaceRoot(t.Context(), b.chain, to.root, i%2 == 0))
				if r := b.do(t, now, auth, owner.ask, calls); !r.Success {
					t.Fatalf("%s: %s", name, r.Reason)
				}
				former, was := now, owner
				owner = to
				for _, chain := range []account.Chain{b.chain, plainChain{b.chain}} {
					now = must[*kernel.Account](t)(kernel.At(t.Context(), chain, acct.Address()))
					if got, want := fmt.Sprintf("%T %s", now.Root(), now.Root()), fmt.Sprintf("%T %s", to.root, to.root); got != want || now.Version() != v {
						t.Errorf("%s: the chain has %s, Kernel %s", name, got, now.Version())
					}
				}
				if f, data := now.Factory(); f != (common.Address{}) || data != nil {
					t.Error("an account that was opened by its address has a factory")
				}
				if b.signs(t, former, was) {
					t.Errorf("%s: the former owner still signs messages", name)
				}
				if !b.signs(t, now, owner) {
					t.Errorf("%s: the new owner's messages are refused", name)
				}
				p, err := account.Prepare(t.Context(), account.Client{Chain: b.chain, Bundler: b.relay}, former, must[*kernel.Authority](t)(former.Authority(was.by)), []account.Call{{To: target}})
				if err == nil {
					_, err = p.Finish(must[account.Approval](t)(was.ask(p.Challenge())))
				}
				if err == nil {
					_, err = p.Send(t.Context())
				}
				if err == nil {
					t.Errorf("%s: the former owner still makes operations", name)
				}
			}
			if r := b.do(t, now, must[*kernel.Authority](t)(now.Authority(owner.by)), owner.ask, []account.Call{{To: target}}); !r.Success {
				t.Error(r.Reason)
			}
		})
	}
}

// TestWhatABareChangeOfRootLeaves shows on Kernel's own code why there is ReplaceRoot.
func TestWhatABareChangeOfRootLeaves(t *testing.T) {
	b := newBench(t, devnet.Config{})
	for _, v := range b.versions() {
		if v == kernel.V030 {
			continue
		}
		t.Run(string(v), func(t *testing.T) {
			byKey, byPasskey := b.owners(t, v)[0], b.owners(t, v)[2]
			thief := kernel.ECDSA{Owner: addressOfKey(newKey("another"))}
			acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: byKey.root, Index: big.NewInt(1)}))
			b.fund(t, acct.Address())
			_, err := acct.ChangeRoot(thief)
			refused[*kernel.UnsupportedError](t, "the same validator", err)

			// What is refused there does nothing, and says nothing.
			other := must[*kernel.Account](t)(kernel.Attach(acct.Address(), v, byPasskey.root))
			calls := must[[]account.Call](t)(other.ChangeRoot(thief))
			if r := b.do(t, acct, must[*kernel.Authority](t)(acct.Authority(byKey.by)), byKey.ask, calls); !r.Success {
				t.Fatal(r.Reason)
			}
			if got := must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address())).Root(); got != byKey.root {
				t.Errorf("the owner changed to %s", got)
			}

			// The old owner's messages stay valid beside the new root's.
			calls = must[[]account.Call](t)(acct.ChangeRoot(byPasskey.root))
			if r := b.do(t, acct, must[*kernel.Authority](t)(acct.Authority(byKey.by)), byKey.ask, calls); !r.Success {
				t.Fatal(r.Reason)
			}
			now := must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address()))
			if !b.signs(t, acct, byKey) || !b.signs(t, now, byPasskey) {
				t.Error("it is not as the comment says")
			}
			// Back to the first validator under another owner: the first owner has it again.
			back := kernel.ECDSA{Owner: addressOfKey(newKey("heir"))}
			if r := b.do(t, now, must[*kernel.Authority](t)(now.Authority(byPasskey.by)), byPasskey.ask, must[[]account.Call](t)(now.ChangeRoot(back))); !r.Success {
				t.Fatal(r.Reason)
			}
			if got := must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address())).Root(); got != byKey.root {
				t.Errorf("the owner is %s", got)
			}
			if _, err := now.ReplaceRoot(t.Context(), b.chain, back, false); err == nil {
				t.Error("the root is not what it was when the account was opened")
			}
			// The passkey's validator is still there, with the first passkey. ReplaceRoot sees it,
			// and goes back and forth however often.
			now = must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address()))
			heir, next := owner{root: back, by: byKey.by, ask: approveECDSA(newKey("heir"))}, byPasskey
			heirDevice := newDevice(t, "heir")
			next.root, next.ask = heirDevice.root(), heirDevice.approve
			for i, to := range []owner{next, heir, byPasskey, byKey, byKey} {
				is := map[bool]owner{true: byKey, false: heir}[now.Root() == byKey.root]
				if _, passkey := now.Root().(kernel.WebAuthn); passkey {
					is = map[bool]owner{true: next, false: byPasskey}[i == 1]
				}
				calls := must[[]account.Call](t)(now.ReplaceRoot(t.Context(), b.chain, to.root, true))
				if r := b.do(t, now, must[*kernel.Authority](t)(now.Authority(is.by)), is.ask, calls); !r.Success {
					t.Fatalf("to %s: %s", to.root, r.Reason)
				}
				now = must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address()))
				if fmt.Sprint(now.Root()) != fmt.Sprint(to.root) || !b.signs(t, now, to) {
					t.Fatalf("step %d: the owner is %s, not %s", i, now.Root(), to.root)
				}
			}
		})
	}
}

// TestKernel030ChangesItsRootByForeignCode needs the real contracts.
func TestKernel030ChangesItsRootByForeignCode(t *testing.T) {
	b := newBench(t, devnet.Config{})
	if len(b.versions()) < 2 {
		t.Skip("Kernel 0.3.0 is in no registry: set KERNEL_ARTIFACTS to a directory that has it")
	}
	byKey, byPasskey := b.owners(t, kernel.V030)[0], b.owners(t, kernel.V030)[2]
	acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: kernel.V030, Root: byKey.root}))
	b.fund(t, acct.Address())
	delegating, calls, err := acct.DangerChangeRoot030(byPasskey.root)
	if err != nil {
		t.Fatal(err)
	}
	if r := b.do(t, delegating, must[*kernel.Authority](t)(acct.Authority(byKey.by)), byKey.ask, calls); !r.Success {
		t.Fatal(r.Reason)
	}
	now := must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address()))
	if got := fmt.Sprint(now.Root()); got != fmt.Sprint(byPasskey.root) || now.Version() != kernel.V030 {
		t.Errorf("%s, %s", got, now.Version())
	}
	calls = append(must[[]account.Call](t)(now.Upgrade(kernel.V031)), account.Call{To: target, Value: big.NewInt(1)})
	if r := b.do(t, now, must[*kernel.Authority](t)(now.Authority(byPasskey.by)), byPasskey.ask, calls); !r.Success {
		t.Fatal(r.Reason)
	}
	if got := must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address())).Version(); got != kernel.V031 {
		t.Errorf("upgraded to %s", got)
	}
}

// TestKernel2IsOpened needs the real contracts: owner operations and a change of owner on
// EntryPoint 0.6.
func TestKernel2IsOpened(t *testing.T) {
	b := newBench(t, devnet.Config{})
	seen := 0
	for i, v := range b.stand.Versions {
		if v.V3() {
			continue
		}
		seen++
		o := b.owners(t, v)[0]
		heirKey := newKey("heir")
		heir := owner{root: kernel.ECDSA{Owner: addressOfKey(heirKey)}, by: o.by, ask: approveECDSA(heirKey)}
		acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: o.root, Index: big.NewInt(int64(300 + i))}))
		b.fund(t, acct.Address())
		calls := must[[]account.Call](t)(acct.ReplaceRoot(t.Context(), b.chain, heir.root, false))
		if r := b.do(t, acct, must[*kernel.Authority](t)(acct.Authority(o.by)), o.ask, calls); !r.Success {
			t.Fatalf("%s: %s", v, r.Reason)
		}
		now := must[*kernel.Account](t)(kernel.At(t.Context(), b.chain, acct.Address()))
		if now.Root() != heir.root || now.Version() != v || b.signs(t, acct, o) || !b.signs(t, now, heir) {
			t.Errorf("%s: Kernel %s of %s", v, now.Version(), now.Root())
		}
		pay := account.Call{To: target, Value: big.NewInt(1)}
		for _, list := range [][]account.Call{{pay}, {pay, pay}, must[[]account.Call](t)(now.ChangeRoot(o.root))} {
			if r := b.do(t, now, must[*kernel.Authority](t)(now.Authority(heir.by, kernel.WithLane(3))), heir.ask, list); !r.Success {
				t.Errorf("%s: %s", v, r.Reason)
			}
		}
	}
	if seen == 0 {
		t.Skip("Kernel 0.2 is in no registry: set KERNEL_ARTIFACTS to a directory that has it")
	}
}

// TestSignaturesBeforeThereIsAnAccount: ERC-6492, and then ERC-1271.
func TestSignaturesBeforeThereIsAnAccount(t *testing.T) {
	b := newBench(t, devnet.Config{})
	for i, v := range b.stand.Versions {
		for _, o := range b.owners(t, v) {
			// Addresses of 0.2.x do not depend on the version.
			acct := must[*kernel.Account](t)(kernel.New(kernel.Config{Version: v, Root: o.root, Index: big.NewInt(int64(700 + i))}))
			auth := must[*kernel.Authority](t)(acct.Authority(o.by))
			text := []byte("I am " + o.name)
			hash := crypto.Keccak256Hash(fmt.Appendf(nil, "\x19Ethereum Signed Message:\n%d%s", len(text), text))
			request := must[*kernel.Request](t)(auth.SignText(text, b.id))
			sig := must[[][]byte](t)(request.Finish(must[account.Approval](t)(o.ask(request.Challenge()))))[0]
			wrapped := must[[]byte](t)(acct.Undeployed(sig))
			check := func(when string) {
				t.Helper()
				for _, s := range [][]byte{sig, wrapped} {
					if ok, err := acct.IsValidSignature(t.Context(), b.chain, hash, s); err != nil || !ok {
						t.Errorf("%s %s, %s: %v, %v", v, o.name, when, ok, err)
					}
					if ok, err := acct.IsValidSignature(t.Context(), b.chain, common.Hash{1}, s); err != nil || ok {
						t.Errorf("%s %s, %s: another hash: %v, %v", v, o.name, when, ok, err)
					}
				}
				broken := append([]byte{}, sig...)
				broken[len(broken)/2] ^= 1
				if ok, err := acct.IsValidSignature(t.Context(), b.chain, hash, broken); err != nil || ok {
					t.Errorf("%s %s, %s: a broken signature: %v, %v", v, o.name, when, ok, err)
				}
			}
			if _, err := kernel.IsValidSignature(t.Context(), b.chain, acct.Address(), hash, sig); !errors.Is(err, kernel.ErrNoDeployment) {
				t.Errorf("without a factory: %v", err)
			}
			if _, err := kernel.IsValidSignature(t.Context(), plainChain{b.chain}, acct.Address(), hash, wrapped); !errors.Is(err, kernel.ErrNoDeployment) {
				t.Errorf("on a chain that cannot try: %v", err)
			}
			check("before")
			// An address that the factory does not lead to has no account, whatever is deployed.
			if ok, err := kernel.IsValidSignature(t.Context(), b.chain, common.Address{9}, hash, wrapped); err != nil || ok {
				t.Errorf("another address: %v, %v", ok, err)
			}
			b.fund(t, acct.Address())
			if r := b.do(t, acct, auth, o.ask, []account.Call{{To: target}}); !r.Success {
				t.Fatal(r.Reason)
			}
			check("after")
		}
	}
	bad := append([]byte{1, 2, 3}, hexutil.MustDecode("0x6492649264926492649264926492649264926492649264926492649264926492")...)
	if _, err := kernel.IsValidSignature(t.Context(), b.chain, target, common.Hash{}, bad); !errors.Is(err, kernel.ErrWrapped) {
		t.Errorf("a malformed wrapping: %v", err)
	}
	if _, err := kernel.IsValidSignature(t.Context(), b.chain, target, common.Hash{}, make([]byte, 30_000)); err == nil {
		t.Error("a signature of 30,000 bytes")
	}
}
