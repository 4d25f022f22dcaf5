// The traps of a grant.

package grant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

// Check names every trap that a grant has. A grant with a finding of level
// [Refused] must not be signed; warnings belong before the owner's eyes.
func Check(g Grant, facts Facts) []Finding {
	c := &checker{g: g, facts: facts, policy: -1, permission: -1}
	c.whole()
	for i, p := range g.Policies {
		c.policy, c.permission = i, -1
		if isNil(p) {
			c.refuse(PolicyMissing, "leave it out", "there is no policy")
			continue
		}
		c.any(p)
		switch p := p.(type) {
		case *Call:
			c.call(p)
		case *Gas:
			c.gas(p)
		case *RateLimit:
			c.rate(p)
		case *Timestamp:
			c.timestamp(p)
		case *SignatureCaller:
			c.callers(p)
		}
	}
	return c.found
}

type checker struct {
	g                  Grant
	facts              Facts
	policy, permission int
	found              []Finding
}

func (c *checker) add(l Level, code Code, way, format string, args []any) {
	c.found = append(c.found, Finding{l, code, c.policy, c.permission, fmt.Sprintf(format, args...), way})
}

func (c *checker) refuse(code Code, way, format string, args ...any) {
	c.add(Refused, code, way, format, args)
}

func (c *checker) warn(code Code, way, format string, args ...any) {
	c.add(Warning, code, way, format, args)
}

var (
	// oldSigners and oldValidators skip the check of the challenge for a signature
	// that says so itself: whoever knows that needs no key.
	oldSigners = []common.Address{
		common.HexToAddress("0x8AA55d4BfAE101609078681A69B5bc3181516612"),
		common.HexToAddress("0x58625164e306242c7613223bDeb68fbe11300606"),
		common.HexToAddress("0x615d8641B6Ce9406DE7c3C01f57c552Ab3A96f83"),
	}
	oldValidators = []common.Address{
		common.HexToAddress("0x1e02Ff20b604C2B2809193917Ea22D8602126837"),
		common.HexToAddress("0xD990393C670dCcE8b4d8F858FB98c9912dBFAa06"),
		common.HexToAddress("0xbA45a2BFb8De3D24cA9D7F1B551E14dFF5d690Fd"),
		common.HexToAddress("0x56Bf68A3Eb0b95A4EC0880E5F39Cf45CF58dAe70"), // multi-chain: its makers call it unpatched
	}
	permit2 = common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3")
)

// isEntryPoint knows those of all versions.
func isEntryPoint(a common.Address) bool {
	return slices.ContainsFunc(userop.EntryPoints(), func(e userop.EntryPoint) bool { return e.Address() == a })
}

// whole looks at what no single policy is to blame for.
func (c *checker) whole() {
	limits := func(kinds ...Kind) bool {
		return slices.ContainsFunc(c.g.Policies, func(p Policy) bool {
			return asked(p, FlagNotOps) && slices.Contains(kinds, p.Kind())
		})
	}
	operations := c.g.Flag&FlagNotOps == 0
	switch {
	case c.g.Flag&^(FlagNotOps|FlagNotMessages) != 0:
		c.refuse(FlagUnknown, "use the flags for operations and messages only", "the permission has %s", c.g.Flag)
	case !operations && c.g.messagesClosed():
		c.refuse(NothingAllowed, "allow operations or messages", "the permission is for nothing")
	}
	if n := len(c.g.Policies); n > maxPolicies {
		c.refuse(TooManyPolicies, "join some of them", "%d policies, more than the account takes (%d)", n, maxPolicies)
	}
	switch {
	case len(c.g.Policies) == 0:
		c.refuse(NoPolicies, "add a call policy; if the key shall be able to do everything, say so with a sudo policy", "no policies: the key could do everything that the owner can")
	case operations && limits(KindSudo):
		c.warn(SudoGranted, "name the contracts and functions in a call policy instead", "sudo: nothing limits what is called; the key can also change the account's owner")
	case operations && !limits(KindCall):
		c.refuse(Unrestricted, "add a call policy; if the key shall be able to call everything, say so with a sudo policy", "no policy limits what is called: the key could also change the account's owner")
	}
	if operations && !slices.ContainsFunc(c.g.Policies, expires) {
		c.warn(NoExpiry, "add a timestamp policy with an end", "the permission has no end: it stays until it is revoked")
	}
	if !c.g.messagesClosed() {
		caller := slices.ContainsFunc(c.g.Policies, func(p Policy) bool {
			return asked(p, FlagNotMessages) && p.Kind() == KindSignatureCaller
		})
		if !caller {
			c.warn(MessagesOpen, "add a signature-caller policy: with no callers it closes messages, and it survives the SDK's document",
				"the key can sign messages (ERC-1271) for any contract, such as permits for tokens: call, gas and timestamp policies do not count for messages")
		}
	}
	for _, t := range c.g.Tokens {
		if has, known := c.facts.Decimals[t.Address]; known && has != t.Decimals {
			c.refuse(TokenDecimals, "write decimals = "+decimal(int(has))+", and read the amounts again", "%s (%s) has %d decimals, not %d: its amounts are others than they seem", t.Symbol, t.Address, has, t.Decimals)
		}
	}
	if c.g.Flag != FlagAll && c.facts.Portable {
		c.refuse(FlagNotPortable, "use a signature-caller policy with no callers instead of the flag",
			"the permission is %s, and the SDK's document has no place for that: opened there it would be another permission", c.g.Flag)
	}
	if slices.Contains(oldSigners, c.facts.Signer) {
		c.refuse(VulnerableSigner, "use the signer contract 0x65DEeC8fEe717dc044D0CFD63cCf55F02cCaC2b3 (0.0.4)", "the signer contract %s accepts signatures without checking the challenge", c.facts.Signer)
	}
	if slices.Contains(oldValidators, c.facts.Owner) {
		c.refuse(VulnerableOwner, "change the account's validator to 0x7ab16Ff354AcB328452F1D445b3Ddee9a91e9e69 (0.0.3) first", "the owner's validator %s accepts signatures without checking the challenge", c.facts.Owner)
	}
	if c.facts.Permission != [4]byte{} && slices.Contains(c.facts.Revoked, c.facts.Permission) {
		c.refuse(RevokedBefore, "change something, such as the end of its time window, so that it is another permission",
			"the permission 0x%x was revoked on this account, and its policies cannot be installed a second time", c.facts.Permission)
	}
}

// expires says whether a policy ends operations some day.
func expires(p Policy) bool {
	if !asked(p, FlagNotOps) {
		return false
	}
	switch p := p.(type) {
	case *Timestamp:
		return p.ValidUntil != 0
	case *RateLimit:
		return !p.Reset
	}
	return false
}

// any looks at what every policy has.
func (c *checker) any(p Policy) {
	entry, err := KernelEntry(p)
	if err != nil {
		way := "change it"
		if e, ok := err.(*Error); ok {
			way = e.Way
		}
		c.refuse(NotEncodable, way, "%v", err)
	} else if len(entry) > maxPolicyData {
		c.refuse(NotEncodable, "allow fewer things", "%d bytes of parameters", len(entry))
	}
	contract, ok := understood(p)
	switch {
	case !ok && contract.Kind != "":
		c.refuse(UnknownContract, "leave the contract out, or write the policy that it is",
			"the contract %s is that of the policy %s, and reads something else than is written", p.Contract(), strings.TrimSpace(string(contract.Kind)+" "+contract.Version))
	case !ok:
		c.refuse(UnknownContract, "use the contract of the table", "nobody here knows what the policy contract %s allows", p.Contract())
	case contract.Kind == KindCall && contract.Version < string(Call004):
		c.warn(OldContract, "use version "+string(CallLatest), "version %s of the call policy: %s", contract.Version, faultStorage)
	}
	for _, other := range c.g.Policies[:c.policy] {
		if !isNil(other) && other.Contract() == p.Contract() && p.Kind() != KindSudo {
			c.refuse(PolicyTwice, "join the two", "another policy has the same contract %s, which cannot be installed twice", p.Contract())
			break
		}
	}
	flag := p.Flag()
	if flag&^(FlagNotOps|FlagNotMessages) != 0 {
		c.refuse(FlagUnknown, "use the flags for operations and messages only", "the policy has %s", flag)
	}
	switch {
	case flag&FlagNotOps != 0 && p.Kind() != KindSignatureCaller:
		c.refuse(FlagOpens, "remove the flag; to close operations, set it on the whole permission", "the %s policy is not asked about operations: it limits nothing", p.Kind())
	case flag&FlagNotMessages != 0 && p.Kind() == KindSignatureCaller:
		c.refuse(FlagOpens, "remove the flag", "the signature-caller policy is not asked about messages: it limits nothing")
	case flag&FlagNotMessages != 0 && !c.g.messagesClosed():
		c.warn(FlagOpens, "to close messages, set the flag on the whole permission, or add a signature-caller policy with no callers", "the flag only says that the %s policy is not asked about messages: it closes nothing", p.Kind())
	}
}

func (c *checker) gas(p *Gas) {
	named := p.Paymaster != common.Address{}
	if p.allowed().Sign() == 0 {
		c.refuse(GasBlocks, "write a budget", "the budget is 0, which refuses every operation")
	}
	switch {
	case p.EnforcePaymaster && !named:
		c.refuse(GasEnforcesNothing, "name the paymaster", "a paymaster is enforced, but none is named: the contract then accepts any, and none")
	case !p.EnforcePaymaster && named:
		c.refuse(GasEnforcesNothing, "enforce the paymaster, or do not name it", "a paymaster is named, but not enforced: the contract then accepts any, and none")
	case named:
		c.warn(GasUncounted, "choose a budget for the account's own gas limits, and trust the paymaster with its own", "the gas that the paymaster uses is not counted, but what it pays for is charged to the budget")
	}
}

func (c *checker) rate(p *RateLimit) {
	if p.Count == 0 {
		c.refuse(NothingAllowed, "write how many operations", "a rate limit of 0 operations refuses everything")
	}
	if p.Reset {
		c.warn(RateClock, "use the rate limit without reset, or your own bundler", "the rate limit with reset reads the clock during validation: public bundlers refuse that (ERC-7562)")
		if p.Interval == 0 {
			c.refuse(RateReset, "write the interval", "a rate limit with reset and without an interval fills up at once: it limits nothing, and each operation is good for one second")
		}
		return
	}
	switch {
	case p.Interval != 0 && p.StartAt == 0:
		c.refuse(RateNoStart, "write a start, such as now; or leave the interval out", "the interval of %s is not enforced without a start: all %d operations may come at once", span(p.Interval), p.Count)
	case p.Interval != 0 && c.facts.Now > p.StartAt+p.Interval:
		c.warn(RateSavesUp, "start now", "the start is in the past: about %s may come at once", plural(min(p.Count, (c.facts.Now-p.StartAt)/p.Interval+1), "operation"))
	}
	c.seconds("start", p.StartAt)
	if p.Interval == 0 {
		return // nothing looks like a count per interval
	}
	c.warn(RateTotal, "choose the count for the whole life of the permission", "the count of %d is a total for the life of the permission, whatever the interval", p.Count)
}

func (c *checker) timestamp(p *Timestamp) {
	switch {
	case p.ValidAfter == 0 && p.ValidUntil == 0:
		c.refuse(TimeEmpty, "write an end, or leave the policy out", "a time window without beginning and end limits nothing")
	case p.ValidUntil != 0 && p.ValidUntil <= p.ValidAfter:
		c.refuse(TimeEmpty, "write an end after the beginning", "the time window ends before it begins")
	case p.ValidUntil != 0 && p.ValidUntil <= c.facts.Now:
		c.refuse(TimePast, "write an end in the future", "the time window has ended already")
	}
	c.seconds("beginning", p.ValidAfter)
	c.seconds("end", p.ValidUntil)
}

// seconds refuses times that are in milliseconds: no clock of today shows the
// year 3000.
func (c *checker) seconds(what string, unix uint64) {
	if unix > 32503680000 {
		c.refuse(TimeUnit, "write seconds, not milliseconds", "the %s is after the year 3000", what)
	}
}

func (c *checker) callers(p *SignatureCaller) {
	seen := make(map[common.Address]bool, len(p.Callers)) // a document may have thousands
	for _, a := range p.Callers {
		_, token := c.g.Tokens.at(a)
		twice := seen[a]
		seen[a] = true
		switch {
		case a == common.Address{}:
			c.refuse(CallerTwice, "name the contract", "the zero address never asks")
		case twice:
			c.warn(CallerTwice, "write it once", "%s is there twice", a)
		case a == permit2 || token:
			c.warn(CallerIsToken, "leave it out unless the key shall be able to give away tokens", "%s asks about permits: with a message the key can give away tokens, whatever the calls are limited to", a)
		}
	}
}
