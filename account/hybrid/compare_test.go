package hybrid_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/account/hybrid"
	"github.com/postern-dev/postern/devnet"
)

// TestTheTutorialsMistakeIsNamed rebuilds an account as step 7 of the tutorial
// does: from the backup passkey, with an owner computed from its public key.
func TestTheTutorialsMistakeIsNamed(t *testing.T) {
	b := newBench(t, devnet.Osaka)
	d := hybrid.V130()
	owner, dev := newKey("owner"), newDevice(t, "backup")
	meant := hybrid.Config{Deployment: d, Owner: addressOf(owner)}
	dead := common.BytesToAddress(crypto.Keccak256(dev.key.Public.Raw()))
	step7 := hybrid.Config{Deployment: d, Owner: dead, Keys: []hybrid.Key{dev.key}}

	// The owner alone gives it away.
	if _, err := hybrid.New(step7); !is(func(e *hybrid.OwnerError) bool { return e.Owner == dead && strings.Contains(e.Why, "P-256") })(err) {
		t.Errorf("New: %v", err)
	}
	if err := hybrid.Compare(meant, meant); err != nil {
		t.Errorf("the same: %v", err)
	}
	err := hybrid.Compare(step7, meant)
	e, ok := errors.AsType[*hybrid.DifferentAccountError](err)
	if !ok || e.Searched || e.Hint() == "" || !strings.Contains(e.Error(), "a different, empty account; did you mean "+e.Meant.Hex()) ||
		!strings.Contains(e.Error(), "cannot sign") || !strings.Contains(e.Error(), dev.key.String()+" is added") {
		t.Errorf("Compare: %v", err)
	}
	for name, change := range map[string]func(*hybrid.Config){
		"salt": func(c *hybrid.Config) { c.Salt[0] = 1 }, "factory": func(c *hybrid.Config) { c.Deployment.Factory[0] ^= 1 },
		"implementation":      func(c *hybrid.Config) { c.Deployment.Implementation[0] ^= 1 },
		"another order":       func(c *hybrid.Config) { c.Keys[0], c.Keys[1] = c.Keys[1], c.Keys[0] },
		"missing":             func(c *hybrid.Config) { c.Keys = c.Keys[:1] },
		"the owner is nobody": func(c *hybrid.Config) { c.Owner = common.Address{} },
	} {
		c := hybrid.Config{Deployment: d, Owner: addressOf(owner), Keys: []hybrid.Key{dev.key, newDevice(t, "two").key}}
		other := c
		other.Keys = append([]hybrid.Key(nil), c.Keys...)
		change(&other)
		e, ok := errors.AsType[*hybrid.DifferentAccountError](hybrid.Compare(other, c))
		if !ok || len(e.Differs) != 1 || !strings.Contains(e.Differs[0], name) {
			t.Errorf("%s: %v", name, e)
		}
	}

	// On the chain: the account lives, has got the passkey, and somebody is about to
	// create another one of it.
	acct := must[*hybrid.Account](t)(hybrid.New(meant))
	wrong := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Keys: []hybrid.Key{dev.key}}))
	if err := wrong.CheckNew(t.Context(), b.chain, acct.Address()); err != nil {
		t.Errorf("nothing is there yet: %v", err)
	}
	if err := wrong.CheckNew(t.Context(), b.chain); err != nil {
		t.Errorf("nothing is there yet: %v", err)
	}
	b.fund(t, acct.Address())
	auth := must[*hybrid.Authority](t)(acct.Authority(hybrid.OwnerApprover{Address: addressOf(owner)}))
	b.do(t, acct, auth, approveECDSA(owner), must[[]account.Call](t)(acct.AddKey(dev.key)))
	for name, known := range map[string][]common.Address{"remembered": {target, acct.Address()}, "found by its key": nil} {
		e, ok := errors.AsType[*hybrid.DifferentAccountError](wrong.CheckNew(t.Context(), b.chain, known...))
		if !ok || e.Computed != wrong.Address() || e.Meant != acct.Address() || e.Searched != (known == nil) || e.Hint() == "" || len(e.Differs) == 0 {
			t.Errorf("%s: %v", name, e)
		}
	}
	if err := wrong.CheckNew(t.Context(), plainChain{b.chain}); err != nil {
		t.Errorf("a chain without logs: %v", err)
	}
	if err := acct.CheckNew(t.Context(), b.chain, acct.Address()); err != nil {
		t.Errorf("the account itself: %v", err)
	}
	sameOwner := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: addressOf(owner), Salt: [32]byte{1}}))
	if e, ok := errors.AsType[*hybrid.DifferentAccountError](sameOwner.CheckNew(t.Context(), b.chain, acct.Address())); !ok || e.Meant != acct.Address() {
		t.Errorf("the same owner: %v", e)
	}
	stranger := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Keys: []hybrid.Key{newDevice(t, "stranger").key}}))
	for _, known := range [][]common.Address{nil, {acct.Address()}, {d.Factory}} {
		if err := stranger.CheckNew(t.Context(), b.chain, known...); err != nil {
			t.Errorf("a stranger's first account: %v", err)
		}
	}

	sameText := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Keys: []hybrid.Key{hybrid.TextKey(dev.key.ID, newDevice(t, "other").key.Public)}}))
	if err := sameText.CheckNew(t.Context(), b.chain, acct.Address()); err != nil {
		t.Errorf("another key of the same text: %v", err)
	}
	deploy(t, b, sameOwner)
	if err := sameOwner.CheckNew(t.Context(), b.chain, acct.Address()); err != nil {
		t.Errorf("an account that exists: %v", err)
	}

	// Somebody puts the key on an account of their own. It is found, as it must be,
	// and its owner is said.
	mallory := must[*hybrid.Account](t)(hybrid.New(hybrid.Config{Deployment: d, Owner: addressOf(newKey("mallory")), Keys: []hybrid.Key{dev.key}}))
	deploy(t, b, mallory)
	found := must[[]*hybrid.Account](t)(hybrid.FindByKey(t.Context(), b.chain, d, dev.key))
	if len(found) != 2 || found[0].Address() != acct.Address() || found[1].Owner() != mallory.Owner() {
		t.Errorf("found %d accounts", len(found))
	}
	if found := must[[]*hybrid.Account](t)(hybrid.FindByKey(t.Context(), b.chain, d, hybrid.TextKey(dev.key.ID, newDevice(t, "other").key.Public))); len(found) != 0 {
		t.Errorf("another key of that text is found %d times", len(found))
	}
}
