package contracts_test

import (
	"math/big"
	"testing"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// mostGas is what one transaction may take (EIP-7825).
const mostGas = 1 << 24

// The largest recovery there is – 16 guardians, all of them passkeys and all needed, 32 signers of nearly all the weight
// that 64 bits hold, a new passkey with the largest table, on a chain without P256VERIFY – fits into two transactions.
func TestTheLargestRecoveryFitsIntoItsTransactions(t *testing.T) {
	w := newWorld(t, prague)
	g := w.guardedAt(w.install(userop.V08), "nobody")
	params := equal(1)
	for i := range 32 {
		params.Signers = append(params.Signers, newPasskey(t, "old "+string(rune('a'+i)), seal.RequireUV).signer.Bytes())
		params.Weights = append(params.Weights, 1<<58-1) // 32 of them, twice, leave no 64 bits
	}
	params.Threshold = 32 * (1<<58 - 1)
	g.acct = w.create(g.d, params)
	var many []party
	for i := range 16 {
		many = append(many, passkeyParty(t, "guardian "+string(rune('a'+i))))
	}
	g.family = sorted(many...)
	g.setup.Tiers = []tier{tierOf(16, 7, g.family)}
	for i := range g.setup.Tiers[0].Guardians {
		g.setup.Tiers[0].Guardians[i].Weight = 1<<64 - 1
	}
	g.setup.Tiers[0].Threshold = 1<<64 - 1
	g.installModule(g.setup)

	newSigner := passkeyParty(t, "new")
	r := g.recovery(0, newSigner)
	r.Table, r.Replaces = uint8(p256table.Format16k), params.Signers
	digest := g.recoverDigest(r)
	everybody := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	send := func(method string, args ...any) {
		t.Helper()
		_, used, err := g.send(stranger, contracts.WebAuthnAccountRecovery, nil, pack(t, contracts.RecoveryABI, method, args...))
		if err != nil || used > mostGas*3/4 { // calldata and the transaction come on top
			t.Fatalf("%s: %d gas, %v", method, used, err)
		}
		t.Logf("%s: %d gas", method, used)
	}
	send("propose", r, approvals(digest, []party{newSigner}, 0)[0], approvals(digest, g.family, everybody...))
	digest = g.freezeDigest("Freeze", g.address, 0, g.nonce(0xff), g.now, g.setup.hash(t))
	send("freeze", g.address, uint8(0), new(big.Int).SetUint64(g.now), approvals(digest, g.family, everybody...))
	g.later(7 * day)
	send("execute", r)
	g.signersAre(newSigner.signer)
}
