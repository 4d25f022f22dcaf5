// Where an account stands, as the chain has it.

package guardian

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/internal/abiargs"
	"github.com/postern-dev/postern/p256table"
	"github.com/postern-dev/postern/seal"
)

// AnyTier is the tier whose nonce a [Freeze] and a [Drill] have.
const AnyTier = 0xff

// State is what the chain says of an account's recovery.
type State struct {
	Account common.Address
	ChainID *big.Int
	// Time is that of the chain's newest block, to compare all others with; the machine's
	// where the chain is no [account.Node].
	Time    time.Time
	Setup   Setup         // empty if there are no guardians
	Pending *PendingSetup // nil if no change is scheduled
	// Nonces are the next of each tier of the setup, Any that of [AnyTier].
	Nonces []*big.Int
	Any    *big.Int
	// Proposals are what is proposed by each tier, nil where nothing is.
	Proposals []*Proposal
	// FrozenUntil is zero if the account is not frozen.
	FrozenUntil time.Time
	// FreezableAt is when guardians may freeze the account again; zero if they never did.
	FreezableAt time.Time
}

// PendingSetup is a change of guardians that waits. An empty setup is leaving.
type PendingSetup struct {
	Setup              Setup
	ReadyAt, ExpiresAt time.Time
}

// Proposal is a recovery that waits.
type Proposal struct {
	Tier               uint8
	Digest             common.Hash
	ReadyAt, ExpiresAt time.Time
	Block              uint64 // in which it was proposed
	// Recovery is its content, from the chain's logs; nil if the chain gives none. It is
	// held against the digest.
	Recovery *Recovery
}

// Stage is how far something that waits has come.
type Stage uint8

// The stages.
const (
	Waiting Stage = iota + 1
	Ready
	Expired
)

func (s Stage) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Ready:
		return "ready"
	case Expired:
		return "expired"
	}
	return "unknown"
}

func stage(now, ready, expires time.Time) Stage {
	switch {
	case now.Before(ready):
		return Waiting
	case now.Before(expires):
		return Ready
	}
	return Expired
}

// Stage is how far the proposal has come at a time of the chain.
func (p *Proposal) Stage(now time.Time) Stage { return stage(now, p.ReadyAt, p.ExpiresAt) }

// Stage is how far the change has come at a time of the chain.
func (p *PendingSetup) Stage(now time.Time) Stage { return stage(now, p.ReadyAt, p.ExpiresAt) }

// ErrNoModule is returned by [At] for chains without the recovery module.
var ErrNoModule = errors.New("guardian: this chain does not have the recovery module")

// At reads where an account stands. The content of proposals comes from the logs of the
// block that the module names, where the chain is an [account.Node] and has them.
func At(ctx context.Context, ch account.Chain, acct common.Address) (*State, error) {
	code, err := ch.Code(ctx, Module)
	if err != nil {
		return nil, fmt.Errorf("guardian: read the module's code: %w", err)
	}
	if len(code) == 0 {
		return nil, ErrNoModule
	}
	s := &State{Account: acct}
	if s.ChainID, err = ch.ChainID(ctx); err != nil {
		return nil, fmt.Errorf("guardian: ask for the chain: %w", err)
	}
	r := reader{ctx, ch}
	if s.Time, err = r.now(); err != nil {
		return nil, err
	}
	if err := r.setups(s); err != nil {
		return nil, err
	}
	if s.Any, err = r.nonce(acct, AnyTier); err != nil {
		return nil, err
	}
	for i := range s.Setup.Tiers {
		n, err := r.nonce(acct, uint8(i))
		if err != nil {
			return nil, err
		}
		p, err := r.proposal(acct, uint8(i), s.ChainID)
		if err != nil {
			return nil, err
		}
		s.Nonces, s.Proposals = append(s.Nonces, n), append(s.Proposals, p)
	}
	if err := r.freeze(s); err != nil {
		return nil, err
	}
	return s, nil
}

// ConfigHash is that of the setup in force.
func (s *State) ConfigHash() common.Hash { return s.Setup.Hash() }

// Recovery is a recovery by a tier's guardians as they have to sign it now.
func (s *State) Recovery(tier uint8, newSigner seal.Signer, replaces []seal.Signer, deadline time.Time) (Recovery, error) {
	if int(tier) >= len(s.Nonces) {
		return Recovery{}, fmt.Errorf("guardian: there is no tier %d: %w", tier, ErrMessage)
	}
	r := Recovery{Account: s.Account, Tier: tier, NewSigner: newSigner, Replaces: replaces, Nonce: s.Nonces[tier], Deadline: deadline.Truncate(time.Second).UTC(), ConfigHash: s.ConfigHash()}
	return r, r.check(s.Setup)
}

// CancelRecovery is a cancellation of a tier's proposal by a tier's guardians.
func (s *State) CancelRecovery(tier, by uint8) (CancelRecovery, error) {
	if int(tier) >= len(s.Nonces) || by > tier {
		return CancelRecovery{}, errCancel(tier, by)
	}
	return CancelRecovery{s.Account, tier, by, s.Nonces[tier], s.ConfigHash()}, nil
}

// CancelAll is what the account signs to stop everything. Freezing does not make it stale:
// its nonce is the epoch alone, which only what voids all signatures raises.
func (s *State) CancelAll() CancelAll {
	epoch := new(big.Int).Rsh(s.Any, 64)
	return CancelAll{s.Account, epoch.Lsh(epoch, 64)}
}

// Freeze is a freeze by a tier's guardians; unfreezing is Unfreeze of the same.
func (s *State) Freeze(tier uint8, deadline time.Time) Freeze {
	return Freeze{s.Account, tier, s.Any, deadline.Truncate(time.Second).UTC(), s.ConfigHash()}
}

// Drill is a drill of all guardians.
func (s *State) Drill(date time.Time) Drill {
	return Drill{s.Account, s.Any, date.Truncate(time.Second).UTC(), s.ConfigHash()}
}

type reader struct {
	ctx   context.Context
	chain account.Chain
}

// read calls a view function of the module.
func (r reader) read(method string, args ...any) ([]any, error) {
	data, err := moduleABI.Pack(method, args...)
	if err != nil {
		return nil, fmt.Errorf("guardian: encode %s: %w", method, err)
	}
	ret, err := r.chain.Call(r.ctx, Module, data)
	if err != nil {
		return nil, fmt.Errorf("guardian: ask for %s: %w", method, err)
	}
	values, err := abiargs.Unpack(moduleABI.Methods[method].Outputs, ret)
	if err != nil {
		return nil, fmt.Errorf("guardian: read %s: %w", method, err)
	}
	return values, nil
}

func (r reader) setups(s *State) error {
	current, err := r.read("setupOf", s.Account)
	if err != nil {
		return err
	}
	if s.Setup, err = toSetup(current[0]); err != nil {
		return err
	}
	pending, err := r.read("pendingSetupOf", s.Account)
	if err != nil {
		return err
	}
	ready, expires := toTime(pending[1]), toTime(pending[2])
	if ready.Unix() == 0 {
		return nil
	}
	next, err := toSetup(pending[0])
	s.Pending = &PendingSetup{next, ready, expires}
	return err
}

func toSetup(v any) (Setup, error) {
	return (*abi.ConvertType(v, new(abiSetup)).(*abiSetup)).setup()
}

func toTime(v any) time.Time { return at(v.(*big.Int).Uint64()) }

func (r reader) nonce(acct common.Address, tier uint8) (*big.Int, error) {
	v, err := r.read("nonceOf", acct, tier)
	if err != nil {
		return nil, err
	}
	return v[0].(*big.Int), nil
}

func (r reader) proposal(acct common.Address, tier uint8, chainID *big.Int) (*Proposal, error) {
	v, err := r.read("proposalOf", acct, tier)
	if err != nil {
		return nil, err
	}
	digest := common.Hash(v[0].([32]byte))
	if digest == (common.Hash{}) {
		return nil, nil
	}
	p := &Proposal{Tier: tier, Digest: digest, ReadyAt: toTime(v[1]), ExpiresAt: toTime(v[2]), Block: v[3].(*big.Int).Uint64()}
	p.Recovery = r.content(acct, p, chainID)
	return p, nil
}

// content looks for what a proposal says. A node without logs is no error: the digest
// binds whoever has kept the content.
func (r reader) content(acct common.Address, p *Proposal, chainID *big.Int) *Recovery {
	node, ok := r.chain.(account.Node)
	if !ok {
		return nil
	}
	// On a chain whose contracts see other block numbers than its nodes (Arbitrum), it is somewhere else.
	for _, blocks := range [][2]any{{hexutil.Uint64(p.Block), hexutil.Uint64(p.Block)}, {"earliest", "latest"}} {
		if found := r.search(node, acct, p, chainID, blocks); found != nil {
			return found
		}
	}
	return nil
}

// search looks for what a proposal says in a range of blocks.
func (r reader) search(node account.Node, acct common.Address, p *Proposal, chainID *big.Int, blocks [2]any) *Recovery {
	event := moduleABI.Events["RecoveryProposed"]
	var logs []struct {
		Data hexutil.Bytes `json:"data"`
	}
	err := node.CallContext(r.ctx, &logs, "eth_getLogs", map[string]any{
		"fromBlock": blocks[0], "toBlock": blocks[1], "address": Module,
		"topics": []any{event.ID, common.BytesToHash(acct[:]), common.BytesToHash([]byte{p.Tier})},
	})
	if err != nil {
		return nil
	}
	for _, l := range logs {
		values, err := abiargs.Unpack(event.Inputs.NonIndexed(), l.Data)
		if err != nil {
			continue
		}
		got, err := toRecovery(values[3])
		if err == nil && got.Digest(chainID) == p.Digest {
			return &got
		}
	}
	return nil
}

func toRecovery(v any) (Recovery, error) {
	return (*abi.ConvertType(v, new(abiRecovery)).(*abiRecovery)).recovery()
}

func (v abiRecovery) recovery() (r Recovery, err error) {
	r = Recovery{
		Account: v.Account, Tier: v.Tier, Table: p256table.Format(v.Table), CredentialIDHash: v.CredentialIdHash,
		Nonce: v.Nonce, Deadline: at(v.Deadline.Uint64()), ConfigHash: v.ConfigHash,
	}
	if r.NewSigner, err = seal.ParseSigner(v.NewSigner); err != nil {
		return Recovery{}, err
	}
	for _, b := range v.Replaces {
		s, err := seal.ParseSigner(b)
		if err != nil {
			return Recovery{}, err
		}
		r.Replaces = append(r.Replaces, s)
	}
	return r, nil
}

// freeze asks until when the account is frozen. Not even the account need be there.
func (r reader) freeze(s *State) error {
	v, err := r.read("freezeOf", s.Account)
	if err != nil {
		return err
	}
	if t := toTime(v[0]); t.Unix() != 0 {
		s.FrozenUntil = t
	}
	if t := toTime(v[1]); t.Unix() != 0 {
		s.FreezableAt = t
	}
	return nil
}

// now is the time of the newest block.
func (r reader) now() (time.Time, error) {
	node, ok := r.chain.(account.Node)
	if !ok {
		return time.Now().UTC(), nil
	}
	var block struct {
		Timestamp hexutil.Uint64 `json:"timestamp"`
	}
	if err := node.CallContext(r.ctx, &block, "eth_getBlockByNumber", "latest", false); err != nil {
		return time.Time{}, fmt.Errorf("guardian: ask for the newest block: %w", err)
	}
	return at(uint64(block.Timestamp)), nil
}
