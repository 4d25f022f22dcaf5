package grant_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/grant"
)

// A policy may name its contract. One that reads the bytes in another way makes
// words and predictions of it lies.
func TestAPolicyIsWhatItsContractReads(t *testing.T) {
	address := func(k grant.Kind, version string) common.Address {
		for _, c := range grant.KernelContracts() {
			if c.Kind == k && (version == "" || c.Version == version) {
				return c.Address
			}
		}
		t.Fatalf("no contract of %s %s", k, version)
		return common.Address{}
	}
	for name, policy := range map[string]string{
		"every minute for ever":          fmt.Sprintf("kind = \"rate-limit\"\ncount = 5\nevery = \"1 minute\"\nstart = 1795221054\ncontract = %q", address(grant.KindRateLimit, "reset")),
		"cannot be installed":            fmt.Sprintf("kind = \"rate-limit\"\ncount = 5\nevery = \"1 minute\"\nreset = true\ncontract = %q", address(grant.KindRateLimit, "")),
		"everything":                     fmt.Sprintf("kind = \"call\"\nallow = [{ target = %q, call = \"note(uint256 n)\" }]\ncontract = %q", dead, address(grant.KindSudo, "")),
		"the fault of old delegatecalls": fmt.Sprintf("kind = \"call\"\nallow = [{ target = %q, call = \"note(uint256 n)\", delegatecall = true }]\ncontract = %q", dead, address(grant.KindCall, "0.0.2")),
		"messages for all":               fmt.Sprintf("kind = \"signature-caller\"\ncallers = []\ncontract = %q", address(grant.KindSudo, "")),
		"messages for one":               fmt.Sprintf("kind = \"signature-caller\"\ncallers = [%q]\ncontract = %q", dead, address(grant.KindSudo, "")),
	} {
		g := mustFile(t, "version = 1\n[[policy]]\n"+policy+"\n")
		if got := codes(grant.Check(g, facts)); !slices.Contains(got, "refused unknown-policy") {
			t.Errorf("%s: %q", name, got)
		}
		words := strings.Join(grant.Words(g, grant.Style{}), "\n")
		if !strings.Contains(words, g.Policies[0].Contract().Hex()) || strings.Contains(words, "May not sign") || strings.Contains(words, "asks, also") {
			t.Errorf("%s:\n%s", name, words)
		}
		if d := g.Decide(g.NewState(now), operation(single(call{dead, 0, arguments("0x01020304")}))); d.Refusal == nil && len(d.Unsure) != 1 {
			t.Errorf("%s: sure of %+v", name, d)
		}
		if d := g.DecideMessage(g.NewState(now), dead); len(d.Unsure) != 1 {
			t.Errorf("%s: sure of messages %+v", name, d)
		}
	}
	// The table's own contract may be named.
	g := harmless(t)
	g.Policies[0].(*grant.Call).Address, g.Policies[0].(*grant.Call).Version = address(grant.KindCall, "0.0.4"), grant.Call004
	g.Policies[1].(*grant.Timestamp).Address = address(grant.KindTimestamp, "")
	if f := grant.Check(g, facts); len(f) != 0 {
		t.Errorf("%v", f)
	}
}

// A policy that is missing is found, and nothing else fails of it.
func TestAMissingPolicyIsOnlyMissing(t *testing.T) {
	for _, p := range []grant.Policy{nil, (*grant.Call)(nil), (*grant.Gas)(nil), (*grant.RateLimit)(nil), (*grant.Timestamp)(nil), (*grant.SignatureCaller)(nil), (*grant.Sudo)(nil), (*grant.Opaque)(nil)} {
		g := harmless(t, p)
		if got := codes(grant.Check(g, facts)); !slices.Equal(got, []string{"refused policy-missing"}) {
			t.Errorf("%T: %q", p, got)
		}
		if words := strings.Join(grant.Words(g, grant.Style{}), "\n"); !strings.Contains(words, "A policy is missing.") {
			t.Errorf("%T:\n%s", p, words)
		}
		state := g.NewState(now)
		g.Decide(state, operation(single(call{dead, 0, nil})))
		g.DecideMessage(state, dead)
	}
}
