package grant_test

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/postern-dev/postern/grant"
)

// sdkPolicy is a policy as the SDK's document has it; numbers as decimal text.
type sdkPolicy struct {
	Type             grant.Kind
	PolicyVersion    grant.CallVersion
	PolicyAddress    common.Address
	PolicyFlag       hexutil.Bytes
	Permissions      []sdkPermission
	Allowed          json.RawMessage
	EnforcePaymaster bool
	AllowedPaymaster common.Address
	ValidAfter       uint64
	ValidUntil       uint64
	Interval         uint64
	Count            uint64
	StartAt          uint64
	AllowedCallers   []common.Address
}

type sdkPermission struct {
	CallType   hexutil.Bytes
	Target     common.Address
	Selector   hexutil.Bytes
	ValueLimit json.RawMessage
	Rules      []sdkRule
}

type sdkRule struct {
	Condition grant.Condition
	Offset    uint64
	Params    json.RawMessage
}

func (r sdkRule) rule(t *testing.T) grant.Rule {
	t.Helper()
	out := grant.Rule{Condition: r.Condition, Offset: r.Offset}
	var many []common.Hash
	if json.Unmarshal(r.Params, &many) != nil {
		var one common.Hash
		if err := json.Unmarshal(r.Params, &one); err != nil {
			t.Fatal(err)
		}
		many = []common.Hash{one}
	}
	for _, h := range many {
		out.Params = append(out.Params, h)
	}
	return out
}

// number reads a decimal text, a hexadecimal text or a number.
func number(t *testing.T, raw json.RawMessage) *big.Int {
	t.Helper()
	if raw == nil {
		return new(big.Int)
	}
	s := string(raw)
	if s[0] == '"' {
		s = s[1 : len(s)-1]
	}
	n, ok := new(big.Int).SetString(s, 0)
	if !ok {
		t.Fatalf("%s is no number", raw)
	}
	return n
}

func (s sdkPolicy) policy(t *testing.T) grant.Policy {
	t.Helper()
	base := grant.Base{Flags: grant.Flag(s.PolicyFlag[0])<<8 | grant.Flag(s.PolicyFlag[1])}
	switch s.Type {
	case grant.KindCall:
		p := &grant.Call{Base: base, Version: s.PolicyVersion}
		for _, q := range s.Permissions {
			permission := grant.Permission{
				CallType: grant.CallType(q.CallType[0]), Target: q.Target,
				Selector: [4]byte(q.Selector), ValueLimit: number(t, q.ValueLimit),
			}
			for _, r := range q.Rules {
				permission.Rules = append(permission.Rules, r.rule(t))
			}
			p.Permissions = append(p.Permissions, permission)
		}
		return p
	case grant.KindGas:
		return &grant.Gas{Base: base, Allowed: number(t, s.Allowed), EnforcePaymaster: s.EnforcePaymaster, Paymaster: s.AllowedPaymaster}
	case grant.KindTimestamp:
		return &grant.Timestamp{Base: base, ValidAfter: s.ValidAfter, ValidUntil: s.ValidUntil}
	case grant.KindRateLimit:
		p := &grant.RateLimit{Base: base, Interval: s.Interval, Count: s.Count, StartAt: s.StartAt}
		p.Reset = s.PolicyAddress != p.Contract()
		return p
	case grant.KindSignatureCaller:
		return &grant.SignatureCaller{Base: base, Callers: s.AllowedCallers}
	case grant.KindSudo:
		return &grant.Sudo{Base: base}
	}
	t.Fatalf("policy type %q", s.Type)
	return nil
}

type sdkEncodings struct {
	Policies []struct {
		Params sdkPolicy
		Info   hexutil.Bytes
		Data   hexutil.Bytes
	}
	Functions []struct {
		Expression string
		Selector   hexutil.Bytes
		Rules      []sdkRule
	}
	Differs []struct {
		Function string
		Rules    []sdkRule
	}
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// Names the SDK's bytes of 140 random policies of every kind and version.
func TestEveryPolicyHasTheBytesOfTheSDK(t *testing.T) {
	var golden sdkEncodings
	readJSON(t, "kernel-encodings.json", &golden)
	if len(golden.Policies) < 100 {
		t.Fatalf("%d policies", len(golden.Policies))
	}
	for i, g := range golden.Policies {
		p := g.Params.policy(t)
		entry, err := grant.KernelEntry(p)
		if want := append(append([]byte{}, g.Info...), g.Data...); err != nil || string(entry) != string(want) {
			t.Fatalf("%d %s: %v\n got %x\nwant %x", i, p.Kind(), err, entry, want)
		}
		back, err := grant.DecodeKernelEntry(entry)
		if err != nil {
			t.Fatalf("%d %s: %v", i, p.Kind(), err)
		}
		again, err := grant.KernelEntry(back)
		if err != nil || string(again) != string(entry) || back.Kind() != p.Kind() || back.Flag() != p.Flag() {
			t.Fatalf("%d %s: decoded and encoded again: %v\n got %x\nwant %x", i, p.Kind(), err, again, entry)
		}
	}
}
