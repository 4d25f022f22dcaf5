// What the recovery module should do and hold, said once more in Go: see recovery_random_test.go.

package contracts_test

import (
	"bytes"
	"maps"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
)

// modelProposal is what stands of one tier.
type modelProposal struct {
	r         recovery
	digest    common.Hash
	readyAt   uint64
	expiresAt uint64
	atBlock   int64
}

// modelRecovery is the module's state of one account, and the account's signers.
type modelRecovery struct {
	setup     *setup // nil: none
	parties   [][]party
	epoch     uint64
	counters  [4]uint64
	proposals [4]*modelProposal

	pending     bool
	next        *setup // nil: leaving
	nextParties [][]party
	readyAt     uint64
	expiresAt   uint64

	frozenUntil uint64
	freezableAt uint64
	freezes     uint64

	signers      map[string]uint64
	threshold    uint64
	configHashOf func(setup) common.Hash
}

// cancelsAll is a tier that is none: the nonce of the account's CancelAll, which has no counter.
const cancelsAll = 254

func (m *modelRecovery) nonce(tier int) *big.Int {
	n := new(big.Int).Lsh(new(big.Int).SetUint64(m.epoch), 64)
	if tier == cancelsAll {
		return n
	}
	if tier > 3 {
		return n.Add(n, new(big.Int).SetUint64(m.freezes))
	}
	return n.Add(n, new(big.Int).SetUint64(m.counters[tier]))
}

// list is the account's signers in one order.
func (m *modelRecovery) list() (all [][]byte) {
	for _, s := range slices.Sorted(maps.Keys(m.signers)) {
		all = append(all, []byte(s))
	}
	return all
}

func (m *modelRecovery) total() (sum uint64) {
	for _, w := range m.signers {
		sum += w
	}
	return sum
}

// raise makes everything void that was signed or proposed.
func (m *modelRecovery) raise() {
	m.epoch++
	m.proposals = [4]*modelProposal{}
}

func (m *modelRecovery) weights(tier int, who []int) (weight, total uint64) {
	for _, i := range who {
		weight += m.setup.Tiers[tier].Guardians[i].Weight
	}
	for _, g := range m.setup.Tiers[tier].Guardians {
		total += g.Weight
	}
	return weight, total
}

// majority tells the faults of stopping something with these guardians.
func (m *modelRecovery) majority(tier int, who []int, alone bool) (faults []string) {
	weight, total := m.weights(tier, who)
	if len(who) < 2 && !alone {
		faults = append(faults, "OneGuardianIsNotEnough")
	}
	if weight < max(m.setup.Tiers[tier].Threshold, total/2+1) {
		faults = append(faults, "NotEnoughWeight")
	}
	return faults
}

func (m *modelRecovery) propose(now uint64, block int64, r recovery, digest common.Hash, who []int, signed bool) (faults []string) {
	if m.setup == nil {
		return []string{"NoSetup"}
	}
	if int(r.Tier) >= len(m.setup.Tiers) {
		return []string{"NoSuchTier"}
	}
	tier := m.setup.Tiers[r.Tier]
	if p := m.proposals[r.Tier]; p != nil && now < p.expiresAt {
		faults = append(faults, "ProposalStands")
	}
	if r.ConfigHash != m.configHashOf(*m.setup) {
		faults = append(faults, "BadConfigHash")
	}
	if r.Nonce.Cmp(m.nonce(int(r.Tier))) != 0 {
		faults = append(faults, "BadNonce")
	}
	if now > r.Deadline.Uint64() {
		faults = append(faults, "TooLate")
	}
	if m.signers[string(r.NewSigner)] != 0 {
		faults = append(faults, "AlreadyASigner")
	}
	faults = append(faults, m.replaced(r)...)
	weight, _ := m.weights(int(r.Tier), who)
	if weight < tier.Threshold {
		faults = append(faults, "NotEnoughWeight")
	}
	if !signed {
		faults = append(faults, "InvalidApproval")
	}
	if len(faults) == 0 {
		m.counters[r.Tier]++
		m.proposals[r.Tier] = &modelProposal{r: r, digest: digest, atBlock: block,
			readyAt: now + uint64(tier.Delay), expiresAt: now + uint64(tier.Delay) + uint64(m.setup.Expiry)}
	}
	return faults
}

func (m *modelRecovery) replaced(r recovery) (faults []string) {
	for i, s := range r.Replaces {
		if m.signers[string(s)] == 0 {
			faults = append(faults, "NotASigner")
		}
		if slices.ContainsFunc(r.Replaces[:i], func(o []byte) bool { return bytes.Equal(o, s) }) {
			faults = append(faults, "DuplicateSigner")
		}
	}
	return faults
}

func (m *modelRecovery) execute(now uint64, r recovery, digest common.Hash) (faults []string) {
	p := m.proposals[r.Tier&3]
	if r.Tier > 3 || p == nil || p.digest != digest {
		return []string{"NoProposal"}
	}
	if now < p.readyAt {
		return []string{"TooEarly"}
	}
	if now >= p.expiresAt {
		return []string{"TooLate"}
	}
	if f := m.replaced(r); len(f) != 0 {
		return f
	}
	if m.signers[string(r.NewSigner)] != 0 {
		return []string{"MultiSignerERC7913AlreadyExists"}
	}
	var weight uint64
	for _, s := range r.Replaces {
		weight += m.signers[string(s)]
		delete(m.signers, string(s))
	}
	m.signers[string(r.NewSigner)] = weight
	m.raise()
	m.pending = false
	if now < m.frozenUntil {
		m.frozenUntil = 0
	}
	return nil
}

func (m *modelRecovery) cancelByGuardians(now uint64, tier, by int, who []int, signed bool) (faults []string) {
	if m.setup == nil {
		return []string{"NoSetup"}
	}
	if by > tier {
		return []string{"QuickerTier"}
	}
	if by >= len(m.setup.Tiers) {
		return []string{"NoSuchTier"}
	}
	if p := m.proposals[tier]; p == nil || now >= p.expiresAt {
		return []string{"NoProposal"}
	}
	faults = m.majority(by, who, by == tier && len(m.setup.Tiers[by].Guardians) == 1)
	if !signed {
		faults = append(faults, "InvalidApproval")
	}
	if len(faults) == 0 {
		m.proposals[tier] = nil
		m.counters[tier]++
	}
	return faults
}

func (m *modelRecovery) freeze(now uint64, on bool, tier int, deadline uint64, who []int, signed bool) (faults []string) {
	if !on && now >= m.frozenUntil {
		return []string{"NotFrozen"}
	}
	if m.setup == nil {
		return []string{"NoSetup"}
	}
	if now > deadline {
		return []string{"TooLate"}
	}
	if tier >= len(m.setup.Tiers) {
		return []string{"NoSuchTier"}
	}
	faults = m.majority(tier, who, false)
	if !signed {
		faults = append(faults, "InvalidApproval")
	}
	if on && m.setup.Freeze == 0 {
		faults = append(faults, "NoFreezing")
	}
	if on && now < m.freezableAt {
		faults = append(faults, "TooEarly")
	}
	if len(faults) != 0 {
		return faults
	}
	m.freezes++
	if !on {
		m.frozenUntil = 0
		return nil
	}
	m.frozenUntil = now + uint64(m.setup.Freeze)
	m.freezableAt = m.frozenUntil + uint64(m.setup.Freeze)
	if m.pending && now < m.expiresAt && m.readyAt < m.frozenUntil {
		m.expiresAt += m.frozenUntil - m.readyAt
		m.readyAt = m.frozenUntil
	}
	return nil
}

// thaw forgets a freeze that has ended by itself.
func (m *modelRecovery) thaw(now uint64) []string {
	switch {
	case m.frozenUntil == 0:
		return []string{"NotFrozen"}
	case now < m.frozenUntil:
		return []string{"StillFrozen"}
	}
	m.frozenUntil = 0
	return nil
}

func (m *modelRecovery) schedule(now uint64, next *setup, parties [][]party) []string {
	if m.setup == nil {
		return []string{"NoSetup"}
	}
	m.pending, m.next, m.nextParties = true, next, parties
	m.readyAt = now + uint64(m.setup.ChangeDelay)
	m.expiresAt = m.readyAt + uint64(m.setup.Expiry)
	return nil
}

func (m *modelRecovery) apply(now uint64) []string {
	switch {
	case !m.pending:
		return []string{"NoPendingSetup"}
	case now < m.readyAt:
		return []string{"TooEarly"}
	case now >= m.expiresAt:
		return []string{"TooLate"}
	case now < m.frozenUntil:
		return []string{"StillFrozen"}
	}
	m.setup, m.parties, m.pending = m.next, m.nextParties, false
	m.raise()
	return nil
}
