// What policy contracts remember, compared with what was granted.

package session

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/account/kernel"
	"github.com/postern-dev/postern/grant"
)

// policies reads the state of every policy of an installed permission.
func (r reader) policies(ctx context.Context, id kernel.PermissionID, g grant.Grant, now uint64) (grant.State, error) {
	s := g.NewState(now)
	reads := make([]func() error, len(g.Policies))
	for i, p := range g.Policies {
		reads[i] = func() error {
			if err := r.policy(ctx, id, p, &s.Policies[i]); err != nil {
				return fmt.Errorf("policy %d: %w", i+1, err)
			}
			return nil
		}
	}
	return s, together(reads...)
}

func (r reader) policy(ctx context.Context, id kernel.PermissionID, p grant.Policy, s *grant.PolicyState) error {
	ask := func(n int, signature string) ([]common.Hash, error) {
		return r.words(ctx, n, p.Contract(), signature, left(id[:]), addressWord(r.addr))
	}
	switch p := p.(type) {
	case *grant.Gas:
		w, err := ask(3, "gasPolicyConfig(bytes32,address)")
		if err != nil {
			return err
		}
		return gasLeft(p, w, s)
	case *grant.Timestamp:
		w, err := ask(2, "timestampPolicyConfig(bytes32,address)")
		if err != nil {
			return err
		}
		return same("time window", []uint64{p.ValidAfter, p.ValidUntil}, w)
	case *grant.RateLimit:
		if p.Reset {
			return r.reset(p, ask, s)
		}
		w, err := ask(3, "rateLimitConfigs(bytes32,address)")
		if err != nil {
			return err
		}
		return rateLeft(p, w, s)
	}
	return nil
}

func gasLeft(p *grant.Gas, w []common.Hash, s *grant.PolicyState) error {
	enforce, err := truth(w[1])
	if err != nil {
		return err
	}
	paymaster, err := addressIn(w[2])
	if err != nil {
		return err
	}
	granted := p.Allowed
	if granted == nil {
		granted = new(big.Int)
	}
	s.Allowed = w[0].Big()
	switch {
	case s.Allowed.Cmp(granted) > 0:
		return &MismatchError{"the budget that is left", "at most " + granted.String() + " wei", s.Allowed.String() + " wei"}
	case enforce != p.EnforcePaymaster || paymaster != p.Paymaster:
		return &MismatchError{"the paymaster of the gas policy", fmt.Sprint(p.Paymaster, p.EnforcePaymaster), fmt.Sprint(paymaster, enforce)}
	}
	return nil
}

// rateLeft reads (interval, count, startAt); each use takes one off the count and
// adds the interval to the start.
func rateLeft(p *grant.RateLimit, w []common.Hash, s *grant.PolicyState) (err error) {
	if err := same("interval", []uint64{p.Interval}, w[:1]); err != nil {
		return err
	}
	if s.Count, err = number(w[1], 48); err != nil {
		return err
	}
	if s.StartAt, err = number(w[2], 48); err != nil {
		return err
	}
	if s.Count > p.Count {
		return &MismatchError{"the number of uses that are left", fmt.Sprint("at most ", p.Count), fmt.Sprint(s.Count)}
	}
	used := new(big.Int).SetUint64(p.Count - s.Count)
	start := used.Mul(used, new(big.Int).SetUint64(p.Interval))
	if start.Add(start, new(big.Int).SetUint64(p.StartAt)); start.Cmp(new(big.Int).SetUint64(s.StartAt)) != 0 {
		return &MismatchError{"the start of the rate limit", start.String(), fmt.Sprint(s.StartAt)}
	}
	return nil
}

func (r reader) reset(p *grant.RateLimit, ask func(int, string) ([]common.Hash, error), s *grant.PolicyState) error {
	config, err := ask(2, "rateLimitConfigs(bytes32,address)")
	if err != nil {
		return err
	}
	if err := same("rate limit", []uint64{p.Interval, p.Count}, config); err != nil {
		return err
	}
	state, err := ask(2, "rateLimitState(bytes32,address)")
	if err != nil {
		return err
	}
	if s.Count, err = number(state[0], 48); err != nil {
		return err
	}
	if s.Count > p.Count {
		return &MismatchError{"the number of uses that are left", fmt.Sprint("at most ", p.Count), fmt.Sprint(s.Count)}
	}
	s.ResetAt, err = number(state[1], 48)
	return err
}

// same compares numbers of 48 bits.
func same(what string, want []uint64, words []common.Hash) error {
	for i, w := range words {
		n, err := number(w, 48)
		if err != nil {
			return err
		}
		if n != want[i] {
			return &MismatchError{"the " + what + " in the policy's contract", fmt.Sprint(want[i]), fmt.Sprint(n)}
		}
	}
	return nil
}

// signerKey compares the key that the signer's contract knows with the document's.
func (r reader) signerKey(ctx context.Context, id kernel.PermissionID, s kernel.Signer) error {
	if key, ok := s.ECDSA(); ok {
		w, err := r.words(ctx, 1, s.Contract, "signer(bytes32,address)", left(id[:]), addressWord(r.addr))
		if err != nil {
			return err
		}
		found, err := addressIn(w[0])
		if err == nil && found != key {
			err = &MismatchError{"the session key in the account", key.Hex(), found.Hex()}
		}
		return err
	}
	if key, _, ok := s.WebAuthn(); ok {
		w, err := r.words(ctx, 2, s.Contract, "webAuthnSignerStorage(bytes32,address)", left(id[:]), addressWord(r.addr))
		if err != nil {
			return err
		}
		if x := common.Hash(key.X()); w[0] != x || w[1] != key.Y() {
			return &MismatchError{"the session's passkey in the account", fmt.Sprintf("0x%x…", x[:4]), fmt.Sprintf("0x%x…", w[0][:4])}
		}
	}
	return nil
}
