package grant_test

import (
	"encoding/binary"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/postern-dev/postern/grant"
	"github.com/postern-dev/postern/userop"
)

type call struct {
	to    common.Address
	value int64
	data  []byte
}

func word(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), n) }

func padded(b []byte) []byte { return append(b, make([]byte, (32-len(b)%32)%32)...) }

// execute is execute(mode, data) of ERC-7579, written by hand.
func execute(mode byte, execution []byte) []byte {
	out := append([]byte{0xe9, 0xae, 0x5c, 0x53, mode}, make([]byte, 31)...)
	out = append(out, word(64)...)
	out = append(out, word(uint64(len(execution)))...)
	return append(out, padded(append([]byte{}, execution...))...)
}

func single(c call) []byte {
	return execute(0, append(append(append([]byte{}, c.to[:]...), common.BigToHash(big.NewInt(c.value)).Bytes()...), c.data...))
}

func delegate(c call) []byte { return execute(0xff, append(append([]byte{}, c.to[:]...), c.data...)) }

func batch(calls ...call) []byte {
	var heads, tails []byte
	for _, c := range calls {
		heads = append(heads, word(uint64(32*len(calls)+len(tails)))...)
		tails = append(tails, common.LeftPadBytes(c.to[:], 32)...)
		tails = append(tails, word(uint64(c.value))...)
		tails = append(tails, word(96)...)
		tails = append(tails, word(uint64(len(c.data)))...)
		tails = append(tails, padded(append([]byte{}, c.data...))...)
	}
	return execute(1, append(append(append(word(32), word(uint64(len(calls)))...), heads...), tails...))
}

func operation(callData []byte) *userop.Op {
	return &userop.Op{
		CallData: callData, PreVerificationGas: big.NewInt(110_000), VerificationGasLimit: big.NewInt(2_300_000),
		CallGasLimit: big.NewInt(50_000), MaxFeePerGas: big.NewInt(1_000_000_000),
	}
}

func keccak(b []byte) [32]byte { return crypto.Keccak256Hash(b) }

func arguments(fn string, words ...[]byte) []byte {
	out := append([]byte{}, hexutil.MustDecode(fn)...)
	for _, w := range words {
		out = append(out, common.LeftPadBytes(w, 32)...)
	}
	return out
}

var (
	dead  = common.HexToAddress("0x000000000000000000000000000000000000dEaD")
	beef  = common.HexToAddress("0x000000000000000000000000000000000000bEEF")
	coffe = common.HexToAddress("0x00000000000000000000000000000000000c0de0")
	now   = uint64(1795221054) // of the capture
)

// The real contracts' decisions, as a bundler reported them, and what revert data
// it showed.
func TestPredictionsAreWhatTheRealPoliciesDecided(t *testing.T) {
	var golden []struct {
		Label    string
		Policies []sdkPolicy
		Res      []any
	}
	readJSON(t, "kernel-policy-semantics.json", &golden)
	send := single(call{dead, 1, nil})
	transfer := arguments("0xa9059cbb", dead[:], []byte{5})
	ops := map[string][][]byte{
		"call policy any target (zeroAddress) with selector": {single(call{coffe, 0, transfer}), single(call{beef, 0, transfer})},
		"call policy batch: one allowed one not":             {batch(call{dead, 1, nil}, call{beef, 1, nil})},
		// upgradeTo(address) of the account itself, not through execute
		"call policy: call to the account itself (execute skipped by SDK)": {arguments("0x3659cfe6", dead[:])},
	}
	seen := 0
	for _, g := range golden {
		var policies []grant.Policy
		for _, p := range g.Policies {
			policies = append(policies, p.policy(t))
		}
		permission := grant.Grant{Policies: policies}
		state := permission.NewState(now)
		for i, res := range g.Res {
			data := send
			if special := ops[g.Label]; special != nil {
				data = special[i]
			}
			d := permission.Decide(state, operation(data))
			state = d.After
			want, refusal := res.(bool)
			if d.Allowed != want || refusal == (d.Refusal != nil) && !want {
				t.Errorf("%s, operation %d: %+v, the chain said %v", g.Label, i+1, d, res)
				continue
			}
			seen++
			if text, _ := res.(string); text != "" {
				checkRevert(t, g.Label, text, d.Refusal)
			}
		}
	}
	if seen < 16 {
		t.Errorf("only %d decisions", seen)
	}
}

func checkRevert(t *testing.T, label, text string, r *grant.Refusal) {
	t.Helper()
	if strings.Contains(text, "AA22") {
		if r.Reason != grant.NotDue {
			t.Errorf("%s: %v, the chain said %s", label, r, text)
		}
		return
	}
	_, shown, ok := strings.Cut(text, "AA23 reverted 0x")
	shown, _, end := strings.Cut(shown, "|")
	if !ok || !end || shown != strings.TrimPrefix(hexutil.Encode(r.Revert), "0x") {
		t.Errorf("%s: revert %x, the chain said %s", label, r.Revert, text)
	}
	if r.Hint() == "" || r.Error() == "" {
		t.Errorf("%s: no words", label)
	}
}

func TestDecisionsNameTheRuleThatRefuses(t *testing.T) {
	g := mustFile(t, shopFile)
	usdc := g.Tokens[0].Address
	to := common.HexToAddress("0x00000000000000000000000000000000DeaDBeef")
	transfer := func(to common.Address, amount int64) call {
		return call{usdc, 0, arguments("0xa9059cbb", to[:], big.NewInt(amount).Bytes())}
	}
	state := g.NewState(shopStart)
	message := arguments(noteSelector(t), word(64), word(3), word(5), append([]byte("hello"), make([]byte, 27)...))
	for _, c := range []struct {
		name             string
		data             []byte
		reason           grant.Reason // 0: allowed
		call, perm, rule int
	}{
		{"at the limit", single(transfer(to, 5_000_000)), 0, 0, 0, 0},
		{"above the limit", single(transfer(to, 5_000_001)), grant.RuleBroken, -1, 0, 1},
		{"to someone else", single(transfer(dead, 1)), grant.RuleBroken, -1, 0, 0},
		{"too much in the second call", batch(transfer(to, 1), transfer(to, 6_000_000)), grant.RuleBroken, 1, 0, 1},
		{"another function", single(call{usdc, 0, arguments("0x095ea7b3", to[:], word(1))}), grant.CallNotAllowed, -1, -1, -1},
		{"coins with the call", single(call{usdc, 1, transfer(to, 1).data}), grant.ValueTooHigh, -1, 0, -1},
		{"coins at the limit", single(call{dead, 100_000_000_000_000_000, nil}), 0, 0, 0, 0},
		{"coins above the limit", single(call{dead, 100_000_000_000_000_001, nil}), grant.ValueTooHigh, -1, 1, -1},
		{"cut arguments", single(call{usdc, 0, transfer(to, 1).data[:40]}), grant.MalformedCall, -1, 0, 1},
		{"cut selector", single(call{usdc, 0, []byte{0xa9, 5}}), grant.MalformedCall, -1, -1, -1},
		{"delegatecall", delegate(transfer(to, 1)), grant.CallNotAllowed, -1, -1, -1},
		{"a call type that does not exist", execute(0xfe, make([]byte, 60)), grant.CallTypeRefused, -1, -1, -1},
		{"not execute", []byte{1, 2, 3, 4}, grant.NotExecute, -1, -1, -1},
		{"empty", nil, grant.NotExecute, -1, -1, -1},
		{"no execution", execute(0, nil), grant.MalformedCall, -1, -1, -1},
		{"an empty batch", batch(), 0, 0, 0, 0},
		{"a slice that is right", single(call{beef, 0, message}), 0, 0, 0, 0},
		{"a slice that is wrong", single(call{beef, 0, append(append([]byte{}, message[:100]...), append([]byte("hallo"), make([]byte, 27)...)...)}), grant.RuleBroken, -1, 2, 0},
	} {
		d := g.Decide(state, operation(c.data))
		if c.reason == 0 {
			if !d.Allowed || d.Refusal != nil {
				t.Errorf("%s: %v", c.name, d.Refusal)
			}
			continue
		}
		r := d.Refusal
		if d.Allowed || r == nil || r.Reason != c.reason || r.Call != c.call || r.Permission != c.perm || r.Rule != c.rule {
			t.Errorf("%s: %+v, %v", c.name, r, r)
		}
		if d.After.Policies[1].Allowed.Cmp(state.Policies[1].Allowed) != 0 {
			t.Errorf("%s: a refused operation changes the state", c.name)
		}
	}
}

func TestUsesTimeAndBudgetRunOut(t *testing.T) {
	g := mustFile(t, shopFile)
	ok := single(call{dead, 1, nil})
	state := g.NewState(shopStart)
	for i := range 3 {
		state.Now = shopStart + uint64(i)*86400
		d := g.Decide(state, operation(ok))
		if !d.Allowed {
			t.Fatalf("%d: %v", i, d.Refusal)
		}
		early := d.After
		early.Now = shopStart + uint64(i)*86400 + 86399
		if again := g.Decide(early, operation(ok)); i < 2 && (again.Allowed || again.Refusal.Reason != grant.NotDue) {
			t.Errorf("%d: a second too early: %+v", i, again)
		}
		state = d.After
	}
	if d := g.Decide(state, operation(ok)); d.Allowed || d.Refusal.Reason != grant.NoUsesLeft {
		t.Errorf("a fourth use: %+v", d)
	}
	state = g.NewState(shopStart)
	expensive := operation(ok)
	expensive.MaxFeePerGas = big.NewInt(5_000_000_000)
	if d := g.Decide(state, expensive); d.Allowed || d.Refusal.Reason != grant.BudgetSpent {
		t.Errorf("above the budget: %+v", d)
	}
	state.Now = shopEnd
	if d := g.Decide(state, operation(ok)); !d.Allowed {
		t.Errorf("in the last second: %+v", d.Refusal)
	}
	state.Now++
	if d := g.Decide(state, operation(ok)); d.Allowed || d.Refusal.Reason != grant.NotDue {
		t.Errorf("after the end: %+v", d)
	}
}

func TestTheRateLimitWithResetFillsUp(t *testing.T) {
	g := grant.Grant{Policies: []grant.Policy{&grant.RateLimit{Interval: 60, Count: 2, Reset: true}}}
	state := g.NewState(1000)
	for i, c := range []struct {
		now  uint64
		want bool
	}{{1000, true}, {1001, true}, {1059, false}, {1060, true}, {1119, true}, {1119, false}, {1120, true}} {
		state.Now = c.now
		d := g.Decide(state, operation(single(call{dead, 0, nil})))
		if d.Allowed != c.want {
			t.Errorf("%d at %d: %+v", i, c.now, d)
		}
		state = d.After
	}
}

func TestPaymastersAreHeldToTheirName(t *testing.T) {
	g := grant.Grant{Policies: []grant.Policy{&grant.Gas{Allowed: big.NewInt(1e18), EnforcePaymaster: true, Paymaster: beef}}}
	op := operation(single(call{dead, 0, nil}))
	for _, c := range []struct {
		who  *common.Address
		want bool
	}{{nil, false}, {&dead, false}, {&beef, true}} {
		op.Paymaster = c.who
		d := g.Decide(g.NewState(now), op)
		if d.Allowed != c.want || !c.want && d.Refusal.Reason != grant.WrongPaymaster {
			t.Errorf("%v: %+v", c.who, d)
		}
	}
	// 2^128 wei and a little more are a little to the contract.
	op.Paymaster, op.PreVerificationGas = &beef, new(big.Int).Lsh(big.NewInt(1), 128)
	op.MaxFeePerGas, op.CallGasLimit, op.VerificationGasLimit = big.NewInt(1), nil, nil
	if d := g.Decide(g.NewState(now), op); !d.Allowed || d.After.Policies[0].Allowed.Cmp(big.NewInt(1e18)) != 0 {
		t.Errorf("a cost of 2^128: %+v", d)
	}
}

func TestMessagesAreOpenUnlessCallersAreNamed(t *testing.T) {
	sudo := &grant.Sudo{}
	for _, c := range []struct {
		name string
		g    grant.Grant
		want bool
	}{
		{"a call policy", grant.Grant{Policies: []grant.Policy{&grant.Call{}}}, true},
		{"the caller", grant.Grant{Policies: []grant.Policy{sudo, &grant.SignatureCaller{Callers: []common.Address{dead, beef}}}}, true},
		{"another", grant.Grant{Policies: []grant.Policy{sudo, &grant.SignatureCaller{Callers: []common.Address{dead}}}}, false},
		{"no callers", grant.Grant{Policies: []grant.Policy{&grant.SignatureCaller{}}}, false},
		{"skipped", grant.Grant{Policies: []grant.Policy{&grant.SignatureCaller{Base: grant.Base{Flags: grant.FlagNotMessages}}}}, true},
		{"closed by flag", grant.Grant{Flag: grant.FlagNotMessages}, false},
	} {
		d := c.g.DecideMessage(c.g.NewState(now), beef)
		if d.Allowed != c.want || c.want == (d.Refusal != nil) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
	closed := grant.Grant{Flag: grant.FlagNotOps, Policies: []grant.Policy{sudo}}
	if d := closed.Decide(closed.NewState(now), operation(single(call{}))); d.Allowed || d.Refusal.Reason != grant.NotForOperations {
		t.Errorf("%+v", d)
	}
}

func TestOldCallPoliciesDecideAsTheyDo(t *testing.T) {
	p := &grant.Call{Version: grant.Call001, Permissions: []grant.Permission{{Target: dead}, {Selector: [4]byte{1, 2, 3, 4}}}}
	g := grant.Grant{Policies: []grant.Policy{p}}
	native, other := single(call{dead, 0, nil}), single(call{beef, 0, []byte{1, 2, 3, 4}})
	for _, c := range []struct {
		v             grant.CallVersion
		native, other bool
	}{{grant.Call001, false, false}, {grant.Call002, true, true}, {grant.Call005, true, true}} {
		p.Version = c.v
		if d := g.Decide(g.NewState(now), operation(native)); d.Allowed != c.native {
			t.Errorf("%s: a call without data: %+v", c.v, d)
		}
		if d := g.Decide(g.NewState(now), operation(other)); d.Allowed != c.other {
			t.Errorf("%s: any target: %+v", c.v, d)
		}
	}
	// Until 0.0.2 the data of a delegatecall was looked for 32 bytes too far on.
	p.Permissions = []grant.Permission{{CallType: grant.CallDelegate, Target: dead, Selector: [4]byte{1, 2, 3, 4}}}
	hidden := delegate(call{dead, 0, append(make([]byte, 32), 1, 2, 3, 4)})
	plain := delegate(call{dead, 0, []byte{1, 2, 3, 4}})
	for _, v := range []grant.CallVersion{grant.Call002, grant.Call003} {
		p.Version = v
		if d := g.Decide(g.NewState(now), operation(hidden)); d.Allowed != (v == grant.Call002) {
			t.Errorf("%s: hidden: %+v", v, d)
		}
		if d := g.Decide(g.NewState(now), operation(plain)); d.Allowed != (v == grant.Call003) {
			t.Errorf("%s: plain: %+v", v, d)
		}
	}
}

func noteSelector(t *testing.T) string {
	t.Helper()
	f, err := grant.ParseFunction("function note(string calldata text, uint8)")
	if err != nil {
		t.Fatal(err)
	}
	fn := f.Selector()
	return hexutil.Encode(fn[:])
}

func TestConditionsHoldUpToTheirLimit(t *testing.T) {
	for c, want := range map[grant.Condition][3]bool{ // for 4, 5 and 6
		grant.Equal: {false, true, false}, grant.NotEqual: {true, false, true},
		grant.GreaterThan: {false, false, true}, grant.LessThan: {true, false, false},
		grant.GreaterOrEqual: {false, true, true}, grant.LessOrEqual: {true, true, false},
		grant.OneOf: {false, true, false}, 8: {},
	} {
		g := grant.Grant{Policies: []grant.Policy{&grant.Call{Permissions: []grant.Permission{{
			Target: dead, Selector: [4]byte{1}, Rules: []grant.Rule{{Condition: c, Offset: 32, Params: [][32]byte{{31: 5}}}},
		}}}}}
		for i, allowed := range want {
			data := arguments("0x01000000", nil, []byte{byte(4 + i)})
			if d := g.Decide(g.NewState(now), operation(single(call{dead, 0, data}))); d.Allowed != allowed {
				t.Errorf("%d %s 5: %+v", 4+i, c, d)
			}
		}
	}
}
