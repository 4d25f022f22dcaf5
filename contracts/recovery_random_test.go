package contracts_test

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/contracts"
)

// compare fails unless module and account are as the model says.
func (d *recoveryDriver) compare() {
	d.t.Helper()
	m := d.model
	fail := func(what string, got, want any) {
		d.t.Helper()
		d.t.Fatalf("%s: %v, want %v\n%s", what, got, want, strings.Join(d.log, "\n"))
	}
	for tier, p := range m.proposals {
		got := d.moduleSays("proposalOf", d.address, uint8(tier))
		want := []any{[32]byte{}, new(big.Int), new(big.Int), new(big.Int)}
		if p != nil {
			want = []any{[32]byte(p.digest), uint48(p.readyAt), uint48(p.expiresAt), big.NewInt(p.atBlock)}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			fail(fmt.Sprint("proposal ", tier), got, want)
		}
		if got := d.nonce(uint8(tier)); got.Cmp(m.nonce(tier)) != 0 {
			fail("nonce", got, m.nonce(tier))
		}
	}
	for _, none := range []int{cancelsAll, 255} {
		if got := d.nonce(uint8(none)); got.Cmp(m.nonce(none)) != 0 {
			fail("nonce of none", got, m.nonce(none))
		}
	}
	standing := d.moduleSays("isInitialized", d.address)[0].(bool)
	if standing != (m.setup != nil) || standing && d.setupHash() != m.setupHash() {
		fail("setup", standing, m.setup)
	}
	pending := d.moduleSays("pendingSetupOf", d.address)
	if (pending[1].(*big.Int).Sign() != 0) != m.pending || m.pending && (pending[1].(*big.Int).Uint64() != m.readyAt || pending[2].(*big.Int).Uint64() != m.expiresAt) {
		fail("to come", pending[1:], []uint64{m.readyAt, m.expiresAt})
	}
	frozen := d.ask("frozenUntil").(*big.Int).Uint64()
	if frozen != m.frozenUntil {
		fail("frozen", frozen, m.frozenUntil)
	}
	signers := d.ask("getSigners", uint64(0), uint64(100)).([][]byte)
	if len(signers) != len(m.signers) {
		fail("signers", len(signers), len(m.signers))
	}
	for s, weight := range m.signers {
		if got := d.ask("signerWeight", []byte(s)); got != weight {
			fail("weight", got, weight)
		}
	}
	if d.ask("totalWeight") != m.total() || d.ask("threshold") != m.threshold {
		fail("threshold", d.ask("threshold"), m.threshold)
	}
}

func (d *recoveryDriver) setupHash() common.Hash {
	data, err := contracts.RecoveryABI.Methods["setupOf"].Outputs.Pack(d.moduleSays("setupOf", d.address)...)
	if err != nil {
		d.t.Fatal(err)
	}
	return crypto.Keccak256Hash(data)
}

// TestRandomSequencesOfRecoveries: no path gives control without a quorum and its delay; what those who may cancel
// cancel is never executed; nothing is used twice; and an honest quorum always succeeds in the end.
func TestRandomSequencesOfRecoveries(t *testing.T) {
	sequences, recovered := uint64(300), 0
	if os.Getenv("POSTERN_LONG") != "" {
		sequences = 5000
	}
	kept := newRecoveryDriver(t, 0)
	for seed := range sequences {
		d := *kept
		world := *kept.world
		world.state = kept.state.Copy()
		account := *kept.acct
		account.world = &world
		inner := *kept.guarded
		inner.acct = &account
		model := *kept.model
		model.signers = maps.Clone(model.signers)
		d.guarded, d.model, d.random = &inner, &model, rand.New(rand.NewPCG(seed, 1))
		for range 36 {
			switch d.random.IntN(10) {
			case 0, 1:
				d.actPropose()
			case 2:
				d.actExecute()
			case 3:
				d.actCancelByGuardians()
			case 4:
				d.actFreeze()
			case 5:
				d.actOwner()
			case 6:
				d.judge("apply", d.module(stranger, "applySetup", d.address), d.model.apply(d.now))
			case 7, 8:
				d.actTime()
				if d.random.IntN(4) == 0 {
					d.judge("thaw", d.module(stranger, "thaw", d.address), d.model.thaw(d.now))
				}
			case 9:
				if len(d.sent) > 0 {
					if _, _, err := d.send(stranger, contracts.WebAuthnAccountRecovery, nil, d.sent[d.random.IntN(len(d.sent))]); err == nil {
						t.Fatalf("seed %d: a replay worked\n%s", seed, strings.Join(d.log, "\n"))
					}
				}
			}
			if d.random.IntN(6) == 0 {
				d.compare()
			}
		}
		d.compare()
		d.completes()
		recovered += d.recovers
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if recovered < int(sequences)/20 {
		t.Errorf("only %d recoveries on the way in %d sequences: the test tests little", recovered, sequences)
	}
	t.Logf("%d sequences, %d recoveries on the way", sequences, recovered)
}

// completes has an honest quorum recover the account, whatever the state: nobody may stop it but those entitled.
func (d *recoveryDriver) completes() {
	d.t.Helper()
	if d.model.setup == nil {
		return
	}
	tierIndex := d.random.IntN(len(d.model.setup.Tiers))
	parties := d.model.parties[tierIndex]
	all := make([]int, len(parties))
	for i := range all {
		all[i] = i
	}
	if p := d.model.proposals[tierIndex]; p != nil && d.now < p.expiresAt {
		d.later(p.expiresAt - d.now) // at worst a proposal that was not honest runs out
	}
	var p party
	for _, p = range d.pool {
		if d.model.signers[string(p.signer)] == 0 {
			break
		}
	}
	r := recovery{Account: d.address, Tier: uint8(tierIndex), NewSigner: p.signer, Deadline: uint48(d.now), ConfigHash: d.model.setupHash(), Nonce: d.model.nonce(tierIndex)}
	r.Replaces = d.model.list()
	if err := d.propose(r, p, parties, all...); err != nil {
		d.t.Errorf("an honest quorum cannot propose: %v\n%s", err, strings.Join(d.log, "\n"))
		return
	}
	d.later(uint64(d.model.setup.Tiers[tierIndex].Delay))
	if err := d.module(stranger, "execute", r); err != nil {
		d.t.Errorf("an honest quorum cannot execute: %v\n%s", err, strings.Join(d.log, "\n"))
	}
	d.signersAre(p.signer)
}
