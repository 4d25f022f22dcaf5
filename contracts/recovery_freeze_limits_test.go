// What a thief and a hostile majority try around a freeze, and what of it works, as docs/recovery-contract.md says.

package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// planted makes a fallback handler of any contract, as code that once ran as the account can, without its word.
func (a *acct) planted(selector []byte, handler common.Address) {
	modules := common.HexToHash("0x0a47d913d72b2639f4ca1c145cc07ddf7170b73b257c8e0d4fced7cc8e3e3900") // AccountERC7579's storage
	a.state.SetState(a.address, mapSlot(common.RightPadBytes(selector, 32), modules, 4), common.BytesToHash(handler[:]))
}

// frozenByMajority is an account that its guardians have frozen, and a recovery of theirs that waits.
func (g *guarded) frozenByMajority() (r recovery, until uint64) {
	g.t.Helper()
	newSigner := keyParty(g.t, "new")
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		g.t.Fatal(err)
	}
	r = g.recovery(0, newSigner)
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil {
		g.t.Fatal(err)
	}
	return r, g.frozenUntil()
}

// guardedBy is another account with guardians, one of which is a contract or what a contract verifies, and where it is
// among them.
func (w *world) guardedBy(d contracts.Deployment, label string, guard party) (g *guarded, position int) {
	w.t.Helper()
	g = w.guardedAt(d, label)
	g.family = sorted(guard, keyParty(w.t, "family 1"), keyParty(w.t, "family 2"))
	g.setup = usualSetup(g.family, g.institution)
	g.installModule(g.setup)
	for i, p := range g.family {
		if string(p.signer) == string(guard.signer) {
			position = i
		}
	}
	return g, position
}

// TestAFrozenAccountGuardsNobody: who has stolen an account's passkey would also act as the guardian that it is of others.
// It answers the module, so that its owner can cancel, but is not heard as a guardian, nor as a new signer.
func TestAFrozenAccountGuardsNobody(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	stolen := w.guardedAt(d, "stolen")
	stolen.installModule(stolen.setup)
	var says []byte // what the thief's signature is of: the account signs no bare digests (ERC-7739)
	thief := party{stolen.address.Bytes(), func(common.Hash) []byte {
		typ := "Freeze(address account,uint8 tier,uint256 nonce,uint48 deadline,bytes32 configHash)"
		c := seal.TypedContents{Type: typ, AppSeparator: w.separator(), Hash: crypto.Keccak256Hash(crypto.Keccak256([]byte(typ)), says)}
		toSign, err := c.SignHash(seal.PosternDomain(stolen.address, w.chain))
		if err != nil {
			t.Fatal(err)
		}
		sig, err := c.Wrap(stolen.owner.approve(toSign))
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}}
	g, at := w.guardedBy(d, "guarded", thief)
	friend := (at + 1) % 3
	who := []int{min(at, friend), max(at, friend)}
	freeze := func() error {
		word := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
		hash, nonce := g.setup.hash(t), g.nonce(0xff)
		says = append(common.LeftPadBytes(g.address[:], 32), word(new(big.Int))...)
		says = append(append(append(says, word(nonce)...), word(uint48(g.now))...), hash[:]...)
		return g.freeze(g.family, 0, who...)
	}
	keep := g.state.Copy()
	if err := freeze(); err != nil {
		t.Fatalf("not frozen it is a guardian as any other: %v", err)
	}
	g.state = keep
	_, until := stolen.frozenByMajority()
	for _, w.now = range []uint64{w.now, until - 1} {
		wantRecoveryError(t, freeze(), "FrozenSigner")
		r := g.recovery(0, keyParty(t, "new"))
		wantRecoveryError(t, g.propose(r, keyParty(t, "new"), g.family, who...), "FrozenSigner")
		r.NewSigner = thief.signer
		wantRecoveryError(t, g.propose(r, thief, g.family, (at+1)%3), "FrozenSigner")
	}
	// The others go on without it; of what they propose it cancels nothing.
	others := []int{min(friend, (at+2)%3), max(friend, (at+2)%3)}
	r := g.recovery(0, keyParty(t, "new"))
	if err := g.propose(r, keyParty(t, "new"), g.family, others...); err != nil {
		t.Fatal(err)
	}
	wantRecoveryError(t, g.cancelByGuardians(0, 0, g.family, who...), "FrozenSigner")
	// Its owner is heard in his own affairs all the while, and when the freeze is over in those of others.
	if err := stolen.module(stranger, "cancelBySignature", stolen.address, stolen.cancelSignature(stolen.nonce(cancelsAll))); err != nil {
		t.Errorf("frozen, and its owner cannot cancel: %v", err)
	}
	w.now = until
	if err := freeze(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestAFrozenAccountVerifiesNothing: nor is a handler heard by which it would verify for others (ERC-7913), though it is
// the module that froze it that asks.
func TestAFrozenAccountVerifiesNothing(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	stolen := w.guardedAt(d, "stolen")
	stolen.installModule(stolen.setup)
	hashes := w.verifierParty("key")
	stolen.planted(contracts.VerifierMagic[:], common.BytesToAddress(hashes.signer[:20]))
	g, at := w.guardedBy(d, "guarded", party{append(stolen.address.Bytes(), "key"...), hashes.sign})
	friend := (at + 1) % 3
	who := []int{min(at, friend), max(at, friend)}
	keep := g.state.Copy()
	if err := g.freeze(g.family, 0, who...); err != nil {
		t.Fatalf("not frozen it is a verifier as any other: %v", err)
	}
	g.state = keep
	stolen.frozenByMajority()
	wantRecoveryError(t, g.freeze(g.family, 0, who...), "InvalidApproval")
}

// TestAPlantedFallbackHandlerRestsWhileTheAccountIsFrozen: a thief has made the recovery module the handler of its own
// cancel(), and a token that of its transfers; whoever calls the account is heard there as the account.
func TestAPlantedFallbackHandlerRestsWhileTheAccountIsFrozen(t *testing.T) {
	g := newGuarded(t, osaka)
	cancel := contracts.RecoveryABI.Methods["cancel"].ID
	g.planted(cancel, contracts.WebAuthnAccountRecovery)
	token, tokenABI := g.deploy("Target")
	move := pack(t, tokenABI, "add", big.NewInt(5))
	g.planted(move[:4], token)
	g.must(stranger, g.address, nil, move)
	if g.sum(token, tokenABI) != 5 {
		t.Fatal("the thief has planted nothing")
	}
	r, until := g.frozenByMajority()
	for _, g.now = range []uint64{g.now, g.now + 7*day, until - 1} {
		for _, from := range []common.Address{stranger, g.address, g.entryPoint(), contracts.WebAuthnAccountRecovery} {
			for _, data := range [][]byte{cancel, move} {
				_, _, err := g.send(from, g.address, nil, data)
				wantRevert(t, err, contracts.AccountABI, "FrozenBy")
			}
		}
	}
	if _, _, err := g.send(stranger, g.address, big.NewInt(3), nil); err != nil {
		t.Errorf("a frozen account takes no ether: %v", err)
	}
	if p := g.moduleSays("proposalOf", g.address, uint8(0)); p[0] == [32]byte{} {
		t.Fatal("the thief has stopped the recovery")
	}
	if err := g.module(stranger, "execute", r); err != nil {
		t.Fatal(err)
	}
	// A recovery ends the freeze and not the handler, as the document says.
	g.must(stranger, g.address, nil, move)
	if g.sum(token, tokenABI) != 10 {
		t.Error("the document may say better things")
	}
}

// TestAFreezeThatHasEndedIsForgotten: an operation that cannot be told to wait, since its validator names an aggregator or
// block numbers, is refused until the account has forgotten the freeze; to which anybody can bring it.
func TestAFreezeThatHasEndedIsForgotten(t *testing.T) {
	g := newGuarded(t, osaka)
	validator, contract := g.deploy("AnyModule")
	for _, typ := range []*big.Int{moduleValidator, moduleExecutor} {
		if err := g.do("installModule", typ, validator, []byte{}); err != nil {
			t.Fatal(err)
		}
	}
	lane := new(big.Int).Lsh(validator.Big(), 96)
	block := uint64(1) << 47
	says := []*big.Int{addr("aggregator").Big(), timeRange(block|5, block|9)}
	refused := func() (n int) {
		t.Helper()
		for _, s := range says {
			if got := g.validationData(lane, opHash("late"), common.BigToHash(s).Bytes()); got.Cmp(common.Big1) == 0 {
				n++
			} else if got.Cmp(s) != 0 {
				t.Errorf("%x for %x", got, s)
			}
		}
		return n
	}
	thaw := func() error { return g.module(stranger, "thaw", g.address) }
	wantRecoveryError(t, thaw(), "NotFrozen")
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	end := g.frozenUntil()
	for _, g.now = range []uint64{g.now, end - 1} {
		wantRecoveryError(t, thaw(), "StillFrozen")
	}
	g.now = end
	if refused() != len(says) {
		t.Fatal("this account needs no thaw")
	}
	if err := thaw(); err != nil {
		t.Fatal(err)
	}
	if refused() != 0 || g.frozenUntil() != 0 {
		t.Error("something of the freeze is left")
	}
	wantRecoveryError(t, thaw(), "NotFrozen")
	wantRecoveryError(t, g.freeze(g.family, 0, 0, 1), "TooEarly") // guardians may not freeze it sooner for that
	// Nobody lifts another module's freeze by it.
	g.now = end + 9*day
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	g.now = g.frozenUntil()
	if err := g.runs(validator, contract, "freeze", uint48(g.now+5)); err != nil {
		t.Fatal(err)
	}
	wantRecoveryError(t, thaw(), "FrozenBy")
	g.now += 5
	if err := thaw(); err != nil || refused() != 0 {
		t.Errorf("after both: %v", err)
	}
}

// TestAMajorityCannotMakeACancellationStale: the owner signs that all recoveries end; hostile guardians see it on its way,
// and freeze the account, or lift the freeze, before it arrives. It is good all the same, and good once.
func TestAMajorityCannotMakeACancellationStale(t *testing.T) {
	g := newGuarded(t, osaka)
	thief := keyParty(t, "new")
	cancel := func(sig []byte) error { return g.module(stranger, "cancelBySignature", g.address, sig) }
	propose := func() {
		t.Helper()
		if err := g.propose(g.recovery(0, thief), thief, g.family, 0, 1); err != nil {
			t.Fatal(err)
		}
	}
	propose()
	sig, nonce := g.cancelSignature(g.nonce(cancelsAll)), g.nonce(cancelsAll)
	if want := new(big.Int).Lsh(big.NewInt(1), 64); nonce.Cmp(want) != 0 {
		t.Errorf("nonce %s, want the epoch alone", nonce)
	}
	for name, hostile := range map[string]func() error{
		"nothing":             func() error { return nil },
		"freeze":              func() error { return g.freeze(g.family, 0, 0, 1) },
		"freeze and unfreeze": func() error { return g.freezing("Unfreeze", "unfreeze", g.family, 0, 0, 1) },
		"cancel by guardians": func() error { return g.cancelByGuardians(0, 0, g.family, 0, 1) },
	} {
		keep := g.state.Copy()
		if name == "freeze and unfreeze" {
			if err := g.freeze(g.family, 0, 0, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := hostile(); err != nil {
			t.Fatal(name, err)
		}
		if name == "cancel by guardians" {
			propose()
		}
		if err := cancel(sig); err != nil {
			t.Errorf("%s makes the owner's word stale: %v", name, err)
		}
		if p := g.moduleSays("proposalOf", g.address, uint8(0)); p[0] != [32]byte{} {
			t.Errorf("%s: a proposal stands", name)
		}
		wantRecoveryError(t, cancel(sig), "BadAccountSignature")
		g.state = keep
	}
	// Whatever else voids all that was signed voids it, too; and freezing has its own nonce.
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	wantRecoveryError(t, cancel(g.cancelSignature(g.nonce(0xff))), "BadAccountSignature")
	g.later(7 * day)
	if err := g.asOwner("cancel"); err != nil {
		t.Fatal(err)
	}
	propose()
	wantRecoveryError(t, cancel(sig), "BadAccountSignature")
}
