package grant_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/grant"
)

func TestWordsSayWhatIsThere(t *testing.T) {
	const everything = "May do everything that the owner may do: call any contract with any amount, and change the account itself."
	const open = "May sign messages of any kind for any contract, also such as allow others to take tokens. The time window, the calls and the budget do not count for messages."
	closed := &grant.SignatureCaller{}
	calls := func(p ...grant.Permission) grant.Grant {
		return grant.Grant{Policies: []grant.Policy{&grant.Call{Permissions: p}, closed}}
	}
	spoofed, err := grant.ParseFunction("transfer(address amount, uint256 to)")
	if err != nil {
		t.Fatal(err)
	}
	five := [][32]byte{{31: 5}}
	for _, c := range []struct {
		g    grant.Grant
		want []string // without the last line where messages are closed
	}{
		{grant.Grant{}, []string{everything, open}},
		{grant.Grant{Flag: grant.FlagNotOps}, []string{"May not send operations.", open}},
		{grant.Grant{Flag: grant.FlagNotMessages, Policies: []grant.Policy{&grant.Sudo{}}}, []string{everything, "May not sign messages."}},
		{grant.Grant{Policies: []grant.Policy{&grant.Gas{Base: grant.Base{Flags: grant.FlagNotOps}}, closed}},
			[]string{everything, "A gas policy is there, but is not asked about operations: it limits nothing."}},
		{grant.Grant{Policies: []grant.Policy{&grant.Opaque{Base: grant.Base{Address: dead, Flags: grant.FlagNotOps}}, closed}},
			[]string{everything, "An unknown policy is there, but is not asked about operations: it limits nothing."}},
		{grant.Grant{Policies: []grant.Policy{&grant.Timestamp{Base: grant.Base{Address: dead}, ValidUntil: 1}, closed}},
			[]string{everything, "The next line is what a timestamp policy says; this one is at " + dead.Hex() + ", a contract nobody here knows.", "Until 1970-01-01 00:00:01 UTC."}},
		{grant.Grant{Policies: []grant.Policy{&grant.Opaque{Base: grant.Base{Address: dead}, Data: []byte{1, 2}}, closed}},
			[]string{everything, "A policy contract that nobody here knows, " + dead.Hex() + ", says what else is allowed (2 bytes of parameters: 0x0102)."}},
		{calls(), []string{"May call nothing."}},
		{calls(grant.Permission{}), []string{"May send ETH to anyone without data, or with data that begins with 0x00000000; sends no ETH."}},
		{calls(grant.Permission{Target: dead, Selector: [4]byte{1, 2, 3, 4}, ValueLimit: big.NewInt(1e15)}),
			[]string{"May call the function 0x01020304 of " + dead.Hex() + "; sends at most 0.001 ETH with each call, without a total."}},
		{calls(grant.Permission{CallType: grant.CallDelegate, Target: dead, Selector: [4]byte{1, 2, 3, 4}}),
			[]string{"May run in the account's own name (delegatecall), with full power over it, the function 0x01020304 of " + dead.Hex() + "."}},
		// A document may call things as it likes; a function that everybody knows is
		// called as everybody does.
		{calls(grant.Permission{Selector: spoofed.Selector(), Function: spoofed, Rules: []grant.Rule{{Condition: grant.LessOrEqual, Offset: 32, Params: five}}}),
			[]string{"May call transfer(address to, uint256 amount) of any contract, if amount <= 5; sends no ETH."}},
		{calls(grant.Permission{Target: dead, Selector: [4]byte{1}, Function: &grant.Function{Name: "nice\n"}}),
			[]string{"May call the function 0x01000000 of " + dead.Hex() + "; sends no ETH."}},
		{calls(perm(t, "f(int8 a, bool b, bytes2 c, bytes d) where a = 5 and b = true and c != 0xabcd and d[1:3] = 0x0102", dead)),
			[]string{"May call f(int8 a, bool b, bytes2 c, bytes d) of " + dead.Hex() + ", if a = 5 and b = true and c != 0xabcd and the 2 bytes of d from byte 1 on are 0x0102; sends no ETH."}},
		{grant.Grant{Policies: []grant.Policy{&grant.RateLimit{Count: 1}, &grant.RateLimit{Count: 2, Interval: 90}, &grant.RateLimit{Count: 2, StartAt: 60},
			&grant.Timestamp{}, &grant.Timestamp{ValidAfter: 60}, closed}},
			[]string{everything, "At most 1 operation in total.", "At most 2 operations in total; the interval of 90 seconds is not enforced, since there is no start.",
				"At most 2 operations in total, not before 1970-01-01 00:01:00 UTC.", "At any time.", "From 1970-01-01 00:01:00 UTC on, without an end."}},
	} {
		want := c.want
		if slices.Contains(c.g.Policies, grant.Policy(closed)) {
			want = append(slices.Clone(want), "May not sign messages.")
		}
		if got := grant.Words(c.g, grant.Style{}); !slices.Equal(got, want) {
			t.Errorf("got\n%q\nwant\n%q", got, want)
		}
	}
}

// What is read from the chain is said in the words of the file, as long as its
// functions are known.
func TestTheChainSaysTheSameWords(t *testing.T) {
	g := mustFile(t, shopFile)
	g.Policies[0].(*grant.Call).Permissions = g.Policies[0].(*grant.Call).Permissions[:2]
	back := grant.Grant{}
	for _, p := range g.Policies {
		e, err := grant.KernelEntry(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := grant.DecodeKernelEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		back.Policies = append(back.Policies, q)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	granted, inspected := grant.Words(g, grant.Style{}), grant.Words(back, grant.Style{Tokens: g.Tokens, Zone: berlin})
	if !slices.Equal(granted, inspected) {
		t.Errorf("granted\n%q\ninspected\n%q", granted, inspected)
	}
	if got := grant.Words(g, grant.Style{Coin: "POL", Zone: time.UTC}); slices.Equal(got, granted) {
		t.Error("the style counts for nothing")
	}
}

func TestAmountsAreExact(t *testing.T) {
	tokens := grant.Tokens{{Symbol: "USDC", Decimals: 6}}
	for _, c := range []struct{ text, want string }{
		{"5 USDC", "5000000"}, {"0.000001 USDC", "1"}, {"1_000.5 USDC", "1000500000"}, {"0.1 ETH", "100000000000000000"},
		{"20 gwei", "20000000000"}, {"7 wei", "7"}, {"7", "7"}, {"0x1f", "31"}, {" 7  wei ", "7"},
		{"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
		{"", ""}, {"0.5", ""}, {"0.0000001 USDC", ""}, {"5 USD", ""}, {"-5", ""}, {"+5", ""}, {"5.", ""}, {".5 ETH", ""}, {"1__0", ""}, {"_1", ""}, {"1.2.3 ETH", ""},
		{"1e18", ""}, {"0x", ""}, {"0x-1", ""}, {"0x1 ETH", ""}, {"0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ""},
		{"115792089237316195423570985008687907853269984665640564039457584007913129639936", ""},
	} {
		n, err := grant.ParseAmount(c.text, tokens)
		if (err == nil) != (c.want != "") || err == nil && n.String() != c.want {
			t.Errorf("%q: %v, %v", c.text, n, err)
		}
	}
	for _, c := range []struct {
		n        int64
		decimals uint8
		want     string
	}{{0, 6, "0"}, {1, 6, "0.000001"}, {1000000, 6, "1"}, {1500000, 6, "1.5"}, {-1500000, 6, "-1.5"}, {100, 0, "100"}} {
		if got := grant.FormatUnits(big.NewInt(c.n), c.decimals); got != c.want {
			t.Errorf("%d: %s", c.n, got)
		}
	}
}

func TestFunctionsAreReadAsSolidityWritesThem(t *testing.T) {
	for _, c := range []struct{ text, signature string }{
		{"transfer(address to, uint amount)", "transfer(address,uint256)"},
		{"function f(int[2][] calldata x, tuple(uint8 a, string b)[3] memory)", "f(int256[2][],(uint8,string)[3])"},
		{"_$x()", "_$x()"}, {"f(address payable a)", "f(address)"},
		{"f", ""}, {"f(", ""}, {"f(uint7)", ""}, {"f(uint264)", ""}, {"f(uint08)", ""}, {"f(bytes0)", ""}, {"f(bytes33)", ""}, {"f(())", ""}, {"f(uint8[0])", ""},
		{"f(uint8,)", ""}, {"f(uint8 a, uint8 a)", ""}, {"f() x", ""}, {"1f()", ""}, {"f(uint8[99999])", ""}, {"f(uint8[65536][65536])", ""}, {"f(fixed)", ""}, {"", ""},
	} {
		f, err := grant.ParseFunction(c.text)
		if (err == nil) != (c.signature != "") || err == nil && f.Signature() != c.signature {
			t.Errorf("%q: %v, %v", c.text, f, err)
		}
	}
	f, err := grant.ParseFunction("f(uint8[2][3] a, (uint8 x, (bool, address)[2] y) b, bytes c, (string s) d, uint8 e)")
	if err != nil {
		t.Fatal(err)
	}
	var offsets []uint64
	for _, p := range f.Params {
		offsets = append(offsets, p.Offset())
	}
	if !slices.Equal(offsets, []uint64{0, 192, 352, 384, 416}) {
		t.Errorf("%v", offsets)
	}
	if got := f.Selector(); common.Bytes2Hex(got[:]) == "00000000" {
		t.Error("no selector")
	}
}

// Symbols come from whoever made the file or the token: they are names, or are not
// shown.
func TestSymbolsSayNothingElse(t *testing.T) {
	usdc := common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")
	p := perm(t, "transfer(address to, uint256 amount) where amount <= 5000000", usdc)
	g := grant.Grant{Policies: []grant.Policy{&grant.Call{Permissions: []grant.Permission{p}}, &grant.SignatureCaller{}}}
	for _, c := range []struct {
		k     grant.Token
		shown bool
	}{
		{grant.Token{Symbol: "USDC", Decimals: 6}, true},
		{grant.Token{Symbol: "nothing of value", Decimals: 6}, false}, {grant.Token{Symbol: "x\nMay", Decimals: 6}, false}, {grant.Token{Symbol: "\x1b[2J"}, false},
		{grant.Token{Decimals: 6}, false}, {grant.Token{Symbol: "ETH", Decimals: 18}, false}, {grant.Token{Symbol: "POL", Decimals: 18}, false},
		{grant.Token{Symbol: strings.Repeat("U", 21), Decimals: 6}, false}, {grant.Token{Symbol: "USDC", Decimals: 78}, false},
	} {
		c.k.Address = usdc
		words := grant.Words(g, grant.Style{Tokens: grant.Tokens{c.k}, Coin: "POL"})
		bare := "May call transfer(address to, uint256 amount) of " + usdc.Hex() + ", if amount <= 5000000; sends no POL."
		if shown := words[0] != bare; shown != c.shown || len(words) != 2 {
			t.Errorf("%q: %q", c.k.Symbol, words)
		}
	}
}
