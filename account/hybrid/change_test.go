package hybrid_test

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/devnet"
	"github.com/postern-dev/postern/passkey"
	"github.com/postern-dev/postern/userop"
)

// is makes a check of a typed error that has a hint.
func is[E account.Hinter](check func(E) bool) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[E](err)
		return ok && e.Hint() != "" && e.Error() != "" && check(e)
	}
}

func isErr(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

var (
	lastSigner = is(func(*hybrid.LastSignerError) bool { return true })
	deadOwner  = is(func(e *hybrid.OwnerError) bool { return e.Why != "" })
)

func TestChangesThatLockTheAccountAreRefused(t *testing.T) {
	d := hybrid.V130()
	one, two, three := newDevice(t, "one").key, newDevice(t, "two").key, newDevice(t, "three").key
	owner := addressOf(newKey("owner"))
	tutorial := common.BytesToAddress(crypto.Keccak256(one.Public.Raw()))
	acct := func(owner common.Address, keys ...hybrid.Key) *hybrid.Account {
		return must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: owner, Keys: keys, DangerDeadOwner: true}))
	}
	both, ownerOnly, keyOnly, dead := acct(owner, one), acct(owner), acct(common.Address{}, one), acct(tutorial, one)
	calls := func(c []account.Call, err error) error { return err }
	otherText := one
	otherText.ID = "0x1234"
	many := make([]hybrid.Key, 257)
	for i := range many {
		many[i] = hybrid.TextKey(strings.Repeat("k", i+1), one.Public)
	}
	for _, c := range []struct {
		name string
		err  error
		ok   func(error) bool
	}{
		{"a key without a text", calls(both.AddKey(hybrid.Key{Public: two.Public})), isErr(hybrid.ErrEmptyKeyID)},
		{"a passkey without a credential id", calls(both.AddKey(hybrid.PasskeyKey(nil, two.Public))), isErr(hybrid.ErrEmptyKeyID)},
		{"a key without a public key", calls(both.AddKey(hybrid.TextKey("x", passkey.PublicKey{}))), isErr(hybrid.ErrNoKey)},
		{"a text of another hash", calls(both.AddKey(otherText)), isErr(hybrid.ErrKeyHash)},
		{"a text that is no text", calls(both.AddKey(hybrid.TextKey("\xff", two.Public))), isErr(hybrid.ErrKeyID)},
		{"an endless text", calls(both.AddKey(hybrid.TextKey(strings.Repeat("x", 5000), two.Public))), isErr(hybrid.ErrKeyID)},
		{"a key that is there", calls(both.AddKey(one)), is(func(e *hybrid.KeyExistsError) bool { return e.Key == one })},
		{"another key under its text", calls(both.AddKey(hybrid.TextKey(one.ID, two.Public))), is(func(e *hybrid.KeyExistsError) bool { return e.Key == one })},
		{"the removal of a key that is not there", calls(both.RemoveKey(two)), is(func(e *hybrid.NoSuchKeyError) bool { return e.Key == two })},
		{"the removal of another key under the text", calls(both.RemoveKey(hybrid.TextKey(one.ID, two.Public))), is(func(*hybrid.NoSuchKeyError) bool { return true })},
		{"the removal of the only key", calls(keyOnly.RemoveKey(one)), lastSigner},
		{"the removal of the key beside a dead owner", calls(dead.RemoveKey(one)), is(func(e *hybrid.LastSignerError) bool { return e.Owner == tutorial && e.Why != "" })},
		{"renouncing as the only signer", calls(ownerOnly.RenounceOwnership()), lastSigner},
		{"renouncing without an owner", calls(keyOnly.RenounceOwnership()), isErr(hybrid.ErrNoChange)},
		{"transfer to the owner", calls(both.TransferOwnership(owner)), isErr(hybrid.ErrNoChange)},
		{"transfer to nobody", calls(both.TransferOwnership(common.Address{})), deadOwner},
		{"transfer to the account itself", calls(both.TransferOwnership(both.Address())), deadOwner},
		{"transfer to the factory", calls(both.TransferOwnership(d.Factory)), deadOwner},
		{"transfer to the EntryPoint", calls(both.TransferOwnership(userop.V07.Address())), deadOwner},
		{"transfer to the deployer", calls(both.TransferOwnership(contracts.Deployer)), deadOwner},
		{"transfer to P256VERIFY", calls(both.TransferOwnership(common.BytesToAddress([]byte{1, 0}))), deadOwner},
		{"transfer to the passkey's address", calls(both.TransferOwnership(tutorial)), deadOwner},
		{"no signers", calls(both.UpdateSigners(common.Address{}, nil)), lastSigner},
		{"a dead owner alone", calls(both.UpdateSigners(d.Implementation, nil)), deadOwner},
		{"a dead owner of a new key", calls(both.UpdateSigners(common.BytesToAddress(crypto.Keccak256(two.Public.Raw())), []hybrid.Key{two})), deadOwner},
		{"one key twice", calls(both.UpdateSigners(owner, []hybrid.Key{two, two})), is(func(*hybrid.KeyExistsError) bool { return true })},
		{"more keys than fit", calls(both.UpdateSigners(owner, many)), is(func(e *hybrid.TooManyKeysError) bool { return e.Keys == 257 })},

		{"AddKey", calls(both.AddKey(two)), isErr(nil)},
		{"RemoveKey", calls(both.RemoveKey(one)), isErr(nil)},
		{"RemoveKey by its text alone", calls(both.RemoveKey(hybrid.Key{ID: one.ID})), isErr(nil)},
		{"RemoveKey by its hash alone", calls(both.RemoveKey(hybrid.Key{Hash: one.Hash})), isErr(nil)},
		{"RenounceOwnership", calls(both.RenounceOwnership()), isErr(nil)},
		{"TransferOwnership", calls(keyOnly.TransferOwnership(owner)), isErr(nil)},
		{"UpdateSigners", calls(both.UpdateSigners(common.Address{}, []hybrid.Key{one, two, three})), isErr(nil)},
		{"UpdateSigners to an owner", calls(keyOnly.UpdateSigners(owner, nil)), isErr(nil)},
	} {
		if !c.ok(c.err) {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
}

// TestCallsTogetherDoNotLockTheAccount: whoever made them, and each of them harmless
// alone. The contract would take them all.
func TestCallsTogetherDoNotLockTheAccount(t *testing.T) {
	d := hybrid.V130()
	one, two := newDevice(t, "one").key, newDevice(t, "two").key
	owner, tutorial := addressOf(newKey("owner")), common.BytesToAddress(crypto.Keccak256(one.Public.Raw()))
	dead := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: tutorial, Keys: []hybrid.Key{one, two}, DangerDeadOwner: true}))
	alive := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: owner, Keys: []hybrid.Key{one}}))
	call := func(a *hybrid.Account, method string, args ...any) account.Call {
		return account.Call{To: a.Address(), Data: must[[]byte](t)(hybrid.Pack(method, args...))}
	}
	none := []any{[]string{}, []*big.Int{}, []*big.Int{}}
	with := func(first ...any) []any { return append(first, none...) }
	x, y := two.Public.X(), two.Public.Y()
	addTwo := call(alive, "addKey", two.ID, new(big.Int).SetBytes(x[:]), new(big.Int).SetBytes(y[:]))
	for name, c := range map[string]struct {
		acct  *hybrid.Account
		calls []account.Call
		ok    func(error) bool
	}{
		"both keys":                {dead, []account.Call{call(dead, "removeKey", one.ID), call(dead, "removeKey", two.ID)}, lastSigner},
		"all keys at once":         {dead, []account.Call{call(dead, "updateSigners", with(tutorial)...)}, lastSigner},
		"the key and the owner":    {alive, []account.Call{call(alive, "removeKey", one.ID), call(alive, "renounceOwnership")}, lastSigner},
		"to the factory, no key":   {alive, []account.Call{call(alive, "transferOwnership", d.Factory), {To: target}, call(alive, "removeKey", one.ID)}, lastSigner},
		"again, with nobody":       {alive, []account.Call{call(alive, "reinitialize", append(with(uint8(2), d.Factory), true)...)}, lastSigner},
		"one key":                  {dead, []account.Call{call(dead, "removeKey", one.ID)}, isErr(nil)},
		"the key, not the owner":   {alive, []account.Call{call(alive, "removeKey", one.ID)}, isErr(nil)},
		"one for the other":        {alive, []account.Call{addTwo, call(alive, "removeKey", one.ID), call(alive, "renounceOwnership")}, isErr(nil)},
		"again, keys kept":         {alive, []account.Call{call(alive, "reinitialize", append(with(uint8(2), common.Address{}), false)...)}, isErr(nil)},
		"other code":               {alive, []account.Call{call(alive, "upgradeToAndCall", target, []byte{})}, isErr(nil)},
		"somebody else's contract": {dead, []account.Call{{To: target, Data: call(dead, "updateSigners", with(tutorial)...).Data}}, isErr(nil)},
		"an owner that may sign":   {dead, []account.Call{call(dead, "updateSigners", with(owner)...)}, isErr(nil)},
	} {
		if data, err := hybrid.AsRead(c.acct).EncodeCalls(c.calls); !c.ok(err) || (err != nil) != (data == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.acct.EncodeCalls(c.calls); err != nil {
			t.Errorf("%s, of an account whose signers may be others by now: %v", name, err)
		}
	}
}

func TestConfigsThatCannotBeMeantAreRefused(t *testing.T) {
	d := hybrid.V130()
	key := newDevice(t, "one").key
	owner := addressOf(newKey("owner"))
	tutorial := common.BytesToAddress(crypto.Keccak256(key.Public.Raw()))
	for name, c := range map[string]struct {
		config hybrid.Config
		ok     func(error) bool
	}{
		"no signer":                      {hybrid.Config{Deployment: d}, isErr(hybrid.ErrNoSigner)},
		"no deployment":                  {hybrid.Config{Owner: owner}, is(func(*hybrid.EntryPointError) bool { return true })},
		"another EntryPoint":             {hybrid.Config{Owner: owner, Deployment: must[hybrid.Deployment](t)(hybrid.V130For(userop.V08))}, is(func(e *hybrid.EntryPointError) bool { return e.EntryPoint == userop.V08 })},
		"one key twice":                  {hybrid.Config{Deployment: d, Keys: []hybrid.Key{key, key}}, is(func(*hybrid.KeyExistsError) bool { return true })},
		"the tutorial's owner":           {hybrid.Config{Deployment: d, Owner: tutorial, Keys: []hybrid.Key{key}}, deadOwner},
		"a dead owner alone, on purpose": {hybrid.Config{Deployment: d, Owner: d.Factory, DangerDeadOwner: true}, lastSigner},
		"MetaMask's contract":            {hybrid.Config{Deployment: d, Owner: d.DelegationManager}, deadOwner},
	} {
		if a, err := hybrid.New(c.config); a != nil || !c.ok(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	keys := []hybrid.Key{key}
	a := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Keys: keys}))
	before := a.Address()
	keys[0].ID = "changed"
	_, data := a.Factory()
	if bytes.Contains(data, []byte("changed")) || a.Keys()[0].ID == "changed" || a.Address() != before {
		t.Error("the account shares memory with its config")
	}
}

// TestADeadOwnerIsRecognisedOnChain: a contract as owner, and one that became an
// EIP-7702 account, whose key signs as before.
func TestADeadOwnerIsRecognisedOnChain(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	contract, eoa := contracts.Deployer, addressOf(newKey("owner"))
	short := addressOf(newKey("short"))
	chain := codeChain{Chain: b.chain, codes: map[common.Address][]byte{
		eoa: append([]byte{0xef, 0x01, 0x00}, make([]byte, 20)...), short: make([]byte, 23)}} // as long as a delegation
	if err := hybrid.CheckOwner(t.Context(), chain, short); !deadOwner(err) {
		t.Errorf("a short contract: %v", err)
	}
	if err := hybrid.CheckOwner(t.Context(), chain, contract); !deadOwner(err) {
		t.Errorf("a contract: %v", err)
	}
	for name, who := range map[string]common.Address{"an EIP-7702 account": eoa, "an ordinary account": addressOf(newKey("nobody")), "nobody": {}} {
		if err := hybrid.CheckOwner(t.Context(), chain, who); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The contract takes such owners; whoever reads the account learns of it.
	ours := must[common.Address](t)(func() (common.Address, error) {
		d, err := contracts.ForEntryPoint(userop.V07)
		return d.Factory, err
	}())
	dev := newDevice(t, "beside a contract")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Owner: ours, Keys: []hybrid.Key{dev.key}}))
	deploy(t, b, acct)
	now := must[*hybrid.Account](t)(acct.With(t.Context(), b.chain))
	if _, err := now.RemoveKey(dev.key); !lastSigner(err) {
		t.Errorf("the last key beside a contract: %v", err)
	}
	if _, err := now.UpdateSigners(ours, nil); !lastSigner(err) {
		t.Errorf("no keys beside a contract: %v", err)
	}
	raw := account.Call{To: now.Address(), Data: must[[]byte](t)(hybrid.Pack("removeKey", dev.key.ID))}
	if _, err := now.EncodeCalls([]account.Call{raw}); !lastSigner(err) {
		t.Errorf("the last key beside a contract, by a call of somebody's: %v", err)
	}
	if _, err := now.Authority(hybrid.OwnerApprover{Address: ours}); !deadOwner(err) {
		t.Errorf("a contract is asked to sign: %v", err)
	}
	if _, err := now.Authority(dev.approver()); err != nil {
		t.Error(err)
	}
}

func TestStrangersAreNoApprovers(t *testing.T) {
	dev, other := newDevice(t, "one"), newDevice(t, "two")
	acct := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: hybrid.V130(), Keys: []hybrid.Key{dev.key}}))
	for name, by := range map[string]hybrid.Approver{
		"another passkey":                other.approver(),
		"another passkey under the text": hybrid.PasskeyApprover{Key: hybrid.TextKey(dev.key.ID, other.key.Public), RPID: rpID, Origins: []string{origin}},
		"another raw key":                hybrid.P256Approver{Key: other.key},
		"an owner of none":               hybrid.OwnerApprover{Address: addressOf(newKey("owner"))},
		"nobody as owner":                hybrid.OwnerApprover{},
		"no approver":                    nil,
	} {
		_, err := acct.Authority(by)
		e, ok := errors.AsType[*hybrid.NotSignerError](err)
		if !ok || !errors.Is(err, hybrid.ErrNotSigner) || e.Account != acct.Address() || !strings.Contains(e.Hint(), acct.Address().Hex()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCredentialsAreReadOutOfTheKitsTextsOnly(t *testing.T) {
	pub := newDevice(t, "one").key.Public
	for text, want := range map[string]string{"0x4141": "\x00", "0x": "", "0x414": "", "4141": "", "0x4a41": "$", "0x4A41": "", "0x41": "", "0x4142": "", "0xff": "", "hello": ""} {
		id, ok := hybrid.TextKey(text, pub).Credential()
		if ok != (want != "") || string(id) != want {
			t.Errorf("%q stands for %x (%v)", text, id, ok)
		}
	}
}
