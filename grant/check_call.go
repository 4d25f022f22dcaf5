// The traps of the call policy.

package grant

import (
	"math/big"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

func (c *checker) call(p *Call) {
	if len(p.Permissions) == 0 {
		c.refuse(NothingAllowed, "name what may be called", "a call policy without permissions refuses everything")
	}
	type key struct {
		t      CallType
		target common.Address
		fn     [4]byte
	}
	seen := map[key]bool{}
	for i := range p.Permissions {
		c.permission = i
		q := &p.Permissions[i]
		k := key{q.CallType, q.Target, q.Selector}
		if seen[k] {
			c.refuse(PermissionTwice, "use in [ … ] for several values of one parameter, and one permission", "this function of this target is there already: the installation reverts")
		}
		seen[k] = true
		c.target(p, q)
		c.rules(p, q)
		c.tokens(q)
		if limit := q.valueLimit(); limit.Sign() > 0 && q.CallType == CallSingle {
			c.warn(PerCallOnly, "keep it low, and bound the number of operations with a rate limit; a batch has many calls", "at most %s ETH is the limit of each call: there is no total", FormatUnits(limit, 18))
		}
	}
	c.permission = -1
}

// target looks at what is called, and how.
func (c *checker) target(p *Call, q *Permission) {
	v := p.version()
	switch q.CallType {
	case CallSingle:
	case CallDelegate:
		switch {
		case v == Call001 || v == Call002:
			c.refuse(DelegateFault, "use version "+string(CallLatest), "version %s %s", v, faultDelegate)
		case q.AnyTarget():
			c.refuse(DelegateCall, "name one contract that is known to be harmless", "a delegatecall to any contract: whoever has the key has the account")
		default:
			c.warn(DelegateCall, "use a call, unless the contract is known to be harmless in the account's name", "a delegatecall runs the contract's code with full power over the account")
		}
	case CallBatch:
		c.refuse(NeverMatches, "use call: each call of a batch is looked up as one", "a permission for batches never matches")
	default:
		c.refuse(NeverMatches, "use call", "the account makes no call of type 0x%02x under this policy", byte(q.CallType))
	}
	native := q.Selector == [4]byte{}
	switch {
	case q.AnyTarget() && v == Call001:
		c.refuse(NeverMatches, "use version "+string(CallLatest), "version 0.0.1 does not know any target")
	case native && v == Call001:
		c.refuse(NeverMatches, "use version "+string(CallLatest), "version 0.0.1 refuses calls without data")
	case q.AnyTarget() && q.is(ownerFunctions...):
		c.refuse(SelfCall, "name the contract", "any contract is also the account itself: this function changes it")
	case q.is(moduleFunctions...):
		c.refuse(ProtectedTarget, "leave it out: modules of the account are for its owner", "this function changes what a module of the account does, such as whose key it obeys")
	case q.AnyTarget() && q.is(entryPointFunctions...):
		c.refuse(ProtectedTarget, "name the contract", "any contract is also the EntryPoint: this function takes the account's deposit, or disturbs its nonces")
	case q.AnyTarget():
		c.warn(AnyTarget, "name the contract, unless that is what you want", "any contract may be called, also such as only pretend to be what is meant")
	case c.facts.Account != common.Address{} && q.Target == c.facts.Account:
		c.refuse(SelfCall, "leave it out: changes of the account are for its owner", "the target is the account itself: the key could change its owner")
	case isEntryPoint(q.Target):
		c.refuse(ProtectedTarget, "leave it out", "the target is the EntryPoint: the key could take the account's deposit, or disturb its nonces")
	case c.protected(q.Target):
		c.refuse(ProtectedTarget, "leave it out: modules of the account are for its owner", "the target %s is a module of the account: the key could change what it may do", q.Target)
	case q.Target == permit2:
		c.warn(Permit2Target, "name the token's own transfer instead", "Permit2 moves every token that was ever approved to it: the limits of other permissions do not count there")
	}
}

func (c *checker) protected(a common.Address) bool {
	_, policy := lookup(a)
	return policy || slices.Contains(c.facts.Protected, a) || slices.Contains(oldSigners, a) || slices.Contains(oldValidators, a) ||
		a == c.facts.Signer || a == c.facts.Owner
}

var maxWord = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))

func (c *checker) rules(p *Call, q *Permission) {
	f := q.function()
	if q.Function != nil && (f == nil || f.Selector() != q.Function.Selector()) {
		c.refuse(NeverMatches, "leave the selector to the signature", "the selector 0x%x is not that of the function that is named", q.Selector)
	}
	if q.Selector == [4]byte{} && len(q.Rules) > 0 {
		c.refuse(NeverMatches, "name the function", "conditions on the data of a call without data")
	}
	for i, r := range q.Rules {
		c.condition(p.version(), r, i)
		c.offset(f, r)
		if len(r.Params) != 1 || r.Condition == OneOf {
			continue
		}
		n := new(big.Int).SetBytes(r.Params[0][:])
		low, high := n.Sign() == 0, n.Cmp(maxWord) == 0
		switch {
		case r.Condition == LessThan && low || r.Condition == GreaterThan && high:
			c.refuse(NeverMatches, "write another limit", "no number is %s %s", r.Condition, n)
		case r.Condition == GreaterOrEqual && low || r.Condition == LessOrEqual && high:
			c.warn(AlwaysHolds, "leave it out, or write a limit", "every number is %s %s", r.Condition, n)
		}
	}
}

// condition looks at what the contract's version knows.
func (c *checker) condition(v CallVersion, r Rule, i int) {
	n := len(r.Params)
	switch {
	case r.Condition > SliceEqual || r.Condition == SliceEqual && v < Call005 || r.Condition == OneOf && v < Call002:
		c.refuse(ConditionVersion, "use version "+string(CallLatest)+" and its conditions", "version %s does not know the condition %q", v, r.Condition)
	case r.Condition == SliceEqual && n != 3:
		c.refuse(NeverMatches, "give start, length and hash", "a slice has 3 parameters, not %d: the installation reverts", n)
	case r.Condition == OneOf && n == 0:
		c.refuse(NeverMatches, "name the values", "one of no values never holds")
	case r.Condition < OneOf && n != 1:
		c.refuse(NeverMatches, "give one value", "condition %d compares with %d values: the installation reverts", i+1, n)
	}
}

// offset looks at what the word is that is compared.
func (c *checker) offset(f *Function, r Rule) {
	if f == nil {
		if r.Offset%32 != 0 || r.Offset > 32*maxWords {
			c.warn(OffsetWrong, "write a multiple of 32, counted after the selector", "byte %d is not where a parameter begins", r.Offset)
		}
		return
	}
	p, ok := f.param(r.Offset)
	if !ok {
		if r.Offset%32 == 0 && r.Offset < f.headSize() {
			c.warn(OffsetWrong, "compare a parameter", "byte %d is inside a parameter, or behind the parameters, of %s", r.Offset, f)
			return
		}
		c.refuse(OffsetWrong, "write where a parameter begins", "byte %d is no parameter of %s", r.Offset, f)
		return
	}
	ordered := r.Condition >= GreaterThan && r.Condition <= LessOrEqual
	switch {
	case p.Words == 0 && r.Condition != SliceEqual:
		c.refuse(DynamicCompared, "compare a slice of it", "%s is a %s: the word there only points to it", label(f, p), p.Type)
	case p.Words == 0 && p.Type != "bytes" && p.Type != "string" || p.Words != 0 && r.Condition == SliceEqual:
		c.refuse(DynamicCompared, "compare the whole value", "%s is a %s, which has no slices", label(f, p), p.Type)
	case ordered && strings.HasPrefix(p.Type, "int"):
		c.refuse(SignedOrder, "use = or in [ … ]", "%s has a sign, and the contract compares without: a negative number is huge there", label(f, p))
	}
}

// headSize is the room of the parameters' words.
func (f *Function) headSize() uint64 {
	if len(f.Params) == 0 {
		return 0
	}
	last := f.Params[len(f.Params)-1]
	return last.offset + 32*max(last.Words, 1)
}

// tokens looks at functions that move or give away tokens.
func (c *checker) tokens(q *Permission) {
	for _, a := range approvals {
		if !q.is(a.function) {
			continue
		}
		if !q.bounded(a.amount) {
			c.refuse(UnlimitedApprove, "add a condition such as amount <= 5 USDC", "an approval without a limit: the spender can take everything, now and later")
		} else {
			c.perCall()
		}
		if !q.named(a.spender) {
			c.warn(ApproveAnyone, "add a condition such as spender in [0x…]", "anyone may be approved, also whoever has the key")
		}
	}
	switch {
	case q.is("setApprovalForAll(address,bool)", "authorizeOperator(address)"):
		if !q.named(0) && !q.equals(32, 0) {
			c.refuse(UnlimitedApprove, "add a condition such as operator = 0x…", "anyone may be approved for everything, now and later")
		} else {
			c.warn(UnlimitedApprove, "approve single tokens instead", "an approval for everything, also for what comes later")
		}
	case q.is("transfer(address,uint256)", "transferFrom(address,address,uint256)"):
		amount := uint64(32)
		if q.is("transferFrom(address,address,uint256)") {
			amount = 64
		}
		if !q.bounded(amount) {
			c.warn(UnboundedTransfer, "add a condition such as amount <= 5 USDC", "a transfer of any amount")
		} else {
			c.perCall()
		}
	}
}

func (c *checker) perCall() {
	c.warn(PerCallOnly, "keep it low, and bound the number of operations with a rate limit; a batch has many calls", "the limit of the amount is one of each call: there is no total")
}

// bounded says whether a word has an upper limit below 2^128, which is more than
// there is of any token.
func (q *Permission) bounded(offset uint64) bool {
	return slices.ContainsFunc(q.Rules, func(r Rule) bool {
		if r.Offset != offset || len(r.Params) == 0 {
			return false
		}
		switch r.Condition {
		case Equal, LessThan, LessOrEqual, OneOf:
			return !slices.ContainsFunc(r.Params, func(w [32]byte) bool { return [16]byte(w[:16]) != [16]byte{} })
		}
		return false
	})
}

// named says whether a word is one of some values.
func (q *Permission) named(offset uint64) bool {
	return slices.ContainsFunc(q.Rules, func(r Rule) bool {
		return r.Offset == offset && (r.Condition == Equal || r.Condition == OneOf) && len(r.Params) > 0
	})
}

func (q *Permission) equals(offset, n uint64) bool {
	return slices.ContainsFunc(q.Rules, func(r Rule) bool {
		return r.Offset == offset && r.Condition == Equal && len(r.Params) == 1 && r.Params[0] == [32]byte(numberWord(n))
	})
}
