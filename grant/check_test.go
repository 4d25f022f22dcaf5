package grant_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/grant"
)

var (
	account = common.HexToAddress("0xaEdD664E6AD81b67FC5B535E4b683Fc860f1dED6")
	signer  = common.HexToAddress("0x65DEeC8fEe717dc044D0CFD63cCf55F02cCaC2b3")
	facts   = grant.Facts{Now: now, Account: account, Signer: signer}
)

func perm(t *testing.T, expression string, target common.Address) grant.Permission {
	t.Helper()
	p, err := grant.ParseCall(expression, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func codes(findings []grant.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Level.String()+" "+string(f.Code))
	}
	return out
}

// harmless is a grant with nothing to say about, to which a trap is added.
func harmless(t *testing.T, more ...grant.Policy) grant.Grant {
	return grant.Grant{Policies: append([]grant.Policy{
		&grant.Call{Permissions: []grant.Permission{perm(t, "note(uint256 n) where n < 5", dead)}},
		&grant.Timestamp{ValidUntil: now + 86400},
		&grant.SignatureCaller{},
	}, more...)}
}

func TestAHarmlessGrantHasNoFindings(t *testing.T) {
	if f := grant.Check(harmless(t), facts); len(f) != 0 {
		t.Errorf("%v", f)
	}
}

func TestEveryTrapIsNamed(t *testing.T) {
	base := func(f grant.Flag) grant.Base { return grant.Base{Flags: f} }
	with := func(p ...grant.Permission) grant.Grant {
		g := harmless(t)
		g.Policies[0] = &grant.Call{Permissions: p}
		return g
	}
	version := func(v grant.CallVersion, p ...grant.Permission) grant.Grant {
		g := with(p...)
		g.Policies[0].(*grant.Call).Version = v
		return g
	}
	rule := func(r grant.Rule) grant.Grant {
		return with(grant.Permission{Target: dead, Selector: [4]byte{9, 9, 9, 9}, Rules: []grant.Rule{r}})
	}
	flagged := func(f grant.Flag) grant.Grant { g := harmless(t); g.Flag = f; return g }
	one := [][32]byte{{31: 1}}
	high := [32]byte{}
	for i := range high {
		high[i] = 0xff
	}
	token := harmless(t)
	token.Tokens = grant.Tokens{{Symbol: "USDC", Address: beef, Decimals: 6}}
	token.Policies[2] = &grant.SignatureCaller{Callers: []common.Address{beef}}
	open := harmless(t)
	open.Policies = open.Policies[:2]
	noEnd := harmless(t)
	noEnd.Policies = slices.Delete(noEnd.Policies, 1, 2)
	many := harmless(t)
	for range 254 {
		many.Policies = append(many.Policies, &grant.Sudo{})
	}
	transfer := "transfer(address to, uint256 amount)"
	approve := "approve(address spender, uint256 amount)"
	any := common.Address{}
	for _, c := range []struct {
		name string
		g    grant.Grant
		want string // one finding, or two
		also string
	}{
		{"no policies", grant.Grant{}, "refused no-policies", "warning no-expiry"},
		{"only a time window", grant.Grant{Policies: harmless(t).Policies[1:]}, "refused unrestricted", ""},
		{"sudo", harmless(t, &grant.Sudo{}), "warning sudo", ""},
		{"too many", many, "refused too-many", "warning sudo"},
		{"twice", harmless(t, &grant.Timestamp{ValidUntil: now + 1}), "refused policy-twice", ""},
		{"nil", harmless(t, (*grant.Gas)(nil)), "refused policy-missing", ""},
		{"untyped nil", harmless(t, nil), "refused policy-missing", ""},
		{"a budget of 129 bits", harmless(t, &grant.Gas{Allowed: new(big.Int).Lsh(big.NewInt(1), 128)}), "refused not-encodable", ""},
		{"an unknown policy", harmless(t, &grant.Opaque{Base: grant.Base{Address: beef}}), "refused unknown-policy", ""},
		{"another address", harmless(t, &grant.Gas{Base: grant.Base{Address: beef}, Allowed: big.NewInt(1)}), "refused unknown-policy", ""},
		{"another kind's address", harmless(t, &grant.Gas{Base: grant.Base{Address: (&grant.Sudo{}).Contract()}, Allowed: big.NewInt(1)}), "refused unknown-policy", ""},
		{"an old policy", version(grant.Call003, perm(t, "note(uint256 n)", dead)), "warning old-policy", ""},
		{"unknown flags", flagged(4), "refused flag-unknown", ""},
		{"for nothing", flagged(3), "refused nothing-allowed", ""},
		{"a policy's unknown flag", harmless(t, &grant.Gas{Base: base(8), Allowed: big.NewInt(1)}), "refused flag-unknown", ""},
		{"a skipped limit", harmless(t, &grant.Gas{Base: base(grant.FlagNotOps), Allowed: big.NewInt(1)}), "refused flag-opens", ""},
		{"skipped callers", harmless(t, &grant.SignatureCaller{Base: base(grant.FlagNotMessages)}), "refused policy-twice", "refused flag-opens"},
		{"messages open", open, "warning messages-open", ""},
		{"a token asks", token, "warning caller-takes-tokens", ""},
		{"no end", noEnd, "warning no-expiry", ""},
		{"gas 0", harmless(t, &grant.Gas{}), "refused gas-blocks", ""},
		{"any paymaster", harmless(t, &grant.Gas{Allowed: big.NewInt(1), EnforcePaymaster: true}), "refused gas-enforces-nothing", ""},
		{"paymaster not enforced", harmless(t, &grant.Gas{Allowed: big.NewInt(1), Paymaster: beef}), "refused gas-enforces-nothing", ""},
		{"paymaster", harmless(t, &grant.Gas{Allowed: big.NewInt(1), EnforcePaymaster: true, Paymaster: beef}), "warning gas-paymaster-uncounted", ""},
		{"rate 0", harmless(t, &grant.RateLimit{}), "refused nothing-allowed", ""},
		{"no start", harmless(t, &grant.RateLimit{Count: 1, Interval: 60}), "refused rate-no-start", "warning rate-total"},
		{"a start long ago", harmless(t, &grant.RateLimit{Count: 9, Interval: 60, StartAt: now - 600}), "warning rate-saves-up", "warning rate-total"},
		{"reset", harmless(t, &grant.RateLimit{Count: 1, Interval: 60, Reset: true}), "warning rate-clock", ""},
		{"reset at once", harmless(t, &grant.RateLimit{Count: 1, Reset: true}), "warning rate-clock", "refused rate-reset"},
		{"reset with a start", harmless(t, &grant.RateLimit{Count: 1, Interval: 1, StartAt: 1, Reset: true}), "refused not-encodable", "warning rate-clock"},
		{"delegatecall", with(grant.Permission{CallType: grant.CallDelegate, Target: dead}), "warning delegatecall", ""},
		{"delegatecall to anyone", with(grant.Permission{CallType: grant.CallDelegate}), "refused delegatecall", "warning any-target"},
		{"the fault of old delegatecalls", version(grant.Call002, grant.Permission{CallType: grant.CallDelegate, Target: dead}), "warning old-policy", "refused delegatecall-fault"},
		{"a batch", with(grant.Permission{CallType: grant.CallBatch, Target: dead}), "refused never-matches", ""},
		{"a strange type", with(grant.Permission{CallType: 7, Target: dead}), "refused never-matches", ""},
		{"any target in 0.0.1", version(grant.Call001, perm(t, "note(uint256 n)", any)), "warning old-policy", "refused never-matches"},
		{"coins in 0.0.1", version(grant.Call001, grant.Permission{Target: dead}), "warning old-policy", "refused never-matches"},
		{"nothing", with(), "refused nothing-allowed", ""},
		{"permission twice", with(perm(t, "note(uint256 n)", dead), perm(t, "note(uint256 m)", dead)), "refused permission-twice", ""},
		{"any target", with(perm(t, "note(uint256 n)", any)), "warning any-target", ""},
		{"itself", with(perm(t, "note(uint256 n)", account)), "refused self-call", ""},
		{"itself by any", with(perm(t, "installModule(uint256 t, address module, bytes data)", any)), "refused self-call", ""},
		{"a module by any", with(perm(t, "onInstall(bytes data)", any)), "refused protected-target", ""},
		{"a module that nobody named", with(perm(t, "onInstall(bytes data)", beef)), "refused protected-target", ""},
		{"EntryPoint by any", with(perm(t, "withdrawTo(address to, uint256 n)", any)), "refused protected-target", ""},
		{"EntryPoint", with(perm(t, "withdrawTo(address to, uint256 n)", common.HexToAddress("0x0000000071727De22E5E9d8BAf0edAc6f37da032"))), "refused protected-target", ""},
		{"a policy contract", with(perm(t, "onUninstall(bytes data)", (&grant.Sudo{}).Contract())), "refused protected-target", ""},
		{"the signer", with(perm(t, "onUninstall(bytes data)", signer)), "refused protected-target", ""},
		{"Permit2", with(perm(t, "note(uint256 n)", common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3"))), "warning permit2", ""},
		{"coins", with(grant.Permission{Target: dead, ValueLimit: big.NewInt(1)}), "warning per-call-only", ""},
		{"an amount", with(perm(t, transfer+" where amount <= 5", dead)), "warning per-call-only", ""},
		{"any amount", with(perm(t, transfer, dead)), "warning unbounded-transfer", ""},
		{"any amount with a limit", with(perm(t, transfer+" where amount <= 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffff", dead)), "warning unbounded-transfer", ""},
		{"approve", with(perm(t, approve+" where spender = 0x000000000000000000000000000000000000bEEF", dead)), "refused unlimited-approve", ""},
		{"approve at least", with(perm(t, approve+" where amount > 5 and spender = 0x000000000000000000000000000000000000bEEF", dead)), "refused unlimited-approve", ""},
		{"approve anyone", with(perm(t, approve+" where amount < 5", dead)), "warning per-call-only", "warning approve-anyone"},
		{"approve in the old way", with(perm(t, "increaseApproval(address spender, uint256 amount) where spender = 0x000000000000000000000000000000000000bEEF", dead)), "refused unlimited-approve", ""},
		{"approve and call", with(perm(t, "approveAndCall(address spender, uint256 amount, bytes data) where amount < 5", dead)), "warning per-call-only", "warning approve-anyone"},
		{"approve by Permit2", with(perm(t, "approve(address token, address spender, uint160 amount, uint48 expiration)", common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3"))), "refused unlimited-approve", "warning permit2"},
		{"approve by Permit2 a little", with(perm(t, "approve(address token, address spender, uint160 amount, uint48 expiration) where amount < 5 and spender = 0x000000000000000000000000000000000000bEEF", common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3"))), "warning permit2", "warning per-call-only"},
		{"an operator", with(perm(t, "authorizeOperator(address operator)", dead)), "refused unlimited-approve", ""},
		{"a named operator", with(perm(t, "authorizeOperator(address operator) where operator = 0x000000000000000000000000000000000000bEEF", dead)), "warning unlimited-approve", ""},
		{"approve all", with(perm(t, "setApprovalForAll(address operator, bool yes)", dead)), "refused unlimited-approve", ""},
		{"approve all to one", with(perm(t, "setApprovalForAll(address operator, bool yes) where operator = 0x000000000000000000000000000000000000bEEF", dead)), "warning unlimited-approve", ""},
		{"one of in 0.0.1", version(grant.Call001, perm(t, "note(uint256 n) where n in [1]", dead)), "warning old-policy", "refused condition-version"},
		{"a slice in 0.0.4", version(grant.Call004, perm(t, "note(bytes n) where n[0:1] = 0x01", dead)), "refused condition-version", ""},
		{"an unknown condition", rule(grant.Rule{Condition: 8, Params: one}), "refused condition-version", ""},
		{"one of nothing", rule(grant.Rule{Condition: grant.OneOf}), "refused never-matches", ""},
		{"two values", rule(grant.Rule{Condition: grant.Equal, Params: [][32]byte{{}, {}}}), "refused never-matches", ""},
		{"a slice without length", rule(grant.Rule{Condition: grant.SliceEqual, Params: one}), "refused never-matches", ""},
		{"below 0", rule(grant.Rule{Condition: grant.LessThan, Params: [][32]byte{{}}}), "refused never-matches", ""},
		{"above all", rule(grant.Rule{Condition: grant.GreaterThan, Params: [][32]byte{high}}), "refused never-matches", ""},
		{"at least 0", rule(grant.Rule{Condition: grant.GreaterOrEqual, Params: [][32]byte{{}}}), "warning always-holds", ""},
		{"at most all", rule(grant.Rule{Condition: grant.LessOrEqual, Params: [][32]byte{high}}), "warning always-holds", ""},
		{"inside a word", rule(grant.Rule{Condition: grant.Equal, Offset: 4, Params: one}), "warning offset-wrong", ""},
		{"data of a call without data", with(grant.Permission{Target: dead, Rules: []grant.Rule{{Params: one}}}), "refused never-matches", ""},
	} {
		got := codes(grant.Check(c.g, facts))
		want := []string{c.want}
		if c.also != "" {
			want = append(want, c.also)
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %s is missing in %q", c.name, w, got)
			}
		}
		if len(got) > 3 {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestTrapsOfFunctionsAreNamed(t *testing.T) {
	f, err := grant.ParseFunction("set(int256 delta, string text, uint256[] path, (uint256 a, uint256 b) pair)")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		r    grant.Rule
		want string
	}{
		{grant.Rule{Condition: grant.LessThan, Offset: 0, Params: [][32]byte{{1}}}, "refused signed-order"},
		{grant.Rule{Condition: grant.Equal, Offset: 32, Params: [][32]byte{{1}}}, "refused dynamic-compared"},
		{grant.Rule{Condition: grant.SliceEqual, Offset: 64, Params: [][32]byte{{}, {}, {}}}, "refused dynamic-compared"},
		{grant.Rule{Condition: grant.SliceEqual, Offset: 0, Params: [][32]byte{{}, {}, {}}}, "refused dynamic-compared"},
		{grant.Rule{Condition: grant.Equal, Offset: 128, Params: [][32]byte{{1}}}, "warning offset-wrong"},
		{grant.Rule{Condition: grant.Equal, Offset: 160, Params: [][32]byte{{1}}}, "refused offset-wrong"},
		{grant.Rule{Condition: grant.Equal, Offset: 3, Params: [][32]byte{{1}}}, "refused offset-wrong"},
	} {
		g := harmless(t)
		g.Policies[0] = &grant.Call{Permissions: []grant.Permission{{Target: dead, Selector: f.Selector(), Function: f, Rules: []grant.Rule{c.r}}}}
		if got := codes(grant.Check(g, facts)); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%v: %q, want %s", c.r, got, c.want)
		}
	}
	g := harmless(t)
	g.Policies[0] = &grant.Call{Permissions: []grant.Permission{{Target: dead, Selector: [4]byte{1}, Function: f}}}
	if got := codes(grant.Check(g, facts)); !slices.Equal(got, []string{"refused never-matches"}) {
		t.Errorf("another selector: %q", got)
	}
}

func TestTrapsOfTheAccountAreNamed(t *testing.T) {
	g := harmless(t)
	old := common.HexToAddress("0x615d8641B6Ce9406DE7c3C01f57c552Ab3A96f83")
	for _, c := range []struct {
		name   string
		change func(*grant.Facts, *grant.Grant)
		want   string
	}{
		{"old signer", func(f *grant.Facts, _ *grant.Grant) { f.Signer = old }, "refused vulnerable-signer"},
		{"old owner", func(f *grant.Facts, _ *grant.Grant) {
			f.Owner = common.HexToAddress("0xbA45a2BFb8De3D24cA9D7F1B551E14dFF5d690Fd")
		}, "refused vulnerable-validator"},
		{"old owner on several chains", func(f *grant.Facts, _ *grant.Grant) {
			f.Owner = common.HexToAddress("0x56Bf68A3Eb0b95A4EC0880E5F39Cf45CF58dAe70")
		}, "refused vulnerable-validator"},
		{"revoked", func(f *grant.Facts, _ *grant.Grant) {
			f.Permission, f.Revoked = [4]byte{1}, [][4]byte{{2}, {1}}
		}, "refused revoked-before"},
		{"lost flag", func(f *grant.Facts, g *grant.Grant) { f.Portable, g.Flag = true, grant.FlagNotMessages }, "refused flag-lost"},
		{"over", func(f *grant.Facts, _ *grant.Grant) { f.Now = now + 86400 }, "refused time-past"},
		{"a token that counts in other units", func(f *grant.Facts, g *grant.Grant) {
			g.Tokens, f.Decimals = grant.Tokens{{Symbol: "USDC", Address: dead, Decimals: 18}}, map[common.Address]uint8{dead: 6}
		}, "refused token-decimals"},
		{"protected", func(f *grant.Facts, _ *grant.Grant) { f.Protected = []common.Address{dead} }, "refused protected-target"},
	} {
		f, h := facts, g
		c.change(&f, &h)
		if got := codes(grant.Check(h, f)); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	for _, window := range []grant.Timestamp{{}, {ValidAfter: 5, ValidUntil: 5}, {ValidAfter: now * 1000, ValidUntil: now*1000 + 1}} {
		h := harmless(t)
		h.Policies[1] = &window
		if refused := grant.Refusals(grant.Check(h, facts)); len(refused) == 0 || refused[0].Policy != 1 || refused[0].Hint() == "" || refused[0].Error() == "" {
			t.Errorf("%+v: %v", window, refused)
		}
	}
}
