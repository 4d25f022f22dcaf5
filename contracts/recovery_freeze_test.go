package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

func (g *guarded) frozenUntil() uint64 { return g.ask("frozenUntil").(*big.Int).Uint64() }

func TestGuardiansFreezeInTheMajorityAndForATime(t *testing.T) {
	g := newGuarded(t, osaka)
	wantRecoveryError(t, g.freeze(g.family, 0, 0), "OneGuardianIsNotEnough")
	wantRecoveryError(t, g.freeze(g.institution, 1, 0), "OneGuardianIsNotEnough") // not even where it may recover alone
	wantRecoveryError(t, g.freezing("Unfreeze", "unfreeze", g.family, 0, 0, 1), "NotFrozen")
	wantRecoveryError(t, g.freezing("Unfreeze", "freeze", g.family, 0, 0, 1), "InvalidApproval")
	old := g.freezeDigest("Freeze", g.address, 0, g.nonce(0xff), g.now, g.setup.hash(t))
	deadline := uint48(g.now)
	g.later(1)
	wantRecoveryError(t, g.module(stranger, "freeze", g.address, uint8(0), deadline, approvals(old, g.family, 0, 1)), "TooLate")
	if err := g.freeze(g.family, 0, 1, 2); err != nil {
		t.Fatal(err)
	}
	start := g.now
	if g.frozenUntil() != start+9*day {
		t.Errorf("frozen until %d", g.frozenUntil())
	}
	if f := g.moduleSays("freezeOf", g.address); f[0].(*big.Int).Uint64() != start+9*day || f[1].(*big.Int).Uint64() != start+18*day {
		t.Errorf("freeze %v", f)
	}
	// It is not made longer, and lifted as it was begun.
	g.later(day)
	wantRecoveryError(t, g.freeze(g.family, 0, 0, 1), "TooEarly")
	wantRecoveryError(t, g.freezing("Unfreeze", "unfreeze", g.family, 0, 0), "OneGuardianIsNotEnough")
	wantRecoveryError(t, g.freezing("Freeze", "unfreeze", g.family, 0, 0, 1), "InvalidApproval")
	if err := g.freezing("Unfreeze", "unfreeze", g.family, 0, 0, 2); err != nil {
		t.Fatal(err)
	}
	if g.frozenUntil() != 0 {
		t.Error("still frozen")
	}
	g.now = start + 18*day - 1
	wantRecoveryError(t, g.freeze(g.family, 0, 0, 1), "TooEarly")
	g.later(1)
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	g.later(9 * day)
	wantRecoveryError(t, g.freezing("Unfreeze", "unfreeze", g.family, 0, 0, 1), "NotFrozen")
}

func TestWithoutAFreezeInTheSetupThereIsNone(t *testing.T) {
	w := newWorld(t, osaka)
	g := w.guardedAt(w.install(userop.V08), "owner")
	g.setup.Freeze = 0
	g.installModule(g.setup)
	wantRecoveryError(t, g.freeze(g.family, 0, 0, 1), "NoFreezing")
}

// More than half of the weight, be the threshold ever so low; and the threshold, be it ever so high.
func TestWhatAMajorityIs(t *testing.T) {
	for _, c := range []struct {
		threshold uint64
		weights   [3]uint64
		who       []int
		ok        bool
	}{
		{1, [3]uint64{1, 1, 1}, []int{0, 1}, true},
		{3, [3]uint64{1, 1, 1}, []int{0, 1}, false},
		{3, [3]uint64{1, 1, 1}, []int{0, 1, 2}, true},
		{1, [3]uint64{10, 1, 1}, []int{1, 2}, false},
		{1, [3]uint64{10, 1, 1}, []int{0}, false}, // enough weight, but one guardian
		{1, [3]uint64{10, 1, 1}, []int{0, 2}, true},
		{1, [3]uint64{2, 1, 1}, []int{1, 2}, false}, // exactly half
		{1, [3]uint64{1<<64 - 1, 1<<64 - 1, 1<<64 - 1}, []int{1, 2}, true},
	} {
		w := newWorld(t, osaka)
		g := w.guardedAt(w.install(userop.V08), "owner")
		g.setup.Tiers[0].Threshold = c.threshold
		for i, weight := range c.weights {
			g.setup.Tiers[0].Guardians[i].Weight = weight
		}
		g.installModule(g.setup)
		err := g.freeze(g.family, 0, c.who...)
		if c.ok && err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if !c.ok && err == nil {
			t.Errorf("%+v: accepted", c)
		}
		// The same to cancel, where a proposal by all stands.
		r := g.recovery(0, keyParty(t, "new"))
		if err := g.propose(r, keyParty(t, "new"), g.family, 0, 1, 2); err != nil {
			t.Fatal(err)
		}
		if err := g.cancelByGuardians(0, 0, g.family, c.who...); (err == nil) != c.ok {
			t.Errorf("%+v: cancelling: %v", c, err)
		}
	}
}

// A recovery goes on while the account is frozen, and ends the freeze.
func TestARecoveryEndsTheFreeze(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	r := g.recovery(0, newSigner)
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil {
		t.Fatal(err)
	}
	g.later(7 * day)
	if g.frozenUntil() <= g.now {
		t.Fatal("not frozen any more")
	}
	if err := g.module(stranger, "execute", r); err != nil {
		t.Fatal(err)
	}
	g.signersAre(newSigner.signer)
	if g.frozenUntil() != 0 {
		t.Error("still frozen")
	}
}

// A thief schedules that the guardians leave; they find out late, and freeze.
func TestAFreezePutsOffAChangeOfTheSetup(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	if err := g.asOwner("scheduleSetup", setup{Tiers: []tier{}}); err != nil {
		t.Fatal(err)
	}
	g.later(8*day - 1)
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	until := g.now + 9*day
	if p := g.moduleSays("pendingSetupOf", g.address); p[1].(*big.Int).Uint64() != until || p[2].(*big.Int).Uint64() != until+14*day {
		t.Errorf("to come: %v", p)
	}
	g.later(1)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "TooEarly")
	r := g.recovery(0, newSigner)
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil {
		t.Fatal(err)
	}
	g.later(7 * day)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "TooEarly")
	if err := g.module(stranger, "execute", r); err != nil {
		t.Fatal(err)
	}
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "NoPendingSetup")

	// Without a recovery the change comes after the freeze, in all of its time; guardians cannot put it off for ever.
	g = newGuarded(t, osaka)
	if err := g.asOwner("scheduleSetup", setup{Tiers: []tier{}}); err != nil {
		t.Fatal(err)
	}
	g.later(20 * day)
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	g.later(9*day - 1)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "TooEarly")
	g.later(1)
	wantRecoveryError(t, g.freeze(g.family, 0, 0, 1), "TooEarly")
	if err := g.module(stranger, "applySetup", g.address); err != nil {
		t.Fatal(err)
	}
	if err := g.do("uninstallModule", moduleExecutor, contracts.WebAuthnAccountRecovery, []byte{}); err != nil {
		t.Fatal(err)
	}
	if tiers := g.moduleSays("setupOf", g.address)[0]; len(mustPackSetup(t, g)) > 192 || tiers == nil {
		t.Error("a setup stands")
	}
	// Nor does one come into force that was scheduled meanwhile, by whatever way.
	g = newGuarded(t, osaka)
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := g.asOwner("scheduleSetup", setup{Tiers: []tier{}}); err != nil {
		t.Fatal(err)
	}
	g.later(9*day - 1)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "StillFrozen")
	g.later(1)
	if err := g.module(stranger, "applySetup", g.address); err != nil {
		t.Fatal(err)
	}
	// One that is not ready before the freeze is over, or has expired, is left as it is.
	g = newGuarded(t, osaka)
	g.later(1)
	if err := g.asOwner("scheduleSetup", g.setup); err != nil {
		t.Fatal(err)
	}
	at := g.moduleSays("pendingSetupOf", g.address)[2].(*big.Int)
	g.now = at.Uint64()
	if err := g.freeze(g.family, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	if p := g.moduleSays("pendingSetupOf", g.address); p[2].(*big.Int).Cmp(at) != 0 {
		t.Errorf("an expired change has come back: %v", p)
	}
	g.later(9 * day)
	wantRecoveryError(t, g.module(common.Address{1}, "applySetup", g.address), "TooLate")
}
