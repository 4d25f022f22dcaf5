package contracts_test

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/tracing"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// badSetups are changes to the usual setup, each refused with the error named first.
func badSetups(t *testing.T, g *guarded) map[string]struct {
	want   string
	change func(*setup)
} {
	first := func(s *setup) *guardian { return &s.Tiers[0].Guardians[0] }
	as := func(signer []byte) func(*setup) { return func(s *setup) { first(s).Signer = signer } }
	p := newPasskey(t, "rules", 0x01)
	twice := sorted(party{signer: p.signer.Bytes()}, party{signer: p.withRule(0x02).signer.Bytes()})
	large := func(n int) setup {
		s := setup{Expiry: day, ChangeDelay: 2 * day}
		for i := range uint32(4) {
			var many []party
			for j := range 12 {
				key := make([]byte, n-20)
				key[0] = byte(j)
				many = append(many, g.verifierParty(string(key)))
			}
			s.Tiers = append(s.Tiers, tierOf(2, 1+i, sorted(many...)))
		}
		return s
	}
	lowest := func(n int) (out []party) {
		for i := range n {
			out = append(out, keyParty(t, string(rune('a'+i))))
		}
		return sorted(out...)
	}
	offCurve := bytes.Clone(p.signer.Bytes())
	offCurve[60] ^= 1
	badRule := bytes.Clone(p.signer.Bytes())
	badRule[84] = 0x03
	return map[string]struct {
		want   string
		change func(*setup)
	}{
		"no tiers":                      {"BadTierCount", func(s *setup) { s.Tiers = nil }},
		"five tiers":                    {"BadTierCount", func(s *setup) { s.Tiers = slices.Repeat(s.Tiers[:1], 5) }},
		"no guardian":                   {"BadGuardianCount", func(s *setup) { s.Tiers[1].Guardians = nil }},
		"seventeen guardians":           {"BadGuardianCount", func(s *setup) { s.Tiers[0] = tierOf(2, 7, lowest(17)) }},
		"threshold 0":                   {"BadThreshold", func(s *setup) { s.Tiers[0].Threshold = 0 }},
		"threshold above the weight":    {"BadThreshold", func(s *setup) { s.Tiers[0].Threshold = 4 }},
		"weight 0":                      {"ZeroWeight", func(s *setup) { s.Tiers[0].Guardians[1].Weight = 0 }},
		"a guardian twice":              {"DuplicateGuardian", func(s *setup) { s.Tiers[0].Guardians[1] = s.Tiers[0].Guardians[0] }},
		"a passkey under two rules":     {"DuplicateGuardian", func(s *setup) { s.Tiers[0] = tierOf(2, 7, twice) }},
		"unsorted":                      {"UnsortedGuardian", func(s *setup) { slices.Reverse(s.Tiers[0].Guardians) }},
		"twice, apart":                  {"UnsortedGuardian", func(s *setup) { s.Tiers[0].Guardians = append(s.Tiers[0].Guardians, s.Tiers[0].Guardians[0]) }},
		"the account itself":            {"BadSigner", as(g.address.Bytes())},
		"the account as verifier":       {"BadSigner", as(append(g.address.Bytes(), 1))},
		"the module":                    {"BadSigner", as(contracts.WebAuthnAccountRecovery.Bytes())},
		"the module as verifier":        {"BadSigner", as(append(contracts.WebAuthnAccountRecovery.Bytes(), 1))},
		"the zero address":              {"BadSigner", as(make([]byte, 20))},
		"a reserved address":            {"BadSigner", as(common.HexToAddress("0xffff").Bytes())},
		"no bytes":                      {"BadSigner", as(nil)},
		"nineteen bytes":                {"BadSigner", as(addr("x").Bytes()[:19])},
		"a dead verifier":               {"BadSigner", as(append(addr("dead").Bytes(), 1))},
		"a delegation for verifier":     {"BadSigner", as(append(addr("delegated").Bytes(), 1))},
		"P256Verifier as plain":         {"BadSigner", as(append(contracts.P256Verifier.Bytes(), append(p.signer.Bytes()[20:], 0)...))},
		"P256Verifier as contract":      {"BadSigner", as(contracts.P256Verifier.Bytes())},
		"a passkey off the curve":       {"BadSigner", as(offCurve)},
		"a passkey of no rule":          {"BadSigner", as(badRule)},
		"a passkey without rule":        {"BadSigner", as(p.signer.Bytes()[:84])},
		"a signer too long":             {"BadSigner", as(append(g.verifierParty("x").signer, make([]byte, 512)...))},
		"more than a contract holds":    {"SetupTooLarge", func(s *setup) { *s = large(500) }},
		"delay 0":                       {"BadDelay", func(s *setup) { s.Tiers[0].Delay = 0 }},
		"delay of a second too few":     {"BadDelay", func(s *setup) { s.Tiers[0].Delay = day - 1 }},
		"delay of years":                {"BadDelay", func(s *setup) { s.Tiers[1].Delay = 730*day + 1 }},
		"delays that are equal":         {"DelaysNotAscending", func(s *setup) { s.Tiers[1].Delay = s.Tiers[0].Delay }},
		"delays that descend":           {"DelaysNotAscending", func(s *setup) { s.Tiers[1].Delay = s.Tiers[0].Delay - 1 }},
		"expiry 0":                      {"BadExpiry", func(s *setup) { s.Expiry = 0 }},
		"expiry of less than a day":     {"BadExpiry", func(s *setup) { s.Expiry = day - 1 }},
		"expiry of more than 90 days":   {"BadExpiry", func(s *setup) { s.Expiry = 90*day + 1 }},
		"changes as quick as recovery":  {"BadChangeDelay", func(s *setup) { s.ChangeDelay = 8*day - 1 }},
		"changes after years":           {"BadChangeDelay", func(s *setup) { s.ChangeDelay = 730*day + 1 }},
		"a freeze shorter than a delay": {"BadFreeze", func(s *setup) { s.Freeze = 8*day - 1 }},
		"a freeze of a second":          {"BadFreeze", func(s *setup) { s.Freeze = 1 }},
		"a freeze of 61 days":           {"BadFreeze", func(s *setup) { s.Freeze = 60*day + 1 }},
	}
}

// clone is a deep copy of the setup.
func (s setup) clone() setup {
	s.Tiers = slices.Clone(s.Tiers)
	for i := range s.Tiers {
		s.Tiers[i].Guardians = slices.Clone(s.Tiers[i].Guardians)
	}
	return s
}

func TestABadSetupIsRefusedAtInstallationAndWhenScheduled(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	w.state.SetCode(addr("delegated"), append([]byte{0xef, 0x01, 0x00}, addr("code").Bytes()...), tracing.CodeChangeUnspecified)
	before, after := w.guardedAt(d, "before"), w.guardedAt(d, "after")
	after.installModule(after.setup)
	for name, c := range badSetups(t, after) {
		s := after.setup.clone()
		c.change(&s)
		if name == "no tiers" { // together with times it is no leaving either
			wantRecoveryError(t, after.asOwner("scheduleSetup", s), c.want)
		}
		t.Run(name, func(t *testing.T) {
			wantRecoveryError(t, after.asOwner("scheduleSetup", s), c.want)
		})
	}
	for name, c := range badSetups(t, before) {
		s := before.setup.clone()
		c.change(&s)
		t.Run(name+" at installation", func(t *testing.T) {
			wantRecoveryError(t, before.do("installModule", moduleExecutor, contracts.WebAuthnAccountRecovery, s.encode(t)), c.want)
		})
	}
	if before.moduleSays("isInitialized", before.address)[0].(bool) || before.ask("isModuleInstalled", moduleExecutor, contracts.WebAuthnAccountRecovery, []byte{}).(bool) {
		t.Error("something is installed")
	}
	if at := after.moduleSays("pendingSetupOf", after.address)[1].(*big.Int); at.Sign() != 0 {
		t.Error("something is scheduled")
	}
}

// The bounds themselves are within.
func TestTheExtremesOfASetupAreAccepted(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	var many []party
	for i := range 16 {
		many = append(many, keyParty(t, string(rune('a'+i))))
	}
	many = sorted(many...)
	for i, s := range []setup{
		{Expiry: day, ChangeDelay: 2 * day, Tiers: []tier{tierOf(1, 1, many[:1])}},
		{Expiry: 90 * day, ChangeDelay: 730 * day, Freeze: 60 * day, Tiers: []tier{
			tierOf(16, 59, many), tierOf(16, 60, many), tierOf(16, 61, many), tierOf(16, 730, many)}},
	} {
		g := w.guardedAt(d, string(rune('A'+i)))
		if i == 1 { // weights whose sum leaves 64 bits
			for j := range s.Tiers[0].Guardians {
				s.Tiers[0].Guardians[j].Weight = 1<<64 - 1
			}
			s.Tiers[0].Threshold = 1<<64 - 1
		}
		g.installModule(s)
		got := g.moduleSays("setupOf", g.address)
		data, err := contracts.RecoveryABI.Methods["setupOf"].Outputs.Pack(got...)
		if err != nil || !bytes.Equal(data, s.encode(t)) {
			t.Errorf("setup %d reads otherwise: %v", i, err)
		}
	}
}

func TestInstallDataOfAnyShapeIsReadStrictly(t *testing.T) {
	w := newWorld(t, osaka)
	g := w.guardedAt(w.install(userop.V08), "owner")
	good := g.setup.encode(t)
	for n := 0; n < len(good); n += 32 {
		if err := g.do("installModule", moduleExecutor, contracts.WebAuthnAccountRecovery, good[:n]); err == nil {
			t.Fatalf("%d bytes of %d accepted", n, len(good))
		}
	}
	// Every word in turn made huge, or pointing elsewhere: refused, or read as another setup, whose hash tells.
	for n := 0; n < len(good); n += 32 {
		for _, b := range []byte{0x01, 0xff} {
			bad := bytes.Clone(good)
			bad[n] ^= b
			keep := g.state.Copy()
			err := g.do("installModule", moduleExecutor, contracts.WebAuthnAccountRecovery, bad)
			if err == nil && g.moduleSays("setupOf", g.address)[0] == nil {
				t.Errorf("word %d: accepted as nothing", n/32)
			}
			if err == nil && bytes.Equal(mustPackSetup(t, g), good) {
				t.Errorf("word %d is ignored", n/32)
			}
			g.state = keep
		}
	}
	// What follows is ignored: the setup is kept as it is written canonically.
	g2 := append(bytes.Clone(good), 1, 2, 3)
	if err := g.do("installModule", moduleExecutor, contracts.WebAuthnAccountRecovery, g2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mustPackSetup(t, g), good) {
		t.Error("another setup is in force")
	}
}

func mustPackSetup(t *testing.T, g *guarded) []byte {
	t.Helper()
	data, err := contracts.RecoveryABI.Methods["setupOf"].Outputs.Pack(g.moduleSays("setupOf", g.address)...)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheSetupChangesOnlyAfterItsDelay(t *testing.T) {
	g := newGuarded(t, osaka)
	next := usualSetup(sorted(keyParty(t, "n 1"), keyParty(t, "n 2"), keyParty(t, "n 3")), g.institution)
	newSigner := keyParty(t, "new")
	wantRecoveryError(t, g.asOwner("cancelSetup"), "NoPendingSetup")
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "NoPendingSetup")
	wantRecoveryError(t, g.module(stranger, "scheduleSetup", next), "NoSetup")
	if err := g.asOwner("scheduleSetup", next); err != nil {
		t.Fatal(err)
	}
	g.later(8*day - 1)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "TooEarly")
	g.later(1 + 14*day)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "TooLate")
	if err := g.asOwner("scheduleSetup", next); err != nil {
		t.Fatal(err)
	}
	if err := g.asOwner("cancelSetup"); err != nil {
		t.Fatal(err)
	}
	g.later(8 * day)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "NoPendingSetup")
	if err := g.asOwner("scheduleSetup", next); err != nil {
		t.Fatal(err)
	}
	g.later(7 * day)
	r := g.recovery(0, newSigner)
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil { // a proposal does not outlive its guardians
		t.Fatal(err)
	}
	g.later(1 * day)
	if err := g.module(stranger, "applySetup", g.address); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mustPackSetup(t, g), next.encode(t)) {
		t.Error("another setup")
	}
	g.later(6 * day)
	wantRecoveryError(t, g.module(stranger, "execute", r), "NoProposal")
	wantRecoveryError(t, g.propose(g.recovery(0, newSigner), newSigner, g.family, 0, 1), "BadConfigHash")
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "NoPendingSetup")
}

// A thief with a signer cannot be rid of the guardians before they have recovered the account.
func TestARecoveryIsQuickerThanAnyChange(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	wantRecoveryError(t, g.do("uninstallModule", moduleExecutor, contracts.WebAuthnAccountRecovery, []byte{}), "SetupStands")
	wantRecoveryError(t, g.asOwner("onInstall", g.setup.encode(t)), "SetupStands")
	if err := g.asOwner("scheduleSetup", setup{Tiers: []tier{}}); err != nil {
		t.Fatal(err)
	}
	g.later(day) // the guardians notice within a day
	r := g.recovery(0, newSigner)
	if err := g.propose(r, newSigner, g.family, 1, 2); err != nil {
		t.Fatal(err)
	}
	g.later(7*day - 1)
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "TooEarly")
	g.later(1)
	if err := g.module(stranger, "execute", r); err != nil {
		t.Fatal(err)
	}
	wantRecoveryError(t, g.module(stranger, "applySetup", g.address), "NoPendingSetup")
	g.signersAre(newSigner.signer)
}

func TestLeavingIsAChange(t *testing.T) {
	g := newGuarded(t, osaka)
	nonce := g.nonce(0)
	leave := setup{Tiers: []tier{}}
	if err := g.asOwner("scheduleSetup", leave); err != nil {
		t.Fatal(err)
	}
	g.later(8 * day)
	if err := g.module(stranger, "applySetup", g.address); err != nil {
		t.Fatal(err)
	}
	newSigner := keyParty(t, "new")
	wantRecoveryError(t, g.propose(g.recovery(0, newSigner), newSigner, g.family, 0, 1), "NoSetup")
	wantRecoveryError(t, g.freeze(g.family, 0, 0, 1), "NoSetup")
	wantRecoveryError(t, g.cancelByGuardians(0, 0, g.family, 0, 1), "NoSetup")
	wantRecoveryError(t, g.asOwner("scheduleSetup", g.setup), "NoSetup")
	if err := g.do("uninstallModule", moduleExecutor, contracts.WebAuthnAccountRecovery, []byte{}); err != nil {
		t.Fatal(err)
	}
	wantRecoveryError(t, g.asOwner("onInstall", g.setup.encode(t)), "NotInstalled")
	g.installModule(g.setup) // and back, under the same setup: what was signed before is void
	if nonce.Cmp(g.nonce(0)) >= 0 {
		t.Error("the nonce is an old one")
	}
}

// Where the module is no executor of the account, or the account is of an older kind, it says so at once.
func TestOnlyAnAccountThatCanBeRecoveredHasASetup(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	other := g.create(g.d, equal(2, newPasskey(t, "a", seal.RequireUV).signer, newPasskey(t, "b", seal.RequireUV).signer))
	data := pack(t, contracts.RecoveryABI, "onInstall", g.setup.encode(t))
	wantRecoveryError(t, other.do("execute", modeSingle, single(contracts.WebAuthnAccountRecovery, nil, data)), "NotInstalled")
	_, _, err := g.send(stranger, contracts.WebAuthnAccountRecovery, nil, data)
	if err == nil {
		t.Error("an address without code has guardians")
	}
	// Torn out by a delegate call, which no module can prevent.
	slotOf := func(module common.Address) common.Hash {
		return mapSlot(common.LeftPadBytes(module[:], 32), common.HexToHash("0x0a47d913d72b2639f4ca1c145cc07ddf7170b73b257c8e0d4fced7cc8e3e3900"), 3)
	}
	g.state.SetState(g.address, slotOf(contracts.WebAuthnAccountRecovery), common.Hash{})
	if g.ask("isModuleInstalled", moduleExecutor, contracts.WebAuthnAccountRecovery, []byte{}).(bool) {
		t.Fatal("still installed")
	}
	wantRecoveryError(t, g.propose(g.recovery(0, newSigner), newSigner, g.family, 0, 1), "NotInstalled")
}
