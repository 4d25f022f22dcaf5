package webauthn_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/webauthn"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/p256table"
)

// A passkey goes and another comes: its table comes in the same operation.
func TestKeyAndTableAreSwappedInOneStep(t *testing.T) {
	b := newBenchOn(t, devnet.Config{Rules: devnet.Prague})
	u := b.user(t, "old")
	b.run(t, b.chain, u)
	b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format1k)))
	acct := must[*webauthn.Account](t)(u.acct.With(t.Context(), b.chain))
	young := newDevice(t, "young")
	s := young.signer(t, webauthn.FirstRule)
	calls, want, err := acct.Rotate(u.s, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, hints := b.run(t, b.chain, &user{u.device, acct, u.s}, calls...); hints != 32 {
		t.Errorf("%d bytes of hints", hints)
	}
	now := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, u.acct.Address()))
	if path, ok := now.P256Path(s); !ok || path != P(p256table.Format1k) || now.Weight(u.s) != 0 {
		t.Errorf("the new passkey is verified by %s", path)
	}
	if path, ok := want.P256Path(s); !ok || path != P(p256table.Format1k) {
		t.Errorf("the account after the change says %s", path)
	}
	if _, ok := now.P256Path(u.s); ok {
		t.Error("the old passkey is verified still")
	}
	if _, hints := b.run(t, b.chain, &user{young, now, s}); hints != 32 {
		t.Errorf("the new passkey's approval has %d bytes of hints", hints)
	}
	// The old one comes back: nothing is left of its record, its table is found.
	calls, _, err = now.Rotate(s, u.s)
	if err != nil {
		t.Fatal(err)
	}
	gas, _ := b.run(t, b.chain, &user{young, now, s}, calls...)
	t.Logf("back to a key whose table is there: %d gas", gas)
	if path := b.now(t, u); path != P(p256table.Format1k) {
		t.Errorf("it is verified by %s", path)
	}
	added, _, err := now.Change(webauthn.Change{Add: webauthn.Members(u.s), Remove: []webauthn.Signer{s}})
	if err != nil || len(added) != 2 {
		t.Errorf("a change without tables has %d calls, %v", len(added), err)
	}
}

// Nobody but the account takes a table away, and no tables are made of what is no
// passkey of the account.
func TestStrangersOnlyMakeTablesLarger(t *testing.T) {
	b := newBenchOn(t, devnet.Config{Rules: devnet.Prague})
	u := b.user(t, "strangers")
	b.run(t, b.chain, u)
	b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format4k)))
	other := newDevice(t, "another").signer(t, 1)
	for name, c := range map[string]account.Call{
		"none":              must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, 0)),
		"a smaller one":     must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format1k)),
		"the same":          must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format4k)),
		"another's passkey": must[account.Call](t)(webauthn.TableCall(u.acct.Address(), other, p256table.Format16k)),
		"a format of later": {To: u.acct.Address(), Data: contracts.UseTable(u.s.Bytes(), 0x15)},
		"the precompile":    {To: u.acct.Address(), Data: contracts.UseTable(u.s.Bytes(), 0x01)},
	} {
		if out, err := b.chain.Call(t.Context(), c.To, c.Data); err == nil {
			t.Errorf("%s: %s", name, hexutil.Encode(out))
		}
	}
	if now := b.now(t, u); now != P(p256table.Format4k) {
		t.Errorf("the account verifies by %s", now)
	}
	calls := must[[]account.Call](t)(u.acct.UseTable(u.s, p256table.Format512))
	b.run(t, b.chain, u, calls...)
	if now := b.now(t, u); now != P(p256table.Format512) {
		t.Errorf("the account itself chose 512 bytes, and verifies by %s", now)
	}
}

// Messages carry hints, too, if somebody asks the chain for their path.
func TestMessagesAreCheaperToVerifyWithHints(t *testing.T) {
	b := newBenchOn(t, devnet.Config{Rules: devnet.Prague})
	u := b.user(t, "messages")
	b.run(t, b.chain, u)
	id := must[*big.Int](t)(b.chain.ChainID(t.Context()))
	hash := crypto.Keccak256Hash([]byte("hello"))
	check := func(auth *webauthn.Authority) (hints int, gas uint64) {
		t.Helper()
		m := auth.SignHash(id, hash)
		sig := must[[]byte](t)(m.Finish(must[account.Approval](t)(u.approve(m.Challenge()))))
		data := must[[]byte](t)(contracts.AccountABI.Pack("isValidSignature", hash, sig))
		out := must[[]byte](t)(b.chain.Call(t.Context(), u.acct.Address(), data))
		if !bytes.Equal(out[:4], []byte{0x16, 0x26, 0xba, 0x7e}) {
			t.Fatalf("the account says %x", out)
		}
		var used hexutil.Uint64
		call := map[string]any{"to": u.acct.Address(), "input": hexutil.Bytes(data)}
		if err := b.chain.CallContext(t.Context(), &used, "eth_estimateGas", call); err != nil {
			t.Fatal(err)
		}
		return hintsIn(t, sig)[u.s], uint64(used)
	}
	bare, plain := check(u.auth(t))
	hints, hinted := check(u.auth(t).On(t.Context(), b.chain))
	if bare != 0 || hints != 128 || hinted >= plain {
		t.Errorf("%d bytes of hints and %d gas; asked, %d and %d", bare, plain, hints, hinted)
	}
	b.stranger(t, must[account.Call](t)(webauthn.TableCall(u.acct.Address(), u.s, p256table.Format4k)))
	acct := must[*webauthn.Account](t)(webauthn.At(t.Context(), b.chain, u.acct.Address()))
	hints, tabled := check(must[*webauthn.Authority](t)(acct.Authority(u.approver(u.s)))) // At has asked
	if hints != 32 || tabled >= hinted {
		t.Errorf("with a table %d bytes of hints and %d gas, without %d", hints, tabled, hinted)
	}
	t.Logf("no hints %d, without a table %d, with one of 4 KB %d gas", plain, hinted, tabled)
}
