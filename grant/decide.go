// A model of what Kernel and its policy contracts decide.

package grant

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Decide says what the account will say about an operation that this permission
// approves, if the signature is right. It reads the operation's call data,
// paymaster, gas limits and fees; a nil number is 0.
func (g Grant) Decide(state State, op *userop.Op) Decision {
	d := Decision{After: state}
	if g.Flag&FlagNotOps != 0 {
		return d.refuse(NotForOperations, -1, revertNotForOps)
	}
	after := g.ready(state)
	for i, p := range g.Policies {
		if !asked(p, FlagNotOps) {
			continue
		}
		var r *Refusal
		s := &after.Policies[i]
		switch p := p.(type) {
		case *Call:
			r = p.decide(op.CallData)
		case *Gas:
			r = p.decide(s, op)
		case *RateLimit:
			r = p.decide(s, state.Now, &d)
		case *Timestamp:
			d.within(p.ValidAfter, p.ValidUntil)
		}
		if r != nil {
			r.Policy = i
			if r.Revert == nil {
				r.Revert = policyFailed(i)
			}
			d.Refusal = r
			return d
		}
		if _, ok := understood(p); !ok {
			d.Unsure = append(d.Unsure, i)
		}
	}
	if len(op.CallData) < 4 || [4]byte(op.CallData) != executeSelector {
		return d.refuse(NotExecute, -1, revertInvalid)
	}
	if state.Now < d.ValidAfter || d.ValidUntil != 0 && state.Now > d.ValidUntil {
		return d.refuse(NotDue, -1, []byte{})
	}
	d.Allowed, d.After = true, after
	return d
}

// DecideMessage says whether a signature of this permission is good for a message
// (ERC-1271) that caller asks about, if it is right at all.
func (g Grant) DecideMessage(state State, caller common.Address) Decision {
	d := Decision{After: state}
	if g.Flag&FlagNotMessages != 0 {
		return d.refuse(NotForMessages, -1, revertNotForMessages)
	}
	for i, p := range g.Policies {
		if !asked(p, FlagNotMessages) {
			continue
		}
		if _, ok := understood(p); !ok {
			d.Unsure = append(d.Unsure, i)
		}
		if s, ok := p.(*SignatureCaller); ok && !s.allows(caller) {
			return d.refuse(CallerRefused, i, policyFailed(i))
		}
	}
	d.Allowed = true
	return d
}

func (p *SignatureCaller) allows(caller common.Address) bool {
	for _, c := range p.Callers {
		if c == caller {
			return true
		}
	}
	return false
}

// ready is the state to write into, with room for every policy.
func (g Grant) ready(state State) State {
	if len(state.Policies) != len(g.Policies) {
		state.Policies = append(make([]PolicyState, 0, len(g.Policies)), state.Policies...)
		for len(state.Policies) < len(g.Policies) {
			state.Policies = append(state.Policies, PolicyState{})
		}
		return state
	}
	return state.clone()
}

func (d Decision) refuse(reason Reason, policy int, revert []byte) Decision {
	d.Refusal = &Refusal{Reason: reason, Policy: policy, Call: -1, Permission: -1, Rule: -1, Revert: revert}
	return d
}

// within narrows the time window; until 0 is no end.
func (d *Decision) within(after, until uint64) {
	d.ValidAfter = max(d.ValidAfter, after)
	if until != 0 && (d.ValidUntil == 0 || until < d.ValidUntil) {
		d.ValidUntil = until
	}
}

func failed(reason Reason, revert []byte) *Refusal {
	return &Refusal{Reason: reason, Call: -1, Permission: -1, Rule: -1, Revert: revert}
}

var (
	two128 = new(big.Int).Lsh(big.NewInt(1), 128)
	zero   = new(big.Int)
)

func orZero(n *big.Int) *big.Int {
	if n == nil {
		return zero
	}
	return n
}

func (p *Gas) decide(s *PolicyState, op *userop.Op) *Refusal {
	cost := new(big.Int).Add(orZero(op.PreVerificationGas), orZero(op.VerificationGasLimit))
	cost.Add(cost, orZero(op.CallGasLimit))
	cost.Mul(cost, orZero(op.MaxFeePerGas))
	if cost.BitLen() > 256 {
		return failed(BudgetSpent, revertOverflow)
	}
	if p.EnforcePaymaster && p.Paymaster != (common.Address{}) {
		if op.Paymaster == nil {
			return failed(WrongPaymaster, []byte{}) // it reads beyond the end of no paymaster data
		}
		if *op.Paymaster != p.Paymaster {
			return failed(WrongPaymaster, nil)
		}
	}
	cost.Mod(cost, two128) // the contract keeps 128 bits of it
	left := orZero(s.Allowed)
	if cost.Cmp(left) > 0 {
		return failed(BudgetSpent, nil)
	}
	s.Allowed = cost.Sub(left, cost)
	return nil
}

func (p *RateLimit) decide(s *PolicyState, now uint64, d *Decision) *Refusal {
	if p.Reset {
		if now >= s.ResetAt {
			s.Count, s.ResetAt = p.Count, (now+p.Interval)&maxUint48
		}
		if s.Count == 0 {
			return failed(NoUsesLeft, revertRate)
		}
		s.Count--
		d.within(now, s.ResetAt)
		return nil
	}
	if s.Count == 0 {
		return failed(NoUsesLeft, nil)
	}
	d.within(s.StartAt, 0)
	if s.StartAt+p.Interval > maxUint48 {
		return failed(NotDue, revertOverflow)
	}
	s.Count, s.StartAt = s.Count-1, s.StartAt+p.Interval
	return nil
}
