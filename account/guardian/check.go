// What would make a setup useless or dangerous, before it reaches a chain.

package guardian

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account"
	"github.com/postern-dev/postern/contracts"
	"github.com/postern-dev/postern/seal"
	"github.com/postern-dev/postern/userop"
)

// Check refuses what the contract refuses, and guardians who are signers of the account.
// The first problem is returned, a *SetupError; Problems are all.
func (s Setup) Check(acct common.Address, signers []seal.Signer) error {
	if p := s.Problems(acct, signers); len(p) > 0 {
		return p[0]
	}
	return nil
}

// Problems are all reasons for which [Setup.Check] refuses.
func (s Setup) Problems(acct common.Address, signers []seal.Signer) (out []*SetupError) {
	add := func(field string, r Reason, detail string) {
		out = append(out, &SetupError{Field: field, Reason: r, Detail: detail})
	}
	if _, err := s.abi(); err != nil {
		if e, ok := errors.AsType[*SetupError](err); ok {
			return []*SetupError{e}
		}
	}
	switch {
	case len(s.Tiers) == 0:
		add("tiers", NoGuardian, "")
		return out
	case len(s.Tiers) > MaxTiers:
		add("tiers", TooMany, fmt.Sprint(len(s.Tiers)))
		return out
	}
	if s.Expiry < MinExpiry || s.Expiry > MaxExpiry {
		add("expiry", ExpiryRange, duration(s.Expiry))
	}
	first := s.Tiers[0].Delay
	switch {
	case s.ChangeDelay > MaxDelay:
		add("changeDelay", ChangeLong, duration(s.ChangeDelay))
	case s.ChangeDelay < first+Margin:
		add("changeDelay", ChangeShort, duration(s.ChangeDelay))
	}
	if s.Freeze != 0 {
		if s.Freeze < first+Margin || s.Freeze > MaxFreeze {
			add("freeze", FreezeRange, duration(s.Freeze))
		}
		if !slices.ContainsFunc(s.Tiers, func(t Tier) bool { return len(t.Guardians) > 1 }) {
			add("freeze", FreezeAlone, "")
		}
	}
	own := map[common.Hash]bool{}
	for _, x := range signers {
		own[ID(x)] = true
	}
	for i, t := range s.Tiers {
		name := fmt.Sprintf("tiers[%d]", i)
		switch {
		case t.Delay < MinDelay:
			add(name+".delay", DelayShort, duration(t.Delay))
		case t.Delay > MaxDelay:
			add(name+".delay", DelayLong, duration(t.Delay))
		case i > 0 && t.Delay <= s.Tiers[i-1].Delay:
			add(name+".delay", Unsorted, duration(t.Delay))
		}
		out = append(out, t.problems(name, acct, own)...)
	}
	if data, err := s.Encode(); err == nil && len(data) > maxSetup {
		add("tiers", TooLarge, fmt.Sprintf("%d bytes", len(data)))
	}
	return out
}

// maxSetup is what fits behind a zero byte into a contract's code (EIP-170), where setups are kept.
const maxSetup = 24_575

func (t Tier) problems(name string, acct common.Address, own map[common.Hash]bool) (out []*SetupError) {
	add := func(field string, r Reason, detail string) {
		out = append(out, &SetupError{Field: name + "." + field, Reason: r, Detail: detail})
	}
	switch {
	case len(t.Guardians) == 0:
		add("guardians", NoGuardian, "")
		return out
	case len(t.Guardians) > MaxGuardians:
		add("guardians", TooMany, fmt.Sprint(len(t.Guardians)))
		return out
	}
	sum, seen, before := uint64(0), map[common.Hash]bool{}, common.Hash{}
	for j, g := range t.Guardians {
		field, who := fmt.Sprintf("guardians[%d]", j), ""
		if !g.Signer.IsZero() {
			who = Name(g.Signer)
		}
		id := ID(g.Signer)
		if r := kindProblem(g.Signer, acct); r != "" {
			add(field, r, who)
		}
		switch {
		case g.Weight == 0:
			add(field, WeightZero, who)
		case g.Weight > math.MaxUint64-sum:
			add(field, WeightHigh, who)
			return out
		}
		switch {
		case seen[id]:
			add(field, Duplicate, who)
		case j > 0 && id.Cmp(before) < 0:
			add(field, Unsorted, who)
		}
		if own[id] {
			add(field, SignerGuards, who)
		}
		sum, seen[id], before = sum+g.Weight, true, id
	}
	switch {
	case t.Threshold == 0:
		add("threshold", ThresholdZero, "")
	case t.Threshold > sum:
		add("threshold", ThresholdHigh, fmt.Sprintf("%d of %d", t.Threshold, sum))
	}
	return out
}

func kindProblem(s seal.Signer, acct common.Address) Reason {
	switch _, _, isPasskey := s.Passkey(); {
	case s.IsZero() || len(s.Bytes()) > MaxSigner:
		return BadSigner
	case isPasskey:
		return ""
	case s.Address() == acct:
		return Own
	case s.Address() == Module:
		return BadSigner
	case s.Address() == contracts.P256Verifier:
		return Plain
	}
	return ""
}

// Resolver says who signs for a contract: the signers of an account, the owners of a
// multisignature wallet. It returns nothing for what it does not know.
type Resolver func(ctx context.Context, contract common.Address) ([]seal.Signer, error)

// Limits of what is followed.
const (
	maxDepth     = 8
	maxContracts = 64
)

// CheckOn is [Setup.Check] and what only a chain can tell: verifiers without code, and,
// through the resolver, which may be nil, guardians behind whom the account or one of its
// signers stands.
func (s Setup) CheckOn(ctx context.Context, ch account.Chain, who Resolver, acct common.Address, signers []seal.Signer) error {
	if err := s.Check(acct, signers); err != nil {
		return err
	}
	own := map[common.Hash]bool{}
	for _, x := range signers {
		own[ID(x)] = true
	}
	for i, t := range s.Tiers {
		for j, g := range t.Guardians {
			e := &SetupError{Field: fmt.Sprintf("tiers[%d].guardians[%d]", i, j), Detail: Name(g.Signer)}
			if _, _, ok := g.Signer.Passkey(); ok {
				continue
			}
			code, err := ch.Code(ctx, g.Signer.Address())
			if err != nil {
				return fmt.Errorf("guardian: read the code of %s: %w", g.Signer.Address(), err)
			}
			_, delegated := userop.ParseDelegation(code)
			if !g.Signer.IsAddress() && (len(code) == 0 || delegated) {
				e.Reason = Dead
				return e
			}
			if who == nil || !g.Signer.IsAddress() || len(code) == 0 {
				continue
			}
			f := follower{ctx: ctx, who: who, acct: acct, own: own, seen: map[common.Address]bool{}}
			if bad, err := f.leadsBack(g.Signer.Address(), 0); err != nil {
				return err
			} else if bad {
				e.Reason = Cyclic
				return e
			}
		}
	}
	return nil
}

type follower struct {
	ctx  context.Context
	who  Resolver
	acct common.Address
	own  map[common.Hash]bool
	seen map[common.Address]bool
}

// leadsBack reports whether the account or one of its signers is behind a contract. What
// is too deep to follow counts as that.
func (f *follower) leadsBack(contract common.Address, depth int) (bool, error) {
	if f.seen[contract] {
		return false, nil
	}
	f.seen[contract] = true
	if depth >= maxDepth || len(f.seen) > maxContracts {
		return true, nil
	}
	list, err := f.who(f.ctx, contract)
	if err != nil {
		return false, fmt.Errorf("guardian: ask who signs for %s: %w", contract, err)
	}
	if len(list) > MaxSigner {
		return true, nil
	}
	for _, s := range list {
		if f.own[ID(s)] || s.IsAddress() && s.Address() == f.acct {
			return true, nil
		}
		if s.IsAddress() {
			if bad, err := f.leadsBack(s.Address(), depth+1); bad || err != nil {
				return bad, err
			}
		}
	}
	return false, nil
}
