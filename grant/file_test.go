package grant_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postern-dev/postern/grant"
)

const (
	shopStart = uint64(1796112000) // 2026-12-01 09:00 in Berlin
	shopEnd   = uint64(1798758000) // 2027-01-01 00:00 in Berlin
)

// shopFile uses everything that is not a trap.
const shopFile = `# what the shop's robot may do
version = 1
name = "shop robot"
timezone = "Europe/Berlin"

[tokens]
USDC = { address = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", decimals = 6 }

[[policy]]
kind = "call"

[[policy.allow]]
target = "USDC"
call = "transfer(address to, uint256 amount) where amount <= 5 USDC and to in [0x00000000000000000000000000000000DeaDBeef, 0x000000000000000000000000000000000000c0Fe]"

[[policy.allow]]
target = "0x000000000000000000000000000000000000dEaD"
value = "0.1 ETH"

[[policy.allow]]
target = "0x000000000000000000000000000000000000bEEF"
call = 'note(string text, uint8 kind) where text[0:5] = "hello" and kind != 7'

[[policy]]
kind = "gas"
budget = "0.01 ETH"

[[policy]]
kind = "rate-limit"
count = 3
every = "1 day"
start = 2026-12-01T08:00:00Z

[[policy]]
kind = "timestamp"
from = "2026-12-01 09:00"
until = "2027-01-01 00:00"

[[policy]]
kind = "signature-caller"
callers = []
`

func mustFile(t testing.TB, text string) grant.Grant {
	t.Helper()
	g, err := grant.ParseFile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The rules are the SDK's, to the byte, wherever the SDK's are right.
func TestExpressionsGiveTheRulesOfTheSDK(t *testing.T) {
	var golden sdkEncodings
	readJSON(t, "kernel-encodings.json", &golden)
	for _, g := range golden.Functions {
		p, err := grant.ParseCall(g.Expression, dead, nil)
		if err != nil {
			t.Errorf("%s: %v", g.Expression, err)
			continue
		}
		want := grant.Permission{Target: dead, Selector: [4]byte(g.Selector)}
		for _, r := range g.Rules {
			want.Rules = append(want.Rules, r.rule(t))
		}
		if got, w := entry(t, p), entry(t, want); got != w {
			t.Errorf("%s:\n got %x\nwant %x", g.Expression, got, w)
		}
		again, err := grant.ParseFunction(p.Function.String())
		if err != nil || again.Signature() != p.Function.Signature() || again.Selector() != p.Selector {
			t.Errorf("%s: %v, %v", p.Function, again, err)
		}
	}
	if len(golden.Functions) < 10 || len(golden.Differs) != 2 {
		t.Error("examples are missing")
	}
}

func entry(t *testing.T, p grant.Permission) string {
	t.Helper()
	e, err := grant.KernelEntry(&grant.Call{Permissions: []grant.Permission{p}})
	if err != nil {
		t.Fatal(err)
	}
	return string(e)
}

func TestOperatorsHaveTwoSpellings(t *testing.T) {
	const expression = "f(uint8 a, bool b, bytes c) where a = 1 and b = false and c[0:1] = 0x01"
	a, err := grant.ParseCall(expression, dead, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := grant.ParseCall(strings.ReplaceAll(expression, " = ", " == "), dead, nil)
	if err != nil || entry(t, a) != entry(t, b) || len(a.Rules) != 3 {
		t.Errorf("%+v, %+v, %v", a, b, err)
	}
}

// Where the SDK's rules can never hold, ours are what the ABI says.
func TestExpressionsAreRightWhereTheSDKIsNot(t *testing.T) {
	var golden sdkEncodings
	readJSON(t, "kernel-encodings.json", &golden)
	for i, ours := range []struct {
		expression string
		offset     uint64
		first      byte
	}{
		{"f(bytes4 tag) where tag = 0x12345678", 0, 0x12},
		{"g((uint256 a, uint256 b) p, uint256 x) where x = 7", 64, 0},
	} {
		p, err := grant.ParseCall(ours.expression, dead, nil)
		if err != nil || p.Rules[0].Offset != ours.offset || p.Rules[0].Params[0][0] != ours.first {
			t.Errorf("%s: %+v, %v", ours.expression, p.Rules, err)
		}
		theirs := golden.Differs[i].Rules[0].rule(t)
		if theirs.Offset == p.Rules[0].Offset && theirs.Params[0] == p.Rules[0].Params[0] {
			t.Errorf("%s: the SDK does the same now", ours.expression)
		}
	}
}

func TestTOMLAndJSONSayTheSame(t *testing.T) {
	const text = `{
  "version": 1, "name": "shop robot", "timezone": "Europe/Berlin",
  "tokens": {"USDC": {"address": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "decimals": 6}},
  "policy": [
    {"kind": "call", "allow": [
      {"target": "USDC", "call": "transfer(address to, uint256 amount) where amount <= 5 USDC and to in [0x00000000000000000000000000000000DeaDBeef, 0x000000000000000000000000000000000000c0Fe]"},
      {"target": "0x000000000000000000000000000000000000dEaD", "value": "0.1 ETH"},
      {"target": "0x000000000000000000000000000000000000bEEF", "call": "note(string text, uint8 kind) where text[0:5] = \"hello\" and kind != 7"}]},
    {"kind": "gas", "budget": 10000000000000000},
    {"kind": "rate-limit", "count": 3, "every": "24 hours", "start": 1796112000},
    {"kind": "timestamp", "from": "2026-12-01T09:00:00+01:00", "until": 1798758000},
    {"kind": "signature-caller", "callers": []}]
}`
	a, b := mustFile(t, shopFile), mustFile(t, text)
	if x, y := strings.Join(grant.Words(a, grant.Style{}), "\n"), strings.Join(grant.Words(b, grant.Style{}), "\n"); x != y {
		t.Errorf("TOML:\n%s\nJSON:\n%s", x, y)
	}
	for i := range a.Policies {
		x, err := grant.KernelEntry(a.Policies[i])
		y, err2 := grant.KernelEntry(b.Policies[i])
		if err != nil || err2 != nil || string(x) != string(y) {
			t.Errorf("policy %d: %x (%v), %x (%v)", i, x, err, y, err2)
		}
	}
}

func TestBadFilesAreRefusedWhereTheyAreWrong(t *testing.T) {
	const head = "version = 1\n[tokens]\nUSDC = { address = \"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\", decimals = 6 }\nDAI = { address = \"0x6B175474E89094C44Da98b954EedeAC495271d0F\", decimals = 18 }\n"
	allow := func(expression string) string {
		return head + "[[policy]]\nkind = \"call\"\nallow = [{ target = \"USDC\", call = '" + expression + "' }]\n"
	}
	for _, c := range []struct {
		name, text   string
		line, column int
		field        string
	}{
		{"no version", "name = \"x\"\n", 1, 1, "version"},
		{"another version", "version = 2\n", 1, 11, "version"},
		{"an unknown name", "version = 1\npolicies = []\n", 2, 12, "policies"},
		{"a name mistyped", head + "[[policy]]\nkind = \"rate-limit\"\ncuont = 3\n", 7, 9, "policy 1, cuont"},
		{"a name twice", "version = 1\nversion = 1\n", 2, 1, "version"},
		{"a table twice", head + "[tokens]\n", 5, 2, "tokens"},
		{"an unknown kind", "version = 1\n[[policy]]\nkind = \"limit\"\n", 3, 8, "policy 1, kind"},
		{"an unknown name in a policy", "version = 1\n[[policy]]\nkind = \"sudo\"\nuntil = 3\n", 4, 9, "policy 1, until"},
		{"no text", "version = 1\nname = 3\n", 2, 8, "name"},
		{"an open text", "version = 1\nname = \"x\n", 2, 10, ""},
		{"a bad escape", "version = 1\nname = \"\\x41\"\n", 2, 14, ""},
		{"text after a value", "version = 1 1\n", 1, 13, ""},
		{"no value", "version = \n", 1, 11, ""},
		{"a text over lines", "version = 1\nname = \"\"\"x\"\"\"\n", 2, 8, ""},
		{"an unknown zone", "version = 1\ntimezone = \"Mars\"\n", 2, 12, "timezone"},
		{"a hidden direction", "version = 1\nname = \"a\u202eb\"\n", 2, 8, "name"},
		{"a control character of 8 bits", "version = 1\nname = \"a\u009b2Jb\"\n", 2, 8, "name"},
		{"a hidden mark", "version = 1\nname = \"a\u200fb\"\n", 2, 8, "name"},
		{"a line of its own", "version = 1\nname = \"a\u2028b\"\n", 2, 8, "name"},
		{"a symbol that says more", "version = 1\n[tokens]\n\"nothing of value at\" = { address = \"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\", decimals = 6 }\n", 3, 25, "tokens, nothing of value at"},
		{"a wrong checksum", "version = 1\n[tokens]\nUSDC = { address = \"0xa0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\", decimals = 6 }\n", 3, 20, "tokens, USDC, address"},
		{"an amount in another token", allow("transfer(address to, uint256 amount) where amount <= 5 DAI"), 7, 92, "policy 1, allow 1, call"},
		{"an unknown token", allow("transfer(address to, uint256 amount) where amount <= 5 USDT"), 7, 90, "policy 1, allow 1, call"},
		{"too fine", allow("transfer(address to, uint256 amount) where amount <= 0.0000001 USDC"), 7, 90, "policy 1, allow 1, call"},
		{"too large", allow("set(uint8 n) where n < 256"), 7, 60, "policy 1, allow 1, call"},
		{"an unknown parameter", allow("set(uint8 n) where m < 25"), 7, 56, "policy 1, allow 1, call"},
		{"a sign", allow("set(int8 n) where n < 25"), 7, 57, "policy 1, allow 1, call"},
		{"a dynamic value", allow("set(bytes n) where n = 0x25"), 7, 56, "policy 1, allow 1, call"},
		{"a slice of another length", allow("set(bytes n) where n[0:2] = 0x25"), 7, 65, "policy 1, allow 1, call"},
		{"a slice that is not", allow("set(bytes n) where n[0:1] != 0x25"), 7, 63, "policy 1, allow 1, call"},
		{"neither true nor false", allow("set(bool n) where n = maybe"), 7, 59, "policy 1, allow 1, call"},
		{"or", allow("set(uint8 n) where n = 2 or n = 3"), 7, 62, "policy 1, allow 1, call"},
		{"a fraction of wei", head + "[[policy]]\nkind = \"gas\"\nbudget = \"0.5\"\n", 7, 10, "policy 1, budget"},
		{"a budget in a token", head + "[[policy]]\nkind = \"gas\"\nbudget = \"5 USDC\"\n", 7, 10, "policy 1, budget"},
		{"a budget above 128 bits", head + "[[policy]]\nkind = \"gas\"\nbudget = \"999999999999999999999 ETH\"\n", 7, 10, "policy 1, budget"},
		{"milliseconds", head + "[[policy]]\nkind = \"timestamp\"\nuntil = 1798758000000\n", 7, 9, "policy 1, until"},
		{"an hour that does not exist", "version = 1\ntimezone = \"Europe/Berlin\"\n[[policy]]\nkind = \"timestamp\"\nuntil = \"2027-03-28 02:30\"\n", 5, 9, "policy 1, until"},
		{"an hour that comes twice", "version = 1\ntimezone = \"Europe/Berlin\"\n[[policy]]\nkind = \"timestamp\"\nuntil = \"2027-10-31 02:30\"\n", 5, 9, "policy 1, until"},
		{"the zero target", head + "[[policy]]\nkind = \"call\"\nallow = [{ target = \"0x0000000000000000000000000000000000000000\" }]\n", 7, 21, "policy 1, allow 1, target"},
		{"JSON with a comma too many", "{\"version\": 1,}", 1, 15, ""},
		{"JSON and more", "{\"version\": 1} x", 1, 16, ""},
		{"deep", strings.Repeat("{\"a\":", 40), 1, 61 + 5, ""},
		{"a header that does not end", "version = 1\n[a", 2, 3, ""},
		{"a header of two words", "version = 1\n[a b]\n", 2, 4, ""},
		{"a header with one bracket too few", "version = 1\n[[a]\n", 2, 4, ""},
		{"a switch that is a number", "version = 1\n[[policy]]\nkind = \"rate-limit\"\nreset = 1\n", 4, 9, "policy 1, reset"},
		{"a switch in quotes", "version = 1\n[[policy]]\nkind = \"rate-limit\"\nreset = \"true\"\n", 4, 9, "policy 1, reset"},
		{"empty", "", 1, 1, "version"},
		{"not UTF-8", "\xff", 0, 0, "file"},
		{"huge", strings.Repeat(" ", 1<<19), 0, 0, "file"},
	} {
		g, err := grant.ParseFile([]byte(c.text))
		var e *grant.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if e.Line != c.line || e.Column != c.column || e.Field != c.field || e.Hint() == "" {
			t.Errorf("%s: line %d column %d, %q: %v", c.name, e.Line, e.Column, e.Field, e)
		}
		if g.Policies != nil || g.Tokens != nil {
			t.Errorf("%s: something was returned", c.name)
		}
	}
}

// Time in proportion to the length, also of a file on one line.
func TestALongLineIsReadOnce(t *testing.T) {
	text := "{\"a\": [" + strings.Repeat("1,", 120_000) + "1]}"
	started := time.Now()
	if _, err := grant.ParseFile([]byte(text)); err == nil {
		t.Error("an unknown name")
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("%v", took)
	}
}
