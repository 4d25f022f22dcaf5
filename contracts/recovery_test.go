package contracts_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/userop"
)

func TestGuardiansBringInANewPasskey(t *testing.T) {
	for _, f := range []fork{cancun, osaka} {
		for _, table := range []p256table.Format{0, p256table.Format4k} {
			g := newGuarded(t, f)
			fresh := newPasskey(t, "new phone", 0x01)
			newSigner := passkeyParty(t, "new phone")
			r := g.recovery(0, newSigner)
			r.Table = uint8(table)
			if got := common.Hash(g.moduleSays("recoveryDigest", r)[0].([32]byte)); got != g.recoverDigest(r) {
				t.Fatalf("digest %s, go-ethereum's is %s", got, g.recoverDigest(r))
			}
			if err := g.propose(r, newSigner, g.family, 0, 2); err != nil {
				t.Fatal(err)
			}
			wantRecoveryError(t, g.module(stranger, "execute", r), "TooEarly")
			p := g.moduleSays("proposalOf", g.address, uint8(0))
			if p[0] != [32]byte(g.recoverDigest(r)) || p[1].(*big.Int).Uint64() != g.now+7*day ||
				p[2].(*big.Int).Uint64() != g.now+21*day || p[3].(*big.Int).Int64() != g.number {
				t.Errorf("proposal %v", p)
			}
			g.later(7*day - 1)
			wantRecoveryError(t, g.module(stranger, "execute", r), "TooEarly")
			g.later(1)
			if err := g.module(addr("anybody"), "execute", r); err != nil {
				t.Fatal(err)
			}
			g.signersAre(newSigner.signer)
			hash := opHash("after")
			if !g.validates(hash, fresh.approve(hash)) || g.validates(hash, g.owner.approve(hash)) {
				t.Error("the account obeys the wrong passkey")
			}
			if f == cancun {
				if path := g.ask("p256Path", newSigner.signer); path != uint8(table) {
					t.Errorf("verified by %#x, want %v", path, table)
				}
			}
			wantRecoveryError(t, g.module(stranger, "execute", r), "NoProposal")
			wantRecoveryError(t, g.propose(r, newSigner, g.family, 0, 2), "BadNonce")
		}
	}
}

func TestAProposalExpires(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	r := g.recovery(0, newSigner)
	if err := g.propose(r, newSigner, g.family, 0, 1); err != nil {
		t.Fatal(err)
	}
	g.later(21*day - 1)
	again := g.recovery(0, newSigner)
	wantRecoveryError(t, g.propose(again, newSigner, g.family, 0, 1), "ProposalStands")
	g.later(1)
	wantRecoveryError(t, g.module(stranger, "execute", r), "TooLate")
	again.Deadline = new(big.Int).SetUint64(g.now)
	if err := g.propose(again, newSigner, g.family, 0, 1); err != nil {
		t.Error(err)
	}
}

func TestEverySignerKindGuardsAndIsRecoveredTo(t *testing.T) {
	for _, f := range []fork{cancun, osaka} {
		w := newWorld(t, f)
		d := w.install(userop.V08)
		kinds := map[string]party{
			"key": keyParty(t, "kind key"), "passkey": passkeyParty(t, "kind passkey"),
			"contract": w.contractParty("kind contract"), "verifier": w.verifierParty("kind verifier"),
		}
		for name, p := range kinds {
			g := w.guardedAt(d, "owner of "+name)
			all := sorted(p, keyParty(t, "beside"))
			g.setup.Tiers = []tier{tierOf(2, 7, all)}
			g.installModule(g.setup)
			newSigner := kinds[name]
			r := g.recovery(0, newSigner)
			digest := g.recoverDigest(r)
			sigs := approvals(digest, all, 0, 1)
			own := approvals(digest, []party{newSigner}, 0)[0]
			for i := range all {
				spoilt := approvals(digest, all, 0, 1)
				spoilt[i].Signature[len(spoilt[i].Signature)-5] ^= 1
				wantRecoveryError(t, g.module(stranger, "propose", r, own, spoilt), "InvalidApproval")
				for _, sig := range [][]byte{nil, {0}, make([]byte, 65), make([]byte, 500)} {
					spoilt[i].Signature = sig
					wantRecoveryError(t, g.module(stranger, "propose", r, own, spoilt), "InvalidApproval")
				}
			}
			bad := own
			bad.Signature = newSigner.sign(opHash("another"))
			wantRecoveryError(t, g.module(stranger, "propose", r, bad, sigs), "InvalidApproval")
			if err := g.module(stranger, "propose", r, own, sigs); err != nil {
				t.Fatalf("%s %s: %v", f, name, err)
			}
			w.later(7 * day)
			if err := g.module(stranger, "execute", r); err != nil {
				t.Fatalf("%s %s: %v", f, name, err)
			}
			g.signersAre(newSigner.signer)
		}
	}
}

// The new signer has the weight of all that it replaces, and the threshold stays.
func TestWeightsPassToTheNewSigner(t *testing.T) {
	w := newWorld(t, osaka)
	w.installRecovery()
	a, b, c := newPasskey(t, "w a", 1), newPasskey(t, "w b", 1), addr("w c")
	params := equal(4, a.signer, b.signer, addressSigner(t, c))
	params.Weights = []uint64{3, 2, 1}
	g := &guarded{acct: w.create(w.install(userop.V08), params), owner: a}
	g.family = sorted(keyParty(t, "family 1"), keyParty(t, "family 2"), keyParty(t, "family 3"))
	g.institution = []party{keyParty(t, "institution")}
	g.setup = usualSetup(g.family, g.institution)
	g.installModule(g.setup)
	newSigner := passkeyParty(t, "w new")
	r := g.recovery(0, newSigner)
	r.Replaces = [][]byte{b.signer.Bytes(), a.signer.Bytes()}
	if err := g.propose(r, newSigner, g.family, 1, 2); err != nil {
		t.Fatal(err)
	}
	w.later(7 * day)
	if err := g.module(stranger, "execute", r); err != nil {
		t.Fatal(err)
	}
	g.signersAre(newSigner.signer, c.Bytes())
	if g.ask("signerWeight", newSigner.signer) != uint64(5) || g.ask("threshold") != uint64(4) || g.ask("totalWeight") != uint64(6) {
		t.Errorf("weight %v, threshold %v of %v", g.ask("signerWeight", newSigner.signer), g.ask("threshold"), g.ask("totalWeight"))
	}
}

func TestTheAccountCancels(t *testing.T) {
	newSigner := keyParty(t, "new")
	for _, how := range []string{"cancel", "signature", "signature while frozen"} {
		g := newGuarded(t, osaka)
		fast, slow := g.recovery(0, newSigner), g.recovery(1, newSigner)
		if err := g.propose(fast, newSigner, g.family, 0, 1); err != nil {
			t.Fatal(err)
		}
		if err := g.propose(slow, newSigner, g.institution, 0); err != nil {
			t.Fatal(err)
		}
		g.later(7*day + 5)
		switch how {
		case "cancel":
			if err := g.asOwner("cancel"); err != nil {
				t.Fatal(err)
			}
		case "signature while frozen":
			if err := g.freeze(g.family, 0, 0, 1); err != nil {
				t.Fatal(err)
			}
			fallthrough
		default:
			sig := g.cancelSignature(g.nonce(cancelsAll))
			wantRecoveryError(t, g.module(stranger, "cancelBySignature", g.address, g.cancelSignature(common.Big0)), "BadAccountSignature")
			if err := g.module(stranger, "cancelBySignature", g.address, sig); err != nil {
				t.Fatal(how, err)
			}
			wantRecoveryError(t, g.module(stranger, "cancelBySignature", g.address, sig), "BadAccountSignature")
		}
		for _, r := range []recovery{fast, slow} {
			if p := g.moduleSays("proposalOf", g.address, r.Tier); p[0] != [32]byte{} {
				t.Errorf("%s: a proposal stands: %v", how, p)
			}
			g.later(30 * day)
			wantRecoveryError(t, g.module(stranger, "execute", r), "NoProposal")
		}
		wantRecoveryError(t, g.propose(fast, newSigner, g.family, 0, 1), "BadNonce")
		g.signersAre(g.owner.signer.Bytes())
	}
}

// freeze sends what these guardians of a tier sign.
func (g *guarded) freeze(parties []party, tier uint8, who ...int) error {
	g.t.Helper()
	return g.freezing("Freeze", "freeze", parties, tier, who...)
}

func (g *guarded) freezing(typ, method string, parties []party, tier uint8, who ...int) error {
	g.t.Helper()
	digest := g.freezeDigest(typ, g.address, tier, g.nonce(0xff), g.now, g.setup.hash(g.t))
	return g.module(stranger, method, g.address, tier, new(big.Int).SetUint64(g.now), approvals(digest, parties, who...))
}

// cancelByGuardians sends what these guardians of tier `by` sign.
func (g *guarded) cancelByGuardians(tier, by uint8, parties []party, who ...int) error {
	g.t.Helper()
	digest := g.cancelDigest(g.address, tier, by, g.nonce(tier), g.setup.hash(g.t))
	return g.module(stranger, "cancelByGuardians", g.address, tier, by, approvals(digest, parties, who...))
}

func TestGuardiansCancelInTheMajority(t *testing.T) {
	g := newGuarded(t, osaka)
	newSigner := keyParty(t, "new")
	wantRecoveryError(t, g.cancelByGuardians(0, 0, g.family, 0, 1), "NoProposal")
	fast, slow := g.recovery(0, newSigner), g.recovery(1, newSigner)
	for range 2 {
		if err := g.propose(fast, newSigner, g.family, 0, 1); err != nil {
			t.Fatal(err)
		}
		if err := g.propose(slow, newSigner, g.institution, 0); err != nil {
			t.Fatal(err)
		}
		wantRecoveryError(t, g.cancelByGuardians(0, 0, g.family, 0), "OneGuardianIsNotEnough")
		wantRecoveryError(t, g.cancelByGuardians(0, 0, g.family), "OneGuardianIsNotEnough")
		wantRecoveryError(t, g.cancelByGuardians(0, 1, g.institution, 0), "QuickerTier")
		wantRecoveryError(t, g.cancelByGuardians(2, 2, g.institution, 0), "NoSuchTier")
		// The family has a say in the institution's proposal; the institution, being one, in its own.
		if err := g.cancelByGuardians(0, 0, g.family, 1, 2); err != nil {
			t.Fatal(err)
		}
		if fast.Nonce.Cmp(g.nonce(0)) >= 0 {
			t.Error("the nonce has not risen")
		}
		cancel := func() error { return g.cancelByGuardians(1, 0, g.family, 0, 2) }
		if slow.Nonce.Sign() != 0 && slow.Nonce.Bit(1) != 0 {
			cancel = func() error { return g.cancelByGuardians(1, 1, g.institution, 0) }
		}
		if err := cancel(); err != nil {
			t.Fatal(err)
		}
		g.later(40 * day)
		wantRecoveryError(t, g.module(stranger, "execute", fast), "NoProposal")
		wantRecoveryError(t, g.module(stranger, "execute", slow), "NoProposal")
		fast, slow = g.recovery(0, newSigner), g.recovery(1, newSigner)
	}
}

// Approvals of one kind, place, time, chain or account are worth nothing for another.
func TestNothingIsReplayed(t *testing.T) {
	w := newWorld(t, osaka)
	d := w.install(userop.V08)
	one, two := w.guardedAt(d, "one"), w.guardedAt(d, "two")
	one.installModule(one.setup)
	two.installModule(two.setup)
	newSigner := keyParty(t, "new")
	r := one.recovery(0, newSigner)
	digest := one.recoverDigest(r)
	own := func(h common.Hash) approval { return approvals(h, []party{newSigner}, 0)[0] }
	refused := func(what string, r recovery, h common.Hash, want string) {
		t.Helper()
		err := one.module(stranger, "propose", r, own(h), approvals(h, one.family, 0, 1))
		if err == nil {
			t.Errorf("%s: accepted", what)
			return
		}
		wantRecoveryError(t, err, want)
	}
	other := r
	other.Account, other.Replaces = two.address, [][]byte{two.owner.signer.Bytes()}
	refused("another account", other, digest, "InvalidApproval")
	other = r
	other.Tier = 1
	refused("another tier", other, digest, "InvalidApproval")
	for what, change := range map[string]func(*recovery){
		"another new signer": func(r *recovery) { r.NewSigner = passkeyParty(t, "thief").signer },
		"another credential": func(r *recovery) { r.CredentialIdHash[0] ^= 1 },
		"another deadline":   func(r *recovery) { r.Deadline = new(big.Int).Add(r.Deadline, common.Big1) },
	} {
		other := r
		change(&other)
		refused(what, other, digest, "InvalidApproval")
	}
	other = r
	other.Nonce = new(big.Int).Add(r.Nonce, common.Big1)
	refused("a later nonce", other, one.recoverDigest(other), "BadNonce")
	other = r
	other.ConfigHash[0] ^= 1
	refused("another setup", other, one.recoverDigest(other), "BadConfigHash")
	other = r
	other.Deadline = new(big.Int).SetUint64(w.now - 1)
	refused("past its deadline", other, one.recoverDigest(other), "TooLate")
	w.chain = big.NewInt(10)
	elsewhere := one.recoverDigest(r)
	w.chain = chainID
	refused("another chain", r, elsewhere, "InvalidApproval")
	refused("an operation of that hash", r, crypto.Keccak256Hash(digest[:]), "InvalidApproval")
	// The same code at another address is another module.
	at := addr("a copy")
	w.state.SetCode(at, w.state.GetCode(contracts.WebAuthnAccountRecovery), 0)
	if err := one.do("installModule", moduleExecutor, at, one.setup.encode(t)); err != nil {
		t.Fatal(err)
	}
	copied := r
	_, _, err := w.send(stranger, at, nil, pack(t, contracts.RecoveryABI, "propose", copied, own(digest), approvals(digest, one.family, 0, 1)))
	wantRecoveryError(t, err, "InvalidApproval")
	// A cancellation, a drill, a freeze are no proposal, and so on.
	drill := one.typed("Drill", "account address,nonce uint256,date uint48,configHash bytes32", one.address.Hex(), number(uint8(0)), number(uint8(0)), one.setup.hash(t).Hex())
	refused("a drill", r, drill, "InvalidApproval")
	refused("a freeze", r, one.freezeDigest("Freeze", one.address, 0, r.Nonce, r.Deadline.Uint64(), r.ConfigHash), "InvalidApproval")
	if err := one.module(stranger, "propose", r, own(digest), approvals(digest, one.family, 0, 1)); err != nil {
		t.Fatal(err)
	}
	// Execution of anything but what was proposed.
	w.later(8 * day)
	other = r
	other.Replaces = append(other.Replaces, addr("more").Bytes())
	wantRecoveryError(t, one.module(stranger, "execute", other), "NoProposal")
	other = r
	other.Tier = 1
	wantRecoveryError(t, one.module(stranger, "execute", other), "NoProposal")
	w.chain = big.NewInt(10)
	wantRecoveryError(t, one.module(stranger, "execute", r), "NoProposal") // after a fork of the chain
	w.chain = chainID
	if err := one.module(stranger, "execute", r); err != nil {
		t.Fatal(err)
	}
	two.signersAre(two.owner.signer.Bytes())
}
