package grant_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/grant"
)

// use does to a grant what programs do; nothing of it may panic.
func use(t *testing.T, g grant.Grant) {
	t.Helper()
	for _, line := range grant.Words(g, grant.Style{}) {
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r > 0x7e }) {
			t.Errorf("control or foreign characters in %q", line)
		}
	}
	for _, f := range grant.Check(g, grant.Facts{Now: now}) {
		if f.What == "" || f.Way == "" || f.Level == 0 || f.Code.Why() == "" {
			t.Errorf("a finding without words: %+v", f)
		}
	}
	state := g.NewState(now)
	for _, data := range [][]byte{single(call{dead, 1, nil}), batch(call{dead, 1, make([]byte, 100)}), nil} {
		if d := g.Decide(state, operation(data)); !d.Allowed && (d.Refusal.Error() == "" || d.Refusal.Hint() == "") {
			t.Errorf("a refusal without words: %+v", d.Refusal)
		}
	}
	g.DecideMessage(state, dead)
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(shopFile))
	f.Add([]byte(`{"version":1,"policy":[{"kind":"call","allow":[{"target":"any","selector":"0x12345678","rules":[{"condition":"in","offset":4,"params":[]}]}]}]}`))
	f.Add([]byte("version = 1\n[a.b]\n[[a.c]]\nx = [1, 2, # no\n]\n"))
	f.Add([]byte("version = 1\nname = 'x'\nmessages = \"none\"\n[[policy]]\nkind = \"sudo\"\nskip = [\"messages\"]\ncontract = \"0x000000000000000000000000000000000000dEaD\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := grant.ParseFile(data)
		if err != nil {
			var e *grant.Error
			if !errors.As(err, &e) || e.Way == "" || e.What == "" {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		use(t, g)
		for _, p := range g.Policies {
			roundTrip(t, p)
		}
	})
}

func roundTrip(t *testing.T, p grant.Policy) {
	t.Helper()
	e, err := grant.KernelEntry(p)
	if err != nil {
		return // Check says so
	}
	back, err := grant.DecodeKernelEntry(e)
	if c := back; err != nil || c.Kind() != p.Kind() && c.Kind() != grant.KindUnknown && p.Contract() != c.Contract() {
		if grantHasOtherKind(p) {
			return
		}
		t.Fatalf("%+v: %x: %v", p, e, err)
	}
	again, err := grant.KernelEntry(back)
	if err != nil || !bytes.Equal(again, e) {
		t.Fatalf("%x\n%x, %v", e, again, err)
	}
}

// grantHasOtherKind says whether a policy stands at another policy's contract.
func grantHasOtherKind(p grant.Policy) bool {
	for _, c := range grant.KernelContracts() {
		if c.Address != p.Contract() {
			continue
		}
		v, isCall := p.(*grant.Call)
		r, isRate := p.(*grant.RateLimit)
		return c.Kind != p.Kind() || isCall && string(v.Version) != c.Version || isRate && r.Reset != (c.Version != "")
	}
	return false
}

func FuzzParseCall(f *testing.F) {
	for _, s := range []string{
		"transfer(address to, uint256 amount) where amount <= 5 USDC and to in [0x00000000000000000000000000000000DeaDBeef, USDC]",
		`f(bytes[3][] a, (uint8 b, string c)[2] d, int) where $2 = 5 and d != 0x00`,
		`note(string text) where text[0:5] = "hello"`, "f(", "f() where", "f(uint256 a) where a in [1,2",
	} {
		f.Add(s)
	}
	tokens := grant.Tokens{{Symbol: "USDC", Address: dead, Decimals: 6}}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := grant.ParseCall(text, dead, tokens)
		if err != nil {
			return
		}
		again, err := grant.ParseFunction(p.Function.String())
		if err != nil || again.Signature() != p.Function.Signature() || again.Selector() != p.Selector {
			t.Fatalf("%q: %v: %v", text, p.Function, err)
		}
		c := &grant.Call{Permissions: []grant.Permission{p}}
		use(t, grant.Grant{Policies: []grant.Policy{c}, Tokens: tokens})
		roundTrip(t, c)
	})
}

func FuzzDecodeKernel(f *testing.F) {
	for _, p := range randomPolicies(rand.New(rand.NewPCG(1, 2)), 20) {
		if e, err := grant.KernelEntry(p); err == nil {
			f.Add(e)
		}
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		p, err := grant.DecodeKernelEntry(entry)
		if err != nil {
			if p != nil {
				t.Fatal("a policy and an error")
			}
			return
		}
		again, err := grant.KernelEntry(p)
		if err != nil || !bytes.Equal(again, entry) {
			t.Fatalf("%x\n%x, %v", entry, again, err)
		}
		use(t, grant.Grant{Policies: []grant.Policy{p}})
	})
}

func randomPolicies(r *rand.Rand, n int) []grant.Policy {
	var out []grant.Policy
	word := func() (w [32]byte) {
		for i := range w {
			w[i] = byte(r.Uint32())
		}
		return w
	}
	addr := func() common.Address { w := word(); return common.Address(w[:20]) }
	for i := range n {
		base := grant.Base{Flags: grant.Flag(r.UintN(4))}
		switch i % 6 {
		case 0:
			v := []grant.CallVersion{grant.Call001, grant.Call002, grant.Call003, grant.Call004, grant.Call005}[r.UintN(5)]
			p := &grant.Call{Base: base, Version: v}
			for range r.UintN(5) {
				w := word()
				q := grant.Permission{CallType: grant.CallType(w[0]), Target: addr(), Selector: [4]byte(w[1:]), ValueLimit: new(big.Int).SetBytes(w[r.UintN(32):])}
				for range r.UintN(4) {
					rule := grant.Rule{Condition: grant.Condition(r.UintN(8)), Offset: r.Uint64N(640)}
					n := 1
					if v != grant.Call001 {
						n = int(r.UintN(4))
					}
					for range n {
						rule.Params = append(rule.Params, word())
					}
					q.Rules = append(q.Rules, rule)
				}
				p.Permissions = append(p.Permissions, q)
			}
			out = append(out, p)
		case 1:
			w := word()
			out = append(out, &grant.Gas{Base: base, Allowed: new(big.Int).SetBytes(w[:r.UintN(17)]), EnforcePaymaster: w[20] > 127, Paymaster: addr()})
		case 2:
			out = append(out, &grant.RateLimit{Base: base, Interval: r.Uint64N(1 << 48), Count: r.Uint64N(1 << 48), StartAt: r.Uint64N(1 << 48)})
		case 3:
			out = append(out, &grant.RateLimit{Base: base, Interval: r.Uint64N(1 << 48), Count: r.Uint64N(1 << 48), Reset: true})
		case 4:
			out = append(out, &grant.Timestamp{Base: base, ValidAfter: r.Uint64N(1 << 48), ValidUntil: r.Uint64N(1 << 48)})
		case 5:
			p := &grant.SignatureCaller{Base: base}
			for range r.UintN(4) {
				p.Callers = append(p.Callers, addr())
			}
			out = append(out, p)
		}
	}
	return out
}

func TestDecodedPoliciesEncodeToTheSameBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, p := range randomPolicies(r, 600) {
		e, err := grant.KernelEntry(p)
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, p)
		use(t, grant.Grant{Policies: []grant.Policy{p}})
		// Any other bytes are another policy, or none.
		bad := bytes.Clone(e)
		bad[22+r.IntN(len(bad)-22)] ^= 1 << r.UintN(8)
		if q, err := grant.DecodeKernelEntry(bad); err == nil {
			if again, err := grant.KernelEntry(q); err != nil || !bytes.Equal(again, bad) {
				t.Fatalf("%x is read as %x", bad, again)
			}
		}
		for _, bad := range [][]byte{e[:len(e)-1], append(bytes.Clone(e), 0), append(bytes.Clone(e), make([]byte, 32)...)} {
			if q, err := grant.DecodeKernelEntry(bad); err == nil {
				t.Fatalf("%x is read as %+v", bad, q)
			}
		}
	}
}

func TestHostileLengthsCostNothing(t *testing.T) {
	call5 := (&grant.Call{}).Contract()
	callers := (&grant.SignatureCaller{}).Contract()
	for _, count := range []string{"ffffffffffffffff", "7fffffffffffffff", "0000000000100000"} {
		data, err := hex.DecodeString(strings.Repeat("00", 31) + "20" + strings.Repeat("00", 24) + count + strings.Repeat("00", 640))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []common.Address{call5, callers} {
			if n := testing.AllocsPerRun(1, func() {
				if p, err := grant.DecodeKernel(0, c, data); err == nil {
					t.Errorf("%+v", p)
				}
			}); n > 200 {
				t.Errorf("%s: %v allocations", count, n)
			}
		}
	}
	if _, err := grant.DecodeKernel(0, dead, make([]byte, 2<<20)); err == nil {
		t.Error("two megabytes")
	}
}
