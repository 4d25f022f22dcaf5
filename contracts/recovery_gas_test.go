package contracts_test

import (
	"math/big"
	"testing"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/userop"
)

// recoveryGas is what guardians and their account pay for each step: 2 of 3 keys after 7 days, and a second tier of one
// contract. The account's own steps are calls of the module, without the operation that carries them.
func recoveryGas(t *testing.T, f fork) figures {
	out := figures{}
	w := newWorld(t, f)
	d := w.install(userop.V08)
	w.must(stranger, contracts.Deployer, nil, contracts.P256VerifierInit())
	_, used, err := w.send(stranger, contracts.Deployer, nil, contracts.WebAuthnAccountRecoveryInit())
	if err != nil {
		t.Fatal(err)
	}
	out["recovery.deploy"] = used
	use := func(name string, from *guarded, method string, args ...any) {
		t.Helper()
		sender := stranger
		if from != nil {
			sender = from.address
		}
		_, used, err := w.send(sender, contracts.WebAuthnAccountRecovery, nil, pack(t, contracts.RecoveryABI, method, args...))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name != "" {
			out["recovery."+name] = used
		}
	}
	start := func(label string, family ...party) *guarded {
		g := w.guardedAt(d, label)
		g.family = sorted(family...)
		g.setup = usualSetup(g.family, g.institution)
		_, used, err := w.send(g.entryPoint(), g.address, nil, g.pack("installModule", moduleExecutor, contracts.WebAuthnAccountRecovery, g.setup.encode(t)))
		if err != nil {
			t.Fatal(err)
		}
		out["recovery.install"] = used
		return g
	}
	newSigner := passkeyParty(t, "new")
	propose := func(name string, g *guarded, tier uint8, table p256table.Format, parties []party, who ...int) recovery {
		r := g.recovery(tier, newSigner)
		r.Table = uint8(table)
		digest := g.recoverDigest(r)
		use(name, nil, "propose", r, approvals(digest, []party{newSigner}, 0)[0], approvals(digest, parties, who...))
		return r
	}
	passkeys := start("passkeys", passkeyParty(t, "p 1"), passkeyParty(t, "p 2"), passkeyParty(t, "p 3"))
	propose("propose.passkey2", passkeys, 0, 0, passkeys.family, 0, 1)
	g := start("keys", keyParty(t, "k 1"), keyParty(t, "k 2"), keyParty(t, "k 3"))
	propose("propose.contract1", g, 1, 0, g.institution, 0)
	propose("propose.eoa2", g, 0, 0, g.family, 0, 1)
	digest := g.cancelDigest(g.address, 0, 0, g.nonce(0), g.setup.hash(t))
	use("cancel.eoa2", nil, "cancelByGuardians", g.address, uint8(0), uint8(0), approvals(digest, g.family, 0, 1))
	propose("", g, 0, 0, g.family, 0, 1)
	use("cancel.signature", nil, "cancelBySignature", g.address, g.cancelSignature(g.nonce(cancelsAll)))
	propose("", g, 0, 0, g.family, 0, 1)
	use("cancel", g, "cancel")
	use("schedule", g, "scheduleSetup", g.setup)
	w.later(8 * day)
	use("apply", nil, "applySetup", g.address)
	digest = g.freezeDigest("Freeze", g.address, 0, g.nonce(255), g.now, g.setup.hash(t))
	use("freeze.eoa2", nil, "freeze", g.address, uint8(0), new(big.Int).SetUint64(g.now), approvals(digest, g.family, 0, 1))
	digest = g.freezeDigest("Unfreeze", g.address, 0, g.nonce(255), g.now, g.setup.hash(t))
	use("unfreeze.eoa2", nil, "unfreeze", g.address, uint8(0), new(big.Int).SetUint64(g.now), approvals(digest, g.family, 0, 1))
	r := propose("", g, 0, 0, g.family, 0, 1)
	w.later(7 * day)
	use("execute", nil, "execute", r)
	w.later(20 * day)
	digest = g.freezeDigest("Freeze", g.address, 0, g.nonce(255), g.now, g.setup.hash(t))
	use("", nil, "freeze", g.address, uint8(0), new(big.Int).SetUint64(g.now), approvals(digest, g.family, 0, 1))
	w.later(9 * day)
	use("thaw", nil, "thaw", g.address)
	other := start("table", keyParty(t, "k 1"), keyParty(t, "k 2"), keyParty(t, "k 3"))
	r = propose("", other, 0, p256table.Format4k, other.family, 0, 1)
	w.later(7 * day)
	use("execute.table4k", nil, "execute", r)
	return out
}
