// Random actions on an account with guardians, on chain and on the model.

package contracts_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/userop"
)

// recoveryDriver takes an account with guardians and the model through the same actions.
type recoveryDriver struct {
	*guarded
	other    *guarded // another account of the same guardians
	random   *rand.Rand
	model    *modelRecovery
	setups   []setup
	parties  [][][]party // by setup and tier
	pool     []party     // who may become a signer
	sent     [][]byte    // calldata that needs approvals and worked: never again
	known    []recovery  // all that was ever proposed, or tried
	log      []string
	recovers int
	now0     uint64
}

func newRecoveryDriver(t *testing.T, seed uint64) *recoveryDriver {
	t.Helper()
	w := newWorld(t, osaka)
	dep := w.install(userop.V08)
	d := &recoveryDriver{guarded: w.guardedAt(dep, "owner"), other: w.guardedAt(dep, "other"), random: rand.New(rand.NewPCG(seed, 1))}
	// The owner's passkey is enough; the other two only together.
	first, second := w.verifierParty("signer 1"), w.verifierParty("signer 2")
	params := contracts.Params{Signers: [][]byte{d.owner.signer.Bytes(), first.signer, second.signer}, Weights: []uint64{2, 1, 1}, Threshold: 2}
	d.acct = w.create(dep, params)
	guardians := []party{keyParty(t, "r 1"), keyParty(t, "r 2"), w.verifierParty("r 3"), w.verifierParty("r 4"), w.contractParty("r 5")}
	all := sorted(guardians...)
	d.parties = [][][]party{
		{sorted(guardians[:3]...), sorted(guardians[4])},
		{sorted(guardians[1], guardians[2]), sorted(guardians[2:]...), all},
	}
	d.setups = []setup{
		{Expiry: 14 * day, ChangeDelay: 8 * day, Freeze: 9 * day, Tiers: []tier{tierOf(2, 7, d.parties[0][0]), tierOf(1, 30, d.parties[0][1])}},
		{Expiry: 3 * day, ChangeDelay: 5 * day, Tiers: []tier{tierOf(2, 2, d.parties[1][0]), tierOf(1, 4, d.parties[1][1]), tierOf(7, 9, d.parties[1][2])}},
	}
	for i := range d.setups[1].Tiers[2].Guardians {
		d.setups[1].Tiers[2].Guardians[i].Weight = uint64(i + 1)
	}
	for i := range 4 {
		d.pool = append(d.pool, w.verifierParty(fmt.Sprint("pool ", i)))
	}
	d.pool = append(d.pool, party{d.owner.signer.Bytes(), func(h common.Hash) []byte { b := d.owner.approve(h); return append([]byte{b[0]}, b[66:]...) }})
	d.setup = d.setups[0]
	d.installModule(d.setup)
	d.other.setup = d.setup
	d.other.installModule(d.setup)
	d.model = &modelRecovery{setup: &d.setups[0], parties: d.parties[0], epoch: 1, threshold: 2, signers: map[string]uint64{},
		configHashOf: func(s setup) common.Hash { return s.hash(t) }}
	for i, s := range params.Signers {
		d.model.signers[string(s)] = params.Weights[i]
	}
	d.pool = append(d.pool, first, second)
	d.now0 = w.now
	return d
}

// config is the hash of the setup in force, or of another.
func (d *recoveryDriver) config() common.Hash {
	if d.model.setup == nil || d.random.IntN(20) == 0 {
		return d.setups[d.random.IntN(2)].hash(d.t)
	}
	return d.model.setup.hash(d.t)
}

// someOf is a random subset, often enough of them.
func (d *recoveryDriver) someOf(n int) (who []int) {
	for i := range n {
		if d.random.IntN(4) != 0 {
			who = append(who, i)
		}
	}
	return who
}

func (d *recoveryDriver) tierParties(tier int) []party {
	if d.model.setup == nil || tier >= len(d.model.parties) {
		return d.parties[0][0]
	}
	return d.model.parties[tier]
}

// spoil makes a digest of something else now and then: another chain, account, nonce or kind of message.
func (d *recoveryDriver) spoil(what string, digest func() common.Hash, nonce *big.Int) (common.Hash, bool) {
	switch d.random.IntN(14) {
	case 0:
		d.chain = big.NewInt(10)
		h := digest()
		d.chain = chainID
		return h, false
	case 1:
		address := d.address
		d.address = d.other.address
		h := digest()
		d.address = address
		return h, false
	case 2:
		nonce.Add(nonce, common.Big1)
		h := digest()
		nonce.Sub(nonce, common.Big1)
		return h, false
	case 3:
		return d.typed("Drill", "account address,nonce uint256,date uint48,configHash bytes32", d.address.Hex(), number(uint8(0)), number(d.now), d.config().Hex()), false
	}
	return digest(), true
}

// judge compares what the chain did with what the model says.
func (d *recoveryDriver) judge(what string, err error, faults []string) {
	d.t.Helper()
	d.log = append(d.log, fmt.Sprintf("%8d %s: %v", d.now-d.now0, what, faults))
	if err == nil && len(faults) == 0 {
		return
	}
	name := "success"
	var r *revertError
	if errors.As(err, &r) {
		name = fmt.Sprintf("%x", r.data)
		for _, contract := range []map[string]string{errorNames(contracts.RecoveryABI.Errors), errorNames(contracts.AccountABI.Errors)} {
			if len(r.data) >= 4 && contract[string(r.data[:4])] != "" {
				name = contract[string(r.data[:4])]
				break
			}
		}
	}
	if err == nil || !slices.Contains(faults, name) {
		d.t.Fatalf("%s: %s, want %v\n%s", what, name, faults, strings.Join(d.log, "\n"))
	}
}

// someRecovery is what might be proposed: mostly well formed, and of the account as it is.
func (d *recoveryDriver) someRecovery() (recovery, party) {
	p := d.pool[d.random.IntN(len(d.pool))]
	r := recovery{Account: d.address, Tier: uint8(d.random.IntN(4)), NewSigner: p.signer, Deadline: uint48(d.now + uint64(d.random.IntN(3))*day),
		ConfigHash: d.config(), Nonce: d.model.nonce(0)}
	if d.random.IntN(3) != 0 {
		r.Tier %= 2
	}
	r.Nonce = d.model.nonce(min(int(r.Tier), 3))
	switch d.random.IntN(20) {
	case 0:
		r.Nonce.Sub(r.Nonce, common.Big1)
	case 1:
		r.Nonce.Add(r.Nonce, common.Big1)
	case 2:
		r.Deadline = uint48(d.now - 1)
	}
	r.Replaces = d.model.list()
	d.random.Shuffle(len(r.Replaces), func(i, j int) { r.Replaces[i], r.Replaces[j] = r.Replaces[j], r.Replaces[i] })
	r.Replaces = r.Replaces[:1+d.random.IntN(len(r.Replaces))]
	if d.random.IntN(12) == 0 {
		r.Replaces = append(r.Replaces, d.pool[d.random.IntN(len(d.pool))].signer)
	}
	return r, p
}

func (d *recoveryDriver) approve(method string, digest common.Hash, parties []party, who []int, make func([]approval) []byte) error {
	data := make(approvals(digest, parties, who...))
	_, _, err := d.send(stranger, contracts.WebAuthnAccountRecovery, nil, data)
	if err == nil {
		d.sent = append(d.sent, data)
	}
	return err
}

func (d *recoveryDriver) actPropose() {
	r, p := d.someRecovery()
	parties := d.tierParties(int(r.Tier))
	who := d.someOf(len(parties))
	shown := r // what is signed may be something else than what is sent
	h, signed := d.spoil("propose", func() common.Hash { shown.Account, shown.Nonce = d.address, r.Nonce; return d.recoverDigest(shown) }, r.Nonce)
	own := approvals(d.recoverDigest(r), []party{p}, 0)[0]
	signed = signed || len(who) == 0 // nothing that could be wrong
	if d.random.IntN(20) == 0 {
		own, signed = approvals(h, d.pool, (slices.IndexFunc(d.pool, func(o party) bool { return string(o.signer) == string(p.signer) })+1)%4)[0], false
	}
	d.known = append(d.known, r)
	err := d.approve("propose", h, parties, who, func(as []approval) []byte { return pack(d.t, contracts.RecoveryABI, "propose", r, own, as) })
	faults := d.model.propose(d.now, d.number, r, d.recoverDigest(r), who, signed)
	d.judge(fmt.Sprintf("propose tier %d by %v", r.Tier, who), err, faults)
}

func (d *recoveryDriver) actExecute() {
	if len(d.known) == 0 {
		return
	}
	r := d.known[max(0, len(d.known)-1-d.random.IntN(6))]
	for _, p := range d.model.proposals {
		if p != nil && d.random.IntN(3) != 0 {
			r = p.r
		}
	}
	switch d.random.IntN(12) {
	case 0:
		r.Tier ^= 1
	case 1:
		r.NewSigner = d.pool[d.random.IntN(len(d.pool))].signer
	case 2:
		r.Account = d.other.address
	}
	var faults []string
	digest := d.recoverDigest(r)
	if r.Account != d.address {
		faults = []string{"NoProposal"}
	} else {
		// The invariant itself: whoever gets control has a quorum's proposal behind him, and its delay.
		p := d.model.proposals[r.Tier&3]
		before := d.model.setup
		if faults = d.model.execute(d.now, r, digest); len(faults) == 0 {
			d.recovers++
			if before == nil || p == nil || d.now-(p.readyAt-uint64(before.Tiers[r.Tier].Delay)) < uint64(before.Tiers[r.Tier].Delay) {
				d.t.Fatalf("the model recovers without delay")
			}
		}
	}
	d.judge(fmt.Sprintf("execute tier %d", r.Tier), d.module(stranger, "execute", r), faults)
}

func (d *recoveryDriver) actCancelByGuardians() {
	tier, by := d.random.IntN(3), d.random.IntN(3)
	if d.random.IntN(3) != 0 {
		by = min(by, tier)
	}
	parties := d.tierParties(by)
	who := d.someOf(len(parties))
	nonce, config := d.model.nonce(tier), d.model.setupHash()
	h, signed := d.spoil("cancel", func() common.Hash { return d.cancelDigest(d.address, uint8(tier), uint8(by), nonce, config) }, nonce)
	err := d.approve("cancelByGuardians", h, parties, who, func(as []approval) []byte {
		return pack(d.t, contracts.RecoveryABI, "cancelByGuardians", d.address, uint8(tier), uint8(by), as)
	})
	d.judge(fmt.Sprintf("tier %d cancels %d by %v", by, tier, who), err, d.model.cancelByGuardians(d.now, tier, by, who, signed || len(who) == 0))
}

func (d *recoveryDriver) actFreeze() {
	on, tier := d.random.IntN(3) != 0, d.random.IntN(3)
	typ, method := "Freeze", "freeze"
	if !on {
		typ, method = "Unfreeze", "unfreeze"
	}
	parties := d.tierParties(tier)
	who := d.someOf(len(parties))
	deadline := d.now - 1 + uint64(d.random.IntN(4))
	nonce, config := d.model.nonce(255), d.model.setupHash()
	h, signed := d.spoil(method, func() common.Hash { return d.freezeDigest(typ, d.address, uint8(tier), nonce, deadline, config) }, nonce)
	err := d.approve(method, h, parties, who, func(as []approval) []byte {
		return pack(d.t, contracts.RecoveryABI, method, d.address, uint8(tier), uint48(deadline), as)
	})
	d.judge(fmt.Sprintf("%s by tier %d %v", method, tier, who), err, d.model.freeze(d.now, on, tier, deadline, who, signed || len(who) == 0))
}

func (m *modelRecovery) setupHash() common.Hash {
	if m.setup == nil {
		return common.Hash{}
	}
	return m.configHashOf(*m.setup)
}

// ownerReaches tells whether the owner's passkey is enough.
func (d *recoveryDriver) ownerReaches() bool {
	return d.model.signers[string(d.owner.signer.Bytes())] >= d.model.threshold
}

// ownerActs is the account's own call, or why it cannot make one: its passkey is replaced, or it is frozen.
func (d *recoveryDriver) ownerActs(what string, do func() error, model func() []string) {
	hash := opHash(what)
	if d.ownerReaches() {
		want := timeRange(d.ask("frozenUntil").(*big.Int).Uint64(), 0)
		if got := d.validationData(new(big.Int), hash, d.owner.approve(hash)); got.Cmp(want) != 0 {
			d.t.Fatalf("%s: validation %x, want %x", what, got, want)
		}
		if d.now < d.model.frozenUntil {
			if got := d.validationData(new(big.Int), hash, d.owner.approve(hash)); new(big.Int).Rsh(got, 208).Uint64() != d.model.frozenUntil {
				d.t.Fatalf("%s: frozen until %d, and the operation is valid after %x", what, d.model.frozenUntil, got)
			}
			return
		}
	} else if got := d.validationData(new(big.Int), hash, d.owner.approve(hash)); got.Cmp(common.Big1) != 0 {
		d.t.Fatalf("a signer that is not enough is heard: %x", got)
	}
	// Whoever is a signer now has the same powers.
	d.judge("owner: "+what, do(), model())
}

func (d *recoveryDriver) actOwner() {
	m := d.model
	switch d.random.IntN(9) {
	case 7:
		s := d.pool[d.random.IntN(len(d.pool))].signer
		d.ownerActs("add", func() error { return d.do("addSigners", [][]byte{s}, []uint64{1}) }, func() []string {
			if m.signers[string(s)] != 0 {
				return []string{"MultiSignerERC7913AlreadyExists"}
			}
			m.signers[string(s)] = 1
			return nil
		})
	case 8:
		all := m.list()
		s := all[d.random.IntN(len(all))]
		d.ownerActs("remove", func() error { return d.do("removeSigners", [][]byte{s}) }, func() []string {
			if m.total()-m.signers[string(s)] < m.threshold {
				return []string{"MultiSignerERC7913UnreachableThreshold"}
			}
			delete(m.signers, string(s))
			return nil
		})
	case 0, 1:
		d.ownerActs("cancel", func() error { return d.asOwner("cancel") }, func() []string { m.raise(); return nil })
	case 2:
		if !d.ownerReaches() {
			return
		}
		nonce := m.nonce(cancelsAll)
		var faults []string
		if d.random.IntN(4) == 0 {
			nonce.Add(nonce, common.Big1)
			faults = []string{"BadAccountSignature"}
		} else {
			m.raise()
		}
		d.judge("cancel by signature", d.module(stranger, "cancelBySignature", d.address, d.cancelSignature(nonce)), faults)
	case 3:
		i := d.random.IntN(2)
		d.ownerActs("schedule", func() error { return d.asOwner("scheduleSetup", d.setups[i]) },
			func() []string { return m.schedule(d.now, &d.setups[i], d.parties[i]) })
	case 4:
		if d.random.IntN(3) == 0 {
			d.ownerActs("leave", func() error { return d.asOwner("scheduleSetup", setup{Tiers: []tier{}}) },
				func() []string { return m.schedule(d.now, nil, nil) })
		}
	case 5:
		d.ownerActs("cancel the change", func() error { return d.asOwner("cancelSetup") }, func() []string {
			if !m.pending {
				return []string{"NoPendingSetup"}
			}
			m.pending = false
			return nil
		})
	case 6:
		d.ownerActs("uninstall and install", func() error {
			if err := d.do("uninstallModule", moduleExecutor, contracts.WebAuthnAccountRecovery, []byte{}); err != nil {
				return err
			}
			d.installModule(d.setups[0])
			return nil
		}, func() []string {
			if m.setup != nil {
				return []string{"SetupStands"}
			}
			m.setup, m.parties = &d.setups[0], d.parties[0]
			m.epoch++
			return nil
		})
	}
}

// actTime lets time pass: some of it, or up to or just before a moment that matters.
func (d *recoveryDriver) actTime() {
	m := d.model
	moments := []uint64{m.readyAt, m.expiresAt, m.frozenUntil, m.freezableAt}
	for _, p := range m.proposals {
		if p != nil {
			moments = append(moments, p.readyAt, p.expiresAt)
		}
	}
	if len(moments) > 4 && d.random.IntN(2) == 0 {
		moments = moments[4:]
	}
	to := moments[d.random.IntN(len(moments))] - uint64(d.random.IntN(2))
	if d.random.IntN(3) == 0 || to <= d.now || to > d.now+400*day {
		to = d.now + uint64(d.random.IntN(3*day))
	}
	d.later(to - d.now)
}
